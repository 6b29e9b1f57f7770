//! Every GRANT that a heal can make, seen from the side of whoever revoked it: what no migration granted to that very role
//! is never given.

use expect_test::expect;

use super::attached::function;
use super::{check, column, live, render, table, tables};
use crate::diff::diff;
use crate::model::*;
use crate::plan::tests::{Known, steps};
use crate::plan::{Facts, Options, Right, plan};

const ALL: [&str; 8] =
    ["DELETE", "INSERT", "MAINTAIN", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"];

fn users() -> Catalog {
    tables([table("users", [column("id", "integer")])])
}

/// `role: A B*`, where the star is WITH GRANT OPTION.
fn grants(lines: &[&str]) -> Vec<Grant> {
    let of_line = |line: &&str| {
        let (grantee, privileges) = line.split_once(": ").expect("a role and its privileges");
        let grantee = grantee.to_string();
        let grant = move |privilege: &str| Grant {
            grantee: grantee.clone(),
            privilege: privilege.trim_end_matches('*').to_string(),
            grantable: privilege.ends_with('*'),
            grantors: Vec::new(),
        };
        privileges.split(' ').map(grant).collect::<Vec<_>>()
    };
    lines.iter().flat_map(of_line).collect()
}

fn acl(object_type: &str, identity: &str, on: &str, default: &[&str], given: &[&str]) -> Acl {
    Acl {
        object_type: object_type.to_string(),
        identity: identity.to_string(),
        owner: "planner".to_string(),
        on: format!("{on} {identity}"),
        column: None,
        defaults_for: None,
        of: None,
        built_in: false,
        grants: grants(given),
        default: grants(default),
    }
}

fn on_table(given: &[&str]) -> Acl {
    acl("table", "public.users", "TABLE", &["owner: DELETE SELECT"], given)
}

fn on_function(given: &[&str]) -> Acl {
    acl("function", "public.f()", "FUNCTION", &["PUBLIC: EXECUTE", "owner: EXECUTE"], given)
}

fn with(catalog: Catalog, acls: impl IntoIterator<Item = Acl>) -> Catalog {
    Catalog { acls: acls.into_iter().collect(), ..catalog }
}

fn and_f() -> Catalog {
    Catalog { definitions: vec![function("f")], ..users() }
}

#[test]
fn g3_what_everybody_may_by_default_is_not_given_back() {
    check(
        &and_f(),
        &live(with(and_f(), [on_function(&["owner: EXECUTE"])])),
        &Known::default(),
        expect![[r#"
            missing grant PUBLIC on function public.f()
              manual: somebody took it from PUBLIC, and heal never gives that back: grant it by hand, or write a migration that revokes it, too
              | GRANT EXECUTE ON FUNCTION public.f() TO PUBLIC;
              | -- or, to leave it revoked, in a migration:
              | REVOKE EXECUTE ON FUNCTION public.f() FROM PUBLIC
        "#]],
    );
}

#[test]
fn g3_an_owner_gets_nothing_back() {
    check(
        &users(),
        &live(with(users(), [on_table(&["owner: SELECT"])])),
        &Known::default(),
        expect![[r#"
            missing grant owner on table public.users
              manual: somebody took it from the owner, and heal never gives that back: grant it by hand, or write a migration that revokes it, too
              | GRANT DELETE ON TABLE public.users TO "keeper";
              | -- or, to leave it revoked, in a migration:
              | REVOKE DELETE ON TABLE public.users FROM "planner"
        "#]],
    );
}

#[test]
fn g3_public_gets_nothing_back_that_a_migration_gave() {
    let of_column = |given: &[&str]| Acl {
        column: Some("id".to_string()),
        of: Some(Address::new("table", "public.users")),
        on: "TABLE public.users".to_string(),
        ..acl("table column", "public.users.id", "", &[], given)
    };
    let expected = with(
        users(),
        [
            on_table(&["PUBLIC: SELECT", "app: SELECT", "owner: DELETE SELECT"]),
            of_column(&["PUBLIC: UPDATE", "app: UPDATE"]),
        ],
    );
    check(
        &expected,
        &live(users()),
        &Known::default(),
        expect![[r#"
            missing grant PUBLIC on table public.users
              manual: somebody took it from PUBLIC, and heal never gives that back: grant it by hand, or write a migration that revokes it, too
              | GRANT SELECT ON TABLE public.users TO PUBLIC;
              | -- or, to leave it revoked, in a migration:
              | REVOKE SELECT ON TABLE public.users FROM PUBLIC
            missing grant app on table public.users
              additive as keeper
              runs what planner may have written for table public.users
              | GRANT SELECT ON TABLE public.users TO app
            missing grant PUBLIC on table column public.users.id
              manual: somebody took it from PUBLIC, and heal never gives that back: grant it by hand, or write a migration that revokes it, too
              | GRANT UPDATE (id) ON TABLE public.users TO PUBLIC;
              | -- or, to leave it revoked, in a migration:
              | REVOKE UPDATE (id) ON TABLE public.users FROM PUBLIC
            missing grant app on table column public.users.id
              additive as keeper
              runs what planner may have written for table public.users
              | GRANT UPDATE (id) ON TABLE public.users TO app
        "#]],
    );
}

#[test]
fn g3_default_privileges_of_public_stay_away() {
    let defaults = |given: &[&str]| Acl {
        on: "FUNCTIONS".to_string(),
        defaults_for: Some("FOR ROLE planner".to_string()),
        ..acl(
            "default acl",
            "for role planner on functions",
            "",
            &["PUBLIC: EXECUTE", "owner: EXECUTE"],
            given,
        )
    };
    let expected = with(users(), [defaults(&["PUBLIC: EXECUTE", "app: EXECUTE", "owner: EXECUTE"])]);
    let there = with(users(), [defaults(&["owner: EXECUTE"])]);
    check(
        &expected,
        &live(there),
        &Known::default(),
        expect![[r#"
        missing grant PUBLIC on default acl for role planner on functions
          manual: somebody took it from PUBLIC, and heal never gives that back: grant it by hand, or write a migration that revokes it, too
          | ALTER DEFAULT PRIVILEGES FOR ROLE planner GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
          | -- or, to leave it revoked, in a migration:
          | ALTER DEFAULT PRIVILEGES FOR ROLE planner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC
        missing grant app on default acl for role planner on functions
          additive as planner
          | ALTER DEFAULT PRIVILEGES FOR ROLE planner GRANT EXECUTE ON FUNCTIONS TO app
    "#]],
    );
    // In the other direction they are one too many.
    let there = with(users(), [defaults(&["owner: EXECUTE"])]);
    check(
        &there,
        &live(users()),
        &Known::default(),
        expect![[r#"
        extra grant PUBLIC on default acl for role planner on functions
          manual: no migration grants it: write one that does, or revoke it by hand
          | ALTER DEFAULT PRIVILEGES FOR ROLE planner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC
    "#]],
    );
}

#[test]
fn g3_what_default_privileges_keep_back_stays_kept_back() {
    let defaults = Acl {
        on: "FUNCTIONS".to_string(),
        defaults_for: Some("FOR ROLE planner".to_string()),
        ..acl(
            "default acl",
            "for role planner on functions",
            "",
            &["PUBLIC: EXECUTE", "owner: EXECUTE"],
            &["app: EXECUTE*", "owner: EXECUTE", "spy: EXECUTE"],
        )
    };
    // The migration has the same default privileges, but it granted app no more than to use the function.
    let given = on_function(&["PUBLIC: EXECUTE", "app: EXECUTE", "owner: EXECUTE"]);
    check(
        &with(and_f(), [defaults.clone(), given]),
        &with(users(), [defaults.clone()]),
        &Known::default(),
        expect![[r#"
            missing function public.f()
              additive as planner
              | CREATE FUNCTION public.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
              | REVOKE GRANT OPTION FOR EXECUTE ON FUNCTION public.f() FROM app;
              | REVOKE EXECUTE ON FUNCTION public.f() FROM spy
            missing grant app on function public.f()
              part of function public.f()
              additive as planner
              needs function public.f()
              | GRANT EXECUTE ON FUNCTION public.f() TO app
        "#]],
    );
    // Also where nothing but the default is expected.
    check(
        &with(and_f(), [defaults.clone()]),
        &with(users(), [defaults]),
        &Known::default(),
        expect![[r#"
        missing function public.f()
          additive as planner
          | CREATE FUNCTION public.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
          | REVOKE EXECUTE ON FUNCTION public.f() FROM app;
          | REVOKE EXECUTE ON FUNCTION public.f() FROM spy
    "#]],
    );
}

#[test]
fn g3_what_a_migration_gave_public_comes_with_a_new_object() {
    let expected = with(users(), [on_table(&["PUBLIC: SELECT", "owner: DELETE SELECT SELECT*"])]);
    check(
        &expected,
        &Catalog::default(),
        &Known::default(),
        expect![[r#"
        missing table public.users
          additive as planner
          detail: 1 column
          | CREATE TABLE "public"."users" ("id" integer)
        missing grant PUBLIC on table public.users
          part of table public.users
          additive as planner
          needs table public.users
          | GRANT SELECT ON TABLE public.users TO PUBLIC
        missing grant owner on table public.users
          part of table public.users
          manual: heal gives an owner no more than a new object does: grant it by hand, or take it out of the migration
          | GRANT SELECT ON TABLE public.users TO "planner" WITH GRANT OPTION;
          | -- or, to leave it revoked, in a migration:
          | REVOKE GRANT OPTION FOR SELECT ON TABLE public.users FROM "planner"
    "#]],
    );
}

#[test]
fn g3_all_of_an_older_server_is_not_maintain() {
    let all = ALL.join(" ");
    let without = |gone: &[&str]| {
        let left: Vec<&str> = ALL.iter().filter(|name| !gone.contains(*name)).copied().collect();
        with(users(), [on_table(&[&format!("app: {}", left.join(" ")), "owner: DELETE SELECT"])])
    };
    let expected = with(users(), [on_table(&[&format!("app: {all}"), "owner: DELETE SELECT"])]);
    check(
        &expected,
        &live(without(&["MAINTAIN"])),
        &Known::default(),
        expect![[r#"
        missing grant app on table public.users
          manual: GRANT ALL gives MAINTAIN since PostgreSQL 17, and app lacks it: the migration may have been written for less, or somebody took it away: grant it by hand, or write a migration that revokes it
          | GRANT MAINTAIN ON TABLE public.users TO app;
          | -- or, to leave it revoked, in a migration:
          | REVOKE MAINTAIN ON TABLE public.users FROM app
    "#]],
    );
    // Who took two privileges may have meant both.
    check(
        &expected,
        &live(without(&["MAINTAIN", "SELECT"])),
        &Known::default(),
        expect![[r#"
        missing grant app on table public.users
          manual: GRANT ALL gives MAINTAIN since PostgreSQL 17, and app lacks it: the migration may have been written for less, or somebody took it away: grant it by hand, or write a migration that revokes it
          | GRANT MAINTAIN, SELECT ON TABLE public.users TO app;
          | -- or, to leave it revoked, in a migration:
          | REVOKE MAINTAIN, SELECT ON TABLE public.users FROM app
    "#]],
    );
    // Without MAINTAIN, or with nothing left, it is as the migration says.
    check(
        &expected,
        &live(without(&["SELECT"])),
        &Known::default(),
        expect![[r#"
            missing grant app on table public.users
              additive as keeper
              runs what planner may have written for table public.users
              | GRANT SELECT ON TABLE public.users TO app
        "#]],
    );
    check(
        &expected,
        &live(users()),
        &Known::default(),
        expect![[r#"
            missing grant app on table public.users
              additive as keeper
              runs what planner may have written for table public.users
              | GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE public.users TO app
        "#]],
    );
    // A migration that says MAINTAIN by name means it.
    let by_name = with(users(), [on_table(&["app: MAINTAIN SELECT", "owner: DELETE SELECT"])]);
    let there = with(users(), [on_table(&["app: SELECT", "owner: DELETE SELECT"])]);
    check(
        &by_name,
        &live(there),
        &Known::default(),
        expect![[r#"
            missing grant app on table public.users
              additive as keeper
              runs what planner may have written for table public.users
              | GRANT MAINTAIN ON TABLE public.users TO app
        "#]],
    );
}

#[test]
fn g3_who_granted_grants_again() {
    let granted_by = |role: Option<&str>, mut acl: Acl| {
        for grant in acl.grants.iter_mut().filter(|grant| grant.grantee == "app") {
            grant.grantors = role.map(str::to_string).into_iter().collect();
        }
        acl
    };
    let all = on_table(&["app: SELECT", "clerk: SELECT*", "owner: DELETE SELECT"]);
    let expected = with(users(), [granted_by(Some("clerk"), all.clone())]);
    check(
        &expected,
        &live(users()),
        &Known::default(),
        expect![[r#"
            missing grant clerk on table public.users
              additive as keeper
              runs what planner may have written for table public.users
              | GRANT SELECT ON TABLE public.users TO clerk WITH GRANT OPTION
            missing grant app on table public.users
              additive as clerk
              runs what planner may have written for table public.users
              needs grant clerk on table public.users
              | SET ROLE "clerk";
              | GRANT SELECT ON TABLE public.users TO app;
              | RESET ROLE
        "#]],
    );
    // Who granted is a difference by itself, for a person.
    check(
        &expected,
        &live(with(users(), [all])),
        &Known::default(),
        expect![[r#"
        changed grant app on table public.users
          manual: its grantor differs: heal adds what is missing, it never alters what is there
          | SET ROLE "clerk";
          | GRANT SELECT ON TABLE public.users TO app;
          | SET ROLE "planner";
          | REVOKE SELECT ON TABLE public.users FROM app;
          | RESET ROLE
    "#]],
    );
    let mut several = on_table(&["app: DELETE SELECT", "clerk: SELECT*", "owner: DELETE SELECT"]);
    several.grants[1].grantors = vec!["clerk".to_string()];
    let there = with(users(), [on_table(&["clerk: SELECT*", "owner: DELETE SELECT"])]);
    check(
        &with(users(), [several]),
        &live(there),
        &Known::default(),
        expect![[r#"
            missing grant app on table public.users
              manual: several roles granted it, each in its own name: let each grant its part again
              | GRANT DELETE ON TABLE public.users TO app;
              | SET ROLE "clerk";
              | GRANT SELECT ON TABLE public.users TO app;
              | RESET ROLE;
              | -- or, to leave it revoked, in a migration:
              | REVOKE DELETE ON TABLE public.users FROM app;
              | SET ROLE "clerk";
              | REVOKE SELECT ON TABLE public.users FROM app;
              | RESET ROLE
        "#]],
    );
}

#[test]
fn g3_nobody_gets_a_right_on_what_somebody_changed() {
    let mut there = and_f();
    there.definitions[0].def = there.definitions[0].def.replace("SELECT 1", "SELECT 2");
    let expected = with(and_f(), [on_function(&["PUBLIC: EXECUTE", "app: EXECUTE", "owner: EXECUTE"])]);
    check(
        &expected,
        &live(there),
        &Known::default(),
        expect![[r#"
        changed function public.f()
          manual: its definition differs: heal adds what is missing, it never alters what is there
          | CREATE OR REPLACE FUNCTION public.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'
        missing grant app on function public.f()
          blocked: waits for function public.f(), which is not as expected: it may give app more than was meant
          | GRANT EXECUTE ON FUNCTION public.f() TO app
    "#]],
    );
}

#[test]
fn g3_an_owner_lacks_nothing_that_was_granted_to_that_role() {
    // The table belongs to keeper here, and to planner where the migrations ran.
    let expected = with(users(), [on_table(&["keeper: SELECT", "owner: DELETE SELECT"])]);
    let there = Acl { owner: "keeper".to_string(), ..on_table(&["owner: DELETE SELECT"]) };
    assert_eq!(steps(&expected, &live(with(users(), [there])), &Known::default()), []);
    assert_eq!(steps(&expected, &live(users()), &Known::default()), []);
    assert_eq!(steps(&expected, &users(), &Known::default()).len(), 1);
}

fn with_extension(catalog: Catalog) -> Catalog {
    let extension = Extension {
        identity: "hstore".to_string(),
        name: "hstore".to_string(),
        schema: "public".to_string(),
        owner: "planner".to_string(),
        version: String::new(),
        named_version: None,
        members: Vec::new(),
        contents: Vec::new(),
    };
    Catalog { extensions: vec![extension], ..catalog }
}

fn on_member(given: &[&str]) -> Acl {
    Acl {
        of: Some(Address::new("extension", "hstore")),
        ..acl("function", "public.hs()", "FUNCTION", &["PUBLIC: EXECUTE", "owner: EXECUTE"], given)
    }
}

fn said(text: &str) -> Comment {
    Comment {
        object_type: "extension".to_string(),
        identity: "hstore".to_string(),
        on: "EXTENSION hstore".to_string(),
        text: text.to_string(),
        of: None,
    }
}

#[test]
fn a10_an_extension_comes_locked_up_as_it_was() {
    let mut expected = with_extension(with(users(), [on_member(&["app: EXECUTE", "owner: EXECUTE"])]));
    expected.comments = vec![said("ours")];
    check(
        &expected,
        &live(users()),
        &Known::default(),
        expect![[r#"
        missing extension hstore
          additive as planner
          | CREATE EXTENSION "hstore" WITH SCHEMA "public";
          | REVOKE EXECUTE ON FUNCTION public.hs() FROM PUBLIC;
          | GRANT EXECUTE ON FUNCTION public.hs() TO app;
          | COMMENT ON EXTENSION hstore IS 'ours'
    "#]],
    );
    // What belongs to another role its creator cannot lock up.
    expected.acls[0].owner = "postgres".to_string();
    check(
        &expected,
        &live(users()),
        &Known::default(),
        expect![[r#"
        missing extension hstore
          blocked: the migrations changed who may use its member function public.hs(), which planner cannot do: create it by hand, and let postgres grant and revoke
          | CREATE EXTENSION "hstore" WITH SCHEMA "public";
          | REVOKE EXECUTE ON FUNCTION public.hs() FROM PUBLIC;
          | GRANT EXECUTE ON FUNCTION public.hs() TO app;
          | COMMENT ON EXTENSION hstore IS 'ours'
    "#]],
    );
}

#[test]
fn g5_privileges_on_members_are_compared() {
    let expected = with_extension(with(users(), [on_member(&["app: EXECUTE", "owner: EXECUTE"])]));
    let mut there = with_extension(users());
    there.comments = vec![said("theirs")];
    check(
        &expected,
        &live(there),
        &Known::default(),
        expect![[r#"
        extra comment extension hstore
          manual: no migration creates it: write one that does, or remove it by hand
          | COMMENT ON EXTENSION hstore IS NULL
        extra grant PUBLIC on function public.hs()
          manual: no migration grants it: write one that does, or revoke it by hand
          | REVOKE EXECUTE ON FUNCTION public.hs() FROM PUBLIC
        missing grant app on function public.hs()
          additive as planner
          | GRANT EXECUTE ON FUNCTION public.hs() TO app
    "#]],
    );
    // Its comment is its owner's business.
    let mut expected_comment = with_extension(users());
    expected_comment.comments = vec![said("ours")];
    check(
        &expected_comment,
        &live(with_extension(users())),
        &Known::default(),
        expect![[r#"
        missing comment extension hstore
          additive as planner
          | COMMENT ON EXTENSION hstore IS 'ours'
    "#]],
    );
    // Where the extension is another one, its members are.
    let mut there = with_extension(users());
    there.extensions[0].schema = "elsewhere".to_string();
    check(
        &expected,
        &live(there),
        &Known::default(),
        expect![[r#"
        changed extension hstore
          manual: its schema differs: heal adds what is missing, it never alters what is there
          | ALTER EXTENSION "hstore" SET SCHEMA "public"
        extra grant PUBLIC on function public.hs()
          manual: no migration grants it: write one that does, or revoke it by hand
          | REVOKE EXECUTE ON FUNCTION public.hs() FROM PUBLIC
        missing grant app on function public.hs()
          blocked: waits for extension hstore, which is not as expected: it may give app more than was meant
          | GRANT EXECUTE ON FUNCTION public.hs() TO app
    "#]],
    );
    // One that nobody expects is one thing.
    let there = Catalog { comments: vec![said("theirs")], ..with_extension(users()) };
    check(
        &users(),
        &live(there),
        &Known::default(),
        expect![[r#"
        extra extension hstore
          manual: no migration creates it: write one that does, or remove it by hand
          | DROP EXTENSION "hstore"
    "#]],
    );
}

#[test]
fn a12_privileges_on_what_the_server_brings_are_compared() {
    let on_sleep = |given: &[&str]| Acl {
        built_in: true,
        owner: "postgres".to_string(),
        ..acl(
            "function",
            "pg_catalog.pg_sleep(double precision)",
            "FUNCTION",
            &["PUBLIC: EXECUTE", "owner: EXECUTE"],
            given,
        )
    };
    let revoked = with(users(), [on_sleep(&["app: EXECUTE", "owner: EXECUTE"])]);
    check(
        &revoked,
        &live(users()),
        &Known::default(),
        expect![[r#"
        extra grant PUBLIC on function pg_catalog.pg_sleep(double precision)
          manual: no migration grants it: write one that does, or revoke it by hand
          | REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC
        missing grant app on function pg_catalog.pg_sleep(double precision)
          additive as postgres
          | GRANT EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) TO app
    "#]],
    );
    check(
        &users(),
        &live(revoked),
        &Known::default(),
        expect![[r#"
        missing grant PUBLIC on function pg_catalog.pg_sleep(double precision)
          manual: somebody took it from PUBLIC, and heal never gives that back: grant it by hand, or write a migration that revokes it, too
          | GRANT EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) TO PUBLIC;
          | -- or, to leave it revoked, in a migration:
          | REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC
        extra grant app on function pg_catalog.pg_sleep(double precision)
          manual: no migration grants it: write one that does, or revoke it by hand
          | REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM app
    "#]],
    );
}

#[test]
fn a_new_sequence_of_an_identity_column_is_new() {
    let numbered = tables([table("users", [column("id", "bigint").numbered("users_id_seq")])]);
    let on_sequence = acl(
        "sequence",
        "public.users_id_seq",
        "SEQUENCE",
        &["owner: SELECT UPDATE USAGE"],
        &["PUBLIC: SELECT", "owner: SELECT UPDATE USAGE"],
    );
    check(
        &with(numbered, [on_sequence]),
        &Catalog::default(),
        &Known::default(),
        expect![[r#"
        missing table public.users
          additive as planner
          detail: 1 column
          | CREATE TABLE "public"."users" ("id" bigint GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME "public"."users_id_seq" START WITH 1 INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 CACHE 1 NO CYCLE) NOT NULL)
        missing grant PUBLIC on sequence public.users_id_seq
          additive as planner
          | GRANT SELECT ON SEQUENCE public.users_id_seq TO PUBLIC
    "#]],
    );
}

/// The steps where the server says that these rights are lacking, of those that it is asked for.
fn steps_without(expected: &Catalog, there: &Catalog, lacking: &[(&str, &str)]) -> Vec<String> {
    let changes = diff(expected, there);
    let options = Options {
        rewrite_limit: 0,
        not_renamed: Default::default(),
        allowed: Vec::new(),
        server_version: 150_000,
        throw_away: false,
    };
    let first = plan(expected, there, &changes, &Facts::default(), &options);
    let is_lacking = |right: &Right| {
        lacking.iter().any(|(role, privilege)| right.role == *role && right.privilege == *privilege)
    };
    let lacking = first.rights().into_iter().filter(is_lacking).collect();
    let facts = Facts { lacking, database: "shop".to_string(), ..Facts::default() };
    plan(expected, there, &changes, &facts, &options).steps.iter().map(render).collect()
}

fn app_schema(owner: &str) -> Schema {
    Schema { identity: "public".to_string(), name: "public".to_string(), owner: owner.to_string() }
}

fn with_schema(catalog: Catalog, owner: &str) -> Catalog {
    Catalog { schemas: vec![app_schema(owner)], ..catalog }
}

#[test]
fn a9_what_a_role_may_not_create_is_blocked() {
    let expected = with_schema(users(), "boss");
    let there = with_schema(Catalog::default(), "boss");
    let found = steps_without(&expected, &there, &[("planner", "CREATE")]);
    expect![[r#"
        missing table public.users
          blocked: role planner may not create anything in schema public: GRANT CREATE ON SCHEMA "public" TO "planner"
          | GRANT CREATE ON SCHEMA "public" TO "planner";
          | CREATE TABLE "public"."users" ("id" integer)
    "#]].assert_eq(&found.concat());
    // The control.
    assert!(steps_without(&expected, &there, &[("another", "CREATE")]).concat().contains("additive"));
    // A migration gave it the right, and this very heal gives it back.
    let acl = acl(
        "schema",
        "public",
        "SCHEMA",
        &["owner: CREATE USAGE"],
        &["owner: CREATE USAGE", "planner: CREATE"],
    );
    let found = steps_without(&with(expected.clone(), [acl.clone()]), &there, &[("planner", "CREATE")]);
    expect![[r#"
        missing grant planner on schema public
          additive as boss
          | GRANT CREATE ON SCHEMA public TO planner
        missing table public.users
          additive as planner
          needs grant planner on schema public
          detail: 1 column
          | CREATE TABLE "public"."users" ("id" integer)
    "#]]
    .assert_eq(&found.concat());
    // A schema of this heal is its creator's, and others have to wait for theirs.
    let found = steps_without(&with(expected, [acl]), &Catalog::default(), &[("planner", "CREATE")]);
    expect![[r#"
        missing schema public
          additive as boss
          | CREATE SCHEMA "public"
        missing grant planner on schema public
          part of schema public
          additive as planner
          needs schema public
          | GRANT CREATE ON SCHEMA public TO planner
        missing table public.users
          additive as planner
          needs schema public
          needs grant planner on schema public
          detail: 1 column
          | CREATE TABLE "public"."users" ("id" integer)
    "#]]
    .assert_eq(&found.concat());
    let own = with_schema(users(), "planner");
    assert_eq!(steps_without(&own, &Catalog::default(), &[]).len(), 2);
    let found = steps_without(&own, &Catalog::default(), &[("planner", "CREATE")]);
    expect![[r#"
        missing schema public
          blocked: role planner may not create anything in database shop: GRANT CREATE ON DATABASE "shop" TO "planner"
          | GRANT CREATE ON DATABASE "shop" TO "planner";
          | CREATE SCHEMA "public"
        missing table public.users
          blocked: waits for schema public, which is blocked
          | CREATE TABLE "public"."users" ("id" integer)
    "#]].assert_eq(&found.concat());
}

#[test]
fn a9_only_what_the_server_asks_for_is_asked() {
    let rights = |expected: &Catalog, there: &Catalog| {
        let changes = diff(expected, there);
        let options = Options {
            rewrite_limit: 1 << 30,
            not_renamed: Default::default(),
            allowed: Vec::new(),
            server_version: 150_000,
            throw_away: false,
        };
        let plan = plan(expected, there, &changes, &Facts::default(), &options);
        let rights = plan.rights().into_iter().map(|right| format!("{} {:?}", right.privilege, right.on));
        rights.collect::<Vec<_>>().join("\n")
    };
    let all = || {
        let mut all = tables([
            table("users", [column("id", "integer"), column("name", "text")]),
            table("orders", [column("id", "integer"), column("user_id", "integer")]),
        ]);
        all.constraints = vec![super::primary("users", "id")];
        all
    };
    // A column needs nothing that its table's owner has not.
    let mut there = all();
    there.tables[0].columns.pop();
    expect![[r#"USAGE Schema("public")"#]].assert_eq(&rights(&all(), &there));
    // An index is made in the table's schema; a foreign key refers to another table.
    let mut expected = all();
    expected.indexes = vec![super::index("users_name", "users", "name")];
    expect![[r#"
        CREATE Schema("public")
        USAGE Schema("public")"#]]
    .assert_eq(&rights(&expected, &all()));
    let mut expected = all();
    expected.constraints.push(super::foreign("orders", "user_id", "users"));
    expect![[r#"
        REFERENCES Table(Name { schema: "public", name: "users" }, ["id"])
        SELECT Table(Name { schema: "public", name: "users" }, ["id"])
        USAGE Schema("public")"#]]
    .assert_eq(&rights(&expected, &all()));
    // A function is written in a language.
    let mut expected = and_f();
    expected.definitions[0].def = expected.definitions[0].def.replace(" LANGUAGE", "\n LANGUAGE");
    expect![[r#"
        CREATE Schema("public")
        USAGE Schema("public")
        USAGE Language("sql")"#]]
    .assert_eq(&rights(&expected, &users()));
    expect![[r#"CREATE Extension("hstore")"#]].assert_eq(&rights(&with_extension(users()), &users()));
}
