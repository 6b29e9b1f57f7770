//! How objects, migrations and numbers are named for people.

/// `Column: np_documents.fts_vector`
pub fn object(object_type: &str, identity: &str) -> String {
    format!("{}: {}", kind(object_type), short_identity(object_type, identity))
}

/// The short, capitalised word for an object type of `pg_identify_object`: `table column` is a `Column`.
pub fn kind(object_type: &str) -> String {
    let short = match object_type {
        "default value" => "default",
        "foreign table" | "materialized view" => object_type,
        _ => ["table ", "view ", "materialized view ", "foreign table ", "domain ", "composite type "]
            .iter()
            .find_map(|owner| object_type.strip_prefix(owner))
            .unwrap_or(object_type),
    };
    let mut letters = short.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Whether the object is a column, of whatever kind of relation.
pub fn is_column(object_type: &str) -> bool {
    kind(object_type) == "Column"
}

fn short_identity(object_type: &str, identity: &str) -> String {
    // Of a default, `pg_identify_object` says "for table.column".
    let identity =
        if object_type == "default value" { identity.trim_start_matches("for ") } else { identity };
    without_public(identity)
}

/// Leaves out the schema `public`, wherever the identity names it; other schemas are kept.
pub fn without_public(identity: &str) -> String {
    const PUBLIC: &str = "public.";
    let mut short = String::with_capacity(identity.len());
    let mut rest = identity;
    let mut quoted = false;
    while let Some(next) = rest.chars().next() {
        let starts_name = !short.ends_with(|c: char| c.is_alphanumeric() || "_$.\"".contains(c));
        match rest.strip_prefix(PUBLIC) {
            Some(after) if starts_name && !quoted => rest = after,
            _ => {
                quoted ^= next == '"';
                short.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    short
}

/// The name of a migration's file, whichever layout its folder has.
pub fn migration(version: &str, name: &str) -> String {
    if name.is_empty() { format!("{version}.sql") } else { format!("{version}_{name}.sql") }
}

/// `1 migration`, `2 migrations`, `2 policies`, `3 indexes`
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {}", plural(number, noun))
}

/// The noun as it stands after the number.
pub fn plural(number: usize, noun: &str) -> String {
    // Of "index of a view", the index is what there are several of.
    if let Some((head, rest)) = noun.split_once(" of ") {
        return format!("{} of {rest}", plural(number, head));
    }
    let is_plural = noun.ends_with('s') && !noun.ends_with("ss");
    if number == 1 || is_plural || noun == "row security" {
        noun.to_owned()
    } else if let Some(stem) = noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u'])) {
        format!("{stem}ies")
    } else if ["ss", "x", "ch", "sh"].iter().any(|end| noun.ends_with(end)) {
        format!("{noun}es")
    } else {
        format!("{noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_short_and_capitalised() {
        let kinds = [
            ("table", "Table"),
            ("table column", "Column"),
            ("foreign table column", "Column"),
            ("table constraint", "Constraint"),
            ("domain constraint", "Constraint"),
            ("index", "Index"),
            ("type", "Type"),
            ("sequence", "Sequence"),
            ("materialized view", "Materialized view"),
            ("foreign table", "Foreign table"),
            ("default value", "Default"),
            ("not null", "Not null"),
            ("enum value", "Enum value"),
        ];
        for (object_type, shown) in kinds {
            assert_eq!(kind(object_type), shown);
        }
    }

    #[test]
    fn public_is_left_out_and_other_schemas_are_kept() {
        let identities = [
            ("public.np_documents.fts_vector", "np_documents.fts_vector"),
            ("app.orders.id", "app.orders.id"),
            ("orders_pkey on public.orders", "orders_pkey on orders"),
            ("public.f(public.mood,app.x)", "f(mood,app.x)"),
            ("app.public.id", "app.public.id"),
            ("\"My public.x\" on public.\"Ünder\"", "\"My public.x\" on \"Ünder\""),
            ("my_public.t", "my_public.t"),
            ("public", "public"),
            ("\"public\".\"public.t\"", "\"public\".\"public.t\""),
        ];
        for (identity, shown) in identities {
            assert_eq!(without_public(identity), shown);
        }
    }

    #[test]
    fn a_default_is_named_by_its_column() {
        assert_eq!(object("default value", "for public.t.created_at"), "Default: t.created_at");
    }

    #[test]
    fn a_migration_may_have_no_name() {
        assert_eq!(migration("0003", "add_documents_table"), "0003_add_documents_table.sql");
        assert_eq!(migration("20260507", ""), "20260507.sql");
    }

    #[test]
    fn nouns_agree_with_their_numbers() {
        let counts = [
            (1, "migration", "1 migration"),
            (0, "migration", "0 migrations"),
            (2, "policy", "2 policies"),
            (2, "index", "2 indexes"),
            (2, "trigger", "2 triggers"),
            (2, "key", "2 keys"),
            (2, "operator class", "2 operator classes"),
            (2, "index of a materialized view", "2 indexes of a materialized view"),
            (2, "default privileges", "2 default privileges"),
        ];
        for (number, noun, text) in counts {
            assert_eq!(count(number, noun), text);
        }
    }
}
