//! The migrations folder: finding it, and what of it is sent. Nothing here knows what a migration is: every file goes to
//! the server by name, those that can be part of a migration with their bytes, and the server says what each of them is.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use crate::error::Error;

/// Where migrations are looked for, the first one found is taken.
pub const CONVENTION: &[&str] = &["migrations", "backend/migrations", "nself/migrations", "drizzle"];

/// One file as the server takes it.
#[derive(Debug, PartialEq, Serialize)]
pub struct File {
    /// Relative to the folder, with `/` on every system.
    pub path: String,
    #[serde(flatten)]
    pub content: Content,
}

/// A file's bytes, in the form that JSON and the server can hold.
#[derive(Debug, PartialEq, Serialize)]
pub enum Content {
    /// UTF-8 without a NUL.
    #[serde(rename = "content")]
    Text(String),
    /// Anything else: what is wrong with it is for the server to say.
    #[serde(rename = "content_base64")]
    Bytes(String),
}

/// A folder that was read.
#[derive(Debug, PartialEq)]
pub struct Files {
    pub files: Vec<File>,
    /// One hash of all of them: by it the server knows whether it has them already.
    pub manifest: String,
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
    let files: Vec<nself_folder::File> = nself_folder::read(dir, || ())?.into_files().collect();
    let manifest =
        nself_folder::manifest(files.iter().map(|file| (file.path.as_str(), file.bytes.as_slice())));
    let files = files.into_iter().map(|file| File { path: file.path, content: content(file.bytes) });
    Ok(Files { files: files.collect(), manifest })
}

fn content(bytes: Vec<u8>) -> Content {
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Content::Text(text),
        Ok(text) => Content::Bytes(BASE64_STANDARD.encode(text)),
        Err(error) => Content::Bytes(BASE64_STANDARD.encode(error.as_bytes())),
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
        let json = serde_json::to_value(read(dir.path()).unwrap().files).unwrap();
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
        let json = serde_json::to_value(read(dir.path()).unwrap().files).unwrap();
        let expected = serde_json::json!([
            {"path": "0000_a.sql", "content": ""},
            {"path": ".env", "content": ""},
            {"path": ".git", "content": ""},
        ]);
        assert_eq!(json, expected);
    }

    #[test]
    fn what_is_not_a_folder_is_a_usage_error() {
        assert!(read(Path::new("does/not/exist")).unwrap_err().is_usage());
    }
}
