//! Each action with the statement that it is.

use expect_test::expect;

use super::*;
use crate::model::{Attribute, DomainCheck, Parent};

fn name(name: &str) -> Name {
    Name { schema: "public".to_string(), name: name.to_string() }
}

fn numbers() -> SequenceNumbers {
    SequenceNumbers {
        data_type: "bigint".to_string(),
        start: 5,
        increment: 2,
        min: 1,
        max: 99,
        cache: 3,
        cycle: true,
    }
}

fn not_null() -> NotNull {
    NotNull { name: None, validated: true, no_inherit: false }
}

fn column() -> Column {
    Column {
        identity: "public.\"DROP\".\"a\"\"b\"".to_string(),
        name: "a\"b".to_string(),
        type_name: "text".to_string(),
        collation: Some("pg_catalog.\"C\"".to_string()),
        default: Some("'x'::text".to_string()),
        not_null: Some(not_null()),
        identity_column: None,
        generated: None,
        inherited: false,
        constrained_domain: false,
        frozen: false,
        sequences: Vec::new(),
        storage: None,
        compression: None,
        statistics: None,
        options: Vec::new(),
        fdw_options: Vec::new(),
    }
}

fn table() -> Table {
    Table {
        identity: "public.\"DROP\"".to_string(),
        name: name("DROP"),
        owner: "planner".to_string(),
        unlogged: true,
        foreign: None,
        access_method: None,
        tablespace: None,
        parameters: Vec::new(),
        replica_identity: ReplicaIdentity::Default,
        replica_index: None,
        clustered_on: None,
        row_security: false,
        force_row_security: false,
        partition_key: Some("LIST (kind)".to_string()),
        partition_of: None,
        partition_condition: None,
        inherits: vec![Parent { identity: "public.parent".to_string(), name: name("parent") }],
        of_type: None,
        columns: vec![column(), Column { name: "from_parent".to_string(), inherited: true, ..column() }],
    }
}

fn domain() -> Domain {
    let check = DomainCheck {
        identity: "positive on public.amount".to_string(),
        name: "positive".to_string(),
        def: "CHECK ((VALUE > 0))".to_string(),
        validated: true,
    };
    Domain {
        identity: "public.amount".to_string(),
        name: name("amount"),
        owner: "planner".to_string(),
        base_type: "integer".to_string(),
        collation: None,
        default: Some("1".to_string()),
        not_null: true,
        not_null_name: None,
        checks: vec![check],
    }
}

fn granting() -> Granting {
    Granting {
        privileges: vec!["SELECT".to_string(), "INSERT".to_string()],
        column: Some("\"DELETE\"".to_string()),
        on: "TABLE public.t".to_string(),
        grantee: "app".to_string(),
        grantable: true,
        defaults_for: None,
    }
}

/// The place of an action's kind: a new kind does not compile until it has one, and `all` is tested to have them.
fn place(action: &Action) -> usize {
    match action {
        Action::CreateSchema { .. } => 0,
        Action::CreateExtension { .. } => 1,
        Action::CreateEnum { .. } => 2,
        Action::AddEnumValue { .. } => 3,
        Action::CreateDomain(_) => 4,
        Action::AddDomainConstraint { .. } => 5,
        Action::ValidateDomainConstraint { .. } => 6,
        Action::CreateComposite(_) => 7,
        Action::CreateSequence { .. } => 8,
        Action::OwnSequence { .. } => 9,
        Action::AdvanceSequence { .. } => 10,
        Action::CreateTable(_) => 11,
        Action::AddColumn { .. } => 12,
        Action::SetDefault { .. } => 13,
        Action::SetNotNull { .. } => 14,
        Action::AddConstraint { .. } => 15,
        Action::ValidateConstraint { .. } => 16,
        Action::CreateIndex { .. } => 17,
        Action::RebuildIndex { .. } => 18,
        Action::SetColumn { .. } => 19,
        Action::Define { .. } => 20,
        Action::Complete { .. } => 21,
        Action::SetFiring { .. } => 22,
        Action::EnableRowSecurity { .. } => 23,
        Action::SetReplicaIdentity { .. } => 24,
        Action::ClusterOn { .. } => 25,
        Action::Grant(_) => 26,
        Action::Withhold(_) => 27,
        Action::Comment { .. } => 28,
        Action::AddKey { .. } => 29,
        Action::AddIdentity { .. } => 30,
        Action::AttachIndex { .. } => 31,
        Action::AttachPartition { .. } => 32,
    }
}

/// One action of each kind, on objects with names that are a danger where they are not quoted.
fn all() -> Vec<Action> {
    let column_name = || "DELETE".to_string();
    vec![
        Action::CreateSchema { name: "x\"; DROP TABLE y; --".to_string() },
        Action::CreateExtension {
            name: "citext".to_string(),
            schema: "public".to_string(),
            version: Some("1.4'".to_string()),
            members: Vec::new(),
        },
        Action::CreateEnum { name: name("mood"), labels: vec!["sad".to_string(), "it's".to_string()] },
        Action::AddEnumValue {
            name: name("mood"),
            label: "a\\b".to_string(),
            position: Position::After("it's".to_string()),
        },
        Action::CreateDomain(Box::new(domain())),
        Action::AddDomainConstraint {
            domain: name("amount"),
            name: "positive".to_string(),
            def: "CHECK ((VALUE > 0))".to_string(),
        },
        Action::ValidateDomainConstraint { domain: name("amount"), name: "positive".to_string() },
        Action::CreateComposite(Composite {
            identity: "public.pair".to_string(),
            name: name("pair"),
            owner: "planner".to_string(),
            attributes: vec![Attribute {
                name: "TRUNCATE".to_string(),
                type_name: "text".to_string(),
                collation: Some("pg_catalog.\"C\"".to_string()),
            }],
        }),
        Action::CreateSequence { name: name("seq"), unlogged: true, numbers: numbers() },
        Action::OwnSequence { sequence: name("seq"), table: name("DROP"), column: column_name() },
        Action::AdvanceSequence {
            sequence: name("it's"),
            numbers: numbers(),
            table: name("DROP"),
            column: column_name(),
        },
        Action::CreateTable(Box::new(table())),
        Action::AddColumn { table: name("DROP"), column: Box::new(column()) },
        Action::SetDefault {
            table: name("DROP"),
            column: column_name(),
            default: "1".to_string(),
            only: true,
        },
        Action::SetNotNull { table: name("DROP"), column: column_name(), not_null: not_null() },
        Action::AddConstraint {
            table: name("DROP"),
            name: "positive".to_string(),
            def: "CHECK ((id > 0))".to_string(),
            not_valid: true,
        },
        Action::ValidateConstraint { table: name("DROP"), name: "positive".to_string() },
        Action::CreateIndex { def: "CREATE INDEX ix ON public.t USING btree (id)".to_string(), online: true },
        Action::RebuildIndex { name: name("TRUNCATE") },
        Action::SetColumn {
            table: name("DROP"),
            column: column_name(),
            setting: ColumnSetting::Options(vec!["n_distinct=5".to_string()]),
        },
        Action::Define { sql: "CREATE VIEW public.v AS SELECT 1".to_string() },
        Action::Complete { sql: "ALTER STATISTICS public.s SET STATISTICS 10".to_string() },
        Action::SetFiring { statement: "ALTER TABLE public.t ENABLE TRIGGER audit".to_string() },
        Action::EnableRowSecurity { table: name("DROP"), force: true },
        Action::SetReplicaIdentity {
            table: name("DROP"),
            identity: ReplicaIdentity::Index,
            index: Some("DELETE".to_string()),
        },
        Action::ClusterOn { table: name("DROP"), index: "DELETE".to_string() },
        Action::Grant(granting()),
        Action::Withhold(Granting { grantable: false, column: None, ..granting() }),
        Action::Comment { on: "TABLE public.t".to_string(), text: "it's; DROP TABLE y".to_string() },
        Action::AddKey {
            table: name("DROP"),
            name: "key".to_string(),
            kind: "UNIQUE",
            deferrable: " DEFERRABLE".to_string(),
        },
        Action::AddIdentity {
            table: name("DROP"),
            column: column_name(),
            identity: IdentityColumn { always: true, sequence: name("seq"), numbers: numbers() },
        },
        Action::AttachIndex { whole: name("whole"), part: name("RENAME") },
        Action::AttachPartition {
            parent: name("whole"),
            partition: name("DROP"),
            bound: "FOR VALUES IN (1)".to_string(),
        },
    ]
}

/// What is left of a statement without its quoted identifiers and literals.
fn unquoted(sql: &str) -> String {
    let mut quote = None;
    let outside = |c: char| match quote {
        None if c == '"' || c == '\'' => {
            quote = Some(c);
            None
        }
        None => Some(c),
        // A doubled quote closes and opens again.
        Some(open) if c == open => {
            quote = None;
            None
        }
        Some(_) => None,
    };
    sql.chars().filter_map(outside).collect()
}

#[test]
fn all_is_all() {
    let places: Vec<usize> = all().iter().map(place).collect();
    assert_eq!(places, (0..=32).collect::<Vec<_>>());
}

#[test]
fn no_action_destroys() {
    for action in all() {
        let sql = unquoted(&action.sql()).to_uppercase();
        for word in ["DROP", "TRUNCATE", "DELETE", "RENAME", "CASCADE", "UPDATE", " TYPE TEXT"] {
            assert!(!sql.contains(word), "{word} in {sql}");
        }
        assert!(!(sql.contains("ALTER COLUMN") && sql.contains("TYPE")), "{sql}");
        assert!(!sql.contains(';'), "two statements in {sql}");
    }
}

#[test]
fn each_action_is_one_statement() {
    let statements: Vec<String> = all().iter().map(|action| action.sql() + "\n").collect();
    expect![[r#"
        CREATE SCHEMA "x""; DROP TABLE y; --"
        CREATE EXTENSION "citext" WITH SCHEMA "public" VERSION '1.4'''
        CREATE TYPE "public"."mood" AS ENUM ('sad', 'it''s')
        ALTER TYPE "public"."mood" ADD VALUE E'a\\b' AFTER 'it''s'
        CREATE DOMAIN "public"."amount" AS integer DEFAULT 1 NOT NULL CONSTRAINT "positive" CHECK ((VALUE > 0))
        ALTER DOMAIN "public"."amount" ADD CONSTRAINT "positive" CHECK ((VALUE > 0)) NOT VALID
        ALTER DOMAIN "public"."amount" VALIDATE CONSTRAINT "positive"
        CREATE TYPE "public"."pair" AS ("TRUNCATE" text COLLATE pg_catalog."C")
        CREATE UNLOGGED SEQUENCE "public"."seq" AS bigint START WITH 5 INCREMENT BY 2 MINVALUE 1 MAXVALUE 99 CACHE 3 CYCLE
        ALTER SEQUENCE "public"."seq" OWNED BY "public"."DROP"."DELETE"
        SELECT pg_catalog.setval('"public"."it''s"', max("DELETE")::bigint) FROM "public"."DROP" HAVING max("DELETE") BETWEEN (SELECT last_value FROM "public"."it's") AND 99
        CREATE UNLOGGED TABLE "public"."DROP" ("a""b" text COLLATE pg_catalog."C" DEFAULT 'x'::text NOT NULL) INHERITS ("public"."parent") PARTITION BY LIST (kind)
        ALTER TABLE "public"."DROP" ADD COLUMN "a""b" text COLLATE pg_catalog."C" DEFAULT 'x'::text NOT NULL
        ALTER TABLE ONLY "public"."DROP" ALTER COLUMN "DELETE" SET DEFAULT 1
        ALTER TABLE "public"."DROP" ALTER COLUMN "DELETE" SET NOT NULL
        ALTER TABLE "public"."DROP" ADD CONSTRAINT "positive" CHECK ((id > 0)) NOT VALID
        ALTER TABLE "public"."DROP" VALIDATE CONSTRAINT "positive"
        CREATE INDEX ix ON public.t USING btree (id)
        REINDEX INDEX "public"."TRUNCATE"
        ALTER TABLE ONLY "public"."DROP" ALTER COLUMN "DELETE" SET (n_distinct = '5')
        CREATE VIEW public.v AS SELECT 1
        ALTER STATISTICS public.s SET STATISTICS 10
        ALTER TABLE public.t ENABLE TRIGGER audit
        ALTER TABLE "public"."DROP" FORCE ROW LEVEL SECURITY
        ALTER TABLE "public"."DROP" REPLICA IDENTITY USING INDEX "DELETE"
        ALTER TABLE "public"."DROP" CLUSTER ON "DELETE"
        GRANT SELECT ("DELETE"), INSERT ("DELETE") ON TABLE public.t TO app WITH GRANT OPTION
        REVOKE SELECT, INSERT ON TABLE public.t FROM app
        COMMENT ON TABLE public.t IS 'it''s; DROP TABLE y'
        ALTER TABLE "public"."DROP" ADD CONSTRAINT "key" UNIQUE USING INDEX "key" DEFERRABLE
        ALTER TABLE "public"."DROP" ALTER COLUMN "DELETE" ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME "public"."seq" START WITH 5 INCREMENT BY 2 MINVALUE 1 MAXVALUE 99 CACHE 3 CYCLE)
        ALTER INDEX "public"."whole" ATTACH PARTITION "public"."RENAME"
        ALTER TABLE "public"."whole" ATTACH PARTITION "public"."DROP" FOR VALUES IN (1)
    "#]].assert_eq(&statements.concat());
}
