//! Which table an item of drift belongs to, read from the names that the server gives.

use crate::item::DriftItem;

/// The kinds of objects that have columns.
const RELATIONS: [&str; 4] = ["foreign table", "materialized view", "table", "view"];

/// The identity of the table or view that the item is or belongs to, if it is one's.
pub fn table(item: &DriftItem) -> Option<&str> {
    let definition = item.expected.as_deref().or(item.actual.as_deref());
    of(&item.object_type, &item.identity, definition)
}

/// The schema that the item is in, without quotes; that of its table, if it has one.
pub fn schema(item: &DriftItem) -> Option<String> {
    let name = table(item).unwrap_or(&item.identity);
    let first = match first_outside_quotes(name, ".") {
        Some(at) => &name[..at],
        None if item.object_type == "schema" => name,
        None => return None,
    };
    let unquoted = first.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    Some(unquoted.map_or_else(|| first.to_owned(), |name| name.replace("\"\"", "\"")))
}

fn of<'a>(object_type: &str, identity: &'a str, definition: Option<&'a str>) -> Option<&'a str> {
    match object_type {
        "row security" | "forced row security" => Some(identity),
        "table constraint" | "trigger" | "policy" | "rule" => {
            last_outside_quotes(identity, " on ").map(|at| &identity[at + " on ".len()..])
        }
        "index" => definition.and_then(indexed),
        "default value" => without_last_name(identity.strip_prefix("for ")?),
        "not null" => without_last_name(identity),
        "owner" | "comment" => of_typed(identity),
        "grant" => {
            let at = first_outside_quotes(identity, " on ")?;
            of_typed(&identity[at + " on ".len()..])
        }
        _ if RELATIONS.contains(&object_type) => Some(identity),
        _ if object_type.strip_suffix(" column").is_some_and(|owner| RELATIONS.contains(&owner)) => {
            without_last_name(identity)
        }
        _ => None,
    }
}

/// Of an identity with the type before it, as comments, owners and grants have it.
fn of_typed(text: &str) -> Option<&str> {
    let types =
        RELATIONS.into_iter().flat_map(|relation| [format!("{relation} column"), relation.to_owned()]);
    let others = ["table constraint", "trigger", "policy", "rule", "column"].map(str::to_owned);
    types.chain(others).find_map(|object_type| {
        let identity = text.strip_prefix(&object_type)?.strip_prefix(' ')?;
        match object_type.as_str() {
            "column" => without_last_name(identity),
            object_type => of(object_type, identity, None),
        }
    })
}

/// The table in `CREATE INDEX name ON [ONLY] table USING …`, as the server writes it.
fn indexed(definition: &str) -> Option<&str> {
    let after = &definition[first_outside_quotes(definition, " ON ")? + " ON ".len()..];
    let table = after.strip_prefix("ONLY ").unwrap_or(after);
    Some(&table[..first_outside_quotes(table, " USING ")?])
}

/// `schema.table` of `schema.table.column`.
fn without_last_name(identity: &str) -> Option<&str> {
    last_outside_quotes(identity, ".").map(|at| &identity[..at])
}

fn first_outside_quotes(text: &str, wanted: &str) -> Option<usize> {
    outside_quotes(text, wanted).next()
}

fn last_outside_quotes(text: &str, wanted: &str) -> Option<usize> {
    outside_quotes(text, wanted).last()
}

/// Where it stands outside of quoted names.
fn outside_quotes(text: &str, wanted: &str) -> impl Iterator<Item = usize> {
    text.match_indices(wanted)
        .map(|(at, _)| at)
        .filter(|at| text[..*at].bytes().filter(|byte| *byte == b'"').count().is_multiple_of(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_an_item_is_in_its_name_or_its_definition() {
        let index = Some("CREATE UNIQUE INDEX \"a ON b\" ON ONLY app.\"My t\" USING btree (x)");
        let cases = [
            ("table", "public.t", None, Some("public.t")),
            ("table column", "public.\"t.x\".\"c.d\"", None, Some("public.\"t.x\"")),
            ("materialized view column", "app.v.c", None, Some("app.v")),
            ("default value", "for public.t.c", None, Some("public.t")),
            ("not null", "public.t.c", None, Some("public.t")),
            ("table constraint", "\"a on b\" on public.t", None, Some("public.t")),
            ("trigger", "x on app.\"on \"\" on t\"", None, Some("app.\"on \"\" on t\"")),
            ("index", "app.\"a ON b\"", index, Some("app.\"My t\"")),
            ("index", "app.i", Some("CREATE INDEX"), None),
            ("comment", "table column public.t.c", None, Some("public.t")),
            ("owner", "table public.t", None, Some("public.t")),
            ("grant", "eve on table public.t", None, Some("public.t")),
            ("grant", "\"eve on\" on function app.f()", None, None),
            ("function", "app.f()", None, None),
            ("type", "app.mood", None, None),
        ];
        for (object_type, identity, definition, table) in cases {
            assert_eq!(of(object_type, identity, definition), table, "{object_type} {identity}");
        }
    }

    #[test]
    fn the_schema_of_an_item_is_that_of_its_table() {
        let cases = [
            ("trigger", "x on \"My \"\"s\".t", Some("My \"s")),
            ("function", "app.f(public.mood)", Some("app")),
            ("schema", "app", Some("app")),
            ("extension", "ltree", None),
        ];
        for (object_type, identity, schema) in cases {
            let (object_type, identity) = (object_type.to_owned(), identity.to_owned());
            let item = DriftItem { object_type, identity, ..DriftItem::default() };
            assert_eq!(super::schema(&item).as_deref(), schema);
        }
    }
}
