//! One case: a copy of the base is damaged, drift is asked, a heal runs, and the judge looks at each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use nself_harness::{answer, first_line};
use postgres::Client;

use crate::error::Error;
use crate::figures::{Figures, Outcome};
use crate::guarded::Guarded;
use crate::judge::{self, Address, Dump, Facts, Kind};
use crate::people;
use crate::product::{Item, Product, Step};
use crate::same;
use crate::server::{Database, Server};

/// A database in which nothing drifts.
pub struct Base<'a> {
    pub server: &'a Server,
    pub database: Database<'a>,
    pub product: Product,
    pub dump: Dump,
    /// What a restored copy of it says: see `same`.
    pub restored: OnceLock<Facts>,
}

/// Which of the properties are looked at.
#[derive(Clone, Copy)]
pub struct Asked {
    /// Drift names what changed.
    pub named: bool,
    /// Heal is exact.
    pub exact: bool,
    /// Heal is harmless.
    pub harmless: bool,
}

/// Runs one case. Each text of `damage` is a transaction; where there are several, those that the server refuses are
/// passed over.
pub fn run(base: &Base, damage: &[&str], asked: Asked) -> Result<Outcome, Error> {
    match judged(base, damage, asked) {
        Err(error @ Error::Unrestorable(_)) => {
            let line = first_line(&error.to_string()).to_owned();
            Ok(Outcome::unjudged(line))
        }
        outcome => outcome,
    }
}

fn judged(base: &Base, damage: &[&str], asked: Asked) -> Result<Outcome, Error> {
    let database = base.server.database(Some(&base.database.name))?;
    let mut client = people::culprit(&database)?;
    let mut taken = 0;
    for sql in damage {
        match client.batch_execute(sql) {
            Ok(()) => taken += 1,
            Err(error) if damage.len() == 1 => {
                return Ok(Outcome::unjudged(format!("the server refuses it: {}", answer(&error))));
            }
            Err(_) => client.batch_execute("ROLLBACK").unwrap_or_default(),
        }
    }
    drop(client);
    // What the damage set stays behind with its session.
    let mut client = database.connect()?;
    let damaged = database.judged()?;
    if let Some(statement) = damaged.unread.iter().find(|statement| !base.dump.unread.contains(statement)) {
        return Ok(Outcome::unjudged(format!("the judge cannot read: {}", first_line(statement))));
    }
    let mut outcome = Outcome::default();
    outcome.figures.cases = 1;
    outcome.story.push(format!("damage: {taken} of {} transactions", damage.len()));

    let seen = judge::differences(&base.dump.facts, &damaged.facts);
    people::pass_by(&database, &damaged.facts, seen.keys())?;
    let items = match base.product.drift(&mut client) {
        Ok(items) => items,
        Err(error) => return Ok(broken(outcome, &error)),
    };
    people::compare(&mut outcome, damage, &items);
    let ordered = judge::ordered_otherwise(&base.dump.orders, &damaged.orders);
    compare_orders(&mut outcome, &ordered, &base.product.in_other_order(&mut client)?);
    if seen.is_empty() && items.is_empty() && ordered.is_empty() {
        return Ok(Outcome::unjudged("the dump shows no difference"));
    }
    if asked.named {
        let mut seen = seen;
        forgive_unnamed(base, &database, &mut seen, &items)?;
        compare_items(&mut outcome, &base.dump.facts, &damaged.facts, &seen, &items);
    }
    if !asked.exact && !asked.harmless {
        return Ok(outcome);
    }

    let before = if asked.harmless { Some(Guarded::read(&mut client)?) } else { None };
    let steps = match heal(&base.product, &mut client) {
        Ok(steps) => steps,
        Err(error) => return Ok(broken(outcome, &error)),
    };
    count_steps(&mut outcome, &steps);
    if let Some(before) = before {
        let harm = before.harm(&before.again(&mut client)?, &steps);
        outcome.figures.lost_rows += harm.lost_rows;
        outcome.figures.wrong += harm.complaints.len();
        outcome.complaints.extend(harm.complaints.into_iter().map(|text| format!("harm: {text}")));
    }
    if asked.exact {
        let healed = database.judged()?;
        let mut left = left_over(base, &database, &healed.facts, &steps)?;
        // What live default privileges keep from everybody is told once the object is there.
        for item in base.product.drift(&mut client)? {
            if item.address.object_type == "grant" && item.safety == "manual" {
                left.remove(&item.address);
            }
        }
        for (address, kind) in left {
            outcome.figures.wrong += 1;
            outcome
                .complaints
                .push(format!("still {kind} after the heal, and not called manual or blocked: {address}"));
        }
        second_time(&mut outcome, base, &mut client)?;
    }
    Ok(outcome)
}

/// Both sides name the same tables.
fn compare_orders(outcome: &mut Outcome, seen: &BTreeSet<String>, told: &BTreeSet<String>) {
    let missed = seen.difference(told).map(|table| format!("other order of columns, not told: {table}"));
    let told = told.difference(seen).map(|table| format!("told of another order of columns: {table}"));
    let complaints: Vec<String> = missed.chain(told).collect();
    outcome.figures.wrong += complaints.len();
    outcome.complaints.extend(complaints);
}

/// How often a heal may ask to be run again.
const AGAIN: usize = 3;

/// Heals, and again where a step says so: a new label of an enum has to be committed before anything can use it. The
/// steps are those that were taken, and those that were left over at last.
pub fn heal(product: &Product, client: &mut Client) -> Result<Vec<Step>, Error> {
    let mut taken = Vec::new();
    for _ in 0..AGAIN {
        let steps = product.heal(client)?;
        let waits = |step: &Step| {
            step.status == "blocked"
                && step.detail.as_ref().is_some_and(|text| text.contains("run nself_heal again after commit"))
        };
        let progressed = steps.iter().any(|step| step.status == "applied");
        if !progressed || !steps.iter().any(waits) {
            taken.extend(steps);
            break;
        }
        taken.extend(steps.into_iter().filter(|step| step.status == "applied"));
    }
    Ok(taken)
}

/// A function of the product failed as a whole.
pub fn broken(mut outcome: Outcome, error: &Error) -> Outcome {
    outcome.figures.failed += 1;
    outcome.figures.wrong += 1;
    outcome.complaints.push(format!("error: {error}"));
    outcome
}

/// Leaves out what drift did not name if its text alone differs: see `same`.
pub fn forgive_unnamed(
    base: &Base,
    database: &Database,
    seen: &mut BTreeMap<Address, Kind>,
    items: &[Item],
) -> Result<(), Error> {
    let named: BTreeSet<&Address> = items.iter().map(|item| &item.address).collect();
    let mut unnamed = seen.clone();
    unnamed.retain(|address, kind| *kind == Kind::Changed && !named.contains(address));
    let candidates: Vec<Address> = unnamed.keys().cloned().collect();
    same::forgive(base, database, &mut unnamed)?;
    for address in candidates.iter().filter(|address| !unnamed.contains_key(address)) {
        seen.remove(address);
    }
    Ok(())
}

/// Property 2: both sides, after what is said already is left out of both.
pub fn compare_items(
    outcome: &mut Outcome,
    expected: &Facts,
    live: &Facts,
    seen: &BTreeMap<Address, Kind>,
    items: &[Item],
) {
    let named: BTreeMap<Address, Kind> = items.iter().map(|item| (item.address.clone(), item.kind)).collect();
    let seen = judge::collapse(seen, expected, live);
    let named = judge::collapse(&named, expected, live);
    for (address, kind) in &seen {
        outcome.story.push(format!("judge: {kind} {address}"));
        let item = Figures { items: 1, ..Figures::default() };
        let (named_item, missed_item) = (Figures { named: 1, ..item }, Figures { missed: 1, ..item });
        match named.get(address) {
            Some(other) if agree(address, *kind, *other) => outcome.item(&address.object_type, named_item),
            Some(other) => {
                outcome.item(&address.object_type, missed_item);
                outcome.complaints.push(format!("named as {other}, but it is {kind}: {address}"));
            }
            None => {
                outcome.item(&address.object_type, missed_item);
                outcome.complaints.push(format!("missed: {kind} {address}"));
            }
        }
    }
    for (address, kind) in &named {
        if !seen.contains_key(address) {
            outcome.item(&address.object_type, Figures { false_items: 1, ..Figures::default() });
            outcome.complaints.push(format!("false: {kind} {address}"));
        }
    }
    for Item { kind, address, safety, reason, expected, actual, changed_by, command } in items {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        outcome.story.push(format!(
            "drift: {kind} {address} | {safety} | {} | expected {} | actual {} | by {} | {}",
            text(reason),
            text(expected),
            text(actual),
            text(changed_by),
            text(command)
        ));
    }
}

/// Fewer privileges are a grant that is missing or one that changed: both say it.
fn agree(address: &Address, seen: Kind, named: Kind) -> bool {
    seen == named || address.object_type == "grant"
}

pub fn count_steps(outcome: &mut Outcome, steps: &[Step]) {
    let Figures { healed, blocked, manual, failed, .. } = &mut outcome.figures;
    for Step { address, status, ddl, detail } in steps {
        match status.as_str() {
            "applied" => *healed += 1,
            "blocked" => *blocked += 1,
            "manual" => *manual += 1,
            _ => {
                *failed += 1;
                let detail = detail.as_deref().unwrap_or_default();
                outcome.complaints.push(format!("{status}: {address}: {detail}"));
            }
        }
        let detail = detail.as_deref().unwrap_or_default();
        outcome.story.push(format!("heal: {status} {address} | {detail} | {}", ddl.replace('\n', " ")));
    }
}

/// What the judge still sees after a heal, without what the product left to a person.
pub fn left_over(
    base: &Base,
    database: &Database,
    healed: &Facts,
    steps: &[Step],
) -> Result<BTreeMap<Address, Kind>, Error> {
    let expected = &base.dump.facts;
    let named = left_to_a_person(steps);
    let mut left = judge::collapse(&judge::differences(expected, healed), expected, healed);
    left.retain(|address, _| !named.contains(address));
    if left.values().any(|kind| *kind == Kind::Changed) {
        same::forgive(base, database, &mut left)?;
    }
    Ok(left)
}

pub fn left_to_a_person(steps: &[Step]) -> BTreeSet<Address> {
    let left = steps.iter().filter(|step| matches!(step.status.as_str(), "manual" | "blocked"));
    left.map(|step| step.address.clone()).collect()
}

/// A second heal does nothing, and a second drift has nothing that could be healed.
pub fn second_time(outcome: &mut Outcome, base: &Base, client: &mut Client) -> Result<(), Error> {
    match base.product.heal(client) {
        Ok(steps) => {
            for step in steps.iter().filter(|step| !matches!(step.status.as_str(), "manual" | "blocked")) {
                outcome.figures.wrong += 1;
                outcome.complaints.push(format!("the second heal: {} {}", step.status, step.address));
            }
        }
        Err(error) => {
            outcome.figures.wrong += 1;
            outcome.complaints.push(format!("the second heal: {error}"));
        }
    }
    match base.product.drift(client) {
        Ok(items) => {
            for item in items.iter().filter(|item| item.safety == "additive") {
                outcome.figures.wrong += 1;
                outcome
                    .complaints
                    .push(format!("still additive after two heals: {} {}", item.kind, item.address));
            }
        }
        Err(error) => {
            outcome.figures.wrong += 1;
            outcome.complaints.push(format!("the second drift: {error}"));
        }
    }
    Ok(())
}
