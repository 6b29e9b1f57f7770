//! What differs between two dumps, and what of it says the same as something else.

use std::collections::{BTreeMap, BTreeSet};

use super::fact::{Address, Fact, Facts, Kind, State};

/// All differences: missing is what only the first dump has.
pub fn differences(expected: &Facts, live: &Facts) -> BTreeMap<Address, Kind> {
    let addresses: BTreeSet<&Address> = expected.keys().chain(live.keys()).collect();
    let mut found = BTreeMap::new();
    for address in addresses {
        let kind = match (expected.get(address), live.get(address)) {
            (Some(one), Some(other)) => difference(&one.state, &other.state),
            (Some(fact), None) if fact.named_by_chance => {
                renamed_part(fact, expected, live).then_some(Kind::Changed)
            }
            (None, Some(fact)) if fact.named_by_chance => None,
            // Where rows live is made as rows come, by whoever they come from.
            (None, Some(fact)) if fact.partition_of.as_ref().is_some_and(|of| expected.contains_key(of)) => {
                None
            }
            (Some(fact), None) => match implied(fact, live) {
                Some(absent) => difference(&fact.state, absent),
                None => Some(Kind::Missing),
            },
            (None, Some(fact)) => match implied(fact, expected) {
                Some(absent) => difference(absent, &fact.state),
                None => Some(Kind::Extra),
            },
            (None, None) => None,
        };
        found.extend(kind.map(|kind| (address.clone(), kind)));
    }
    found
}

/// Whether a part of a partitioned index is there under another name. That it is gone is said by another fact.
fn renamed_part(part: &Fact, expected: &Facts, live: &Facts) -> bool {
    let is_it = |(address, other): (&Address, &Fact)| {
        other.named_by_chance
            && !expected.contains_key(address)
            && other.above == part.above
            && other.inside.first() == part.inside.first()
    };
    live.iter().any(is_it)
}

/// How an object is that a dump does not speak of, because it is as its like are made.
fn implied<'a>(fact: &'a Fact, other: &Facts) -> Option<&'a State> {
    let absent = fact.absent.as_ref()?;
    fact.inside.iter().all(|container| other.contains_key(container)).then_some(absent)
}

fn difference(expected: &State, live: &State) -> Option<Kind> {
    match (expected, live) {
        (State::Labels(expected), State::Labels(live)) => {
            let common = |of: &[String], other: &[String]| -> Vec<String> {
                of.iter().filter(|label| other.contains(label)).cloned().collect()
            };
            (common(expected, live) != common(live, expected)).then_some(Kind::Changed)
        }
        (
            State::Constraint { text: expected, valid: expected_valid },
            State::Constraint { text: live, valid: live_valid },
        ) => (expected != live || (*expected_valid && !live_valid)).then_some(Kind::Changed),
        (State::Privileges(expected), State::Privileges(live)) => {
            if expected == live {
                None
            } else if live.is_subset(expected) {
                Some(Kind::Missing)
            } else if expected.is_subset(live) {
                Some(Kind::Extra)
            } else {
                Some(Kind::Changed)
            }
        }
        (expected, live) => (expected != live).then_some(Kind::Changed),
    }
}

/// Drops what is said already: parts of what is missing or extra as a whole, and on a partition or an inheriting table
/// what its parent says. Applied to both sides alike, before they are compared.
pub fn collapse(found: &BTreeMap<Address, Kind>, expected: &Facts, live: &Facts) -> BTreeMap<Address, Kind> {
    let facts = |address: &Address| [expected.get(address), live.get(address)].into_iter().flatten();
    let is_whole = |address: &Address| found.get(address).is_some_and(|kind| *kind != Kind::Changed);
    let ignored = |address: &Address| {
        live.get(address)
            .and_then(|fact| fact.partition_of.as_ref())
            .is_some_and(|of| expected.contains_key(of) && !expected.contains_key(address))
    };
    let within =
        |address: &Address| containers(address, expected, live).iter().any(|of| is_whole(of) || ignored(of));
    let from_above = |address: &Address, of: Kind| {
        facts(address).flat_map(|fact| &fact.above).any(|above| found.get(above) == Some(&of))
    };
    // A column is filled in one way only: with another way the default changes, too.
    let refilled = |address: &Address| {
        address.object_type == "default value"
            && facts(address).flat_map(|fact| &fact.inside).any(|column| {
                found.contains_key(column)
                    && [expected.get(column), live.get(column)].into_iter().flatten().any(is_generated)
            })
    };
    // What a table has from above that should not be there at all: it goes when the table is put in its place.
    let misplaced = |address: &Address, kind: Kind| {
        kind == Kind::Extra
            && live.get(address).is_some_and(|fact| {
                fact.above.iter().any(|above| live.contains_key(above))
                    && fact.inside.iter().any(|of| found.get(of) == Some(&Kind::Changed))
            })
    };
    // The name of a NOT NULL that comes from above is the one above; with another parent, or none, it is another.
    let renamed = |address: &Address| {
        let above = |facts: &Facts| facts.get(address).map(|fact| fact.above.clone()).unwrap_or_default();
        address.object_type == "not null"
            && above(expected) != above(live)
            && facts(address).flat_map(|fact| &fact.inside).any(|of| found.get(of) == Some(&Kind::Changed))
    };
    // A partition that is detached takes its indexes along.
    let detached = |address: &Address| {
        address.object_type == "index attachment"
            && facts(address).flat_map(|fact| &fact.inside).any(|of| {
                let above = |of: &Address| facts(of).find_map(|fact| fact.partition_of.clone());
                std::iter::successors(Some(of.clone()), above).any(|of| found.contains_key(&of))
            })
    };
    // A table's mark on an index comes and goes with the index.
    let marks = |address: &Address| {
        let (Some(expected), Some(live)) = (expected.get(address), live.get(address)) else { return false };
        let (State::Text(expected), State::Text(live)) = (&expected.state, &live.state) else { return false };
        expected.symmetric_difference(live).all(|line| {
            let index = ["REPLICA IDENTITY USING INDEX ", "CLUSTER ON "]
                .iter()
                .find_map(|mark| line.strip_prefix(mark));
            index.is_some_and(|index| {
                found.iter().any(|(of, kind)| {
                    *kind == Kind::Missing
                        && (of.object_type == "index" && of.identity.ends_with(&format!(".{index}"))
                            || of.object_type == "table constraint"
                                && of.identity == format!("{index} on {}", address.identity))
                })
            })
        })
    };
    let labels = renamed_labels(found);
    // What names a label that was renamed reads otherwise with it.
    let follows = |address: &Address| {
        let (Some(expected), Some(live)) = (expected.get(address), live.get(address)) else { return false };
        labels.iter().any(|(old, new)| with_label(&expected.state, old, new) == live.state)
    };
    found
        .iter()
        .filter(|(address, kind)| !(**kind == Kind::Changed && follows(address)))
        .filter(|(address, kind)| !detached(address) && !renamed(address) && !misplaced(address, **kind))
        .filter(|(address, kind)| !(**kind == Kind::Changed && marks(address)))
        .filter(|(address, kind)| !within(address) && !from_above(address, **kind) && !refilled(address))
        .map(|(address, kind)| (address.clone(), *kind))
        .collect()
}

/// The labels of enums of which one is missing and one extra, as literals.
fn renamed_labels(found: &BTreeMap<Address, Kind>) -> Vec<(String, String)> {
    let of = |wanted: Kind| {
        found
            .iter()
            .filter(move |(address, kind)| address.object_type == "enum value" && **kind == wanted)
            .filter_map(|(address, _)| address.identity.split_once(" '"))
            .map(|(of_type, label)| (of_type, format!("'{label}")))
            .collect::<Vec<_>>()
    };
    let (missing, extra) = (of(Kind::Missing), of(Kind::Extra));
    let pairs = missing.iter().flat_map(|old| extra.iter().map(move |new| (old, new)));
    pairs.filter(|(old, new)| old.0 == new.0).map(|(old, new)| (old.1.clone(), new.1.clone())).collect()
}

/// A state, with another label in its texts.
fn with_label(state: &State, old: &str, new: &str) -> State {
    match state {
        State::Text(lines) => State::Text(lines.iter().map(|line| line.replace(old, new)).collect()),
        State::Constraint { text, valid } => {
            State::Constraint { text: text.replace(old, new), valid: *valid }
        }
        other => other.clone(),
    }
}

fn is_generated(fact: &Fact) -> bool {
    matches!(&fact.state, State::Text(lines) if lines.iter().any(|line| line.contains("GENERATED ")))
}

/// All that an object is in, near and far.
fn containers(address: &Address, expected: &Facts, live: &Facts) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    let mut open = vec![address.clone()];
    while let Some(address) = open.pop() {
        for fact in [expected.get(&address), live.get(&address)].into_iter().flatten() {
            for container in &fact.inside {
                if found.insert(container.clone()) {
                    open.push(container.clone());
                }
            }
        }
    }
    found
}
