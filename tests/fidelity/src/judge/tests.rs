//! The judge against what pg_dump 15 and 18 really write.

use super::fact::{Address, Facts, Kind, State};
use super::{collapse, differences, read};

/// One section of a dump.
fn section(name: &str, sort: &str, body: &str) -> String {
    format!("--\n-- Name: {name}; Type: {sort}; Schema: public; Owner: postgres\n--\n\n{body}\n\n\n")
}

fn facts(sections: &[String]) -> Facts {
    let dump =
        format!("--\n-- PostgreSQL database dump\n--\n\nSET row_security = off;\n\n{}", sections.concat());
    let dump = format!("{dump}--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict x1\n\n");
    let read = read(&dump);
    assert_eq!(read.unread, Vec::<String>::new());
    read.facts
}

fn lines(facts: &Facts) -> Vec<String> {
    facts.keys().map(Address::to_string).collect()
}

fn state<'a>(facts: &'a Facts, object_type: &str, identity: &str) -> &'a State {
    &facts[&Address::new(object_type, identity)].state
}

fn my_table() -> String {
    section(
        "My T",
        "TABLE",
        "CREATE TABLE public.\"My T\" (
    id integer NOT NULL,
    a text DEFAULT 'x;y'::text NOT NULL COLLATE pg_catalog.\"C\",
    b integer GENERATED ALWAYS AS ((1 + 2)) STORED,
    e character varying(5) DEFAULT 'q'::character varying,
    n numeric(10,2) DEFAULT 0,
    CONSTRAINT \"My T_e_check\" CHECK (((e)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))),
    CONSTRAINT \"c x\" CHECK ((a ~~ 'a,b%'::text))
)
WITH (fillfactor='70');
ALTER TABLE ONLY public.\"My T\" ALTER COLUMN a SET STATISTICS 5;
ALTER TABLE ONLY public.\"My T\" ALTER COLUMN a SET STORAGE EXTERNAL;


ALTER TABLE public.\"My T\" OWNER TO postgres;",
    )
}

#[test]
fn a_table_is_taken_apart() {
    let facts = facts(&[my_table()]);
    assert_eq!(
        lines(&facts),
        [
            "default value for public.\"My T\".a",
            "default value for public.\"My T\".e",
            "default value for public.\"My T\".n",
            "not null public.\"My T\".a",
            "not null public.\"My T\".id",
            "owner table public.\"My T\"",
            "table public.\"My T\"",
            "table column public.\"My T\".a",
            "table column public.\"My T\".b",
            "table column public.\"My T\".e",
            "table column public.\"My T\".id",
            "table column public.\"My T\".n",
            "table constraint \"My T_e_check\" on public.\"My T\"",
            "table constraint \"c x\" on public.\"My T\"",
        ]
    );
    let State::Text(lines) = state(&facts, "table column", "public.\"My T\".a") else { panic!("no text") };
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(lines, ["COLLATE pg_catalog.\"C\"", "SET STATISTICS 5", "SET STORAGE EXTERNAL", "text"]);
    assert_eq!(state(&facts, "default value", "for public.\"My T\".a"), &State::text("'x;y'::text"));
    assert_eq!(state(&facts, "table", "public.\"My T\""), &State::text("WITH (fillfactor='70')"));
}

#[test]
fn the_order_of_columns_is_no_difference_and_each_part_is_one() {
    let before = facts(&[my_table()]);
    let moved = my_table()
        .replace("    id integer NOT NULL,\n", "")
        .replace("DEFAULT 0,", "DEFAULT 0,\n    id integer NOT NULL,");
    assert_eq!(differences(&before, &facts(&[moved])), [].into());
    let changed = my_table()
        .replace("n numeric(10,2) DEFAULT 0", "n numeric(12,2) DEFAULT 1")
        .replace("id integer NOT NULL", "id integer");
    let found: Vec<String> = differences(&before, &facts(&[changed]))
        .iter()
        .map(|(address, kind)| format!("{kind} {address}"))
        .collect();
    assert_eq!(
        found,
        [
            "changed default value for public.\"My T\".n",
            "missing not null public.\"My T\".id",
            "changed table column public.\"My T\".n",
        ]
    );
}

#[test]
fn what_goes_with_its_container_counts_once() {
    let table = section(
        "t",
        "TABLE",
        "CREATE TABLE public.t (\n    a integer NOT NULL,\n    b integer DEFAULT 1\n);",
    );
    let comment = section("COLUMN t.a", "COMMENT", "COMMENT ON COLUMN public.t.a IS 'x';");
    let grant = section("TABLE t", "ACL", "GRANT SELECT ON TABLE public.t TO PUBLIC;");
    let index = section("i", "INDEX", "CREATE INDEX i ON public.t USING btree (a);");
    let other = section("u", "TABLE", "CREATE TABLE public.u (\n);");
    let all = facts(&[table, comment, grant, index, other.clone()]);
    assert_eq!(all.len(), 9);
    let none = facts(&[other]);
    let found = collapse(&differences(&all, &none), &all, &none);
    assert_eq!(found, [(Address::new("table", "public.t"), Kind::Missing)].into());
}

#[test]
fn a_body_that_looks_like_a_frame_is_none() {
    let function = section(
        "f(text, numeric[])",
        "FUNCTION",
        "CREATE FUNCTION public.f(a text, OUT b integer, VARIADIC c numeric[]) RETURNS integer
    LANGUAGE sql
    AS $_$
--
-- Name: nothing; Type: TABLE; Schema: public; Owner: postgres
--
SELECT 1; $_$;


ALTER FUNCTION public.f(a text, OUT b integer, VARIADIC c numeric[]) OWNER TO postgres;",
    );
    let grants = section(
        "FUNCTION f(a text, OUT b integer, VARIADIC c numeric[])",
        "ACL",
        "REVOKE ALL ON FUNCTION public.f(a text, OUT b integer, VARIADIC c numeric[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.f(a text, OUT b integer, VARIADIC c numeric[]) TO app WITH GRANT OPTION;",
    );
    assert_eq!(
        lines(&facts(&[function, grants])),
        [
            "function public.f(pg_catalog.text,numeric[])",
            "grant PUBLIC on function public.f(pg_catalog.text,numeric[])",
            "grant app on function public.f(pg_catalog.text,numeric[])",
            "owner function public.f(pg_catalog.text,numeric[])",
        ]
    );
}

#[test]
fn statements_end_at_their_own_semicolons() {
    let function = section(
        "g(integer)",
        "FUNCTION",
        "CREATE FUNCTION public.g(a integer) RETURNS integer
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (a > 1) THEN 2
             ELSE 3
         END AS \"case\";
 SELECT 4;
END;


ALTER FUNCTION public.g(a integer) OWNER TO postgres;",
    );
    assert_eq!(
        lines(&facts(&[function])),
        ["function public.g(integer)", "owner function public.g(integer)"]
    );
}

#[test]
fn a_view_that_is_written_twice_is_the_second_one() {
    let dummy = section("v", "VIEW", "CREATE VIEW public.v AS\nSELECT\n    NULL::integer AS id;");
    let real = section(
        "v _RETURN",
        "RULE",
        "CREATE OR REPLACE VIEW public.v AS\n SELECT s.id\n   FROM public.s\n  GROUP BY s.id;",
    );
    let facts = facts(&[dummy, real]);
    let State::Text(lines) = state(&facts, "view", "public.v") else { panic!("no text") };
    assert!(lines.iter().any(|line| line.contains("GROUP BY s.id")));
    assert_eq!(facts.len(), 1);
}

#[test]
fn privileges_are_told_in_full() {
    let schema = section("s", "SCHEMA", "CREATE SCHEMA s;");
    let usage = section("SCHEMA s", "ACL", "GRANT USAGE ON SCHEMA s TO app;");
    let all = section("SCHEMA s", "ACL", "GRANT ALL ON SCHEMA s TO app;");
    let (none, usage, all) =
        (facts(std::slice::from_ref(&schema)), facts(&[schema.clone(), usage]), facts(&[schema, all]));
    let grant = Address::new("grant", "app on schema s");
    assert_eq!(differences(&usage, &none), [(grant.clone(), Kind::Missing)].into());
    assert_eq!(differences(&usage, &all), [(grant.clone(), Kind::Extra)].into());
    assert_eq!(differences(&all, &usage), [(grant, Kind::Missing)].into());
}

#[test]
fn what_public_may_by_default_is_missing_once_it_is_revoked() {
    let domain = section(
        "d",
        "DOMAIN",
        "CREATE DOMAIN public.d AS text NOT NULL DEFAULT 'x'::text\n\tCONSTRAINT dc CHECK ((VALUE <> ''::text));",
    );
    let revoked = section("TYPE d", "ACL", "REVOKE ALL ON TYPE public.d FROM PUBLIC;");
    let (before, after) = (facts(std::slice::from_ref(&domain)), facts(&[domain, revoked]));
    assert_eq!(lines(&before), ["domain constraint dc on public.d", "type public.d"]);
    assert_eq!(
        differences(&before, &after),
        [(Address::new("grant", "PUBLIC on type public.d"), Kind::Missing)].into()
    );
    assert_eq!(
        differences(&after, &before),
        [(Address::new("grant", "PUBLIC on type public.d"), Kind::Extra)].into()
    );
}

#[test]
fn default_privileges_of_the_owner_and_of_others() {
    let text = "ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT SELECT ON TABLES  TO app;";
    let found = facts(&[section("DEFAULT PRIVILEGES FOR TABLES", "DEFAULT ACL", text)]);
    assert_eq!(lines(&found), ["grant app on default acl for role postgres in schema public on tables"]);
}

#[test]
fn an_enum_is_its_labels() {
    let one = section("m", "TYPE", "CREATE TYPE public.m AS ENUM (\n    'a',\n    'it''s; b'\n);");
    let other =
        section("m", "TYPE", "CREATE TYPE public.m AS ENUM (\n    'x',\n    'it''s; b',\n    'a'\n);");
    let (one, other) = (facts(&[one]), facts(&[other]));
    assert_eq!(lines(&one), ["enum value public.m 'a'", "enum value public.m 'it''s; b'", "type public.m"]);
    assert_eq!(
        differences(&one, &other),
        [
            (Address::new("enum value", "public.m 'x'"), Kind::Extra),
            (Address::new("type", "public.m"), Kind::Changed),
        ]
        .into()
    );
}

#[test]
fn a_constraint_may_be_stronger_than_it_has_to_be() {
    let table = section("t", "TABLE", "CREATE TABLE public.t (\n    a integer\n);");
    let check = |valid: &str| {
        section(
            "t c",
            "CHECK CONSTRAINT",
            &format!("ALTER TABLE public.t\n    ADD CONSTRAINT c CHECK ((a > 0)){valid};"),
        )
    };
    let valid = facts(&[table.clone(), check("")]);
    let not_valid = facts(&[table, check(" NOT VALID")]);
    assert_eq!(differences(&not_valid, &valid), [].into());
    assert_eq!(
        differences(&valid, &not_valid),
        [(Address::new("table constraint", "c on public.t"), Kind::Changed)].into()
    );
}

/// A partitioned table with a partition, an index and a key.
fn partitions(column: &str) -> Vec<String> {
    vec![
        section(
            "p",
            "TABLE",
            &format!("CREATE TABLE public.p (\n    a integer NOT NULL{column}\n)\nPARTITION BY RANGE (a);"),
        ),
        section("p1", "TABLE", &format!("CREATE TABLE public.p1 (\n    a integer NOT NULL{column}\n);")),
        section(
            "p1",
            "TABLE ATTACH",
            "ALTER TABLE ONLY public.p ATTACH PARTITION public.p1 FOR VALUES FROM (1) TO (10);",
        ),
    ]
}

fn keys() -> Vec<String> {
    vec![
        section(
            "p p_pkey",
            "CONSTRAINT",
            "ALTER TABLE ONLY public.p\n    ADD CONSTRAINT p_pkey PRIMARY KEY (a);",
        ),
        section(
            "p1 p1_pkey",
            "CONSTRAINT",
            "ALTER TABLE ONLY public.p1\n    ADD CONSTRAINT p1_pkey PRIMARY KEY (a);",
        ),
        section("p1_pkey", "INDEX ATTACH", "ALTER INDEX public.p_pkey ATTACH PARTITION public.p1_pkey;"),
    ]
}

#[test]
fn a_partition_says_nothing_that_its_parent_says() {
    let before = facts(&[partitions(",\n    b text DEFAULT 'x'::text"), keys()].concat());
    let after = facts(&partitions(""));
    let found = collapse(&differences(&before, &after), &before, &after);
    assert_eq!(
        found,
        [
            (Address::new("table column", "public.p.b"), Kind::Missing),
            (Address::new("table constraint", "p_pkey on public.p"), Kind::Missing),
        ]
        .into()
    );
}

#[test]
fn a_partition_that_is_detached_is_another_table() {
    let before = facts(&partitions(""));
    let after = facts(&partitions("")[..2]);
    assert_eq!(differences(&before, &after), [(Address::new("table", "public.p1"), Kind::Changed)].into());
}

#[test]
fn a_table_that_inherits_has_its_parents_columns() {
    let parent = section(
        "s",
        "TABLE",
        "CREATE TABLE public.s (\n    id integer NOT NULL,\n    CONSTRAINT c CHECK ((id > 0))\n);",
    );
    let child = section("z", "TABLE", "CREATE TABLE public.z (\n    z integer\n)\nINHERITS (public.s);");
    let alone = section(
        "z",
        "TABLE",
        "CREATE TABLE public.z (\n    id integer NOT NULL,\n    z integer,\n    CONSTRAINT c CHECK ((id > 0))\n);",
    );
    let (before, after) = (facts(&[parent.clone(), child]), facts(&[parent, alone]));
    assert_eq!(differences(&before, &after), [(Address::new("table", "public.z"), Kind::Changed)].into());
}

#[test]
fn the_state_of_a_trigger_is_a_part_of_it() {
    let table = section("s", "TABLE", "CREATE TABLE public.s (\n);");
    let text = "CREATE TRIGGER tr BEFORE UPDATE ON public.s FOR EACH ROW WHEN ((new.id > 1)) EXECUTE FUNCTION public.tf();";
    let on = facts(&[table.clone(), section("s tr", "TRIGGER", text)]);
    let off = format!("{text}\n\nALTER TABLE public.s DISABLE TRIGGER tr;");
    let off = facts(&[table, section("s tr", "TRIGGER", &off)]);
    assert_eq!(differences(&on, &off), [(Address::new("trigger", "tr on public.s"), Kind::Changed)].into());
}

#[test]
fn what_comes_with_an_index_is_its_tables() {
    let table = section("s", "TABLE", "CREATE TABLE public.s (\n    t integer\n);");
    let index = "CREATE UNIQUE INDEX ui ON public.s USING btree (t);";
    let plain = facts(&[table.clone(), section("ui", "INDEX", index)]);
    let marked = format!("{index}\n\nALTER TABLE public.s CLUSTER ON ui;");
    let marked = facts(&[table, section("ui", "INDEX", &marked)]);
    assert_eq!(differences(&plain, &marked), [(Address::new("table", "public.s"), Kind::Changed)].into());
}

#[test]
fn the_order_of_options_is_no_difference() {
    let table =
        |options: &str| section("s", "TABLE", &format!("CREATE TABLE public.s (\n)\nWITH ({options});"));
    let one = facts(&[table("fillfactor='80', autovacuum_enabled='false'")]);
    let other = facts(&[table("autovacuum_enabled='false', fillfactor='80'")]);
    assert_eq!(one, other);
}

#[test]
fn an_access_method_is_set_before_its_table() {
    let method = section("a", "SCHEMA", "CREATE SCHEMA a;\n\n\nSET default_table_access_method = am;");
    let table =
        section("amt", "TABLE", "CREATE TABLE public.amt (\n);\n\n\nSET default_table_access_method = heap;");
    let found = facts(&[method, table, section("t", "TABLE", "CREATE TABLE public.t (\n);")]);
    assert_eq!(state(&found, "table", "public.amt"), &State::text("USING am"));
    assert_eq!(state(&found, "table", "public.t"), &State::Text([].into()));
}

#[test]
fn kinds_without_a_schema_have_the_identities_of_the_server() {
    let text = [
        section("CAST (public.pair AS text)", "CAST", "CREATE CAST (public.pair AS text) WITH INOUT;"),
        section(
            "TRANSFORM FOR integer LANGUAGE sql",
            "TRANSFORM",
            "CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION pg_catalog.prsd_lextype(internal));",
        ),
        section(
            "===",
            "OPERATOR",
            "CREATE OPERATOR public.=== (\n    FUNCTION = int4eq,\n    LEFTARG = integer,\n    RIGHTARG = text\n);",
        ),
        section("oc", "OPERATOR FAMILY", "CREATE OPERATOR FAMILY public.oc USING btree;"),
        section(
            "USER MAPPING public SERVER srv",
            "USER MAPPING",
            "CREATE USER MAPPING FOR public SERVER srv;",
        ),
        section("pub", "PUBLICATION", "CREATE PUBLICATION pub WITH (publish = 'insert');"),
        section(
            "pub s",
            "PUBLICATION TABLE",
            "ALTER PUBLICATION pub ADD TABLE ONLY public.s WHERE ((id > 0));",
        ),
        section("pub z", "PUBLICATION TABLES IN SCHEMA", "ALTER PUBLICATION pub ADD TABLES IN SCHEMA z;"),
    ];
    assert_eq!(
        lines(&facts(&text)),
        [
            "cast (public.pair AS pg_catalog.text)",
            "operator public.===(integer,pg_catalog.text)",
            "operator family public.oc USING btree",
            "publication pub",
            "publication namespace z in publication pub",
            "publication relation public.s in publication pub",
            "transform for integer language sql",
            "user mapping public on server srv",
        ]
    );
}

#[test]
fn constraints_of_not_null_have_names_from_version_18_on() {
    let table = section(
        "p",
        "TABLE",
        "CREATE TABLE app.p (\n    id integer NOT NULL,\n    name text CONSTRAINT named NOT NULL,\n    born date NOT NULL NO INHERIT,\n    \
         shout text GENERATED ALWAYS AS (upper(name))\n);",
    );
    let later =
        section("p t", "CONSTRAINT", "ALTER TABLE app.p\n    ADD CONSTRAINT later NOT NULL id NOT VALID;");
    let found = facts(&[table, later]);
    let not_null = |column: &str| state(&found, "not null", &format!("app.p.{column}"));
    assert_eq!(not_null("name"), &State::Constraint { text: "named".to_owned(), valid: true });
    assert_eq!(not_null("born"), &State::Constraint { text: "NO INHERIT".to_owned(), valid: true });
    assert_eq!(not_null("id"), &State::Constraint { text: "later".to_owned(), valid: false });
}

#[test]
fn what_nobody_can_read_is_told() {
    let dump = section("x", "NEW KIND", "CREATE NEW KIND x;");
    assert_eq!(read(&dump).unread, ["CREATE NEW KIND x"]);
}

#[test]
fn an_owner_is_a_fact_and_that_of_a_sequence_goes_with_its_table() {
    let shop = |owner: &str| {
        let table = format!(
            "CREATE TABLE public.t (\n    id integer\n);\n\n\nALTER TABLE public.t OWNER TO {owner};"
        );
        let sequence = format!(
            "CREATE SEQUENCE public.t_id_seq\n    START WITH 1\n    INCREMENT BY 1;\n\n\nALTER TABLE public.t_id_seq OWNER TO {owner};"
        );
        facts(&[
            section("t", "TABLE", &table),
            section("t_id_seq", "SEQUENCE", &sequence),
            section("t_id_seq", "SEQUENCE OWNED BY", "ALTER SEQUENCE public.t_id_seq OWNED BY public.t.id;"),
        ])
    };
    let (expected, live) = (shop("ann"), shop("bob"));
    let found = differences(&expected, &live);
    let of = |name: &str| Address::new("owner", name);
    let both = [of("sequence public.t_id_seq"), of("table public.t")].map(|owner| (owner, Kind::Changed));
    assert_eq!(found, both.clone().into());
    assert_eq!(collapse(&found, &expected, &live), [both[1].clone()].into());
}

#[test]
fn a_default_that_is_null_is_none() {
    let table =
        "CREATE TABLE public.t (\n    n numeric(5,2) DEFAULT NULL::numeric,\n    m integer DEFAULT 1\n);";
    let facts = facts(&[section("t", "TABLE", table)]);
    let defaults: Vec<_> = lines(&facts).into_iter().filter(|line| line.starts_with("default")).collect();
    assert_eq!(defaults, ["default value for public.t.m"]);
}

#[test]
fn a_part_of_an_index_under_another_name_has_changed() {
    let named = |part: &str| {
        let keys = keys().into_iter().map(|section| section.replace("p1_pkey", part)).collect();
        facts(&[partitions(""), keys].concat())
    };
    let (expected, live) = (named("p1_pkey"), named("other"));
    let part = Address::new("table constraint", "p1_pkey on public.p1");
    assert_eq!(differences(&expected, &live), [(part, Kind::Changed)].into());
}
