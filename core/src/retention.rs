//! Partitions that a retention has dropped or detached. They are gone on purpose: made again by a heal, they would be gone
//! again after the retention's next run.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::Deserialize;

use crate::evidence::without_tables;
use crate::model::{Catalog, Table};

/// A live partitioned table that has a retention.
#[derive(Debug, Deserialize)]
pub struct Retained {
    pub table: String,
    /// Of all its partitions.
    pub bounds: Vec<String>,
}

/// An expected partition that a retention has taken away.
#[derive(Debug, PartialEq, Eq)]
pub struct Departed {
    pub table: String,
    /// Whether it is a table of its own now.
    pub is_live: bool,
}

/// Whether an expected partition is gone, or is none any more.
pub fn is_in_question(expected: &Catalog, live: &Catalog) -> bool {
    expected.tables.iter().any(|table| table.partition_of.is_some() && departed(table, live).is_some())
}

/// Takes what retentions have taken away out of both schemas. A retention begins with what is oldest, so what is younger
/// than a partition that is left was taken away by somebody else.
pub fn leave_out(expected: &mut Catalog, live: &mut Catalog, retained: &[Retained]) -> Vec<Departed> {
    let mut found: Vec<Departed> = Vec::new();
    loop {
        let is_found = |table: &str| found.iter().any(|departed| departed.table == table);
        let next: Vec<Departed> = expected
            .tables
            .iter()
            .filter(|table| !is_found(&table.identity))
            .filter(|table| {
                table.partition_of.as_ref().is_some_and(|of| {
                    is_found(&of.parent.identity)
                        || retained.iter().any(|retained| {
                            retained.table == of.parent.identity && is_oldest(&of.bound, &retained.bounds)
                        })
                })
            })
            .filter_map(|table| departed(table, live))
            .collect();
        if next.is_empty() {
            break;
        }
        found.extend(next);
    }
    if !found.is_empty() {
        let tables: BTreeSet<String> = found.iter().map(|departed| departed.table.clone()).collect();
        *expected = without_tables(std::mem::take(expected), &tables);
        *live = without_tables(std::mem::take(live), &tables);
    }
    found
}

fn departed(expected: &Table, live: &Catalog) -> Option<Departed> {
    let table = expected.identity.clone();
    match live.tables.iter().find(|live| live.identity == table) {
        None => Some(Departed { table, is_live: false }),
        Some(live) => live.partition_of.is_none().then_some(Departed { table, is_live: true }),
    }
}

/// Whether a partition ends where the first of those begins that are left, or before.
fn is_oldest(bound: &str, left: &[String]) -> bool {
    let Some((_, end)) = range(bound) else { return false };
    let mut begins = left.iter().filter(|bound| *bound != "DEFAULT").map(|bound| range(bound)).peekable();
    begins.peek().is_some()
        && begins.all(|range| {
            range
                .is_some_and(|(begin, _)| matches!(order(end, begin), Some(Ordering::Less | Ordering::Equal)))
        })
}

/// The two ends of a range of one column.
fn range(bound: &str) -> Option<(&str, &str)> {
    let ends = bound.strip_prefix("FOR VALUES FROM (")?.strip_suffix(')')?;
    let (from, to) = ends.split_once(") TO (")?;
    Some((value(from)?, value(to)?))
}

/// A number, or a text that begins with a digit, as dates and times do.
fn value(text: &str) -> Option<&str> {
    let value = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(text);
    let is_plain = !value.contains(['\'', ',', '(', ')']);
    let begins = value.strip_prefix('-').unwrap_or(value);
    (is_plain && begins.starts_with(|first: char| first.is_ascii_digit())).then_some(value)
}

/// The order of two values, if it is known.
fn order(one: &str, other: &str) -> Option<Ordering> {
    match (one.parse::<i128>(), other.parse::<i128>()) {
        (Ok(one), Ok(other)) => Some(one.cmp(&other)),
        // The ISO form of dates and times sorts as they do, but for years with a sign or five digits.
        (Err(_), Err(_)) if is_date(one) && is_date(other) => Some(one.cmp(other)),
        _ => None,
    }
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10
        && bytes[..10].iter().enumerate().all(|(place, byte)| match place {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
        && !text.ends_with("BC")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: &str, to: &str) -> String {
        format!("FOR VALUES FROM ({from}) TO ({to})")
    }

    #[test]
    fn only_what_is_older_than_all_that_is_left_can_be_a_retentions() {
        let left =
            [range("'2026-11-03'", "'2026-11-04'"), range("'2026-11-02'", "'2026-11-03'"), "DEFAULT".into()];
        assert!(is_oldest(&range("'2026-11-01'", "'2026-11-02'"), &left));
        assert!(is_oldest(&range("'2025-01-01'", "'2025-01-02'"), &left));
        assert!(!is_oldest(&range("'2026-11-04'", "'2026-11-05'"), &left));
        assert!(!is_oldest(&range("'2026-11-01'", "'2026-11-03'"), &left));
        // Nobody takes all of them away.
        assert!(!is_oldest(&range("'2026-11-01'", "'2026-11-02'"), &["DEFAULT".into()]));
        assert!(!is_oldest("DEFAULT", &left));
    }

    #[test]
    fn numbers_are_ordered_as_numbers_and_what_has_no_order_is_not_ordered() {
        assert!(is_oldest(&range("0", "90"), &[range("90", "100"), range("'100'", "'200'")]));
        assert!(is_oldest(&range("'-20'", "'-10'"), &[range("'-10'", "'5'")]));
        assert!(!is_oldest(&range("100", "200"), &[range("90", "100")]));
        for (from, left) in [
            ("'a'", range("'b'", "'c'")),
            ("1, 1", range("5, 1", "6, 1")),
            ("'2026-01-01'", range("5", "6")),
            ("'0044-01-01 BC'", range("'0043-01-01 BC'", "'0042-01-01 BC'")),
            ("'2026-01-01'", range("MINVALUE", "'2027-01-01'")),
            ("'2026-01-01'", "FOR VALUES IN (7)".into()),
        ] {
            assert!(!is_oldest(&range(from, from), std::slice::from_ref(&left)), "{from} before {left}");
        }
    }
}
