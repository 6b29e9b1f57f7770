//! What is found, in short lists.

use expect_test::{Expect, expect};

use super::adopted::Did;
use super::*;
use crate::formats::Migration;
use crate::migrations::tests::{applied, entry};
use crate::migrations::{Applied, Reset, Retired, Script, status};

fn split(script: &Script<'_>) -> Option<Vec<String>> {
    Some(script.sql.split_terminator(';').map(str::to_owned).collect())
}

fn named(name: &str, entry: Migration) -> Migration {
    Migration { name: name.to_owned(), ..entry }
}

fn row(name: &str, row: Applied) -> Applied {
    Applied { name: name.to_owned(), ..row }
}

fn short(finding: &Finding) -> String {
    let version = finding.version.as_deref().unwrap_or("-");
    let remedy = match &finding.remedy {
        Remedy::Manual { .. } => "manual".to_owned(),
        Remedy::Mend { act: Act::Restate { to, sql }, .. } => {
            format!("-> {}{}", to.version, if sql.is_some() { " with its SQL" } else { "" })
        }
        Remedy::Mend { act, .. } => format!("{act:?}"),
    };
    format!("{} {version}: {remedy}", finding.problem.as_str())
}

fn found(journal: Vec<Migration>, ledger: Vec<Applied>, expect: Expect) {
    let found = find(&status(journal, ledger, &split));
    expect.assert_eq(&found.iter().map(short).collect::<Vec<_>>().join("\n"));
}

#[test]
fn nothing_is_wrong_where_all_is_applied_or_pending() {
    found(vec![entry("1", "A"), entry("2", "B")], vec![applied("1", "A")], expect![""]);
    found(vec![entry("1", "A  -- a")], vec![applied("1", "A")], expect![""]);
    assert_eq!(empty_journal(0), None);
    assert_eq!(empty_journal(2).map(|of| of.is_mendable()), Some(false));
}

#[test]
fn a_file_with_the_same_bytes_or_tokens_was_renamed() {
    found(vec![entry("2", "A")], vec![applied("1", "A")], expect!["renamed migration 1: -> 2"]);
    found(vec![entry("2", "A -- a")], vec![applied("1", "A")], expect!["renamed migration 1: -> 2"]);
    // Comments alone are like any other comments.
    found(vec![entry("2", "-- b")], vec![applied("1", "-- a")], expect!["missing migration 1: Retire"]);
}

#[test]
fn two_are_told_apart_by_what_they_do_then_by_their_names_then_by_their_order() {
    let ledger = || vec![applied("1", "A"), applied("2", "B")];
    found(
        vec![entry("3", "B"), entry("4", "A")],
        ledger(),
        expect![[r#"
            renamed migration 1: -> 4
            renamed migration 2: -> 3"#]],
    );
    let twins = || vec![row("a", applied("1", "A")), row("b", applied("2", "A"))];
    found(
        vec![named("b", entry("3", "A")), named("a", entry("4", "A"))],
        twins(),
        expect![[r#"
            renamed migration 1: -> 4
            renamed migration 2: -> 3"#]],
    );
    found(
        vec![named("x", entry("3", "A")), named("y", entry("4", "A"))],
        twins(),
        expect![[r#"
            renamed migration 1: -> 3
            renamed migration 2: -> 4"#]],
    );
    found(
        vec![named("x", entry("3", "A"))],
        twins(),
        expect![[r#"
            missing migration 1: manual
            missing migration 2: manual"#]],
    );
    found(
        vec![named("b", entry("3", "A"))],
        twins(),
        expect![[r#"
            missing migration 1: Retire
            renamed migration 2: -> 3"#]],
    );
}

#[test]
fn a_chain_of_renames_and_a_swap_are_followed() {
    let ledger = || vec![applied("1", "A"), applied("2", "B"), applied("3", "C")];
    found(
        vec![entry("1", "A"), entry("3", "B"), entry("4", "C")],
        ledger(),
        expect![[r#"
            renamed migration 3: -> 4
            renamed migration 2: -> 3"#]],
    );
    found(
        vec![entry("1", "B"), entry("2", "A"), entry("3", "C")],
        ledger(),
        expect![[r#"
            renamed migration 1: -> 2
            renamed migration 2: -> 1"#]],
    );
    // What ran as 3 is nowhere: 2 cannot take its version.
    found(
        vec![entry("1", "A"), entry("3", "B")],
        ledger(),
        expect![[r#"
            edited migration 3: manual
            missing migration 2: manual"#]],
    );
}

#[test]
fn what_was_renamed_and_edited_at_once_is_for_a_person() {
    let file = |sql| named("users", entry("2", sql));
    found(vec![file("B")], vec![row("users", applied("1", "A"))], expect!["missing migration 1: manual"]);
    found(
        vec![named("other", entry("2", "B"))],
        vec![row("users", applied("1", "A"))],
        expect!["missing migration 1: Retire"],
    );
}

#[test]
fn what_is_retired_is_nothing_new_until_its_sql_is_pending() {
    let retired = Retired { by: "me".to_owned(), at: "today".to_owned() };
    let gone = || Applied { retired: Some(retired.clone()), ..applied("1", "A") };
    found(vec![entry("2", "B")], vec![gone()], expect![""]);
    found(vec![entry("2", "A")], vec![gone()], expect!["renamed migration 1: -> 2"]);
    found(vec![entry("1", "A")], vec![gone()], expect![""]);
}

#[test]
fn a_row_that_was_edited_by_hand_gets_the_sql_of_its_checksum_again() {
    let sum = || crate::checksum::sha256_hex(b"A");
    let hand = || Applied { sql: "X".to_owned(), checksum: sum(), ..applied("1", "A") };
    let file = |version| Migration { checksum: sum(), ..entry(version, "A") };
    found(vec![file("1")], vec![hand()], expect!["edited ledger 1: -> 1 with its SQL"]);
    found(vec![file("2")], vec![hand()], expect!["renamed migration 1: -> 2 with its SQL"]);
    // A file that has more than its up part can have been read otherwise then: it proves nothing.
    let hand = || Applied { sql: "X".to_owned(), ..applied("1", "A") };
    found(vec![entry("1", "A")], vec![hand()], expect!["edited ledger 1: manual"]);
    found(vec![entry("2", "A")], vec![hand()], expect!["missing migration 1: Retire"]);
    found(vec![entry("1", "B")], vec![applied("1", "A")], expect!["edited migration 1: manual"]);
    // A reset file counts for the row, too, and the row stays what ran.
    let reset = || {
        let file = entry("1", "B");
        Applied {
            reset: Some(Reset {
                sql: file.up_sql,
                checksum: file.checksum,
                reason: "so".to_owned(),
                by: "me".to_owned(),
                at: "today".to_owned(),
            }),
            ..applied("1", "A")
        }
    };
    found(vec![entry("2", "B")], vec![reset()], expect!["renamed migration 1: -> 2"]);
    found(vec![entry("2", "A")], vec![reset()], expect!["renamed migration 1: -> 2"]);
}

#[test]
fn what_runs_again_and_again_is_never_renamed() {
    found(vec![entry("R__b", "A")], vec![applied("R__a", "A")], expect!["missing migration R__a: Retire"]);
}

#[test]
fn of_a_part_that_ran_the_catalogs_say_what_is_next() {
    let begun = Applied { statements_done: Some(1), in_transaction: false, ..applied("1", "A;B") };
    let file = Migration { in_transaction: false, ..entry("1", "A;B") };
    let all = status(vec![file], vec![begun.clone()], &split);
    let said = |next: &Next, of| short(&partial(&all[0], next, of).expect("it is partial"));
    assert_eq!(said(&Next::Ended, 2), "partial migration 1: EndStatement { is_last: true }");
    assert_eq!(said(&Next::Ended, 3), "partial migration 1: EndStatement { is_last: false }");
    assert_eq!(said(&Next::NotBegun, 2), "partial migration 1: manual");
    assert_eq!(said(&Next::HalfMade { rest: "REINDEX".to_owned() }, 2), "partial migration 1: manual");
    found(vec![entry("2", "C")], vec![begun], expect!["missing migration 1: manual"]);
    assert_eq!(
        partial(&status(vec![entry("1", "A")], vec![applied("1", "A")], &split)[0], &Next::Ended, 1),
        None
    );
}

fn effect(did: Did, identity: &str) -> Effect {
    Effect { did, object_type: "table".to_owned(), identity: identity.to_owned() }
}

#[test]
fn an_adopted_migration_is_not_here_if_nothing_of_it_is() {
    let of = |effects: &[Effect]| Adopted {
        version: "1".to_owned(),
        path: "1.sql".to_owned(),
        source: "goose".to_owned(),
        effects: effects.to_vec(),
    };
    let drift_of = |is_sure| Drift::from([(("table".to_owned(), "a".to_owned()), is_sure)]);
    let drift = drift_of(true);
    let (a, b) = (effect(Did::Make, "a"), effect(Did::Make, "b"));
    let lacking = || vec!["table a".to_owned()];
    assert_eq!(landed(&of(std::slice::from_ref(&a)), &[], &drift), Landed::Nothing { lacking: lacking() });
    assert_eq!(landed(&of(&[a.clone(), b.clone()]), &[], &drift), Landed::InPart { lacking: lacking() });
    // It may have another name by now.
    assert_eq!(
        landed(&of(std::slice::from_ref(&a)), &[], &drift_of(false)),
        Landed::InPart { lacking: lacking() }
    );
    assert_eq!(landed(&of(std::slice::from_ref(&b)), &[], &drift), Landed::All);
    assert_eq!(landed(&of(&[]), &[], &drift), Landed::Unknown);
    // What a later one has dropped says nothing; what a later one has altered was made here.
    assert_eq!(landed(&of(&[b]), &[effect(Did::Drop, "b")], &drift), Landed::Unknown);
    assert_eq!(
        landed(&of(std::slice::from_ref(&a)), &[effect(Did::Alter, "a")], &drift),
        Landed::Nothing { lacking: lacking() }
    );
    // Somebody has altered what it altered, too: that proves nothing.
    assert_eq!(landed(&of(&[effect(Did::Alter, "a")]), &[], &drift), Landed::Unknown);

    let said = |landed: &Landed, needed_by| unfounded(&of(&[]), landed, needed_by).map(|of| short(&of));
    let nothing = Landed::Nothing { lacking: lacking() };
    let withdraws =
        "adopted migration 1: Withdraw { reason: \"nothing of what it makes was here: table a\" }";
    assert_eq!(said(&nothing, None).as_deref(), Some(withdraws));
    assert_eq!(said(&nothing, Some("2")).as_deref(), Some("adopted migration 1: manual"));
    assert_eq!(
        said(&Landed::InPart { lacking: lacking() }, None).as_deref(),
        Some("adopted migration 1: manual")
    );
    assert_eq!(said(&Landed::All, None), None);
    // It made nothing itself, and works on what is not here.
    let needs = Landed::Needs { other: "0".to_owned() };
    let withdraws = "adopted migration 1: Withdraw { reason: \"it needs 0, of which nothing was here\" }";
    assert_eq!(said(&needs, None).as_deref(), Some(withdraws));
}

#[test]
fn another_tools_list_is_believed_where_the_schema_does_not_speak_against_it() {
    let of = |is_known, here: &[String]| short(&other_tool("goose", "public.l", "applied 2", is_known, here));
    assert_eq!(of(true, &[]), "other tool -: Adopt { list: \"public.l\" }");
    assert_eq!(of(false, &[]), "other tool -: manual");
    assert_eq!(of(true, &["1".to_owned()]), "other tool -: manual");
}
