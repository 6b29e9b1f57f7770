//! Repair: what does not go together in the journal, the ledger, the jobs, other tools' lists and the schema, and what mends
//! it. A mend only writes into the product's own tables. What would change an object of a user's is left to who decides, with
//! a hint.

mod adopted;
mod journal;
mod progress;
#[cfg(test)]
mod tests;

pub use adopted::{Adopted, Drift, Effect, Landed, landed, unfounded};
pub use journal::{Place, empty_journal, find};
pub use progress::{Next, partial};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub problem: Problem,
    pub version: Option<String>,
    /// The schema of the tenant whose ledger it is in.
    pub tenant: Option<String>,
    /// What is wrong, in a sentence.
    pub detail: String,
    pub remedy: Remedy,
}

/// The kinds of what is wrong. The words are those that a user sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    EmptyJournal,
    Renamed,
    Missing,
    Edited,
    EditedLedger,
    InterruptedJob,
    RunningJob,
    Partial,
    OtherTool,
    NotHere,
    NotCompared,
}

impl Problem {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EmptyJournal => "empty journal",
            Self::Renamed => "renamed migration",
            Self::Missing => "missing migration",
            Self::Edited => "edited migration",
            Self::EditedLedger => "edited ledger",
            Self::InterruptedJob => "interrupted job",
            Self::RunningJob => "running job",
            Self::Partial => "partial migration",
            Self::OtherTool => "other tool",
            Self::NotHere => "adopted migration",
            Self::NotCompared => "not compared",
        }
    }
}

/// What is to be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// The mend, and what it does, in a sentence.
    Mend { says: String, act: Act },
    /// Somebody has to decide, or to call something else.
    Manual { hint: String },
}

/// What a mend writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The ledger's row once more, in its place in the order, under the version and name that its file has now; with this SQL, if
    /// that of the row is not what ran.
    Restate { to: Place, sql: Option<String> },
    /// That the migration is applied, and its file is gone for good.
    Retire,
    /// That the statement that was begun has ended; `is_last`: and the migration with it.
    EndStatement { is_last: bool },
    /// That the job has ended.
    EndJob { job: i64 },
    /// What the tool's list says.
    Adopt { list: String },
    /// That the ledger's row counts no more.
    Withdraw { reason: String },
}

impl Finding {
    fn mend(problem: Problem, version: &str, detail: String, says: String, act: Act) -> Self {
        let version = Some(version.to_owned());
        Self { problem, version, tenant: None, detail, remedy: Remedy::Mend { says, act } }
    }

    fn manual(problem: Problem, version: &str, detail: String, hint: String) -> Self {
        let version = Some(version.to_owned());
        Self { problem, version, tenant: None, detail, remedy: Remedy::Manual { hint } }
    }

    pub fn of_tenant(self, tenant: Option<&str>) -> Self {
        Self { tenant: tenant.map(str::to_owned), ..self }
    }

    pub fn is_mendable(&self) -> bool {
        matches!(self.remedy, Remedy::Mend { .. })
    }
}

/// A job whose process is gone.
pub fn interrupted_job(job: i64, kind: &str, by: &str) -> Finding {
    Finding {
        problem: Problem::InterruptedJob,
        version: None,
        tenant: None,
        detail: format!("job {job} ({kind}, asked for by {by}) has no end, and its process is gone"),
        remedy: Remedy::Mend {
            says: "Writes down that the job ended. What it has done stays done".to_owned(),
            act: Act::EndJob { job },
        },
    }
}

/// While a job runs migrations, nobody but the job knows what it has begun.
pub fn running_job(job: i64) -> Finding {
    Finding {
        problem: Problem::RunningJob,
        version: None,
        tenant: None,
        detail: format!("job {job} runs migrations now: nothing else is looked at"),
        remedy: Remedy::Manual {
            hint: format!("Repair again when it has ended, as nself_job({job}) tells."),
        },
    }
}

/// Why something was not looked at.
pub fn not_compared(why: &str) -> Finding {
    Finding {
        problem: Problem::NotCompared,
        version: None,
        tenant: None,
        detail: format!("whether what adopted migrations made is here was not looked at: {why}"),
        remedy: Remedy::Manual { hint: "Repair again when nself_drift() compares the schema.".to_owned() },
    }
}

/// What another tool has done that the ledger does not know. `what` says it in words. `is_known`: its list was adopted before.
/// `still_here`: of what it has no more, the migrations whose effect is here all the same.
pub fn other_tool(tool: &str, list: &str, what: &str, is_known: bool, still_here: &[String]) -> Finding {
    let detail = format!("{tool} has {what}, says {list}, and the ledger does not know");
    let remedy = match (is_known, still_here) {
        (false, _) => Remedy::Manual {
            hint: "Nobody has adopted its list yet: nself_adopt() shows what it says, nself_adopt(confirm => true) believes it."
                .to_owned(),
        },
        (true, []) => Remedy::Mend {
            says: "Adopts the list once more, as nself_adopt(confirm => true) does: the ledger then tells what the list tells"
                .to_owned(),
            act: Act::Adopt { list: list.to_owned() },
        },
        (true, here) => Remedy::Manual {
            hint: format!(
                "What {} made is here. If its row in the list was lost, put it back there. If the list is right, \
                 nself_adopt(confirm => true) believes it.",
                here.join(", ")
            ),
        },
    };
    Finding { problem: Problem::OtherTool, version: None, tenant: None, detail, remedy }
}
