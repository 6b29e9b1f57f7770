//! What another tool would write into its list of a migration that this program has applied.

use std::hash::{Hash, Hasher};

use serde::Serialize;
use sha2::{Digest as _, Sha384};
use siphasher::sip::SipHasher13;

use super::Tracker;
use crate::checksum::{hex, sha256_hex};
use crate::formats::{Migration, is_repeatable, repeatable_name};

/// A migration in the words of all tools; each takes what it needs.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct MirrorRow<'a> {
    pub version: &'a str,
    /// The version, if it has its place in the order.
    pub number: Option<&'a str>,
    /// The version without what stands between its digits, which is how Diesel writes it.
    pub digits: String,
    pub name: &'a str,
    /// The name with spaces, which is how sqlx and Flyway write it.
    pub description: String,
    /// The last segment of the path, and that without `.sql`.
    pub file: &'a str,
    pub stem: &'a str,
    /// The segment before it.
    pub folder: &'a str,
    pub sha256: &'a str,
    pub sha384: String,
    /// Of the file's lines without their ends, which is what Flyway computes.
    pub crc32: i32,
    /// Of name, version and text, which is what refinery computes, with versions of either width.
    pub sip32: Option<String>,
    pub sip64: Option<String>,
    pub generated_at: Option<i64>,
    /// What the file says of itself, where graphile-migrate has committed it.
    pub own_hash: Option<&'a str>,
    pub previous_hash: Option<&'a str>,
    /// The version of the migration that comes before it in the journal.
    pub before: Option<&'a str>,
}

/// The row of a migration, or why the tool could not have one of it. `before` is the version of the migration that comes
/// before it in the journal.
pub fn mirror_row<'a>(
    tracker: &Tracker,
    entry: &'a Migration,
    before: Option<&'a str>,
) -> Result<MirrorRow<'a>, &'static str> {
    if tracker.mirror.is_none() {
        return Err("it is not known how the tool writes it");
    }
    let text = &entry.up_sql;
    let is_whole = sha256_hex(text.as_bytes()) == entry.checksum;
    let (folders, file) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
    let folder = folders.rsplit_once('/').map_or(folders, |(_, last)| last);
    let own_hash = header(text, "Hash");
    let number = entry.version.parse::<i64>();
    let needed = match tracker.tool {
        "drizzle" if !tracker.without.is_empty() && entry.generated_at.is_none() => {
            Some("the folder has no meta/_journal.json that says when it was made")
        }
        "drizzle" if tracker.without.is_empty() && !is_stamp(folder) => {
            Some("its folder's name does not begin with a time")
        }
        "prisma" if folder.is_empty() => Some("it is not in a folder of its own"),
        "sqlx" | "flyway" | "refinery" if !is_whole => {
            Some("the tool keeps a hash of the whole file, and the journal has a part of it")
        }
        "graphile-migrate" if own_hash.is_none() => {
            Some("the file does not say what its hash is: it is not committed")
        }
        "hasura" | "golang-migrate" | "goose" | "sqlx" | "refinery" if number.is_err() => {
            Some("its version is no number, as the tool's must be")
        }
        _ => None,
    };
    if let Some(needed) = needed {
        return Err(needed);
    }
    let sip = |version: &dyn Fn(&mut SipHasher13)| {
        let mut hasher = SipHasher13::new();
        entry.name.hash(&mut hasher);
        version(&mut hasher);
        text.hash(&mut hasher);
        hasher.finish().to_string()
    };
    let number = number.ok();
    Ok(MirrorRow {
        version: &entry.version,
        number: (!is_repeatable(&entry.version)).then_some(entry.version.as_str()),
        digits: entry.version.chars().filter(char::is_ascii_digit).collect(),
        name: &entry.name,
        description: repeatable_name(&entry.version).unwrap_or(&entry.name).replace('_', " "),
        file,
        stem: file.strip_suffix(".sql").unwrap_or(file),
        folder,
        sha256: &entry.checksum,
        sha384: hex(&Sha384::digest(text)),
        crc32: crc32_of_lines(text),
        sip32: number
            .and_then(|number| i32::try_from(number).ok())
            .map(|number| sip(&|hasher| number.hash(hasher))),
        sip64: number.map(|number| sip(&|hasher| number.hash(hasher))),
        generated_at: entry.generated_at,
        own_hash,
        previous_hash: header(text, "Previous").filter(|hash| *hash != "-"),
        before,
    })
}

fn is_stamp(folder: &str) -> bool {
    folder.len() >= 14 && folder.bytes().take(14).all(|byte| byte.is_ascii_digit())
}

/// A line `--! NAME: value` at the head of a file.
fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let lines = text.lines().take_while(|line| line.starts_with("--!"));
    lines
        .filter_map(|line| line.strip_prefix("--! ")?.strip_prefix(name)?.strip_prefix(": "))
        .map(str::trim)
        .next()
}

fn crc32_of_lines(text: &str) -> i32 {
    let mut hasher = crc32fast::Hasher::new();
    text.split('\n').for_each(|line| hasher.update(line.trim_end_matches('\r').as_bytes()));
    hasher.finalize().cast_signed()
}
