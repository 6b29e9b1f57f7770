//! The metadata folder on disk. Nothing outside of it is read or written, whichever way a link in it points.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::folder::Files;
use super::layout::Changes;

/// A file of metadata is smaller than this.
const LARGEST: u64 = 64 * 1024 * 1024;

pub struct Disk {
    root: PathBuf,
}

impl Disk {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Does to the files what is to be done. Each is replaced as a whole.
    pub fn apply(&self, changes: &Changes) -> Result<(), Error> {
        for (path, text) in &changes.write {
            self.write(path, text).map_err(|source| Error::Write { path: path.clone(), source })?;
        }
        for path in &changes.remove {
            match fs::remove_file(self.root.join(path)) {
                Err(source) if source.kind() != ErrorKind::NotFound => {
                    return Err(Error::Write { path: path.clone(), source });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn write(&self, path: &str, text: &str) -> std::io::Result<()> {
        let target = self.root.join(path);
        let folder = target.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        if !folder.canonicalize()?.starts_with(self.root.canonicalize()?) {
            return Err(std::io::Error::other("a link leads out of the metadata folder"));
        }
        let beside =
            folder.join(format!(".{}.nself", target.file_name().unwrap_or_default().to_string_lossy()));
        let written = (|| {
            let mut file = File::create(&beside)?;
            if let Ok(old) = fs::metadata(&target) {
                file.set_permissions(old.permissions())?;
            }
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, &target)
        })();
        if written.is_err() {
            // It may not be there.
            let _ = fs::remove_file(&beside);
        }
        written
    }
}

impl Files for Disk {
    fn text(&self, path: &str) -> Result<Option<String>, Error> {
        let of = |source| Error::Read { path: path.to_owned(), source };
        let full = match self.root.join(path).canonicalize() {
            Ok(full) => full,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(of(error)),
        };
        if !full.starts_with(self.root.canonicalize().map_err(of)?) {
            let shown = Path::new(path).display().to_string();
            return Err(Error::Outside { path: shown.clone(), include: shown });
        }
        if !full.is_file() {
            return Err(of(std::io::Error::other("it is no file")));
        }
        let mut bytes = Vec::new();
        File::open(&full).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(of)?;
        if bytes.len() as u64 > LARGEST {
            return Err(Error::TooLarge { path: path.to_owned(), limit: LARGEST });
        }
        String::from_utf8(bytes).map(Some).map_err(|_| Error::NotText { path: path.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_out_of_the_folder_is_neither_read_nor_written() {
        let outside = tempfile::tempdir().unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret.yaml"), "a: 1\n").unwrap();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("databases")).unwrap();
        let disk = Disk::new(dir.path());
        assert!(matches!(disk.text("databases/secret.yaml"), Err(Error::Outside { .. })));
        let changes = Changes {
            write: [("databases/new.yaml".to_owned(), "x\n".to_owned())].into(),
            ..Changes::default()
        };
        assert!(matches!(disk.apply(&changes), Err(Error::Write { .. })));
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    }

    #[test]
    fn files_are_replaced_as_a_whole_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::new(dir.path().join("metadata"));
        fs::create_dir(dir.path().join("metadata")).unwrap();
        fs::write(dir.path().join("metadata/old.yaml"), "old").unwrap();
        let changes = Changes {
            write: [("a/b.yaml".to_owned(), "new".to_owned())].into(),
            remove: ["old.yaml".to_owned(), "never.yaml".to_owned()].into(),
            ..Changes::default()
        };
        disk.apply(&changes).unwrap();
        assert_eq!(disk.text("a/b.yaml").unwrap().as_deref(), Some("new"));
        assert_eq!(disk.text("old.yaml").unwrap(), None);
        assert_eq!(fs::read_dir(dir.path().join("metadata/a")).unwrap().count(), 1);
        fs::write(dir.path().join("metadata/bin.yaml"), b"\xff").unwrap();
        assert!(matches!(disk.text("bin.yaml"), Err(Error::NotText { .. })));
        assert!(matches!(disk.text("a"), Err(Error::Read { .. })));
    }
}
