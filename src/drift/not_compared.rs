//! What is counted, because it cannot be compared.

use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::members::MADE_BY_ITSELF;
use nself_heal_core::{model, unread};

use crate::catalog;
use crate::error::Error;
use crate::expected::chain::Against;
use crate::migrations::elsewhere::{self, Elsewhere};

/// A kind of objects that is counted, not compared.
pub struct NotCompared {
    pub object_type: String,
    pub live: u64,
    pub expected: u64,
    /// The live ones, of kinds whose every object should be known by name.
    pub names: Vec<String>,
}

/// What was read and not understood, live and expected.
pub fn not_understood((live, expected): (model::NotCompared, model::NotCompared)) -> NotCompared {
    let names: BTreeSet<String> = live.names.into_iter().chain(expected.names).collect();
    NotCompared {
        object_type: unread::KIND.to_owned(),
        live: live.count,
        expected: expected.count,
        names: names.into_iter().collect(),
    }
}

/// The migrations that another tool applied, or took back, after its list was adopted: what they changed is here, and not
/// expected.
pub fn elsewhere(against: Against) -> Result<Option<NotCompared>, Error> {
    if against != Against::Applied {
        return Ok(None);
    }
    let others = elsewhere::since_adopted()?;
    let names: Vec<String> = others.iter().flat_map(Elsewhere::versions).cloned().collect();
    let taken_back = others.iter().map(|of| of.undone.len()).sum::<usize>() as u64;
    Ok((!names.is_empty()).then(|| NotCompared {
        object_type: "migration".to_owned(),
        live: names.len() as u64 - taken_back,
        expected: taken_back,
        names,
    }))
}

/// What the migrations made by itself and somebody made a member of an extension.
pub fn members(of: model::NotCompared) -> NotCompared {
    NotCompared {
        object_type: MADE_BY_ITSELF.to_owned(),
        live: of.count,
        expected: of.count,
        names: of.names,
    }
}

/// One line that names what was not compared, or nothing if all was.
pub fn not_compared_line(kinds: &[NotCompared]) -> Option<String> {
    let listed: Vec<String> =
        kinds.iter().map(|kind| format!("{} ({})", kind.object_type, kind.live)).collect();
    (!listed.is_empty()).then(|| listed.join(", "))
}

pub fn pair_counts(
    live: &BTreeMap<String, model::NotCompared>,
    expected: &BTreeMap<String, model::NotCompared>,
) -> Vec<NotCompared> {
    let kinds: BTreeSet<&String> = live.keys().chain(expected.keys()).collect();
    let none = model::NotCompared::default();
    // An extension that one side lacks is drift itself.
    let compared = |kind: &&String| {
        let sides = (live.get(*kind), expected.get(*kind));
        kind.starts_with(catalog::MEMBERS) && (sides.0 == sides.1 || sides.0.is_none() || sides.1.is_none())
    };
    kinds
        .into_iter()
        .filter(|kind| !compared(kind))
        .map(|kind| {
            let (live, expected) = (live.get(kind).unwrap_or(&none), expected.get(kind).unwrap_or(&none));
            NotCompared {
                object_type: kind.clone(),
                live: live.count,
                expected: expected.count,
                names: live.names.clone(),
            }
        })
        .collect()
}
