//! What a statement defines, and what is attached to objects: privileges, comments, row security.

use expect_test::expect;

use super::{check, column, live, table, tables};
use crate::model::*;
use crate::plan::tests::{Known, name, steps};
use crate::plan::{Kind, Verdict};

pub(crate) fn definition(kind: DefinitionKind, identity: &str, sql_name: &str, def: &str) -> Definition {
    Definition {
        kind,
        identity: identity.to_string(),
        sql_name: sql_name.to_string(),
        name: None,
        owner: Some("planner".to_string()),
        of: None,
        def: def.to_string(),
        more: Vec::new(),
        shape: None,
        parameters: Vec::new(),
        query: None,
        state: None,
        inherited: false,
        filled: None,
    }
}

pub(crate) fn view(view: &str, query: &str) -> Definition {
    let identity = format!("public.{view}");
    let def = format!("CREATE VIEW {identity} AS {query}");
    Definition {
        name: Some(name(view)),
        ..definition(DefinitionKind::View, &identity, &format!("VIEW {identity}"), &def)
    }
}

pub(super) fn function(function: &str) -> Definition {
    let identity = format!("public.{function}()");
    let def = format!("CREATE FUNCTION {identity} RETURNS integer LANGUAGE sql AS 'SELECT 1'");
    Definition {
        name: Some(name(function)),
        ..definition(DefinitionKind::Function, &identity, &format!("FUNCTION {identity}"), &def)
    }
}

fn trigger(trigger: &str, table: &str, state: Firing) -> Definition {
    let def = format!("CREATE TRIGGER {trigger} BEFORE UPDATE ON public.{table} EXECUTE FUNCTION public.f()");
    Definition {
        owner: None,
        of: Some(of(table)),
        state: Some(state),
        ..definition(
            DefinitionKind::Trigger,
            &format!("{trigger} on public.{table}"),
            &format!("TRIGGER {trigger} ON public.{table}"),
            &def,
        )
    }
}

fn of(table: &str) -> PartOf {
    PartOf { object_type: "table".to_string(), identity: format!("public.{table}"), name: Some(name(table)) }
}

fn users() -> Catalog {
    tables([table("users", [column("id", "integer")])])
}

fn with(definitions: impl IntoIterator<Item = Definition>) -> Catalog {
    Catalog { definitions: definitions.into_iter().collect(), ..users() }
}

pub(crate) fn needs(object: (&str, &str), needs: &[(&str, &str)]) -> Dependencies {
    Dependencies {
        object_type: object.0.to_string(),
        identity: object.1.to_string(),
        needs: needs.iter().map(|(object_type, identity)| Address::new(object_type, identity)).collect(),
    }
}

fn acl(grants: &[(&str, &str)], default: &[(&str, &str)]) -> Acl {
    let grant = |(grantee, privilege): &(&str, &str)| Grant {
        grantee: grantee.to_string(),
        privilege: privilege.trim_end_matches('*').to_string(),
        grantable: privilege.ends_with('*'),
        grantors: Vec::new(),
    };
    Acl {
        object_type: "table".to_string(),
        identity: "public.users".to_string(),
        owner: "planner".to_string(),
        on: "TABLE public.users".to_string(),
        column: None,
        defaults_for: None,
        of: None,
        built_in: false,
        grants: grants.iter().map(grant).collect(),
        default: default.iter().map(grant).collect(),
    }
}

fn comment(text: &str) -> Comment {
    Comment {
        object_type: "table column".to_string(),
        identity: "public.users.id".to_string(),
        on: "COLUMN public.users.id".to_string(),
        text: text.to_string(),
        of: Some(Address::new("table", "public.users")),
    }
}

#[test]
fn e29_what_the_server_says_is_needed_comes_first() {
    let mut expected = with([
        view("a_top", "SELECT x FROM public.z_base"),
        view("z_base", "SELECT public.f() AS x"),
        function("f"),
    ]);
    expected.dependencies = vec![
        needs(("view", "public.a_top"), &[("view", "public.z_base"), ("schema", "public")]),
        needs(("view", "public.z_base"), &[("function", "public.f()")]),
    ];
    check(
        &expected,
        &live(users()),
        &Known::default(),
        expect![[r#"
        missing function public.f()
          additive as planner
          | CREATE FUNCTION public.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'
        missing view public.z_base
          additive as planner
          needs function public.f()
          | CREATE VIEW public.z_base AS SELECT public.f() AS x
        missing view public.a_top
          additive as planner
          needs view public.z_base
          | CREATE VIEW public.a_top AS SELECT x FROM public.z_base
    "#]],
    );
}

#[test]
fn what_stands_on_something_that_differs_may_fail_for_it() {
    let mut expected = with([view("v", "SELECT id FROM public.users")]);
    expected.dependencies = vec![needs(("view", "public.v"), &[("table column", "public.users.id")])];
    let there = tables([table("users", [column("id", "text")])]);
    check(
        &expected,
        &live(there),
        &Known::default(),
        expect![[r#"
        changed table column public.users.id
          manual: its type differs: heal adds what is missing, it never alters what is there
          | ALTER TABLE "public"."users" ALTER COLUMN "id" TYPE integer USING "id"::integer
        missing view public.v
          additive as planner
          stands on table column public.users.id, which differs
          | CREATE VIEW public.v AS SELECT id FROM public.users
    "#]],
    );
}

#[test]
fn a_column_that_comes_from_a_parent_is_waited_for_there() {
    let own = |name: &str| column(name, "integer");
    let parent = |columns: Vec<Column>| table("list", columns).partitioned();
    let part = |columns: Vec<Column>| {
        table("list_a", columns.into_iter().map(|column| Column { inherited: true, ..column }))
            .partition_of("list")
    };
    let mut expected = tables([parent(vec![own("id"), own("n")]), part(vec![own("id"), own("n")])]);
    expected.indexes = vec![super::index("list_a_n", "list_a", "n")];
    let mut there = tables([parent(vec![own("id"), own("m")]), part(vec![own("id"), own("m")])]);
    there.indexes.clear();
    check(
        &expected,
        &live(there),
        &Known::default(),
        expect![[r#"
        extra table column public.list.m
          manual: may be what public.list.n was renamed to: see there
          | ALTER TABLE "public"."list" RENAME COLUMN "m" TO "n"
        missing table column public.list.n
          blocked: is this the old name of public.list.m? If not: nself_heal(true, not_renamed => ARRAY['public.list.n'])
          | ALTER TABLE "public"."list" RENAME COLUMN "m" TO "n"
        missing index public.list_a_n
          blocked: waits for table column public.list.n, which is blocked
          | CREATE INDEX list_a_n ON public.list_a USING btree (n)
    "#]],
    );
}

#[test]
fn a_circle_of_needs_is_cut() {
    let mut expected = with([view("a", "SELECT 1"), view("b", "SELECT 2")]);
    expected.dependencies = vec![
        needs(("view", "public.a"), &[("view", "public.b")]),
        needs(("view", "public.b"), &[("view", "public.a")]),
    ];
    assert_eq!(steps(&expected, &live(users()), &Known::default()).len(), 2);
}

#[test]
fn what_is_on_a_missing_table_goes_with_it() {
    let mut expected = with([trigger("touch", "users", Firing::Disabled)]);
    expected.tables[0].row_security = true;
    expected.tables[0].force_row_security = true;
    expected.tables[0].replica_identity = ReplicaIdentity::Full;
    expected.tables[0].columns[0].storage = Some("EXTERNAL".to_string());
    expected.acls = vec![acl(
        &[("app", "SELECT"), ("app", "UPDATE*"), ("owner", "SELECT")],
        &[("owner", "DELETE"), ("owner", "SELECT")],
    )];
    expected.comments = vec![comment("the number")];
    check(
        &expected,
        &Catalog::default(),
        &Known::default(),
        expect![[r#"
            missing table public.users
              additive as planner
              detail: 1 column
              | CREATE TABLE "public"."users" ("id" integer);
              | ALTER TABLE ONLY "public"."users" ALTER COLUMN "id" SET STORAGE EXTERNAL;
              | ALTER TABLE "public"."users" ENABLE ROW LEVEL SECURITY;
              | ALTER TABLE "public"."users" FORCE ROW LEVEL SECURITY;
              | ALTER TABLE "public"."users" REPLICA IDENTITY FULL;
              | REVOKE DELETE ON TABLE public.users FROM "planner"
            missing trigger touch on public.users
              part of table public.users
              additive as planner
              needs table public.users
              | CREATE TRIGGER touch BEFORE UPDATE ON public.users EXECUTE FUNCTION public.f();
              | ALTER TABLE public.users DISABLE TRIGGER touch
            missing comment table column public.users.id
              part of table public.users
              additive as planner
              needs table public.users
              | COMMENT ON COLUMN public.users.id IS 'the number'
            missing grant app on table public.users
              part of table public.users
              additive as planner
              needs table public.users
              | GRANT SELECT ON TABLE public.users TO app;
              | GRANT UPDATE ON TABLE public.users TO app WITH GRANT OPTION
        "#]],
    );
}

#[test]
fn e28_what_somebody_switched_off_is_switched_on_again() {
    let mut expected =
        with([trigger("touch", "users", Firing::Always), trigger("audit", "users", Firing::Enabled)]);
    expected.tables[0].row_security = true;
    let mut there =
        with([trigger("touch", "users", Firing::Disabled), trigger("audit", "users", Firing::Replica)]);
    there.tables[0].force_row_security = true;
    check(
        &expected,
        &live(there),
        &Known::default(),
        expect![[r#"
            changed trigger audit on public.users
              manual: its state differs: heal adds what is missing, it never alters what is there
              | ALTER TABLE public.users ENABLE TRIGGER audit
            changed trigger touch on public.users
              additive as keeper
              runs what planner may have written for table public.users
              detail: somebody had disabled this trigger
              | ALTER TABLE public.users ENABLE ALWAYS TRIGGER touch
            missing row security public.users
              additive as keeper
              runs what planner may have written for table public.users
              detail: its policies hold again
              | ALTER TABLE "public"."users" ENABLE ROW LEVEL SECURITY
            extra forced row security public.users
              manual: no migration switches it on: write one that does, or switch it off by hand
              | ALTER TABLE "public"."users" NO FORCE ROW LEVEL SECURITY
        "#]],
    );
}

#[test]
fn e07_only_what_is_granted_beyond_the_other_side_differs() {
    let mut expected = users();
    let mut there = users();
    expected.acls =
        vec![acl(&[("owner", "SELECT"), ("app", "SELECT"), ("app", "INSERT*")], &[("owner", "SELECT")])];
    there.acls =
        vec![acl(&[("app", "INSERT"), ("app", "DELETE"), ("owner", "SELECT*")], &[("owner", "SELECT")])];
    check(
        &expected,
        &live(there),
        &Known::default(),
        expect![[r#"
            missing grant app on table public.users
              additive as keeper
              runs what planner may have written for table public.users
              | GRANT SELECT ON TABLE public.users TO app;
              | GRANT INSERT ON TABLE public.users TO app WITH GRANT OPTION
            extra grant app on table public.users
              manual: no migration grants it: write one that does, or revoke it by hand
              | REVOKE DELETE ON TABLE public.users FROM app
            extra grant owner on table public.users
              manual: no migration grants it: write one that does, or revoke it by hand
              | REVOKE GRANT OPTION FOR SELECT ON TABLE public.users FROM "planner"
        "#]],
    );
    // Nothing said is the same as what holds by default.
    expected.acls.clear();
    let mut there = users();
    there.acls = vec![acl(&[("owner", "SELECT")], &[("owner", "SELECT")])];
    assert_eq!(steps(&expected, &there, &Known::default()), []);
}

#[test]
fn comments_are_added_and_never_replaced() {
    let said = |text: &str| Catalog { comments: vec![comment(text)], ..users() };
    check(
        &said("it's"),
        &live(users()),
        &Known::default(),
        expect![[r#"
            missing comment table column public.users.id
              additive as keeper
              runs what planner may have written for table public.users
              | COMMENT ON COLUMN public.users.id IS 'it''s'
        "#]],
    );
    check(
        &said("one"),
        &live(said("another")),
        &Known::default(),
        expect![[r#"
        changed comment table column public.users.id
          manual: its text differs: heal adds what is missing, it never alters what is there
          | COMMENT ON COLUMN public.users.id IS 'one'
    "#]],
    );
    check(
        &users(),
        &live(said("another")),
        &Known::default(),
        expect![[r#"
        extra comment table column public.users.id
          manual: no migration creates it: write one that does, or remove it by hand
          | COMMENT ON COLUMN public.users.id IS NULL
    "#]],
    );
}

#[test]
fn what_can_be_replaced_is_not_dropped_by_the_advice() {
    let policy = |using: &str| Definition {
        of: Some(of("users")),
        owner: None,
        ..definition(
            DefinitionKind::Policy,
            "own on public.users",
            "POLICY own ON public.users",
            &format!("CREATE POLICY own ON public.users USING ({using})"),
        )
    };
    let expected = with([view("v", "SELECT 1"), policy("true")]);
    let there = with([view("v", "SELECT 2"), policy("false"), function("extra")]);
    check(
        &expected,
        &live(there),
        &Known::default(),
        expect![[r#"
            extra function public.extra()
              manual: no migration creates it: write one that does, or remove it by hand
              | DROP FUNCTION public.extra()
            changed view public.v
              manual: its definition differs: heal adds what is missing, it never alters what is there
              | CREATE OR REPLACE VIEW public.v AS SELECT 1
            changed policy own on public.users
              manual: its definition differs: heal adds what is missing, it never alters what is there
              | BEGIN;
              | DROP POLICY own ON public.users;
              | CREATE POLICY own ON public.users USING (true);
              | COMMIT
        "#]],
    );
}

#[test]
fn a_secret_is_not_made_up() {
    let mapping = definition(
        DefinitionKind::UserMapping,
        "app on server far",
        "USER MAPPING FOR app SERVER far",
        "CREATE USER MAPPING FOR app SERVER far OPTIONS (\"user\" 'app', password '***')",
    );
    check(
        &with([mapping]),
        &live(users()),
        &Known::default(),
        expect![[r#"
        missing user mapping app on server far
          blocked: its options hold a secret, which drift and heal never read: create it by hand
          | CREATE USER MAPPING FOR app SERVER far OPTIONS ("user" 'app', password '***')
    "#]],
    );
}

#[test]
fn e19_a_not_null_is_a_constraint_with_a_name_and_a_state() {
    let users = |name: &str, validated: bool, no_inherit: bool| {
        let not_null = NotNull { name: Some(name.to_string()), validated, no_inherit };
        tables([table("users", [Column { not_null: Some(not_null), ..column("id", "integer") }])])
    };
    let plain = tables([table("users", [Column { not_null: None, ..column("id", "integer") }])]);
    check(
        &users("n", true, true),
        &live(plain),
        &Known::default(),
        expect![[r#"
            missing not null public.users.id
              additive as keeper
              runs what planner may have written for table public.users
              check: rows of public.users without a value in id: {n}
                SELECT count(*) FROM "public"."users" WHERE "id" IS NULL
              | ALTER TABLE "public"."users" ADD CONSTRAINT "n" NOT NULL "id" NO INHERIT
        "#]],
    );
    check(
        &users("n", true, false),
        &live(users("n", false, false)),
        &Known::default(),
        expect![[r#"
            changed not null public.users.id
              additive as keeper
              runs what planner may have written for table public.users
              check: rows of public.users without a value in id: {n}
                SELECT count(*) FROM "public"."users" WHERE "id" IS NULL
              | ALTER TABLE "public"."users" VALIDATE CONSTRAINT "n"
        "#]],
    );
    check(
        &users("n", true, false),
        &live(users("other", true, true)),
        &Known::default(),
        expect![[r#"
        changed not null public.users.id
          manual: its name and inheritance by children differ: heal adds what is missing, it never alters what is there
          | ALTER TABLE "public"."users" RENAME CONSTRAINT "other" TO "n";
          | ALTER TABLE "public"."users" ALTER COLUMN "id" DROP NOT NULL;
          | ALTER TABLE "public"."users" ADD CONSTRAINT "n" NOT NULL "id"
    "#]],
    );
    // One that was left unchecked on purpose may be checked.
    assert_eq!(steps(&users("n", false, false), &users("n", true, false), &Known::default()), []);
}

#[test]
fn marks_on_an_index_come_back_with_it() {
    let mut expected = users();
    expected.constraints = vec![super::primary("users", "id")];
    expected.tables[0].replica_identity = ReplicaIdentity::Index;
    expected.tables[0].replica_index = Some("users_pkey".to_string());
    expected.tables[0].clustered_on = Some("users_pkey".to_string());
    let mut there = users();
    there.tables[0].replica_identity = ReplicaIdentity::Index;
    check(
        &expected,
        &live(there),
        &Known::default(),
        expect![[r#"
            missing table constraint users_pkey on public.users
              additive as keeper
              runs what planner may have written for table public.users
              detail: blocks writes to public.users (8192 bytes) while the index is built
              check: rows of public.users without a value in (id): {n}
                SELECT count(*) FROM "public"."users" WHERE id IS NULL
              check: rows of public.users that share their (id) with another row: {n}
                SELECT coalesce(sum(d.n), 0)::bigint FROM (SELECT count(*) AS n FROM "public"."users" WHERE (id) IS NOT NULL GROUP BY id HAVING count(*) > 1) AS d
              | CREATE UNIQUE INDEX "users_pkey" ON "public"."users" USING btree (id);
              | ALTER TABLE "public"."users" ADD CONSTRAINT "users_pkey" PRIMARY KEY USING INDEX "users_pkey";
              | ALTER TABLE "public"."users" REPLICA IDENTITY USING INDEX "users_pkey";
              | ALTER TABLE "public"."users" CLUSTER ON "users_pkey"
        "#]],
    );
}

#[test]
fn allowed_drift_is_set_aside_and_what_needs_it_waits() {
    use crate::diff::diff;
    use crate::plan::{Allowed, Facts, Options, plan};
    let mut expected = with([view("a", "SELECT 1"), view("b", "SELECT 2 FROM public.a")]);
    expected.dependencies = vec![needs(("view", "public.b"), &[("view", "public.a")])];
    let there = users();
    let options = Options {
        rewrite_limit: 0,
        not_renamed: Default::default(),
        throw_away: false,
        allowed: vec![Allowed {
            pattern: "*.a".to_string(),
            kind: Some("missing".to_string()),
            object_type: None,
        }],
        server_version: 150_000,
    };
    let changes = diff(&expected, &there);
    let plan = plan(&expected, &there, &changes, &Facts::default(), &options);
    let allowed: Vec<_> = plan.allowed.iter().map(|(step, entry)| (step.identity.as_str(), *entry)).collect();
    assert_eq!(allowed, [("public.a", 0)]);
    assert_eq!((plan.steps.len(), plan.steps[0].kind), (1, Kind::Missing));
    let reason = "waits for view public.a, which is allowed to be missing".to_string();
    assert_eq!(plan.steps[0].verdict, Verdict::Blocked { reason });
}
