//! Whether what an adopted migration made is here: what it changes in a replay against what is drift now.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Act, Finding, Problem};
use crate::diff::Change;

/// One thing that a migration did to a schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Effect {
    pub did: Did,
    pub object_type: String,
    pub identity: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Did {
    Make,
    Alter,
    Drop,
}

impl Effect {
    /// What leads from one schema to the next.
    pub fn all(changes: &[Change<'_>]) -> Vec<Self> {
        let effect = |change: &Change<'_>| {
            let did = match change {
                Change::Extra(_) => Did::Make,
                Change::Changed { .. } => Did::Alter,
                Change::Missing(_) => Did::Drop,
            };
            let object = change.object();
            Self { did, object_type: object.object_type().to_owned(), identity: object.identity() }
        };
        changes.iter().map(effect).collect()
    }

    fn object(&self) -> (&str, &str) {
        (&self.object_type, &self.identity)
    }
}

/// An adopted migration and what it did in a replay of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    pub version: String,
    pub path: String,
    pub source: String,
    pub effects: Vec<Effect>,
}

/// How much of an adopted migration is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Landed {
    /// Nothing of what it did: these objects, say.
    Nothing { lacking: Vec<String> },
    /// Something, and these objects are lacking.
    InPart { lacking: Vec<String> },
    /// All that can be told.
    All,
    /// It did nothing that the schema still shows.
    Unknown,
    /// Nor can it be replayed without this one, of which nothing is here.
    Needs { other: String },
}

/// What differs now, by type and identity; whether nothing speaks against its being made anew, as a thing of another name does
/// that could be the same.
pub type Drift = BTreeMap<(String, String), bool>;

/// How much of a migration is here. `later`: what the migrations after it did.
pub fn landed(of: &Adopted, later: &[Effect], drift: &Drift) -> Landed {
    // What a later migration has done to the same object says nothing of this one.
    let lasting: Vec<&Effect> = of
        .effects
        .iter()
        .filter(|effect| {
            !later.iter().any(|after| {
                after.object() == effect.object() && (after.did != Did::Alter || effect.did != Did::Make)
            })
        })
        .collect();
    let in_drift = |effect: &Effect| drift.get(&(effect.object_type.clone(), effect.identity.clone()));
    let (lacking, here): (Vec<&Effect>, Vec<&Effect>) =
        lasting.into_iter().partition(|effect| in_drift(effect).is_some());
    let made: Vec<&Effect> = lacking.into_iter().filter(|effect| effect.did == Did::Make).collect();
    let is_sure = made.iter().all(|effect| in_drift(effect) == Some(&true));
    let made: Vec<String> =
        made.iter().map(|effect| format!("{} {}", effect.object_type, effect.identity)).collect();
    match (made.is_empty(), here.is_empty() && is_sure) {
        (true, true) => Landed::Unknown,
        (true, false) => Landed::All,
        (false, true) => Landed::Nothing { lacking: made },
        (false, false) => Landed::InPart { lacking: made },
    }
}

const HEAL: &str = "nself_heal() shows what can be made, or why not; nself_heal(true) makes it.";

/// How many objects are named.
const NAMED: usize = 3;

fn named(objects: &[String]) -> String {
    let (first, rest) = objects.split_at(objects.len().min(NAMED));
    match rest.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// What is wrong with an adopted migration. `needed_by`: a migration that stays applied and cannot be replayed without this one.
pub fn unfounded(of: &Adopted, landed: &Landed, needed_by: Option<&str>) -> Option<Finding> {
    let Adopted { version, path, source, .. } = of;
    let counts = format!("{path} was adopted from {source}");
    let (detail, reason) = match landed {
        Landed::All | Landed::Unknown => return None,
        Landed::Nothing { lacking } => {
            let lacking = named(lacking);
            (
                format!("{counts}, and nothing of what it makes is here: {lacking}"),
                format!("nothing of what it makes was here: {lacking}"),
            )
        }
        Landed::Needs { other } => (
            format!("{counts}, and it needs {other}, of which nothing is here"),
            format!("it needs {other}, of which nothing was here"),
        ),
        Landed::InPart { lacking } => {
            let detail =
                format!("{counts}, and not all of what it makes is here: {} is missing", named(lacking));
            return Some(Finding::manual(Problem::NotHere, version, detail, HEAL.to_owned()));
        }
    };
    Some(match needed_by {
        None => Finding::mend(
            Problem::NotHere,
            version,
            detail,
            format!(
                "Withdraws its row: {version} is pending again. Where later ones stay applied, \
                 nself_migrate_up(out_of_order => true) applies it"
            ),
            Act::Withdraw { reason },
        ),
        Some(other) => {
            let detail = format!("{detail}. {other} needs it, and stays applied");
            Finding::manual(Problem::NotHere, version, detail, HEAL.to_owned())
        }
    })
}
