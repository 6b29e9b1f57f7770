//! What git knows of a folder in a checkout. It is only asked: nothing is committed, fetched or changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nself_hasura::metadata::Error as FolderError;
use nself_hasura::metadata::folder::Files;

use crate::error::Error;

/// Who added a file: `Ann Lee <ann@example.com>`. Without git, or outside of a checkout, nobody is known.
pub fn author(dir: &Path, path: &str) -> Option<String> {
    let said = said(
        git(dir)
            .args(["log", "--no-color", "--max-count=1", "--diff-filter=A", "--format=%an <%ae>", "--"])
            .arg(path),
    )
    .ok()?;
    let said = said.trim().to_owned();
    (!said.is_empty()).then_some(said)
}

/// The files of a folder that are not as the last commit has them, new ones too.
pub fn uncommitted(dir: &Path) -> Result<Vec<String>, Error> {
    let arguments = ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", "."];
    let listed = checkout(dir, git(dir).args(arguments))?;
    // Two letters and a blank stand before each path.
    Ok(listed
        .split('\0')
        .filter_map(|entry| entry.get(3..))
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect())
}

/// A folder as the last commit has it.
pub struct Commit {
    dir: PathBuf,
    files: BTreeSet<String>,
}

impl Commit {
    pub fn last(dir: &Path) -> Result<Self, Error> {
        let listed = checkout(dir, git(dir).args(["ls-tree", "-r", "-z", "--name-only", "HEAD"]))?;
        let files = listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
        Ok(Self { dir: dir.to_owned(), files })
    }
}

impl Files for Commit {
    fn text(&self, path: &str) -> Result<Option<String>, FolderError> {
        if !self.files.contains(path) {
            return Ok(None);
        }
        // As it was committed: what a filter would make of it is not asked for.
        let text = said(git(&self.dir).args(["cat-file", "blob"]).arg(format!("HEAD:./{path}")));
        let failed =
            |message| FolderError::Read { path: path.to_owned(), source: std::io::Error::other(message) };
        text.map(Some).map_err(failed)
    }
}

fn checkout(dir: &Path, command: &mut Command) -> Result<String, Error> {
    said(command).map_err(|message| Error::NoCheckout { dir: dir.to_owned(), message })
}

/// What it prints, or why it failed.
fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => String::from_utf8(output.stdout).map_err(|_| "what git prints is no UTF-8".to_owned()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(said.lines().next().unwrap_or("git failed").to_owned())
        }
    }
}

/// Nothing that a repository's own configuration names is run.
fn git(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(dir)
        .args([
            "--no-pager",
            "--literal-pathspecs",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "log.showSignature=false",
        ])
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null());
    command
}
