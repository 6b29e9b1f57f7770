//! Objects that a statement defines, and what is attached to objects: privileges and comments.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::change::{Aspect, Change, Difference, Object, Privileges, grantors_text};
use crate::diff::owners::owned;
use crate::diff::pair::{Pair, changed, compare, pairs, plain};
use crate::diff::renamed::Renamed;
use crate::diff::tables::Tables;
use crate::diff::text::{definition_text, firing_text, list_or};
use crate::model::{Acl, Address, Catalog, Comment, Definition, DefinitionKind};
use crate::quote::ident;

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
        parameters,
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
        compare(Aspect::Options, parameters, &live.parameters, list_or("no options")),
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
        // An extension that is created gets the privileges on its members in the same step.
        if !is_live && is_member(acl) {
            continue;
        }
        let owner = |side: Option<&'a Acl>, objects: &Objects<'a>| {
            side.map(|acl| acl.owner.as_str()).or_else(|| objects.owner(acl))
        };
        let (expected_owner, live_owner) = (owner(one, &expected_objects), owner(other, &live_objects));
        let grantees: BTreeSet<&str> =
            wanted.iter().chain(there).map(|grant| grant.grantee.as_str()).collect();
        for grantee in grantees {
            let owns =
                |owner: Option<&str>| owner.is_some_and(|owner| grantee == owner || grantee == ident(owner));
            let missing = Privileges {
                acl,
                grantee,
                on_live: is_live,
                of: wanted,
                beyond: there,
                owns_other: owns(live_owner),
            };
            if is_expected && missing.grants().next().is_some() {
                changes.push(Change::Missing(Object::Grant(missing)));
            }
            let extra = Privileges {
                acl,
                grantee,
                on_live: is_live,
                of: there,
                beyond: wanted,
                owns_other: owns(expected_owner),
            };
            if is_live && extra.grants().next().is_some() {
                changes.push(Change::Extra(Object::Grant(extra)));
            }
            changes.extend(grantor_change(missing, extra).filter(|_| is_expected && is_live));
        }
    }
    changes
}

/// Who granted what both sides have: when that role loses the right to hand it on, the grantee may lose it, too.
fn grantor_change<'a>(expected: Privileges<'a>, live: Privileges<'a>) -> Option<Change<'a>> {
    let (wanted, there): (Vec<_>, Vec<_>) = expected.granted_by_others().unzip();
    let difference =
        Difference { what: Aspect::Grantor, expected: grantors_text(&wanted), actual: grantors_text(&there) };
    let differences = if wanted.is_empty() { Vec::new() } else { vec![difference] };
    changed(Object::Grant(expected), Object::Grant(live), differences)
}

/// Whether these are privileges on a member of an extension.
fn is_member(acl: &Acl) -> bool {
    acl.of.as_ref().is_some_and(|of| of.object_type == "extension")
}

/// What can have privileges, by identity alone: no two sorts of such objects share one.
struct Objects<'a> {
    /// With their owners.
    identities: BTreeMap<&'a str, &'a str>,
    extensions: BTreeSet<&'a str>,
    /// Sequences of identity columns, which the model knows by name alone: without quotes.
    of_columns: BTreeSet<String>,
}

impl<'a> Objects<'a> {
    fn of(catalog: &'a Catalog) -> Self {
        let sequences = catalog.sequences.iter();
        let sequences = sequences.map(|sequence| (sequence.identity.as_str(), sequence.owner.as_str()));
        let columns = catalog.tables.iter().flat_map(|table| &table.columns);
        let identities = columns.filter_map(|column| column.identity_column.as_ref());
        Self {
            identities: owned(catalog).map(|owned| (owned.identity, owned.owner)).chain(sequences).collect(),
            extensions: catalog.extensions.iter().map(|extension| extension.identity.as_str()).collect(),
            of_columns: identities
                .map(|identity| {
                    format!("{}.{}", identity.sequence.schema, identity.sequence.name).replace('"', "")
                })
                .collect(),
        }
    }

    fn have(&self, acl: &Acl) -> bool {
        match (&acl.defaults_for, &acl.of) {
            _ if acl.built_in => true,
            (Some(of), _) => {
                of.split_once(" IN SCHEMA ").is_none_or(|(_, schema)| self.identities.contains_key(schema))
            }
            (None, Some(of)) if is_member(acl) => self.extensions.contains(of.identity.as_str()),
            (None, _) => {
                self.identities.contains_key(relation(acl))
                    || self.of_columns.contains(&acl.identity.replace('"', ""))
            }
        }
    }

    fn owner(&self, acl: &Acl) -> Option<&'a str> {
        self.identities.get(relation(acl)).copied()
    }
}

/// The identity of what the privileges are on, or of the relation of the column that they are on.
fn relation(acl: &Acl) -> &str {
    let of = acl.of.as_ref().filter(|_| !is_member(acl));
    of.map_or(acl.identity.as_str(), |of| of.identity.as_str())
}

pub(super) fn comment_changes<'a>(
    expected: &'a Catalog,
    live: &'a Catalog,
    tables: &Tables<'a>,
    renamed: &Renamed<'a>,
) -> Vec<Change<'a>> {
    // An extension comes with its comment, whoever creates it.
    let comes_with = |comment: &Comment, catalog: &Catalog| {
        comment.object_type == "extension"
            && !catalog.extensions.iter().any(|extension| extension.identity == comment.identity)
    };
    let key = |comment: &'a Comment| (comment.object_type.as_str(), renamed.identity(&comment.identity));
    pairs(&expected.comments, &live.comments, key)
        .into_iter()
        .filter(|pair| match pair {
            Pair::Extra(comment) => {
                !tables.is_of_own_partition(&comment.identity, comment.of.as_ref())
                    && !comes_with(comment, expected)
            }
            Pair::Missing(comment) => !comes_with(comment, live),
            Pair::Both(..) => true,
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
