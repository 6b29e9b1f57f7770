//! NOTIFY: whoever listens hears it when this transaction has committed.

use serde_json::Value;

use crate::error::Error;
use crate::server::spi;

/// Hears of every migration and heal that changed the schema.
const SCHEMA_CHANGED: &str = "nself_schema";

pub fn notify(channel: &str, payload: &Value) -> Result<(), Error> {
    let payload = payload.to_string();
    let arguments = [channel.into(), payload.as_str().into()];
    spi::write_prepared("notify", || "SELECT pg_catalog.pg_notify($1, $2)".to_owned(), &arguments)
}

/// Tells what changed the schema.
pub fn schema_changed(by: &Value) -> Result<(), Error> {
    notify(SCHEMA_CHANGED, by)
}
