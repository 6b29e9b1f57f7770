//! SQL to read that changes a constraint or an index, or how a relation is stored.

use crate::ddl::{alter, parameters_sql, script};
use crate::diff::Aspect;
use crate::model::{Constraint, Index, Name};
use crate::plan::context::Context;
use crate::quote::ident;

/// What stands behind ALTER to set parameters, or options: RESET of those that are only live, SET of those that differ.
pub(super) fn parameters(expected: &[String], live: &[String]) -> impl Iterator<Item = String> {
    let name = |parameter: &String| parameter.split('=').next().unwrap_or_default().to_string();
    let wanted: Vec<String> = expected.iter().map(name).collect();
    let gone: Vec<String> = live.iter().map(name).filter(|name| !wanted.contains(name)).collect();
    let other: Vec<String> = expected.iter().filter(|parameter| !live.contains(parameter)).cloned().collect();
    let reset = (!gone.is_empty()).then(|| format!("RESET ({})", gone.join(", ")));
    let set = (!other.is_empty()).then(|| format!("SET ({})", parameters_sql(&other)));
    reset.into_iter().chain(set)
}

pub(super) fn change_constraint(
    expected: &Constraint,
    live: &Constraint,
    what: Aspect,
    context: &Context,
) -> String {
    let name = ident(&expected.name);
    let index = Name { schema: expected.table.schema.clone(), name: expected.name.clone() };
    match what {
        // Said with all that is on its tables, see `enforcement`.
        Aspect::Enforcement => String::new(),
        Aspect::Validity => alter(&expected.table, &format!("VALIDATE CONSTRAINT {name}")),
        Aspect::Parameters | Aspect::Tablespace if !context.is_partitioned(&expected.table) => {
            let differing = (&expected.parameters[..], &live.parameters[..]);
            alter_index(&index, what, differing, expected.tablespace.as_deref())
        }
        _ => {
            let not_valid = if expected.validated { "" } else { " NOT VALID" };
            script([
                alter(&expected.table, &format!("DROP CONSTRAINT {name}")),
                alter(&expected.table, &format!("ADD CONSTRAINT {name} {}{not_valid}", expected.sql())),
            ])
        }
    }
}

pub(super) fn change_index(expected: &Index, live: &Index, what: Aspect, context: &Context) -> String {
    match what {
        Aspect::Validity => {
            format!(
                "-- give each partition of {} its part, and attach it to {}",
                expected.table_identity, expected.identity
            )
        }
        Aspect::Statistics => script(expected.more.iter().cloned()),
        Aspect::Parameters | Aspect::Tablespace if !context.is_partitioned(&expected.table) => {
            let differing = (&expected.parameters[..], &live.parameters[..]);
            alter_index(&expected.name, what, differing, expected.tablespace.as_deref())
        }
        _ => script([format!("DROP INDEX {}", expected.name.sql()), expected.sql()]),
    }
}

/// Of a partitioned index none of this can be altered.
fn alter_index(
    index: &Name,
    what: Aspect,
    (expected, live): (&[String], &[String]),
    tablespace: Option<&str>,
) -> String {
    let index = index.sql();
    if what == Aspect::Tablespace {
        return format!("ALTER INDEX {index} SET TABLESPACE {}", tablespace.unwrap_or("pg_default"));
    }
    script(parameters(expected, live).map(|what| format!("ALTER INDEX {index} {what}")))
}
