//! Repair: finds what does not go together in the journal, the ledger, the jobs, other tools' lists and the schema
//! (`look.rs`, `adopted.rs`), and mends it (`mend.rs`). `core/src/repair.rs` decides. Nothing here changes an object of a user's.

mod adopted;
mod look;
mod mend;

use nself_heal_core::repair::{Finding, Remedy};

use crate::catalog::access::sees_sql;
use crate::error::Error;
use crate::migrations::lock::SchemaLock;

/// One thing that was found, and what became of it.
pub struct Row {
    pub finding: Finding,
    pub status: &'static str,
    /// What the mend does, or what a person can do.
    pub mend: Option<String>,
    pub hint: Option<String>,
}

/// A mend can bring another problem to light. More rounds than this there cannot be.
const ROUNDS: usize = 8;

/// Finds what is wrong, and with `confirm` mends what can be mended.
pub fn repair(confirm: bool) -> Result<Vec<Row>, Error> {
    if !confirm {
        return Ok(look::all()?.into_iter().map(|finding| Row::of(finding, "planned", None)).collect());
    }
    let _turn = SchemaLock::take(c"nself_migrate_repair()")?;
    let mut rows: Vec<Row> = Vec::new();
    for _ in 0..ROUNDS {
        let found = look::all()?;
        let is_new = |finding: &Finding| !rows.iter().any(|row| row.finding == *finding);
        let (mends, others): (Vec<Finding>, Vec<Finding>) =
            found.into_iter().partition(|finding| finding.is_mendable() && is_new(finding));
        if mends.is_empty() {
            let others = others.into_iter().filter(is_new).collect::<Vec<_>>();
            rows.extend(others.into_iter().map(|finding| Row::of(finding, "planned", None)));
            break;
        }
        rows.extend(mend::all(mends)?);
    }
    Ok(rows)
}

impl Row {
    /// With the status of what can be mended, or with the error that kept it from that.
    fn of(finding: Finding, status: &'static str, failed: Option<&Error>) -> Self {
        let (status, mend, hint) = match (&finding.remedy, failed) {
            (Remedy::Manual { hint }, _) => ("manual", None, Some(hint.clone())),
            (Remedy::Mend { says, .. }, None) => (status, Some(says.clone()), None),
            (Remedy::Mend { says, .. }, Some(error)) => {
                ("failed", Some(says.clone()), Some(format!("It failed: {error}")))
            }
        };
        Self { finding, status, mend, hint }
    }
}

/// An error in words that the caller may read.
fn words(error: Error) -> Result<String, Error> {
    Ok(if sees_sql()? { error.to_string() } else { error.without_sql().to_string() })
}
