//! Extensions with their members.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::names::Address;

/// An extension. Where no migration names its version, that is the server's business: packages move it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extension {
    pub identity: String,
    pub name: String,
    pub schema: String,
    pub owner: String,
    /// Of another version other members are expected.
    #[serde(default)]
    pub version: String,
    /// The one that the migrations name. No catalog tells it.
    #[serde(skip)]
    pub named_version: Option<String>,
    /// Of its members those that have more than such an object has by itself, beside privileges.
    pub members: Vec<Member>,
    /// All members; none where they were not read.
    #[serde(default)]
    pub contents: Vec<Address>,
}

/// A member of an extension, and what its script or somebody later made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its kind and identity.
    pub object: String,
    /// Owner, settings, options and comment, where there are some.
    pub said: String,
}

impl Extension {
    /// The members that this one has and the other one lacks, if both are to have the same.
    pub fn beyond<'a>(&'a self, other: &Extension) -> Vec<&'a Address> {
        let is_comparable = self.version == other.version
            && self.schema == other.schema
            && !self.contents.is_empty()
            && !other.contents.is_empty();
        let others: BTreeSet<&Address> = other.contents.iter().collect();
        self.contents.iter().filter(|member| is_comparable && !others.contains(member)).collect()
    }
}
