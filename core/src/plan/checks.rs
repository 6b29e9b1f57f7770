//! Queries that find the rows that a step would fail on. They run before the step, as the owner of the table.

use crate::diff::join;
use crate::model::{Column, Constraint, ConstraintKind, Index, Key, Name, References, Table};
use crate::plan::context::Context;
use crate::plan::step::Check;
use crate::quote::ident;

/// Rows that have no value in a column that must have one.
pub(super) fn nulls(table: &Table, column: &Column) -> Check {
    let rows = format!("FROM {} WHERE {} IS NULL", table.name.sql(), ident(&column.name));
    Check {
        says: format!("rows of {} without a value in {}: {{n}}", table.identity, column.name),
        count: format!("SELECT count(*) {rows}"),
        find: format!("SELECT * {rows}"),
        columns: vec![column.identity.clone()],
    }
}

/// The rows of the default partition that belong to a new one.
pub(super) fn of_partition(table: &Table, context: &Context) -> Option<Check> {
    let (of, condition) = (table.partition_of.as_ref()?, table.partition_condition.as_ref()?);
    let is_default = |other: &&Table| {
        let place = other.partition_of.as_ref();
        other.foreign.is_none()
            && place.is_some_and(|place| place.parent == of.parent && place.bound == "DEFAULT")
    };
    let default = context.live.tables.iter().find(is_default).filter(|_| of.bound != "DEFAULT")?;
    let rows = format!("FROM {} WHERE {condition}", default.name.sql());
    Some(Check {
        says: format!("rows of {} that belong to {}: {{n}}", default.identity, table.identity),
        count: format!("SELECT count(*) {rows}"),
        find: format!("SELECT * {rows}"),
        columns: Vec::new(),
    })
}

/// The rows that violate a constraint.
pub(super) fn of_constraint(constraint: &Constraint, context: &Context) -> Vec<Check> {
    let columns = columns_of(&constraint.columns, &constraint.table, &constraint.table_identity, context);
    match constraint.kind {
        ConstraintKind::Primary => {
            let keys = constraint.key.iter();
            keys.flat_map(|key| {
                [
                    key_nulls(constraint, key, columns.clone()),
                    duplicates_of(constraint, key, columns.clone(), context),
                ]
            })
            .collect()
        }
        ConstraintKind::Unique => constraint
            .key
            .iter()
            .map(|key| duplicates_of(constraint, key, columns.clone(), context))
            .collect(),
        ConstraintKind::Check => constraint
            .expression
            .iter()
            .map(|expression| violations(constraint, expression, columns.clone()))
            .collect(),
        ConstraintKind::Foreign => {
            constraint.references.iter().map(|to| orphans(constraint, to, columns.clone(), context)).collect()
        }
        ConstraintKind::Exclusion => constraint
            .key
            .iter()
            .filter_map(|key| conflicts(constraint, key, columns.clone(), context))
            .collect(),
    }
}

/// A table of this size or less is compared with itself, row by row.
const SMALL: u64 = 256 << 10;

/// Pairs of rows that exclude each other. Without an equality among the operators only the index that is still to be built
/// finds them fast: in a larger table they are left to the server.
fn conflicts(constraint: &Constraint, key: &Key, columns: Vec<String>, context: &Context) -> Option<Check> {
    let Key { parts, nulls_not_distinct: _, predicate, operators } = key;
    let is_small = context.bytes(&constraint.table_identity).is_some_and(|bytes| bytes <= SMALL);
    if !is_small && !operators.iter().any(|operator| operator == "pg_catalog.=") {
        return None;
    }
    let keys = parts.iter().enumerate().map(|(place, part)| format!("({part}) AS k{place}"));
    let predicate = predicate.iter().map(|predicate| format!(" WHERE {predicate}")).collect::<String>();
    let table = only(&constraint.table, context.has_children(&constraint.table));
    let rows = format!("(SELECT tableoid AS t, ctid AS c, {} FROM {table}{predicate})", join(keys));
    let both =
        operators.iter().enumerate().map(|(n, operator)| format!("a.k{n} OPERATOR({operator}) b.k{n}"));
    let both = both.collect::<Vec<_>>().join(" AND ");
    let shown = |side: &str| join((0..parts.len()).map(|place| format!("{side}.k{place}")));
    let pairs = format!("FROM {rows} AS a JOIN {rows} AS b ON (a.t, a.c) < (b.t, b.c) AND {both}");
    Some(Check {
        says: format!(
            "pairs of rows of {} that exclude each other by ({}): {{n}}",
            constraint.table_identity,
            parts.join(", ")
        ),
        count: format!("SELECT count(*) {pairs}"),
        find: format!("SELECT {}, {} {pairs}", shown("a"), shown("b")),
        columns,
    })
}

/// Rows that a unique index would refuse.
pub(super) fn of_index(index: &Index, context: &Context) -> Vec<Check> {
    if !index.unique {
        return Vec::new();
    }
    let key = Key {
        parts: index.parts.clone(),
        nulls_not_distinct: index.nulls_not_distinct,
        predicate: index.predicate.clone(),
        operators: Vec::new(),
    };
    let columns = columns_of(&index.columns, &index.table, &index.table_identity, context);
    vec![duplicates(&index.table, &index.table_identity, &key, columns, context)]
}

fn key_nulls(constraint: &Constraint, key: &Key, columns: Vec<String>) -> Check {
    let any = key.parts.iter().map(|part| format!("{part} IS NULL")).collect::<Vec<_>>().join(" OR ");
    let rows = format!("FROM {} WHERE {any}", only(&constraint.table, false));
    Check {
        says: format!(
            "rows of {} without a value in ({}): {{n}}",
            constraint.table_identity,
            key.parts.join(", ")
        ),
        count: format!("SELECT count(*) {rows}"),
        find: format!("SELECT * {rows}"),
        columns,
    }
}

fn duplicates_of(constraint: &Constraint, key: &Key, columns: Vec<String>, context: &Context) -> Check {
    duplicates(&constraint.table, &constraint.table_identity, key, columns, context)
}

fn duplicates(table: &Name, identity: &str, key: &Key, columns: Vec<String>, context: &Context) -> Check {
    let Key { parts, nulls_not_distinct, predicate, operators: _ } = key;
    let mut conditions: Vec<String> = predicate.iter().map(|predicate| format!("({predicate})")).collect();
    if !nulls_not_distinct {
        conditions.extend(parts.iter().map(|part| format!("({part}) IS NOT NULL")));
    }
    let conditions =
        if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let list = parts.join(", ");
    let groups = format!(
        "FROM {}{conditions} GROUP BY {list} HAVING count(*) > 1",
        only(table, context.has_children(table))
    );
    Check {
        says: format!("rows of {identity} that share their ({list}) with another row: {{n}}"),
        count: format!("SELECT coalesce(sum(d.n), 0)::bigint FROM (SELECT count(*) AS n {groups}) AS d"),
        find: format!("SELECT {list}, count(*) {groups}"),
        columns,
    }
}

fn violations(constraint: &Constraint, expression: &str, columns: Vec<String>) -> Check {
    let rows = format!("FROM {} WHERE NOT ({expression})", only(&constraint.table, false));
    Check {
        says: format!("rows of {} that violate CHECK {expression}: {{n}}", constraint.table_identity),
        count: format!("SELECT count(*) {rows}"),
        find: format!("SELECT * {rows}"),
        columns,
    }
}

/// A key with a NULL in it refers to nothing; with MATCH FULL only one that is NULL throughout.
fn orphans(constraint: &Constraint, to: &References, mut columns: Vec<String>, context: &Context) -> Check {
    let References { table, table_identity, from, to, operators, columns: referenced, match_full, period } =
        to;
    let refers = from.iter().map(|column| format!("r.{} IS NOT NULL", ident(column)));
    let refers = refers.collect::<Vec<_>>().join(if *match_full { " OR " } else { " AND " });
    let covered = if *period { from.last().zip(to.last()) } else { None };
    let equal = from
        .iter()
        .zip(to)
        .zip(operators)
        .take(from.len() - usize::from(covered.is_some()))
        .map(|((from, to), operator)| format!("k.{} OPERATOR({operator}) r.{}", ident(to), ident(from)));
    let equal = equal.collect::<Vec<_>>().join(" AND ");
    let theirs = only(table, context.has_children(table));
    let there = match covered {
        Some((from, to)) => format!(
            "coalesce((SELECT range_agg(k.{}) FROM {theirs} AS k WHERE {equal}) @> r.{}, false)",
            ident(to),
            ident(from)
        ),
        None => format!("EXISTS (SELECT FROM {theirs} AS k WHERE {equal})"),
    };
    let ours = only(&constraint.table, context.has_children(&constraint.table));
    let rows = format!("FROM {ours} AS r WHERE ({refers}) AND NOT {there}");
    columns.extend(columns_of(referenced, table, table_identity, context));
    Check {
        says: format!(
            "rows of {} that refer by ({}) to rows of {table_identity} that do not exist: {{n}}",
            constraint.table_identity,
            join(from.iter().cloned())
        ),
        count: format!("SELECT count(*) {rows}"),
        find: format!("SELECT r.* {rows}"),
        columns,
    }
}

/// The table, without its children where the constraint does not hold for them. A partitioned table's rows are all in
/// its partitions, so those always count.
fn only(table: &Name, has_children: bool) -> String {
    if has_children { format!("ONLY {}", table.sql()) } else { table.sql() }
}

/// What must be there for a query to run: the columns, or the whole table where that is missing.
fn columns_of(columns: &[String], table: &Name, identity: &str, context: &Context) -> Vec<String> {
    match context.live_table(table) {
        Some(_) => columns.to_vec(),
        None => vec![identity.to_string()],
    }
}
