//! Who is at work in a case: one login does the damage, another one touches the same tables and changes nothing. Both act as the
//! role that the corpus belongs to, so nobody is told from the other by what is left behind.

use nself_harness::Doing;
use postgres::Client;

use crate::error::Error;
use crate::figures::Outcome;
use crate::judge::{Address, Facts};
use crate::product::Item;
use crate::server::{Database, Server};

const CULPRIT: &str = "fidelity_culprit";
const BYSTANDER: &str = "fidelity_bystander";

/// Makes both, unless an earlier run has.
pub fn make(server: &Server) -> Result<(), Error> {
    let mut client = server.connect("postgres")?;
    for role in [CULPRIT, BYSTANDER] {
        let sql = format!(
            "DO $$ BEGIN CREATE ROLE {role} SUPERUSER LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        );
        client.batch_execute(&sql).doing("making the roles that are at work")?;
    }
    Ok(())
}

/// A session of who does the damage.
pub fn culprit(database: &Database) -> Result<Client, Error> {
    session(database, CULPRIT)
}

fn session(database: &Database, login: &str) -> Result<Client, Error> {
    let mut client = database.connect()?;
    let acting: String =
        client.query_one("SELECT quote_ident(current_user)", &[]).doing("asking who it is")?.get(0);
    let sql = format!("SET SESSION AUTHORIZATION {login}; SET ROLE {acting}");
    client.batch_execute(&sql).doing("being somebody")?;
    Ok(client)
}

/// Touches these objects' tables and views in ways that leave all as it is.
pub fn pass_by<'a>(
    database: &Database,
    facts: &Facts,
    of: impl Iterator<Item = &'a Address>,
) -> Result<(), Error> {
    let relation = |address: &Address| match address.object_type.as_str() {
        of @ ("table" | "view" | "materialized view" | "foreign table" | "sequence") => {
            Some((of.to_uppercase(), address.identity.clone()))
        }
        _ => None,
    };
    let of: Vec<&Address> = of.collect();
    // Who says a comment or an owner again, as it is now, can be said to have made it so.
    let is_said = |identity: &str| {
        let says = |address: &&&Address| matches!(address.object_type.as_str(), "comment" | "owner");
        of.iter().filter(says).any(|address| address.identity.contains(identity))
    };
    let mut statements = Vec::new();
    for address in &of {
        let containers = facts.get(address).into_iter().flat_map(|fact| &fact.inside);
        for (word, identity) in std::iter::once(*address).chain(containers).filter_map(relation) {
            if is_said(&identity) {
                continue;
            }
            let literal = identity.replace('\'', "''");
            statements.push(format!(
                "IF to_regclass('{literal}') IS NOT NULL THEN \
                   EXECUTE format('COMMENT ON {word} %s IS %L', '{literal}', obj_description('{literal}'::regclass, 'pg_class')); \
                   EXECUTE format('ALTER {word} %s OWNER TO %I', '{literal}', \
                       (SELECT relowner::regrole::text FROM pg_class WHERE oid = '{literal}'::regclass)); \
                 END IF;"
            ));
        }
    }
    statements.sort();
    statements.dedup();
    if statements.is_empty() {
        return Ok(());
    }
    let sql = format!("DO $pass$ BEGIN {} END $pass$", statements.join(" "));
    Ok(session(database, BYSTANDER)?.batch_execute(&sql).doing("touching tables and changing nothing")?)
}

/// Whoever is named did it, by a command of the damage. Naming nobody is no fault, and counted.
pub fn compare(outcome: &mut Outcome, damage: &[&str], items: &[Item]) {
    for Item { address, changed_by, command, .. } in items {
        let Some(by) = changed_by else { continue };
        outcome.figures.culprits += 1;
        let did = by == CULPRIT || by.starts_with(&format!("{CULPRIT} as "));
        let command = command.as_deref().unwrap_or_default();
        if !did || !damage.iter().any(|sql| has(&words(sql), &words(command))) {
            outcome.figures.wrong += 1;
            outcome.complaints.push(format!("culprit of {address}: {by} by {command}"));
        }
    }
}

/// Whether the text has the command, of which secrets may be left out.
fn has(sql: &str, command: &str) -> bool {
    let mut rest = Some(sql);
    for part in command.split('…') {
        rest = rest.and_then(|rest| rest.split_once(part)).map(|(_, rest)| rest);
    }
    rest.is_some()
}

fn words(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}
