//! Conflicts of a migrations folder, and what settles them.

use nself_heal_core::access::Level;
use nself_heal_core::migrations::Error as Refusal;
use nself_heal_core::rewrite::Change;
use pgrx::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::api::Rows;
use crate::catalog::access::ask;
use crate::error::Error;
use crate::migrations::conflicts;

#[pg_extern]
fn nself_migrate_conflicts(
    files: default!(Option<JsonB>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(kind, &'static str),
            name!(version, Option<String>),
            name!(file, String),
            name!(checksum, Option<String>),
            name!(other_file, Option<String>),
            name!(other_checksum, Option<String>),
            name!(detail, String),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_migrate_conflicts()")?;
    let rows = conflicts::find(files)?.into_iter().map(|of| {
        let (other_file, other_checksum) = of.other.map(|other| (other.path, other.checksum)).unzip();
        let other_checksum = other_checksum.flatten();
        (of.kind.as_str(), of.version, of.file.path, of.file.checksum, other_file, other_checksum, of.says)
    });
    Ok(TableIterator::new(rows))
}

#[pg_extern]
fn nself_migrate_renumber(
    files: default!(Option<JsonB>, "NULL"),
    file: default!(Option<&str>, "NULL"),
    number: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<'static, (name!(path, String), name!(new_path, String), name!(content, Option<String>))>,
    ErrorReport,
> {
    ask(Level::Look, "nself_migrate_renumber()")?;
    let which = || Error::from(Refusal::WhichMigration { function: "nself_migrate_renumber()" });
    let file = file.filter(|file| !file.is_empty()).ok_or_else(which)?;
    changes(conflicts::renumber(files, file, number.unwrap_or_default())?)
}

#[pg_extern]
fn nself_journal_rebase(
    files: default!(Option<JsonB>, "NULL"),
) -> Result<
    TableIterator<'static, (name!(path, String), name!(new_path, String), name!(content, Option<String>))>,
    ErrorReport,
> {
    ask(Level::Look, "nself_journal_rebase()")?;
    changes(conflicts::rebase(files)?)
}

fn changes(changes: Vec<Change>) -> Rows<(String, String, Option<String>)> {
    Ok(TableIterator::new(changes.into_iter().map(|of| (of.path, of.new_path, of.content))))
}
