//! The chain of migrations whose replay gives the expected schema, and the hash by which that schema is kept.

use std::cell::RefCell;
use std::collections::BTreeSet;

use nself_heal_core::checksum::sha256_hex;
use nself_heal_core::formats::Migration;
use nself_heal_core::migrations::{Applied, State};
use nself_heal_core::model::Catalog;
use nself_heal_core::pieces::FORM;
use pgrx::pg_sys;

use crate::catalog::digest::{self, Held};
use crate::error::Error;
use crate::migrations::ground::{self, Ground};
use crate::migrations::ledger::{self, Session};
use crate::migrations::status;
use crate::server::session::role;
use crate::server::spi::with_snapshot;
use crate::server::trust;

/// What the live schema is compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// The applied migrations.
    Applied,
    /// All migrations of the journal: pending ones as if the caller applied them now.
    Journal,
    /// The first so many migrations of the journal, in the same way.
    JournalTo(usize),
}

impl Against {
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "applied" => Ok(Self::Applied),
            "journal" => Ok(Self::Journal),
            _ => Err(Error::UnknownAgainst(text.to_owned())),
        }
    }

    /// The call that works it out, and keeps it.
    pub fn call(self) -> &'static str {
        match self {
            Self::Applied => "nself_drift()",
            Self::Journal | Self::JournalTo(_) => "nself_drift('journal')",
        }
    }
}

/// What to replay.
pub struct Chain {
    /// What to begin from: what stood here before the first migration, or at a baseline.
    pub ground: Option<Catalog>,
    /// Whether that is what migrations gave.
    pub is_baseline: bool,
    /// The tables that stood here, also those that somebody has taken out of the ground.
    pub stood_here: BTreeSet<String>,
    /// In order.
    pub migrations: Vec<Applied>,
    /// How many of them are applied, and not pending; nothing if one of them has run in part and is to go on.
    pub applied: Option<usize>,
}

/// What to replay.
pub fn chain(against: Against) -> Result<Chain, Error> {
    let (migrations, applied) = migrations(against)?;
    let chain = of(migrations, applied)?;
    if chain.migrations.is_empty() && !chain.is_baseline {
        return Err(Error::NothingApplied);
    }
    Ok(chain)
}

/// These migrations, on top of what stood here.
pub fn of(migrations: Vec<Applied>, applied: Option<usize>) -> Result<Chain, Error> {
    let ground = ground::read()?;
    let is_baseline = ground.as_ref().is_some_and(|ground| ground.baseline.is_some());
    let stood_here = ground.iter().flat_map(Ground::tables).map(str::to_owned).collect();
    Ok(Chain { ground: ground.map(Ground::into_schema), is_baseline, stood_here, migrations, applied })
}

/// What stands here before the first migration, or stood here.
pub fn of_ground() -> Result<Chain, Error> {
    let ground = match ground::read()? {
        Some(ground) => Some(ground.into_schema()),
        None => ground::before_first()?,
    };
    Ok(Chain {
        ground,
        is_baseline: false,
        stood_here: BTreeSet::new(),
        migrations: Vec::new(),
        applied: Some(0),
    })
}

fn migrations(against: Against) -> Result<(Vec<Applied>, Option<usize>), Error> {
    let mut chain = ledger::since_ground()?;
    let mut applied = Some(chain.iter().filter(|applied| applied.statements_done != Some(0)).count());
    let of_journal = match against {
        Against::Applied => 0,
        Against::Journal => usize::MAX,
        Against::JournalTo(count) => count,
    };
    if of_journal > 0 {
        let session = Session::now(None)?;
        for status in status::status(None)?.into_iter().take(of_journal) {
            let Some(entry) = status.journal else { continue };
            match status.state {
                State::Pending => chain.push(asker(&session, &entry)?.would_apply(&entry)),
                State::Partial => {
                    complete(&mut chain, &entry, &session)?;
                    applied = None;
                }
                State::Applied | State::Cosmetic | State::Edited | State::Missing | State::Retired => {}
            }
        }
    }
    // A migration whose first statement has not ended gives nothing yet.
    chain.retain(|applied| applied.statements_done != Some(0));
    Ok((chain, applied))
}

/// As whom a pending migration is replayed: as the caller, or as the role that loaded it, if the caller does not trust that
/// one. Nobody has read it, perhaps.
pub fn asker(session: &Session, entry: &Migration) -> Result<Session, Error> {
    let trusts = trust::trusts(role(&session.applied_by)?, role(&entry.loaded_by)?);
    if trusts { Ok(session.clone()) } else { session.as_role(&entry.loaded_by) }
}

/// The rest of a migration that has run in part, as if the caller went on with it now.
fn complete(chain: &mut [Applied], entry: &Migration, session: &Session) -> Result<(), Error> {
    let begun = chain.iter_mut().find(|applied| applied.version == entry.version && applied.tenant.is_none());
    let Some(begun) = begun else { return Ok(()) };
    if begun.statements_done == Some(0) {
        *begun = asker(session, entry)?.would_apply(entry);
    } else if trust::trusts(role(&begun.applied_by)?, role(&entry.loaded_by)?) {
        *begun = Applied { sql: entry.up_sql.clone(), statements_done: None, ..begun.clone() };
    }
    Ok(())
}

thread_local! {
    /// The last hash of the applied migrations, with what the ledger held then.
    static LAST: RefCell<Option<(Held, String)>> = const { RefCell::new(None) };
}

/// The hash of a chain. That of the applied migrations is at hand as long as no row of the ledger changes.
pub fn hash_of(against: Against) -> Result<String, Error> {
    if against != Against::Applied {
        return Ok(hash(&chain(against)?));
    }
    // SAFETY: a look into the catalogs; nothing is found where the extension is not whole, and reading says so then.
    let ledger = unsafe {
        pg_sys::get_relname_relid(c"ledger".as_ptr(), pg_sys::get_namespace_oid(c"nself".as_ptr(), true))
    };
    let held = with_snapshot(|| Ok(digest::held(ledger.to_u32())))?;
    let is_same = |(then, _): &&(Held, String)| *then == held;
    if let Some(hash) = LAST.with_borrow(|last| last.as_ref().filter(is_same).map(|(_, hash)| hash.clone())) {
        return Ok(hash);
    }
    let hash = hash(&chain(against)?);
    LAST.set(Some((held, hash.clone())));
    Ok(hash)
}

/// The hash of all that the outcome of a replay depends on: the SQL, in whose name and under which settings it ran,
/// the server's major version and this program.
pub fn hash(chain: &Chain) -> String {
    chain.migrations.iter().fold(start(&chain.ground), |before, applied| with(&before, applied))
}

/// The hash of each beginning of a chain: without a migration, up to its first one, up to its second, and so on.
pub fn hashes(chain: &Chain) -> Vec<String> {
    let hash = |before: &mut String, applied: &Applied| {
        *before = with(before, applied);
        Some(before.clone())
    };
    let start = start(&chain.ground);
    std::iter::once(start.clone()).chain(chain.migrations.iter().scan(start, hash)).collect()
}

/// The hash of a chain without migrations: what a kept schema depends on beside them.
fn start(ground: &Option<Catalog>) -> String {
    let program = format!("{} {} {FORM}", pg_sys::get_pg_major_version_string(), env!("CARGO_PKG_VERSION"));
    match ground {
        None => program,
        Some(ground) => sha256_hex(format!("{program}\n{}", serde_json::json!(ground)).as_bytes()),
    }
}

/// The hash of a chain with one more migration.
fn with(before: &str, applied: &Applied) -> String {
    let Applied {
        version,
        name: _,
        path: _,
        tenant,
        sql,
        breakpoints,
        in_transaction,
        statements_done,
        statement_begun: _,
        checksum: _,
        logged_in_as: _,
        applied_by,
        settings,
        rights,
        applied_at: _,
        duration_ms: _,
        adopted: _,
        mirrored: _,
        evidence_row,
        // What ran is replayed, whichever file counts for it.
        reset: _,
        retired: _,
    } = applied;
    let ran = (in_transaction, statements_done);
    let link = serde_json::json!([
        version,
        tenant,
        sql,
        breakpoints,
        ran,
        applied_by,
        settings,
        rights,
        evidence_row
    ]);
    sha256_hex(format!("{before}\n{link}").as_bytes())
}
