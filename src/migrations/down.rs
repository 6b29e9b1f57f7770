//! Undoes migrations.

use std::collections::BTreeMap;
use std::time::Instant;

use pgrx::notice;

use crate::error::Error;
use crate::migrations::execute;
use crate::migrations::journal::{self, Entry};
use crate::migrations::ledger::{self, Applied, Session, since};
use crate::migrations::lock::SchemaLock;
use crate::migrations::script::{Direction, split};
use crate::migrations::tenant::refuse_strangers;
use crate::migrations::up::{Ran, at_least_one, position, record};
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
    if request.target.is_some() && request.steps.is_some() {
        return Err(Error::Both { a: "target", b: "steps" });
    }
    at_least_one("steps", request.steps)?;
    let confirmed = request.confirm == Some(PRODUCTION_CONFIRMATION);
    if settings::is_production() && !request.dry_run && !confirmed {
        return Err(Error::Production);
    }
    let _turn = match request.dry_run {
        true => None,
        false => Some(SchemaLock::take(c"nself_migrate_down()")?),
    };
    let applied: Vec<Applied> = ledger::applied()?
        .into_iter()
        .filter(|applied| applied.tenant.as_deref() == request.tenant)
        .collect();
    let chosen = choose_down(&applied, request)?;
    let journal: BTreeMap<String, Entry> =
        journal::entries()?.into_iter().map(|entry| (entry.version.clone(), entry)).collect();
    let chosen = chosen
        .into_iter()
        .map(|applied| {
            let no_down = || Error::NoDown { version: applied.version.clone() };
            let entry = journal.get(&applied.version).ok_or_else(no_down)?;
            let script = entry.down().ok_or_else(no_down)?;
            let statements = split(&script)?;
            Ok((entry, script, statements))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    refuse_strangers(request.tenant)?;
    let session = Session::now(request.tenant)?;
    chosen
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
            execute::run_statements(&script, &statements, &session.settings())?;
            let duration_ms = since(began);
            record(&session, entry, Direction::Down, request.tenant, duration_ms)?;
            Ok(Ran::of(entry, "reverted", Some(duration_ms), script.sql))
        })
        .collect()
}

/// The applied migrations that are to be undone, the latest first.
fn choose_down<'a>(applied: &'a [Applied], request: &DownRequest<'_>) -> Result<Vec<&'a Applied>, Error> {
    if let Some(target) = request.target {
        if let Some(last) = position(applied.iter().map(|applied| applied.version.as_str()), target) {
            return Ok(applied[last + 1..].iter().rev().collect());
        }
        let journal = journal::entries()?;
        return Err(match position(journal.iter().map(|entry| entry.version.as_str()), target) {
            Some(_) => Error::NotApplied { version: target.to_owned() },
            None => Error::NoSuchMigration { version: target.to_owned() },
        });
    }
    let steps = request.steps.unwrap_or(1);
    if request.steps.is_some() && steps as usize > applied.len() {
        return Err(Error::TooMany {
            count: steps,
            available: applied.len(),
            verb: "undone",
            state: "applied",
        });
    }
    Ok(applied.iter().rev().take(steps as usize).collect())
}
