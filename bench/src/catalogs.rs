//! The lower limit of every comparison: reading the rows of the system catalogs that hold a schema, and nothing else.

use crate::error::Error;
use crate::sample::Sample;
use crate::server::Session;

/// Schemas that are no user's. Read as one list of OIDs, so that no row costs a join.
const NAMESPACES: &str = "(SELECT oid FROM pg_namespace WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'nself'))";

/// Each catalog with the column that says whose a row is, and what that column points at.
const CATALOGS: [(&str, Of); 15] = [
    ("pg_namespace", Of::Namespace("oid")),
    ("pg_class", Of::Namespace("relnamespace")),
    ("pg_attribute", Of::Relation("attrelid")),
    ("pg_attrdef", Of::Relation("adrelid")),
    ("pg_constraint", Of::Namespace("connamespace")),
    ("pg_index", Of::Relation("indrelid")),
    ("pg_type", Of::Namespace("typnamespace")),
    ("pg_enum", Of::Type("enumtypid")),
    ("pg_sequence", Of::Relation("seqrelid")),
    ("pg_trigger", Of::Relation("tgrelid")),
    ("pg_policy", Of::Relation("polrelid")),
    ("pg_rewrite", Of::Relation("ev_class")),
    ("pg_proc", Of::Namespace("pronamespace")),
    ("pg_inherits", Of::Relation("inhrelid")),
    ("pg_description", Of::Any("objoid")),
];

enum Of {
    Namespace(&'static str),
    Relation(&'static str),
    Type(&'static str),
    /// Whatever it is: the server's own objects have small numbers.
    Any(&'static str),
}

fn copy(catalog: &str, of: &Of) -> String {
    let condition = match of {
        Of::Namespace(column) => format!("{column} IN {NAMESPACES}"),
        Of::Relation(column) => {
            format!("{column} IN (SELECT oid FROM pg_class WHERE relnamespace IN {NAMESPACES})")
        }
        Of::Type(column) => {
            format!("{column} IN (SELECT oid FROM pg_type WHERE typnamespace IN {NAMESPACES})")
        }
        Of::Any(column) => format!("{column} >= 16384"),
    };
    format!("COPY (SELECT * FROM pg_catalog.{catalog} WHERE {condition}) TO '/dev/null'")
}

/// Reads them all, one after the other.
pub fn read(session: &mut Session) -> Result<Sample, Error> {
    let mut sum = Sample { milliseconds: 0.0, kilobytes: 0 };
    for (catalog, of) in &CATALOGS {
        let (sample, _) = session.measure(&copy(catalog, of))?;
        sum.milliseconds += sample.milliseconds;
        sum.kilobytes = sum.kilobytes.max(sample.kilobytes);
    }
    Ok(sum)
}
