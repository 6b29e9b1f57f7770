//! Why a folder cannot be read.

use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} is not a folder", .0.display())]
    NotFolder(PathBuf),
    #[error("cannot read {}: {source}", .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} has a name that is not UTF-8", .0.display())]
    FileName(PathBuf),
    #[error("{} links to a place outside of the migrations folder", .0.display())]
    LinkOutside(PathBuf),
    #[error("{} has {size} bytes; a migrations folder takes files of at most {limit} bytes", .path.display())]
    FileTooLarge { path: PathBuf, size: u64, limit: u64 },
    #[error("the files of {} are more than {limit} bytes together", .path.display())]
    FolderTooLarge { path: PathBuf, limit: u64 },
    #[error("{} holds more than {limit} files and folders", .path.display())]
    TooManyNames { path: PathBuf, limit: usize },
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotFolder(_) | Self::Read { .. } => None,
            Self::FileName(_) => Some("Rename it: the journal keeps names as text."),
            Self::LinkOutside(_) => {
                Some("Put the file itself into the folder: what lies elsewhere is not read.")
            }
            Self::TooManyNames { .. } => Some("Name the folder that holds the migrations, and nothing else."),
            Self::FileTooLarge { .. } | Self::FolderTooLarge { .. } => {
                Some("Keep dumps and other data in another folder: only .sql and .json files count here.")
            }
        }
    }
}
