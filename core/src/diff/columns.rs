//! How a column differs that both sides have: in itself, in its default, in NOT NULL.

use crate::diff::change::{Aspect, Change, Difference, Object};
use crate::diff::pair::{changed, compare, compare_validity};
use crate::diff::text::{
    generated_text, identity_text, list_or, not_null_name, or_default_collation, or_none,
};
use crate::model::{Column, NotNull, Table};

/// A column with its table.
type Of<'a> = (&'a Table, &'a Column);

/// All changes of a column, those of its default and of NOT NULL last.
pub(super) fn column_pair_changes<'a>(expected: Of<'a>, live: Of<'a>) -> Vec<Change<'a>> {
    let object = |(table, column): Of<'a>| Object::Column(table, column);
    let own = changed(object(expected), object(live), column_differences(expected.1, live.1));
    let others = [default_change(expected, live), not_null_change(expected, live)];
    own.into_iter().chain(others.into_iter().flatten()).collect()
}

fn column_differences(expected: &Column, live: &Column) -> Vec<Difference> {
    let Column {
        identity: _,
        name: _,
        type_name,
        collation,
        default,
        // An object of its own: see `not_null_change`.
        not_null: _,
        identity_column,
        generated,
        // Follows from the parents, which are compared.
        inherited: _,
        // Follows from the type.
        constrained_domain: _,
        // Says whether defaults can be compared: see `default_change`.
        frozen: _,
        // Follow from the default.
        sequences: _,
        storage,
        compression,
        statistics,
        options,
        fdw_options,
    } = expected;
    [
        compare(Aspect::Type, type_name, &live.type_name, String::clone),
        compare(Aspect::Collation, collation, &live.collation, or_default_collation),
        compare(Aspect::Identity, identity_column, &live.identity_column, identity_text),
        compare(Aspect::Generated, generated, &live.generated, generated_text),
        (!same_filling(expected, live))
            .then(|| compare(Aspect::Default, default, &live.default, or_none("default")))
            .flatten(),
        compare(Aspect::Storage, storage, &live.storage, or_none("storage other than the type's")),
        compare(Aspect::Compression, compression, &live.compression, or_none("compression of its own")),
        compare(Aspect::Statistics, statistics, &live.statistics, |target| match target {
            Some(target) => format!("statistics target {target}"),
            None => "the default statistics target".to_string(),
        }),
        compare(Aspect::Options, options, &live.options, list_or("no options")),
        compare(Aspect::FdwOptions, fdw_options, &live.fdw_options, list_or("no options")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A column is filled by a default or by a generation, and the one cannot be set while the other is there.
fn same_filling(expected: &Column, live: &Column) -> bool {
    expected.identity_column.is_some() == live.identity_column.is_some()
        && expected.generated.is_some() == live.generated.is_some()
}

/// How the default differs. Where the two columns are filled in different ways, `column_differences` tells of it.
fn default_change<'a>(expected: Of<'a>, live: Of<'a>) -> Option<Change<'a>> {
    let (wanted, there) = (&expected.1.default, &live.1.default);
    let object = |(table, column): Of<'a>| Object::Default(table, column);
    match (wanted, there) {
        _ if !same_filling(expected.1, live.1) => None,
        (Some(_), None) => Some(Change::Missing(object(expected))),
        (None, Some(_)) => Some(Change::Extra(object(live))),
        // Each time that such a migration runs it sets another moment.
        (Some(_), Some(text)) if expected.1.frozen && text.starts_with('\'') => None,
        (Some(_), Some(_)) => {
            let difference = compare(Aspect::Default, wanted, there, or_none("default"));
            changed(object(expected), object(live), difference.into_iter().collect())
        }
        (None, None) => None,
    }
}

fn not_null_change<'a>(expected: Of<'a>, live: Of<'a>) -> Option<Change<'a>> {
    let object = |(table, column): Of<'a>| Object::NotNull(table, column);
    match (&expected.1.not_null, &live.1.not_null) {
        (Some(_), None) => Some(Change::Missing(object(expected))),
        (None, Some(_)) => Some(Change::Extra(object(live))),
        (Some(one), Some(other)) => changed(object(expected), object(live), not_null_differences(one, other)),
        (None, None) => None,
    }
}

fn not_null_differences(expected: &NotNull, live: &NotNull) -> Vec<Difference> {
    let NotNull { name, validated, no_inherit } = expected;
    [
        // An older server read one of them, say for evidence: it knows of no name.
        (*name != live.name && name.is_some() && live.name.is_some()).then(|| Difference {
            what: Aspect::Name,
            expected: not_null_name(expected),
            actual: not_null_name(live),
        }),
        compare_validity(*validated, live.validated, "NOT VALID"),
        compare(Aspect::NoInherit, no_inherit, &live.no_inherit, |no_inherit| {
            if *no_inherit { "NO INHERIT" } else { "inherited" }.to_string()
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}
