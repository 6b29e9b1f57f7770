use super::*;
use crate::diff::diff;
use crate::plan::tests::attached::{needs, view};

fn function(identity: &str) -> crate::model::Definition {
    let mut function = view("f", "SELECT 1");
    function.kind = DefinitionKind::Function;
    function.identity = identity.to_owned();
    function.def = format!("CREATE FUNCTION {identity}");
    function.query = None;
    function
}

fn calls(functions: &[&str], called: &str) -> Catalog {
    let functions = functions.iter().map(|identity| function(identity));
    Catalog {
        definitions: functions.chain([view("v", "SELECT f(1)")]).collect(),
        dependencies: vec![needs(("view", "public.v"), &[("function", called), ("function", "public.g()")])],
        ..Catalog::default()
    }
}

fn found(expected: &Catalog, live: &Catalog) -> Vec<String> {
    let same = diff(expected, live);
    let told = changes(expected, live, &same).into_iter();
    told.map(|change| match change {
        Change::Changed { expected, differences, .. } => {
            let Difference { what, expected: one, actual } = &differences[0];
            format!("{} {what:?}: {one} / {actual}", expected.identity())
        }
        other => format!("{other:?}"),
    })
    .collect()
}

#[test]
fn one_text_that_means_two_functions_differs() {
    const BOTH: [&str; 2] = ["public.f(bigint)", "public.f(integer)"];
    let (of_integer, of_bigint) = (calls(&BOTH, BOTH[1]), calls(&BOTH, BOTH[0]));
    assert!(are_ambiguous(&of_integer, &of_bigint));
    assert_eq!(
        found(&of_integer, &of_bigint),
        ["public.v References: function public.f(integer) / function public.f(bigint)"]
    );
    assert_eq!(found(&of_integer, &of_integer), <[String; 0]>::default());
}

#[test]
fn one_name_of_one_function_is_no_question() {
    let one = calls(&["public.f(integer)", "public.f2(integer)"], "public.f(integer)");
    assert!(!are_ambiguous(&one, &one));
    assert_eq!(name("public.\"f(x\"(integer)"), "public.\"f(x\"");
}

#[test]
fn what_differs_anyway_is_told_once() {
    const BOTH: [&str; 2] = ["public.f(bigint)", "public.f(integer)"];
    let (expected, mut live) = (calls(&BOTH, BOTH[1]), calls(&BOTH, BOTH[0]));
    live.definitions.last_mut().unwrap().def = "CREATE VIEW other".to_owned();
    assert_eq!(found(&expected, &live), <[String; 0]>::default());
}
