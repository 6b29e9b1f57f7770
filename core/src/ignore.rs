//! What is live and expected by no migration, and yet no drift, because it is known who made it: other tools and their
//! extensions. What a migration does create is compared, whatever it is called.

use crate::diff::{Change, Object};
use crate::model::{Catalog, Table};

/// A rule that comes with the product.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Of the identity of an object, or of the table that it is on; `*` stands for any characters.
    pub pattern: &'static str,
    /// Nothing for all types.
    pub object_type: Option<&'static str>,
    pub reason: &'static str,
}

const fn rule(pattern: &'static str, reason: &'static str) -> Rule {
    Rule { pattern, object_type: None, reason }
}

const HASURA: &str = "Hasura keeps its metadata and its event log here";
const TIMESCALE: &str = "chunks and catalogs of TimescaleDB, which come and go with the rows";
const POSTGRAPHILE: &str = "PostGraphile watches the schema with it, and leaves it behind";
const TRACKER: &str = "the list of applied migrations of another tool";

/// All rules, in the order in which they are tried.
pub static RULES: &[Rule] = &[
    rule("hdb_catalog", HASURA),
    rule("hdb_catalog.*", HASURA),
    Rule {
        pattern: "*notify_hasura_*",
        object_type: Some("trigger"),
        reason: "an event trigger of Hasura, which makes it from its metadata",
    },
    rule("_timescaledb_*", TIMESCALE),
    Rule {
        pattern: "ts_insert_blocker on *",
        object_type: Some("trigger"),
        reason: "made by TimescaleDB for each hypertable",
    },
    rule("partman.template_*", "a template table of pg_partman"),
    rule("postgraphile_watch", POSTGRAPHILE),
    rule("postgraphile_watch.*", POSTGRAPHILE),
    rule("postgraphile_watch_*", POSTGRAPHILE),
    rule("drizzle", TRACKER),
    rule("drizzle.*", TRACKER),
    rule("*.__drizzle_migrations", TRACKER),
    rule("*._prisma_migrations", TRACKER),
    rule("*.schema_migrations", TRACKER),
    rule("*.ar_internal_metadata", TRACKER),
    rule("*.flyway_schema_history", TRACKER),
    rule("*.databasechangelog", TRACKER),
    rule("*.databasechangeloglock", TRACKER),
    rule("*.__diesel_schema_migrations", TRACKER),
    rule("*._sqlx_migrations", TRACKER),
    rule("*.refinery_schema_history", TRACKER),
    rule("*.knex_migrations", TRACKER),
    rule("*.knex_migrations_lock", TRACKER),
    rule("*.\"SequelizeMeta\"", TRACKER),
    rule("*.typeorm_metadata", TRACKER),
    rule("*.mikro_orm_migrations", TRACKER),
    rule("*.pgmigrations", TRACKER),
    rule("*.kysely_migration", TRACKER),
    rule("*.kysely_migration_lock", TRACKER),
    rule("*.alembic_version", TRACKER),
    rule("*.django_migrations", TRACKER),
    rule("*.goose_db_version", TRACKER),
    rule("*.gorp_migrations", TRACKER),
    rule("*.\"__EFMigrationsHistory\"", TRACKER),
    rule("atlas_schema_revisions", TRACKER),
    rule("atlas_schema_revisions.*", TRACKER),
    rule("sqitch", TRACKER),
    rule("sqitch.*", TRACKER),
    rule("supabase_migrations", TRACKER),
    rule("supabase_migrations.*", TRACKER),
    rule("graphile_migrate", TRACKER),
    rule("graphile_migrate.*", TRACKER),
];

/// The rule by which a change is no drift, if there is one. On a table that migrations create nothing goes by the table's
/// name, and one of theirs that was moved is still theirs.
pub fn rule_for(change: &Change, expected: &Catalog, live: &Catalog) -> Option<&'static Rule> {
    let Change::Extra(object) = change else { return None };
    let identity = object.identity();
    let whole = whole(*object);
    let on_expected =
        whole.as_ref().is_some_and(|whole| expected.tables.iter().any(|table| table.identity == *whole));
    let was_moved = |table: &Table| {
        let same_name = |other: &&Table| other.name.name == table.name.name;
        let is_gone = |other: &Table| !live.tables.iter().any(|live| live.identity == other.identity);
        expected.tables.iter().filter(same_name).any(is_gone)
    };
    if matches!(object, Object::Table(table) if was_moved(table)) {
        return None;
    }
    RULES.iter().filter(|rule| !on_expected || rule.object_type.is_some()).find(|rule| {
        rule.object_type.is_none_or(|object_type| object_type == object.object_type())
            && (matches(rule.pattern, &identity)
                || whole.as_ref().is_some_and(|whole| matches(rule.pattern, whole)))
    })
}

/// Whether a relation that no migration expects is another tool's by its name alone.
pub fn is_of_other_tool(identity: &str) -> bool {
    RULES.iter().any(|rule| rule.object_type.is_none() && matches(rule.pattern, identity))
}

/// The identity of what an object belongs to, where its own does not begin with it.
pub fn whole(object: Object) -> Option<String> {
    match object {
        Object::Column(table, _) | Object::Default(table, _) | Object::NotNull(table, _) => {
            Some(table.identity.clone())
        }
        Object::Constraint(constraint) => Some(constraint.table_identity.clone()),
        Object::Index(index) => Some(index.table_identity.clone()),
        Object::Sequence(sequence) => {
            let owner = sequence.owned_by.as_ref()?;
            owner.identity.rsplit_once('.').map(|(table, _)| table.to_string())
        }
        Object::DomainConstraint(domain, _) => Some(domain.identity.clone()),
        Object::EnumValue(of, _) => Some(of.identity.clone()),
        Object::Definition(definition) => definition.of.as_ref().map(|of| of.identity.clone()),
        Object::Grant(privileges) => {
            let acl = privileges.acl;
            let relation = acl.of.as_ref().filter(|of| of.object_type != "extension");
            Some(relation.map_or(&acl.identity, |of| &of.identity).clone())
        }
        Object::Comment(comment) => {
            Some(comment.of.as_ref().map_or(&comment.identity, |of| &of.identity).clone())
        }
        Object::RowSecurity(table) | Object::ForcedRowSecurity(table) => Some(table.identity.clone()),
        Object::Schema(_)
        | Object::Extension(_)
        | Object::Enum(_)
        | Object::Domain(_)
        | Object::Composite(_)
        | Object::Table(_)
        | Object::Owner(_) => None,
    }
}

/// Whether a text is of a pattern in which `*` stands for any characters, also none.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Schema;

    #[test]
    fn a_star_stands_for_anything_and_nothing_else_does() {
        assert!(matches("public.t", "public.t"));
        assert!(!matches("public.t", "public.t2"));
        assert!(!matches("public.t", "xpublic.t"));
        assert!(matches("*", ""));
        assert!(matches("public.*", "public."));
        assert!(matches("*.t", "a.b.t"));
        assert!(matches("a*b*c", "a--b--b--c"));
        assert!(!matches("a*b*c", "a--c--b"));
        assert!(!matches("aa*aa", "aaa"));
        assert!(!matches("np_users", "npxusers"));
    }

    #[test]
    fn only_what_nobody_expects_is_ignored() {
        let schema =
            Schema { identity: "hdb_catalog".into(), name: "hdb_catalog".into(), owner: "hasura".into() };
        let none = Catalog::default();
        let rule_for = |change: Change| super::rule_for(&change, &none, &none);
        let rule = rule_for(Change::Extra(Object::Schema(&schema)));
        assert_eq!(rule.map(|rule| rule.reason), Some(HASURA));
        assert_eq!(rule_for(Change::Missing(Object::Schema(&schema))), None);
        let other = Schema { identity: "hdb_catalog2".into(), ..schema };
        assert_eq!(rule_for(Change::Extra(Object::Schema(&other))), None);
    }
}
