//! The one place where identifiers and literals are quoted for SQL.

use crate::model::Name;

/// Quotes `name` as an identifier, always with quotation marks: no list of reserved words can go stale.
pub fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes `value` as a string literal that means the same whatever `standard_conforming_strings` is.
pub fn literal(value: &str) -> String {
    let quoted = value.replace('\'', "''");
    if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// A literal where no operator stands before it, so that it needs no space of its own.
pub(crate) fn bare_literal(value: &str) -> String {
    literal(value).trim_start().to_string()
}

/// `"schema"."name"`.
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", ident(schema), ident(name))
}

impl Name {
    /// The name, quoted for a statement.
    pub fn sql(&self) -> String {
        qualified(&self.schema, &self.name)
    }
}

/// A list of quoted identifiers, separated by commas.
pub fn ident_list<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| ident(name)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_one_identifier() {
        assert_eq!(ident(r#"we"ird; DROP TABLE x"#), r#""we""ird; DROP TABLE x""#);
        assert_eq!(qualified("a.b", "C d"), r#""a.b"."C d""#);
    }

    #[test]
    fn literals_survive_quotes_and_backslashes() {
        assert_eq!(literal("'; DROP TABLE x; --"), "'''; DROP TABLE x; --'");
        assert_eq!(literal(r"a\'b"), r" E'a\\''b'");
    }
}
