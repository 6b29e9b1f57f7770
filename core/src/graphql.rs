//! Schema nself_api: row types and thin functions over the SQL functions of this product, for programs that make GraphQL
//! of a schema. PostGraphile shows nothing that belongs to an extension, and Hasura tracks no function that returns
//! anything but the rows of a table: hence objects of their own, outside the extension, with empty tables for row types.
//!
//! The text of a function names everything with its schema, and operators too: it runs under the caller's search_path,
//! which migrations need.

pub mod changes;
mod contents;

use crate::access::{Level, On, Right, right};
use crate::checksum::sha256_hex;
use crate::quote::{ident, literal, qualified};

pub use contents::{FUNCTIONS, ROW_TYPES};

/// The name of the schema.
pub const SCHEMA: &str = "nself_api";

/// How the comment of the schema begins: by it the schema is known where nothing else is, as after a restore of the
/// schema alone.
pub const MARK: &str = "Made by nself_api_install()";

/// The constraint that keeps row types empty, whoever writes to them.
pub const HOLDS_NO_ROWS: &str = "holds_no_rows";

/// Hides the table itself in PostGraphile, and leaves its type.
const BEHAVIOR: &str = "@behavior -insert -update -delete -query:resource:list -query:resource:connection -query:resource:single";

#[derive(Debug)]
pub struct Column {
    pub name: &'static str,
    pub sql_type: &'static str,
    pub not_null: bool,
}

/// A table that never has a row.
#[derive(Debug)]
pub struct RowType {
    pub name: &'static str,
    pub comment: &'static str,
    pub columns: &'static [Column],
}

#[derive(Debug)]
pub struct Argument {
    pub name: &'static str,
    pub sql_type: &'static str,
    pub default: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volatility {
    /// It only reads: a query.
    Stable,
    /// A mutation.
    Volatile,
}

/// What a function runs. `{schema}` in a text is the schema that the extension was put into.
#[derive(Debug)]
pub enum Body {
    /// The columns of the rows that a function returns which takes the same arguments, and others with these values.
    Call(&'static str, &'static str),
    /// The value that a function returns which takes the same arguments.
    Value(&'static str),
    /// A function without arguments, and then the rows of another one.
    Then(&'static str, &'static str),
    /// What the view nself.jobs tells, of jobs that this chooses.
    Jobs(&'static str),
    Sql(&'static str),
}

#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    pub comment: &'static str,
    pub arguments: &'static [Argument],
    /// The row type that it returns.
    pub rows: &'static str,
    pub volatility: Volatility,
    /// The lowest level that may call it, as of the function that it calls.
    pub level: Level,
    pub body: Body,
}

impl RowType {
    /// As `pg_identify_object()` has it.
    pub fn identity(&self) -> String {
        format!("{SCHEMA}.{}", self.name)
    }

    /// Its columns, as `sql/graphql.sql` reads those of a table.
    pub fn shape(&self) -> Vec<String> {
        let one = |column: &Column| {
            let not_null = if column.not_null { " NOT NULL" } else { "" };
            format!("{} {}{not_null}", column.name, column.sql_type)
        };
        self.columns.iter().map(one).collect()
    }

    fn statements(&self) -> Vec<String> {
        let table = qualified(SCHEMA, self.name);
        let columns = self.columns.iter().map(|column| {
            let not_null = if column.not_null { " NOT NULL" } else { "" };
            format!("{} {}{not_null}, ", ident(column.name), column.sql_type)
        });
        let columns: String = columns.collect();
        vec![
            format!("CREATE TABLE {table} ({columns}CONSTRAINT {HOLDS_NO_ROWS} CHECK (false))"),
            self.comment_statement(),
        ]
    }

    fn comment_statement(&self) -> String {
        let comment = format!("{BEHAVIOR}\n{}. A row type: it never has a row", self.comment);
        format!("COMMENT ON TABLE {} IS {}", qualified(SCHEMA, self.name), literal(&comment))
    }
}

impl Function {
    /// As `pg_identify_object()` has it.
    pub fn identity(&self) -> String {
        // Types of the SQL standard have names that no schema stands before.
        let one = |argument: &Argument| match argument.sql_type {
            "text" | "text[]" => format!("pg_catalog.{}", argument.sql_type),
            standard => standard.to_owned(),
        };
        let types: Vec<String> = self.arguments.iter().map(one).collect();
        format!("{SCHEMA}.{}({})", self.name, types.join(","))
    }

    /// Its arguments and its result, as the server prints them: what CREATE OR REPLACE cannot change.
    pub fn shape(&self) -> String {
        let one = |argument: &Argument| {
            format!("{} {} DEFAULT {}", argument.name, argument.sql_type, argument.default)
        };
        let arguments: Vec<String> = self.arguments.iter().map(one).collect();
        format!("({}) SETOF {SCHEMA}.{}", arguments.join(", "), self.rows)
    }

    fn row_type(&self) -> Option<&'static RowType> {
        ROW_TYPES.iter().find(|row_type| row_type.name == self.rows)
    }

    /// The name and types for a statement.
    fn sql(&self) -> String {
        let types: Vec<&str> = self.arguments.iter().map(|argument| argument.sql_type).collect();
        format!("{}({})", qualified(SCHEMA, self.name), types.join(", "))
    }

    fn body(&self, schema: &str) -> String {
        let schema = ident(schema);
        let passed = |fixed: &str| {
            let of_caller =
                self.arguments.iter().zip(1..).map(|(argument, n)| format!("{} => ${n}", argument.name));
            let fixed = (!fixed.is_empty()).then(|| fixed.to_owned());
            of_caller.chain(fixed).collect::<Vec<_>>().join(", ")
        };
        let columns = |of: &str| {
            let columns = self.row_type().map_or(&[][..], |row_type| row_type.columns);
            columns.iter().map(|column| format!("{of}.{}", ident(column.name))).collect::<Vec<_>>().join(", ")
        };
        match &self.body {
            Body::Call(called, fixed) => {
                format!("SELECT {} FROM {schema}.{called}({}) r", columns("r"), passed(fixed))
            }
            Body::Value(called) => format!("SELECT {schema}.{called}({})", passed("")),
            Body::Then(first, then) => {
                format!("SELECT {schema}.{first}(); SELECT {} FROM {schema}.{then}() r", columns("r"))
            }
            Body::Jobs(chosen) => {
                // What the job of a migration says may hold a piece of it.
                let error = "CASE WHEN j.kind OPERATOR(pg_catalog.=) 'heal' THEN j.error END";
                let columns = columns("j").replace(r#"j."error""#, error);
                format!("SELECT {columns} FROM nself.jobs j {chosen}")
            }
            Body::Sql(sql) => sql.replace("{schema}", &schema),
        }
    }

    fn statements(&self, schema: &str) -> Vec<String> {
        let arguments = self.arguments.iter().map(|argument| {
            format!("{} {} DEFAULT {}", ident(argument.name), argument.sql_type, argument.default)
        });
        let volatility = match self.volatility {
            Volatility::Stable => "STABLE",
            Volatility::Volatile => "VOLATILE",
        };
        let called = match &self.body {
            Body::Call(called, _) | Body::Value(called) | Body::Then(called, _) => {
                format!(" Errors and locks are those of {called}()")
            }
            Body::Jobs(_) => " It changes and locks nothing".to_owned(),
            Body::Sql(_) => {
                " Errors and locks are those of the function with nself_ before the name".to_owned()
            }
        };
        let function = self.sql();
        vec![
            format!(
                "CREATE OR REPLACE FUNCTION {}({}) RETURNS SETOF {} LANGUAGE sql {volatility} SECURITY INVOKER AS {}",
                qualified(SCHEMA, self.name),
                arguments.collect::<Vec<_>>().join(", "),
                qualified(SCHEMA, self.rows),
                literal(&self.body(schema))
            ),
            // It goes with the extension, which it is of no use without.
            format!("ALTER FUNCTION {function} DEPENDS ON EXTENSION nself_heal"),
            format!(
                "COMMENT ON FUNCTION {function} IS {}",
                literal(&format!("Needs level {}. {}.{called}.", self.level.word(), self.comment))
            ),
        ]
    }
}

fn schema_statements() -> Vec<String> {
    let comment = format!(
        "{MARK} of nself_heal: its functions for Hasura and PostGraphile. nself_api_uninstall() removes what is in it"
    );
    vec![
        format!("CREATE SCHEMA IF NOT EXISTS {}", ident(SCHEMA)),
        format!("COMMENT ON SCHEMA {} IS {}", ident(SCHEMA), literal(&comment)),
    ]
}

/// The rights that levels give on all this.
pub fn rights() -> Vec<Right> {
    let functions = FUNCTIONS.iter().map(|of| right(of.level, On::ApiFunction, of.name, "EXECUTE"));
    let row_types = ROW_TYPES.iter().map(|of| right(Level::Look, On::ApiRelation, of.name, "SELECT"));
    [right(Level::Look, On::Schema, SCHEMA, "USAGE")].into_iter().chain(functions).chain(row_types).collect()
}

/// Tells one version of all this from another one.
pub fn edition(schema: &str) -> String {
    let all = schema_statements()
        .into_iter()
        .chain(ROW_TYPES.iter().flat_map(RowType::statements))
        .chain(FUNCTIONS.iter().flat_map(|function| function.statements(schema)));
    sha256_hex(all.collect::<Vec<_>>().join("\n").as_bytes())
}

/// What keeps schema nself_api from being made or dropped.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("there is a schema nself_api, and nself_api_install() has not made it")]
    OfOthers,
    #[error("what nself_api_install() has made in schema nself_api is not known in this database")]
    NotKnown,
    #[error("schema nself_api holds what nself_api_install() has not made so: {}", objects.join(", "))]
    HoldsOthers { objects: Vec<String> },
    #[error("table {table} has rows, and it was made to have none")]
    HasRows { table: String },
    #[error("{function} runs in a migration, whose replay has no nself_heal")]
    InMigration { function: &'static str },
    #[error("role {role} may not create a schema in this database")]
    MayNotCreate { role: String },
}

impl Error {
    pub fn hint(&self) -> &'static str {
        match self {
            Error::OfOthers => "Rename that schema: nself_heal needs the name for its functions for GraphQL.",
            Error::NotKnown => "Call nself_api_install() first: it takes over what a restore has brought.",
            Error::HoldsOthers { .. } => {
                "Move what is yours into another schema, with ALTER … SET SCHEMA. What was altered, nself_api_install() makes as it was; nself_drift() tells more."
            }
            Error::HasRows { .. } => "Move the rows to a table of your own: nself_heal drops no row.",
            Error::InMigration { .. } => "Call it outside of migrations, as CREATE EXTENSION nself_heal.",
            Error::MayNotCreate { .. } => "GRANT CREATE ON DATABASE to that role, or call it as another one.",
        }
    }
}

#[cfg(test)]
mod tests;
