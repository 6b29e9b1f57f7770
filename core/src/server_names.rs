//! Names that the server chose. Since PostgreSQL 17 NOT NULL of a domain has a name, and since 18 that of a column: where
//! nobody gave one, it is made of the table's and the column's names of that moment. After a rename a database that was
//! upgraded or restored from an older server has it made of other names than a replay has.

use std::collections::BTreeSet;

use crate::model::{Catalog, Column, NotNull, Table};

/// The longest name, in bytes.
const LONGEST: usize = 63;

const LABEL: &str = "not_null";

/// Expected names of NOT NULL that may once have been the server's choice, where it chose the live one. Whether a migration
/// says such a name is for the caller to find out.
pub fn names_in_question(expected: &Catalog, live: &Catalog) -> BTreeSet<String> {
    let columns = not_nulls(expected, live).into_iter();
    let of_columns = columns.filter(|(table, column, live)| is_of_column(live, table, column));
    let of_columns = of_columns.map(|(_, column, live)| (name_of(column), Some(live)));
    let of_domains = expected.domains.iter().filter_map(|domain| {
        let live = live.domains.iter().find(|live| live.identity == domain.identity)?;
        let name = live.not_null_name.as_ref().filter(|name| is_made_of(name, &[&domain.name.name]));
        Some((domain.not_null_name.as_ref(), name))
    });
    of_columns
        .chain(of_domains)
        .filter_map(|(expected, live)| expected.filter(|name| live.is_some_and(|live| live != *name)))
        .filter(|name| split(name).is_some())
        .cloned()
        .collect()
}

/// Takes these expected names over into the live catalog: no migration says them, so both names are the server's choice.
pub fn adopt(live: &mut Catalog, expected: &Catalog, names: &BTreeSet<String>) {
    let taken: Vec<(String, String)> = not_nulls(expected, live)
        .into_iter()
        .filter(|(table, column, live)| is_of_column(live, table, column))
        .filter_map(|(_, column, _)| Some((column.identity.clone(), name_of(column)?.clone())))
        .filter(|(_, name)| names.contains(name))
        .collect();
    for column in live.tables.iter_mut().flat_map(|table| &mut table.columns) {
        let name = taken.iter().find(|(identity, _)| *identity == column.identity);
        if let (Some((_, name)), Some(not_null)) = (name, &mut column.not_null) {
            not_null.name = Some(name.clone());
        }
    }
    for domain in &mut live.domains {
        let is_made = |name: &String| is_made_of(name, &[&domain.name.name]);
        let other = expected.domains.iter().find(|other| other.identity == domain.identity);
        let name = other.and_then(|other| other.not_null_name.as_ref()).filter(|name| names.contains(*name));
        if name.is_some() && domain.not_null_name.as_ref().is_some_and(is_made) {
            domain.not_null_name = name.cloned();
        }
    }
}

/// Columns that refuse NULL on both sides, each with its table and the live name.
fn not_nulls<'a>(expected: &'a Catalog, live: &'a Catalog) -> Vec<(&'a Table, &'a Column, &'a String)> {
    let live: std::collections::BTreeMap<&str, &String> = live
        .tables
        .iter()
        .flat_map(|table| &table.columns)
        .filter_map(|column| Some((column.identity.as_str(), name_of(column)?)))
        .collect();
    let columns = expected.tables.iter().flat_map(|table| table.columns.iter().map(move |of| (table, of)));
    columns
        .filter_map(|(table, column)| Some((table, column, *live.get(column.identity.as_str())?)))
        .collect()
}

fn name_of(column: &Column) -> Option<&String> {
    let NotNull { name, .. } = column.not_null.as_ref()?;
    name.as_ref()
}

/// Whether a name is made of the column's name and that of its table, or of one that it has its columns from.
fn is_of_column(name: &str, table: &Table, column: &Column) -> bool {
    let parents = table.inherits.iter().chain(table.partition_of.iter().map(|of| &of.parent));
    let tables = parents.map(|parent| &parent.name.name).chain([&table.name.name]);
    tables.into_iter().any(|table| is_made_of(name, &[table, &column.name]))
}

/// Whether the server makes this name of these.
fn is_made_of(name: &str, of: &[&str]) -> bool {
    split(name).is_some_and(|(_, number)| made_of(of, number) == name)
}

/// What stands before the label, and the number behind it, which is there where the name was taken.
fn split(name: &str) -> Option<(&str, &str)> {
    let head = name.trim_end_matches(|character: char| character.is_ascii_digit());
    let number = &name[head.len()..];
    let rest = head.strip_suffix(LABEL)?.strip_suffix('_')?;
    (!number.starts_with('0')).then_some((rest, number))
}

/// As the server does it: the longer name is cut until all fits.
fn made_of(names: &[&str], number: &str) -> String {
    let room = LONGEST - LABEL.len() - number.len() - names.len();
    let mut lengths: Vec<usize> = names.iter().map(|name| name.len()).collect();
    while lengths.iter().sum::<usize>() > room {
        // Of two that are equally long the second one is cut.
        let longest = match lengths.as_slice() {
            [one, other] if one > other => 0,
            lengths => lengths.len() - 1,
        };
        lengths[longest] -= 1;
    }
    let cut = |(name, length): (&&str, &usize)| name[..name.floor_char_boundary(*length)].to_string();
    let names: Vec<String> = names.iter().zip(&lengths).map(cut).collect();
    format!("{}_{LABEL}{number}", names.join("_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_as_the_server_makes_them() {
        assert_eq!(made_of(&["b", "id"], ""), "b_id_not_null");
        assert_eq!(made_of(&["domain"], "2"), "domain_not_null2");
        let long = made_of(&[&"t".repeat(60), &"c".repeat(40)], "");
        assert_eq!(long, format!("{}_{}_not_null", "t".repeat(27), "c".repeat(26)));
        assert_eq!(long.len(), LONGEST);
        // A character that does not fit as a whole is left out.
        assert_eq!(made_of(&[&"ä".repeat(30), "id"], ""), format!("{}_id_not_null", "ä".repeat(25)));
    }

    #[test]
    fn a_chosen_name_is_not_taken_for_a_made_one() {
        assert!(is_made_of("b_id_not_null", &["b", "id"]));
        assert!(is_made_of("b_id_not_null1", &["b", "id"]));
        for other in
            ["b_id_not_null01", "a_id_not_null", "b_id_not_nul", "b_id_not_null_1", "not_null", "_not_null"]
        {
            assert!(!is_made_of(other, &["b", "id"]), "{other}");
        }
    }
}
