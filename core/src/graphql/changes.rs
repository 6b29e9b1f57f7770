//! What is to be done so that schema nself_api holds this version's set: as little as can be, because somebody may use what
//! stays. Nothing is dropped but what an earlier call has made, and never with what depends on it.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Error, FUNCTIONS, Function, ROW_TYPES, RowType, SCHEMA, schema_statements};
use crate::quote::ident;

/// What is in the schema.
#[derive(Debug, Default, Deserialize)]
pub struct Live {
    pub exists: bool,
    /// Whether its comment says who made it.
    pub is_marked: bool,
    pub tables: Vec<LiveTable>,
    pub functions: Vec<LiveFunction>,
}

#[derive(Debug, Deserialize)]
pub struct LiveTable {
    pub identity: String,
    /// Its name, quoted for a statement.
    pub sql: String,
    /// Each column as `RowType::shape` has it.
    pub columns: Vec<String>,
    pub holds_no_rows: bool,
}

#[derive(Debug, Deserialize)]
pub struct LiveFunction {
    pub identity: String,
    /// Its name and types, quoted for a statement.
    pub sql: String,
    /// As `Function::shape` has it.
    pub shape: String,
    /// The identity of the table whose rows it returns.
    pub rows: Option<String>,
}

/// What an earlier call has made, by identities, and how it stands.
#[derive(Debug, Default)]
pub struct Known {
    pub made: BTreeSet<String>,
    /// What somebody has altered since.
    pub altered: BTreeSet<String>,
    /// Whether that call was of another version.
    pub is_outdated: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    Created,
    Replaced,
    Dropped,
}

impl Done {
    pub fn word(self) -> &'static str {
        match self {
            Done::Created => "created",
            Done::Replaced => "replaced",
            Done::Dropped => "dropped",
        }
    }
}

/// A change of one object.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    pub done: Done,
    pub object_type: &'static str,
    pub identity: String,
    pub sql: Vec<String>,
    /// The table that is to be without rows before, quoted.
    pub without_rows: Option<String>,
}

fn change(done: Done, object_type: &'static str, identity: String, sql: Vec<String>) -> Change {
    Change { done, object_type, identity, sql, without_rows: None }
}

/// Whether a call of nself_api_install() has made the schema.
pub fn is_own(live: &Live, known: &Known) -> bool {
    live.is_marked || !known.made.is_empty()
}

/// What makes the schema this version's. `schema` is the one that the extension was put into.
pub fn install(live: &Live, known: &Known, schema: &str) -> Result<Vec<Change>, Error> {
    if live.exists && !is_own(live, known) {
        return Err(Error::OfOthers);
    }
    // After a restore of the schema alone nothing is known, and what has a name of this set is of an earlier call.
    let named: BTreeSet<String> =
        ROW_TYPES.iter().map(RowType::identity).chain(FUNCTIONS.iter().map(Function::identity)).collect();
    let is_of_set = |identity: &String| known.made.contains(identity) || named.contains(identity);
    let stays_table = |table: &LiveTable| {
        ROW_TYPES.iter().any(|wanted| {
            wanted.identity() == table.identity && wanted.shape() == table.columns && table.holds_no_rows
        })
    };
    let gone_tables: Vec<&LiveTable> =
        live.tables.iter().filter(|table| is_of_set(&table.identity) && !stays_table(table)).collect();
    let loses_rows = |function: &LiveFunction| {
        gone_tables.iter().any(|table| Some(&table.identity) == function.rows.as_ref())
    };
    let stays_function = |function: &LiveFunction| {
        !loses_rows(function)
            && FUNCTIONS
                .iter()
                .any(|wanted| wanted.identity() == function.identity && wanted.shape() == function.shape)
    };
    let gone_functions: Vec<&LiveFunction> = live
        .functions
        .iter()
        .filter(|function| is_of_set(&function.identity) && !stays_function(function))
        .collect();

    let mut all = Vec::new();
    if !live.exists || !live.is_marked {
        let done = if live.exists { Done::Replaced } else { Done::Created };
        all.push(change(done, "schema", SCHEMA.to_owned(), schema_statements()));
    }
    all.extend(gone_functions.iter().map(|function| drop_function(function)));
    all.extend(gone_tables.iter().map(|table| drop_table(table)));
    let is_here = |identity: &String| {
        live.tables.iter().any(|table| table.identity == *identity && stays_table(table))
            || live
                .functions
                .iter()
                .any(|function| function.identity == *identity && stays_function(function))
    };
    for wanted in ROW_TYPES {
        let identity = wanted.identity();
        if !is_here(&identity) {
            all.push(change(Done::Created, "table", identity, wanted.statements()));
        } else if known.is_outdated || !known.made.contains(&identity) {
            all.push(change(Done::Replaced, "table", identity, vec![wanted.comment_statement()]));
        }
    }
    for wanted in FUNCTIONS {
        let identity = wanted.identity();
        let done = match is_here(&identity) {
            false => Done::Created,
            true if known.is_outdated
                || !known.made.contains(&identity)
                || known.altered.contains(&identity) =>
            {
                Done::Replaced
            }
            true => continue,
        };
        all.push(change(done, "function", identity, wanted.statements(schema)));
    }
    Ok(all)
}

/// The objects of which it is to be kept what they are after these changes. A table that stays is what it was: what somebody has
/// put on it since is still theirs.
pub fn noted(changes: &[Change], known: &Known) -> Vec<String> {
    let stays = |change: &&Change| {
        change.object_type == "table"
            && change.done == Done::Replaced
            && known.made.contains(&change.identity)
    };
    changes.iter().filter(|change| !stays(change)).map(|change| change.identity.clone()).collect()
}

/// What drops the schema with all that a call of nself_api_install() has made in it. `others` is what is not so.
pub fn uninstall(live: &Live, known: &Known, others: Vec<String>) -> Result<Vec<Change>, Error> {
    if !live.exists {
        return Ok(Vec::new());
    }
    if !is_own(live, known) {
        return Err(Error::OfOthers);
    }
    if known.made.is_empty() {
        return Err(Error::NotKnown);
    }
    if !others.is_empty() {
        return Err(Error::HoldsOthers { objects: others });
    }
    let functions = live.functions.iter().filter(|of| known.made.contains(&of.identity)).map(drop_function);
    let tables = live.tables.iter().filter(|of| known.made.contains(&of.identity)).map(drop_table);
    let schema = change(
        Done::Dropped,
        "schema",
        SCHEMA.to_owned(),
        vec![format!("DROP SCHEMA {} RESTRICT", ident(SCHEMA))],
    );
    Ok(functions.chain(tables).chain([schema]).collect())
}

fn drop_function(function: &LiveFunction) -> Change {
    let sql = vec![format!("DROP FUNCTION {} RESTRICT", function.sql)];
    change(Done::Dropped, "function", function.identity.clone(), sql)
}

fn drop_table(table: &LiveTable) -> Change {
    let sql = vec![format!("DROP TABLE {} RESTRICT", table.sql)];
    let without_rows = Some(table.sql.clone());
    Change { without_rows, ..change(Done::Dropped, "table", table.identity.clone(), sql) }
}
