//! The chain of migrations whose replay gives the expected schema, and the hash by which that schema is kept.

use std::sync::OnceLock;

use nself_heal_core::checksum::sha256_hex;
use pgrx::pg_sys;

use crate::error::Error;
use crate::ledger::{self, Applied, Session};
use crate::migrate::{self, State};

/// What the live schema is compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// The applied migrations.
    Applied,
    /// All migrations of the journal: pending ones as if the caller applied them now.
    Journal,
}

impl Against {
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "applied" => Ok(Self::Applied),
            "journal" => Ok(Self::Journal),
            _ => Err(Error::UnknownAgainst(text.to_owned())),
        }
    }
}

/// The migrations to replay, in order.
pub fn chain(against: Against) -> Result<Vec<Applied>, Error> {
    let mut chain = ledger::applied()?;
    if against == Against::Journal {
        let session = Session::now(None)?;
        let pending = migrate::status(None)?.into_iter().filter(|status| status.state == State::Pending);
        chain.extend(pending.filter_map(|status| status.journal).map(|entry| session.would_apply(&entry)));
    }
    if chain.is_empty() { Err(Error::NothingApplied) } else { Ok(chain) }
}

/// The hash of all that the outcome of a replay depends on: the SQL, in whose name and under which settings it ran,
/// the server's major version and this program.
pub fn hash(chain: &[Applied]) -> String {
    let mut text = format!("{} {}", pg_sys::get_pg_major_version_string(), form());
    for applied in chain {
        let Applied {
            version,
            name: _,
            path: _,
            tenant,
            sql,
            breakpoints,
            checksum: _,
            logged_in_as,
            applied_by,
            settings,
            applied_at: _,
            duration_ms: _,
        } = applied;
        let link = serde_json::json!([version, tenant, sql, breakpoints, logged_in_as, applied_by, settings]);
        text = sha256_hex(format!("{text}\n{link}").as_bytes());
    }
    text
}

/// What the form of a kept schema depends on: it is read by place, not by name.
fn form() -> String {
    const SOURCES: [&str; 7] = [
        include_str!("../core/src/model.rs"),
        include_str!("../core/src/pieces.rs"),
        include_str!("../core/src/digest.rs"),
        include_str!("../core/src/digest/node_tree.rs"),
        include_str!("digest/mod.rs"),
        include_str!("digest/content.rs"),
        include_str!("expected.rs"),
    ];
    static FORM: OnceLock<String> = OnceLock::new();
    FORM.get_or_init(|| format!("{} {}", env!("CARGO_PKG_VERSION"), sha256_hex(SOURCES.concat().as_bytes())))
        .clone()
}
