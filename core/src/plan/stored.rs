//! SQL to read that changes a constraint or an index, or how a relation is stored.

use crate::ddl::{alter, attach_index, parameters_sql, script};
use crate::diff::Aspect;
use crate::model::{Constraint, ConstraintKind, Index, Name, References};
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
        Aspect::Name => alter(&expected.table, &format!("RENAME CONSTRAINT {} TO {name}", ident(&live.name))),
        Aspect::Index if context.is_partitioned(&expected.table) => {
            format!(
                "-- give each partition of {} its part, and attach it to the index of {name}",
                expected.table_identity
            )
        }
        Aspect::Index => format!("REINDEX INDEX {}", index.sql()),
        Aspect::Parameters | Aspect::Tablespace if !context.is_partitioned(&expected.table) => {
            let differing = (&expected.parameters[..], &live.parameters[..]);
            alter_index(&index, what, differing, expected.tablespace.as_deref())
        }
        // The key of a partition goes with that of its table.
        _ if live.inherited => String::new(),
        _ => {
            let hanging = hanging_on(live, context);
            let drop = hanging.iter().copied().chain([live]).map(drop_constraint);
            let add = [expected].into_iter().chain(hanging.iter().copied()).map(add_constraint);
            at_once(drop.chain(add))
        }
    }
}

pub(super) fn drop_constraint(constraint: &Constraint) -> String {
    alter(&constraint.table, &format!("DROP CONSTRAINT {}", ident(&constraint.name)))
}

fn add_constraint(constraint: &Constraint) -> String {
    let not_valid = if constraint.validated { "" } else { " NOT VALID" };
    let add = format!("ADD CONSTRAINT {} {}{not_valid}", ident(&constraint.name), constraint.sql());
    alter(&constraint.table, &add)
}

/// The foreign keys that rest on a key: it cannot be dropped before them.
pub(super) fn hanging_on<'a>(key: &Constraint, context: &Context<'a>) -> Vec<&'a Constraint> {
    let rests_on = |to: &References| {
        to.table == key.table
            && to.columns.len() == key.columns.len()
            && to.columns.iter().all(|column| key.columns.contains(column))
    };
    let is_key = matches!(key.kind, ConstraintKind::Primary | ConstraintKind::Unique);
    let live = context.live.constraints.iter().filter(|_| is_key);
    live.filter(|of| of.references.as_ref().is_some_and(rests_on)).collect()
}

/// Statements between which nobody may see the schema.
pub(super) fn at_once(statements: impl IntoIterator<Item = String>) -> String {
    script(["BEGIN".to_string()].into_iter().chain(statements).chain(["COMMIT".to_string()]))
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
        Aspect::Name => format!("ALTER INDEX {} RENAME TO {}", live.name.sql(), ident(&expected.name.name)),
        Aspect::Attachment => match &expected.parent {
            Some(whole) => attach_index(whole, &expected.name),
            None => stays_attached(live),
        },
        Aspect::Parameters | Aspect::Tablespace if !context.is_partitioned(&expected.table) => {
            let differing = (&expected.parameters[..], &live.parameters[..]);
            alter_index(&expected.name, what, differing, expected.tablespace.as_deref())
        }
        // A part goes with the whole.
        _ if live.parent.is_some() => String::new(),
        _ => script([format!("DROP INDEX {}", live.name.sql()), expected.sql()]),
    }
}

/// Of a part that no migration attaches.
pub(super) fn stays_attached(part: &Index) -> String {
    let whole =
        part.parent.iter().map(|whole| format!("{}.{}", whole.schema, whole.name)).collect::<String>();
    format!("-- the server detaches no part: drop {whole} and make it anew, as the migrations do")
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
