//! What is left to the end of a transaction, when other rights may be in force.

use crate::error::Error;
use crate::server::session::with_pinned_settings;
use crate::server::{deferred, spi};

/// The cursors WITH HOLD of this session, and when they were made.
pub fn held_cursors() -> Result<Vec<(String, String)>, Error> {
    with_pinned_settings(|| {
        spi::read_json(
            "cursors",
            "SELECT coalesce(json_agg(json_build_array(name, creation_time)), '[]')::text FROM pg_cursors WHERE is_holdable",
            &[],
        )
    })
}

/// An error if a cursor WITH HOLD was made that is not among these, or a deferred check waits for the end of the
/// transaction.
pub fn refuse_left(before: &[(String, String)]) -> Result<(), Error> {
    if let Some((name, _)) = held_cursors()?.into_iter().find(|held| !before.contains(held)) {
        return Err(Error::LeftForTheEnd { what: format!("the cursor {name:?} WITH HOLD") });
    }
    match deferred::pending()?.is_empty() {
        true => Ok(()),
        false => Err(Error::LeftForTheEnd { what: "a deferred check".to_owned() }),
    }
}
