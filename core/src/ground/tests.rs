use super::*;
use crate::model::{Acl, Comment, Definition, DefinitionKind, Grant, Name, Schema, Table};

fn schema(name: &str, owner: &str) -> Schema {
    Schema { identity: name.to_string(), name: name.to_string(), owner: owner.to_string() }
}

fn table(name: &str) -> Table {
    Table {
        identity: format!("app.{name}"),
        name: Name { schema: "app".to_string(), name: name.to_string() },
        owner: "owner".to_string(),
        ..plan::tests::table(name, [])
    }
}

fn comment(on: &str) -> Comment {
    Comment {
        object_type: "table".to_string(),
        identity: on.to_string(),
        on: format!("TABLE {on}"),
        text: "a text".to_string(),
        of: None,
    }
}

fn ground() -> Catalog {
    Catalog {
        schemas: vec![schema("app", "owner"), schema("public", "pg_database_owner")],
        tables: vec![table("a"), table("b")],
        comments: vec![comment("app.a")],
        ..Catalog::default()
    }
}

fn names(schema: &Catalog) -> Vec<String> {
    objects(schema).into_iter().map(|(object, _)| object.to_string()).collect()
}

/// As the server does it: what is made belongs to whoever makes it.
fn made(mut schema: Catalog) -> Catalog {
    schema.tables.iter_mut().for_each(|of| of.owner = "server".to_string());
    schema.schemas.iter_mut().filter(|of| of.name != "public").for_each(|of| of.owner = "server".to_string());
    schema
}

#[test]
fn what_is_lacking_is_made_and_then_given_to_its_owner() {
    let new = Catalog { schemas: vec![schema("public", "pg_database_owner")], ..Catalog::default() };
    let first = makings(&ground(), &new, true);
    assert!(first.iter().all(|making| making.is_missing));
    let sql: Vec<&str> = first.iter().map(|making| making.sql.as_str()).collect();
    assert_eq!(sql[0], r#"CREATE SCHEMA "app""#);
    assert!(sql.contains(&r#"CREATE TABLE "app"."a" ()"#), "{sql:?}");
    assert!(sql.contains(&"COMMENT ON TABLE app.a IS 'a text'"), "{sql:?}");
    let second = makings(&ground(), &made(ground()), true);
    let sql: Vec<&str> = second.iter().map(|making| making.sql.as_str()).collect();
    assert_eq!(
        sql,
        [
            r#"ALTER SCHEMA app OWNER TO "owner""#,
            r#"ALTER TABLE app.a OWNER TO "owner""#,
            r#"ALTER TABLE app.b OWNER TO "owner""#
        ]
    );
    assert!(!second.iter().any(|making| making.is_missing));
    assert_eq!(makings(&ground(), &ground(), true), []);
}

fn acl_of_public(grantees: &[&str]) -> Acl {
    let grant = |grantee: &&str| Grant {
        grantee: grantee.to_string(),
        privilege: "CREATE".to_string(),
        grantable: false,
        grantors: Vec::new(),
    };
    Acl {
        object_type: "schema".to_string(),
        identity: "public".to_string(),
        owner: "pg_database_owner".to_string(),
        on: "SCHEMA public".to_string(),
        column: None,
        defaults_for: None,
        of: None,
        built_in: false,
        grants: grantees.iter().map(grant).collect(),
        default: Vec::new(),
    }
}

#[test]
fn privileges_are_given_whoever_had_them() {
    let there = Catalog { acls: vec![acl_of_public(&["reader"])], ..ground() };
    let ground = Catalog { acls: vec![acl_of_public(&["PUBLIC", "owner", "reader"])], ..ground() };
    let all = makings(&ground, &there, true);
    let sql: Vec<&str> = all.iter().map(|making| making.sql.as_str()).collect();
    assert_eq!(
        sql,
        [
            "GRANT CREATE ON SCHEMA public TO PUBLIC",
            r#"GRANT CREATE ON SCHEMA public TO "pg_database_owner""#
        ]
    );
}

#[test]
fn what_is_printed_otherwise_is_not_made_anew() {
    let with = |text: &str| {
        let def = format!("CREATE MATERIALIZED VIEW app.m AS {text} WITH NO DATA");
        let kind = DefinitionKind::MaterializedView;
        let view = Definition {
            name: Some(Name { schema: "app".to_string(), name: "m".to_string() }),
            ..plan::tests::attached::definition(kind, "app.m", "MATERIALIZED VIEW app.m", &def)
        };
        Catalog { definitions: vec![view], ..ground() }
    };
    let (ground, there) = (with("SELECT a.i FROM app.a"), with("SELECT i FROM app.a"));
    assert_eq!(makings(&ground, &there, true), []);
}

#[test]
fn what_a_new_database_has_and_the_ground_had_not_is_taken_away() {
    let without_public = Catalog { schemas: vec![schema("app", "owner")], ..Catalog::default() };
    let there = Catalog {
        schemas: vec![schema("app", "owner"), schema("public", "pg_database_owner")],
        ..Catalog::default()
    };
    let all = makings(&without_public, &there, true);
    let sql: Vec<&str> = all.iter().map(|making| making.sql.as_str()).collect();
    assert_eq!(sql, [r#"DROP SCHEMA "public""#]);
}

#[test]
fn a_person_sees_objects_and_not_their_parts_nor_what_every_database_has() {
    assert_eq!(names(&ground()), ["schema app", "table app.a", "table app.b"]);
}

#[test]
fn what_is_forgotten_goes_with_all_that_is_on_it() {
    let left = without(ground(), &["app.a".to_string()]);
    assert_eq!(names(&left), ["schema app", "table app.b"]);
    assert_eq!(left.comments, []);
    assert_eq!(names(&without(ground(), &["app.*".to_string(), "app".to_string()])), [] as [&str; 0]);
    assert_eq!(without(ground(), &["nothing".to_string()]), ground());
}

#[test]
fn what_could_not_be_made_is_expected_as_it_was() {
    let replayed = Catalog { tables: vec![table("b"), table("c")], ..ground() };
    let lacking = Catalog { comments: Vec::new(), ..replayed };
    let unmade = [Address::new("table", "app.a"), Address::new("table", "app.b")];
    let completed = complete(lacking, ground(), &unmade);
    let tables: Vec<&str> = completed.tables.iter().map(|of| of.identity.as_str()).collect();
    // A migration has made b meanwhile: that one counts.
    assert_eq!(tables, ["app.a", "app.b", "app.c"]);
    assert_eq!(completed.comments, ground().comments);
    assert_eq!(completed.schemas, ground().schemas);
}

#[test]
fn what_stands_around_is_what_migrations_do_not_make() {
    let mut live = ground();
    live.schemas.push(schema("auth", "platform"));
    let mut users = table("users");
    users.identity = "auth.users".to_string();
    users.name.schema = "auth".to_string();
    live.tables.push(users);
    live.comments.push(comment("auth.users"));
    let made = Made { schemas: ["app".to_string()].into(), ..Made::default() };
    let around = around(live, &made, &["public".to_string()].into());
    assert_eq!(names(&around), ["schema auth", "table auth.users"]);
    assert_eq!(around.comments, [comment("auth.users")]);
    let schemas: Vec<&str> = around.schemas.iter().map(|of| of.name.as_str()).collect();
    assert_eq!(schemas, ["public", "auth"]);
}
