//! What stops the program, as opposed to what it finds.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Harness(#[from] nself_harness::Error),
    #[error("{} is not a list of pairs: {source}", .path.display())]
    Pairs { path: PathBuf, source: serde_json::Error },
    #[error("{} holds no SQL file", .0.display())]
    NoMigrations(PathBuf),
    #[error("{0}")]
    Unprepared(String),
    /// pg_dump's order of statements does not fit every schema.
    #[error("a dump cannot be restored: {0}")]
    Unrestorable(String),
}
