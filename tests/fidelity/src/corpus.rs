//! One corpus: migrations are applied, tables are filled, and what comes out is damaged again and again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nself_harness::{Doing, read};
use serde_json::{Value, json};

use crate::args::Args;
use crate::case::{self, Asked, Base};
use crate::error::Error;
use crate::figures::{Figures, Outcome};
use crate::fill;
use crate::mutation::{self, Mutation};
use crate::parallel::in_parallel;
use crate::people;
use crate::product::Product;
use crate::server::Server;

/// All that was found out about one corpus.
#[derive(Default)]
pub struct Findings {
    pub name: String,
    /// What the corpus is, in a sentence for each thing.
    pub notes: Vec<String>,
    /// Figures by kind of case, in the order in which they are shown.
    pub kinds: Vec<(String, Figures)>,
    /// Figures by type of object, of those that the judge or drift named.
    pub types: BTreeMap<String, Figures>,
    /// How many cases of which kind could not be judged for which reason.
    pub unjudged: BTreeMap<(String, String), usize>,
}

impl Findings {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    pub fn add(&mut self, kind: &str, outcome: Outcome) {
        match self.kinds.iter_mut().find(|(name, _)| name == kind) {
            Some((_, figures)) => *figures += outcome.figures,
            None => self.kinds.push((kind.to_owned(), outcome.figures)),
        }
        for (object_type, figures) in outcome.types {
            *self.types.entry(object_type).or_default() += figures;
        }
        if let Some(reason) = outcome.unjudged {
            *self.unjudged.entry((kind.to_owned(), reason)).or_default() += 1;
        }
    }

    pub fn total(&self) -> Figures {
        let mut total = Figures::default();
        for (_, figures) in &self.kinds {
            total += *figures;
        }
        total
    }
}

/// Runs the properties 1 to 5 over one corpus.
pub fn run(server: &Server, args: &Args, name: &str, path: &Path) -> Result<Findings, Error> {
    let mut findings = Findings::new(name);
    roles(server, path)?;
    people::make(server)?;
    let database = server.database(None)?;
    let mut client = database.connect()?;
    let product = Product::install(&mut client, None)?;
    let before = path.with_extension("before");
    if before.is_file() {
        client.batch_execute(&read(&before)?).doing("making what stands before the first migration")?;
    }
    product.put(&mut client, &files(path)?)?;
    let applied = product.migrate(&mut client)?;
    let filled = fill::fill(&mut client, args.rows)?;
    findings.notes.push(format!(
        "{applied} migrations; {} of {} tables with {} rows, {} rows in all",
        filled.full, filled.tables, args.rows, filled.rows
    ));
    if !filled.short.is_empty() {
        let short: Vec<String> =
            filled.short.iter().map(|(name, rows, error)| format!("{name} ({rows}: {error})")).collect();
        findings.notes.push(format!("tables with fewer rows: {}", short.join(", ")));
    }
    eprintln!("{name}: {}", findings.notes.join("; "));
    drop(client);

    let mut client = database.connect()?;
    let after_migrating = drift_outcome(product.drift(&mut client));
    let drifts = after_migrating.figures.false_items > 0 || after_migrating.figures.wrong > 0;
    if args.asks_for(1) || drifts {
        print_complaints(name, "after the migrations", "", &after_migrating);
        findings.add("no drift: after the migrations", after_migrating);
    }
    if args.asks_for(1) && args.only.is_none() {
        let copy = database.restored(true)?;
        let outcome = drift_outcome(product.drift(&mut copy.connect()?));
        print_complaints(name, "in a restored copy", "", &outcome);
        findings.add("no drift: in a restored copy", outcome);
    }
    if drifts {
        // Every case would tell of the same.
        return Ok(findings);
    }

    let not_compared = product.not_compared(&mut client)?;
    if !not_compared.is_empty() {
        let kinds: Vec<String> =
            not_compared.iter().map(|(kind, (count, _))| format!("{kind} ({count})")).collect();
        findings.notes.push(format!("not compared by the product: {}", kinds.join(", ")));
    }
    let mutations = mutation::all(&mut client)?;
    drop(client);
    let dump = database.judged()?;
    if !dump.unread.is_empty() {
        findings
            .notes
            .push(format!("statements of the dump that the judge cannot read: {}", dump.unread.join("; ")));
        eprintln!("{name}: the judge cannot read: {}", dump.unread.join("; "));
    }
    people::pass_by(&database, &dump.facts, dump.facts.keys())?;
    let base = Base { server, database, product, dump, restored: OnceLock::new() };
    cases(&base, args, name, mutations, &mut findings)?;
    Ok(findings)
}

/// One case, by what it is called.
struct Case {
    kind: String,
    name: String,
    damage: Vec<String>,
}

fn cases(
    base: &Base,
    args: &Args,
    name: &str,
    mutations: Vec<Mutation>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let asked = Asked { named: args.asks_for(2), exact: args.asks_for(3), harmless: args.asks_for(4) };
    let all = mutations.clone();
    let mut chosen = mutations;
    if !args.kind.is_empty() {
        chosen.retain(|mutation| args.kind.iter().any(|kind| mutation.kind.contains(kind.as_str())));
    }
    if let Some(count) = args.sample {
        chosen = mutation::sample(chosen, count, args.seed);
    }
    let mut cases: Vec<Case> = Vec::new();
    if let Some(only) = &args.only {
        cases.push(match (only.parse::<usize>(), only.strip_prefix("storm ").map(str::parse::<usize>)) {
            (Ok(number), _) => match all.into_iter().find(|mutation| mutation.number == number) {
                Some(mutation) => one(mutation),
                None => return Ok(()),
            },
            (_, Some(Ok(number))) => storm(&all, args.seed, number),
            _ => Case { kind: "by hand".to_owned(), name: "by hand".to_owned(), damage: vec![only.clone()] },
        });
    } else {
        if asked.named || asked.exact || asked.harmless {
            cases.extend(chosen.into_iter().map(one));
        }
        if args.asks_for(5) {
            cases.extend((1..=args.storms).map(|number| storm(&all, args.seed, number)));
        }
    }
    if args.list {
        for case in &cases {
            println!("{}\t{}\t{}", case.name, case.kind, case.damage.join("; ").replace('\n', " "));
        }
        return Ok(());
    }

    let everything = Asked { named: true, exact: true, harmless: true };
    let done = in_parallel(args.jobs, &cases, |case| -> Result<Outcome, Error> {
        let damage: Vec<&str> = case.damage.iter().map(String::as_str).collect();
        let is_single = case.kind != STORMS && args.only.is_none();
        let outcome = case::run(base, &damage, if is_single { asked } else { everything })?;
        print_complaints(name, &case.name, &case.damage.join(";\n    "), &outcome);
        if args.only.is_some() {
            println!("{}\n{}", case.damage.join(";\n"), outcome.story.join("\n"));
        }
        Ok(outcome)
    });
    let mut by_kind: BTreeMap<&str, Vec<Outcome>> = BTreeMap::new();
    for (case, outcome) in cases.iter().zip(done) {
        by_kind.entry(&case.kind).or_default().push(outcome?);
    }
    // Storms are the last.
    let (storms, single): (Vec<_>, Vec<_>) = by_kind.into_iter().partition(|(kind, _)| *kind == STORMS);
    for (kind, outcomes) in single.into_iter().chain(storms) {
        for outcome in outcomes {
            findings.add(kind, outcome);
        }
    }
    Ok(())
}

const STORMS: &str = "storms";

fn one(mutation: Mutation) -> Case {
    Case { kind: mutation.kind, name: format!("{}", mutation.number), damage: vec![mutation.sql] }
}

/// Between 2 and 30 mutations, drawn with the seed and the storm's number.
fn storm(all: &[Mutation], seed: u64, number: usize) -> Case {
    let mut random = fastrand::Rng::with_seed(seed.wrapping_mul(1_000_003).wrapping_add(number as u64));
    let count = random.usize(2..=30);
    let damage = (0..count).map(|_| all[random.usize(..all.len())].sql.clone()).collect();
    Case { kind: STORMS.to_owned(), name: format!("storm {number}"), damage }
}

/// Property 1: no drift at all.
pub fn drift_outcome(items: Result<Vec<crate::product::Item>, Error>) -> Outcome {
    let mut outcome = Outcome::default();
    outcome.figures.cases = 1;
    match items {
        Ok(items) => {
            for item in items {
                outcome.figures.false_items += 1;
                let text = |text: Option<String>| text.unwrap_or_default();
                let (expected, actual) = (text(item.expected), text(item.actual));
                outcome.complaints.push(format!(
                    "false: {} {} | expected {expected} | actual {actual}",
                    item.kind, item.address
                ));
            }
        }
        Err(error) => {
            outcome.figures.wrong += 1;
            outcome.complaints.push(format!("error: {error}"));
        }
    }
    outcome
}

/// Each complaint with the SQL that leads to it, so that it can become a test.
pub fn print_complaints(corpus: &str, case: &str, damage: &str, outcome: &Outcome) {
    for complaint in &outcome.complaints {
        println!("MISS {corpus} [{case}] {}", complaint.replace('\n', " "));
    }
    if !outcome.complaints.is_empty() && !damage.is_empty() {
        println!("    {damage}");
    }
}

/// The roles that a corpus needs, made before it.
fn roles(server: &Server, path: &Path) -> Result<(), Error> {
    let file = path.with_extension("roles");
    if !file.is_file() {
        return Ok(());
    }
    let sql = read(&file)?;
    Ok(server.session("postgres")?.batch_execute(&sql).doing("making roles")?)
}

/// The files of a folder, or the one file, as the product takes them.
fn files(path: &Path) -> Result<Value, Error> {
    let mut found = Vec::new();
    if path.is_dir() {
        folder(path, "", &mut found)?;
    } else {
        found.push(json!({"path": "0001_schema.sql", "content": read(path)?}));
    }
    if found.is_empty() { Err(Error::NoMigrations(path.to_owned())) } else { Ok(Value::Array(found)) }
}

fn folder(path: &Path, prefix: &str, found: &mut Vec<Value>) -> Result<(), Error> {
    let unreadable = |source| nself_harness::Error::Read { path: path.to_owned(), source };
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?.path());
    }
    entries.sort();
    for entry in entries {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if entry.is_dir() {
            folder(&entry, &format!("{prefix}{name}/"), found)?;
        } else {
            let is_read =
                entry.extension().is_some_and(|extension| extension == "sql" || extension == "json");
            let content = if is_read { read(&entry)? } else { String::new() };
            found.push(json!({"path": format!("{prefix}{name}"), "content": content}));
        }
    }
    Ok(())
}
