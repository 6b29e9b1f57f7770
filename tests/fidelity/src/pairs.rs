//! Pairs of schema states: what migrations expect is the new one, what is there is the old one.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use nself_harness::{Doing, answer, first_line, read};
use postgres::Client;
use serde::Deserialize;
use serde_json::json;

use crate::args::Args;
use crate::case::{self, Base};
use crate::corpus::{Findings, drift_outcome, print_complaints};
use crate::error::Error;
use crate::figures::Outcome;
use crate::guarded::Guarded;
use crate::judge::{self, Kind};
use crate::parallel::in_parallel;
use crate::product::Product;
use crate::server::{Database, Server};

#[derive(Deserialize)]
struct Pair {
    name: String,
    old: Vec<String>,
    new: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
}

/// The schema that the extension is in, so that the pairs may do what they like with the schema public.
const OWN_SCHEMA: &str = "nself_fidelity";

/// Runs properties 1 and 6 over one list of pairs.
pub fn run(server: &Server, args: &Args, name: &str, path: &Path) -> Result<Findings, Error> {
    let mut pairs: Vec<Pair> = serde_json::from_str(&read(path)?)
        .map_err(|source| Error::Pairs { path: path.to_owned(), source })?;
    if let Some(only) = &args.only {
        pairs.retain(|pair| pair.name == *only);
    } else if let Some(count) = args.sample {
        let mut random = fastrand::Rng::with_seed(args.seed);
        random.shuffle(&mut pairs);
        // Pairs are many small ones; as many as there are kinds of mutations, roughly.
        pairs.truncate(count.saturating_mul(10));
    }
    let mut findings = Findings::new(name);
    findings.notes.push(format!("{} pairs of schemas", pairs.len()));
    for pair in &pairs {
        make_roles(server, &pair.roles)?;
        make_unlisted_roles(server, pair)?;
    }
    let outcomes = in_parallel(args.jobs, &pairs, |pair| one(server, args, name, pair));
    for outcome in outcomes {
        for (kind, outcome) in outcome? {
            findings.add(kind, outcome);
        }
    }
    Ok(findings)
}

/// All that is asked of one pair.
fn one(server: &Server, args: &Args, list: &str, pair: &Pair) -> Result<Vec<(&'static str, Outcome)>, Error> {
    let mut outcomes = Vec::new();
    if args.asks_for(1) {
        // Both states, each against itself.
        for (state, sql) in [("old", &pair.old), ("new", &pair.new)] {
            let outcome = same(server, sql)?;
            print_complaints(list, &format!("{} ({state})", pair.name), &sql.join(";\n"), &outcome);
            outcomes.push(("no drift: a state and itself", outcome));
        }
    }
    if args.asks_for(6) {
        let outcome = different(server, pair)?;
        let sql = format!("old: {}\n    new: {}", pair.old.join("; "), pair.new.join("; "));
        print_complaints(list, &pair.name, &sql, &outcome);
        if args.only.is_some() {
            println!("{sql}\n{}", outcome.story.join("\n"));
        }
        outcomes.push(("pairs", outcome));
    }
    Ok(outcomes)
}

fn make_roles(server: &Server, roles: &[String]) -> Result<(), Error> {
    let mut client = server.connect("postgres")?;
    for role in roles {
        let there = client
            .query_opt("SELECT FROM pg_roles WHERE rolname = $1", &[role])
            .doing("looking for a role")?;
        if there.is_none() {
            let sql = format!("CREATE ROLE \"{}\"", role.replace('"', "\"\""));
            client.batch_execute(&sql).doing("making a role")?;
        }
    }
    Ok(())
}

/// A list may forget a role that its statements name: the server says which.
fn make_unlisted_roles(server: &Server, pair: &Pair) -> Result<(), Error> {
    for sql in [&pair.old, &pair.new] {
        // Each try finds one more role.
        for _ in 0..5 {
            let scratch = server.database(None)?;
            let Err(reason) = apply(&mut scratch.connect()?, sql) else { break };
            let Some((_, role)) = reason.split_once(": role \"") else { break };
            let Some((role, _)) = role.split_once("\" does not exist") else { break };
            make_roles(server, &[role.to_owned()])?;
        }
    }
    Ok(())
}

/// A database whose migrations are these statements, or why there is none.
fn migrated<'a>(
    server: &'a Server,
    sql: &[String],
) -> Result<Result<(Database<'a>, Product), String>, Error> {
    let database = server.database(None)?;
    let mut client = database.connect()?;
    let product = Product::install(&mut client, Some(OWN_SCHEMA))?;
    let files = sql
        .iter()
        .enumerate()
        .map(|(number, sql)| json!({"path": format!("{:04}_step.sql", number + 1), "content": sql}));
    match product.put(&mut client, &files.collect()).and_then(|()| product.migrate(&mut client)) {
        Ok(_) => Ok(Ok((database, product))),
        Err(Error::Harness(nself_harness::Error::Sql { source, .. })) => {
            // Where the server itself takes the statements, the product refused them.
            let alone = server.database(None)?;
            Ok(Err(match apply(&mut alone.connect()?, sql) {
                Ok(()) => format!("the product refuses the statements: {}", answer(&source)),
                Err(reason) => reason,
            }))
        }
        Err(error) => Err(error),
    }
}

/// Property 1: a state and itself, and a restored copy of it.
fn same(server: &Server, sql: &[String]) -> Result<Outcome, Error> {
    let (database, product) = match migrated(server, sql)? {
        Ok(made) => made,
        Err(reason) => return Ok(Outcome::unjudged(reason)),
    };
    let mut outcome = drift_outcome(product.drift(&mut database.connect()?));
    let copy = database.restored(true)?;
    let again = drift_outcome(product.drift(&mut copy.connect()?));
    outcome.figures.false_items += again.figures.false_items;
    outcome.figures.wrong += again.figures.wrong;
    outcome.complaints.extend(again.complaints.into_iter().map(|text| format!("in a restored copy: {text}")));
    Ok(outcome)
}

/// Property 6.
fn different(server: &Server, pair: &Pair) -> Result<Outcome, Error> {
    let (database, product) = match migrated(server, &pair.new)? {
        Ok(made) => made,
        Err(reason) => return Ok(Outcome::unjudged(reason)),
    };
    // Another database with the same journal and ledger, in which somebody made the old state by hand.
    let live = server.database(None)?;
    let mut client = live.connect()?;
    Product::install(&mut client, Some(OWN_SCHEMA))?;
    database.copy_rows("nself", &live)?;
    if let Err(reason) = apply(&mut client, &pair.old) {
        return Ok(Outcome::unjudged(reason));
    }
    drop(client);

    let dump = database.judged()?;
    let old = live.judged()?;
    if let Some(statement) = dump.unread.iter().chain(&old.unread).next() {
        return Ok(Outcome::unjudged(format!("the judge cannot read: {}", first_line(statement))));
    }
    let mut client = live.connect()?;
    let mut outcome = Outcome::default();
    outcome.figures.cases = 1;
    let base = Base { server, database, product, dump, restored: OnceLock::new() };
    let mut seen = judge::differences(&base.dump.facts, &old.facts);
    let items = match base.product.drift(&mut client) {
        Ok(items) => items,
        Err(error) => return Ok(case::broken(outcome, &error)),
    };
    case::forgive_unnamed(&base, &live, &mut seen, &items)?;
    case::compare_items(&mut outcome, &base.dump.facts, &old.facts, &seen, &items);
    let before = Guarded::read(&mut client)?;
    let steps = match case::heal(&base.product, &mut client) {
        Ok(steps) => steps,
        Err(error) => return Ok(case::broken(outcome, &error)),
    };
    case::count_steps(&mut outcome, &steps);
    let harm = before.harm(&before.again(&mut client)?, &steps);
    outcome.figures.lost_rows += harm.lost_rows;
    outcome.figures.wrong += harm.complaints.len();
    outcome.complaints.extend(harm.complaints.into_iter().map(|text| format!("harm: {text}")));

    let healed = live.judged()?;
    for (address, kind) in case::left_over(&base, &live, &healed.facts, &steps)? {
        outcome.figures.wrong += 1;
        outcome
            .complaints
            .push(format!("still {kind} after the heal, and not called manual or blocked: {address}"));
    }
    // Everything of the old state is still there, and as it was, unless the new one says otherwise of it and a step
    // brought it there.
    let applied: BTreeSet<_> =
        steps.iter().filter(|step| step.status == "applied").map(|step| step.address.clone()).collect();
    for (address, kind) in judge::differences(&old.facts, &healed.facts) {
        let closed = healed.facts.get(&address) == base.dump.facts.get(&address);
        let wanted = kind == Kind::Changed && (applied.contains(&address) || closed);
        if kind != Kind::Extra && !wanted && address.object_type != "grant" {
            outcome.figures.wrong += 1;
            outcome.complaints.push(format!("the heal left this {kind} that was there before: {address}"));
        }
    }
    case::second_time(&mut outcome, &base, &mut client)?;
    Ok(outcome)
}

/// Runs statements as a person would, or tells why not.
fn apply(client: &mut Client, sql: &[String]) -> Result<(), String> {
    for sql in sql {
        if let Err(error) = client.batch_execute(sql) {
            return Err(format!("the server refuses the statements: {}", first_line(&answer(&error))));
        }
    }
    Ok(())
}
