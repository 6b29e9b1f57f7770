//! Objects that a statement defines, and what is attached to objects: privileges and comments.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::text::{definition_text, firing_text};
use crate::diff::{Aspect, Change, Difference, Object, Pair, Tables, compare, owned, pairs, plain};
use crate::model::{Acl, Address, Catalog, Comment, Definition, DefinitionKind, Grant};

/// The privileges on one object that `of` gives a grantee beyond what `beyond` does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Privileges<'a> {
    pub acl: &'a Acl,
    pub grantee: &'a str,
    of: &'a [Grant],
    beyond: &'a [Grant],
}

impl<'a> Privileges<'a> {
    pub(super) fn identity(&self) -> String {
        format!("{} on {} {}", self.grantee, self.acl.object_type, self.acl.identity)
    }

    /// The privileges themselves.
    pub fn grants(&self) -> impl Iterator<Item = &'a Grant> + use<'a> {
        let (grantee, beyond) = (self.grantee, self.beyond);
        self.of
            .iter()
            .filter(move |grant| grant.grantee == grantee && !beyond.iter().any(|other| covers(other, grant)))
    }

    /// Whether the other side lacks no more of a privilege than the right to hand it on.
    pub fn only_the_option(&self, grant: &Grant) -> bool {
        self.beyond.iter().any(|other| other.grantee == grant.grantee && other.privilege == grant.privilege)
    }

    pub(super) fn text(&self) -> String {
        let privilege = |grant: &Grant| match grant.grantable {
            true => format!("{} WITH GRANT OPTION", grant.privilege),
            false => grant.privilege.clone(),
        };
        self.grants().map(privilege).collect::<Vec<_>>().join(", ")
    }
}

/// Whether who has the one has the other as well.
fn covers(one: &Grant, other: &Grant) -> bool {
    let Grant { grantee, privilege, grantable } = other;
    one.grantee == *grantee && one.privilege == *privilege && (one.grantable || !grantable)
}

pub(super) fn definition_changes<'a>(
    expected: &'a Catalog,
    live: &'a Catalog,
    tables: &Tables<'a>,
) -> Vec<Change<'a>> {
    pairs(&expected.definitions, &live.definitions, |definition| (definition.kind, &definition.identity))
        .into_iter()
        .filter(|pair| match pair {
            Pair::Missing(definition) => !definition.inherited,
            Pair::Extra(definition) => {
                let of = definition.of.as_ref();
                !definition.inherited
                    && !of.is_some_and(|of| tables.own_partitions.contains(of.identity.as_str()))
            }
            Pair::Both(one, other) => {
                !(one.inherited && other.inherited && tables.differs_above(one, other, expected, live))
            }
        })
        .filter_map(|pair| plain(pair, Object::Definition, definition_differences))
        .collect()
}

fn definition_differences(expected: &Definition, live: &Definition) -> Vec<Difference> {
    let Definition {
        // Name the object.
        kind: _,
        identity: _,
        sql_name: _,
        name: _,
        of: _,
        owner: _,
        def,
        more,
        // Parts of the definition.
        shape: _,
        query: _,
        state,
        // Whether it came from a parent or was made here, it says the same.
        inherited: _,
        // Whether somebody refreshed it is a matter of its rows.
        filled: _,
    } = expected;
    let same = *def == live.def || hides_options(expected) || hides_options(live);
    [
        (!same || *more != live.more).then(|| Difference {
            what: Aspect::Definition,
            expected: definition_text(expected),
            actual: definition_text(live),
        }),
        compare(Aspect::State, state, &live.state, firing_text),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The server shows the options of a user mapping to few. What cannot be seen is counted, and not compared.
fn hides_options(definition: &Definition) -> bool {
    definition.kind == DefinitionKind::UserMapping && definition.def.ends_with(" OPTIONS (***)")
}

/// What is granted on one side and not on the other. Where a side says nothing, the defaults are in force.
pub(super) fn grant_changes<'a>(
    expected: &'a Catalog,
    live: &'a Catalog,
    tables: &Tables<'a>,
) -> Vec<Change<'a>> {
    let (expected_objects, live_objects) = (Objects::of(expected), Objects::of(live));
    let by_address = |catalog: &'a Catalog| {
        catalog.acls.iter().map(|acl| ((&acl.object_type, &acl.identity), acl)).collect()
    };
    let expected: BTreeMap<_, &Acl> = by_address(expected);
    let live: BTreeMap<_, &Acl> = by_address(live);
    let addresses: BTreeSet<_> = expected.keys().chain(live.keys()).collect();
    let mut changes = Vec::new();
    for address in addresses {
        let (one, other) = (expected.get(address).copied(), live.get(address).copied());
        let Some(acl) = one.or(other) else { continue };
        if one.is_none() && tables.is_of_own_partition(&acl.identity, acl.of.as_ref()) {
            continue;
        }
        let wanted = one.map_or(&*acl.default, |acl| &*acl.grants);
        let there = other.map_or(&*acl.default, |acl| &*acl.grants);
        // What is not there has no privileges of its own: those that it is to have are told with it.
        let (is_expected, is_live) = (expected_objects.have(acl), live_objects.have(acl));
        let grantees: BTreeSet<&str> =
            wanted.iter().chain(there).map(|grant| grant.grantee.as_str()).collect();
        for grantee in grantees {
            let missing = Privileges { acl, grantee, of: wanted, beyond: there };
            if is_expected && missing.grants().next().is_some() {
                changes.push(Change::Missing(Object::Grant(missing)));
            }
            let extra = Privileges { acl, grantee, of: there, beyond: wanted };
            if is_live && extra.grants().next().is_some() {
                changes.push(Change::Extra(Object::Grant(extra)));
            }
        }
    }
    changes
}

/// What can have privileges, by identity alone: no two sorts of such objects share one.
struct Objects<'a> {
    identities: BTreeSet<&'a str>,
    /// Sequences of identity columns, which the model knows by name alone: without quotes.
    of_columns: BTreeSet<String>,
}

impl<'a> Objects<'a> {
    fn of(catalog: &'a Catalog) -> Self {
        let sequences = catalog.sequences.iter().map(|sequence| sequence.identity.as_str());
        let columns = catalog.tables.iter().flat_map(|table| &table.columns);
        let identities = columns.filter_map(|column| column.identity_column.as_ref());
        Self {
            identities: owned(catalog).map(|owned| owned.identity).chain(sequences).collect(),
            of_columns: identities
                .map(|identity| {
                    format!("{}.{}", identity.sequence.schema, identity.sequence.name).replace('"', "")
                })
                .collect(),
        }
    }

    fn have(&self, acl: &Acl) -> bool {
        acl.defaults_for.is_some()
            || self
                .identities
                .contains(acl.of.as_ref().map_or(acl.identity.as_str(), |of| of.identity.as_str()))
            || self.of_columns.contains(&acl.identity.replace('"', ""))
    }
}

pub(super) fn comment_changes<'a>(
    expected: &'a Catalog,
    live: &'a Catalog,
    tables: &Tables<'a>,
) -> Vec<Change<'a>> {
    pairs(&expected.comments, &live.comments, |comment| (&comment.object_type, &comment.identity))
        .into_iter()
        .filter(|pair| match pair {
            Pair::Extra(comment) => !tables.is_of_own_partition(&comment.identity, comment.of.as_ref()),
            Pair::Missing(_) | Pair::Both(..) => true,
        })
        .filter_map(|pair| plain(pair, Object::Comment, comment_differences))
        .collect()
}

fn comment_differences(expected: &Comment, live: &Comment) -> Vec<Difference> {
    let Comment { object_type: _, identity: _, on: _, text, of: _ } = expected;
    compare(Aspect::Text, text, &live.text, String::clone).into_iter().collect()
}

impl<'a> Tables<'a> {
    /// Whether the trigger of the partitioned table differs as its clone on a partition does: then it is healed there.
    fn differs_above(
        &self,
        one: &Definition,
        other: &Definition,
        expected: &'a Catalog,
        live: &'a Catalog,
    ) -> bool {
        let name_above = one.of.as_ref().and_then(|of| {
            let parent = &self.expected.get(of.identity.as_str())?.partition_of.as_ref()?.parent.identity;
            Some(format!("{}{parent}", one.sql_name.strip_suffix(&of.identity)?))
        });
        let above = |catalog: &'a Catalog| {
            catalog.definitions.iter().find(|other| Some(&other.sql_name) == name_above.as_ref())
        };
        let (Some(expected_above), Some(live_above)) = (above(expected), above(live)) else { return false };
        let own = definition_differences(one, other);
        let above = definition_differences(expected_above, live_above);
        own.iter().all(|own| above.iter().any(|above| above.what == own.what))
            && one.state == expected_above.state
            && other.state == live_above.state
    }

    fn is_of_own_partition(&self, identity: &str, of: Option<&Address>) -> bool {
        let relation = of.map_or(identity, |of| of.identity.as_str());
        self.own_partitions.contains(relation)
    }
}
