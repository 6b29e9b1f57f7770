//! `nself db hasura`: the metadata of a Hasura server, in its folder and beside the database.

mod apply;
mod console;
mod git;
mod metadata;
pub mod told;
mod validate;

pub use git::Status;
pub use validate::Report;

use std::path::Path;
use std::time::Duration;

use nself_hasura::metadata::{Client, Disk, Folder, Project, Value};

use super::{is_json, open};
use crate::args::Global;
use crate::args::hasura::{Hasura, Metadata, OfHasura};
use crate::dotenv::{Environment, HASURA_ENDPOINT, HASURA_SECRET};
use crate::error::Error;
use crate::exit::Outcome;
use crate::terminal::messages;

/// Runs one of the commands.
pub fn run(global: &Global, command: &Hasura) -> Result<Outcome, Error> {
    match command {
        Hasura::Metadata(Metadata::Apply(apply)) => apply::run(global, apply),
        Hasura::Metadata(Metadata::Export(export)) => metadata::export(global, export),
        Hasura::Metadata(Metadata::Reload(reload)) => metadata::reload(global, reload),
        Hasura::Metadata(Metadata::Diff(of)) => metadata::diff(global, of),
        Hasura::Metadata(Metadata::Validate(asked)) => validate::run(global, asked),
        Hasura::Metadata(Metadata::Lint(lint)) => metadata::lint(global, lint),
        Hasura::Git(command) => git::run(global, command),
        Hasura::Console(console) => console::run(global, console),
    }
}

/// The project that was named or found.
fn project(named: Option<&Path>) -> Result<Project, Error> {
    let failed = |dir: &Path| {
        let dir = dir.to_owned();
        move |source| Error::Metadata { dir, source }
    };
    match named {
        Some(dir) => {
            Project::open(dir).map_err(failed(dir))?.ok_or_else(|| Error::NotHasuraProject(dir.to_owned()))
        }
        None => Project::find(Path::new(""))
            .map_err(failed(Path::new(".")))?
            .ok_or_else(|| Error::NoHasuraProject { parent: std::env::current_dir().unwrap_or_default() }),
    }
}

/// The files of a project's metadata.
fn folder(project: &Project) -> Result<Folder, Error> {
    Folder::read(&Disk::new(&project.metadata)).map_err(of_folder(project))
}

/// What the folder says.
fn metadata_of(project: &Project) -> Result<Value, Error> {
    folder(project)?.metadata().map_err(of_folder(project))
}

fn of_folder(project: &Project) -> impl Fn(nself_hasura::metadata::Error) -> Error + use<> {
    let dir = project.metadata.clone();
    move |source| Error::Metadata { dir: dir.clone(), source }
}

/// The server that is meant, by the first that names one.
fn client(global: &Global, of: &OfHasura, project: Option<&Project>) -> Result<Client, Error> {
    let environment = environment(global)?;
    let named = of.endpoint.as_deref().or(environment.get(HASURA_ENDPOINT));
    let endpoint = match named.or(project.and_then(|project| project.endpoint.as_deref())) {
        Some(endpoint) => endpoint.to_owned(),
        None => of_database(global)?,
    };
    client_at(&endpoint, &environment, project, Duration::from_secs(of.timeout))
}

/// The endpoint that the database names.
fn of_database(global: &Global) -> Result<String, Error> {
    let mut server = match open(global) {
        Err(Error::NoDatabase) => return Err(Error::NoHasura),
        server => server?,
    };
    let mut session = server.begin()?;
    let endpoint = session.hasura_endpoint()?;
    session.undo()?;
    endpoint.ok_or(Error::NoHasura)
}

fn environment(global: &Global) -> Result<Environment, Error> {
    Environment::load(".".as_ref(), global.env().as_deref())
}

fn client_at(
    endpoint: &str,
    environment: &Environment,
    project: Option<&Project>,
    timeout: Duration,
) -> Result<Client, Error> {
    let secret =
        environment.get(HASURA_SECRET).or(project.and_then(|project| project.admin_secret.as_deref()));
    let client = Client::new(endpoint, secret, timeout)?;
    if client.sends_secret_in_clear() {
        messages::note(&format!("the admin secret is sent in clear to {}", client.endpoint()));
    }
    Ok(client)
}
