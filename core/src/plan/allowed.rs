//! Drift that somebody has allowed: what a pattern says, also in the words in which the command prints objects.

use crate::ignore;

/// Drift that is not healed and does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Of the identity of the object, or of what it goes with; `*` stands for any characters.
    pub pattern: String,
    /// `missing`, `extra` or `changed`; nothing for all.
    pub kind: Option<String>,
    /// Nothing for all.
    pub object_type: Option<String>,
}

impl Allowed {
    /// Whether it is about differences of this kind.
    pub fn is_for(&self, kind: &str) -> bool {
        self.kind.as_ref().is_none_or(|only| only == kind)
    }

    /// Whether an object is one of those that the pattern names.
    pub fn names(&self, object_type: &str, identity: &str) -> bool {
        let plain = match object_type {
            "default value" => identity.strip_prefix("for ").unwrap_or(identity),
            _ => identity,
        };
        let names = [identity, plain, &without_public(plain)];
        let has_form = |pattern: &str| names.iter().any(|name| ignore::matches(pattern, name));
        // "Column: np_users.beta", as the command prints it.
        let behind_type = self
            .pattern
            .split_once(": ")
            .filter(|(word, _)| is_word_for(word, object_type))
            .map(|(_, rest)| rest);
        self.object_type.as_ref().is_none_or(|word| is_word_for(word, object_type))
            && (has_form(&self.pattern) || behind_type.is_some_and(has_form))
    }
}

/// Whether the word is that of the type, or the shorter one that the command prints: `Column` for `table column`.
fn is_word_for(word: &str, object_type: &str) -> bool {
    let word = word.to_lowercase();
    let is_last = |word: &str| object_type.rsplit(' ').next() == Some(word);
    word == object_type
        || (matches!(word.as_str(), "column" | "constraint") && is_last(&word))
        || (word == "default" && object_type == "default value")
}

/// Leaves out the schema public wherever the identity names it, as the command does when it prints one.
fn without_public(identity: &str) -> String {
    let mut short = String::with_capacity(identity.len());
    let (mut rest, mut is_quoted) = (identity, false);
    while let Some(next) = rest.chars().next() {
        let begins_name = !short.ends_with(|c: char| c.is_alphanumeric() || "_$.\"".contains(c));
        match rest.strip_prefix("public.").filter(|_| begins_name && !is_quoted) {
            Some(name) => rest = name,
            None => {
                is_quoted ^= next == '"';
                short.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pattern: &str, object_type: &str, identity: &str) -> bool {
        let allowed = Allowed { pattern: pattern.to_owned(), kind: None, object_type: None };
        allowed.names(object_type, identity)
    }

    #[test]
    fn a_pattern_takes_what_drift_says_and_what_the_command_prints() {
        let objects = [
            ("table", "public.tmp_fix", ["public.tmp_fix", "tmp_fix", "Table: tmp_fix"]),
            (
                "table column",
                "public.np_users.beta",
                ["public.np_users.*", "np_users.beta", "Column: np_users.b*"],
            ),
            (
                "default value",
                "for public.depots.name",
                ["public.depots.*", "depots.name", "Default: depots.name"],
            ),
            ("table constraint", "c on public.t", ["c on public.t", "c on t", "Constraint: c on t"]),
            (
                "function",
                "public.f(public.mood,app.x)",
                ["public.f(*", "f(mood,app.x)", "Function: f(mood,app.x)"],
            ),
            ("enum value", "public.mood 'sad'", ["public.mood 'sad'", "mood *", "Enum value: mood 'sad'"]),
        ];
        for (object_type, identity, patterns) in objects {
            assert!(names(identity, object_type, identity), "{identity}");
            for pattern in patterns {
                assert!(names(pattern, object_type, identity), "{pattern} of {object_type} {identity}");
            }
        }
    }

    #[test]
    fn a_pattern_takes_nothing_else() {
        let others = [
            ("tmp_fix", "table", "app.tmp_fix"),
            ("t", "table", "my_public.t"),
            ("users.beta", "table column", "public.np_users.beta"),
            ("Index: tmp_fix", "table", "public.tmp_fix"),
            ("x", "table", "\"public.x\""),
        ];
        for (pattern, object_type, identity) in others {
            assert!(!names(pattern, object_type, identity), "{pattern} of {object_type} {identity}");
        }
    }

    #[test]
    fn the_type_is_known_by_both_its_words() {
        let of = |word: &str, object_type: &str| {
            let object_type_of = Some(word.to_owned());
            Allowed { pattern: "*".to_owned(), kind: None, object_type: object_type_of }
                .names(object_type, "x")
        };
        for word in ["enum value", "Enum value"] {
            assert!(of(word, "enum value"));
        }
        assert!(
            of("Column", "table column")
                && of("column", "foreign table column")
                && of("Default", "default value")
        );
        assert!(
            !of("table", "table column") && !of("type", "composite type") && !of("view", "materialized view")
        );
    }
}
