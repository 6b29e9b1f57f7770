//! Takes the rows of all catalogs into digests, one catalog after the other.

use nself_heal_core::digest::Digest;
use pgrx::pg_sys;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::catalog::digest::Digested;
use crate::catalog::digest::catalogs::{
    DETAILS, ELSEWHERE, PARTS, PG_CLASS, PG_NAMESPACE, PG_TYPE, SAY_NOTHING,
};
use crate::catalog::digest::content::{Contents, References};
use crate::catalog::digest::known::{self, Known, count};
use crate::catalog::digest::members::Alterations;
use crate::catalog::digest::membership::{Dependency, Membership};
use crate::catalog::digest::names::{Names, is_users};
use crate::catalog::digest::privileges;
use crate::catalog::digest::rows::{self, CatalogRow, Column, places, position};
use crate::catalog::digest::switched::SwitchedPlaces;
use crate::catalog::digest::taken::{Sum, Taken};
use crate::error::Error;

/// Reads the digests of this database, at the moment that is in force.
pub fn read() -> Result<Digested, Error> {
    let (membership, names) = Membership::read()?;
    let mut reader = Reader::of_parts(&membership, names);
    reader.take_rest();
    reader.take_dependencies();
    reader.take_comments();
    let taken = reader.taken;
    Ok(taken.digested(membership))
}

/// Reads what the rows of the catalogs say. A reader begins with the parts of relations: all other rows may speak of columns
/// and of defaults. After those, the catalogs may be taken in any order.
struct Reader<'a> {
    membership: &'a Membership,
    names: Names,
    /// The relations of defaults.
    defaults: FxHashMap<(u32, u32), u32>,
    taken: Taken,
    buffer: Vec<u8>,
}

impl<'a> Reader<'a> {
    /// A reader that has taken in the parts of relations, and so knows all columns and defaults.
    fn of_parts(membership: &'a Membership, names: Names) -> Self {
        let mut reader = Reader {
            membership,
            names,
            defaults: FxHashMap::default(),
            taken: Taken::default(),
            buffer: Vec::new(),
        };
        for (catalog, relation) in PARTS {
            reader.take_parts(catalog, relation);
        }
        reader
    }

    /// Takes in the rows of a catalog that are parts of relations. Along the way, columns get their names, and defaults their
    /// relations.
    fn take_parts(&mut self, catalog: &str, relation: &str) {
        let Self { membership, names, defaults, taken, buffer } = self;
        let Some(class) = membership.class(catalog) else { return };
        let mut sums: Vec<(Option<u32>, Sum)> = Vec::new();
        let has_privileges = privileges::are_in(catalog);
        let wanted = |first: u32| has_privileges || is_users(first);
        let prepare =
            |columns: &[Column]| PartPlaces::new(class, catalog, relation, columns, &membership.references);
        // Rows of one relation mostly lie together.
        let mut last: (u32, Option<u32>, Digest) = (0, None, Digest::default());
        let held = rows::each(class, wanted, prepare, |places, row| {
            let column = places.column.map(|[number, name]| (row.number(number) as i16, row.name(name)));
            let switched = places.switched.as_ref();
            sums.extend(switched.and_then(|places| places.sum(row, membership, names, buffer)));
            if places.skipped.is_some_and(|column| row.boolean(column))
                || column.is_some_and(|(number, _)| number <= 0)
            {
                return;
            }
            let of = row.oid(places.relation);
            let number = column.map_or(0, |(number, _)| number);
            if has_privileges && !is_users(of) {
                sums.extend(places.not_initial(row, of, number, membership, names));
                return;
            }
            if let (Some(options), Some(table)) = (places.options, membership.relations.toasts.get(&of)) {
                if !row.is_null(options) {
                    sums.push((Some(*table), Sum::of(row, Digest::of(row.bytes(options)))));
                }
                return;
            }
            if last.0 != of {
                last = (of, membership.whole(of), names.object(PG_CLASS, of));
            }
            let (_, whole, name) = last;
            // Nobody speaks of the columns of an index.
            let own = whole.is_none_or(|whole| whole == of);
            if let Some((number, column)) = column.filter(|_| own) {
                names.add_column(of, name, number, column);
            }
            sums.extend(places.not_initial(row, of, number, membership, names));
            sums.extend(places.altered(row, of, name, membership, names, buffer));
            if let Some(default) = places.default {
                defaults.insert((class, row.oid(default)), of);
            }
            if whole.is_none() && !(of == 0 && places.is_on_domain(row, membership)) {
                return;
            }
            count(&mut taken.unknown, places.known.as_ref().and_then(|known| known.unknown(row)));
            let about = [if class == PG_CLASS { Digest::default() } else { name }];
            let about = if whole.is_some() { &about[..] } else { &[] };
            let one = Sum::of(row, places.contents.digest(row, about, names, buffer));
            match sums.last_mut() {
                Some((relation, sum)) if *relation == whole => sum.add(one),
                _ => sums.push((whole, one)),
            }
        });
        taken.held.insert(class, held);
        taken.add_rows(catalog, sums);
    }

    /// Takes in what hangs on no relation.
    fn take_rest(&mut self) {
        let parts = PARTS.map(|(name, _)| name);
        let elsewhere =
            |name: &str| [&ELSEWHERE[..], &SAY_NOTHING, &parts].iter().any(|names| names.contains(&name));
        for (catalog, class) in self.membership.catalogs.iter().filter(|(name, _)| !elsewhere(name)) {
            self.take_all(catalog, *class);
        }
    }

    fn take_all(&mut self, catalog: &str, class: u32) {
        let Self { membership, names, taken, buffer, .. } = self;
        let detail = DETAILS.iter().find(|(name, ..)| *name == catalog);
        let of_class = detail.and_then(|(_, of, _)| membership.class(of)).unwrap_or(class);
        let mut sums: Vec<(Option<u32>, Sum)> = Vec::new();
        let prepare = |columns: &[Column]| {
            let object = detail.map_or("oid", |(_, _, column)| *column);
            let contents = Contents::new(class, catalog, None, columns, &membership.references);
            let privileges = privileges::column(catalog, columns);
            let alterations = Alterations::new(class, catalog, columns, &membership.references);
            (contents, position(columns, object), Known::of(catalog, columns), privileges, alterations)
        };
        let has_privileges = privileges::are_in(catalog);
        let wanted = |first: u32| has_privileges || is_users(first);
        let held = rows::each(class, wanted, prepare, |places, row| {
            let (contents, object, known, privileges, alterations) = places;
            let object = object.map_or(0, |column| row.oid(column));
            let not_initial = privileges
                .and_then(|column| membership.privileges.digest((class, object), 0, row, column, names));
            sums.extend(not_initial.map(|digest| (None, Sum::of(row, digest))));
            if !is_users(object) && class != PG_NAMESPACE && has_privileges {
                return;
            }
            if let Some(creator) = membership.privileges.members.get(&(class, object)) {
                let name = names.object(class, object);
                let digest = alterations.digest(row, name, *creator, names, buffer);
                sums.extend(digest.map(|digest| (None, Sum::of(row, digest))));
            }
            let is_left_out = membership.left_out.contains(&(of_class, object))
                || class == PG_NAMESPACE && !membership.is_users_schema(object);
            if is_left_out {
                return;
            }
            // The row type of a relation is a part of that.
            let of = if class == PG_TYPE { membership.relation_of((class, object)) } else { None };
            let whole = of.map(|relation| membership.whole(relation));
            if whole == Some(None) {
                return;
            }
            count(&mut taken.unknown, known.unknown(row));
            let digest = contents.digest(row, &[], names, buffer);
            sums.push((whole.flatten(), Sum::of(row, digest)));
        });
        taken.held.insert(class, held);
        taken.add_rows(catalog, sums);
    }

    /// The relation that an object is, is on, or is the row type of. It may be a part of another one, or no user's.
    fn relation_of(&self, object: (u32, u32)) -> Option<u32> {
        self.membership.relation_of(object).or_else(|| self.defaults.get(&object).copied())
    }

    /// The user's relation to which an object belongs.
    fn whole_of(&self, object: (u32, u32)) -> Option<u32> {
        self.membership.whole(self.relation_of(object)?)
    }

    /// Whether an object is a relation or on one, even on one that is no user's.
    fn is_part(&self, object: (u32, u32)) -> bool {
        object.0 != PG_TYPE && self.relation_of(object).is_some()
    }

    /// Takes in what belongs to whom by the word of pg_depend alone, and notes whose texts speak of whose columns.
    fn take_dependencies(&mut self) {
        let membership = self.membership;
        // Rows that lie together are about one object, and speak of one.
        let mut last = [((0, 0), None); 2];
        let queries = ["pg_rewrite", "pg_policy"].map(|catalog| membership.class(catalog));
        let known: FxHashSet<u32> =
            known::OF_OBJECTS.iter().filter_map(|name| membership.class(name)).collect();
        let mut strange: FxHashSet<(u32, u32)> = FxHashSet::default();
        for dependency in &membership.dependencies {
            let Dependency { object, column, on, on_column, kind } = *dependency;
            for (last, object) in last.iter_mut().zip([object, on]) {
                if last.0 != object {
                    *last = (object, self.whole_of(object));
                }
            }
            let [(_, own), (_, other)] = last;
            if own.is_none() && self.is_part(object) {
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
                if own.is_some() || !membership.left_out.contains(&object) {
                    self.taken.add(own, Sum::without_version(Digest::of(&bytes)));
                }
            }
            self.taken.note_speaker(own, other, dependency, membership);
        }
        self.take_members();
        for (class, _) in strange {
            let catalog = membership.catalogs.iter().find(|(_, number)| **number == class);
            let counted_as = format!("object of {}", catalog.map_or("no catalog", |(name, _)| name));
            count(&mut self.taken.unknown, Some(counted_as));
        }
    }

    /// Takes in who is a member of which extension.
    fn take_members(&mut self) {
        for ((class, object), extension) in &self.membership.contents {
            let extension = self.names.object(pg_sys::ExtensionRelationId.to_u32(), *extension);
            let names = [self.names.object(*class, *object), extension];
            let bytes: Vec<u8> = [b"e".to_vec()]
                .into_iter()
                .chain(names.map(|name| name.0.to_ne_bytes().to_vec()))
                .flatten()
                .collect();
            self.taken.add(None, Sum::without_version(Digest::of(&bytes)));
        }
    }

    fn take_comments(&mut self) {
        let membership = self.membership;
        let Some(class) = membership.class("pg_description") else { return };
        let mut sums: Vec<(Option<u32>, Sum)> = Vec::new();
        let mut buffer = Vec::new();
        let prepare = |columns: &[Column]| {
            let contents = Contents::new(class, "pg_description", None, columns, &membership.references);
            (contents, places(columns, ["classoid", "objoid", "objsubid", "description"]))
        };
        let held = rows::each(
            class,
            |_| true,
            prepare,
            |(contents, [of_class, object, column, text]), row| {
                let (object, column) = ((row.oid(*of_class), row.oid(*object)), row.number(*column) as i16);
                let whole = self.whole_of(object);
                let is_schemas = object.0 == PG_NAMESPACE && membership.is_users_schema(object.1);
                let is_wanted = match whole {
                    Some(_) => true,
                    None if membership.privileges.members.contains_key(&object) => is_users(object.1),
                    // Every database has it.
                    None if is_schemas => row.bytes(*text) != b"standard public schema",
                    None => {
                        is_users(object.1)
                            && object.0 != PG_NAMESPACE
                            && !self.is_part(object)
                            && !membership.left_out.contains(&object)
                    }
                };
                if is_wanted {
                    let about = [self.names.object(object.0, object.1), self.names.column(object.1, column)];
                    let digest = contents.digest(row, &about, &self.names, &mut buffer);
                    sums.push((whole, Sum::of(row, digest)));
                }
            },
        );
        self.taken.held.insert(class, held);
        self.taken.add_rows("pg_description", sums);
    }
}

/// The places of what is looked at in a row that is a part of a relation.
struct PartPlaces {
    contents: Contents,
    /// Kinds of relations were looked at before.
    known: Option<Known>,
    relation: usize,
    /// Whether the row is one of a dropped column, or of a trigger that carries out a constraint.
    skipped: Option<usize>,
    switched: Option<SwitchedPlaces>,
    column: Option<[usize; 2]>,
    default: Option<usize>,
    options: Option<usize>,
    domain: Option<usize>,
    privileges: Option<usize>,
    alterations: Option<Alterations>,
}

impl PartPlaces {
    fn new(class: u32, catalog: &str, relation: &str, columns: &[Column], references: &References) -> Self {
        PartPlaces {
            contents: Contents::new(class, catalog, None, columns, references),
            known: (class != PG_CLASS).then(|| Known::of(catalog, columns)),
            relation: places(columns, [relation])[0],
            skipped: position(columns, "tgisinternal").or_else(|| position(columns, "attisdropped")),
            switched: SwitchedPlaces::new(class, catalog, columns, references),
            column: (catalog == "pg_attribute").then(|| places(columns, ["attnum", "attname"])),
            default: (catalog == "pg_attrdef").then(|| places(columns, ["oid"])[0]),
            options: position(columns, "reloptions"),
            domain: position(columns, "contypid"),
            privileges: privileges::column(catalog, columns),
            alterations: (class == PG_CLASS).then(|| Alterations::new(class, catalog, columns, references)),
        }
    }

    /// The privileges on a relation, or on a column of it, as far as they are no user's own.
    fn not_initial(
        &self,
        row: &CatalogRow,
        of: u32,
        column: i16,
        membership: &Membership,
        names: &Names,
    ) -> Option<(Option<u32>, Sum)> {
        let digest = membership.privileges.digest((PG_CLASS, of), column, row, self.privileges?, names)?;
        Some((None, Sum::of(row, digest)))
    }

    /// What was altered of a relation that is a member of an extension.
    fn altered(
        &self,
        row: &CatalogRow,
        of: u32,
        name: Digest,
        membership: &Membership,
        names: &Names,
        buffer: &mut Vec<u8>,
    ) -> Option<(Option<u32>, Sum)> {
        let alterations = self.alterations.as_ref()?;
        let creator = membership.privileges.members.get(&(PG_CLASS, of))?;
        let digest = alterations.digest(row, name, *creator, names, buffer)?;
        Some((None, Sum::of(row, digest)))
    }

    /// Whether the row, which is on no relation, is the constraint of a user's domain.
    fn is_on_domain(&self, row: &CatalogRow, membership: &Membership) -> bool {
        let domain = self.domain.map(|column| row.oid(column));
        domain.is_some_and(|domain| !membership.left_out.contains(&(PG_TYPE, domain)))
    }
}
