//! The one reader of the catalogs. It runs in the live database and in the shadow, with the same queries: a constant
//! number of them, whatever the number of objects.

use std::collections::BTreeMap;

use nself_heal_core::model::{Catalog, Definition, NotCompared};
use pgrx::pg_sys;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::spi::read_here;

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

/// What to read.
pub struct Wanted {
    /// The relations, with all that hangs on each; all of them if there is no list.
    pub relations: Option<Vec<pg_sys::Oid>>,
    /// What hangs on no relation.
    pub rest: bool,
}

impl Wanted {
    pub const ALL: Self = Wanted { relations: None, rest: true };

    fn any_relation(&self) -> bool {
        self.relations.as_ref().is_none_or(|relations| !relations.is_empty())
    }
}

/// Reads with a query: the name is that of its file. The first parameter is the list of wanted relations, the second
/// whether the rest is wanted.
macro_rules! query {
    ($reader:expr, $name:literal) => {
        $reader.read($name, include_str!(concat!("../sql/catalog/", $name, ".sql")))?
    };
}

/// Reads one kind of what hangs on relations.
macro_rules! of_relations {
    ($reader:expr, $name:literal) => {
        if $reader.wanted.any_relation() { query!($reader, $name) } else { Vec::new() }
    };
}

/// Reads one kind of what hangs on no relation.
macro_rules! of_rest {
    ($reader:expr, $name:literal) => {
        if $reader.wanted.rest { query!($reader, $name) } else { Vec::new() }
    };
}

struct Reader<'a> {
    variables: Variables,
    wanted: &'a Wanted,
}

impl Reader<'_> {
    fn read<T: DeserializeOwned>(&self, name: &'static str, query: &str) -> Result<T, Error> {
        let arguments = [self.wanted.relations.clone().into(), self.wanted.rest.into()];
        parse(name, read_here(&self.variables.fill_in(query), &arguments)?)
    }
}

fn parse<T: DeserializeOwned>(query: &'static str, text: Option<String>) -> Result<T, Error> {
    serde_json::from_str(text.as_deref().unwrap_or("null"))
        .map_err(|error| Error::BadAnswer { query, reason: error.to_string() })
}

/// Reads the schema of this database, or what is wanted of it, at the moment that is in force. What each object needs is
/// told of the whole schema alone.
pub fn read(wanted: &Wanted) -> Result<Catalog, Error> {
    let reader = Reader { variables: Variables::of_this_server()?, wanted };
    Ok(Catalog {
        schemas: of_rest!(reader, "schemas"),
        extensions: of_rest!(reader, "extensions"),
        enums: of_rest!(reader, "enums"),
        domains: of_rest!(reader, "domains"),
        composites: of_relations!(reader, "composites"),
        sequences: of_relations!(reader, "sequences"),
        tables: of_relations!(reader, "tables"),
        constraints: of_relations!(reader, "constraints"),
        indexes: of_relations!(reader, "indexes"),
        definitions: definitions(&reader)?,
        acls: query!(reader, "acls"),
        comments: query!(reader, "comments"),
        dependencies: Vec::new(),
    })
}

/// Reads the schema together with what each of its objects needs.
pub fn read_with_dependencies() -> Result<Catalog, Error> {
    let catalog = read(&Wanted::ALL)?;
    let reader = Reader { variables: Variables::of_this_server()?, wanted: &Wanted::ALL };
    Ok(Catalog { dependencies: query!(reader, "dependencies"), ..catalog })
}

fn definitions(reader: &Reader) -> Result<Vec<Definition>, Error> {
    let of_all_kinds: [Vec<Definition>; 21] = [
        of_relations!(reader, "views"),
        of_relations!(reader, "materialized_views"),
        of_relations!(reader, "rules"),
        of_rest!(reader, "routines"),
        of_relations!(reader, "triggers"),
        of_rest!(reader, "event_triggers"),
        of_relations!(reader, "policies"),
        of_rest!(reader, "collations"),
        of_rest!(reader, "conversions"),
        of_rest!(reader, "casts"),
        of_rest!(reader, "operators"),
        of_rest!(reader, "operator_families"),
        of_rest!(reader, "operator_classes"),
        of_rest!(reader, "access_methods"),
        of_rest!(reader, "transforms"),
        of_rest!(reader, "text_search"),
        of_relations!(reader, "statistics"),
        of_rest!(reader, "publications"),
        of_rest!(reader, "foreign"),
        of_rest!(reader, "languages"),
        of_rest!(reader, "types"),
    ];
    Ok(of_all_kinds.concat())
}

/// Counts what the reader does not read, at the moment that is in force.
pub fn count_not_compared() -> Result<BTreeMap<String, NotCompared>, Error> {
    let reader = Reader { variables: Variables::of_this_server()?, wanted: &Wanted::ALL };
    Ok(query!(reader, "not_compared"))
}
