//! `nself db hasura metadata validate`: the folder beside the database, as it is and as pending migrations make it.

use nself_hasura::metadata::breaks::{Effect, effects, is_mended};
use nself_hasura::metadata::schema::Schema;
use nself_hasura::metadata::validate::{is_postgres, validate};
use nself_hasura::metadata::{Finding, Value};
use serde::Serialize;

use super::{is_json, metadata_of, project};
use crate::args::Global;
use crate::args::hasura::Validate;
use crate::commands::migrate::files::{self, Listing};
use crate::commands::open;
use crate::error::Error;
use crate::exit::Outcome;
use crate::output;
use crate::output::hasura as text;
use crate::rows::ApiSchema;
use crate::server::{Call, Session};
use nself_report::names::migration;

/// What was looked at, and what was found.
#[derive(Serialize)]
pub struct Report {
    pub source: String,
    pub database: String,
    pub tables: usize,
    pub functions: usize,
    /// What does not fit the database as it is, and that no pending migration mends.
    pub findings: Vec<Finding>,
    /// What pending migrations break and mend.
    pub migrations: Vec<Effect>,
    /// What was not looked at, a sentence each.
    pub not_checked: Vec<String>,
}

impl Report {
    fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.migrations.iter().all(|effect| effect.breaks.is_empty())
    }
}

pub fn run(global: &Global, asked: &Validate) -> Result<Outcome, Error> {
    let metadata = metadata_of(&project(asked.project.as_deref())?)?;
    let source = chosen(&metadata, asked.source.as_deref())?;
    let files = if asked.no_pending { None } else { files::of(&asked.folder)? };
    let mut server = open(global)?;
    let mut session = server.begin()?;
    if !asked.no_pending {
        files::ship_if_allowed(&mut session, files.as_ref(), Listing::Sql)?;
    }
    let mut not_checked = left_alone(&metadata, source);
    let live = schemas(&mut session, false)?;
    let pending = if asked.no_pending { None } else { Some(rehearsed(&mut session)) };
    session.undo()?;
    let database = server.database().to_owned();

    let live = live.first().and_then(|row| row.schema.as_ref()).expect("the first row is the live schema");
    let checked = validate(source, live);
    let migrations = match pending {
        None => {
            not_checked.push("pending migrations: --no-pending was given".to_owned());
            Vec::new()
        }
        Some(Err(why)) => {
            not_checked.push(format!("pending migrations, which could not be rehearsed: {why}"));
            Vec::new()
        }
        Some(Ok(states)) => after(source, &states, &mut not_checked),
    };
    let findings = checked.findings.into_iter().filter(|finding| !is_mended(finding, &migrations)).collect();
    let report = Report {
        source: source.text("name").unwrap_or("?").to_owned(),
        database,
        tables: checked.tables,
        functions: checked.functions,
        findings,
        migrations,
        not_checked,
    };
    if is_json(global) {
        output::json(&report);
    } else {
        output::text(&text::validated(&report));
    }
    Ok(if report.is_clean() { Outcome::Done } else { Outcome::Found })
}

/// The source whose database this is.
fn chosen<'a>(metadata: &'a Value, named: Option<&str>) -> Result<&'a Value, Error> {
    let sources: Vec<&Value> = metadata.list("sources").iter().filter(|source| is_postgres(source)).collect();
    let of_name = |name: &str| sources.iter().find(|source| source.text("name") == Some(name)).copied();
    match (named, sources.as_slice()) {
        (Some(name), _) => of_name(name).ok_or_else(|| Error::NoSource(name.to_owned())),
        (None, [only]) => Ok(only),
        (None, []) => Err(Error::NoSource("default".to_owned())),
        (None, several) => of_name("default").ok_or_else(|| {
            let name = |source: &&Value| source.text("name").unwrap_or("?").to_owned();
            Error::ManySources(several.iter().map(name).collect())
        }),
    }
}

/// What of the metadata this database cannot be asked about.
fn left_alone(metadata: &Value, chosen: &Value) -> Vec<String> {
    let mut left = Vec::new();
    for source in metadata.list("sources") {
        let name = source.text("name").unwrap_or("?");
        match source.text("kind") {
            Some(kind) if !is_postgres(source) => {
                left.push(format!("source {name}, which is of kind {kind}"))
            }
            _ if source.text("name") != chosen.text("name") => {
                left.push(format!("source {name}, whose database is taken for another one"));
            }
            _ => {}
        }
    }
    let more = [("native_queries", "native queries"), ("logical_models", "logical models")];
    for (key, words) in more.into_iter().filter(|(key, _)| !chosen.list(key).is_empty()) {
        left.push(format!("{} {words}", chosen.list(key).len()));
    }
    for (key, words) in [("actions", "actions"), ("remote_schemas", "remote schemas")] {
        if !metadata.list(key).is_empty() {
            left.push(format!("{} {words}, which no database knows", metadata.list(key).len()));
        }
    }
    left
}

fn schemas(session: &mut Session<'_>, pending: bool) -> Result<Vec<ApiSchema>, Error> {
    let call = Call::to("nself_servable").with("pending", "bool", pending.then_some(true));
    let waiting = if pending { "Rehearsing the migrations" } else { "Reading the schema" };
    Ok(session.rows(waiting, &call)?.items)
}

/// The states after pending migrations, or why there are none.
fn rehearsed(session: &mut Session<'_>) -> Result<Vec<ApiSchema>, String> {
    schemas(session, true).map_err(|error| error.to_string())
}

/// What the pending migrations break and mend.
fn after(source: &Value, states: &[ApiSchema], not_checked: &mut Vec<String>) -> Vec<Effect> {
    let check = |schema: &Schema| validate(source, schema).findings;
    let mut before = None;
    let mut found: Vec<(String, Vec<Finding>)> = Vec::new();
    for state in states {
        let name = || migration(state.version.as_deref().unwrap_or("?"), state.name.as_deref().unwrap_or(""));
        match (state.state.as_str(), &state.schema) {
            ("applied", Some(schema)) => before = Some(check(schema)),
            ("pending", Some(schema)) => found.push((name(), check(schema))),
            // It is as the one before, and so is what is found.
            ("live" | "pending", _) => {}
            (_, _) => {
                let why = state.note.clone().unwrap_or_else(|| "one before it fails".to_owned());
                not_checked.push(format!("{}: {why}", name()));
            }
        }
    }
    effects(&before.unwrap_or_default(), found)
}
