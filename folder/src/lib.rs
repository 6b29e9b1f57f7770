//! Reads a migrations folder from disk. The server and the command `nself` both read by these rules, so that a folder
//! gives the same journal whoever reads it. What a migration is, nobody here knows: that is for the core to say.
//!
//! - Names that begin with a dot, and `node_modules`, are passed over. Nobody looks at what is there, or where a link of
//!   such a name leads.
//! - Links are followed if they lead to a place in the folder. One that leads out of it is an error, and what lies there
//!   is not read. A link to a folder that it lies in is left out: it would never end.
//! - A file counts by its own name. Only files that end in `.sql` or `.json`, in capitals or not, are read; of others the
//!   name is enough. One that ends so and is no regular file, such as a pipe, is an error.
//! - Folders are read [`MAX_DEPTH`] deep. What lies deeper is passed over.
//! - A name that is not UTF-8 is an error, unless it is passed over: the journal keeps names as text.
//! - A file may have [`FILE_LIMIT`] bytes, and all that are read [`FOLDER_LIMIT`] together. There may be [`NAME_LIMIT`]
//!   files and folders, so that the wrong folder, or links that lead to each other, are soon given up.

#![forbid(unsafe_code)]

mod error;
#[cfg(test)]
mod tests;
mod walk;

use std::path::Path;

use sha2::{Digest as _, Sha256};

pub use error::Error;

/// How many folders may lie one in the other. Projects nest their migrations up to six deep, as in
/// `backend/src/main/resources/db/migration`. A whole disk, named by mistake, is deeper.
pub const MAX_DEPTH: usize = 8;

/// How many bytes a file may have.
pub const FILE_LIMIT: u64 = 64 << 20;

/// How many bytes all files may have together: the server takes at most 256 MiB in one JSON value.
pub const FOLDER_LIMIT: u64 = 192 << 20;

/// How many files and folders there may be.
pub const NAME_LIMIT: usize = 100_000;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative to the folder, with `/` on every system.
    pub path: String,
    /// Empty where the name is enough.
    pub bytes: Vec<u8>,
}

/// A folder that was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Folder {
    pub files: Vec<File>,
    /// Files and folders that were not looked at. `a/*` is all that lies in `a`, where that is too deep.
    pub passed_over: Vec<String>,
}

impl Folder {
    /// All files, and by their names alone those that were passed over: whoever wonders why they are no migrations is told.
    pub fn into_files(self) -> impl Iterator<Item = File> {
        let passed_over = self.passed_over.into_iter().map(|path| File { path, bytes: Vec::new() });
        self.files.into_iter().chain(passed_over)
    }
}

/// One hash of all files, whatever their order: by it client and server agree that neither has another folder.
pub fn manifest<'a>(files: impl IntoIterator<Item = (&'a str, Sha256Sum)>) -> String {
    let mut files: Vec<(&str, Sha256Sum)> = files.into_iter().collect();
    files.sort();
    let mut whole = Sha256::new();
    for (path, sum) in files {
        // Each part has its length before it or of its own, so that no two folders look alike.
        whole.update((path.len() as u64).to_be_bytes());
        whole.update(path.as_bytes());
        whole.update(sum);
    }
    hex(&whole.finalize().into())
}

/// The SHA-256 of what a file holds.
pub type Sha256Sum = [u8; 32];

pub fn sha256(bytes: &[u8]) -> Sha256Sum {
    Sha256::digest(bytes).into()
}

/// The sum that these 64 lower-case hexadecimal digits are; nothing of any other text.
pub fn from_hex(hex: &str) -> Option<Sha256Sum> {
    let digit = |at: usize| {
        let byte = *hex.as_bytes().get(at)?;
        char::from(byte).to_digit(16).filter(|_| !byte.is_ascii_uppercase())
    };
    let mut sum = Sha256Sum::default();
    for (at, byte) in sum.iter_mut().enumerate() {
        *byte = (digit(2 * at)? << 4 | digit(2 * at + 1)?) as u8;
    }
    (hex.len() == 64).then_some(sum)
}

/// As 64 lower-case hexadecimal digits.
pub fn hex(sum: &Sha256Sum) -> String {
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a folder, in the order of names. `on_entry` is called for each name that is met: there a caller can stop.
pub fn read(dir: &Path, on_entry: impl FnMut()) -> Result<Folder, Error> {
    walk::read(dir, walk::Limits { file: FILE_LIMIT, folder: FOLDER_LIMIT, names: NAME_LIMIT }, on_entry)
}
