//! What texts refer to. Two texts can be the same and mean something else: a view that was made while there was only
//! `f(bigint)` calls that, and is printed as one that calls `f(integer)`, which came later. Where several objects have one
//! name, only what the server noted of each text tells which of them it means.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::{Aspect, Change, Difference, Object, join};
use crate::model::{Address, Catalog, DefinitionKind, Dependencies};

#[cfg(test)]
mod tests;

/// Whether texts on the expected side refer to something by a name that other objects have, too. Then `changes` needs to know
/// what the live texts refer to.
pub fn are_ambiguous(expected: &Catalog, live: &Catalog) -> bool {
    let shared = shared_names(expected, live);
    !shared.is_empty() && expected.dependencies.iter().any(|of| !among(of, &shared).is_empty())
}

/// The objects of both sides that are the same, as far as `changes` tells, and refer to other objects of the same name. The live
/// side has its dependencies.
pub fn changes<'a>(expected: &'a Catalog, live: &'a Catalog, changes: &[Change<'a>]) -> Vec<Change<'a>> {
    let shared = shared_names(expected, live);
    let told: BTreeSet<Address> = changes.iter().map(|change| change.object().address()).collect();
    let there: BTreeMap<(&str, &str), &Dependencies> =
        live.dependencies.iter().map(|of| ((of.object_type.as_str(), of.identity.as_str()), of)).collect();
    let change = |of: &Dependencies| {
        let wanted = among(of, &shared);
        let found = there
            .get(&(of.object_type.as_str(), of.identity.as_str()))
            .map(|of| among(of, &shared))
            .unwrap_or_default();
        if wanted.is_empty() || wanted == found {
            return None;
        }
        let (one, other) = (object(expected, of)?, object(live, of)?);
        let only = |of: &BTreeSet<&Address>, other: &BTreeSet<&Address>| {
            let of: Vec<String> = of.difference(other).map(ToString::to_string).collect();
            if of.is_empty() { "nothing of that name".to_string() } else { join(of) }
        };
        let difference = Difference {
            what: Aspect::References,
            expected: only(&wanted, &found),
            actual: only(&found, &wanted),
        };
        (!told.contains(&one.address())).then(|| Change::Changed {
            expected: one,
            live: other,
            differences: vec![difference],
        })
    };
    expected.dependencies.iter().filter_map(change).collect()
}

/// What an object needs that has a name of several.
fn among<'a>(of: &'a Dependencies, shared: &BTreeSet<&str>) -> BTreeSet<&'a Address> {
    let has_shared_name =
        |need: &&Address| is_overloaded(&need.object_type) && shared.contains(name(&need.identity));
    of.needs.iter().filter(has_shared_name).collect()
}

/// Names that several functions or several operators of either side have. No operator has the name of a function.
fn shared_names<'a>(expected: &'a Catalog, live: &'a Catalog) -> BTreeSet<&'a str> {
    let mut by_name: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for of in expected.definitions.iter().chain(&live.definitions) {
        if is_overloaded(of.kind.as_str()) {
            by_name.entry(name(&of.identity)).or_default().insert(&of.identity);
        }
    }
    by_name.into_iter().filter(|(_, all)| all.len() > 1).map(|(name, _)| name).collect()
}

/// Whether objects of one name differ in their arguments.
fn is_overloaded(object_type: &str) -> bool {
    [DefinitionKind::Function, DefinitionKind::Procedure, DefinitionKind::Aggregate, DefinitionKind::Operator]
        .iter()
        .any(|kind| kind.as_str() == object_type)
}

/// What stands before the arguments.
fn name(identity: &str) -> &str {
    let mut is_quoted = false;
    let end = identity.find(|c| {
        is_quoted ^= c == '"';
        c == '(' && !is_quoted
    });
    end.map_or(identity, |end| &identity[..end])
}

/// The object whose text it is that the dependencies are of.
fn object<'a>(catalog: &'a Catalog, of: &Dependencies) -> Option<Object<'a>> {
    let identity = of.identity.as_str();
    match of.object_type.as_str() {
        "table constraint" => {
            catalog.constraints.iter().find(|of| of.identity == identity).map(Object::Constraint)
        }
        "index" => catalog.indexes.iter().find(|of| of.identity == identity).map(Object::Index),
        "table column" | "foreign table column" => catalog.tables.iter().find_map(|table| {
            let column = table.columns.iter().find(|column| column.identity == identity)?;
            Some(match column.default {
                Some(_) => Object::Default(table, column),
                None => Object::Column(table, column),
            })
        }),
        "type" => {
            let domain = catalog.domains.iter().find(|of| of.identity == identity)?;
            Some(match domain.checks.as_slice() {
                [check] => Object::DomainConstraint(domain, check),
                _ => Object::Domain(domain),
            })
        }
        kind => catalog
            .definitions
            .iter()
            .find(|of| of.kind.as_str() == kind && of.identity == identity)
            .map(Object::Definition),
    }
}
