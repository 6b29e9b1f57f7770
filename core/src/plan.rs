//! Which steps close the differences, in which order, and why some may not be taken.
//!
//! Every change becomes one step: what a heal would run, or why it does not and what a person could do.
//! `questions` says what must be known of the live data, the server answers with `Facts`, `plan` decides.

use std::collections::{BTreeMap, BTreeSet};

use crate::ddl::Action;
use crate::diff::{Change, Object};
use crate::model::{Catalog, Name};

/// What the server found out about the live data; `questions` asks for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// By the table's identity.
    pub tables: BTreeMap<String, TableFacts>,
    /// Identities of columns whose default gives each row a value of its own.
    pub volatile_defaults: BTreeSet<String>,
    /// Identities of columns whose default gives one value to a statement, but not always the same, like now().
    pub stable_defaults: BTreeSet<String>,
    /// Identities of all live relations: they share one name space.
    pub relations: BTreeSet<String>,
}

/// The data of one table, with its partitions and children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableFacts {
    pub bytes: u64,
    pub has_rows: bool,
}

/// What the caller wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// A table of this size or more is not rewritten.
    pub rewrite_limit: u64,
    /// Identities of missing columns and tables that are not the old name of something else.
    pub not_renamed: BTreeSet<String>,
}

/// What must be known before a plan can be made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Questions {
    pub tables: Vec<TableQuestion>,
    pub defaults: Vec<DefaultQuestion>,
}

/// How large is this table, and does it hold rows?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableQuestion {
    pub identity: String,
    pub name: Name,
}

/// Is this default constant, stable or volatile?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultQuestion {
    /// The column's identity.
    pub column: String,
    pub table: Name,
    pub type_name: String,
    pub default: String,
}

/// What to do about one change.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub kind: Kind,
    pub object_type: &'static str,
    pub identity: String,
    pub expected: Option<String>,
    pub actual: Option<String>,
    /// SQL to read: what heal runs, or what a person could.
    pub remedy: String,
    pub verdict: Verdict,
    /// The identity of the missing or extra table that this goes with.
    pub part_of: Option<String>,
}

/// Which side lacks the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Missing,
    Extra,
    Changed,
}

/// Whether heal takes the step.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Additive(Work),
    /// It would be additive, but something is in the way.
    Blocked {
        reason: String,
    },
    /// Heal never does this.
    Manual {
        reason: String,
    },
}

/// What heal runs for one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    pub actions: Vec<Action>,
    /// The role that it runs as: the owner of what it touches.
    pub run_as: String,
    /// Rows in the way are looked for with these; if one finds any, the step is blocked.
    pub checks: Vec<Check>,
    /// Identities of other steps that must have been applied.
    pub needs: Vec<String>,
    /// What a person should know of the step.
    pub detail: Option<String>,
}

/// A question to the rows that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// A sentence with `{n}` for the number of rows.
    pub says: String,
    /// Returns that number, as one bigint.
    pub count: String,
    /// Shows a person the rows.
    pub find: String,
    /// Identities of the columns that the queries read.
    pub columns: Vec<String>,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Missing => "missing",
            Kind::Extra => "extra",
            Kind::Changed => "changed",
        }
    }
}

/// What the server must be asked about the live data.
pub fn questions(_changes: &[Change]) -> Questions {
    Questions::default()
}

/// The steps for all changes, in the order in which they can be run.
pub fn plan(
    _expected: &Catalog,
    _live: &Catalog,
    _changes: &[Change],
    _facts: &Facts,
    _options: &Options,
) -> Vec<Step> {
    let _ = |o: Object| o.summary();
    Vec::new()
}
