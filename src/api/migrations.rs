//! Journal and migrations.

use std::str::FromStr;

use nself_heal_core::access::Level;
use nself_heal_core::checksum::tokens_sha256;
use pgrx::JsonB;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::catalog::access::{self, ask};
use crate::error::Error;
use crate::expected;
use crate::expected::chain::Against;
use crate::migrations::adopt;
use crate::migrations::checksums;
use crate::migrations::down::{self, DownRequest};
use crate::migrations::journal;
use crate::migrations::status;
use crate::migrations::tenants::schema_of;
use crate::migrations::up::{self, UpRequest};
use crate::rehearsal;
use crate::settings;

use crate::api::Rows;

#[pg_extern]
fn nself_journal_load(
    dir: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(version, Option<String>),
            name!(name, String),
            name!(state, String),
            name!(note, Option<String>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Migrate, "nself_journal_load()")?;
    let dir = dir.map(Into::into).or_else(settings::migrations_dir).ok_or(Error::NoFolder)?;
    loaded(journal::put(&journal::read_folder(&dir)?)?)
}

#[pg_extern]
fn nself_journal_put(
    files: default!(Option<JsonB>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(version, Option<String>),
            name!(name, String),
            name!(state, String),
            name!(note, Option<String>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Migrate, "nself_journal_put()")?;
    let files = files.unwrap_or(JsonB(serde_json::Value::Null));
    loaded(journal::put(&journal::sent_files(files)?)?)
}

#[pg_extern]
fn nself_journal_unchanged(
    manifest: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(version, Option<String>),
            name!(name, String),
            name!(state, String),
            name!(note, Option<String>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_journal_unchanged()")?;
    let may_send = access::may(Level::Migrate)?;
    loaded(journal::unchanged(manifest.unwrap_or_default(), may_send)?)
}

#[pg_extern]
fn nself_journal_needs(
    files: default!(Option<JsonB>, "NULL"),
    snapshots: default!(bool, "true"),
) -> Result<TableIterator<'static, (name!(path, String),)>, ErrorReport> {
    ask(Level::Look, "nself_journal_needs()")?;
    let files = files.unwrap_or(JsonB(serde_json::Value::Null));
    Ok(TableIterator::new(journal::needed(files, snapshots)?.into_iter().map(|path| (path,))))
}

fn loaded(rows: Vec<journal::Loaded>) -> Rows<(Option<String>, String, String, Option<String>)> {
    Ok(TableIterator::new(rows.into_iter().map(|row| (row.version, row.name, row.state, row.note))))
}

#[pg_extern]
fn nself_migrate_status(
    tenant: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(version, String),
            name!(name, String),
            name!(state, String),
            name!(applied_at, Option<TimestampWithTimeZone>),
            name!(applied_by, Option<String>),
            name!(duration_ms, Option<i64>),
            name!(checksum, String),
            name!(note, Option<String>),
            name!(in_transaction, bool),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_migrate_status()")?;
    let tenant = schema_of(tenant)?;
    let tenant = tenant.as_deref();
    // Other tools keep no list of each tenant.
    let others = match tenant {
        None => adopt::by_others()?,
        Some(_) => Vec::new(),
    };
    let mut rows: Vec<_> = status::status(tenant)?
        .into_iter()
        .map(|status| {
            let (note, ledger) = (status::note(&status), status.ledger.as_ref());
            let by_other = others.iter().find_map(|other| other.state_of(&status.version));
            let note = match by_other {
                Some(_) => Some("the ledger does not know: nself_adopt() shows it".to_owned()),
                None => note,
            };
            (
                status.version.clone(),
                status.name.clone(),
                by_other.unwrap_or_else(|| status.state.as_str().to_owned()),
                ledger
                    .and_then(|applied| applied.applied_at.as_deref())
                    .and_then(|at| TimestampWithTimeZone::from_str(at).ok()),
                ledger.map(|applied| applied.applied_by.clone()),
                ledger.map(|applied| applied.duration_ms),
                status.checksum().to_owned(),
                note,
                status.in_transaction(),
            )
        })
        .collect();
    for other in others {
        let state = other.state_of_applied();
        let note = Some("not in the journal".to_owned());
        rows.extend(other.unknown.into_iter().map(|called| {
            (called, String::new(), state.clone(), None, None, None, String::new(), note.clone(), true)
        }));
    }
    Ok(TableIterator::new(rows))
}

#[pg_extern]
fn nself_migrate_up(
    target: default!(Option<&str>, "NULL"),
    max_count: default!(Option<i32>, "NULL"),
    dry_run: default!(Option<bool>, "false"),
    tenant: default!(Option<&str>, "NULL"),
    out_of_order: default!(Option<bool>, "false"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(version, String),
            name!(name, String),
            name!(status, &'static str),
            name!(duration_ms, Option<i64>),
            name!(sql, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let (dry_run, out_of_order) = (dry_run.unwrap_or(false), out_of_order.unwrap_or(false));
    match dry_run {
        true => ask(Level::Look, "nself_migrate_up(dry_run => true)")?,
        false => ask(Level::Migrate, "nself_migrate_up()")?,
    }
    let tenant = schema_of(tenant)?;
    let tenant = tenant.as_deref();
    ran(up::up(&UpRequest { target, max_count, dry_run, tenant, out_of_order, by_itself: false })?)
}

#[pg_extern]
fn nself_migrate_down(
    target: default!(Option<&str>, "NULL"),
    steps: default!(Option<i32>, "NULL"),
    dry_run: default!(Option<bool>, "false"),
    confirm: default!(Option<&str>, "NULL"),
    tenant: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(version, String),
            name!(name, String),
            name!(status, &'static str),
            name!(duration_ms, Option<i64>),
            name!(sql, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let dry_run = dry_run.unwrap_or(false);
    match dry_run {
        true => ask(Level::Look, "nself_migrate_down(dry_run => true)")?,
        false => ask(Level::Migrate, "nself_migrate_down()")?,
    }
    let tenant = schema_of(tenant)?;
    let tenant = tenant.as_deref();
    ran(down::down(&DownRequest { target, steps, dry_run, confirm, tenant })?)
}

/// Who may only look sees no SQL of migrations.
fn ran(rows: Vec<up::Ran>) -> Rows<(String, String, &'static str, Option<i64>, Option<String>)> {
    let sees_sql = access::sees_sql()?;
    Ok(TableIterator::new(
        rows.into_iter().map(move |row| {
            (row.version, row.name, row.status, row.duration_ms, sees_sql.then_some(row.sql))
        }),
    ))
}

#[pg_extern]
fn nself_migrate_verify(
    replay: default!(Option<bool>, "false"),
    rollback: default!(Option<bool>, "false"),
    tenant: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(version, String),
            name!(name, String),
            name!(status, &'static str),
            name!(expected, Option<String>),
            name!(actual, Option<String>),
            name!(expected_tokens, Option<String>),
            name!(actual_tokens, Option<String>),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Look, "nself_migrate_verify()")?;
    let tenant = schema_of(tenant)?;
    let mut rows: Vec<VerifyRow> = status::status(tenant.as_deref())?
        .into_iter()
        .filter_map(|status| {
            let verdict = status.state.verdict()?;
            let applied = status.ledger?;
            let expected_tokens = tokens_sha256(applied.accepted_sql());
            // Mostly both are one text, and a large folder is read once.
            let actual_tokens =
                status.journal.as_ref().map(|entry| match entry.up_sql == applied.accepted_sql() {
                    true => expected_tokens.clone(),
                    false => tokens_sha256(&entry.up_sql),
                });
            Some((
                status.version,
                status.name,
                verdict,
                Some(applied.accepted_checksum().to_owned()),
                status.journal.map(|entry| entry.checksum),
                Some(expected_tokens),
                actual_tokens,
            ))
        })
        .collect();
    if replay == Some(true) && tenant.is_none() {
        rows.extend(replay_rows()?);
    }
    if rollback == Some(true) {
        let rolled_back = rehearsal::roll_back()?.into_iter();
        rows.extend(
            rolled_back.map(|of| (of.version, of.name, of.status, of.expected, of.actual, None, None)),
        );
    }
    Ok(TableIterator::new(rows))
}

#[pg_extern]
fn nself_migrate_reset_checksum(
    version: default!(Option<&str>, "NULL"),
    reason: default!(Option<&str>, "NULL"),
    tenant: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(version, String),
            name!(name, String),
            name!(old_checksum, String),
            name!(new_checksum, String),
        ),
    >,
    ErrorReport,
> {
    ask(Level::Admin, "nself_migrate_reset_checksum()")?;
    let tenant = schema_of(tenant)?;
    let tenant = tenant.as_deref();
    let checksums::Reset { version, name, before, now } = checksums::reset(version, reason, tenant)?;
    Ok(TableIterator::once((version, name, before, now)))
}

type VerifyRow =
    (String, String, &'static str, Option<String>, Option<String>, Option<String>, Option<String>);

/// What two witnesses of the chain say differently: the replay, and the evidence of what happened here.
fn replay_rows() -> Result<Vec<VerifyRow>, Error> {
    let (failed, differences) = expected::witnesses(Against::Applied)?;
    let failed = failed.map(|error| {
        let Error::ReplayFailed { version, .. } = &error else { unreachable!("it is made as one") };
        (version.clone(), "its replay".to_owned(), "replay failed", None, Some(error.to_string()), None, None)
    });
    let differences = differences.into_iter().map(|of| {
        let said = |text: String| if text.is_empty() { "it is there".to_owned() } else { text };
        let object = of.object.to_string();
        (of.version, object, "replay difference", of.replay.map(said), of.here.map(said), None, None)
    });
    Ok(failed.into_iter().chain(differences).collect())
}
