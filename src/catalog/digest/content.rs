//! What is in a column of a catalog: how its values are brought into a digest.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;

use nself_heal_core::digest::Digest;
use nself_heal_core::digest::node_tree::{Numbers, canonical};
use pgrx::pg_sys;

use crate::catalog::digest::catalogs;
use crate::catalog::digest::names::Names;
use crate::catalog::digest::rows::{CatalogRow, Column, position};
use crate::error::Error;
use crate::server::spi;

/// What a catalog's columns refer to, as the server itself tells: by catalog and column.
pub struct References(HashMap<(u32, String), Reference>);

#[derive(Clone)]
struct Reference {
    /// The catalog in which the object is.
    class: u32,
    /// For numbers of columns: the column of this catalog that holds the relation.
    relation: Option<String>,
}

impl References {
    pub fn of_this_server() -> Result<Rc<Self>, Error> {
        thread_local! {
            static KNOWN: OnceCell<Rc<References>> = const { OnceCell::new() };
        }
        catalogs::once(&KNOWN, Self::read)
    }

    fn read() -> Result<Self, Error> {
        let rows: Vec<(u32, Vec<String>, u32)> = spi::read_json(
            "catalog_foreign_keys",
            "SELECT json_agg(json_build_array(fktable::oid::int8, fkcols, pktable::oid::int8))::text \
               FROM pg_get_catalog_foreign_keys()",
            &[],
        )?;
        let mut references = HashMap::new();
        // One column is the number of an object; two are a relation and one or several of its columns.
        for (catalog, columns, class) in rows {
            let (column, relation) = match columns.as_slice() {
                [column] => (column, None),
                [relation, column] => (column, Some(relation.clone())),
                _ => continue,
            };
            references.insert((catalog, column.clone()), Reference { class, relation });
        }
        Ok(References(references))
    }
}

/// How the values of a column are taken in.
enum Content {
    Name,
    /// Together with the columns that have their places right behind it, as one piece of that many bytes.
    Fixed {
        bytes: usize,
    },
    Bytes,
    Object {
        class: u32,
    },
    Objects {
        class: u32,
    },
    /// A number of a column of the relation that is in another column of the row.
    ColumnNumber {
        relation: usize,
    },
    ColumnNumbers {
        relation: usize,
    },
    Expression,
    ColumnOptions,
}

/// Columns of a catalog, with what is in each.
pub struct Contents {
    class: u32,
    columns: Vec<(usize, Content)>,
    /// The column that says to which table alone an expression belongs.
    table: Option<usize>,
}

/// What is no part of a schema: numbers of objects, places of files, what the server has counted, and what it derives
/// from the rest.
const LEFT_OUT: [(&str, &str); 31] = [
    ("", "oid"),
    ("pg_class", "reltype"),
    ("pg_class", "relfilenode"),
    ("pg_class", "relpages"),
    ("pg_class", "reltuples"),
    ("pg_class", "relallvisible"),
    ("pg_class", "relallfrozen"),
    ("pg_class", "reltoastrelid"),
    ("pg_class", "relfrozenxid"),
    ("pg_class", "relminmxid"),
    ("pg_class", "relrewrite"),
    ("pg_class", "relhasindex"),
    ("pg_class", "relhasrules"),
    ("pg_class", "relhastriggers"),
    ("pg_class", "relhassubclass"),
    ("pg_class", "relnatts"),
    ("pg_class", "relispopulated"),
    // The order of columns is not compared; neither is what a new column's default is in old rows.
    ("pg_attribute", "attnum"),
    ("pg_attribute", "attcacheoff"),
    ("pg_attribute", "atthasmissing"),
    ("pg_attribute", "attmissingval"),
    ("pg_attribute", "attndims"),
    ("pg_index", "indcheckxmin"),
    ("pg_type", "typarray"),
    ("pg_type", "typrelid"),
    ("pg_extension", "extversion"),
    ("pg_extension", "extrelocatable"),
    ("pg_extension", "extconfig"),
    ("pg_extension", "extcondition"),
    // Told by what the row is taken to be about.
    ("pg_description", "objoid"),
    ("pg_description", "objsubid"),
];

/// Catalogs whose expressions speak of the columns of one table, and the column that holds the table.
const TABLE_OF_EXPRESSION: [(&str, &str); 4] = [
    ("pg_attrdef", "adrelid"),
    ("pg_constraint", "conrelid"),
    ("pg_index", "indrelid"),
    ("pg_partitioned_table", "partrelid"),
];

impl Contents {
    /// All columns of a catalog but those that are no part of a schema; or those of `names`, where there are some.
    pub fn new(
        class: u32,
        catalog: &str,
        names: Option<&[&str]>,
        columns: &[Column],
        references: &References,
    ) -> Self {
        let wanted = |column: &Column| match names {
            Some(names) => names.contains(&column.name.as_str()),
            None => {
                !LEFT_OUT.iter().any(|(of, name)| (of.is_empty() || *of == catalog) && *name == column.name)
            }
        };
        let content = |column: &Column| {
            let is = |oid: pg_sys::BuiltinOid| column.type_id == oid.oid().value();
            let reference = references.0.get(&(class, column.name.clone()));
            let relation = |of: &Reference| of.relation.as_ref().and_then(|name| position(columns, name));
            let is_list = !(is(pg_sys::BuiltinOid::INT2OID)
                || is(pg_sys::BuiltinOid::OIDOID)
                || is(pg_sys::BuiltinOid::REGPROCOID));
            match reference {
                // Roles, databases and tablespaces are those of the server: their numbers are the same everywhere.
                Some(Reference { class, .. }) if is_shared(*class) => own(column),
                Some(Reference { class, relation: None }) if is_list => Content::Objects { class: *class },
                Some(Reference { class, relation: None }) => Content::Object { class: *class },
                Some(reference) => match (relation(reference), is_list) {
                    (Some(relation), true) => Content::ColumnNumbers { relation },
                    (Some(relation), false) => Content::ColumnNumber { relation },
                    (None, _) => own(column),
                },
                None if catalog == "pg_attribute" && column.name == "attoptions" => Content::ColumnOptions,
                None => own(column),
            }
        };
        let table = TABLE_OF_EXPRESSION.iter().find(|(of, _)| *of == catalog);
        let mut contents: Vec<(usize, Content)> = Vec::new();
        for (place, column) in columns.iter().enumerate().filter(|(_, column)| wanted(column)) {
            let content = content(column);
            match (&content, contents.last_mut()) {
                (Content::Fixed { bytes }, Some((first, Content::Fixed { bytes: before })))
                    if column.is_behind(&columns[*first], *before) =>
                {
                    *before += bytes;
                }
                _ => contents.push((place, content)),
            }
        }
        Contents { class, table: table.and_then(|(_, column)| position(columns, column)), columns: contents }
    }

    /// The digest of a row. `about` is what the row is about, where its own columns do not say it.
    pub fn digest(&self, row: &CatalogRow, about: &[Digest], names: &Names, buffer: &mut Vec<u8>) -> Digest {
        buffer.clear();
        buffer.extend_from_slice(&self.class.to_ne_bytes());
        for digest in about {
            push(*digest, buffer);
        }
        for (place, content) in &self.columns {
            // Between two values, so that none can be taken for a part of another.
            buffer.extend_from_slice(&[0, *place as u8]);
            if row.is_null(*place) {
                continue;
            }
            buffer.push(1);
            let start = buffer.len();
            match content {
                Content::Name => buffer.extend_from_slice(row.name(*place)),
                Content::Fixed { bytes } => row.push_fixed(*place, *bytes, buffer),
                Content::Bytes => buffer.extend_from_slice(row.bytes(*place)),
                Content::Object { class } => push(names.object(*class, row.oid(*place)), buffer),
                Content::Objects { class } => {
                    for oid in row.numbers::<u32>(*place) {
                        push(names.object(*class, *oid), buffer);
                    }
                }
                Content::ColumnNumber { relation } => {
                    push(names.column(row.oid(*relation), row.number(*place) as i16), buffer);
                }
                Content::ColumnNumbers { relation } => {
                    for number in row.numbers::<i16>(*place) {
                        push(names.column(row.oid(*relation), *number), buffer);
                    }
                }
                Content::Expression => {
                    let table = self.table.map_or(0, |table| row.oid(table));
                    canonical(row.bytes(*place), &OfTable { names, table }, buffer);
                }
                Content::ColumnOptions => {
                    // The server's own stamp on each column, since 15.20.
                    for option in row.texts(*place).iter().filter(|option| !option.starts_with("pg_attver="))
                    {
                        buffer.extend_from_slice(option.as_bytes());
                        buffer.push(0);
                    }
                }
            }
            buffer.extend_from_slice(&(buffer.len() - start).to_ne_bytes());
        }
        Digest::of(buffer)
    }
}

/// A column that refers to nothing.
fn own(column: &Column) -> Content {
    let is = |oid: pg_sys::BuiltinOid| column.type_id == oid.oid().value();
    if is(pg_sys::BuiltinOid::NAMEOID) {
        Content::Name
    } else if is(pg_sys::BuiltinOid::PG_NODE_TREEOID) {
        Content::Expression
    } else {
        column.bytes().map_or(Content::Bytes, |bytes| Content::Fixed { bytes })
    }
}

fn is_shared(class: u32) -> bool {
    // SAFETY: a comparison with numbers that are built in.
    unsafe { pg_sys::IsSharedRelation(class.into()) }
}

fn push(digest: Digest, buffer: &mut Vec<u8>) {
    buffer.extend_from_slice(&digest.0.to_ne_bytes());
}

/// What the numbers in an expression stand for that belongs to one table, or to none.
struct OfTable<'a> {
    names: &'a Names,
    table: u32,
}

impl Numbers for OfTable<'_> {
    fn object(&self, oid: u32) -> Option<Digest> {
        self.names.by_number(oid)
    }

    fn label(&self, oid: u32) -> Option<Digest> {
        self.names.label(oid)
    }

    fn column(&self, number: i16) -> Option<Digest> {
        (self.table != 0 && number > 0).then(|| self.names.column(self.table, number))
    }
}
