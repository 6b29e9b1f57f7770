//! What stops such a program, as opposed to what it finds. Each program wraps this type in one of its own.

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

#[cfg(test)]
mod tests {
    use postgres::Config;

    use super::Doing;

    #[test]
    fn an_error_says_what_was_tried_and_what_caused_it() {
        let wrong = "port=none".parse::<Config>().doing("reading the settings").expect_err("no number");
        assert_eq!(
            wrong.to_string(),
            "reading the settings: invalid connection string: invalid value for option `port`"
        );
    }
}
