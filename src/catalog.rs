//! The one reader of the catalogs. It runs in the live database and in the shadow, with the same queries: a constant
//! number of them, whatever the number of objects.

use std::collections::BTreeMap;

use nself_heal_core::model::{Catalog, Definition, NotCompared};
use pgrx::pg_sys;
use serde::de::DeserializeOwned;

use crate::caller::pinned;
use crate::error::Error;
use crate::spi::{at_one_moment, read_here};

/// Where servers differ: the text of each `:variable` of a query, by the major version from which on it holds.
const VERSIONS: &str = include_str!("../sql/catalog/versions.json");

/// The text of each variable for this server.
struct Variables(BTreeMap<String, String>);

impl Variables {
    fn of_this_server() -> Result<Self, Error> {
        let major = pg_sys::PG_VERSION_NUM / 10_000;
        let all: BTreeMap<String, BTreeMap<u32, String>> = serde_json::from_str(VERSIONS)
            .map_err(|error| Error::BadAnswer { query: "versions", reason: error.to_string() })?;
        let texts = all
            .into_iter()
            .filter_map(|(name, texts)| Some((name, texts.range(..=major).next_back()?.1.clone())));
        Ok(Self(texts.collect()))
    }

    fn fill_in(&self, query: &str) -> String {
        self.0.iter().fold(query.to_owned(), |query, (name, text)| query.replace(&format!(":{name}"), text))
    }
}

/// Reads one kind: the name is that of the file of the query.
macro_rules! read {
    ($variables:expr, $name:literal) => {
        parse(
            $name,
            read_here(&$variables.fill_in(include_str!(concat!("../sql/catalog/", $name, ".sql"))), &[])?,
        )?
    };
}

fn parse<T: DeserializeOwned>(query: &'static str, text: Option<String>) -> Result<T, Error> {
    serde_json::from_str(text.as_deref().unwrap_or("null"))
        .map_err(|error| Error::BadAnswer { query, reason: error.to_string() })
}

/// Reads the schema of this database, as it is at one moment.
pub fn read() -> Result<Catalog, Error> {
    read_all(false)
}

/// Reads the schema together with what each of its objects needs.
pub fn read_with_dependencies() -> Result<Catalog, Error> {
    read_all(true)
}

fn read_all(with_dependencies: bool) -> Result<Catalog, Error> {
    let variables = Variables::of_this_server()?;
    pinned(|| {
        at_one_moment(|| {
            Ok(Catalog {
                schemas: read!(variables, "schemas"),
                extensions: read!(variables, "extensions"),
                enums: read!(variables, "enums"),
                domains: read!(variables, "domains"),
                composites: read!(variables, "composites"),
                sequences: read!(variables, "sequences"),
                tables: read!(variables, "tables"),
                constraints: read!(variables, "constraints"),
                indexes: read!(variables, "indexes"),
                definitions: definitions(&variables)?,
                acls: read!(variables, "acls"),
                comments: read!(variables, "comments"),
                dependencies: if with_dependencies { read!(variables, "dependencies") } else { Vec::new() },
                not_compared: read!(variables, "not_compared"),
            })
        })
    })
}

fn definitions(variables: &Variables) -> Result<Vec<Definition>, Error> {
    let of_all_kinds: [Vec<Definition>; 21] = [
        read!(variables, "views"),
        read!(variables, "materialized_views"),
        read!(variables, "rules"),
        read!(variables, "routines"),
        read!(variables, "triggers"),
        read!(variables, "event_triggers"),
        read!(variables, "policies"),
        read!(variables, "collations"),
        read!(variables, "conversions"),
        read!(variables, "casts"),
        read!(variables, "operators"),
        read!(variables, "operator_families"),
        read!(variables, "operator_classes"),
        read!(variables, "access_methods"),
        read!(variables, "transforms"),
        read!(variables, "text_search"),
        read!(variables, "statistics"),
        read!(variables, "publications"),
        read!(variables, "foreign"),
        read!(variables, "languages"),
        read!(variables, "types"),
    ];
    Ok(of_all_kinds.concat())
}

/// Counts what the reader does not read, without reading the rest.
pub fn count_not_compared() -> Result<BTreeMap<String, NotCompared>, Error> {
    let variables = Variables::of_this_server()?;
    pinned(|| at_one_moment(|| Ok(read!(variables, "not_compared"))))
}
