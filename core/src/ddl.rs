//! The statements that a heal may run.
//!
//! There is no action that drops, renames, retypes, truncates or deletes: what cannot be built cannot be run. Names go
//! through `quote`; expressions, type names and definitions are texts that the server itself printed.

use crate::diff::join;
use crate::model::{
    Attribute, Column, Composite, Domain, DomainCheck, Generated, IdentityColumn, Name, SequenceNumbers,
    Table,
};
use crate::quote::{ident, literal, qualified};

/// One additive statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    CreateSchema {
        name: String,
    },
    CreateExtension {
        name: String,
        schema: String,
    },
    CreateEnum {
        name: Name,
        labels: Vec<String>,
    },
    AddEnumValue {
        name: Name,
        label: String,
        position: Position,
    },
    CreateDomain(Box<Domain>),
    /// Leaves the rows that are there unchecked: `ValidateDomainConstraint` looks at them.
    AddDomainConstraint {
        domain: Name,
        name: String,
        def: String,
    },
    ValidateDomainConstraint {
        domain: Name,
        name: String,
    },
    CreateComposite(Composite),
    CreateSequence {
        name: Name,
        unlogged: bool,
        numbers: SequenceNumbers,
    },
    /// Lets the sequence live and go with the column that it feeds.
    OwnSequence {
        sequence: Name,
        table: Name,
        column: String,
    },
    /// Moves a new sequence past the numbers that a column already holds.
    AdvanceSequence {
        sequence: Name,
        numbers: SequenceNumbers,
        table: Name,
        column: String,
    },
    CreateTable(Box<Table>),
    AddColumn {
        table: Name,
        column: Box<Column>,
    },
    /// With `only` the children keep what they have.
    SetDefault {
        table: Name,
        column: String,
        default: String,
        only: bool,
    },
    SetNotNull {
        table: Name,
        column: String,
    },
    /// With `not_valid` the rows that are there stay unchecked, until `ValidateConstraint`.
    AddConstraint {
        table: Name,
        name: String,
        def: String,
        not_valid: bool,
    },
    ValidateConstraint {
        table: Name,
        name: String,
    },
    /// The whole statement, as the server prints it.
    CreateIndex {
        def: String,
    },
    RebuildIndex {
        name: Name,
    },
}

/// Where a new enum label goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    After(String),
    Before(String),
    /// There is no other label.
    Only,
}

impl Action {
    /// The statement, without a semicolon.
    pub fn sql(&self) -> String {
        match self {
            Action::CreateSchema { name } => format!("CREATE SCHEMA {}", ident(name)),
            Action::CreateExtension { name, schema } => {
                format!("CREATE EXTENSION IF NOT EXISTS {} WITH SCHEMA {}", ident(name), ident(schema))
            }
            Action::CreateEnum { name, labels } => {
                format!(
                    "CREATE TYPE {} AS ENUM ({})",
                    name.sql(),
                    join(labels.iter().map(|label| text(label)))
                )
            }
            Action::AddEnumValue { name, label, position } => {
                format!("ALTER TYPE {} ADD VALUE {}{}", name.sql(), text(label), position.sql())
            }
            Action::CreateDomain(domain) => create_domain(domain),
            Action::AddDomainConstraint { domain, name, def } => {
                format!("ALTER DOMAIN {} ADD CONSTRAINT {} {def} NOT VALID", domain.sql(), ident(name))
            }
            Action::ValidateDomainConstraint { domain, name } => {
                format!("ALTER DOMAIN {} VALIDATE CONSTRAINT {}", domain.sql(), ident(name))
            }
            Action::CreateComposite(composite) => format!(
                "CREATE TYPE {} AS ({})",
                composite.name.sql(),
                join(composite.attributes.iter().map(attribute_sql))
            ),
            Action::CreateSequence { name, unlogged, numbers } => format!(
                "CREATE {}SEQUENCE {} AS {} {}",
                if *unlogged { "UNLOGGED " } else { "" },
                name.sql(),
                numbers.data_type,
                numbers_sql(numbers)
            ),
            Action::OwnSequence { sequence, table, column } => {
                format!("ALTER SEQUENCE {} OWNED BY {}.{}", sequence.sql(), table.sql(), ident(column))
            }
            Action::AdvanceSequence { sequence, numbers, table, column } => {
                advance_sequence(sequence, numbers, table, column)
            }
            Action::CreateTable(table) => create_table(table),
            Action::AddColumn { table, column } => {
                alter(table, &format!("ADD COLUMN {}", column_sql(column)))
            }
            Action::SetDefault { table, column, default, only } => {
                let only = if *only { "ONLY " } else { "" };
                format!(
                    "ALTER TABLE {only}{} ALTER COLUMN {} SET DEFAULT {default}",
                    table.sql(),
                    ident(column)
                )
            }
            Action::SetNotNull { table, column } => {
                alter(table, &format!("ALTER COLUMN {} SET NOT NULL", ident(column)))
            }
            Action::AddConstraint { table, name, def, not_valid } => {
                let not_valid = if *not_valid { " NOT VALID" } else { "" };
                alter(table, &format!("ADD CONSTRAINT {} {def}{not_valid}", ident(name)))
            }
            Action::ValidateConstraint { table, name } => {
                alter(table, &format!("VALIDATE CONSTRAINT {}", ident(name)))
            }
            Action::CreateIndex { def } => def.clone(),
            Action::RebuildIndex { name } => format!("REINDEX INDEX {}", name.sql()),
        }
    }
}

impl Position {
    fn sql(&self) -> String {
        match self {
            Position::After(label) => format!(" AFTER {}", text(label)),
            Position::Before(label) => format!(" BEFORE {}", text(label)),
            Position::Only => String::new(),
        }
    }
}

impl Name {
    /// The name, quoted for a statement.
    pub fn sql(&self) -> String {
        qualified(&self.schema, &self.name)
    }
}

/// What a column is, as it stands in CREATE TABLE and in ADD COLUMN.
pub(crate) fn column_sql(column: &Column) -> String {
    let mut sql = format!("{} {}", ident(&column.name), column.type_name);
    if let Some(collation) = &column.collation {
        sql.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(default) = &column.default {
        sql.push_str(&format!(" DEFAULT {default}"));
    }
    if let Some(identity) = &column.identity_column {
        sql.push_str(&format!(" {}", identity_sql(identity)));
    }
    if let Some(Generated { expression, stored }) = &column.generated {
        let kind = if *stored { "STORED" } else { "VIRTUAL" };
        sql.push_str(&format!(" GENERATED ALWAYS AS ({expression}) {kind}"));
    }
    if column.not_null {
        sql.push_str(" NOT NULL");
    }
    sql
}

/// `GENERATED … AS IDENTITY (…)`. The sequence's data type is always the column's, and may not be named.
pub(crate) fn identity_sql(identity: &IdentityColumn) -> String {
    format!(
        "GENERATED {} AS IDENTITY (SEQUENCE NAME {} {})",
        if identity.always { "ALWAYS" } else { "BY DEFAULT" },
        identity.sequence.sql(),
        numbers_sql(&identity.numbers)
    )
}

/// The options of a sequence, all of them, but for its data type.
pub(crate) fn numbers_sql(numbers: &SequenceNumbers) -> String {
    let SequenceNumbers { data_type: _, start, increment, min, max, cache, cycle } = numbers;
    let cycle = if *cycle { "CYCLE" } else { "NO CYCLE" };
    format!("START WITH {start} INCREMENT BY {increment} MINVALUE {min} MAXVALUE {max} CACHE {cache} {cycle}")
}

/// What an attribute of a composite type is.
pub(crate) fn attribute_sql(attribute: &Attribute) -> String {
    let Attribute { name, type_name, collation } = attribute;
    match collation {
        Some(collation) => format!("{} {type_name} COLLATE {collation}", ident(name)),
        None => format!("{} {type_name}", ident(name)),
    }
}

/// `ALTER TABLE … what`.
pub(crate) fn alter(table: &Name, what: &str) -> String {
    format!("ALTER TABLE {} {what}", table.sql())
}

/// A literal where no operator stands before it, so that it needs no space of its own.
fn text(value: &str) -> String {
    literal(value).trim_start().to_string()
}

fn create_domain(domain: &Domain) -> String {
    let Domain { identity: _, name, owner: _, base_type, collation, default, not_null, checks } = domain;
    let mut sql = format!("CREATE DOMAIN {} AS {base_type}", name.sql());
    if let Some(collation) = collation {
        sql.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(default) = default {
        sql.push_str(&format!(" DEFAULT {default}"));
    }
    if *not_null {
        sql.push_str(" NOT NULL");
    }
    for DomainCheck { identity: _, name, def, validated: _ } in checks {
        sql.push_str(&format!(" CONSTRAINT {} {def}", ident(name)));
    }
    sql
}

/// Columns that come from a parent, from the partitioned table or from a type are not named: they come by themselves.
fn create_table(table: &Table) -> String {
    let Table {
        identity: _,
        name,
        owner: _,
        unlogged,
        partition_key,
        partition_of,
        inherits,
        of_type,
        columns,
    } = table;
    let unlogged = if *unlogged { "UNLOGGED " } else { "" };
    let mut sql = format!("CREATE {unlogged}TABLE {}", name.sql());
    match (partition_of, of_type) {
        (Some(partition), _) => {
            sql.push_str(&format!(" PARTITION OF {} {}", partition.parent.name.sql(), partition.bound));
        }
        (None, Some(of_type)) => sql.push_str(&format!(" OF {of_type}")),
        (None, None) => {
            let own = columns.iter().filter(|column| !column.inherited).map(column_sql);
            sql.push_str(&format!(" ({})", join(own)));
        }
    }
    if !inherits.is_empty() {
        sql.push_str(&format!(" INHERITS ({})", join(inherits.iter().map(|parent| parent.name.sql()))));
    }
    if let Some(key) = partition_key {
        sql.push_str(&format!(" PARTITION BY {key}"));
    }
    sql
}

/// Only forward from where the sequence stands, and only to a number that it can hold; an empty table moves nothing.
fn advance_sequence(sequence: &Name, numbers: &SequenceNumbers, table: &Name, column: &str) -> String {
    let column = ident(column);
    let at = format!("(SELECT last_value FROM {})", sequence.sql());
    let (furthest, between) = if numbers.increment > 0 {
        (format!("max({column})"), format!("{at} AND {}", numbers.max))
    } else {
        (format!("min({column})"), format!("{} AND {at}", numbers.min))
    };
    format!(
        "SELECT pg_catalog.setval({}, {furthest}::bigint) FROM {} HAVING {furthest} BETWEEN {between}",
        text(&sequence.sql()),
        table.sql()
    )
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::model::Parent;

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

    fn column() -> Column {
        Column {
            identity: "public.\"DROP\".\"a\"\"b\"".to_string(),
            name: "a\"b".to_string(),
            type_name: "text".to_string(),
            collation: Some("pg_catalog.\"C\"".to_string()),
            default: Some("'x'::text".to_string()),
            not_null: true,
            identity_column: None,
            generated: None,
            inherited: false,
            constrained_domain: false,
            sequences: Vec::new(),
        }
    }

    fn table() -> Table {
        Table {
            identity: "public.\"DROP\"".to_string(),
            name: name("DROP"),
            owner: "planner".to_string(),
            unlogged: true,
            partition_key: Some("LIST (kind)".to_string()),
            partition_of: None,
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
            checks: vec![check],
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
        }
    }

    /// One action of each kind, on objects with names that are a danger where they are not quoted.
    fn all() -> Vec<Action> {
        let column_name = || "DELETE".to_string();
        vec![
            Action::CreateSchema { name: "x\"; DROP TABLE y; --".to_string() },
            Action::CreateExtension { name: "citext".to_string(), schema: "public".to_string() },
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
            Action::SetNotNull { table: name("DROP"), column: column_name() },
            Action::AddConstraint {
                table: name("DROP"),
                name: "positive".to_string(),
                def: "CHECK ((id > 0))".to_string(),
                not_valid: true,
            },
            Action::ValidateConstraint { table: name("DROP"), name: "positive".to_string() },
            Action::CreateIndex { def: "CREATE INDEX ix ON public.t USING btree (id)".to_string() },
            Action::RebuildIndex { name: name("TRUNCATE") },
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
        assert_eq!(places, (0..=18).collect::<Vec<_>>());
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
            CREATE EXTENSION IF NOT EXISTS "citext" WITH SCHEMA "public"
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
        "#]].assert_eq(&statements.concat());
    }
}
