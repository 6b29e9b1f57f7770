//! The types of a plan: what must be known before it is made, and the steps that it has.

use std::collections::{BTreeMap, BTreeSet};

use crate::ddl::Action;
use crate::model::{Address, Name};
use crate::noted::EventName;
use crate::plan::allowed::Allowed;

/// What the server found out about the live data; `questions` asks for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// By the table's identity.
    pub tables: BTreeMap<String, TableFacts>,
    /// Identities of columns whose default gives each row a value of its own.
    pub volatile_defaults: BTreeSet<String>,
    /// Identities of columns whose default gives one value to a statement, but not always the same, like now().
    pub stable_defaults: BTreeSet<String>,
    /// Identities of those live relations that have a name in question.
    pub relations: BTreeMap<Name, String>,
    /// By the name of a domain or a table: the first column that holds its values or rows within others.
    pub holders: BTreeMap<Name, String>,
    /// Of the rights that steps need those that their roles have not.
    pub lacking: BTreeSet<Right>,
    /// The name of the database, where a right on that is lacking.
    pub database: String,
    /// What the log of DDL tells of what may be one thing under two names.
    pub told: Told,
}

/// What is known of missing and extra objects that may be the same under two names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// Missing objects that somebody has dropped.
    pub dropped: BTreeSet<Address>,
    /// Extra objects that somebody has made, and that have had no other name since.
    pub made: BTreeSet<Address>,
    /// Extra objects that somebody has given their name or their schema.
    pub renamed: BTreeSet<Address>,
}

impl Told {
    /// Whether it is known that an extra object is no missing one under another name.
    pub(super) fn is_another(&self, missing: &Address, extra: &Address) -> bool {
        self.made.contains(extra) || self.dropped.contains(missing) && !self.renamed.contains(extra)
    }
}

/// The data of one table, with its partitions and children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableFacts {
    pub bytes: u64,
    pub has_rows: bool,
    /// How many the table itself has had, those that were dropped counted.
    pub columns: usize,
}

/// What the caller wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// A table of this size or more is not rewritten.
    pub rewrite_limit: u64,
    /// Identities of missing objects that are not the old name of something else.
    pub not_renamed: BTreeSet<String>,
    /// Drift that somebody has allowed.
    pub allowed: Vec<Allowed>,
    /// As in server_version_num.
    pub server_version: u32,
    /// A throw-away database: what it lacks of privileges, nobody took away and meant it.
    pub throw_away: bool,
}

/// What is to be done, and what is left as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// Steps that are allowed drift, each with the place of the first entry that says so.
    pub allowed: Vec<(Step, usize)>,
}

impl Plan {
    /// The rights that the steps need which would be taken.
    pub fn rights(&self) -> BTreeSet<Right> {
        let of_step = |verdict: &Verdict| match verdict {
            Verdict::Additive(work) => work.rights.clone(),
            Verdict::Blocked { .. } | Verdict::Manual { .. } => Vec::new(),
        };
        self.steps.iter().flat_map(|step| of_step(&step.verdict)).collect()
    }
}

/// What must be known before a plan can be made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Questions {
    pub tables: Vec<TableQuestion>,
    pub defaults: Vec<DefaultQuestion>,
    /// Is there a live relation of this name?
    pub relations: BTreeSet<Name>,
    /// Which column holds values of this domain, or rows of this table, within others?
    pub holders: BTreeSet<Name>,
    /// Was this missing object dropped?
    pub dropped: BTreeSet<Address>,
    /// Was this extra object made, or does it have its name since later?
    pub made: BTreeSet<Address>,
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
    /// The missing or extra object that this goes with.
    pub part_of: Option<Address>,
    /// Under which names the server tells of what happens to it: the most exact one first.
    pub noted_as: Vec<EventName>,
}

impl Step {
    /// Whether it is about drift that is allowed.
    pub fn is_allowed_by(&self, allowed: &Allowed) -> bool {
        let whole = self.part_of.as_ref();
        allowed.is_for(self.kind.as_str())
            && (allowed.names(self.object_type, &self.identity)
                || whole.is_some_and(|whole| allowed.names(&whole.object_type, &whole.identity)))
    }

    /// A step for an object of which it is not known how it differs.
    pub fn not_compared(kind: Kind, object_type: &'static str, identity: &str, reason: String) -> Self {
        let address = Address::new(object_type, identity);
        Self {
            kind,
            object_type,
            identity: identity.to_owned(),
            expected: None,
            actual: None,
            remedy: String::new(),
            verdict: Verdict::Blocked { reason },
            part_of: None,
            noted_as: vec![EventName::own(address)],
        }
    }

    /// What the step is about.
    pub fn address(&self) -> Address {
        Address::new(self.object_type, &self.identity)
    }
}

/// Which side lacks the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Missing,
    Extra,
    Changed,
}

impl Kind {
    /// The kind as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Missing => "missing",
            Kind::Extra => "extra",
            Kind::Changed => "changed",
        }
    }
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
    /// Missing objects that must have been created.
    pub needs: Vec<Address>,
    /// What it stands on that is there, but not as it should be: the step may fail for that.
    pub differing: Vec<Address>,
    /// What the role must be allowed to do beside: the server refuses the step otherwise.
    pub rights: Vec<Right>,
    /// What a person should know of the step.
    pub detail: Option<String>,
    /// What it does as that role at somebody else's word, if anything.
    pub runs: Option<Box<Runs>>,
}

impl Work {
    /// The roles that its actions give something to, as statements name them.
    pub fn grantees(&self) -> impl Iterator<Item = &str> {
        self.actions.iter().filter_map(|action| match action {
            Action::Grant(granting) if granting.grantee != "PUBLIC" => Some(granting.grantee.as_str()),
            _ => None,
        })
    }

    /// These actions and no more.
    pub(super) fn new(actions: Vec<Action>, run_as: String, needs: Vec<Address>) -> Self {
        Self {
            actions,
            run_as,
            checks: Vec::new(),
            needs,
            differing: Vec::new(),
            rights: Vec::new(),
            detail: None,
            runs: None,
        }
    }
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
    /// Identities of the columns that the queries read; of a table that is itself missing, its own.
    pub columns: Vec<String>,
}

/// Why a step is not taken.
pub(super) struct Obstacle {
    pub(super) reason: String,
    /// What a person could run instead; nothing where it is the step itself.
    pub(super) remedy: Option<String>,
}

/// What a role must be allowed to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    pub role: String,
    pub privilege: &'static str,
    pub on: On,
}

/// What a right is on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// The one that is healed.
    Database,
    /// The unquoted name.
    Schema(String),
    /// The whole table, or each of these columns.
    Table(Name, Vec<String>),
    /// The identity.
    Type(String),
    /// The unquoted name.
    Language(String),
    /// Quoted, as the server does it.
    Server(String),
    /// The unquoted name. What it takes to create it depends on the extension.
    Extension(String),
}

/// What a step does at somebody else's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    /// The code that its expressions refer to, by the server's word, all the way. What this plan is to create is among
    /// it.
    pub refers_to: Vec<Address>,
    /// The roles that own the object by the migrations, or code that is still to be created, and so may have written what
    /// is done, where they are not the role that the step runs as.
    pub written_by: Vec<Written>,
    /// Code among it that somebody has changed. It is not run, whoever that was.
    pub changed: Option<Address>,
}

/// Something that the migrations give to a role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    pub role: String,
    pub what: Address,
}
