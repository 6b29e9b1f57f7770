//! Goes through a folder.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::error::Error;
use crate::{File, Folder, MAX_DEPTH};

/// How large a folder may be.
#[derive(Clone, Copy)]
pub struct Limits {
    /// In bytes.
    pub file: u64,
    /// In bytes, of all files that are read.
    pub folder: u64,
    /// Of files and folders.
    pub names: usize,
}

pub fn read(dir: &Path, limits: Limits, on_entry: impl FnMut()) -> Result<Folder, Error> {
    let root = fs::canonicalize(dir).map_err(|source| Error::Read { path: dir.to_owned(), source })?;
    if !root.is_dir() {
        return Err(Error::NotFolder(dir.to_owned()));
    }
    let mut walk = Walk {
        dir,
        root: &root,
        limits,
        size: 0,
        names: 0,
        on_entry,
        files: Vec::new(),
        passed_over: BTreeSet::new(),
    };
    walk.folder(&root, dir, 0, &[])?;
    Ok(Folder { files: walk.files, passed_over: walk.passed_over.into_iter().collect() })
}

struct Walk<'a, F> {
    /// The folder as it was named.
    dir: &'a Path,
    /// The same without links.
    root: &'a Path,
    limits: Limits,
    /// The bytes that were read.
    size: u64,
    /// The files and folders that were met.
    names: usize,
    on_entry: F,
    files: Vec<File>,
    /// A set: names that are not UTF-8 may look the same.
    passed_over: BTreeSet<String>,
}

impl<F: FnMut()> Walk<'_, F> {
    /// Reads the folder at `real`, a path without links. It is called `shown`, and lies `depth` folders deep. `above` are
    /// the real folders that hold the links which led to it.
    ///
    /// walkdir could follow links, but it opens what they lead to before it shows them. Here each is looked at first, and
    /// one that leads out of the folder is never opened.
    fn folder(&mut self, real: &Path, shown: &Path, depth: usize, above: &[PathBuf]) -> Result<(), Error> {
        // One deeper than folders are read, because those that are not read have to be named.
        let deepest = MAX_DEPTH + 1 - depth;
        let mut entries = WalkDir::new(real).min_depth(1).max_depth(deepest).sort_by_file_name().into_iter();
        while let Some(entry) = entries.next() {
            (self.on_entry)();
            self.names += 1;
            if self.names > self.limits.names {
                return Err(Error::TooManyNames { path: self.dir.to_owned(), limit: self.limits.names });
            }
            let shown_as = |path: &Path| shown.join(path.strip_prefix(real).unwrap_or(path));
            let entry = entry.map_err(|error| unreadable(shown_as(error.path().unwrap_or(real)), error))?;
            let shown = shown_as(entry.path());
            if is_passed_over(entry.file_name()) {
                self.pass_over(&shown);
                if entry.file_type().is_dir() {
                    entries.skip_current_dir();
                }
            } else {
                self.entry(&entry, &shown, depth + entry.depth(), above)?;
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        entry: &DirEntry,
        shown: &Path,
        depth: usize,
        above: &[PathBuf],
    ) -> Result<(), Error> {
        let name = self.name(shown)?;
        let target = if entry.path_is_symlink() { Some(self.target(entry.path(), shown)?) } else { None };
        let is_folder = target.as_ref().map_or(entry.file_type().is_dir(), |target| target.is_dir());
        match target {
            _ if is_folder && depth > MAX_DEPTH => {
                self.passed_over.insert(format!("{name}/*"));
            }
            Some(target) if is_folder => {
                let mut above = above.to_vec();
                above.extend(entry.path().parent().map(Path::to_owned));
                if !above.iter().any(|folder| folder.starts_with(&target)) {
                    self.folder(&target, shown, depth, &above)?;
                }
            }
            // walkdir goes into it by itself.
            None if is_folder => {}
            target => {
                let real = target.as_deref().unwrap_or(entry.path());
                let bytes = if is_read(shown) { self.content(real, shown)? } else { Vec::new() };
                self.files.push(File { path: name, bytes });
            }
        }
        Ok(())
    }

    fn pass_over(&mut self, path: &Path) {
        let path = path.strip_prefix(self.dir).unwrap_or(path);
        let names: Vec<_> = path.iter().map(OsStr::to_string_lossy).collect();
        self.passed_over.insert(names.join("/"));
    }

    /// The path from the folder on.
    fn name(&self, path: &Path) -> Result<String, Error> {
        let names: Option<Vec<&str>> =
            path.strip_prefix(self.dir).unwrap_or(path).iter().map(OsStr::to_str).collect();
        names.map(|names| names.join("/")).ok_or_else(|| Error::FileName(path.to_owned()))
    }

    /// Where a link leads.
    fn target(&self, link: &Path, shown: &Path) -> Result<PathBuf, Error> {
        let target =
            fs::canonicalize(link).map_err(|source| Error::Read { path: shown.to_owned(), source })?;
        if target.starts_with(self.root) { Ok(target) } else { Err(Error::LinkOutside(shown.to_owned())) }
    }

    /// Of a link's target, and not of the link: since it was looked at, it may lead elsewhere.
    fn content(&mut self, real: &Path, shown: &Path) -> Result<Vec<u8>, Error> {
        let failed = |source| Error::Read { path: shown.to_owned(), source };
        let about = fs::metadata(real).map_err(failed)?;
        if !about.is_file() {
            // Reading a pipe would wait for somebody to write into it.
            return Err(failed(io::Error::other("it is not a regular file")));
        }
        let Limits { file, folder, .. } = self.limits;
        if about.len() > file {
            return Err(Error::FileTooLarge { path: shown.to_owned(), size: about.len(), limit: file });
        }
        self.size += about.len();
        if self.size > folder {
            return Err(Error::FolderTooLarge { path: self.dir.to_owned(), limit: folder });
        }
        fs::read(real).map_err(failed)
    }
}

/// What is hidden may be anything: a repository, an editor's lock, secrets. Packages of Node hold other projects' SQL.
fn is_passed_over(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") || name == "node_modules"
}

/// Whether a file can be part of a migration. No `.SQL` in capitals is one, but whoever wrote it may think so: it is read
/// as strictly as the others.
fn is_read(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    ending.eq_ignore_ascii_case("sql") || ending.eq_ignore_ascii_case("json")
}

fn unreadable(path: PathBuf, error: walkdir::Error) -> Error {
    // Only a walk that follows links has errors of another kind.
    let source = error.into_io_error().unwrap_or_else(|| io::Error::other("it is a link that never ends"));
    Error::Read { path, source }
}
