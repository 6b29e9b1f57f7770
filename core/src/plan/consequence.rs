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
        (Aspect::Definition, Object::Definition(expected), Object::Definition(live)) => {
            definition(expected, live)
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
    let (settled, mut said) = match expected.kind {
        DefinitionKind::Function | DefinitionKind::Procedure => {
            (plain_routine(&expected.def) == plain_routine(&live.def), routine(&expected.def, &live.def))
        }
        DefinitionKind::View => {
            (plain_view(&expected.def) == plain_view(&live.def), view(&expected.def, &live.def))
        }
        _ => return Vec::new(),
    };
    if !said.is_empty() && !settled {
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

fn view(expected: &str, live: &str) -> Vec<&'static str> {
    let [invoker, barrier] = ["security_invoker", "security_barrier"]
        .map(|option| [expected, live].map(|def| view_options(def).any(|of| is_on(of, option))));
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
    of_invoker.into_iter().chain(of_barrier).collect()
}

/// The list of options behind WITH, and where it ends.
fn view_with(def: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = def.split_once(" WITH (")?;
    let (options, query) = rest.split_once(") AS ")?;
    // Behind AS it would be part of the query.
    (!before.contains(" AS ")).then_some((before, options, query))
}

fn view_options(def: &str) -> impl Iterator<Item = &str> {
    view_with(def).into_iter().flat_map(|(_, options, _)| options.split(", "))
}

fn is_on(option: &str, name: &str) -> bool {
    let (of, value) = option.split_once('=').unwrap_or((option, "true"));
    of == name && !matches!(value.trim_matches('\''), "false" | "off" | "no" | "0")
}

/// A view without what the sentences speak of.
fn plain_view(def: &str) -> (String, Vec<&str>) {
    let rest =
        |option: &&str| !option.starts_with("security_invoker") && !option.starts_with("security_barrier");
    let options = view_options(def).filter(rest).collect();
    let text = match view_with(def) {
        Some((before, _, query)) => format!("{before} AS {query}"),
        None => def.to_owned(),
    };
    (text, options)
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
        let def = |with: &str| format!("CREATE VIEW v{with} AS SELECT ' WITH (security_barrier) AS '::text");
        let invoker = " WITH (security_invoker='true')";
        let gone = ["security_invoker is gone, so it reads with its owner's rights"];
        assert_eq!(view(&def(invoker), &def("")), gone);
        assert_eq!(view(&def(invoker), &def(" WITH (security_invoker='off')")), gone);
        assert_eq!(view(&def(""), &def(invoker)).len(), 1);
        assert_eq!(view(&def(" WITH (check_option='local', security_barrier='on')"), &def("")).len(), 1);
        assert_eq!(view(&def(""), &def("")), Vec::<&str>::new());
        assert_eq!(plain_view(&def(invoker)), plain_view(&def("")));
        assert_ne!(plain_view(&def(" WITH (check_option='local')")), plain_view(&def("")));
    }

    #[test]
    fn texts_that_look_the_same_are_told_apart() {
        assert!(is_line_ends_alone("a\nb", "a\r\nb") && is_line_ends_alone("a\r\nb\n", "a\nb\r\n"));
        assert!(!is_line_ends_alone("a", "a") && !is_line_ends_alone("a\n", "b\r\n"));
    }
}
