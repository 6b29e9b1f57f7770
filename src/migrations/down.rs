//! Undoes migrations.

use std::time::Instant;

use nself_heal_core::migrations::{Direction, Extent, choose_down, down_part};
use pgrx::notice;

use crate::error::Error;
use crate::migrations::evidence::Witness;
use crate::migrations::ledger::{Session, since};
use crate::migrations::lock::SchemaLock;
use crate::migrations::mirror::Mirror;
use crate::migrations::script::split;
use crate::migrations::status::applied_by;
use crate::migrations::tenant::{refuse_gone, refuse_strangers};
use crate::migrations::up::{Ran, record};
use crate::migrations::{execute, journal};
use crate::settings;

pub struct DownRequest<'a> {
    pub target: Option<&'a str>,
    pub steps: Option<i32>,
    pub dry_run: bool,
    pub confirm: Option<&'a str>,
    pub tenant: Option<&'a str>,
}

/// What has to be typed before a production database is taken back.
const PRODUCTION_CONFIRMATION: &str = "yes-destroy-production";

/// Undoes the last applied migration, the last `steps` of them, or all that came after `target`.
pub fn down(request: &DownRequest<'_>) -> Result<Vec<Ran>, Error> {
    let extent = Extent::new(request.target, "steps", request.steps)?;
    let confirmed = request.confirm == Some(PRODUCTION_CONFIRMATION);
    if settings::is_production() && !request.dry_run && !confirmed {
        return Err(Error::Production);
    }
    let _turn = match request.dry_run {
        true => None,
        false => Some(SchemaLock::take(c"nself_migrate_down()")?),
    };
    refuse_gone(request.tenant)?;
    let applied = applied_by(request.tenant)?;
    let journal = journal::entries()?;
    let chosen = choose_down(&applied, &journal, extent)?
        .into_iter()
        .map(|applied| {
            let (entry, script) = down_part(&journal, applied)?;
            let statements = split(&script)?;
            Ok((entry, script, statements))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    refuse_strangers(request.tenant)?;
    let session = Session::now(request.tenant)?;
    let mut witness = Witness::new()?;
    let mirror = Mirror::open(request.tenant)?;
    if let Some(mirror) = &mirror {
        mirror.check(chosen.iter().map(|(entry, ..)| *entry))?;
    }
    let ran = chosen
        .into_iter()
        .map(|(entry, script, statements)| {
            if request.dry_run {
                return Ok(Ran::of(entry, "planned", None, script.sql));
            }
            if !entry.down_in_transaction {
                notice!(
                    "the down part of migration {} is marked to run without a transaction, and runs in that of its caller",
                    entry.version
                );
            }
            let began = Instant::now();
            witness.watch(&entry.version, || {
                execute::run_statements(&script, &statements, &session.settings())
            })?;
            let duration_ms = since(began);
            record(&session, entry, Direction::Down, request.tenant, duration_ms, mirror.as_ref())?;
            Ok(Ran::of(entry, "reverted", Some(duration_ms), script.sql))
        })
        .collect::<Result<_, Error>>()?;
    witness.keep()?;
    Ok(ran)
}
