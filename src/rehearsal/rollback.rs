//! Proves down parts: each migration runs in the shadow, is undone, and runs again. Undone, it must leave the schema from
//! before it; run again, the schema that it gave the first time.

use nself_heal_core::migrations::Applied;

use crate::catalog::access::sees_sql;
use crate::error::Error;
use crate::expected::shadow::rehearse::{Failed, Ran, Rollback, Run, Trial};
use crate::expected::{self, From, chain};
use crate::migrations::ledger::{self, Session};
use crate::migrations::{journal, status};

/// What became of the rollback of one migration.
pub struct RolledBack {
    pub version: String,
    pub name: String,
    /// `rollback ok`, and so on.
    pub status: &'static str,
    /// What should be.
    pub expected: Option<String>,
    /// What is.
    pub actual: Option<String>,
}

/// Rolls back each migration of the journal, applied and pending, in the shadow.
pub fn roll_back() -> Result<Vec<RolledBack>, Error> {
    let journal = journal::entries()?;
    let run = |migration: Applied| {
        let entry = journal.iter().find(|entry| entry.version == migration.version);
        let down = entry.and_then(|entry| entry.down_sql.clone());
        Run { migration, begin: 0, trial: Trial::RollBack { down } }
    };
    let runs: Vec<Run> = to_run()?.into_iter().map(run).collect();
    let rans = expected::rehearse(From::Ground, &runs)?;
    runs.iter().zip(rans).map(|(run, ran)| verdict(&run.migration, ran)).collect()
}

/// The applied migrations, as they ran, then the pending ones, as the caller would apply them now.
fn to_run() -> Result<Vec<Applied>, Error> {
    let mut all = ledger::since_ground()?;
    all.retain(|applied| applied.statements_done.is_none());
    let session = Session::now(None)?;
    for status in status::status(None)? {
        if let Some(entry) = status.journal.as_ref().filter(|_| status.is_pending()) {
            all.retain(|applied| applied.version != entry.version);
            all.push(chain::asker(&session, entry)?.would_apply(entry));
        }
    }
    Ok(all)
}

fn verdict(migration: &Applied, ran: Option<Ran>) -> Result<RolledBack, Error> {
    let before = || Some("the schema from before it".to_owned());
    let first = || Some("the schema that it gave the first time".to_owned());
    let (status, expected, actual) = match ran {
        None => ("rollback not run", None, Some("an earlier migration failed".to_owned())),
        Some(Ran { failed: Some(failed), .. }) => {
            ("rollback not run", None, Some(format!("the up part failed: {}", words(&failed)?)))
        }
        Some(Ran { rollback, .. }) => match rollback {
            None => ("rollback missing", Some("a down part".to_owned()), None),
            Some(Rollback::Done) => ("rollback ok", None, None),
            Some(Rollback::NotAgain) => {
                let why = "the up part was not run a second time: it does not run in one transaction";
                ("rollback ok", None, Some(why.to_owned()))
            }
            Some(Rollback::Failed(failed)) => {
                let actual = format!("the down part failed: {}", words(&failed)?);
                ("rollback failed", before(), Some(actual))
            }
            Some(Rollback::Departs(how)) => {
                ("rollback departs", before(), Some(format!("the down part {}", how.join("; "))))
            }
            Some(Rollback::FailedAgain(failed)) => {
                let actual = format!("the up part failed the second time: {}", words(&failed)?);
                ("rollback failed", first(), Some(actual))
            }
            Some(Rollback::DepartsAgain(how)) => {
                ("rollback departs", first(), Some(format!("the second time it {}", how.join("; "))))
            }
        },
    };
    Ok(RolledBack {
        version: migration.version.clone(),
        name: migration.name.clone(),
        status,
        expected,
        actual,
    })
}

fn words(failed: &Failed) -> Result<String, Error> {
    let at = failed.statement.map(|number| format!("statement {number}: ")).unwrap_or_default();
    Ok(match sees_sql()? {
        true => format!("{at}{}", failed.error.message),
        false => {
            format!("{at}SQLSTATE {}; the server's words are for level migrate", failed.error.sqlstate())
        }
    })
}
