//! Members of an extension that a heal creates: they must be what the migrations made of them.

use std::collections::BTreeMap;

use crate::model::Member;

/// Why a new extension must not stay: a sentence on the first member that is not as the migrations left it.
pub fn not_as_left(expected: &[Member], created: &[Member]) -> Option<String> {
    let by_object = |members: &[Member]| -> BTreeMap<String, String> {
        members.iter().map(|member| (member.object.clone(), member.said.clone())).collect()
    };
    let (expected, created) = (by_object(expected), by_object(created));
    let object =
        expected.keys().chain(created.keys()).find(|object| expected.get(*object) != created.get(*object))?;
    let said =
        |members: &BTreeMap<String, String>| members.get(object).map_or("nothing", String::as_str).to_owned();
    Some(format!(
        "the migrations altered its member {object}, which a heal does not: the member is new with {}, and they left \
         it with {}. Create the extension by hand, and alter the member",
        said(&created),
        said(&expected)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(of: &[(&str, &str)]) -> Vec<Member> {
        of.iter()
            .map(|(object, said)| Member { object: object.to_string(), said: said.to_string() })
            .collect()
    }

    #[test]
    fn a_new_extension_stays_if_its_members_are_as_the_migrations_left_them() {
        let as_left = members(&[("function f()", "SECURITY DEFINER")]);
        assert_eq!(not_as_left(&as_left, &as_left), None);
        assert_eq!(not_as_left(&[], &[]), None);
        let says = |expected: &[(&str, &str)], created: &[(&str, &str)]| {
            not_as_left(&members(expected), &members(created)).unwrap_or_default()
        };
        let altered = says(&[("function f()", "SET a=b")], &[]);
        assert!(
            altered.contains("member function f(),")
                && altered.contains("new with nothing, and they left it with SET a=b.")
        );
        let reset = says(&[], &[("function f()", "SET a=b")]);
        assert!(reset.contains("new with SET a=b, and they left it with nothing."));
        let other =
            says(&[("function f()", "LEAKPROOF"), ("type t", "COMMENT 'x'")], &[("type t", "COMMENT 'x'")]);
        assert!(other.contains("member function f(),"));
    }
}
