//! Versions: which part of a name is one, and in which order they apply.

use std::cmp::Ordering;

use super::error::Error;
use super::migration::Migration;

/// Splits `VERSION_name` or `VERSION`, one segment of a path, at its version: digits, possibly with single dashes
/// between them.
pub(super) fn split(stem: &str) -> Option<(&str, &str)> {
    if stem.contains('/') {
        return None;
    }
    let end = stem.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(stem.len());
    let (version, rest) = stem.split_at(end);
    let name = if rest.is_empty() { rest } else { rest.strip_prefix('_')? };
    version.split('-').all(|group| !group.is_empty()).then_some((version, name))
}

/// The order in which versions apply: that of their digits as a number, so that leading zeros do not count.
///
/// In a dashed date such as Diesel's `2018-04-03-185352` or `2025-11-19-091444-0000` the number is the date and time
/// alone. What follows, which newer versions of Diesel write and older ones do not, only tells equal times apart;
/// as part of the number it would put every version that has it behind every one that has not.
pub fn compare(a: &str, b: &str) -> Ordering {
    Key::of(a).cmp(&Key::of(b))
}

/// Versions with equal keys are the same version.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// Without leading zeros, a longer number is a larger one.
    len: usize,
    number: String,
    rest: String,
}

impl Key {
    fn of(version: &str) -> Self {
        let (number, rest) =
            dashed_date(version).unwrap_or_else(|| (version.replace('-', ""), String::new()));
        let number = number.trim_start_matches('0').to_owned();
        Self { len: number.len(), number, rest }
    }
}

/// `YYYY-MM-DD`, `YYYY-MM-DD-hhmmss` or `YYYY-MM-DD-hhmmss-…` as `YYYYMMDDhhmmss` and what follows it.
fn dashed_date(version: &str) -> Option<(String, String)> {
    let groups: Vec<&str> = version.split('-').collect();
    let [year, month, day, after @ ..] = groups.as_slice() else { return None };
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let (time, rest) = after.split_first().unwrap_or((&"", &[]));
    let (time, beyond_seconds) = time.split_at_checked(6).unwrap_or((time, ""));
    Some((format!("{year}{month}{day}{time:0<6}"), format!("{beyond_seconds}{}", rest.concat())))
}

/// Refuses two migrations of one version; which of them came first would be a guess.
pub(super) fn check_distinct(migrations: &[Migration]) -> Result<(), Error> {
    let mut ordered: Vec<_> =
        migrations.iter().map(|migration| (Key::of(&migration.version), migration)).collect();
    ordered.sort_by(|a, b| a.0.cmp(&b.0));
    for pair in ordered.windows(2) {
        let [(first_key, first), (second_key, second)] = pair else { continue };
        if first_key == second_key {
            return Err(Error::DuplicateVersion {
                version: first.version.clone(),
                first: first.path.clone(),
                second: second.path.clone(),
            });
        }
    }
    Ok(())
}

/// Puts migrations into the order of their versions, which have to differ.
pub(super) fn sort(mut migrations: Vec<Migration>) -> Result<Vec<Migration>, Error> {
    check_distinct(&migrations)?;
    migrations.sort_by_cached_key(|migration| Key::of(&migration.version));
    Ok(migrations)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check_split(stems: &[&str], expect: Expect) {
        let lines: String = stems.iter().map(|stem| format!("{stem}: {:?}\n", split(stem))).collect();
        expect.assert_eq(&lines);
    }

    fn check_order(versions: &[&str], expect: Expect) {
        let mut versions = versions.to_vec();
        versions.sort_by(|a, b| compare(a, b));
        let mut line = String::new();
        for (at, version) in versions.iter().enumerate() {
            line += match at {
                0 => "",
                _ if compare(versions[at - 1], version).is_eq() => " = ",
                _ => " < ",
            };
            line += version;
        }
        expect.assert_eq(&line);
    }

    #[test]
    fn a_version_is_digits_and_single_dashes_before_an_underscore() {
        check_split(
            &[
                "0003_add_documents_table",
                "2018-04-03-185352_x",
                "00000000000000_diesel_initial_setup",
                "10_name",
                "42",
                "1__x",
                "1_",
                "2019-11-15-182353_Add email notifications",
                "",
                "_x",
                "x_1",
                "V1__flyway",
                "1-x",
                "-1_x",
                "1-_x",
                "1--2_x",
                "1.2_x",
                "٣_x",
                "1_x/y",
            ],
            expect![[r#"
                0003_add_documents_table: Some(("0003", "add_documents_table"))
                2018-04-03-185352_x: Some(("2018-04-03-185352", "x"))
                00000000000000_diesel_initial_setup: Some(("00000000000000", "diesel_initial_setup"))
                10_name: Some(("10", "name"))
                42: Some(("42", ""))
                1__x: Some(("1", "_x"))
                1_: Some(("1", ""))
                2019-11-15-182353_Add email notifications: Some(("2019-11-15-182353", "Add email notifications"))
                : None
                _x: None
                x_1: None
                V1__flyway: None
                1-x: None
                -1_x: None
                1-_x: None
                1--2_x: None
                1.2_x: None
                ٣_x: None
                1_x/y: None
            "#]],
        );
    }

    #[test]
    fn versions_are_numbers_of_any_length() {
        check_order(&["10", "9", "0003", "3", "000", "1"], expect!["000 < 1 < 0003 = 3 < 9 < 10"]);
        let long = "9".repeat(60);
        check_order(
            &[&format!("1{long}"), &long, "20240101000000"],
            expect![
                "20240101000000 < 999999999999999999999999999999999999999999999999999999999999 < 1999999999999999999999999999999999999999999999999999999999999"
            ],
        );
    }

    #[test]
    fn dashes_do_not_count() {
        check_order(
            &["2017-08-31-230457", "20170706165855", "20180101000000"],
            expect!["20170706165855 < 2017-08-31-230457 < 20180101000000"],
        );
        check_order(&["20180403185352", "2018-04-03-185352"], expect!["20180403185352 = 2018-04-03-185352"]);
        check_order(&["1-2", "12", "3"], expect!["3 < 1-2 = 12"]);
    }

    #[test]
    fn what_follows_a_dashed_time_only_breaks_ties() {
        check_order(
            &["2026-01-20-162913", "2025-11-19-091444-0000", "2025-12-29-110242-0000", "20260527120000"],
            expect!["2025-11-19-091444-0000 < 2025-12-29-110242-0000 < 2026-01-20-162913 < 20260527120000"],
        );
        check_order(
            &["2026-05-27-120000-0001", "2026-05-27-120000-0000", "2026-05-27-120000", "2026-05-27"],
            expect!["2026-05-27 < 2026-05-27-120000 < 2026-05-27-120000-0000 < 2026-05-27-120000-0001"],
        );
        check_order(
            &["2026-05-27-120000123", "2026-05-27-120000", "2026-05-27-1200"],
            expect!["2026-05-27-120000 = 2026-05-27-1200 < 2026-05-27-120000123"],
        );
    }
}
