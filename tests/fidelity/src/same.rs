//! Texts that differ and mean the same. The judge compares texts, and the server prints one expression in more than one
//! way. Two ways are known, and each is asked of the server itself; nothing else is forgiven.
//!
//! - An expression that was read from what the server printed is printed in another form than one that was read from
//!   what a person wrote, like `IN ('a', 'b')` on a varchar. A heal reads what the server printed, and so does ALTER
//!   COLUMN TYPE. So both schemas are restored from their dumps, which reads every text once, and those are compared.
//! - A constraint, an index or a default is printed with the casts that its columns' types call for: `(slug ~ 'x')` is
//!   `((slug)::text ~ 'x')` once slug is a varchar. That the column has another type is a difference, and is judged as
//!   one. So the expected text is read in the schema that is there: if what is there comes out, only the column differs.

use std::collections::BTreeMap;

use crate::case::Base;
use crate::error::Error;
use crate::judge::{self, Address, Facts, Kind, State};
use crate::server::Database;

/// Removes the differences that are none.
pub fn forgive(base: &Base, database: &Database, left: &mut BTreeMap<Address, Kind>) -> Result<(), Error> {
    if !left.values().any(|kind| *kind == Kind::Changed) {
        return Ok(());
    }
    let facts = |database: &Database| -> Result<Facts, Error> { Ok(database.judged()?.facts) };
    let expected = match base.restored.get() {
        Some(facts) => facts,
        None => {
            let made = facts(&base.database.restored(false)?)?;
            base.restored.get_or_init(|| made)
        }
    };
    let copy = database.restored(false)?;
    let live = facts(&copy)?;
    let still = judge::differences(expected, &live);
    left.retain(|address, kind| *kind != Kind::Changed || still.contains_key(address));

    let mut client = copy.connect()?;
    let (mut read_again, mut refused) = (Vec::new(), Vec::new());
    for address in left.iter().filter(|(_, kind)| **kind == Kind::Changed).map(|(address, _)| address) {
        if let Some(sql) = expected.get(address).and_then(|fact| made_again(address, &fact.state)) {
            match client.batch_execute(&sql) {
                Ok(()) => read_again.push(address.clone()),
                Err(_) => refused.push(address.clone()),
            }
        }
    }
    // What cannot be read in this schema is not what is there; but a partition's constraint is read again with that of
    // its table.
    refused.retain(|address| {
        let name = |address: &Address| judge::named_on(&address.identity).map(|(name, _)| name.to_owned());
        let same = |other: &Address| other.object_type == address.object_type && name(other) == name(address);
        address.object_type == "table constraint" && read_again.iter().any(same)
    });
    read_again.append(&mut refused);
    drop(client);
    if read_again.is_empty() {
        return Ok(());
    }
    let again = facts(&copy)?;
    for address in read_again {
        if again.get(&address).map(|fact| &fact.state) == live.get(&address).map(|fact| &fact.state) {
            left.remove(&address);
        }
    }
    Ok(())
}

/// Statements that make an object anew from the text of its expected state; nothing where that is not known to be
/// harmless to everything else.
fn made_again(address: &Address, state: &State) -> Option<String> {
    let identity = address.identity.as_str();
    match (address.object_type.as_str(), state) {
        ("table constraint", State::Constraint { text, valid }) if text.starts_with("CHECK ") => {
            let (name, table) = judge::named_on(identity)?;
            let not_valid = if *valid { "" } else { " NOT VALID" };
            Some(format!(
                "ALTER TABLE {table} DROP CONSTRAINT {name}; ALTER TABLE {table} ADD CONSTRAINT {name} {text}{not_valid}"
            ))
        }
        ("index", State::Text(lines)) => {
            let create = lines.iter().find(|line| line.starts_with("CREATE "))?;
            Some(format!("DROP INDEX {identity}; {create}"))
        }
        ("default value", State::Text(lines)) => {
            let (table, column) = judge::column_of(identity.strip_prefix("for ")?)?;
            Some(format!("ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {}", lines.first()?))
        }
        ("policy" | "trigger", State::Text(lines)) => {
            let create = lines.iter().find(|line| line.starts_with("CREATE "))?;
            let (name, table) = judge::named_on(identity)?;
            Some(format!("DROP {} {name} ON {table}; {create}", address.object_type.to_uppercase()))
        }
        _ => None,
    }
}
