//! Versions: which part of a name is one, and in which order they apply.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::error::Error;
use super::migration::Migration;

/// Splits `VERSION_name` or `VERSION`, one segment of a path, at its version: digits, possibly with single dashes
/// between them. Flyway's `V1.2__name` is one, too, and so are `V0001.name` and graphile-migrate's `000002-name`.
pub(super) fn split(stem: &str) -> Option<(Cow<'_, str>, &str)> {
    if stem.contains('/') {
        return None;
    }
    if let Some(stem) = stem.strip_prefix('V') {
        return split_after_v(stem);
    }
    let end = stem.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(stem.len());
    let (version, rest) = stem.split_at(end);
    let (version, name) = match rest.strip_prefix('_') {
        Some(name) => (version, name),
        None if rest.is_empty() => (version, rest),
        None => (version.strip_suffix('-')?, rest),
    };
    version.split('-').all(|group| !group.is_empty()).then_some((version.into(), name))
}

/// The name with another number in the place of its own. A shorter one gets the zeros that the old one had room for.
pub fn with_number(stem: &str, number: &str) -> Option<String> {
    if number.is_empty() {
        return None;
    }
    let flyway = ["V", "U"].into_iter().find(|letter| stem.starts_with(letter));
    let (letter, rest) = stem.split_at(flyway.map_or(0, str::len));
    let end = match flyway {
        Some(_) => rest.find("__").or_else(|| rest.find(['.', '_']))?,
        None => split(stem)?.0.len(),
    };
    let (old, rest) = rest.split_at(end);
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = match are_digits(old) && are_digits(number) {
        true => format!("{number:0>end$}"),
        false => number.to_owned(),
    };
    let renamed = format!("{letter}{number}{rest}");
    // It is to be read as that number, and nothing else.
    let read = format!("{}{number}{rest}", flyway.map_or("", |_| "V"));
    split(&read).is_some_and(|(read, _)| read == number).then_some(renamed)
}

/// As `split`, of a file's name, which may be Flyway's `R__name`, too: a migration that runs again whenever it has changed has
/// no number, and is called by its whole name.
pub(super) fn split_file(stem: &str) -> Option<(Cow<'_, str>, &str)> {
    if repeatable_name(stem).is_some_and(|name| !name.is_empty() && !name.contains('/')) {
        return Some((stem.into(), ""));
    }
    split(stem)
}

/// Whether a version is that of a migration that runs again, after all others, whenever its file has changed.
pub fn is_repeatable(version: &str) -> bool {
    repeatable_name(version).is_some()
}

/// The name of such a migration.
pub fn repeatable_name(version: &str) -> Option<&str> {
    version.strip_prefix("R__")
}

/// Flyway parts a version by dots or underscores, and ends it with two underscores.
fn split_after_v(stem: &str) -> Option<(Cow<'_, str>, &str)> {
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((version, name)) = stem.split_once("__") {
        let is_version = version.split(['.', '_']).all(are_digits);
        return is_version.then(|| (version.replace('_', ".").into(), name));
    }
    let (version, name) = stem.split_once(['.', '_'])?;
    are_digits(version).then_some((version.into(), name))
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
    /// What tells several migrations of one number apart.
    name: String,
}

impl Key {
    fn of(version: &str) -> Self {
        if is_repeatable(version) {
            // After all numbers.
            let name = version.to_owned();
            return Self { len: usize::MAX, number: String::new(), rest: String::new(), name };
        }
        let (version, name) = version.split_once('_').unwrap_or((version, ""));
        let (number, rest) = dashed_date(version)
            .or_else(|| dotted(version))
            .unwrap_or_else(|| (version.replace('-', ""), String::new()));
        let number = number.trim_start_matches('0').to_owned();
        Self { len: number.len(), number, rest, name: name.to_owned() }
    }
}

/// Flyway's `1.2.10`: its first number, and the others so that they compare as numbers. Zeros at the end do not count.
fn dotted(version: &str) -> Option<(String, String)> {
    let (first, others) = version.split_once('.')?;
    let others: Vec<String> =
        others.split('.').map(|part| format!("{:0>20}", part.trim_start_matches('0'))).collect();
    let end =
        others.iter().rposition(|part| part.bytes().any(|byte| byte != b'0')).map_or(0, |last| last + 1);
    Some((first.to_owned(), others[..end].concat()))
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

/// Where a tool goes by whole names and not by numbers, the second migration of a number and those after it are called by
/// their whole names. Numbers that are written otherwise stay: which of them is meant would be a guess.
pub(super) fn tell_apart(migrations: &mut [Migration]) {
    let (mut versions, mut names) = (BTreeSet::new(), BTreeSet::new());
    for migration in migrations {
        let is_new_name = names.insert((migration.version.clone(), migration.name.clone()));
        if !versions.insert(migration.version.clone()) && is_new_name && !migration.name.is_empty() {
            migration.version = whole_name(migration);
        }
    }
}

fn whole_name(migration: &Migration) -> String {
    format!("{}_{}", migration.version, migration.name)
}

/// Whether some migrations have a number that others have, too.
pub fn have_one_number(migrations: &[Migration]) -> bool {
    migrations.iter().any(|migration| number_of_whole_name(migration).is_some())
}

/// The number of a migration that is called by its whole name, because another one has the number.
fn number_of_whole_name(migration: &Migration) -> Option<&str> {
    if is_repeatable(&migration.version) {
        return None;
    }
    migration.version.split_once('_').map(|(number, _)| number)
}

/// Where several migrations have one number, the one that was applied by that number alone keeps it: the others may have come
/// later. `applied` holds versions and names.
pub fn keep_applied(migrations: &mut [Migration], applied: &[(String, String)]) {
    for place in 0..migrations.len() {
        let Some(number) = number_of_whole_name(&migrations[place]) else { continue };
        let number = number.to_owned();
        let is_applied =
            |of: &Migration| applied.iter().any(|(version, name)| *version == number && *name == of.name);
        if !is_applied(&migrations[place]) {
            continue;
        }
        if let Some(holder) = migrations.iter().position(|of| of.version == number) {
            migrations[holder].version = whole_name(&migrations[holder]);
            migrations[place].version = number;
        }
    }
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

/// Puts migrations into the order of their versions, and those of one number into that of their names.
pub(super) fn sort_by_versions_and_names(mut migrations: Vec<Migration>) -> Result<Vec<Migration>, Error> {
    migrations.sort_by_cached_key(|migration| (Key::of(&migration.version), migration.name.clone()));
    tell_apart(&mut migrations);
    check_distinct(&migrations)?;
    Ok(migrations)
}

/// Puts migrations that lie in folders into the order of the folders' names, letter by letter.
pub(super) fn sort_by_folders(mut migrations: Vec<Migration>) -> Result<Vec<Migration>, Error> {
    fn folder(migration: &Migration) -> Option<&str> {
        Some(migration.path.rsplit_once('/')?.0)
    }
    migrations.sort_by(|a, b| folder(a).cmp(&folder(b)));
    tell_apart(&mut migrations);
    check_distinct(&migrations)?;
    Ok(migrations)
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
                "V1.2__x",
                "V1_2__x",
                "V2__a_b",
                "V0001.Some_Name",
                "V1",
                "Vx__y",
                "V1.x__y",
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
                V1__flyway: Some(("1", "flyway"))
                V1.2__x: Some(("1.2", "x"))
                V1_2__x: Some(("1.2", "x"))
                V2__a_b: Some(("2", "a_b"))
                V0001.Some_Name: Some(("0001", "Some_Name"))
                V1: None
                Vx__y: None
                V1.x__y: None
                1-x: Some(("1", "x"))
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
    fn dotted_versions_and_whole_names_come_in_order() {
        check_order(
            &["2", "1.10", "1.2", "1", "1.0", "1_b", "1_a", "10"],
            expect!["1 = 1.0 < 1_a < 1_b < 1.2 < 1.10 < 2 < 10"],
        );
    }

    #[test]
    fn what_was_applied_by_a_number_alone_keeps_it() {
        let migration = |version: &str, name: &str| Migration {
            version: version.to_owned(),
            name: name.to_owned(),
            ..crate::migrations::tests::entry(version, "")
        };
        let mut migrations = vec![migration("1", "a"), migration("1_b", "b"), migration("2", "c")];
        let versions = |migrations: &[Migration]| {
            migrations.iter().map(|of| format!("{} {}", of.version, of.name)).collect::<Vec<_>>()
        };
        keep_applied(&mut migrations, &[("1".to_owned(), "a".to_owned())]);
        assert_eq!(versions(&migrations), ["1 a", "1_b b", "2 c"]);
        keep_applied(&mut migrations, &[("1".to_owned(), "b".to_owned())]);
        assert_eq!(versions(&migrations), ["1_a a", "1 b", "2 c"]);
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
