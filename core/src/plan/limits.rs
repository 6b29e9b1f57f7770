//! What the server itself cannot do: told before the step is tried, with a way that it can go.

use crate::ddl::{Action, script};
use crate::diff::Object;
use crate::model::{Column, Domain, Name, Table};
use crate::plan::context::Context;
use crate::plan::step::{Obstacle, Work};

/// Columns that a table can have, those among them that were dropped.
const MOST_COLUMNS: usize = 1600;

/// The domain or table of which the server must be asked who holds its values, for what is to be done about an object.
pub(super) fn held<'a>(object: Object<'a>) -> Option<&'a Name> {
    match object {
        Object::Column(table, _) => Some(&table.name),
        Object::DomainConstraint(domain, _) => Some(&domain.name),
        _ => None,
    }
}

/// What the server would refuse of a new column.
pub(super) fn of_column(table: &Table, column: &Column, context: &Context) -> Option<Obstacle> {
    too_many_columns(table, column, context).or_else(|| row_type_in_use(table, column, context))
}

fn too_many_columns(table: &Table, column: &Column, context: &Context) -> Option<Obstacle> {
    let had = context.facts.tables.get(&table.identity)?.columns;
    let missing = context.missing_objects().filter_map(|object| match object {
        Object::Column(of, column) if of.identity == table.identity => Some(&column.name),
        _ => None,
    });
    let before = missing.take_while(|name| **name != column.name).count();
    (had + before >= MOST_COLUMNS).then(|| Obstacle {
        reason: format!(
            "{} has had {had} columns, those that were dropped counted, and the server takes no more than \
             {MOST_COLUMNS}: make the table anew and move its rows",
            table.identity
        ),
        remedy: None,
    })
}

/// The server rewrites no table of whose rows another table holds copies.
fn row_type_in_use(table: &Table, column: &Column, context: &Context) -> Option<Obstacle> {
    let gives_values = context.fills_itself(column) || column.constrained_domain;
    let holder = context.facts.holders.get(&table.name).filter(|_| gives_values)?;
    Some(Obstacle {
        reason: format!(
            "{holder} holds rows of {}, and the server gives the rows of such a table no values: add the column without \
             what fills it, then set that",
            table.identity
        ),
        remedy: None,
    })
}

/// The server looks at the values of a domain only where they are columns by themselves.
pub(super) fn of_domain_check(domain: &Domain, work: &Work, context: &Context) -> Option<Obstacle> {
    let looks = |action: &&Action| matches!(action, Action::ValidateDomainConstraint { .. });
    work.actions.iter().find(looks)?;
    let holder = context.facts.holders.get(&domain.name)?;
    let unchecked: Vec<String> =
        work.actions.iter().filter(|action| !looks(action)).map(Action::sql).collect();
    let way = match unchecked.is_empty() {
        true => "the check holds for new ones, look at the others yourself",
        false => "look at them yourself, and add the check NOT VALID by hand",
    };
    Some(Obstacle {
        reason: format!(
            "{holder} holds values of {} within others, as an array does, and the server does not look into those: {way}",
            domain.identity
        ),
        remedy: Some(script(unchecked)),
    })
}
