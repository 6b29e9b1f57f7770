//! The one reader of the catalogs. It runs in the live database and in the shadow, with the same queries: a constant
//! number of them, whatever the number of objects.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::members;
use nself_heal_core::model::{Catalog, Definition, Dependencies, Extension, Member, NotCompared, Unread};
use nself_heal_core::unread::{understood, understood_counts};
use pgrx::pg_sys;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::server::session::with_settings;
use crate::server::spi::{Prepared, read_often, read_prepared};

/// Where servers differ: the text of each `:variable` of a query, by the major version from which on it holds.
const VERSIONS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/catalog/versions.json"));

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
    /// The relations, with all that hangs on each, and their kinds as in pg_class; all of them if there is no list.
    pub relations: Option<Vec<(pg_sys::Oid, u8)>>,
    /// What hangs on no relation.
    pub rest: bool,
    /// Relations that are locked: what hangs on none of them and speaks of them is left out.
    pub locked: Vec<pg_sys::Oid>,
    /// The catalogs that hold something of a user, if that is known: others need not be asked.
    pub catalogs: Option<BTreeSet<String>>,
    /// The queries that would find nothing that is wanted, by their names, as far as that is known: they are not asked.
    pub find_nothing: Vec<&'static str>,
}

impl Wanted {
    pub const ALL: Self =
        Wanted { relations: None, rest: true, locked: Vec::new(), catalogs: None, find_nothing: Vec::new() };

    fn any_relation(&self, kinds: &[u8]) -> bool {
        self.relations.as_ref().is_none_or(|relations| relations.iter().any(|(_, kind)| kinds.contains(kind)))
    }

    fn may_find(&self, query: &str) -> bool {
        !self.find_nothing.contains(&query)
    }

    fn any_row(&self, catalogs: &[&str]) -> bool {
        self.catalogs.as_ref().is_none_or(|filled| catalogs.iter().any(|catalog| filled.contains(*catalog)))
    }
}

/// Reads with a query: the name is that of its file. The first parameter is the list of wanted relations, the second
/// whether the rest is wanted, the third the list of locked ones.
macro_rules! query {
    ($reader:expr, $name:literal) => {
        $reader.read($name, text!($name))?
    };
}

/// The text of a query.
macro_rules! text {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/catalog/", $name, ".sql"))
    };
}

/// Reads one kind of what hangs on relations of these kinds, and has rows in one of these catalogs.
macro_rules! of_relations {
    ($reader:expr, $name:literal, $kinds:literal, $($catalog:literal),+) => {
        if $reader.wanted.any_relation($kinds)
            && $reader.wanted.any_row(&[$($catalog),+])
            && $reader.wanted.may_find($name)
        {
            query!($reader, $name)
        } else {
            Vec::new()
        }
    };
}

/// Reads one kind of what hangs on no relation, and has rows in one of these catalogs.
macro_rules! of_rest {
    ($reader:expr, $name:literal, $($catalog:literal),+) => {
        if $reader.wanted.rest && $reader.wanted.any_row(&[$($catalog),+]) {
            query!($reader, $name)
        } else {
            Vec::new()
        }
    };
}

struct Reader<'a> {
    variables: Variables,
    wanted: &'a Wanted,
    magnitude: u32,
    unread: RefCell<Vec<Unread>>,
}

impl<'a> Reader<'a> {
    fn new(wanted: &'a Wanted) -> Result<Self, Error> {
        Ok(Self {
            variables: Variables::of_this_server()?,
            wanted,
            magnitude: magnitude(),
            unread: RefCell::default(),
        })
    }

    /// The objects of one kind. What is not understood is noted.
    fn read<T: DeserializeOwned>(&self, name: &'static str, query: &str) -> Result<Vec<T>, Error> {
        let (objects, unread) =
            understood(name, &self.answer(name, query)?).map_err(|error| bad_answer(name, error))?;
        self.unread.borrow_mut().extend(unread);
        Ok(objects)
    }

    fn answer(&self, name: &'static str, query: &str) -> Result<String, Error> {
        let relations: Option<Vec<pg_sys::Oid>> =
            self.wanted.relations.as_ref().map(|relations| relations.iter().map(|(oid, _)| *oid).collect());
        let form = Form { all: relations.is_none(), rest: self.wanted.rest, magnitude: self.magnitude };
        // The server would look at each value of a long list to plan a query that is not prepared.
        let is_long = relations.as_ref().is_some_and(|relations| relations.len() > 200);
        let arguments = [relations.into(), form.rest.into(), self.wanted.locked.clone().into()];
        // A query is planned once for each of its forms: to plan takes as long as to run.
        let read = || {
            let query = || form.fix(&self.variables.fill_in(query));
            let which = Prepared { name, form: form.number() };
            match is_long {
                true => read_prepared(which, query, &arguments),
                false => read_often(which, query, &arguments),
            }
        };
        let answer: Option<String> = with_settings(&[("plan_cache_mode", "force_generic_plan")], read)?;
        Ok(answer.unwrap_or_default())
    }
}

/// What makes another plan the better one.
struct Form {
    /// Whether all relations are wanted.
    all: bool,
    rest: bool,
    /// Of the number of relations.
    magnitude: u32,
}

impl Form {
    fn number(&self) -> u32 {
        self.magnitude << 2 | u32::from(self.all) << 1 | u32::from(self.rest)
    }

    /// The query with what is known of its parameters: a plan for any list of relations would read them all.
    fn fix(&self, query: &str) -> String {
        let text = |known: bool| if known { "true" } else { "false" };
        query.replace("$1::oid[] IS NULL", text(self.all)).replace("$2", text(self.rest))
    }
}

/// How large the catalogs are, to a factor of four: a plan for small ones would take too long in large ones.
fn magnitude() -> u32 {
    // SAFETY: pg_class is opened and closed with a lock that only forbids to drop it; asking for its size reads no page.
    let blocks = unsafe {
        let relations = pg_sys::table_open(pg_sys::RelationRelationId, pg_sys::AccessShareLock as i32);
        let blocks = pg_sys::RelationGetNumberOfBlocksInFork(relations, pg_sys::ForkNumber::MAIN_FORKNUM);
        pg_sys::table_close(relations, pg_sys::AccessShareLock as i32);
        blocks
    };
    blocks.max(1).ilog2() / 2
}

fn bad_answer(query: &'static str, error: serde_json::Error) -> Error {
    Error::BadAnswer { query, reason: error.to_string() }
}

/// Reads the schema of this database, or what is wanted of it, at the moment that is in force, but for what each object
/// needs.
pub fn read(wanted: &Wanted) -> Result<Catalog, Error> {
    let reader = Reader::new(wanted)?;
    let mut catalog = Catalog {
        schemas: of_rest!(reader, "schemas", "pg_namespace"),
        extensions: of_rest!(reader, "extensions", "pg_extension"),
        enums: of_rest!(reader, "enums", "pg_type"),
        domains: of_rest!(reader, "domains", "pg_type"),
        composites: of_relations!(reader, "composites", b"c", "pg_class"),
        sequences: of_relations!(reader, "sequences", b"S", "pg_sequence"),
        tables: of_relations!(reader, "tables", b"rpf", "pg_class"),
        constraints: of_relations!(reader, "constraints", b"rpf", "pg_constraint"),
        indexes: of_relations!(reader, "indexes", b"rpm", "pg_index"),
        definitions: definitions(&reader)?,
        acls: match wanted.may_find("acls") {
            true => query!(reader, "acls"),
            false => Vec::new(),
        },
        comments: query!(reader, "comments"),
        dependencies: Vec::new(),
        unread: Vec::new(),
    };
    if !catalog.extensions.is_empty() {
        members::fill(&mut catalog.extensions, query!(reader, "extension_members"));
    }
    Ok(Catalog { unread: reader.unread.take(), ..catalog })
}

/// Reads the extensions, at the moment that is in force.
pub fn read_extensions() -> Result<Vec<Extension>, Error> {
    let all = Wanted::ALL;
    let reader = Reader::new(&all)?;
    Ok(query!(reader, "extensions"))
}

/// Reads the schema, or what is wanted of it, together with what each object needs.
pub fn read_with_dependencies(wanted: &Wanted) -> Result<Catalog, Error> {
    let mut catalog = read(wanted)?;
    let reader = Reader::new(wanted)?;
    catalog.dependencies = query!(reader, "dependencies");
    catalog.unread.extend(reader.unread.take());
    Ok(catalog)
}

/// Reads what each object of this database needs, at the moment that is in force.
pub fn read_dependencies() -> Result<Vec<Dependencies>, Error> {
    let all = Wanted::ALL;
    let reader = Reader::new(&all)?;
    Ok(query!(reader, "dependencies"))
}

fn definitions(reader: &Reader) -> Result<Vec<Definition>, Error> {
    let of_all_kinds: [Vec<Definition>; 21] = [
        of_relations!(reader, "views", b"v", "pg_rewrite"),
        of_relations!(reader, "materialized_views", b"m", "pg_rewrite"),
        of_relations!(reader, "rules", b"rpfvm", "pg_rewrite"),
        of_rest!(reader, "routines", "pg_proc"),
        of_relations!(reader, "triggers", b"rpfv", "pg_trigger"),
        of_rest!(reader, "event_triggers", "pg_event_trigger"),
        of_relations!(reader, "policies", b"rp", "pg_policy"),
        of_rest!(reader, "collations", "pg_collation"),
        of_rest!(reader, "conversions", "pg_conversion"),
        of_rest!(reader, "casts", "pg_cast"),
        of_rest!(reader, "operators", "pg_operator"),
        of_rest!(reader, "operator_families", "pg_opfamily"),
        of_rest!(reader, "operator_classes", "pg_opclass"),
        of_rest!(reader, "access_methods", "pg_am"),
        of_rest!(reader, "transforms", "pg_transform"),
        of_rest!(reader, "text_search", "pg_ts_config", "pg_ts_dict", "pg_ts_parser", "pg_ts_template"),
        of_relations!(reader, "statistics", b"rpfm", "pg_statistic_ext"),
        of_rest!(reader, "publications", "pg_publication"),
        of_rest!(reader, "foreign", "pg_foreign_data_wrapper", "pg_foreign_server", "pg_user_mapping"),
        of_rest!(reader, "languages", "pg_language"),
        of_rest!(reader, "types", "pg_type"),
    ];
    Ok(of_all_kinds.concat())
}

/// What was made of members of extensions. Where both sides say the same it is compared; where they do not, another version
/// of the extension may be the reason.
pub const MEMBERS: &str = "altered member of extension ";

/// Counts what the reader does not read or the diff does not judge, at the moment that is in force.
pub fn count_not_compared() -> Result<BTreeMap<String, NotCompared>, Error> {
    let all = Wanted::ALL;
    let reader = Reader::new(&all)?;
    let answer = reader.answer("not_compared", text!("not_compared"))?;
    let mut counted = understood_counts(&answer).map_err(|error| bad_answer("not_compared", error))?;
    for Extension { identity, members, .. } in read_extensions()? {
        let names: Vec<String> =
            members.into_iter().map(|Member { object, said }| format!("{object}: {said}")).collect();
        let counts = NotCompared { count: names.len() as u64, names };
        counted.insert(format!("{MEMBERS}{identity}"), counts);
    }
    Ok(counted)
}
