//! Mends: rows that are added to the ledger, the end of a job, a list that is adopted once more.

use std::collections::BTreeMap;

use nself_heal_core::migrations::Direction;
use nself_heal_core::repair::{Act, Finding, Place, Remedy};
use pgrx::Json;
use serde_json::{Value, json};

use crate::error::Error;
use crate::migrations::mirror::Mirror;
use crate::migrations::{adopt, journal};
use crate::repair::Row;
use crate::server::session::{as_extension_owner, roles};
use crate::server::spi;
use crate::server::transaction::subtransaction;

/// Mends each of these, in a subtransaction of its own; the renames of one ledger together, since one can take the version of
/// another.
pub fn all(mends: Vec<Finding>) -> Result<Vec<Row>, Error> {
    let mut renames: BTreeMap<Option<String>, Vec<Finding>> = BTreeMap::new();
    let mut others = Vec::new();
    for finding in mends {
        match &finding.remedy {
            Remedy::Mend { act: Act::Restate { .. }, .. } => {
                renames.entry(finding.tenant.clone()).or_default().push(finding);
            }
            _ => others.push(finding),
        }
    }
    let mut rows = Vec::new();
    for (tenant, findings) in renames {
        let moved: Vec<Value> = findings.iter().filter_map(moved).collect();
        let result = subtransaction(|| restate(tenant.as_deref(), moved));
        rows.extend(findings.into_iter().map(|finding| Row::of(finding, "mended", result.as_ref().err())));
    }
    for finding in others {
        let result = subtransaction(|| one(&finding));
        rows.push(Row::of(finding, "mended", result.as_ref().err()));
    }
    Ok(rows)
}

/// A row of what `restate` gets.
fn moved(finding: &Finding) -> Option<Value> {
    let Remedy::Mend { act: Act::Restate { to, sql }, .. } = &finding.remedy else { return None };
    let Place { version, name, path } = to;
    Some(json!({ "version": finding.version, "new": version, "name": name, "path": path, "sql": sql }))
}

fn restate(tenant: Option<&str>, moved: Vec<Value>) -> Result<(), Error> {
    let (role, login) = roles();
    let moved = Json(Value::Array(moved));
    let args = [moved.into(), tenant.into(), login.into(), role.into()];
    as_extension_owner(|| spi::write(sql!("repair/restate"), &args))
}

fn one(finding: &Finding) -> Result<(), Error> {
    let Remedy::Mend { act, .. } = &finding.remedy else { return Ok(()) };
    let (version, tenant) = (finding.version.as_deref().unwrap_or_default(), finding.tenant.as_deref());
    match act {
        Act::Restate { .. } => Ok(()),
        Act::Retire => say(version, tenant, "retire", "its file is gone, and no other one has its SQL"),
        Act::Withdraw { reason } => {
            say(version, tenant, "withdraw", reason)?;
            mirror(version, tenant, Direction::Down)
        }
        Act::EndStatement { is_last } => {
            as_extension_owner(|| {
                spi::write(sql!("repair/end_statement"), &[version.into(), tenant.into(), (*is_last).into()])
            })?;
            if *is_last { mirror(version, tenant, Direction::Up) } else { Ok(()) }
        }
        Act::EndJob { job } => as_extension_owner(|| {
            spi::write(
                "UPDATE nself.job_log SET state = 'interrupted', ended_at = clock_timestamp(), \
                        error = coalesce(error, 'its process ended before the job did') \
                  WHERE job = $1 AND ended_at IS NULL",
                &[(*job).into()],
            )
        }),
        Act::Adopt { list } => adopt::adopt_in_turn(Some(list), true).map(drop),
    }
}

/// Adds a row that says something of an applied migration.
fn say(version: &str, tenant: Option<&str>, direction: &str, reason: &str) -> Result<(), Error> {
    let (role, login) = roles();
    let args = [version.into(), tenant.into(), direction.into(), reason.into(), login.into(), role.into()];
    as_extension_owner(|| spi::write(sql!("repair/say"), &args))
}

/// Writes into the other tool's list, too, if what is applied and undone here is written there.
fn mirror(version: &str, tenant: Option<&str>, direction: Direction) -> Result<(), Error> {
    let Some(mirror) = Mirror::open(tenant)? else { return Ok(()) };
    match journal::entries()?.iter().find(|entry| entry.version == version) {
        Some(entry) => mirror.write(entry, direction, 0).map(drop),
        None => Ok(()),
    }
}
