//! The migrations folder: finding it and reading it. Nothing here knows what a migration is: every file goes to the
//! server by name, those that can be part of a migration with their bytes, and the server says what each of them is.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use crate::error::Error;

/// Where migrations are looked for, the first one found is taken.
pub const CONVENTION: &[&str] = &["migrations", "backend/migrations", "nself/migrations", "drizzle"];

const FILE_LIMIT: u64 = 64 << 20;
/// The server takes at most 256 MiB in one JSON value.
const FOLDER_LIMIT: u64 = 192 << 20;

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

/// Reads all files of the folder, in the order of their names.
pub fn read(dir: &Path) -> Result<Vec<File>, Error> {
    if !dir.is_dir() {
        return Err(Error::NotFolder(dir.to_owned()));
    }
    let root = canonical(dir)?;
    let mut reader = Reader { root: &root, files: Vec::new(), size: 0 };
    reader.folder(dir, "", &mut vec![root.clone()])?;
    Ok(reader.files)
}

struct Reader<'a> {
    root: &'a Path,
    files: Vec<File>,
    size: u64,
}

impl Reader<'_> {
    /// `parents` are the folders above and this one, without links: a link to one of them would never end.
    fn folder(&mut self, dir: &Path, prefix: &str, parents: &mut Vec<PathBuf>) -> Result<(), Error> {
        let unreadable = |source| Error::Read { path: dir.to_owned(), source };
        let entries: Result<Vec<_>, _> = fs::read_dir(dir).map_err(unreadable)?.collect();
        let mut paths: Vec<_> = entries.map_err(unreadable)?.iter().map(fs::DirEntry::path).collect();
        paths.sort();
        for path in paths {
            let name =
                path.file_name().and_then(OsStr::to_str).ok_or_else(|| Error::FileName(path.clone()))?;
            let relative = format!("{prefix}{name}");
            let real = match canonical(&path) {
                // An editor's lock is a link to nowhere.
                Err(_) if name.starts_with('.') => continue,
                real => real?,
            };
            if !real.starts_with(self.root) {
                return Err(Error::LinkOutside(path));
            }
            if real.is_dir() {
                if name.starts_with('.') || name == "node_modules" || parents.contains(&real) {
                    continue;
                }
                parents.push(real);
                self.folder(&path, &format!("{relative}/"), parents)?;
                parents.pop();
            } else if real.is_file() {
                self.file(&path, relative)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, relative: String) -> Result<(), Error> {
        let content = if matters(path) { self.content(path)? } else { Content::Text(String::new()) };
        self.files.push(File { path: relative, content });
        Ok(())
    }

    fn content(&mut self, path: &Path) -> Result<Content, Error> {
        let unreadable = |source| Error::Read { path: path.to_owned(), source };
        let size = fs::metadata(path).map_err(unreadable)?.len();
        if size > FILE_LIMIT {
            return Err(Error::FileTooLarge { path: path.to_owned(), size, limit: FILE_LIMIT });
        }
        self.size += size;
        if self.size > FOLDER_LIMIT {
            return Err(Error::FolderTooLarge { path: self.root.to_owned(), limit: FOLDER_LIMIT });
        }
        Ok(match String::from_utf8(fs::read(path).map_err(unreadable)?) {
            Ok(text) if !text.contains('\0') => Content::Text(text),
            Ok(text) => Content::Bytes(BASE64_STANDARD.encode(text)),
            Err(error) => Content::Bytes(BASE64_STANDARD.encode(error.as_bytes())),
        })
    }
}

/// Whether a file can be part of a migration: of all others the server needs only the name.
fn matters(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    extension.eq_ignore_ascii_case("sql") || extension.eq_ignore_ascii_case("json")
}

fn canonical(path: &Path) -> Result<PathBuf, Error> {
    fs::canonicalize(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

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

    fn paths(dir: &Path) -> Vec<String> {
        read(dir).unwrap().into_iter().map(|file| file.path).collect()
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
    fn files_are_sent_in_order_and_hidden_folders_are_not() {
        let dir = folder(&[
            ("meta/_journal.json", b"{}"),
            ("0001_b.sql", b"select 1"),
            ("0000_a.sql", b""),
            (".git/config", b""),
            ("node_modules/x/y.sql", b""),
        ]);
        assert_eq!(paths(dir.path()), ["0000_a.sql", "0001_b.sql", "meta/_journal.json"]);
    }

    #[test]
    fn only_text_is_sent_as_text_and_other_files_by_name_alone() {
        let dir =
            folder(&[("a.SQL", "ä".as_bytes()), ("b.sql", b"\xff"), ("c.sql", b"a\0b"), ("d.md", b"long")]);
        let json = serde_json::to_value(read(dir.path()).unwrap()).unwrap();
        let expected = serde_json::json!([
            {"path": "a.SQL", "content": "ä"},
            {"path": "b.sql", "content_base64": "/w=="},
            {"path": "c.sql", "content_base64": "YQBi"},
            {"path": "d.md", "content": ""},
        ]);
        assert_eq!(json, expected);
    }

    #[test]
    fn links_are_followed_inside_the_folder_only() {
        let dir = folder(&[("in/a.sql", b"select 1"), ("b.sql", b"")]);
        symlink("in/a.sql", dir.path().join("link.sql")).unwrap();
        symlink("..", dir.path().join("in/loop")).unwrap();
        symlink("me@host.123", dir.path().join(".#b.sql")).unwrap();
        assert_eq!(paths(dir.path()), ["b.sql", "in/a.sql", "link.sql"]);
        symlink("/dev/null", dir.path().join("out.sql")).unwrap();
        assert!(matches!(read(dir.path()), Err(Error::LinkOutside(_))));
    }

    #[test]
    fn a_link_to_the_folder_itself_is_fine() {
        let dir = folder(&[("real/a.sql", b"")]);
        symlink("real", dir.path().join("migrations")).unwrap();
        assert_eq!(paths(&dir.path().join("migrations")), ["a.sql"]);
    }

    #[test]
    fn a_file_that_is_too_large_is_named() {
        let dir = folder(&[]);
        fs::File::create(dir.path().join("dump.sql")).unwrap().set_len(FILE_LIMIT + 1).unwrap();
        assert!(read(dir.path()).unwrap_err().to_string().contains("dump.sql has 67108865 bytes"));
    }

    #[test]
    fn what_is_not_a_folder_is_a_usage_error() {
        assert!(read(Path::new("does/not/exist")).unwrap_err().is_usage());
    }
}
