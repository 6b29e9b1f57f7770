//! What a dump says, object by object.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What `nself_drift()` calls an object: the words of `pg_identify_object`, and a few more where it has none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    pub object_type: String,
    pub identity: String,
}

impl Address {
    pub fn new(object_type: impl Into<String>, identity: impl Into<String>) -> Self {
        Self { object_type: object_type.into(), identity: identity.into() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.object_type, self.identity)
    }
}

/// How an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Equal texts are equal objects. Lines whose order means nothing are sorted.
    Text(BTreeSet<String>),
    /// An enum's labels. Which ones there are is said by facts of their own; here only their order counts.
    Labels(Vec<String>),
    /// A constraint. One that holds for all rows is as good as one that was never checked for the old ones.
    Constraint { text: String, valid: bool },
    /// What a role may do, with whether it may pass that on.
    Privileges(BTreeSet<(String, bool)>),
}

impl State {
    pub fn text(line: impl Into<String>) -> Self {
        State::Text(BTreeSet::from([line.into()]))
    }
}

/// One object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub state: State,
    /// What it is a part of: where one of these is missing or extra, it is so with it.
    pub inside: Vec<Address>,
    /// The same thing of parent tables, from which it may come.
    pub above: Vec<Address>,
    /// The partitioned table that a partition belongs to.
    pub partition_of: Option<Address>,
    /// An index of a partition that belongs to one of the partitioned table: the server may have named it. That there is one
    /// is said by a fact of its own.
    pub named_by_chance: bool,
    /// What it means that the dump does not speak of it, while it speaks of what it is inside of.
    pub absent: Option<State>,
}

impl Fact {
    pub fn new(state: State, inside: Vec<Address>) -> Self {
        Self { state, inside, above: Vec::new(), partition_of: None, named_by_chance: false, absent: None }
    }
}

pub type Facts = BTreeMap<Address, Fact>;

/// A difference between two schemas, the way drift tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Missing,
    Extra,
    Changed,
}

impl Kind {
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "missing" => Some(Kind::Missing),
            "extra" => Some(Kind::Extra),
            "changed" => Some(Kind::Changed),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Kind::Missing => "missing",
            Kind::Extra => "extra",
            Kind::Changed => "changed",
        })
    }
}
