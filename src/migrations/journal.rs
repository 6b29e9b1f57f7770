//! The journal: what the migrations folder says, kept in the database. A folder comes in through one door, whether the
//! server reads it or a client sends it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use nself_folder::Sha256Sum;
use nself_heal_core::formats::{self, Content, File, Migration};
use nself_heal_core::{quote, secrets};
use pgrx::datum::JsonB;
use pgrx::{Json, PgLogLevel, PgSqlErrorCode, pg_sys};
use serde::{Deserialize, Serialize};

use crate::error::{Error, say};
use crate::migrations::ledger::columns_of;
use crate::migrations::script::{ends_its_transaction, is_one_for_top_level};
use crate::server::session::{as_extension_owner, roles};
use crate::server::spi;

/// What loading a folder did to one migration, or that a file was ignored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Loaded {
    pub version: Option<String>,
    pub name: String,
    pub state: String,
    pub note: Option<String>,
}

/// The journal's migrations in their order, each as its row is, but for the snapshot.
pub fn entries() -> Result<Vec<Migration>, Error> {
    as_extension_owner(|| {
        spi::read_json(
            "journal",
            "SELECT coalesce(json_agg(json_populate_record(j, '{\"snapshot\": null}') ORDER BY seq), '[]')::text \
               FROM nself.journal j",
            &[],
        )
    })
}

/// Puts the files of a folder into the journal. An error changes nothing.
pub fn put(files: &[File]) -> Result<Vec<Loaded>, Error> {
    spi::refuse_read_only(c"nself_journal_load() or nself_journal_put()")?;
    let mut folder = formats::read(files)?;
    folder.migrations.iter_mut().for_each(mark_unmarked);
    if formats::have_one_number(&folder.migrations) {
        let applied =
            "SELECT coalesce(json_agg(json_build_array(version, name)), '[]')::text FROM nself.applied";
        let applied: Vec<(String, String)> = as_extension_owner(|| spi::read_json("applied", applied, &[]))?;
        formats::keep_applied(&mut folder.migrations, &applied);
    }
    let (role, _) = roles();
    let mut rows = Vec::with_capacity(folder.migrations.len());
    for (seq, migration) in folder.migrations.iter_mut().enumerate() {
        migration.loaded_by.clone_from(&role);
        let mut row = columns_of(&*migration)?;
        row.insert("seq".to_owned(), seq.into());
        row.insert("layout".to_owned(), folder.layout.as_str().into());
        rows.push(row);
    }
    let statement = journal_put(rows.first().into_iter().flat_map(serde_json::Map::keys));
    let rows = Json(rows.into_iter().map(serde_json::Value::Object).collect());
    let mut loaded: Vec<Loaded> = as_extension_owner(|| {
        let answer: Option<String> = spi::write_returning(&statement, &[rows.into()])?;
        serde_json::from_str(answer.as_deref().unwrap_or("[]"))
            .map_err(|error| Error::BadAnswer { query: "journal_put", reason: error.to_string() })
    })?;
    let ignored = folder.ignored.into_iter().map(|ignored| Loaded {
        version: None,
        name: ignored.path,
        state: "ignored".to_owned(),
        note: Some(ignored.reason),
    });
    let ignored: Vec<Loaded> = ignored.collect();
    let mut once_more: Vec<Loaded> = loaded
        .iter()
        .filter(|row| row.state != "removed")
        .map(|row| Loaded { state: "unchanged".to_owned(), note: None, ..row.clone() })
        .collect();
    let secrets = secrets(&folder.migrations);
    add_secrets(&secrets, &mut once_more);
    add_secrets(&secrets, &mut loaded);
    loaded.extend(ignored.iter().cloned());
    once_more.extend(ignored);
    keep_folder(files, &once_more)?;
    Ok(loaded)
}

/// With the version of this program, since another one may read a folder otherwise.
fn versioned(manifest: &str) -> String {
    format!("{} {manifest}", env!("CARGO_PKG_VERSION"))
}

/// Remembers from which folder the journal has come, and what loading it once more would say; not while it lacks a snapshot,
/// which is to be sent then.
fn keep_folder(files: &[File], once_more: &[Loaded]) -> Result<(), Error> {
    let manifest = nself_folder::manifest(files.iter().map(|file| (file.path.as_str(), sum(&file.content))));
    let once_more = JsonB(serde_json::json!(once_more));
    as_extension_owner(|| {
        spi::write(
            "INSERT INTO nself.journal_folder (manifest, loaded) SELECT $1, $2 \
              WHERE NOT EXISTS (SELECT FROM nself.journal WHERE snapshot_sha256 IS NOT NULL AND snapshot IS NULL) \
             ON CONFLICT (one) DO UPDATE SET (manifest, loaded) = ROW (excluded.manifest, excluded.loaded)",
            &[versioned(&manifest).into(), once_more.into()],
        )
    })
}

fn sum(content: &Content) -> Sha256Sum {
    match content {
        Content::Bytes(bytes) => nself_folder::sha256(bytes),
        Content::Sha256(hex) => nself_folder::from_hex(hex).expect("it was looked at when it came"),
    }
}

/// What loading the folder with this manifest would say, if the journal has come from it. Whoever may load it is asked to do so
/// where somebody else has.
pub fn unchanged(manifest: &str, may_load: bool) -> Result<Vec<Loaded>, Error> {
    let (role, _) = roles();
    as_extension_owner(|| {
        spi::read_json(
            "journal_folder",
            "SELECT coalesce((SELECT f.loaded FROM nself.journal_folder f \
                               WHERE f.manifest = $1 \
                                 AND NOT ($2 AND EXISTS (SELECT FROM nself.journal j WHERE j.loaded_by <> $3))), '[]')::text",
            &[versioned(manifest).into(), may_load.into(), role.into()],
        )
    })
}

/// Of these files, each with its hash alone, those whose content `put` needs. Snapshots only where the journal lacks them and is
/// to keep them.
pub fn needed(list: JsonB, snapshots: bool) -> Result<Vec<String>, Error> {
    let files = sent_files(list)?;
    let (of_snapshots, others): (Vec<File>, Vec<File>) =
        files.into_iter().partition(|file| formats::is_snapshot(&file.path));
    let mut needed: Vec<String> = others.into_iter().map(|file| file.path).collect();
    if snapshots {
        let hashes: Vec<String> = of_snapshots.iter().map(File::sha256).collect();
        let lacking: BTreeSet<String> = as_extension_owner(|| {
            spi::read_json(
                "snapshots",
                "SELECT coalesce(json_agg(s.sha256), '[]')::text FROM unnest($1) s(sha256) \
                  WHERE NOT EXISTS (SELECT FROM nself.journal j \
                                     WHERE j.snapshot_sha256 = s.sha256 AND j.snapshot IS NOT NULL)",
                &[hashes.into()],
            )
        })?;
        let lacking = of_snapshots.into_iter().filter(|file| lacking.contains(&file.sha256()));
        needed.extend(lacking.map(|file| file.path));
    }
    Ok(needed)
}

/// The statement that makes the journal equal to a list of rows with these columns.
fn journal_put<'a>(columns: impl Iterator<Item = &'a String>) -> String {
    let columns: Vec<String> = columns.map(|column| quote::ident(column)).collect();
    // Of a snapshot the hash is compared.
    let compared: Vec<&String> = columns.iter().filter(|column| *column != "\"snapshot\"").collect();
    let each =
        |of: fn(&String) -> String| compared.iter().map(|column| of(column)).collect::<Vec<_>>().join(", ");
    sql!("journal_put")
        .replace(":columns", &each(String::clone))
        .replace(":old", &each(|column| format!("j.{column}")))
        .replace(":new", &each(|column| format!("excluded.{column}")))
}

/// How many places of a migration the note on it names.
const PLACES_SHOWN: usize = 3;

/// What may be a password in a migration: what the first one is, and a note on all of them.
struct Secrets {
    first: String,
    note: String,
}

/// The journal and the ledger keep SQL as it is: a password in it can be read by whoever may read those.
fn secrets(migrations: &[Migration]) -> BTreeMap<&str, Secrets> {
    let mut found = BTreeMap::new();
    for migration in migrations {
        let parts = [
            (Some(&migration.up_sql), migration.up_line, &migration.path),
            (
                migration.down_sql.as_ref(),
                migration.down_line,
                migration.down_path.as_ref().unwrap_or(&migration.path),
            ),
        ];
        let places: Vec<String> = parts
            .into_iter()
            .filter_map(|(sql, first_line, path)| Some((secrets::find(sql?), first_line, path)))
            .flat_map(|(found, first_line, path)| {
                found.into_iter().map(move |found| {
                    format!("{}, line {} of {path}", found.what.describe(), first_line + found.line - 1)
                })
            })
            .collect();
        let Some(first) = places.first().cloned() else { continue };
        let shown = places.len().min(PLACES_SHOWN);
        let more = match places.len() - shown {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let note = format!("may hold {}{more}", places[..shown].join("; "));
        found.insert(migration.version.as_str(), Secrets { first, note });
    }
    found
}

/// Says of each migration what may be a password in it, and warns of those that are new.
fn add_secrets(secrets: &BTreeMap<&str, Secrets>, loaded: &mut [Loaded]) {
    for row in loaded.iter_mut().filter(|row| row.state != "removed") {
        let Some(version) = &row.version else { continue };
        let Some(Secrets { first, note }) = secrets.get(version.as_str()) else { continue };
        if row.state != "unchanged" {
            let message = format!("migration {version} holds what may be {first}");
            let hint = "Journal and ledger keep the SQL as it is, for all who have level migrate. Set passwords outside of migrations.";
            say(PgLogLevel::WARNING, PgSqlErrorCode::ERRCODE_WARNING, message, hint);
        }
        row.note = Some(row.note.take().map_or(note.clone(), |before| format!("{before}; {note}")));
    }
}

/// golang-migrate and Prisma have no mark, and send a file to the server as it is: a statement alone in its file has no
/// transaction around it. So a file with a name of theirs, whose one statement refuses a transaction, is as good as marked.
/// So is one that commits in the middle, whatever tool it is for.
fn mark_unmarked(migration: &mut Migration) {
    let is_lone = |path: &str, end: &str, sql: &str| path.ends_with(end) && is_one_for_top_level(sql);
    let is_lone_up = is_lone(&migration.path, ".up.sql", &migration.up_sql)
        || is_lone(&migration.path, "/migration.sql", &migration.up_sql);
    if is_lone_up || ends_its_transaction(&migration.up()) {
        migration.in_transaction = false;
    }
    if let (Some(path), Some(sql)) = (&migration.down_path, &migration.down_sql)
        && is_lone(path, ".down.sql", sql)
    {
        migration.down_in_transaction = false;
    }
}

#[derive(Deserialize)]
struct SentFile {
    path: String,
    content: Option<String>,
    content_base64: Option<String>,
    sha256: Option<String>,
}

/// The files that a client sent.
pub fn sent_files(list: JsonB) -> Result<Vec<File>, Error> {
    let bad = |index, reason: String| Error::BadFileList { index, reason };
    let serde_json::Value::Array(list) = list.0 else { return Err(Error::NoFileList) };
    list.into_iter()
        .enumerate()
        .map(|(index, file)| {
            let file: SentFile =
                serde_json::from_value(file).map_err(|error| bad(index + 1, error.to_string()))?;
            let content = match (file.content, file.content_base64, file.sha256) {
                (Some(text), None, None) => Content::Bytes(text.into_bytes()),
                (None, Some(text), None) => {
                    use base64::Engine;
                    let bytes = base64::engine::general_purpose::STANDARD.decode(text.as_bytes());
                    Content::Bytes(bytes.map_err(|error| bad(index + 1, error.to_string()))?)
                }
                (None, None, Some(hex)) if nself_folder::from_hex(&hex).is_some() => Content::Sha256(hex),
                (None, None, Some(_)) => {
                    let reason = "its sha256 is not of 64 lower-case hexadecimal digits";
                    return Err(bad(index + 1, reason.to_owned()));
                }
                (None, None, None) => return Err(bad(index + 1, "it has no content".to_owned())),
                _ => return Err(bad(index + 1, "it has two contents".to_owned())),
            };
            Ok(File { path: file.path, content })
        })
        .collect()
}

/// Reads the files of a folder on the server, as its operating system user, for a role that may.
pub fn read_folder(dir: &Path) -> Result<Vec<File>, Error> {
    let shown = dir.display().to_string();
    // SAFETY: a check of role memberships within a transaction.
    let allowed = unsafe {
        pg_sys::has_privs_of_role(pg_sys::GetUserId(), pg_sys::Oid::from(pg_sys::ROLE_PG_READ_SERVER_FILES))
    };
    if !allowed {
        return Err(Error::MayNotReadFiles { path: shown });
    }
    if !dir.is_absolute() {
        return Err(Error::RelativeFolder { path: shown });
    }
    let stop_if_asked = || {
        pgrx::check_for_interrupts!();
    };
    let folder = nself_folder::read(dir, stop_if_asked).map_err(|error| refused(dir, error))?;
    Ok(folder
        .into_files()
        .map(|file| File { path: file.path, content: Content::Bytes(file.bytes) })
        .collect())
}

/// Why a folder was not read.
fn refused(dir: &Path, error: nself_folder::Error) -> Error {
    let shown = |path: &Path| path.display().to_string();
    match error {
        nself_folder::Error::Read { path, source } => {
            Error::Unreadable { path: shown(&path), reason: source.to_string() }
        }
        nself_folder::Error::NotFolder(path) => {
            Error::Unreadable { path: shown(&path), reason: "it is not a folder".to_owned() }
        }
        nself_folder::Error::LinkOutside(path) => {
            Error::LinkLeavesFolder { path: shown(path.strip_prefix(dir).unwrap_or(&path)) }
        }
        error => Error::BadFolder(error),
    }
}
