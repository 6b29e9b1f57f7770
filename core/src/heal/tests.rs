//! Plans of a few steps, and how each step ends.

use std::collections::BTreeMap;
use std::convert::Infallible;

use expect_test::{Expect, expect};

use super::*;
use crate::model::Name;
use crate::plan::Kind;

fn step(identity: &str, verdict: Verdict) -> Step {
    Step { verdict, ..Step::not_compared(Kind::Missing, "table", identity, String::new()) }
}

fn work(needs: &[&str]) -> Work {
    Work {
        actions: Vec::new(),
        run_as: "owner".to_owned(),
        checks: Vec::new(),
        needs: needs.iter().map(|need| Address::new("table", need)).collect(),
        differing: Vec::new(),
        rights: Vec::new(),
        detail: None,
        runs: None,
    }
}

fn additive(identity: &str, needs: &[&str]) -> Step {
    step(identity, Verdict::Additive(work(needs)))
}

fn outcome(identity: &str, status: Status) -> Outcome {
    Outcome { step: additive(identity, &[]), status, detail: None }
}

/// Every step that is asked for ends like that.
fn check(steps: &[Step], status: Status, expect: Expect) {
    let outcomes = go(steps, &Catalog::default(), |_, _, _| Ok::<_, Infallible>((status, None)));
    let shown: Vec<String> = outcomes
        .unwrap()
        .into_iter()
        .map(|outcome| {
            let detail = outcome.detail.map(|detail| format!(": {detail}")).unwrap_or_default();
            format!("{} {}{detail}", outcome.step.identity, outcome.status.as_str())
        })
        .collect();
    expect.assert_eq(&shown.join("\n"));
}

#[test]
fn what_needs_an_object_that_is_not_made_waits_for_it() {
    let steps = [
        step("a", Verdict::Manual { reason: "it was renamed".to_owned() }),
        step("b", Verdict::Blocked { reason: "a schema is in the way".to_owned() }),
        additive("c", &["a"]),
        additive("d", &["c"]),
        additive("e", &["b", "x"]),
        additive("f", &["x"]),
    ];
    check(
        &steps,
        Status::Applied,
        expect![[r#"
            a manual: it was renamed
            b blocked: a schema is in the way
            c blocked: waits for table a
            d blocked: waits for table c
            e blocked: waits for table b
            f applied"#]],
    );
}

#[test]
fn a_step_waits_for_one_that_failed_but_not_for_one_that_is_planned() {
    let steps = [additive("a", &[]), additive("b", &["a"])];
    check(
        &steps,
        Status::Failed,
        expect![[r#"
            a failed
            b blocked: waits for table a"#]],
    );
    check(
        &steps,
        Status::Planned,
        expect![[r#"
            a planned
            b planned"#]],
    );
}

#[test]
fn a_step_is_told_of_what_was_applied_before_it() {
    let steps = [additive("a", &[]), additive("b", &[]), additive("c", &[])];
    let mut told = Vec::new();
    let outcomes = go(&steps, &Catalog::default(), |step, _, columns| {
        told.push(columns.iter().cloned().collect::<Vec<_>>().join(" "));
        let status = if step.identity == "a" { Status::Applied } else { Status::Planned };
        Ok::<_, Infallible>((status, None))
    });
    assert_eq!(outcomes.unwrap().len(), 3);
    assert_eq!(told, ["", "a", "a"]);
}

/// `a` can be made once `d` is there, of which nobody knew; `b` waits for `a`.
#[test]
fn what_failed_for_want_of_a_later_step_is_taken_again_until_nothing_moves() {
    let steps = [additive("a", &[]), additive("b", &["a"]), additive("c", &[]), additive("d", &[])];
    let mut taken = Vec::new();
    let outcomes = go(&steps, &Catalog::default(), |step, _, there| {
        taken.push(step.identity.clone());
        let lacks = step.identity == "c" || step.identity == "a" && !there.contains("d");
        Ok::<_, Infallible>((if lacks { Status::Failed } else { Status::Applied }, None))
    });
    let ends: Vec<Status> = outcomes.unwrap().into_iter().map(|outcome| outcome.status).collect();
    assert_eq!(ends, [Status::Applied, Status::Applied, Status::Failed, Status::Applied]);
    assert_eq!(taken.concat(), "acdabc");
}

#[test]
fn rows_in_the_way_are_not_looked_at_again() {
    let steps = [additive("a", &[]), additive("b", &[])];
    let mut taken = 0;
    let outcomes = go(&steps, &Catalog::default(), |step, _, _| {
        taken += 1;
        Ok::<_, Infallible>((if step.identity == "a" { Status::Blocked } else { Status::Applied }, None))
    });
    assert_eq!((outcomes.unwrap().len(), taken), (2, 2));
}

#[test]
fn an_error_ends_the_heal() {
    let steps = [additive("a", &[]), additive("b", &[])];
    let mut asked = 0;
    let ended = go(&steps, &Catalog::default(), |_, _, _| {
        asked += 1;
        Err("stop")
    });
    assert_eq!((ended, asked), (Err("stop"), 1));
}

#[test]
fn only_what_makes_something_new_creates() {
    let of = |action| creates(&Work { actions: vec![action], ..work(&[]) });
    assert!(of(Action::CreateSchema { name: "s".to_owned() }));
    let table = Name { schema: "s".to_owned(), name: "t".to_owned() };
    assert!(!of(Action::EnableRowSecurity { table, force: false }));
    assert!(!creates(&work(&[])));
}

#[test]
fn data_and_locks_block_and_other_errors_fail() {
    let said = |sqlstate, work: &Work| refused("it cannot be", sqlstate, work);
    let blocked = |said: &str| (Status::Blocked, Some(said.to_owned()));
    for sqlstate in ["23505", "55P03", "42P17"] {
        assert_eq!(said(sqlstate, &work(&[])), blocked("it cannot be"));
    }
    let failed = (Status::Failed, Some("it cannot be (SQLSTATE 42P01)".to_owned()));
    assert_eq!(said("42P01", &work(&[])), failed);
    let on_changed = Work { differing: vec![Address::new("table", "t")], ..work(&[]) };
    assert_eq!(
        said("42P01", &on_changed),
        blocked("it cannot be. It needs table t, which is not as expected")
    );
}

#[test]
fn what_was_applied_and_differs_in_the_same_way_is_stuck() {
    let outcomes = [
        outcome("a", Status::Applied),
        outcome("b", Status::Applied),
        outcome("c", Status::Blocked),
        outcome("d", Status::Applied),
    ];
    let changed = Step { kind: Kind::Changed, ..additive("b", &[]) };
    let after = [additive("a", &[]), changed, additive("c", &[])];
    assert_eq!(stuck(&outcomes, &after), ["table a"]);
    let statuses = |outcomes: &[Outcome]| outcomes.iter().map(|one| one.status).collect::<Vec<_>>();
    let undone = undone(outcomes.to_vec(), "table a");
    assert_eq!(statuses(&undone), [Status::Failed, Status::Failed, Status::Blocked, Status::Failed]);
    expect!["undone with the whole heal, because it did not close the drift of table a"]
        .assert_eq(undone[0].detail.as_deref().unwrap_or_default());
}

#[test]
fn one_drift_has_one_fingerprint_in_whatever_order_it_is_found() {
    let (a, b) = (additive("a", &[]), additive("b", &[]));
    let part = Step { part_of: Some(a.address()), ..additive("a.x", &[]) };
    let both = fingerprint(&[a.clone(), b.clone()]);
    assert!(both.is_some());
    assert_eq!(fingerprint(&[b, part.clone(), a.clone()]), both);
    assert_ne!(fingerprint(&[a]), both);
    assert_eq!(fingerprint(&[part]), None);
}

#[test]
fn the_servers_own_names_come_before_those_of_the_migrations() {
    let applied = |path: &str| -> Applied {
        serde_json::from_value(serde_json::json!({
            "version": "1", "name": "n", "path": "1.sql", "tenant": null, "sql": "", "breakpoints": false,
            "in_transaction": true, "statements_done": null, "statement_begun": null, "checksum": "",
            "logged_in_as": "owner", "applied_by": "owner", "settings": BTreeMap::from([("search_path", path)]),
            "rights": {},
        }))
        .unwrap()
    };
    assert_eq!(search_path(Some(&applied("app, public"))), "pg_catalog, app, public, pg_temp");
    assert_eq!(search_path(Some(&applied(""))), "pg_catalog, pg_temp");
    assert_eq!(search_path(None), "pg_catalog, pg_temp");
}

#[test]
fn a_heal_comes_to_what_its_steps_came_to() {
    let of = |statuses: &[Status], confirmed| {
        let mut counts = Counts::default();
        counts.add(&statuses.iter().map(|status| outcome("a", *status)).collect::<Vec<_>>());
        counts.outcome(confirmed)
    };
    use Status::*;
    assert_eq!(of(&[], true), "no drift");
    assert_eq!(of(&[], false), "no drift");
    assert_eq!(of(&[Planned, Blocked], false), "dry run");
    assert_eq!(of(&[Applied, Applied], true), "healed");
    assert_eq!(of(&[Applied, Manual], true), "healed in part");
    assert_eq!(of(&[Blocked, Manual], true), "nothing to heal");
    assert_eq!(of(&[Applied, Blocked, Failed], true), "failed");
}
