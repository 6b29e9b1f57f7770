//! Migrations folders: as files for psql, and as they lie on disk.

use std::fs;
use std::path::{Path, PathBuf};

use nself_harness::Error;

use crate::schema::Migration;

/// A folder on disk that is gone when the value is.
pub struct Folder {
    path: PathBuf,
    /// In the order in which they run.
    pub files: Vec<PathBuf>,
}

impl Folder {
    /// Writes the scripts of migrations, in this order.
    pub fn write<'a>(name: &str, scripts: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let path = std::env::temp_dir().join(format!("nself_bench_{}_{name}", std::process::id()));
        fs::create_dir_all(&path).map_err(|source| Error::Write { path: path.clone(), source })?;
        let mut folder = Self { path, files: Vec::new() };
        for (script, number) in scripts.into_iter().zip(1..) {
            let file = folder.path.join(format!("{number:05}.sql"));
            nself_harness::write(&file, script)?;
            folder.files.push(file);
        }
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("{} stays behind: {error}", self.path.display());
        }
    }
}

/// All files of a project's migrations folder, with their paths in it.
pub fn read(folder: &Path) -> Result<Vec<Migration>, Error> {
    let mut files = Vec::new();
    collect(folder, "", &mut files)?;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<Migration>) -> Result<(), Error> {
    let failed = |path: &Path, source| Error::Read { path: path.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(|source| failed(folder, source))? {
        let path = entry.map_err(|source| failed(folder, source))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let inside = format!("{prefix}{name}");
        if path.is_dir() {
            collect(&path, &format!("{inside}/"), files)?;
        } else {
            files.push(Migration { path: inside, sql: nself_harness::read(&path)? });
        }
    }
    Ok(())
}
