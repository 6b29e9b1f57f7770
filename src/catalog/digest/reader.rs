//! Takes the rows of all catalogs into digests, one catalog after the other: first who is part of what and what everything
//! is called, then what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CStr;
use std::rc::Rc;

use nself_heal_core::digest::{Digest, Digests};
use pgrx::pg_sys;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::catalog::digest::catalogs::{
    self, DETAILS, ELSEWHERE, NAMED, PARTS, PG_CLASS, PG_NAMESPACE, PG_TYPE, SAY_NOTHING, SHARED,
};
use crate::catalog::digest::content::{Contents, References};
use crate::catalog::digest::known::{self, Known, count};
use crate::catalog::digest::members::Alterations;
use crate::catalog::digest::names::{Names, is_users};
use crate::catalog::digest::privileges::{self, Privileges};
use crate::catalog::digest::rows::{self, CatalogRow, Column, Held, places, position};
use crate::catalog::digest::{Digested, Versions};
use crate::error::Error;
use crate::server::session::c_string;
use crate::server::spi;

/// What rows say, and which versions of them said it.
#[derive(Clone, Copy, Default)]
struct Sum {
    digest: Digest,
    version: Digest,
}

impl Sum {
    fn of(row: &CatalogRow, digest: Digest) -> Self {
        Sum { digest, version: row.version() }
    }

    fn add(&mut self, other: Sum) {
        self.digest.add(other.digest);
        self.version.add(other.version);
    }
}

/// A relation of a user.
#[derive(Default)]
struct Relation {
    identity: String,
    kind: u8,
    sum: Sum,
    /// The relations of whose columns its texts speak.
    names: FxHashSet<u32>,
    inherits: FxHashSet<u32>,
    speaks_of: FxHashSet<u32>,
}

/// A row of pg_depend.
struct Dependency {
    object: (u32, u32),
    column: i16,
    on: (u32, u32),
    on_column: i16,
    kind: u8,
}

/// What has been read so far. An object is a number of its catalog and its own.
struct Reader {
    catalogs: Rc<BTreeMap<String, u32>>,
    references: Rc<References>,
    names: Names,
    /// The number of this extension.
    own: u32,
    /// The schema that it is in, if it can be one that was made for it.
    own_schema: u32,
    /// Those of users, by number.
    schemas: FxHashMap<u32, String>,
    dependencies: Vec<Dependency>,
    /// Parts of extensions, what is in no user's schema, and what the server makes along with something else.
    left_out: FxHashSet<(u32, u32)>,
    privileges: Privileges,
    relations: FxHashMap<u32, Relation>,
    /// The tables of indexes.
    part_of: FxHashMap<u32, u32>,
    /// The tables of TOAST tables. Nobody knows those by name, but they have options.
    toasts: FxHashMap<u32, u32>,
    /// The relations that constraints, triggers, rules, policies and the like are on.
    on_relation: FxHashMap<(u32, u32), u32>,
    /// The relations of row types.
    row_types: FxHashMap<u32, u32>,
    foreign_keys: FxHashSet<(u32, u32)>,
    rest: Sum,
    unknown: BTreeMap<String, u64>,
    held: FxHashMap<u32, Held>,
    /// The catalogs from which something was taken.
    taken_from: BTreeSet<String>,
    rest_names: FxHashSet<u32>,
    rest_speaks_of: FxHashSet<u32>,
    buffer: Vec<u8>,
}

/// Reads the digests of this database, at the moment that is in force.
pub fn read() -> Result<Digested, Error> {
    let mut reader = Reader::new()?;
    reader.name_schemas();
    reader.read_dependencies();
    reader.read_relations();
    for (catalog, key) in NAMED {
        reader.name_all(catalog, key);
    }
    for (catalog, relation) in PARTS {
        reader.take_parts(catalog, relation);
    }
    reader.take_rest();
    reader.take_dependencies();
    reader.take_comments();
    Ok(reader.digested())
}

impl Reader {
    fn new() -> Result<Self, Error> {
        let own: Option<(u32, u32)> = spi::read_json(
            "pg_extension",
            "SELECT (SELECT json_build_array(oid::int8, extnamespace::int8) FROM pg_extension \
                      WHERE extname = 'nself_heal')::text",
            &[],
        )?;
        let (extension, schema) = own.unwrap_or_default();
        Ok(Reader {
            own: extension,
            own_schema: schema,
            left_out: [(pg_sys::ExtensionRelationId.to_u32(), extension)].into_iter().collect(),
            privileges: Privileges::default(),
            catalogs: catalogs::by_name()?,
            references: References::of_this_server()?,
            names: Names::default(),
            schemas: FxHashMap::default(),
            dependencies: Vec::new(),
            relations: FxHashMap::default(),
            part_of: FxHashMap::default(),
            toasts: FxHashMap::default(),
            on_relation: FxHashMap::default(),
            row_types: FxHashMap::default(),
            foreign_keys: FxHashSet::default(),
            rest: Sum::default(),
            unknown: BTreeMap::new(),
            held: FxHashMap::default(),
            taken_from: BTreeSet::new(),
            rest_names: FxHashSet::default(),
            rest_speaks_of: FxHashSet::default(),
            buffer: Vec::new(),
        })
    }

    /// The number of a catalog, if this server has it.
    fn class(&self, catalog: &str) -> Option<u32> {
        self.catalogs.get(catalog).copied()
    }

    /// The relation to which a relation belongs: itself, or what it is a part of.
    fn whole(&self, relation: u32) -> Option<u32> {
        let whole = self.part_of.get(&relation).copied().unwrap_or(relation);
        self.relations.contains_key(&whole).then_some(whole)
    }

    /// Takes in rows of a catalog, each with the relation that it belongs to, or for the rest.
    fn take(&mut self, catalog: &str, rows: Vec<(Option<u32>, Sum)>) {
        if !rows.is_empty() {
            self.taken_from.insert(catalog.to_owned());
        }
        for (relation, sum) in rows {
            self.add(relation, sum);
        }
    }

    fn add(&mut self, relation: Option<u32>, sum: Sum) {
        match relation {
            None => self.rest.add(sum),
            Some(relation) => {
                if let Some(relation) = self.relations.get_mut(&relation) {
                    relation.sum.add(sum);
                }
            }
        }
    }

    fn name_schemas(&mut self) {
        let (names, schemas) = (&mut self.names, &mut self.schemas);
        rows::each(
            PG_NAMESPACE,
            |_| true,
            |columns| places(columns, ["oid", "nspname"]),
            |[oid, name], row| {
                let (oid, name) = (row.oid(*oid), row.name(*name));
                names.add_schema(oid, Digest::of(name));
                let system = name.starts_with(b"pg_") || matches!(name, b"information_schema" | b"nself");
                if !system {
                    schemas.insert(oid, String::from_utf8_lossy(name).into_owned());
                }
            },
        );
    }

    /// Reads who needs whom, and leaves out what belongs to an extension, with all that belongs to that.
    fn read_dependencies(&mut self) {
        if let Some(class) = self.class("pg_init_privs") {
            let held = self.privileges.read_initial(class);
            self.held.insert(class, held);
        }
        let Some(class) = self.class("pg_depend") else { return };
        let foreign_key_triggers = self.class("pg_trigger").zip(self.class("pg_constraint"));
        let (dependencies, left_out) = (&mut self.dependencies, &mut self.left_out);
        let (own, members) = (self.own, &mut self.privileges.members);
        let mut owners: FxHashMap<u32, u32> = FxHashMap::default();
        rows::each(
            pg_sys::ExtensionRelationId.to_u32(),
            |_| true,
            |columns| places(columns, ["oid", "extowner"]),
            |[extension, owner], row| {
                owners.insert(row.oid(*extension), row.oid(*owner));
            },
        );
        const COLUMNS: [&str; 7] =
            ["classid", "objid", "objsubid", "refclassid", "refobjid", "refobjsubid", "deptype"];
        let held = rows::each(
            class,
            |_| true,
            |columns| places(columns, COLUMNS),
            |place, row| {
                let [class, object, column, on_class, on, on_column, kind] = *place;
                let (object, kind) = ((row.oid(class), row.oid(object)), row.character(kind));
                if kind == b'e' {
                    left_out.insert(object);
                    if row.oid(on) != own {
                        members.insert(object, owners.get(&row.oid(on)).copied().unwrap_or_default());
                    }
                    return;
                }
                // Most of all rows: the triggers that carry out a foreign key, and the schemas of relations.
                let between = (object.0, row.oid(on_class));
                let says_nothing = kind == b'i' && foreign_key_triggers == Some(between)
                    || kind == b'n' && between == (PG_CLASS, PG_NAMESPACE);
                if is_users(object.1) && !says_nothing {
                    dependencies.push(Dependency {
                        object,
                        column: row.number(column) as i16,
                        on: (row.oid(on_class), row.oid(on)),
                        on_column: row.number(on_column) as i16,
                        kind,
                    });
                }
            },
        );
        self.held.insert(class, held);
        loop {
            let before = left_out.len();
            for Dependency { object, on, kind, .. } in dependencies.iter() {
                if matches!(kind, b'i' | b'a') && object.0 != PG_CLASS && left_out.contains(on) {
                    left_out.insert(*object);
                }
            }
            if left_out.len() == before {
                break;
            }
        }
    }

    fn read_relations(&mut self) {
        if let Some(class) = self.class("pg_index") {
            let part_of = &mut self.part_of;
            rows::each(
                class,
                is_users,
                |columns| places(columns, ["indexrelid", "indrelid"]),
                |[index, table], row| {
                    part_of.insert(row.oid(*index), row.oid(*table));
                },
            );
        }
        const COLUMNS: [&str; 6] =
            ["oid", "relname", "relnamespace", "relkind", "relpersistence", "reltoastrelid"];
        let Self { names, schemas, left_out, relations, toasts, unknown, .. } = self;
        rows::each(
            PG_CLASS,
            is_users,
            |columns| (places(columns, COLUMNS), Known::of("pg_class", columns)),
            |(place, known), row| {
                let [oid, name, schema, kind, persistence, toast] = *place;
                let (oid, schema, name) = (row.oid(oid), row.oid(schema), row.name(name));
                let is_member = left_out.contains(&(PG_CLASS, oid));
                names.add(PG_CLASS, oid, Names::of_member_if(is_member, names.in_schema(schema, name)));
                let Some(schema) = schemas.get(&schema) else { return };
                let is_own = matches!(row.character(kind), b'r' | b'p' | b'f' | b'v' | b'm' | b'c' | b'S');
                if row.character(persistence) == b't' || is_member {
                    return;
                }
                count(unknown, known.unknown(row));
                if !is_own {
                    return;
                }
                if row.oid(toast) != 0 {
                    toasts.insert(row.oid(toast), oid);
                }
                let identity = format!("{}.{}", quoted(schema), quoted(&String::from_utf8_lossy(name)));
                let kind = row.character(kind);
                relations.insert(oid, Relation { identity, kind, ..Relation::default() });
            },
        );
    }

    /// Names the rows of a catalog.
    fn name_all(&mut self, catalog: &str, key: &[&str]) {
        let Some(class) = self.class(catalog) else { return };
        let on = PARTS.iter().find(|(name, _)| *name == catalog).map(|(_, column)| *column);
        let Self {
            names, references, schemas, left_out, on_relation, row_types, foreign_keys, buffer, ..
        } = self;
        struct Places {
            contents: Contents,
            oid: usize,
            schema: Option<usize>,
            on: Option<usize>,
            internal: Option<usize>,
            row_type_of: Option<usize>,
            array: Option<usize>,
            constraint_kind: Option<usize>,
        }
        let prepare = |columns: &[Column]| Places {
            contents: Contents::new(class, catalog, Some(key), columns, references),
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
        };
        let held = rows::each(class, is_users, prepare, |places, row| {
            let oid = row.oid(places.oid);
            if places.internal.is_some_and(|column| row.boolean(column)) {
                left_out.insert((class, oid));
                return;
            }
            let name = places.contents.digest(row, &[], names, buffer);
            let name = Names::of_member_if(left_out.contains(&(class, oid)), name);
            if catalog == "pg_enum" {
                names.add_label(oid, name);
            }
            names.add(class, oid, name);
            if places.schema.is_some_and(|column| !schemas.contains_key(&row.oid(column))) {
                left_out.insert((class, oid));
            }
            if let Some(on) = places.on.map(|column| row.oid(column)).filter(|on| *on != 0) {
                on_relation.insert((class, oid), on);
            }
            if let Some(relation) = places.row_type_of.map(|column| row.oid(column)).filter(|of| *of != 0) {
                row_types.insert(oid, relation);
            }
            if let Some(array) = places.array.map(|column| row.oid(column)).filter(|array| *array != 0) {
                left_out.insert((class, array));
            }
            if places.constraint_kind.is_some_and(|column| row.character(column) == b'f') {
                foreign_keys.insert((class, oid));
            }
        });
        self.held.insert(class, held);
    }

    /// Takes in the rows of a catalog that are parts of relations. Columns get their names along the way, and defaults their
    /// relations: whoever speaks of them comes later.
    fn take_parts(&mut self, catalog: &str, relation: &str) {
        let Some(class) = self.class(catalog) else { return };
        let mut taken: Vec<(Option<u32>, Sum)> = Vec::new();
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut unknown = std::mem::take(&mut self.unknown);
        let mut names = std::mem::take(&mut self.names);
        let mut on_relation = std::mem::take(&mut self.on_relation);
        struct Places {
            contents: Contents,
            /// Kinds of relations were looked at before.
            known: Option<Known>,
            relation: usize,
            /// Whether the row is one of a dropped column, or of a trigger that carries out a foreign key.
            skipped: Option<usize>,
            column: Option<[usize; 2]>,
            default: Option<usize>,
            options: Option<usize>,
            domain: Option<usize>,
            privileges: Option<usize>,
            alterations: Option<Alterations>,
        }
        let prepare = |columns: &[Column]| Places {
            contents: Contents::new(class, catalog, None, columns, &self.references),
            known: (class != PG_CLASS).then(|| Known::of(catalog, columns)),
            relation: places(columns, [relation])[0],
            skipped: position(columns, "tgisinternal").or_else(|| position(columns, "attisdropped")),
            column: (catalog == "pg_attribute").then(|| places(columns, ["attnum", "attname"])),
            default: (catalog == "pg_attrdef").then(|| places(columns, ["oid"])[0]),
            options: position(columns, "reloptions"),
            domain: position(columns, "contypid"),
            privileges: privileges::column(catalog, columns),
            alterations: (class == PG_CLASS)
                .then(|| Alterations::new(class, catalog, columns, &self.references)),
        };
        let has_privileges = privileges::are_in(catalog);
        let wanted = |first: u32| has_privileges || is_users(first);
        // Rows of one relation mostly lie together.
        let mut last: (u32, Option<u32>, Digest) = (0, None, Digest::default());
        let held = rows::each(class, wanted, prepare, |places, row| {
            let column = places.column.map(|[number, name]| (row.number(number) as i16, row.name(name)));
            if places.skipped.is_some_and(|column| row.boolean(column))
                || column.is_some_and(|(number, _)| number <= 0)
            {
                return;
            }
            let of = row.oid(places.relation);
            let number = column.map_or(0, |(number, _)| number);
            let not_initial = |names: &Names| {
                let digest =
                    self.privileges.digest((PG_CLASS, of), number, row, places.privileges?, names)?;
                Some((None, Sum::of(row, digest)))
            };
            if has_privileges && !is_users(of) {
                taken.extend(not_initial(&names));
                return;
            }
            if let (Some(options), Some(table)) = (places.options, self.toasts.get(&of)) {
                if !row.is_null(options) {
                    taken.push((Some(*table), Sum::of(row, Digest::of(row.bytes(options)))));
                }
                return;
            }
            if last.0 != of {
                last = (of, self.whole(of), names.object(PG_CLASS, of));
            }
            // Nobody speaks of the columns of an index.
            let own = last.1.is_none_or(|whole| whole == of);
            if let Some((number, name)) = column.filter(|_| own) {
                names.add_column(of, last.2, number, name);
            }
            taken.extend(not_initial(&names));
            if let Some(alterations) = &places.alterations
                && let Some(creator) = self.privileges.members.get(&(class, of))
            {
                let digest = alterations.digest(row, last.2, *creator, &names, &mut buffer);
                taken.extend(digest.map(|digest| (None, Sum::of(row, digest))));
            }
            if let Some(default) = places.default {
                on_relation.insert((class, row.oid(default)), of);
            }
            let Some(whole) = last.1 else {
                // The constraint of a domain.
                let domain = places.domain.map(|column| row.oid(column)).filter(|_| of == 0);
                if domain.is_some_and(|domain| !self.left_out.contains(&(PG_TYPE, domain))) {
                    let digest = places.contents.digest(row, &[], &names, &mut buffer);
                    taken.push((None, Sum::of(row, digest)));
                    count(&mut unknown, places.known.as_ref().and_then(|known| known.unknown(row)));
                }
                return;
            };
            count(&mut unknown, places.known.as_ref().and_then(|known| known.unknown(row)));
            let about = if class == PG_CLASS { Digest::default() } else { last.2 };
            let one = Sum::of(row, places.contents.digest(row, &[about], &names, &mut buffer));
            match taken.last_mut() {
                Some((Some(relation), sum)) if *relation == whole => sum.add(one),
                _ => taken.push((Some(whole), one)),
            }
        });
        self.held.insert(class, held);
        self.names = names;
        self.on_relation = on_relation;
        self.buffer = buffer;
        self.unknown = unknown;
        self.take(catalog, taken);
    }

    /// Takes in what hangs on no relation.
    fn take_rest(&mut self) {
        let parts = PARTS.map(|(name, _)| name);
        let elsewhere =
            |name: &str| [&ELSEWHERE[..], &SAY_NOTHING, &parts].iter().any(|names| names.contains(&name));
        let catalogs = self.catalogs.clone();
        for (catalog, class) in catalogs.iter().filter(|(name, _)| !elsewhere(name)) {
            self.take_all(catalog, *class);
        }
    }

    fn take_all(&mut self, catalog: &str, class: u32) {
        let detail = DETAILS.iter().find(|(name, ..)| *name == catalog);
        let of_class = detail.and_then(|(_, of, _)| self.class(of)).unwrap_or(class);
        let mut taken: Vec<(Option<u32>, Sum)> = Vec::new();
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut unknown = std::mem::take(&mut self.unknown);
        let prepare = |columns: &[Column]| {
            let object = detail.map_or("oid", |(_, _, column)| *column);
            let contents = Contents::new(class, catalog, None, columns, &self.references);
            let privileges = privileges::column(catalog, columns);
            let alterations = Alterations::new(class, catalog, columns, &self.references);
            (contents, position(columns, object), Known::of(catalog, columns), privileges, alterations)
        };
        let has_privileges = privileges::are_in(catalog);
        let wanted = |first: u32| has_privileges || is_users(first);
        let held = rows::each(class, wanted, prepare, |places, row| {
            let (contents, object, known, privileges, alterations) = places;
            let object = object.map_or(0, |column| row.oid(column));
            let not_initial = privileges
                .and_then(|column| self.privileges.digest((class, object), 0, row, column, &self.names));
            taken.extend(not_initial.map(|digest| (None, Sum::of(row, digest))));
            if !is_users(object) && class != PG_NAMESPACE && has_privileges {
                return;
            }
            if let Some(creator) = self.privileges.members.get(&(class, object)) {
                let name = self.names.object(class, object);
                let digest = alterations.digest(row, name, *creator, &self.names, &mut buffer);
                taken.extend(digest.map(|digest| (None, Sum::of(row, digest))));
            }
            let is_left_out = self.left_out.contains(&(of_class, object))
                || class == PG_NAMESPACE && !self.is_of_users(object);
            if is_left_out {
                return;
            }
            // The row type of a relation is a part of that.
            let of = if class == PG_TYPE { self.row_types.get(&object) } else { None };
            let whole = of.map(|relation| self.whole(*relation));
            if whole == Some(None) {
                return;
            }
            count(&mut unknown, known.unknown(row));
            let digest = contents.digest(row, &[], &self.names, &mut buffer);
            taken.push((whole.flatten(), Sum::of(row, digest)));
        });
        self.held.insert(class, held);
        self.buffer = buffer;
        self.unknown = unknown;
        self.take(catalog, taken);
    }

    /// The relation that an object is, is on, or is the row type of.
    fn relation_of(&self, object: (u32, u32)) -> Option<u32> {
        let relation = match object.0 {
            PG_CLASS => object.1,
            PG_TYPE => *self.row_types.get(&object.1)?,
            _ => *self.on_relation.get(&object)?,
        };
        self.whole(relation)
    }

    /// Takes in what belongs to whom by the word of pg_depend alone, and notes whose texts speak of whose columns.
    fn take_dependencies(&mut self) {
        // Rows that lie together are about one object, and speak of one.
        let mut last = [((0, 0), None); 2];
        let queries = ["pg_rewrite", "pg_policy"].map(|catalog| self.class(catalog));
        let known: FxHashSet<u32> = known::OF_OBJECTS.iter().filter_map(|name| self.class(name)).collect();
        let mut strange: FxHashSet<(u32, u32)> = FxHashSet::default();
        for dependency in std::mem::take(&mut self.dependencies) {
            let Dependency { object, column, on, on_column, kind } = dependency;
            for (last, object) in last.iter_mut().zip([object, on]) {
                if last.0 != object {
                    *last = (object, self.relation_of(object));
                }
            }
            let [(_, own), (_, other)] = last;
            if own.is_none() && (object.0 == PG_CLASS || self.on_relation.contains_key(&object)) {
                continue;
            }
            if !known.contains(&object.0) {
                strange.insert(object);
            }
            let is_query = queries.contains(&Some(object.0));
            // A sequence of a column, a part of an index, what an extension takes along; a column in a query.
            if kind == b'x' || object.0 == PG_CLASS && kind != b'n' || is_query && on_column > 0 {
                let mut bytes = vec![kind];
                for (of, column) in [(object, column), (on, on_column)] {
                    bytes.extend_from_slice(&self.names.object(of.0, of.1).0.to_ne_bytes());
                    bytes.extend_from_slice(&self.names.column(of.1, column).0.to_ne_bytes());
                }
                // What it says changes together with the rows that it is about.
                let sum = Sum { digest: Digest::of(&bytes), version: Digest::default() };
                if own.is_some() || !self.left_out.contains(&object) {
                    self.add(own, sum);
                }
            }
            self.note_speaker(own, other, &dependency);
        }
        for (class, _) in strange {
            let catalog = self.catalogs.iter().find(|(_, number)| **number == class);
            count(
                &mut self.unknown,
                Some(format!("object of {}", catalog.map_or("no catalog", |(name, _)| name))),
            );
        }
    }

    /// Notes who has to be looked at together with whom. `own` and `other` are the relations of an object and of what it
    /// depends on.
    fn note_speaker(&mut self, own: Option<u32>, other: Option<u32>, dependency: &Dependency) {
        let Dependency { object, on, on_column, kind, .. } = *dependency;
        let Some(other) = other.filter(|other| own != Some(*other)) else { return };
        let is_relation = object.0 == PG_CLASS;
        let Some(own) = own else {
            if self.left_out.contains(&object) {
                return;
            }
            if object.0 != PG_TYPE {
                self.rest_names.insert(other);
            }
            self.rest_speaks_of.insert(other);
            return;
        };
        // A table's text names the sequences of its identity columns.
        if kind == b'i'
            && is_relation
            && let Some(table) = self.relations.get_mut(&other)
        {
            table.names.insert(own);
        }
        let is_foreign_key = self.foreign_keys.contains(&object);
        let Some(relation) = self.relations.get_mut(&own) else { return };
        if is_relation && on.0 == PG_CLASS && on_column == 0 {
            relation.inherits.insert(other);
        } else {
            relation.speaks_of.insert(other);
        }
        if !is_relation && !is_foreign_key {
            relation.names.insert(other);
        }
    }

    /// Whether a schema is a user's, and not the one that this extension was put into.
    fn is_of_users(&self, schema: u32) -> bool {
        self.schemas.contains_key(&schema) && (schema != self.own_schema || !is_users(schema))
    }

    fn take_comments(&mut self) {
        let Some(class) = self.class("pg_description") else { return };
        let mut taken: Vec<(Option<u32>, Sum)> = Vec::new();
        let mut buffer = std::mem::take(&mut self.buffer);
        let prepare = |columns: &[Column]| {
            let contents = Contents::new(class, "pg_description", None, columns, &self.references);
            (contents, places(columns, ["classoid", "objoid", "objsubid", "description"]))
        };
        let held = rows::each(
            class,
            |_| true,
            prepare,
            |(contents, [of_class, object, column, text]), row| {
                let (object, column) = ((row.oid(*of_class), row.oid(*object)), row.number(*column) as i16);
                let whole = self.relation_of(object);
                let is_schemas = object.0 == PG_NAMESPACE && self.is_of_users(object.1);
                let is_wanted = match whole {
                    Some(_) => true,
                    None if self.privileges.members.contains_key(&object) => is_users(object.1),
                    // Every database has it.
                    None if is_schemas => row.bytes(*text) != b"standard public schema",
                    None => {
                        is_users(object.1)
                            && !matches!(object.0, PG_CLASS | PG_NAMESPACE)
                            && !self.on_relation.contains_key(&object)
                            && !self.left_out.contains(&object)
                    }
                };
                if is_wanted {
                    let about = [self.names.object(object.0, object.1), self.names.column(object.1, column)];
                    let digest = contents.digest(row, &about, &self.names, &mut buffer);
                    taken.push((whole, Sum::of(row, digest)));
                }
            },
        );
        self.held.insert(class, held);
        self.take("pg_description", taken);
    }

    fn digested(mut self) -> Digested {
        let says_something = |name: &&String| !SAY_NOTHING.contains(&name.as_str());
        let here = self.catalogs.iter().filter(|(name, _)| says_something(name)).map(|(_, class)| *class);
        for catalog in here.chain(SHARED) {
            self.held.entry(catalog).or_insert_with(|| rows::held(catalog));
        }
        let mut held: Vec<(u32, Held)> = self.held.into_iter().collect();
        held.sort_by_key(|(_, held)| held.rows);
        let mut relations: Vec<(u32, Relation)> = self.relations.into_iter().collect();
        relations.sort_by(|(_, a), (_, b)| a.identity.cmp(&b.identity));
        let places: FxHashMap<u32, u32> =
            relations.iter().enumerate().map(|(place, (oid, _))| (*oid, place as u32)).collect();
        let sorted = |oids: &FxHashSet<u32>| {
            let mut found: Vec<u32> = oids.iter().filter_map(|oid| places.get(oid)).copied().collect();
            found.sort();
            found
        };
        let pairs = |of: fn(&Relation) -> &FxHashSet<u32>| -> Vec<(u32, u32)> {
            let of_one = |(place, (_, relation)): (usize, &(u32, Relation))| {
                sorted(of(relation)).into_iter().map(move |other| (place as u32, other))
            };
            relations.iter().enumerate().flat_map(of_one).collect()
        };
        let mut named_by: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (speaker, named) in pairs(|relation| &relation.names) {
            named_by.entry(named).or_default().push(speaker);
        }
        Digested {
            held: Versions(held),
            unknown: self.unknown,
            catalogs: self.taken_from,
            named_by,
            named_by_rest: sorted(&self.rest_names).into_iter().collect(),
            oids: relations.iter().map(|(oid, relation)| ((*oid).into(), relation.kind)).collect(),
            versions: relations.iter().map(|(_, relation)| relation.sum.version).collect(),
            rest_version: self.rest.version,
            digests: Digests {
                rest: self.rest.digest,
                inherits: pairs(|relation| &relation.inherits),
                speaks_of: pairs(|relation| &relation.speaks_of),
                rest_speaks_of: sorted(&self.rest_speaks_of),
                relations: relations.into_iter().map(|(_, of)| (of.identity, of.sum.digest)).collect(),
            },
        }
    }
}

/// A name as SQL has it, in quotes where it needs them.
fn quoted(name: &str) -> String {
    let name = c_string(name);
    // SAFETY: the text that comes back is either `name` or one of the current memory context.
    unsafe { CStr::from_ptr(pg_sys::quote_identifier(name.as_ptr())) }.to_string_lossy().into_owned()
}
