//! What `nself db migrate` says of up, down, status and verify-checksums.

use super::table::{cell, table};
use crate::rows::{Checksum, MigrationState, MigrationStep, ResetRow};
use crate::terminal::style::{ERROR, GOOD, WARNING, paint};
use nself_report::names::{count, migration};
use nself_report::time::{duration, moment};

/// The two ways that migrations go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
}

impl Direction {
    /// `apply`, `Applying`, `Applied`
    fn words(self) -> [&'static str; 3] {
        match self {
            Direction::Up => ["apply", "Applying", "Applied"],
            Direction::Down => ["revert", "Reverting", "Reverted"],
        }
    }
}

/// What was done: a line a migration and where the database is now.
pub fn done(direction: Direction, steps: &[MigrationStep], now: &[MigrationState]) -> String {
    let [infinitive, _, done] = direction.words();
    if steps.is_empty() {
        return format!("Nothing to {infinitive}. {}\n", place(now, "Database is at"));
    }
    let text: String = steps.iter().map(|step| line(direction, step)).collect();
    text + &format!("{done} {}. {}\n", count(steps.len(), "migration"), place(now, "Database is now at"))
}

/// What was applied by a job that did not come to its end: it stays applied.
pub fn cut_short(steps: &[MigrationStep], now: &[MigrationState]) -> String {
    let mut text = String::new();
    for step in steps.iter().filter(|step| step.status == "partial") {
        let state = now.iter().find(|state| state.version == step.version);
        let how_far = state.and_then(|state| state.note.as_deref()).unwrap_or("a part has run");
        let file = migration(&step.version, &step.name);
        text.push_str(&format!("Applying {file} ... {}: {how_far}\n", paint(WARNING, "stopped")));
    }
    let whole: Vec<_> = steps.iter().filter(|step| step.status != "partial").collect();
    let lines: String = whole.iter().map(|step| line(Direction::Up, step)).collect();
    let summary = format!("Applied {}. {}", count(whole.len(), "migration"), place(now, "Database is at"));
    format!("{lines}{text}{summary}\n")
}

fn line(direction: Direction, step: &MigrationStep) -> String {
    let [_, doing, _] = direction.words();
    let took = step.duration_ms.map(|ms| format!(" ({})", duration(ms))).unwrap_or_default();
    format!("{doing} {} ... {}{took}\n", migration(&step.version, &step.name), paint(GOOD, "done"))
}

/// What a dry run would do, with the SQL, and what a rehearsal of it says.
pub fn planned(
    direction: Direction,
    steps: &[MigrationStep],
    now: &[MigrationState],
    rehearsal: &str,
) -> String {
    if steps.is_empty() {
        return done(direction, steps, now);
    }
    let [infinitive, ..] = direction.words();
    let mut text = String::new();
    for step in steps {
        text.push_str(&format!("Would {infinitive} {}\n", migration(&step.version, &step.name)));
        for line in step.sql.as_deref().unwrap_or_default().trim_end().lines() {
            text.push_str(format!("    {line}").trim_end());
            text.push('\n');
        }
    }
    if steps.iter().all(|step| step.sql.is_none()) {
        text.push_str("    The SQL is for roles with level migrate.\n");
    }
    text.push_str(rehearsal);
    text + &format!("Dry run: {} to {infinitive}. Nothing was changed.\n", count(steps.len(), "migration"))
}

/// The question before a revert; in production a whole word has to be typed.
pub fn question(steps: &[MigrationStep], word: Option<&str>) -> String {
    let mut text = String::from("These migrations will be reverted:\n");
    for step in steps {
        text.push_str(&format!("  {}\n", migration(&step.version, &step.name)));
    }
    text.push_str("What they created is dropped, with the data in it. ");
    match word {
        None => text + "Revert? [y/N] ",
        Some(word) => text + &format!("This is production.\nTo revert, type {word}: "),
    }
}

/// The list of all migrations.
pub fn status(migrations: &[MigrationState]) -> String {
    if migrations.is_empty() {
        return "There are no migrations.\n".to_owned();
    }
    let rows = migrations.iter().map(|row| {
        [
            row.version.clone(),
            row.name.clone(),
            row.state.clone(),
            cell(row.applied_at.as_deref().map(moment)),
            cell(row.applied_by.as_ref()),
            cell(row.duration_ms.map(duration)),
            cell(row.note.as_ref()),
        ]
    });
    let heading = ["version", "name", "state", "applied at", "by", "took", "note"];
    let pending = migrations.iter().filter(|row| row.is_open()).count();
    let pending = match pending {
        0 => "Nothing is pending.".to_owned(),
        1 => "1 migration is pending.".to_owned(),
        _ => format!("{pending} migrations are pending."),
    };
    format!("{}{} {pending}\n", table(heading, rows), place(migrations, "Database is at"))
}

/// How many versions are named in a line.
const NAMED: usize = 20;

/// The versions of all migrations in a state, in one line; nothing if there are none.
fn named(migrations: &[MigrationState], state: &str) -> Option<String> {
    let of: Vec<_> =
        migrations.iter().filter(|row| row.state == state).map(|row| row.version.as_str()).collect();
    let (first, rest) = of.split_at(of.len().min(NAMED));
    let rest = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    (!first.is_empty()).then(|| format!("{}{rest}", first.join(", ")))
}

/// A sentence on applied migrations whose files are not there.
pub fn folder_lacks(migrations: &[MigrationState]) -> Option<String> {
    Some(format!("applied, and not in the folder: {}", named(migrations, "missing")?))
}

/// Where the folder is not what was applied: `0001, 0003 edited, 0002 missing`; nothing if it is.
pub fn departed(migrations: &[MigrationState]) -> Option<String> {
    let of = |state: &str| Some(format!("{} {state}", named(migrations, state)?));
    let groups: Vec<_> = ["edited", "missing"].into_iter().filter_map(of).collect();
    (!groups.is_empty()).then(|| groups.join(", "))
}

/// Each applied migration with what became of its checksum, and how many are no longer what was applied.
pub fn checksums(rows: &[Checksum]) -> String {
    let text: String = rows.iter().map(checksum).collect();
    let number = |of: &dyn Fn(&Checksum) -> bool| rows.iter().filter(|row| of(row)).count();
    let (wrong, same) = (number(&is_wrong), number(&|row| row.status == "ok"));
    let cosmetic = number(&|row| row.status == "cosmetic");
    let total = count(rows.len(), "applied migration");
    let are = |number: usize| if number == 1 { "is" } else { "are" };
    text + &match rows.len() {
        0 => "No migration is applied: there is nothing to verify.\n".to_owned(),
        1 if same == 1 => "The checksum of the 1 applied migration matches.\n".to_owned(),
        all if same == all => format!("The checksums of all {total} match.\n"),
        _ if wrong > 0 => {
            format!("{}: {wrong} of {total} {} not what was applied.\n", paint(ERROR, "ERROR"), are(wrong))
        }
        _ if cosmetic > 0 => format!(
            "{cosmetic} of {total} {} edited in comments, white space or line ends alone, which changes nothing.\n",
            are(cosmetic)
        ),
        _ => format!("{same} of {total} {} what was applied.\n", are(same)),
    }
}

fn checksum(row: &Checksum) -> String {
    let (mark, style, words) = match row.status.as_str() {
        "ok" => ("x", GOOD, "OK"),
        "mismatch" => ("!", ERROR, "CHECKSUM MISMATCH"),
        "missing" => ("!", ERROR, "NOT IN THE FOLDER"),
        "cosmetic" => ("~", WARNING, "COSMETIC EDIT"),
        "partial" => ("~", WARNING, "APPLIED IN PART"),
        other => ("!", ERROR, other),
    };
    let mut text = format!("[{mark}] {} {}\n", migration(&row.version, &row.name), paint(style, words));
    let is_row_edited = row.status == "mismatch" && row.expected == row.actual;
    let values = match is_row_edited {
        // The sums of the tokens tell them apart.
        true => [("Expected:", &row.expected_tokens), ("Got:", &row.actual_tokens)],
        false => [("Expected:", &row.expected), ("Got:", &row.actual)],
    };
    for (label, value) in values {
        if let Some(value) = value
            && row.status != "ok"
        {
            text.push_str(&format!("    {label:<9} {value}\n"));
        }
    }
    if is_row_edited {
        text.push_str(
            "    The file is the one that was applied: somebody has edited its row in the ledger.\n",
        );
    }
    text
}

/// What resetting a checksum did.
pub fn reset(rows: &[ResetRow]) -> String {
    let line = |row: &ResetRow| {
        format!(
            "The checksum of {} is reset.\n    Was: {}\n    Now: {}\nThe SQL that ran here stays in the ledger, and is what the live schema is compared with.\n",
            migration(&row.version, &row.name),
            row.old_checksum,
            row.new_checksum
        )
    };
    rows.iter().map(line).collect()
}

/// Whether the migration is no longer the one that was applied; a cosmetic change is one of comments and spaces.
pub fn is_wrong(row: &Checksum) -> bool {
    matches!(row.status.as_str(), "mismatch" | "missing")
}

/// How the statuses begin of rows that are about down parts.
pub const ROLLBACK: &str = "rollback ";

/// Which down parts do not lead back.
pub fn rollbacks(rows: &[Checksum]) -> String {
    let mut text = String::new();
    for row in rows.iter().filter(|row| is_no_way_back(row)) {
        let file = migration(&row.version, &row.name);
        text.push_str(&format!("{file}: {}\n", paint(ERROR, &row.status)));
        for (label, value) in [("expected", &row.expected), ("actual", &row.actual)] {
            if let Some(value) = value {
                text.push_str(&format!("  {label:<9} {value}\n"));
            }
        }
    }
    let good = rows.iter().filter(|row| !is_no_way_back(row)).count();
    let total = count(rows.len(), "migration");
    text + &format!("{good} of {total} can be undone: up, down and up again give the same schema.\n")
}

/// Whether nothing proves that a migration can be undone.
pub fn is_no_way_back(row: &Checksum) -> bool {
    row.status != "rollback ok"
}

/// `Database is at version 0003.`: that of the migration that was applied last, which need not be in the folder.
fn place(migrations: &[MigrationState], at: &str) -> String {
    let applied = migrations.iter().filter(|row| !row.is_open());
    match applied.max_by(|a, b| a.applied_at.cmp(&b.applied_at)) {
        Some(last) => format!("{at} version {}.", last.version),
        None => "No migration is applied.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::style::plain;

    fn step(version: &str, name: &str, duration_ms: Option<i64>, sql: Option<&str>) -> MigrationStep {
        let status = if duration_ms.is_some() { "applied" } else { "planned" }.to_owned();
        let sql = sql.map(str::to_owned);
        MigrationStep { version: version.into(), name: name.into(), status, duration_ms, sql }
    }

    fn state(version: &str, state: &str) -> MigrationState {
        MigrationState {
            version: version.into(),
            name: "x".into(),
            state: state.into(),
            applied_at: None,
            applied_by: None,
            duration_ms: None,
            note: None,
            in_transaction: true,
        }
    }

    fn checksum(version: &str, status: &str) -> Checksum {
        let text = |text: &str| Some(text.to_owned());
        Checksum {
            version: version.into(),
            name: "x".into(),
            status: status.into(),
            expected: text("abc"),
            actual: text("def"),
            expected_tokens: text("123"),
            actual_tokens: text("456"),
        }
    }

    #[test]
    fn applying_has_the_documented_shape() {
        let steps = [step("0003", "add_documents_table", Some(42), None)];
        let expected = "\
Applying 0003_add_documents_table.sql ... done (42ms)
Applied 1 migration. Database is now at version 0003.
";
        assert_eq!(
            plain(&done(Direction::Up, &steps, &[state("0003", "applied"), state("0004", "pending")])),
            expected
        );
    }

    #[test]
    fn what_a_job_did_is_told_and_how_far_it_came() {
        let partial = MigrationStep { status: "partial".into(), ..step("0004", "index", Some(7), None) };
        let steps = [step("0003", "a", Some(42), None), partial];
        let note = Some("statement 2 of 3 is next".to_owned());
        let now = [state("0003", "applied"), MigrationState { note, ..state("0004", "partial") }];
        let expected = "\
Applying 0003_a.sql ... done (42ms)
Applying 0004_index.sql ... stopped: statement 2 of 3 is next
Applied 1 migration. Database is at version 0003.
";
        assert_eq!(plain(&cut_short(&steps, &now)), expected);
        let end = "Database is at version 0003. 1 migration is pending.\n";
        assert!(status(&now).ends_with(end));
        assert_eq!(cut_short(&[], &[]), "Applied 0 migrations. No migration is applied.\n");
    }

    #[test]
    fn reverting_says_where_the_database_is() {
        let steps = [step("0002", "b", Some(12), None), step("0001", "a", Some(3), None)];
        let expected = "\
Reverting 0002_b.sql ... done (12ms)
Reverting 0001_a.sql ... done (3ms)
Reverted 2 migrations. No migration is applied.
";
        assert_eq!(plain(&done(Direction::Down, &steps, &[state("0001", "pending")])), expected);
    }

    #[test]
    fn nothing_to_do_is_said() {
        let now = [state("0003", "edited")];
        assert_eq!(done(Direction::Up, &[], &now), "Nothing to apply. Database is at version 0003.\n");
        assert_eq!(planned(Direction::Down, &[], &[], ""), "Nothing to revert. No migration is applied.\n");
    }

    #[test]
    fn a_dry_run_shows_the_sql() {
        let steps = [step("1", "a", None, Some("create table a (\n\n  id int);\n"))];
        let expected = "\
Would apply 1_a.sql
    create table a (

      id int);
Rehearsed.
Dry run: 1 migration to apply. Nothing was changed.
";
        assert_eq!(planned(Direction::Up, &steps, &[], "Rehearsed.\n"), expected);
    }

    #[test]
    fn status_ends_with_what_is_pending() {
        let text = status(&[state("1", "applied"), state("2", "partial"), state("3", "pending")]);
        assert!(text.ends_with("Database is at version 1. 2 migrations are pending.\n"), "{text}");
    }

    #[test]
    fn the_last_applied_migration_is_where_the_database_is() {
        let mut rows = [state("1", "applied"), state("3", "applied"), state("2", "missing")];
        for (row, at) in rows.iter_mut().zip(["10:00:00+00:00", "12:00:00.5+00:00", "12:00:00+00:00"]) {
            row.applied_at = Some(format!("2026-05-07T{at}"));
        }
        assert_eq!(place(&rows, "At"), "At version 3.");
    }

    #[test]
    fn a_cosmetic_difference_is_never_called_a_match() {
        let text = plain(&checksums(&[checksum("1", "ok"), checksum("2", "cosmetic")]));
        let end = "1 of 2 applied migrations is edited in comments, white space or line ends alone, which changes nothing.\n";
        assert!(text.ends_with(end), "{text}");
        let text = plain(&checksums(&[checksum("1", "ok"), checksum("2", "partial")]));
        assert!(text.ends_with("1 of 2 applied migrations is what was applied.\n"), "{text}");
    }

    #[test]
    fn where_the_folder_is_not_what_was_applied_is_one_line() {
        let states = ["edited", "missing", "edited", "applied", "pending"];
        let all: Vec<_> = (1..).zip(states).map(|(n, word)| state(&format!("000{n}"), word)).collect();
        assert_eq!(departed(&all).as_deref(), Some("0001, 0003 edited, 0002 missing"));
        assert_eq!(folder_lacks(&all).as_deref(), Some("applied, and not in the folder: 0002"));
        assert_eq!((departed(&all[3..]), folder_lacks(&all[2..])), (None, None));
        let many: Vec<_> = (0..22).map(|n| state(&n.to_string(), "edited")).collect();
        assert!(departed(&many).unwrap().ends_with("18, 19 and 2 more edited"));
    }

    #[test]
    fn each_checksum_is_told_in_the_documented_words() {
        let forged = Checksum { actual: Some("abc".to_owned()), ..checksum("4", "mismatch") };
        let rows = [checksum("1", "ok"), checksum("2", "mismatch"), checksum("3", "cosmetic"), forged];
        let expected = "\
[x] 1_x.sql OK
[!] 2_x.sql CHECKSUM MISMATCH
    Expected: abc
    Got:      def
[~] 3_x.sql COSMETIC EDIT
    Expected: abc
    Got:      def
[!] 4_x.sql CHECKSUM MISMATCH
    Expected: 123
    Got:      456
    The file is the one that was applied: somebody has edited its row in the ledger.
ERROR: 2 of 4 applied migrations are not what was applied.
";
        assert_eq!(plain(&checksums(&rows)), expected);
        let all_match = "[x] 1_x.sql OK\nThe checksum of the 1 applied migration matches.\n";
        assert_eq!(plain(&checksums(&rows[..1])), all_match);
    }
}
