//! What stops the program, as opposed to what it measures.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{what}: {}", answer(.source))]
    Sql { what: String, source: postgres::Error },
    #[error("{what}: {message}")]
    Tool { what: String, message: String },
    #[error("cannot read {}: {source}", .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write {}: {source}", .path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{} holds no results: {source}", .path.display())]
    Results { path: PathBuf, source: serde_json::Error },
    #[error("{} lacks the marker {marker}", .path.display())]
    NoMarker { path: PathBuf, marker: &'static str },
    #[error("{what}: {found} items of drift, where {wanted} were made")]
    WrongAnswer { what: String, found: usize, wanted: usize },
}

/// Gives a server's error the words that say what was tried.
pub trait Doing<T> {
    fn doing(self, what: impl Into<String>) -> Result<T, Error>;
}

impl<T> Doing<T> for Result<T, postgres::Error> {
    fn doing(self, what: impl Into<String>) -> Result<T, Error> {
        self.map_err(|source| Error::Sql { what: what.into(), source })
    }
}

/// The server's message with its details, in one line.
pub fn answer(error: &postgres::Error) -> String {
    let Some(answer) = error.as_db_error() else {
        let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
        return causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
    };
    let more = [answer.detail(), answer.hint(), answer.where_()].into_iter().flatten();
    more.fold(answer.message().to_owned(), |text, line| format!("{text} / {}", line.replace('\n', " ")))
}
