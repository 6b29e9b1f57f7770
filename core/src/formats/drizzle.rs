//! Drizzle 0.x: a journal names the files, and its order is the order; no name, index or time in it has to agree.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::error::Error;
use super::folder::{Folder, JOURNAL};
use super::migration::{Content, File, Migration};
use super::{contents, version};

#[derive(Deserialize)]
struct Journal {
    dialect: String,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    idx: Option<u64>,
    tag: String,
    #[serde(default = "yes")]
    breakpoints: bool,
    /// A number; whatever else stands there is no reason not to read the folder.
    #[serde(default)]
    when: Value,
}

fn yes() -> bool {
    true
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Vec<Migration>, Error> {
    folder.check_only_journal()?;
    let Some(file) = folder.file(JOURNAL) else { return Ok(Vec::new()) };
    let journal: Journal = contents::json(file, |path, reason| Error::BadJournal { path, reason })?;
    check_dialect(file, &journal.dialect)?;
    let mut migrations = Vec::with_capacity(journal.entries.len());
    for (position, entry) in journal.entries.iter().enumerate() {
        migrations.push(read_entry(folder, position as u64, entry)?);
    }
    add_snapshots(folder, &journal.entries, &mut migrations)?;
    version::tell_apart(&mut migrations);
    version::check_distinct(&migrations)?;
    Ok(migrations)
}

fn read_entry(
    folder: &Folder<'_>,
    position: u64,
    Entry { idx, tag, breakpoints, when }: &Entry,
) -> Result<Migration, Error> {
    let path = format!("{tag}.sql");
    let Some(up) = folder.file(&path) else {
        return Err(Error::MissingFile { tag: tag.clone(), path: folder.full_path(&path) });
    };
    let index = padded(idx.unwrap_or(position));
    let (version, name) = version::split(tag).unwrap_or((index.into(), tag));
    let down = folder.file(&format!("{tag}.down.sql"));
    let generated_at = when.as_i64();
    Ok(Migration {
        breakpoints: *breakpoints,
        generated_at,
        ..contents::migration(&version, name, up, down)?
    })
}

/// Snapshots are named after the tag's version, in some folders after the entry's index; they may be missing.
fn add_snapshots(folder: &Folder<'_>, entries: &[Entry], migrations: &mut [Migration]) -> Result<(), Error> {
    let versions: BTreeSet<String> = migrations.iter().map(|migration| migration.version.clone()).collect();
    for (entry, migration) in entries.iter().zip(migrations) {
        let by_version = folder.file(&snapshot_path(&migration.version));
        // After a gap in the versions the index is the version of another entry, and so is the snapshot of that name.
        let index = entry.idx.map(padded).filter(|index| !versions.contains(index));
        let snapshot = by_version.or_else(|| folder.file(&snapshot_path(&index?)));
        add_snapshot(migration, snapshot)?;
    }
    Ok(())
}

fn padded(index: u64) -> String {
    format!("{index:04}")
}

fn snapshot_path(prefix: &str) -> String {
    format!("meta/{prefix}_snapshot.json")
}

pub(super) fn is_snapshot(path: &str) -> bool {
    path.starts_with("meta/") && path.ends_with("_snapshot.json")
}

/// Gives a migration its snapshot, of either Drizzle. Of one that the sender knows to be known there is the hash alone.
pub(super) fn add_snapshot(migration: &mut Migration, snapshot: Option<&File>) -> Result<(), Error> {
    let Some(file) = snapshot else { return Ok(()) };
    migration.snapshot_sha256 = Some(file.sha256());
    if let Content::Bytes(_) = file.content {
        migration.snapshot = Some(read_snapshot(file)?);
    }
    Ok(())
}

fn read_snapshot(file: &File) -> Result<Value, Error> {
    let snapshot: Value = contents::json(file, |path, reason| Error::BadSnapshot { path, reason })?;
    if let Some(dialect) = snapshot.get("dialect") {
        check_dialect(file, dialect.as_str().unwrap_or(&dialect.to_string()))?;
    }
    Ok(snapshot)
}

/// `pg` is what versions of Drizzle before 0.21 write, `postgres` what 1.x does.
fn check_dialect(file: &File, dialect: &str) -> Result<(), Error> {
    match dialect {
        "postgresql" | "postgres" | "pg" => Ok(()),
        _ => Err(Error::Dialect { path: file.path.clone(), found: dialect.to_owned() }),
    }
}
