//! The one reader of the catalogs. It runs in the live database and in the shadow, with the same queries: a constant
//! number of them, whatever the number of objects.

use std::collections::BTreeMap;

use nself_heal_core::model::Catalog;
use serde::de::DeserializeOwned;

use crate::caller::pinned;
use crate::error::Error;
use crate::spi::{at_one_moment, read_here};

/// Reads one kind: `name` is both the field of the model and the file of the query.
macro_rules! read {
    ($name:literal) => {
        parse($name, read_here(include_str!(concat!("../sql/catalog/", $name, ".sql")), &[])?)?
    };
}

fn parse<T: DeserializeOwned>(query: &'static str, text: Option<String>) -> Result<T, Error> {
    serde_json::from_str(text.as_deref().unwrap_or("null"))
        .map_err(|error| Error::BadAnswer { query, reason: error.to_string() })
}

/// Reads the schema of this database, as it is at one moment.
pub fn read() -> Result<Catalog, Error> {
    pinned(|| {
        at_one_moment(|| {
            Ok(Catalog {
                schemas: read!("schemas"),
                extensions: read!("extensions"),
                enums: read!("enums"),
                domains: read!("domains"),
                composites: read!("composites"),
                sequences: read!("sequences"),
                tables: read!("tables"),
                constraints: read!("constraints"),
                indexes: read!("indexes"),
                not_compared: read!("not_compared"),
            })
        })
    })
}

/// Counts what the reader does not read, without reading the rest.
pub fn count_not_compared() -> Result<BTreeMap<String, u64>, Error> {
    pinned(|| at_one_moment(|| Ok(read!("not_compared"))))
}
