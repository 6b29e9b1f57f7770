//! Privileges on what is no user's own: on members of extensions, and on what the server brings. Their rows are no part of
//! a schema, but who may use them is, as far as it is not what initdb or the extension's script said.

use nself_heal_core::digest::Digest;
use pgrx::pg_sys;
use rustc_hash::FxHashMap;

use crate::catalog::digest::catalogs::PG_NAMESPACE;
use crate::catalog::digest::names::{Names, is_users};
use crate::catalog::digest::rows::{self, CatalogRow, Column, Held, places, position};

/// Catalogs whose rows have privileges, and the column that holds them.
const COLUMNS: [(&str, &str); 8] = [
    ("pg_attribute", "attacl"),
    ("pg_class", "relacl"),
    ("pg_foreign_data_wrapper", "fdwacl"),
    ("pg_foreign_server", "srvacl"),
    ("pg_language", "lanacl"),
    ("pg_namespace", "nspacl"),
    ("pg_proc", "proacl"),
    ("pg_type", "typacl"),
];

/// Whether rows of a catalog have privileges.
pub fn are_in(catalog: &str) -> bool {
    COLUMNS.iter().any(|(name, _)| *name == catalog)
}

/// The column of a catalog that holds them.
pub fn column(catalog: &str, columns: &[Column]) -> Option<usize> {
    let (_, column) = COLUMNS.iter().find(|(name, _)| *name == catalog)?;
    position(columns, column)
}

/// Whose privileges are looked at, and what they were at the beginning.
#[derive(Default)]
pub struct Privileges {
    /// Members of extensions, but for those of this product, with the owner of the extension.
    pub members: FxHashMap<(u32, u32), u32>,
    initial: FxHashMap<(u32, u32, i16), Digest>,
}

impl Privileges {
    /// Reads what initdb and the scripts of extensions gave.
    pub fn read_initial(&mut self, class: u32) -> Held {
        let initial = &mut self.initial;
        rows::each(
            class,
            |_| true,
            |columns| places(columns, ["objoid", "classoid", "objsubid", "initprivs"]),
            |[object, of_class, column, privileges], row| {
                let of = (row.oid(*of_class), row.oid(*object), row.number(*column) as i16);
                initial.insert(of, Digest::of(row.bytes(*privileges)));
            },
        )
    }

    /// The digest of the privileges on an object, or on a column of it, if they are none of a user's own objects and not
    /// what they were at the beginning.
    pub fn digest(
        &self,
        (class, object): (u32, u32),
        column: i16,
        row: &CatalogRow,
        acl: usize,
        names: &Names,
    ) -> Option<Digest> {
        let is_public = class == PG_NAMESPACE && object == pg_sys::PG_PUBLIC_NAMESPACE;
        let is_built_in = !is_users(object) && !is_public;
        if row.is_null(acl) || !(is_built_in || self.members.contains_key(&(class, object))) {
            return None;
        }
        let privileges = Digest::of(row.bytes(acl));
        let initial = self.initial.get(&(class, object, column)).copied();
        if initial == Some(privileges) {
            return None;
        }
        let object_name = names.object(class, object);
        let column_name = if column == 0 { Digest::default() } else { names.column(object, column) };
        let parts =
            [Digest(u128::from(class)), object_name, column_name, privileges, initial.unwrap_or_default()];
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.0.to_ne_bytes()).collect();
        Some(Digest::of(&bytes))
    }
}
