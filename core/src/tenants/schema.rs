//! The schemas of tenants as one and the same schema: each with its name taken out, and what is outside of it as it is
//! called.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Tenant;
use crate::lexer::{Kind, Lexer, Piece};
use crate::model::Catalog;
use crate::pieces::join;

/// What stands for the schema of any tenant. A replay for all of them makes their tables there.
pub const PLACEHOLDER: &str = "nself_tenant";

/// What lies in these schemas, by schema. Extensions, and what is not read, lie in none. What texts refer to is said by the
/// texts.
pub fn by_schema(catalog: Catalog, schemas: &BTreeSet<String>) -> BTreeMap<String, Catalog> {
    let mut inside = split(catalog, schemas).0;
    inside.values_mut().for_each(|of| of.dependencies.clear());
    inside
}

/// What lies in these schemas, by schema, and all that lies in none of them.
pub fn split(catalog: Catalog, schemas: &BTreeSet<String>) -> (BTreeMap<String, Catalog>, Catalog) {
    let Catalog {
        schemas: all,
        extensions,
        enums,
        domains,
        composites,
        sequences,
        tables,
        constraints,
        indexes,
        definitions,
        acls,
        comments,
        dependencies,
        unread,
    } = catalog;
    let mut inside: BTreeMap<String, Catalog> = BTreeMap::new();
    let mut outside = Catalog { extensions, unread, ..Catalog::default() };
    macro_rules! share_out {
        ($list:ident, $of:expr) => {
            for object in $list {
                let schema: Option<String> = $of(&object);
                match schema.filter(|schema| schemas.contains(schema)) {
                    Some(schema) => inside.entry(schema).or_default().$list.push(object),
                    None => outside.$list.push(object),
                }
            }
        };
    }
    for object in all {
        match schemas.contains(&object.name) {
            true => inside.entry(object.name.clone()).or_default().schemas.push(object),
            false => outside.schemas.push(object),
        }
    }
    share_out!(enums, |of: &crate::model::Enum| Some(of.name.schema.clone()));
    share_out!(domains, |of: &crate::model::Domain| Some(of.name.schema.clone()));
    share_out!(composites, |of: &crate::model::Composite| Some(of.name.schema.clone()));
    share_out!(sequences, |of: &crate::model::Sequence| Some(of.name.schema.clone()));
    share_out!(tables, |of: &crate::model::Table| Some(of.name.schema.clone()));
    share_out!(constraints, |of: &crate::model::Constraint| Some(of.table.schema.clone()));
    share_out!(indexes, |of: &crate::model::Index| Some(of.name.schema.clone()));
    share_out!(definitions, |of: &crate::model::Definition| {
        let name = of.name.as_ref().or(of.of.as_ref().and_then(|part| part.name.as_ref()));
        name.map(|name| name.schema.clone()).or_else(|| schema_in(of.kind.as_str(), &of.identity))
    });
    share_out!(acls, |of: &crate::model::Acl| schema_in(&of.object_type, &of.identity));
    share_out!(comments, |of: &crate::model::Comment| schema_in(&of.object_type, &of.identity));
    share_out!(dependencies, |of: &crate::model::Dependencies| schema_in(&of.object_type, &of.identity));
    (inside, outside)
}

/// The schema that an identity names: that of the object, or of what it is on.
pub fn schema_in(object_type: &str, identity: &str) -> Option<String> {
    let pieces: Vec<Piece<'_>> = Lexer::new(identity).filter(|piece| piece.kind != Kind::Space).collect();
    let name_at = |at: usize| name(pieces.get(at)?);
    if object_type == "schema" {
        return name_at(0);
    }
    let qualified = |at: usize| name_at(at).filter(|_| pieces.get(at + 1).is_some_and(|of| of.text == "."));
    let on = pieces.iter().rposition(|piece| piece.kind == Kind::Word && matches!(piece.text, "on" | "for"));
    on.and_then(|on| qualified(on + 1)).or_else(|| qualified(0))
}

/// The name that a piece of a text is, where it is one.
fn name(piece: &Piece<'_>) -> Option<String> {
    match piece.kind {
        Kind::Word => Some(piece.text.to_owned()),
        Kind::QuotedIdent => {
            piece.text.get(1..piece.text.len().checked_sub(1)?).map(|text| text.replace("\"\"", "\""))
        }
        _ => None,
    }
}

/// What lies in the schema of a tenant, as it would be if the schema was called as the placeholder is.
pub fn without_name(catalog: &Catalog, schema: &str) -> serde_json::Result<Value> {
    renamed_in(catalog, &Renaming::new(schema, PLACEHOLDER, PLACEHOLDER))
}

/// What a replay made in the schema of the placeholder, as it is in the schema of a tenant.
pub fn of_tenant(catalog: &Catalog, tenant: &Tenant) -> serde_json::Result<Catalog> {
    let value = renamed_in(catalog, &Renaming::new(PLACEHOLDER, &tenant.schema, &tenant.quoted))?;
    let mut of: Catalog = serde_json::from_value(value)?;
    of.enums.sort_by(|a, b| a.identity.cmp(&b.identity));
    of.domains.sort_by(|a, b| a.identity.cmp(&b.identity));
    for object in &mut of.dependencies {
        object.needs.sort_by(|a, b| (&a.identity, &a.object_type).cmp(&(&b.identity, &b.object_type)));
    }
    Ok(join([of]))
}

/// Whether the name of the placeholder stands somewhere where it is not taken for the schema's: in the body of a function, a
/// comment, or the name of an object. A migration has put it there, so there is no saying what a tenant has there.
pub fn is_written_down(catalog: &Catalog) -> serde_json::Result<bool> {
    let value = renamed_in(catalog, &Renaming::new(PLACEHOLDER, "x", "x"))?;
    Ok(value.to_string().contains(PLACEHOLDER))
}

fn renamed_in(catalog: &Catalog, renaming: &Renaming<'_>) -> serde_json::Result<Value> {
    let mut value = serde_json::to_value(catalog)?;
    if let Value::Object(lists) = &mut value {
        for (list, objects) in lists {
            let of_schemas = list == "schemas";
            for object in objects.as_array_mut().into_iter().flatten() {
                renaming.value(None, object, of_schemas);
            }
        }
    }
    Ok(value)
}

/// What holds no SQL and no name of an object: it is left as it is.
const FREE_TEXT: [&str; 9] =
    ["text", "labels", "owner", "grantee", "grantors", "privilege", "options", "fdw_options", "tablespace"];

/// One name of a schema for another.
struct Renaming<'a> {
    from: &'a str,
    quoted: String,
    to: &'a str,
    /// As it is in SQL.
    to_quoted: &'a str,
}

impl<'a> Renaming<'a> {
    fn new(from: &'a str, to: &'a str, to_quoted: &'a str) -> Self {
        Self { from, quoted: from.replace('"', "\"\""), to, to_quoted }
    }

    /// `is_schema`: the object is the schema itself, or something on it.
    fn value(&self, key: Option<&str>, value: &mut Value, is_schema: bool) {
        match value {
            Value::String(_) if key.is_some_and(|key| FREE_TEXT.contains(&key)) => {}
            Value::String(text) if key == Some("schema") || is_schema && key == Some("name") => {
                if text == self.from {
                    self.to.clone_into(text);
                }
            }
            Value::String(text) if text.contains(self.from) || text.contains(&self.quoted) => {
                *text = self.text(text, is_schema);
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.value(key, value, is_schema)),
            Value::Object(fields) => {
                let is_schema = is_schema || fields.get("object_type").is_some_and(|of| of == "schema");
                fields.iter_mut().for_each(|(key, value)| self.value(Some(key), value, is_schema));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// An SQL text in which the schema is called otherwise: before a dot, in the name that a constant of a type like
    /// regclass holds, and in a search_path. `everywhere`: also where it stands alone. Other strings, and the bodies of
    /// functions, are as somebody wrote them: the same for all tenants.
    fn text(&self, sql: &str, everywhere: bool) -> String {
        let pieces: Vec<Piece<'_>> = Lexer::new(sql).collect();
        let is = |at: usize, text: &str| pieces.get(at).is_some_and(|piece| piece.text == text);
        let has_path = pieces.iter().any(|piece| piece.text == "search_path");
        let mut out = String::with_capacity(sql.len());
        for (at, piece) in pieces.iter().enumerate() {
            let is_it = || name(piece).is_some_and(|name| name == self.from);
            let before_dot = is(at + 1, ".") && !(at > 0 && is(at - 1, "."));
            match piece.kind {
                Kind::Word | Kind::QuotedIdent if (before_dot || everywhere) && is_it() => {
                    out.push_str(self.to_quoted);
                }
                Kind::String => {
                    let is_reg = is(at + 1, ":")
                        && is(at + 2, ":")
                        && pieces.get(at + 3).is_some_and(|of| of.text.starts_with("reg"));
                    out.push_str(&self.string(piece.text, is_reg, has_path));
                }
                _ => out.push_str(piece.text),
            }
        }
        out
    }

    fn string(&self, literal: &str, is_reg: bool, has_path: bool) -> String {
        let inner = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        let Some(inner) = inner.map(|inner| inner.replace("''", "'")) else { return literal.to_owned() };
        let is_whole = || inner == self.from || inner == format!("\"{}\"", self.quoted);
        let renamed = match () {
            () if is_reg => self.text(&inner, false),
            () if has_path && is_whole() => self.to.to_owned(),
            () => return literal.to_owned(),
        };
        format!("'{}'", renamed.replace('\'', "''"))
    }
}

/// A text as people read it: what lies in the schema of any tenant is called without it.
pub fn plain(text: &str) -> String {
    text.replace(&format!("{PLACEHOLDER}."), "")
}

/// A text with the schema of a tenant, as the server prints its name, in the place of the placeholder.
pub fn with_name(text: &str, quoted: &str) -> String {
    match text == PLACEHOLDER {
        true => quoted.to_owned(),
        false => text.replace(&format!("{PLACEHOLDER}."), &format!("{quoted}.")),
    }
}

#[cfg(test)]
pub(super) fn renamed(sql: &str, schema: &str) -> String {
    Renaming::new(schema, PLACEHOLDER, PLACEHOLDER).text(sql, false)
}
