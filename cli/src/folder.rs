//! The migrations folder: finding it, and what of it is sent. Nothing here knows what a migration is: every file goes to
//! the server by name, those that can be part of a migration with their bytes, and the server says what each of them is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use nself_folder::{File, Sha256Sum};
use serde::Serialize;

use crate::error::Error;

/// Where migrations are looked for, the first one found is taken.
pub const CONVENTION: &[&str] = &["migrations", "backend/migrations", "nself/migrations", "drizzle"];

/// One file as the server takes it.
#[derive(Debug, PartialEq, Serialize)]
pub struct Sent<'a> {
    /// Relative to the folder, with `/` on every system.
    path: &'a str,
    #[serde(flatten)]
    content: Content<'a>,
}

/// What is sent of a file, in a form that JSON and the server can hold.
#[derive(Debug, PartialEq, Serialize)]
enum Content<'a> {
    /// UTF-8 without a NUL.
    #[serde(rename = "content")]
    Text(&'a str),
    /// Other bytes: what is wrong with them is for the server to say.
    #[serde(rename = "content_base64")]
    Bytes(String),
    /// Where its hash is enough.
    #[serde(rename = "sha256")]
    Hash(String),
}

/// A folder that was read.
#[derive(Debug, PartialEq)]
pub struct Files {
    pub dir: PathBuf,
    files: Vec<(File, Sha256Sum)>,
}

impl Files {
    /// One hash of all of them: by it the server knows whether it has them already.
    pub fn manifest(&self) -> String {
        nself_folder::manifest(self.files.iter().map(|(file, sum)| (file.path.as_str(), *sum)))
    }

    /// Each file with its hash alone.
    pub fn hashes(&self) -> Vec<Sent<'_>> {
        self.sent(&BTreeSet::new())
    }

    /// The files without the SQL, which is sent as hashes: journal and snapshots tell what goes together.
    pub fn without_sql(&self) -> Vec<Sent<'_>> {
        let json = self.files.iter().map(|(file, _)| &file.path).filter(|path| path.ends_with(".json"));
        self.sent(&json.cloned().collect())
    }

    /// The files as they are sent, those of these paths with their content.
    pub fn sent<'a>(&'a self, with_content: &BTreeSet<String>) -> Vec<Sent<'a>> {
        let content = |path, bytes, sum| match with_content.contains(path) {
            true => content_of(bytes),
            false => Content::Hash(nself_folder::hex(sum)),
        };
        let sent = |(File { path, bytes }, sum): &'a (File, Sha256Sum)| Sent {
            path,
            content: content(path, bytes, sum),
        };
        self.files.iter().map(sent).collect()
    }
}

/// What looking by convention gave.
#[derive(Debug, PartialEq)]
pub struct Found {
    /// The folder to take.
    pub dir: PathBuf,
    /// Others that are there as well.
    pub passed_over: Vec<PathBuf>,
}

/// Looks for a migrations folder in `parent`; none is no error yet.
pub fn find(parent: &Path) -> Option<Found> {
    let mut there = CONVENTION.iter().map(|name| parent.join(name)).filter(|dir| dir.is_dir());
    Some(Found { dir: there.next()?, passed_over: there.collect() })
}

/// Reads all files of the folder. What was passed over is sent by its name alone, so that the server can say of it, too,
/// that it is ignored.
pub fn read(dir: &Path) -> Result<Files, Error> {
    if !dir.is_dir() {
        return Err(nself_folder::Error::NotFolder(dir.to_owned()).into());
    }
    let files = nself_folder::read(dir, || ())?.into_files().map(|file| {
        let sum = nself_folder::sha256(&file.bytes);
        (file, sum)
    });
    Ok(Files { dir: dir.to_owned(), files: files.collect() })
}

fn content_of(bytes: &[u8]) -> Content<'_> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Content::Text(text),
        _ => Content::Bytes(BASE64_STANDARD.encode(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        dir
    }

    fn all_of(dir: &Path) -> serde_json::Value {
        let files = read(dir).unwrap();
        let all = files.files.iter().map(|(file, _)| file.path.clone()).collect();
        serde_json::to_value(files.sent(&all)).unwrap()
    }

    #[test]
    fn the_first_folder_of_the_convention_is_found_and_the_others_are_named() {
        let dir = folder(&[
            ("drizzle/0000_a.sql", b""),
            ("nself/migrations/1_a.sql", b""),
            ("migrations", b"a file"),
        ]);
        let found = find(dir.path()).unwrap();
        assert_eq!(found.dir, dir.path().join("nself/migrations"));
        assert_eq!(found.passed_over, [dir.path().join("drizzle")]);
        assert_eq!(find(&dir.path().join("drizzle")), None);
    }

    #[test]
    fn only_text_is_sent_as_text_and_other_files_by_name_alone() {
        let dir =
            folder(&[("a.SQL", "ä".as_bytes()), ("b.sql", b"\xff"), ("c.sql", b"a\0b"), ("d.md", b"long")]);
        let json = all_of(dir.path());
        let expected = serde_json::json!([
            {"path": "a.SQL", "content": "ä"},
            {"path": "b.sql", "content_base64": "/w=="},
            {"path": "c.sql", "content_base64": "YQBi"},
            {"path": "d.md", "content": ""},
        ]);
        assert_eq!(json, expected);
    }

    #[test]
    fn what_is_passed_over_is_sent_by_its_name_alone() {
        let dir = folder(&[("0000_a.sql", b""), (".git/config", b"x"), (".env", b"secret")]);
        let json = all_of(dir.path());
        let expected = serde_json::json!([
            {"path": "0000_a.sql", "content": ""},
            {"path": ".env", "content": ""},
            {"path": ".git", "content": ""},
        ]);
        assert_eq!(json, expected);
    }

    #[test]
    fn of_what_the_server_does_not_need_only_the_hash_is_sent() {
        let dir = folder(&[("0000_a.sql", b"abc"), ("meta/0000_snapshot.json", b"abc")]);
        let files = read(dir.path()).unwrap();
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let by_hash = |path| serde_json::json!({"path": path, "sha256": hash});
        let sent = |needed: &[&str]| {
            let needed = needed.iter().map(|path| (*path).to_owned()).collect();
            serde_json::to_value(files.sent(&needed)).unwrap()
        };
        let (sql, snapshot) = ("0000_a.sql", "meta/0000_snapshot.json");
        assert_eq!(sent(&[sql]), serde_json::json!([{"path": sql, "content": "abc"}, by_hash(snapshot)]));
        assert_eq!(
            serde_json::to_value(files.hashes()).unwrap(),
            serde_json::json!([by_hash(sql), by_hash(snapshot)])
        );
    }

    #[test]
    fn what_is_not_a_folder_is_a_usage_error() {
        assert!(read(Path::new("does/not/exist")).unwrap_err().is_usage());
    }
}
