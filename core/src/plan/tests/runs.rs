//! What a step evaluates, and who may have written it.

use super::attached::{function, view};
use super::{Known, column, constraint, index, live, steps, table, tables};
use crate::model::*;
use crate::plan::{Runs, Verdict, Written};

fn need(object_type: &str, identity: &str) -> Address {
    Address::new(object_type, identity)
}

fn needs(of: Address, needs: &[Address]) -> Dependencies {
    Dependencies { object_type: of.object_type, identity: of.identity, needs: needs.to_vec() }
}

/// What the step for the one missing object evaluates.
fn runs_of(expected: &Catalog, live: &Catalog, identity: &str) -> Option<Runs> {
    let step = steps(expected, live, &Known::default()).into_iter().find(|step| step.identity == identity);
    match step.expect("a step").verdict {
        Verdict::Additive(work) => work.runs.map(|runs| *runs),
        other => panic!("{other:?}"),
    }
}

fn orders() -> Catalog {
    tables([table("orders", [column("id", "integer"), column("zip", "text")])])
}

/// A check that calls ok(), which calls more(), beside a table.
fn checked() -> Catalog {
    let check = constraint("c", "orders", ConstraintKind::Check, &["id"], "CHECK (ok())");
    let dependencies = vec![
        needs(
            need("table constraint", "c on public.orders"),
            &[need("function", "public.ok()"), need("table", "public.orders")],
        ),
        needs(
            need("function", "public.ok()"),
            &[need("function", "public.more()"), need("table", "public.orders")],
        ),
        needs(need("table", "public.orders"), &[need("function", "public.not_of_the_check()")]),
    ];
    let definitions = vec![function("more"), function("ok")];
    Catalog { constraints: vec![check], definitions, dependencies, ..orders() }
}

#[test]
fn a_check_runs_all_that_it_refers_to_but_nothing_of_a_table() {
    let expected = checked();
    let now = live(Catalog { definitions: expected.definitions.clone(), ..orders() });
    let runs = runs_of(&expected, &now, "c on public.orders").expect("it evaluates something");
    // The table that a function reads may have a foreign table as its child. What the table needs is not run.
    let code =
        [need("function", "public.more()"), need("function", "public.ok()"), need("table", "public.orders")];
    assert_eq!(runs.refers_to, code);
    let table = Written { role: "planner".to_string(), what: need("table", "public.orders") };
    assert_eq!(runs.written_by, [table], "the live table is another role's");
    assert_eq!(runs.changed, None);
}

#[test]
fn code_that_is_still_to_be_created_has_its_owner_by_the_migrations() {
    let expected = checked();
    let now = live(Catalog { definitions: vec![function("ok")], ..orders() });
    let runs = runs_of(&expected, &now, "c on public.orders").expect("it evaluates something");
    let written: Vec<_> = runs.written_by.iter().map(|written| written.what.identity.as_str()).collect();
    assert_eq!(written, ["public.orders", "public.more()"]);
}

#[test]
fn code_that_somebody_changed_is_named() {
    let expected = checked();
    let mut changed = expected.definitions.clone();
    changed[0].def.push_str(" STRICT");
    let now = live(Catalog { definitions: changed, ..orders() });
    let runs = runs_of(&expected, &now, "c on public.orders").expect("it evaluates something");
    assert_eq!(runs.changed, Some(need("function", "public.more()")));
}

#[test]
fn a_check_that_somebody_gave_to_a_domain_counts_as_changed_code() {
    let zip = Domain { checks: Vec::new(), ..super::domain("zip", "text") };
    let with_check = Domain { checks: vec![super::positive(true)], ..zip.clone() };
    let with_column = tables([table("orders", [column("id", "integer"), column("zip", "public.zip")])]);
    let dependencies = vec![needs(need("table column", "public.orders.zip"), &[need("type", "public.zip")])];
    let expected = Catalog { domains: vec![zip], dependencies, ..with_column };
    let without = tables([table("orders", [column("id", "integer")])]);
    let now = live(Catalog { domains: vec![with_check], ..without });
    let runs = runs_of(&expected, &now, "public.orders.zip").expect("it evaluates something");
    assert_eq!(runs.changed.map(|code| code.object_type), Some("domain constraint".to_string()));
}

#[test]
fn what_is_only_written_down_or_compared_by_value_runs_nothing() {
    let expected = Catalog {
        definitions: vec![view("v", "SELECT ok()")],
        indexes: vec![index("by_id", "orders", "id")],
        dependencies: vec![needs(need("view", "public.v"), &[need("function", "public.ok()")])],
        ..orders()
    };
    let now = tables([table("orders", [column("id", "integer")])]);
    assert_eq!(runs_of(&expected, &now, "public.v"), None);
    assert_eq!(runs_of(&expected, &now, "public.orders.zip"), None);
    assert_eq!(runs_of(&expected, &now, "public.by_id"), None);
}

#[test]
fn what_a_former_owner_wrote_is_told() {
    let expected = Catalog { indexes: vec![index("by_id", "orders", "id")], ..orders() };
    let now = live(tables([table("orders", [column("id", "integer")])]));
    for identity in ["public.by_id", "public.orders.zip"] {
        let runs = runs_of(&expected, &now, identity).expect("the live table is another role's");
        let written = Written { role: "planner".to_string(), what: need("table", "public.orders") };
        assert_eq!((runs.refers_to, runs.written_by), (Vec::new(), vec![written]));
    }
}
