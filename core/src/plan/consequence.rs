//! What a difference means for those who work with the object, where a look at the two texts does not tell it.

use crate::diff::{Aspect, Difference, Object};
use crate::model::{Definition, DefinitionKind};

/// Sentences without their ends; nothing where there is no more to say than what differs.
pub(super) fn of(expected: Object, live: Object, difference: &Difference) -> Vec<String> {
    let said = match (difference.what, expected, live) {
        (Aspect::Persistence, Object::Table(_), Object::Table(live)) if live.unlogged => {
            vec!["it is unlogged, so its rows do not survive a crash"]
        }
        (Aspect::Persistence, Object::Sequence(_), Object::Sequence(live)) if live.unlogged => {
            vec!["it is unlogged, so its value does not survive a crash"]
        }
        (Aspect::Generated, Object::Column(_, expected), Object::Column(_, live))
            if expected.generated.is_some() && live.generated.is_none() =>
        {
            vec![
                "it is not generated any more, and the values that were written by hand are lost by the remedy",
            ]
        }
        (Aspect::References, ..) => vec!["its text means another object of the same name"],
        (Aspect::Index, ..) => vec!["its index is marked invalid, so no query uses it"],
        (Aspect::Definition, Object::Definition(expected), Object::Definition(live)) => {
            definition(expected, live)
        }
        (Aspect::Options, Object::Definition(expected), Object::Definition(live)) => {
            options(&expected.parameters, &live.parameters)
        }
        _ if is_line_ends_alone(&difference.expected, &difference.actual) => vec![LINE_ENDS],
        _ => Vec::new(),
    };
    said.into_iter().map(str::to_owned).collect()
}

const LINE_ENDS: &str = "it differs in line ends (CR) alone";

/// Whether two texts are one, but for carriage returns.
fn is_line_ends_alone(expected: &str, actual: &str) -> bool {
    expected != actual && expected.replace('\r', "") == actual.replace('\r', "")
}

fn definition(expected: &Definition, live: &Definition) -> Vec<&'static str> {
    if is_line_ends_alone(&expected.def, &live.def) {
        return vec![LINE_ENDS];
    }
    if !matches!(expected.kind, DefinitionKind::Function | DefinitionKind::Procedure) {
        return Vec::new();
    }
    let mut said = routine(&expected.def, &live.def);
    if !said.is_empty() && plain_routine(&expected.def) != plain_routine(&live.def) {
        said.push("its definition differs in more than that");
    }
    said
}

const DEFINER: &str = " SECURITY DEFINER";
const SEARCH_PATH: &str = " SET search_path TO ";

fn routine(expected: &str, live: &str) -> Vec<&'static str> {
    let (expected, live) = (head(expected), head(live));
    let is_definer = [expected, live].map(|head| head.contains(DEFINER));
    let path = |head: &str| head.lines().find(|line| line.starts_with(SEARCH_PATH)).map(str::to_owned);
    let of_definer = match is_definer {
        [true, false] => Some("SECURITY DEFINER is gone, so it runs with its caller's rights"),
        [false, true] => Some("SECURITY DEFINER was added, so it runs with its owner's rights"),
        _ => None,
    };
    let of_path = match (path(expected), path(live)) {
        (Some(_), None) => Some("its SET search_path is gone, so its caller decides what its names mean"),
        (None, Some(_)) => Some("a SET search_path was added, so its names may mean something else"),
        (Some(one), Some(other)) if one != other => {
            Some("its SET search_path is another, so its names may mean something else")
        }
        _ => None,
    };
    of_definer.into_iter().chain(of_path).collect()
}

/// What stands before the body of a routine.
fn head(def: &str) -> &str {
    let body = ["\nAS ", "\nBEGIN ATOMIC", "\nRETURN "].iter().filter_map(|begin| def.find(begin)).min();
    &def[..body.unwrap_or(def.len())]
}

fn plain_routine(def: &str) -> String {
    let head = head(def);
    let lines =
        head.lines().filter(|line| !line.starts_with(SEARCH_PATH)).map(|line| line.replace(DEFINER, ""));
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("\n") + &def[head.len()..]
}

/// Of the options of a view.
fn options(expected: &[String], live: &[String]) -> Vec<&'static str> {
    const INVOKER: &str = "security_invoker";
    const BARRIER: &str = "security_barrier";
    let [invoker, barrier] = [INVOKER, BARRIER].map(|option| {
        let on = format!("{option}=true");
        [expected, live].map(|options| options.contains(&on))
    });
    let of_invoker = match invoker {
        [true, false] => Some("security_invoker is gone, so it reads with its owner's rights"),
        [false, true] => Some("security_invoker was added, so it reads with the rights of who reads it"),
        _ => None,
    };
    let of_barrier = match barrier {
        [true, false] => {
            Some("security_barrier is gone, so functions of who reads it may see rows that it hides")
        }
        _ => None,
    };
    let mut said: Vec<&str> = of_invoker.into_iter().chain(of_barrier).collect();
    let rest = |options: &[String]| -> Vec<String> {
        let is_other = |option: &&String| !option.starts_with(INVOKER) && !option.starts_with(BARRIER);
        options.iter().filter(is_other).cloned().collect()
    };
    if !said.is_empty() && rest(expected) != rest(live) {
        said.push("its options differ in more than that");
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_routine_lost_or_got_is_named() {
        let def = |head: &str| {
            format!(
                "CREATE FUNCTION f()\n RETURNS integer\n LANGUAGE sql{head}\nAS $f$ SET search_path TO x $f$"
            )
        };
        let both = def(" STABLE SECURITY DEFINER\n SET search_path TO 'pg_catalog'");
        let path_alone = def(" STABLE\n SET search_path TO 'pg_catalog'");
        let definer = "SECURITY DEFINER is gone, so it runs with its caller's rights";
        assert_eq!(routine(&both, &path_alone), [definer]);
        assert_eq!(
            routine(&path_alone, &both),
            ["SECURITY DEFINER was added, so it runs with its owner's rights"]
        );
        let path = "its SET search_path is gone, so its caller decides what its names mean";
        assert_eq!(routine(&both, &def(" STABLE")), [definer, path]);
        assert_eq!(routine(&def(""), &def(" STABLE")), Vec::<&str>::new());
        assert_eq!(plain_routine(&both), plain_routine(&def(" STABLE")));
        assert_ne!(plain_routine(&both), plain_routine(&def("")));
    }

    #[test]
    fn what_a_view_lost_or_got_is_named() {
        let list = |options: &[&str]| options.iter().map(|option| (*option).to_string()).collect::<Vec<_>>();
        let said = |expected: &[&str], live: &[&str]| options(&list(expected), &list(live));
        let gone = "security_invoker is gone, so it reads with its owner's rights";
        assert_eq!(said(&["security_invoker=true"], &[]), [gone]);
        assert_eq!(said(&["security_invoker=true"], &["security_invoker=false"]), [gone]);
        assert_eq!(said(&[], &["security_invoker=true"]).len(), 1);
        assert_eq!(said(&["security_barrier=true"], &[]).len(), 1);
        assert_eq!(
            said(&["check_option=local", "security_invoker=true"], &[]),
            [gone, "its options differ in more than that"]
        );
        assert_eq!(said(&["check_option=local"], &[]), Vec::<&str>::new());
        assert_eq!(said(&[], &[]), Vec::<&str>::new());
    }

    #[test]
    fn texts_that_look_the_same_are_told_apart() {
        assert!(is_line_ends_alone("a\nb", "a\r\nb") && is_line_ends_alone("a\r\nb\n", "a\nb\r\n"));
        assert!(!is_line_ends_alone("a", "a") && !is_line_ends_alone("a\n", "b\r\n"));
    }
}
