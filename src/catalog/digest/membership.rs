//! Who is part of what, and what everything is called. All of it is read before the first content: a row speaks of other
//! objects by their names, and is added to the relation that it is a part of.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::rc::Rc;

use nself_heal_core::digest::Digest;
use pgrx::pg_sys;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::catalog::digest::catalogs::{self, NAMED, PARTS, PG_CLASS, PG_NAMESPACE, PG_TYPE};
use crate::catalog::digest::content::{Contents, References};
use crate::catalog::digest::known::{Known, count};
use crate::catalog::digest::names::{Names, is_users};
use crate::catalog::digest::privileges::Privileges;
use crate::catalog::digest::rows::{self, Column, Held, places, position};
use crate::error::Error;
use crate::server::session::c_string;
use crate::server::spi;

const PG_EXTENSION: u32 = pg_sys::ExtensionRelationId.to_u32();

/// What belongs to what. An object is a number of its catalog and its own.
pub struct Membership {
    pub catalogs: Rc<BTreeMap<String, u32>>,
    pub references: Rc<References>,
    schemas: Schemas,
    pub relations: Relations,
    pub dependencies: Vec<Dependency>,
    /// Parts of extensions, what is in no user's schema, and what the server makes along with something else.
    pub left_out: FxHashSet<(u32, u32)>,
    pub privileges: Privileges,
    /// The members of extensions, each with its extension.
    pub contents: Vec<((u32, u32), u32)>,
    /// The relations that constraints, triggers, rules, policies and the like are on. Defaults are not among them.
    on_relation: FxHashMap<(u32, u32), u32>,
    /// The relations of row types.
    row_types: FxHashMap<u32, u32>,
    pub foreign_keys: FxHashSet<(u32, u32)>,
    /// The constraints of which constraints of partitions are clones.
    cloned_from: FxHashMap<u32, u32>,
    /// What was in the catalogs that nobody reads later.
    pub held: FxHashMap<u32, Held>,
}

/// The schemas of users, by number.
struct Schemas {
    names: FxHashMap<u32, String>,
    /// The one that this extension is in, if it can be one that was made for it.
    own: u32,
}

/// The relations of users, by number.
#[derive(Default)]
pub struct Relations {
    pub all: FxHashMap<u32, Relation>,
    /// The tables of indexes.
    part_of: FxHashMap<u32, u32>,
    /// The tables of TOAST tables. Nobody knows those by name, but they have options.
    pub toasts: FxHashMap<u32, u32>,
    /// Relations of kinds that this program does not know, counted by kind.
    pub unknown: BTreeMap<String, u64>,
}

pub struct Relation {
    pub identity: String,
    /// As in pg_class.
    pub kind: u8,
}

/// A row of pg_depend.
pub struct Dependency {
    pub object: (u32, u32),
    pub column: i16,
    pub on: (u32, u32),
    pub on_column: i16,
    pub kind: u8,
}

impl Membership {
    /// Reads all of it, at the moment that is in force. The names are handed over, because who reads the columns adds theirs.
    pub fn read() -> Result<(Self, Names), Error> {
        let (extension, own_schema) = this_extension()?;
        let catalogs = catalogs::by_name()?;
        let references = References::of_this_server()?;
        let mut names = Names::default();
        let schemas = Schemas::read(own_schema, &mut names);
        let Dependencies { rows: dependencies, left_out, privileges, contents, held } =
            Dependencies::read(&catalogs, extension);
        let relations = Relations::read(&catalogs, &schemas, &left_out, &mut names);
        let mut membership = Membership {
            catalogs,
            references,
            schemas,
            relations,
            dependencies,
            left_out,
            privileges,
            contents,
            on_relation: FxHashMap::default(),
            row_types: FxHashMap::default(),
            foreign_keys: FxHashSet::default(),
            cloned_from: FxHashMap::default(),
            held,
        };
        let mut buffer = Vec::new();
        for (catalog, key) in NAMED {
            membership.read_named(catalog, key, &mut names, &mut buffer);
        }
        Ok((membership, names))
    }

    /// Reads the rows of a catalog that have names.
    fn read_named(&mut self, catalog: &str, key: &[&str], names: &mut Names, buffer: &mut Vec<u8>) {
        let Some(class) = self.class(catalog) else { return };
        let prepare = |columns: &[Column]| NamedPlaces::new(class, catalog, key, columns, &self.references);
        rows::each(class, is_users, prepare, |places, row| {
            let oid = row.oid(places.oid);
            if places.internal.is_some_and(|column| row.boolean(column)) {
                self.left_out.insert((class, oid));
                return;
            }
            let name = places.key.digest(row, &[], names, buffer);
            let name = Names::of_member_if(self.left_out.contains(&(class, oid)), name);
            if catalog == "pg_enum" {
                names.add_label(oid, name);
            }
            names.add(class, oid, name);
            if places.schema.is_some_and(|column| !self.schemas.names.contains_key(&row.oid(column))) {
                self.left_out.insert((class, oid));
            }
            let object_in =
                |column: Option<usize>| column.map(|column| row.oid(column)).filter(|of| *of != 0);
            if let Some(on) = object_in(places.on) {
                self.on_relation.insert((class, oid), on);
            }
            if let Some(relation) = object_in(places.row_type_of) {
                self.row_types.insert(oid, relation);
            }
            if let Some(array) = object_in(places.array) {
                self.left_out.insert((class, array));
            }
            if let Some(parent) = object_in(places.cloned_from) {
                self.cloned_from.insert(oid, parent);
            }
            if places.constraint_kind.is_some_and(|column| row.character(column) == b'f') {
                self.foreign_keys.insert((class, oid));
            }
        });
    }

    /// The number of a catalog, if this server has it.
    pub fn class(&self, catalog: &str) -> Option<u32> {
        self.catalogs.get(catalog).copied()
    }

    /// Whether a schema is a user's, and not the one that this extension was put into.
    pub fn is_users_schema(&self, schema: u32) -> bool {
        let Schemas { names, own } = &self.schemas;
        names.contains_key(&schema) && (schema != *own || !is_users(schema))
    }

    /// The user's relation that has a constraint, or that has the one of which it is a clone.
    pub fn whole_of_constraint(&self, mut constraint: u32) -> Option<u32> {
        while let Some(parent) = self.cloned_from.get(&constraint) {
            constraint = *parent;
        }
        self.whole(self.relation_of((self.class("pg_constraint")?, constraint))?)
    }

    /// The relation to which a relation belongs: itself, or what it is a part of.
    pub fn whole(&self, relation: u32) -> Option<u32> {
        let Relations { all, part_of, .. } = &self.relations;
        let whole = part_of.get(&relation).copied().unwrap_or(relation);
        all.contains_key(&whole).then_some(whole)
    }

    /// The relation that an object is, is on, or is the row type of. It may be a part of another one, or no user's.
    pub fn relation_of(&self, object: (u32, u32)) -> Option<u32> {
        match object.0 {
            PG_CLASS => Some(object.1),
            PG_TYPE => self.row_types.get(&object.1).copied(),
            _ => self.on_relation.get(&object).copied(),
        }
    }
}

/// The places of the columns that say what a row is called and what it belongs to.
struct NamedPlaces {
    key: Contents,
    oid: usize,
    schema: Option<usize>,
    on: Option<usize>,
    internal: Option<usize>,
    row_type_of: Option<usize>,
    array: Option<usize>,
    constraint_kind: Option<usize>,
    cloned_from: Option<usize>,
}

impl NamedPlaces {
    fn new(class: u32, catalog: &str, key: &[&str], columns: &[Column], references: &References) -> Self {
        let on = PARTS.iter().find(|(name, _)| *name == catalog).map(|(_, column)| *column);
        NamedPlaces {
            key: Contents::new(class, catalog, Some(key), columns, references),
            oid: places(columns, ["oid"])[0],
            schema: key
                .first()
                .filter(|name| name.ends_with("namespace"))
                .and_then(|name| position(columns, name)),
            on: on.and_then(|name| position(columns, name)),
            internal: position(columns, "tgisinternal"),
            row_type_of: position(columns, "typrelid"),
            array: position(columns, "typarray"),
            constraint_kind: position(columns, "contype"),
            cloned_from: position(columns, "conparentid"),
        }
    }
}

impl Schemas {
    fn read(own: u32, names: &mut Names) -> Self {
        let mut of_users = FxHashMap::default();
        rows::each(
            PG_NAMESPACE,
            |_| true,
            |columns| places(columns, ["oid", "nspname"]),
            |[oid, name], row| {
                let (oid, name) = (row.oid(*oid), row.name(*name));
                names.add_schema(oid, Digest::of(name));
                let system = name.starts_with(b"pg_")
                    || matches!(name, b"information_schema" | b"nself" | b"nself_api");
                if !system {
                    of_users.insert(oid, String::from_utf8_lossy(name).into_owned());
                }
            },
        );
        Schemas { names: of_users, own }
    }
}

impl Relations {
    fn read(
        catalogs: &BTreeMap<String, u32>,
        schemas: &Schemas,
        left_out: &FxHashSet<(u32, u32)>,
        names: &mut Names,
    ) -> Self {
        let Relations { mut all, mut part_of, mut toasts, mut unknown } = Relations::default();
        if let Some(class) = catalogs.get("pg_index") {
            rows::each(
                *class,
                is_users,
                |columns| places(columns, ["indexrelid", "indrelid"]),
                |[index, table], row| {
                    part_of.insert(row.oid(*index), row.oid(*table));
                },
            );
        }
        const COLUMNS: [&str; 6] =
            ["oid", "relname", "relnamespace", "relkind", "relpersistence", "reltoastrelid"];
        rows::each(
            PG_CLASS,
            is_users,
            |columns| (places(columns, COLUMNS), Known::of("pg_class", columns)),
            |(place, known), row| {
                let [oid, name, schema, kind, persistence, toast] = *place;
                let (oid, schema, name) = (row.oid(oid), row.oid(schema), row.name(name));
                let is_member = left_out.contains(&(PG_CLASS, oid));
                names.add(PG_CLASS, oid, Names::of_member_if(is_member, names.in_schema(schema, name)));
                let Some(schema) = schemas.names.get(&schema) else { return };
                let kind = row.character(kind);
                let is_own = matches!(kind, b'r' | b'p' | b'f' | b'v' | b'm' | b'c' | b'S');
                if row.character(persistence) == b't' || is_member {
                    return;
                }
                count(&mut unknown, known.unknown(row));
                if !is_own {
                    return;
                }
                if row.oid(toast) != 0 {
                    toasts.insert(row.oid(toast), oid);
                }
                let identity = format!("{}.{}", quoted(schema), quoted(&String::from_utf8_lossy(name)));
                all.insert(oid, Relation { identity, kind });
            },
        );
        Relations { all, part_of, toasts, unknown }
    }
}

/// Who needs whom.
struct Dependencies {
    rows: Vec<Dependency>,
    /// What belongs to an extension, with all that belongs to that.
    left_out: FxHashSet<(u32, u32)>,
    privileges: Privileges,
    contents: Vec<((u32, u32), u32)>,
    held: FxHashMap<u32, Held>,
}

impl Dependencies {
    fn read(catalogs: &BTreeMap<String, u32>, this_extension: u32) -> Self {
        let mut dependencies = Dependencies {
            rows: Vec::new(),
            left_out: [(PG_EXTENSION, this_extension)].into_iter().collect(),
            privileges: Privileges::default(),
            contents: Vec::new(),
            held: FxHashMap::default(),
        };
        if let Some(class) = catalogs.get("pg_init_privs") {
            let held = dependencies.privileges.read_initial(*class);
            dependencies.held.insert(*class, held);
        }
        if let Some(class) = catalogs.get("pg_depend") {
            let triggers = catalogs.get("pg_trigger").copied().zip(catalogs.get("pg_constraint").copied());
            let held = dependencies.read_rows(*class, this_extension, triggers);
            dependencies.held.insert(*class, held);
            dependencies.leave_out_parts();
        }
        dependencies
    }

    /// `foreign_key_triggers` are two catalogs: that of triggers, which carry out foreign keys, and that of constraints.
    fn read_rows(
        &mut self,
        class: u32,
        this_extension: u32,
        foreign_key_triggers: Option<(u32, u32)>,
    ) -> Held {
        let owners = owners_of_extensions();
        const COLUMNS: [&str; 7] =
            ["classid", "objid", "objsubid", "refclassid", "refobjid", "refobjsubid", "deptype"];
        rows::each(
            class,
            |_| true,
            |columns| places(columns, COLUMNS),
            |place, row| {
                let [class, object, column, on_class, on, on_column, kind] = *place;
                let (object, kind) = ((row.oid(class), row.oid(object)), row.character(kind));
                if kind == b'e' {
                    self.left_out.insert(object);
                    if row.oid(on) != this_extension {
                        let owner = owners.get(&row.oid(on)).copied().unwrap_or_default();
                        self.privileges.members.insert(object, owner);
                        self.contents.push((object, row.oid(on)));
                    }
                    return;
                }
                // Most of all rows: the triggers that carry out a foreign key, and the schemas of relations.
                let between = (object.0, row.oid(on_class));
                let says_nothing = kind == b'i' && foreign_key_triggers == Some(between)
                    || kind == b'n' && between == (PG_CLASS, PG_NAMESPACE);
                if is_users(object.1) && !says_nothing {
                    self.rows.push(Dependency {
                        object,
                        column: row.number(column) as i16,
                        on: (row.oid(on_class), row.oid(on)),
                        on_column: row.number(on_column) as i16,
                        kind,
                    });
                }
            },
        )
    }

    /// Leaves out what belongs to something that is left out.
    fn leave_out_parts(&mut self) {
        loop {
            let before = self.left_out.len();
            for Dependency { object, on, kind, .. } in &self.rows {
                if matches!(kind, b'i' | b'a') && object.0 != PG_CLASS && self.left_out.contains(on) {
                    self.left_out.insert(*object);
                }
            }
            if self.left_out.len() == before {
                break;
            }
        }
    }
}

/// The numbers of this extension and of its schema; 0 where it is not there.
fn this_extension() -> Result<(u32, u32), Error> {
    let own: Option<(u32, u32)> = spi::read_json(
        "pg_extension",
        "SELECT (SELECT json_build_array(oid::int8, extnamespace::int8) FROM pg_extension \
                  WHERE extname = 'nself_heal')::text",
        &[],
    )?;
    Ok(own.unwrap_or_default())
}

fn owners_of_extensions() -> FxHashMap<u32, u32> {
    let mut owners = FxHashMap::default();
    rows::each(
        PG_EXTENSION,
        |_| true,
        |columns| places(columns, ["oid", "extowner"]),
        |[extension, owner], row| {
            owners.insert(row.oid(*extension), row.oid(*owner));
        },
    );
    owners
}

/// A name as SQL has it, in quotes where it needs them.
fn quoted(name: &str) -> String {
    let name = c_string(name);
    // SAFETY: the text that comes back is either `name` or one of the current memory context.
    unsafe { CStr::from_ptr(pg_sys::quote_identifier(name.as_ptr())) }.to_string_lossy().into_owned()
}
