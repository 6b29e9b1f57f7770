//! What a caller is told when a call fails, in the form in which Hasura passes it on: a status of 4xx with `message` and
//! `extensions.code`. Of a status of 5xx Hasura would show nothing. docs/hasura.md lists the codes.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio_postgres::error::SqlState;

use crate::database::{Failure, causes};

/// A message is a sentence, not a document.
const LONGEST_MESSAGE: usize = 500;
/// In how many seconds Hasura may try a trigger again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("10");

/// Why a call failed.
#[derive(Debug)]
pub struct Refusal {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
    pub sqlstate: Option<String>,
    pub hint: Option<String>,
    pub job: Option<i64>,
    /// For the log alone.
    pub cause: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
    extensions: Extensions<'a>,
}

#[derive(Serialize)]
struct Extensions<'a> {
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sqlstate: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<i64>,
}

/// What the log says of a refusal beside its status; it travels with the response.
#[derive(Clone, Debug)]
pub struct Told {
    pub code: &'static str,
    pub sqlstate: Option<String>,
    pub cause: Option<String>,
}

impl Refusal {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: shortened(message.into()),
            sqlstate: None,
            hint: None,
            job: None,
            cause: None,
        }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", message)
    }

    pub fn busy() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", "too many calls are under way: try again")
    }

    /// Not in time: by the server's statement timeout, or because the database is silent.
    pub fn timeout() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "timeout",
            "the database took too long, and was told to stop",
        )
    }

    fn away(cause: String) -> Self {
        let refusal = Self::new(
            StatusCode::FAILED_DEPENDENCY,
            "database-unavailable",
            "the database cannot be reached: try again later",
        );
        Self { cause: Some(cause), ..refusal }
    }

    /// What the server refused, in its words, but for what is about its inside.
    fn said(error: &tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else { return Self::away(causes(error)) };
        let state = said.code();
        let class = &state.code()[..2];
        let (status, code) = match () {
            () if *state == SqlState::QUERY_CANCELED => return Self::timeout().with_state(state),
            // A server that starts, stops or was told to end its sessions.
            () if class == "57" || class == "08" || *state == SqlState::TOO_MANY_CONNECTIONS => {
                return Self::away(said.message().to_owned()).with_state(state);
            }
            () if *state == SqlState::LOCK_NOT_AVAILABLE => (StatusCode::CONFLICT, "locked"),
            // Whatever its statement said: the call was right.
            () if said.message().contains(" failed at statement ") => {
                (StatusCode::UNPROCESSABLE_ENTITY, "migration-failed")
            }
            () if *state == SqlState::INSUFFICIENT_PRIVILEGE => {
                (StatusCode::FORBIDDEN, "insufficient-privilege")
            }
            () if *state == SqlState::INVALID_PARAMETER_VALUE => {
                (StatusCode::BAD_REQUEST, "invalid-argument")
            }
            () if class == "XX" => {
                let message = "the database had an internal error: its log says more";
                return Self::new(StatusCode::UNPROCESSABLE_ENTITY, "failed", message).with_state(state);
            }
            () => (StatusCode::UNPROCESSABLE_ENTITY, "failed"),
        };
        let hint = said.hint().map(|hint| shortened(hint.to_owned()));
        Self { hint, ..Self::new(status, code, said.message()).with_state(state) }
    }

    fn with_state(self, state: &SqlState) -> Self {
        Self { sqlstate: Some(state.code().to_owned()), ..self }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Away(cause) => Self::away(cause),
            Failure::Busy => Self::busy(),
            Failure::TooLate => Self::timeout(),
            Failure::NoExtension => Self::new(
                StatusCode::FAILED_DEPENDENCY,
                "extension-missing",
                "the extension nself_heal is not installed in the database, or is older than this server",
            ),
            Failure::Said(error) => Self::said(&error),
            Failure::Row(function) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "failed",
                format!("{function} returned something that this server does not understand"),
            ),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Body {
            message: &self.message,
            extensions: Extensions {
                code: self.code,
                sqlstate: self.sqlstate.as_deref(),
                hint: self.hint.as_deref(),
                job: self.job,
            },
        };
        let body = serde_json::to_vec(&body).expect("plain text is always JSON");
        let mut response = (self.status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        if matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::FAILED_DEPENDENCY) {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response.extensions_mut().insert(Told {
            code: self.code,
            sqlstate: self.sqlstate,
            cause: self.cause,
        });
        response
    }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(LONGEST_MESSAGE) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let refusal = Refusal::bad_request("ä".repeat(1000));
        assert_eq!(refusal.message.chars().count(), LONGEST_MESSAGE + 1);
        assert_eq!(Refusal::bad_request("short").message, "short");
    }

    #[test]
    fn no_status_hides_its_message_from_hasura() {
        let failures = [
            Failure::Away(String::new()),
            Failure::Busy,
            Failure::TooLate,
            Failure::NoExtension,
            Failure::Row("nself_job"),
        ];
        for failure in failures {
            assert!(Refusal::from(failure).status.is_client_error());
        }
    }
}
