//! Errors of the shadow, as the live database hears of them.

use crate::error::ServerError;
use crate::expected::shadow::{keeper, owners_rights};

/// An error of the shadow as who uses the live database is to hear of it: with whose rights it ran, and without advice that
/// names the shadow, which nobody can follow.
pub fn heard_here(error: ServerError) -> ServerError {
    let names_shadow = error.hint.as_ref().is_some_and(|hint| hint.contains(keeper::PREFIX));
    let detail = match owners_rights::what_failed() {
        Some(says) => Some(error.detail_and(&says)),
        None => error.detail.clone(),
    };
    ServerError { detail, hint: error.hint.filter(|_| !names_shadow), ..error }
}
