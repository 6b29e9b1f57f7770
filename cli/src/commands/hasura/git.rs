//! `nself db hasura git`: the metadata of the server, of the folder, and of the last commit. git is only asked; committing is
//! the user's.

use nself_hasura::metadata::diff::{Difference, diff};
use nself_hasura::metadata::{Error as FolderError, Folder, Project, Value};
use serde::Serialize;

use super::apply::{self, How};
use super::metadata::{tell_written, write};
use super::{client, is_json, metadata_of, of_folder, project};
use crate::args::Global;
use crate::args::hasura::{Git, OfHasura, Pull, Push};
use crate::error::Error;
use crate::exit::Outcome;
use crate::git::{self, Commit};
use crate::output;
use crate::output::hasura as text;
use crate::terminal::messages;

pub fn run(global: &Global, command: &Git) -> Result<Outcome, Error> {
    match command {
        Git::Status(of) => status(global, of),
        Git::Pull(pull) => self::pull(global, pull),
        Git::Push(push) => self::push(global, push),
    }
}

/// How far server, folder and commit are from each other.
#[derive(Serialize)]
pub struct Status {
    /// What an apply of the folder would change.
    pub server_to_folder: Vec<Difference>,
    /// What of the folder is not committed, by objects and by files.
    pub commit_to_folder: Vec<Difference>,
    pub uncommitted: Vec<String>,
    /// What a push would change.
    pub server_to_commit: Vec<Difference>,
}

impl Status {
    pub fn is_clean(&self) -> bool {
        let Self { server_to_folder, commit_to_folder, uncommitted, server_to_commit } = self;
        server_to_folder.is_empty()
            && commit_to_folder.is_empty()
            && uncommitted.is_empty()
            && server_to_commit.is_empty()
    }
}

fn status(global: &Global, of: &OfHasura) -> Result<Outcome, Error> {
    let project = project(of.project.as_deref())?;
    let folder = metadata_of(&project)?;
    let uncommitted = git::uncommitted(&project.metadata)?;
    let commit = committed(&project)?.unwrap_or(Value::Null);
    let server = client(global, of, Some(&project))?.export()?.metadata;
    let status = Status {
        server_to_folder: diff(&server, &folder),
        commit_to_folder: diff(&commit, &folder),
        uncommitted,
        server_to_commit: diff(&server, &commit),
    };
    if is_json(global) {
        output::json(&status);
    } else {
        output::text(&text::git_status(&status));
    }
    Ok(if status.is_clean() { Outcome::Done } else { Outcome::Found })
}

fn pull(global: &Global, pull: &Pull) -> Result<Outcome, Error> {
    let project = project(pull.of.project.as_deref())?;
    if project.metadata.is_dir() {
        let paths = git::uncommitted(&project.metadata)?;
        if !paths.is_empty() && !pull.force {
            return Err(Error::Uncommitted { dir: project.metadata, paths });
        }
    }
    let there = client(global, &pull.of, Some(&project))?.export()?;
    let changes = write(&project, &there.metadata, false)?;
    tell_written(global, &project, &changes, false);
    Ok(Outcome::Done)
}

fn push(global: &Global, push: &Push) -> Result<Outcome, Error> {
    let project = project(push.of.project.as_deref())?;
    let paths = git::uncommitted(&project.metadata)?;
    if !paths.is_empty() {
        if !push.ignore_uncommitted {
            return Err(Error::Uncommitted { dir: project.metadata, paths });
        }
        messages::note("the folder has changes that are not committed: they are not applied");
    }
    let wanted = committed(&project)?.ok_or_else(|| of_folder(&project)(FolderError::NoVersion))?;
    let client = client(global, &push.of, Some(&project))?;
    let how = How { dry_run: false, yes: push.yes, allow_inconsistent: push.allow_inconsistent };
    apply::to_server(global, &client, &wanted, &how)
}

/// What the last commit says; nothing if it has no metadata.
fn committed(project: &Project) -> Result<Option<Value>, Error> {
    match Folder::read(&Commit::last(&project.metadata)?) {
        Err(FolderError::NoVersion) => Ok(None),
        folder => folder.and_then(|folder| folder.metadata()).map(Some).map_err(of_folder(project)),
    }
}
