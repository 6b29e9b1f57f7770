//! What stops the program, as opposed to what it measures.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Harness(#[from] nself_harness::Error),
    #[error("{} holds no results: {source}", .path.display())]
    Results { path: PathBuf, source: serde_json::Error },
    #[error("{} lacks the marker {marker}", .path.display())]
    NoMarker { path: PathBuf, marker: &'static str },
    #[error("{what}: {found} items of drift, where {wanted} were made")]
    WrongAnswer { what: String, found: usize, wanted: usize },
}
