//! What a program that serves the schema, such as Hasura, can find in it.

use serde_json::Value;

use crate::error::Error;
use crate::server::session::with_pinned_settings;
use crate::server::spi;

/// The same value for the same schema.
pub fn read() -> Result<Value, Error> {
    with_pinned_settings(|| spi::read_json("servable", sql!("servable"), &[]))
}
