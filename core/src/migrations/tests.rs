//! The journal against the ledger, each given as short lists.

use expect_test::{Expect, expect};

use super::*;
use crate::formats::Migration;

pub(crate) fn entry(version: &str, up_sql: &str) -> Migration {
    Migration {
        version: version.to_owned(),
        name: format!("name_of_{version}"),
        path: format!("{version}.sql"),
        up_sql: up_sql.to_owned(),
        down_sql: None,
        down_path: None,
        checksum: format!("sum of {up_sql}"),
        down_checksum: None,
        snapshot: None,
        snapshot_sha256: None,
        breakpoints: false,
        up_line: 1,
        down_line: 1,
        in_transaction: true,
        down_in_transaction: true,
        generated_at: None,
        loaded_by: "loader".to_owned(),
    }
}

/// A migration whose statements have a transaction each.
fn marked(version: &str, up_sql: &str) -> Migration {
    Migration { in_transaction: false, ..entry(version, up_sql) }
}

pub(crate) fn applied(version: &str, sql: &str) -> Applied {
    Applied {
        version: version.to_owned(),
        name: format!("name_of_{version}"),
        path: format!("{version}.sql"),
        tenant: None,
        sql: sql.to_owned(),
        breakpoints: false,
        in_transaction: true,
        statements_done: None,
        statement_begun: None,
        checksum: format!("sum of {sql}"),
        logged_in_as: "owner".to_owned(),
        applied_by: "owner".to_owned(),
        settings: Default::default(),
        rights: Rights::default(),
        applied_at: None,
        duration_ms: 0,
        adopted: None,
        mirrored: None,
        evidence_row: None,
        reset: None,
        retired: None,
    }
}

/// A migration of which some statements have run.
fn begun(version: &str, sql: &str, done: usize) -> Applied {
    Applied { statements_done: Some(done), in_transaction: false, ..applied(version, sql) }
}

/// Stands for the server's parser, which cannot read what has a question mark.
fn split(script: &Script<'_>) -> Option<Vec<String>> {
    let statements = script.sql.split_terminator(';').map(str::to_owned).collect();
    (!script.sql.contains('?')).then_some(statements)
}

/// The journal holds the first list of versions, the ledger the second one.
fn of(journal: &[&str], ledger: &[&str]) -> Vec<Status> {
    status(
        journal.iter().map(|version| entry(version, "SELECT 1;")).collect(),
        ledger.iter().map(|version| applied(version, "SELECT 1;")).collect(),
        &split,
    )
}

fn state(applied: Applied, entry: Migration) -> State {
    status(vec![entry], vec![applied], &split)[0].state
}

/// What is chosen, or the error; before it, what is told.
fn up(all: &[Status], extent: Extent<'_>, expect: Expect) {
    let mut said = Vec::new();
    let chosen = choose_up(all, extent, false, |sentence| said.push(sentence));
    said.push(match chosen {
        Ok(chosen) => {
            format!("{:?}", chosen.iter().map(|entry| entry.version.as_str()).collect::<Vec<_>>())
        }
        Err(error) => error.to_string(),
    });
    expect.assert_eq(&said.join("; "));
}

fn down(ledger: &[&str], journal: &[&str], extent: Extent<'_>, expect: Expect) {
    let ledger: Vec<_> = ledger.iter().map(|version| applied(version, "SELECT 1;")).collect();
    let journal: Vec<_> = journal.iter().map(|version| entry(version, "SELECT 1;")).collect();
    expect.assert_eq(&match choose_down(&ledger, &journal, extent) {
        Ok(chosen) => {
            format!("{:?}", chosen.iter().map(|applied| applied.version.as_str()).collect::<Vec<_>>())
        }
        Err(error) => error.to_string(),
    });
}

#[test]
fn the_journal_comes_first_and_what_only_the_ledger_knows_by_number() {
    let all = of(&["2", "1"], &["10", "9", "2"]);
    let shown: Vec<_> = all.iter().map(|one| format!("{} {:?}", one.version, one.state)).collect();
    expect!["2 Applied, 1 Pending, 9 Missing, 10 Missing"].assert_eq(&shown.join(", "));
}

#[test]
fn an_edit_of_comments_is_cosmetic() {
    assert_eq!(state(applied("1", "SELECT 1"), entry("1", "SELECT 1")), State::Applied);
    assert_eq!(state(applied("1", "SELECT 1"), entry("1", "SELECT  1 -- one")), State::Cosmetic);
    assert_eq!(state(applied("1", "SELECT 1"), entry("1", "SELECT 2")), State::Edited);
}

#[test]
fn what_has_not_run_of_a_begun_migration_may_be_edited() {
    let begun = || begun("1", "a;b;", 1);
    assert_eq!(state(begun(), marked("1", "a;b;")), State::Partial);
    assert_eq!(state(begun(), marked("1", " a -- still\n;c;d;")), State::Partial);
    assert_eq!(state(begun(), marked("1", "A2;b;")), State::Edited);
    assert_eq!(state(begun(), marked("1", "")), State::Edited);
    assert_eq!(state(begun(), entry("1", "a;b;")), State::Edited);
}

#[test]
fn a_begun_migration_that_cannot_be_read_now_is_not_called_edited() {
    assert_eq!(state(begun("1", "a;", 1), marked("1", "a?")), State::Partial);
    assert_eq!(state(begun("1", "a?", 1), marked("1", "a;")), State::Edited);
}

#[test]
fn all_that_is_pending_is_applied_unless_told_how_far() {
    let all = of(&["001", "002", "003"], &["001"]);
    up(&all, Extent::Unsaid, expect![[r#"["002", "003"]"#]]);
    up(&all, Extent::To("002"), expect![[r#"["002"]"#]]);
    up(&all, Extent::To("2"), expect![[r#"["002"]"#]]);
    up(&all, Extent::Count(1), expect![[r#"["002"]"#]]);
    up(&all, Extent::Count(3), expect!["3 migrations were to be applied, but only 2 are pending"]);
}

#[test]
fn a_target_that_is_applied_is_reached_unless_more_is() {
    let all = of(&["1", "2", "3"], &["1", "2"]);
    up(&all, Extent::To("2"), expect!["[]"]);
    up(&all, Extent::To("1"), expect!["migration 1 is already applied"]);
    up(&of(&["1"], &["1"]), Extent::Count(5), expect!["[]"]);
}

#[test]
fn a_target_is_one_of_the_journal() {
    let all = of(&["1", "2"], &["7"]);
    up(&all, Extent::To("3"), expect!["there is no migration 3 in the journal"]);
    up(&all, Extent::To("7"), expect!["there is no migration 7 in the journal"]);
    up(&of(&["0"], &[]), Extent::To("init"), expect!["there is no migration init in the journal"]);
    up(&of(&[], &["7"]), Extent::Unsaid, expect!["the journal is empty"]);
}

#[test]
fn a_pending_migration_does_not_come_before_an_applied_one() {
    let all = of(&["1", "2", "3"], &["1", "3"]);
    up(&all, Extent::Unsaid, expect!["migration 2 comes before 3, which is already applied"]);
    up(&all, Extent::To("2"), expect!["migration 2 comes before 3, which is already applied"]);
    // What is not in the journal any more has no place in its order.
    up(&of(&["1", "2"], &["1", "3"]), Extent::Unsaid, expect![[r#"["2"]"#]]);
}

#[test]
fn out_of_order_it_does_where_that_is_wanted_and_is_told() {
    let all = of(&["1", "2", "3", "4"], &["1", "3"]);
    let mut said = Vec::new();
    let chosen = choose_up(&all, Extent::Unsaid, true, |sentence| said.push(sentence)).unwrap();
    assert_eq!(chosen.iter().map(|entry| entry.version.as_str()).collect::<Vec<_>>(), ["2", "4"]);
    assert_eq!(said, ["migration 2 comes before 3, which is applied, and runs after it"]);
    let chosen = choose_up(&all, Extent::To("2"), true, |_| {}).unwrap();
    assert_eq!(chosen.len(), 1);
}

#[test]
fn a_begun_migration_goes_on_first() {
    let all = status(vec![marked("1", "a;b;"), entry("2", "c;")], vec![begun("1", "a;b;", 1)], &split);
    up(&all, Extent::Unsaid, expect![[r#"["1", "2"]"#]]);
}

#[test]
fn an_edit_is_refused_and_a_cosmetic_one_is_told() {
    let of = |second: Migration, ran: Applied| {
        let journal = vec![entry("1", "SELECT 1 -- one"), second, entry("3", "SELECT 3")];
        status(journal, vec![applied("1", "SELECT 1"), ran], &split)
    };
    up(
        &of(entry("2", "SELECT 2"), applied("2", "SELECT 2")),
        Extent::Unsaid,
        expect![[
            r#"migration 1 was edited after it was applied, in comments, white space or line ends alone; ["3"]"#
        ]],
    );
    up(
        &of(entry("2", "SELECT 0"), applied("2", "SELECT 2")),
        Extent::Unsaid,
        expect!["the journal is not what was applied: 2 edited"],
    );
    up(
        &of(marked("2", "b;"), begun("2", "a;b;", 1)),
        Extent::Unsaid,
        expect!["migration 2 is applied up to statement 1, and what ran of it was changed since"],
    );
}

#[test]
fn an_edited_folder_is_told_in_one_line() {
    let ran = |version: &str| applied(version, &format!("SELECT {version}"));
    let ledger = || ["1", "2", "3"].map(ran).to_vec();
    let journal = |versions: &[(&str, &str)]| {
        let journal = versions.iter().map(|(version, sql)| entry(version, sql)).collect();
        status(journal, ledger(), &split)
    };
    let all = journal(&[("1", "SELECT 0"), ("3", "SELECT 0"), ("4", "SELECT 4")]);
    up(&all, Extent::Unsaid, expect!["the journal is not what was applied: 1, 3 edited, 2 missing"]);
    let error = choose_up(&all, Extent::Unsaid, false, |_| {}).unwrap_err();
    expect![[r#"
        The checksum of 1 was sum of SELECT 1, and is now sum of SELECT 0.
        The checksum of 3 was sum of SELECT 3, and is now sum of SELECT 0."#]]
    .assert_eq(&error.detail().unwrap());
    let all = journal(&[("1", "SELECT 1"), ("3", "SELECT 3"), ("4", "SELECT 4")]);
    up(&all, Extent::Unsaid, expect![[r#"["4"]"#]]);
}

#[test]
fn what_is_pending_before_what_is_applied_says_that_it_is_refused() {
    let all = of(&["1", "2", "3", "4"], &["1", "3"]);
    let notes: Vec<_> = all.iter().map(|status| status.note(&split)).collect();
    let refused = Some("comes before 3, which is applied: it is refused".to_owned());
    assert_eq!(notes, [None, refused, None, None]);
}

#[test]
fn a_reset_checksum_makes_the_edited_file_count_and_leaves_what_ran() {
    let reset = |sql: &str| Reset {
        sql: sql.to_owned(),
        checksum: format!("sum of {sql}"),
        reason: "typo".to_owned(),
        by: "ann".to_owned(),
        at: "2026-05-07".to_owned(),
    };
    let ran = || Applied { reset: Some(reset("SELECT 2")), ..applied("1", "SELECT 1") };
    let of = |sql: &str| status(vec![entry("1", sql)], vec![ran()], &split);
    let all = of("SELECT 2");
    assert_eq!((all[0].state, all[0].ledger.as_ref().unwrap().script().sql), (State::Applied, "SELECT 1"));
    let note = "it ran before it was edited; ann reset its checksum on 2026-05-07: typo";
    assert_eq!(all[0].note(&split).as_deref(), Some(note));
    assert_eq!(of("SELECT 2 -- two")[0].state, State::Cosmetic);
    // Put back as it was when it ran, it is an edit of what counts.
    assert_eq!(of("SELECT 1")[0].state, State::Edited);
}

#[test]
fn only_the_checksum_of_what_was_edited_is_reset() {
    let all = status(
        vec![
            entry("01", "a"),
            entry("02", "b2"),
            entry("03", "c -- c"),
            entry("04", "d"),
            marked("05", "e;f2"),
            entry("R__views", "new"),
        ],
        vec![
            applied("01", "a"),
            applied("02", "b"),
            applied("03", "c"),
            begun("05", "e;f", 1),
            applied("06", "g"),
            applied("R__views", "old"),
        ],
        &split,
    );
    let reset = |version| match choose_reset(&all, version) {
        Ok((entry, applied)) => format!("{} for {}", entry.up_sql, applied.sql),
        Err(error) => error.to_string(),
    };
    let said = ["1", "2", "03", "4", "5", "6", "7", "R__views"].map(reset).join("\n");
    expect![[r#"
        the file of migration 01 is what was applied: there is nothing to reset
        b2 for b
        c -- c for c
        migration 04 is not applied
        migration 05 is applied only in part, and goes on with its file as it is
        migration 06 is applied, and not in the journal: there is no file that could count
        there is no migration 7 in the journal
        migration R__views runs again when its file changes: its checksum needs no reset"#]]
    .assert_eq(&said);
}

#[test]
fn a_row_of_the_ledger_that_somebody_edited_is_told_as_such() {
    let edited = Applied { sql: "SELECT 2".to_owned(), ..applied("1", "SELECT 1") };
    let all = status(vec![entry("1", "SELECT 1")], vec![edited], &split);
    let note = "its SQL in the ledger is not that of its checksum: somebody has edited the row";
    assert_eq!((all[0].state, all[0].note(&split).as_deref()), (State::Edited, Some(note)));
    let error = choose_up(&all, Extent::Unsaid, false, |_| {}).unwrap_err();
    expect![
        "The SQL of 1 in the ledger is not that of its checksum sum of SELECT 1: somebody has edited the row."
    ]
    .assert_eq(&error.detail().unwrap());
}

#[test]
fn the_last_one_is_undone_unless_told_how_far() {
    let (ledger, journal) = (["01", "02", "03"], ["01", "02", "03", "04"]);
    down(&ledger, &journal, Extent::Unsaid, expect![[r#"["03"]"#]]);
    down(&ledger, &journal, Extent::Count(2), expect![[r#"["03", "02"]"#]]);
    down(&ledger, &journal, Extent::To("1"), expect![[r#"["03", "02"]"#]]);
    down(&ledger, &journal, Extent::To("03"), expect!["[]"]);
    down(&ledger, &journal, Extent::To("4"), expect!["migration 4 is not applied"]);
    down(&ledger, &journal, Extent::To("5"), expect!["there is no migration 5 in the journal"]);
    down(
        &ledger,
        &journal,
        Extent::Count(4),
        expect!["4 migrations were to be undone, but only 3 are applied"],
    );
    down(&[], &journal, Extent::Unsaid, expect!["[]"]);
}

#[test]
fn undoing_needs_a_down_part_in_the_journal() {
    let with_down = Migration { down_sql: Some("DROP TABLE t".to_owned()), down_line: 7, ..marked("1", "a") };
    let journal = [with_down, entry("2", "b")];
    let (entry, script) = down_part(&journal, &applied("1", "a")).unwrap();
    assert_eq!((entry.version.as_str(), script.sql, script.path), ("1", "DROP TABLE t", "1.sql"));
    assert_eq!((script.first_line, script.in_transaction), (7, true));
    for version in ["2", "3"] {
        let none = down_part(&journal, &applied(version, "b")).map(|_| ());
        assert_eq!(none, Err(Error::NoDown { version: version.to_owned() }));
    }
}

#[test]
fn a_target_and_a_count_exclude_each_other() {
    let said = |target, count| Extent::new(target, "steps", count).map_err(|error| error.to_string());
    assert_eq!(said(None, None), Ok(Extent::Unsaid));
    assert_eq!(said(Some("3"), None), Ok(Extent::To("3")));
    assert_eq!(said(None, Some(2)), Ok(Extent::Count(2)));
    assert_eq!(said(None, Some(0)), Err("steps must be at least 1, not 0".to_owned()));
    assert_eq!(said(None, Some(-1)), Err("steps must be at least 1, not -1".to_owned()));
    assert_eq!(said(Some("3"), Some(1)), Err("target and steps cannot be given together".to_owned()));
}

#[test]
fn each_state_has_a_word_in_the_list_and_one_for_its_checksum() {
    use State::{Applied, Cosmetic, Edited, Missing, Partial, Pending};
    let words = [Pending, Partial, Applied, Cosmetic, Edited, Missing].map(|s| (s.as_str(), s.verdict()));
    assert_eq!(
        words,
        [
            ("pending", None),
            ("partial", Some("partial")),
            ("applied", Some("ok")),
            ("cosmetic", Some("cosmetic")),
            ("edited", Some("mismatch")),
            ("missing", Some("missing")),
        ]
    );
}

#[test]
fn a_status_says_what_there_is_to_say() {
    let split = |script: &Script<'_>| Some(script.sql.split(';').map(str::to_owned).collect::<Vec<_>>());
    let of = |state, journal: Option<Migration>, ledger: Option<Applied>| Status {
        version: "1".to_owned(),
        name: String::new(),
        state,
        journal,
        ledger,
        behind: None,
    };
    let begun = |at: Option<&str>| Applied {
        in_transaction: false,
        statements_done: Some(1),
        statement_begun: at.map(str::to_owned),
        ..applied("1", "a;b")
    };
    let note = |status: Status| status.note(&split);
    assert_eq!(note(of(State::Pending, Some(entry("1", "a")), None)), None);
    let partial = |at| note(of(State::Partial, Some(marked("1", "a;b")), Some(begun(at))));
    assert_eq!(partial(None).as_deref(), Some("statement 2 of 2 is next"));
    assert_eq!(partial(Some("")).as_deref(), Some("statement 2 of 2 was begun"));
    let edited = |applied| note(of(State::Edited, Some(entry("1", "b")), Some(applied)));
    assert_eq!(edited(applied("1", "a")).as_deref(), Some("the file is not what was applied"));
    assert_eq!(edited(begun(None)).as_deref(), Some("applied in part, and that part is edited"));
    let missing = of(State::Missing, None, Some(begun(None)));
    assert_eq!((missing.checksum(), missing.in_transaction()), ("sum of a;b", false));
    assert_eq!(note(missing).as_deref(), Some("applied in part, but not in the journal"));
    let both = of(State::Applied, Some(entry("1", "b")), Some(begun(None)));
    assert_eq!((both.checksum(), both.in_transaction()), ("sum of b", true));
}

#[test]
fn what_runs_again_comes_after_all_others_whenever_it_has_changed() {
    let journal = || vec![entry("1", "one"), entry("2", "two"), entry("R__views", "new")];
    let before = || vec![applied("1", "one"), applied("R__views", "old")];
    let all = status(journal(), before(), &|_| None);
    assert_eq!(all[2].state, State::Pending);
    assert_eq!(all[2].note(&|_| None).as_deref(), Some("its file has changed: it runs again"));
    let chosen = choose_up(&all, Extent::Unsaid, false, |_| {}).expect("nothing is out of order");
    assert_eq!(chosen.iter().map(|entry| entry.version.as_str()).collect::<Vec<_>>(), ["2", "R__views"]);
    let same = status(
        journal(),
        vec![applied("1", "one"), applied("2", "two"), applied("R__views", "new")],
        &|_| None,
    );
    assert_eq!(same[2].state, State::Applied);
    // A down goes past it.
    let applied = before();
    let undone = choose_down(&applied, &journal(), Extent::Unsaid).expect("one is applied");
    assert_eq!(undone[0].version, "1");
}
