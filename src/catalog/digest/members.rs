//! What may be altered of members of extensions, beside their privileges: sql/catalog/extensions.sql reads the same. Their
//! rows are no part of a schema, but an extension that a heal creates has to come with what the migrations made of them.

use nself_heal_core::digest::Digest;

use crate::catalog::digest::content::{Contents, References};
use crate::catalog::digest::names::Names;
use crate::catalog::digest::rows::{CatalogRow, Column, position};
use crate::server::session::FIRST_ROLE;

/// Catalogs whose rows can say more of a member than who owns it: in columns that are null where nothing is said, and in
/// columns that are false.
const COLUMNS: [(&str, &[&str], &[&str]); 5] = [
    ("pg_class", &["reloptions"], &[]),
    ("pg_foreign_data_wrapper", &["fdwoptions"], &[]),
    ("pg_foreign_server", &["srvoptions"], &[]),
    ("pg_proc", &["proconfig"], &["prosecdef", "proleakproof"]),
    ("pg_ts_dict", &["dictinitoption"], &[]),
];

/// Where a catalog's rows say it.
pub struct Alterations {
    contents: Contents,
    owner: Option<usize>,
    texts: Vec<usize>,
    flags: Vec<usize>,
}

impl Alterations {
    pub fn new(class: u32, catalog: &str, columns: &[Column], references: &References) -> Self {
        let found = COLUMNS.iter().find(|(name, ..)| *name == catalog);
        let (texts, flags) = found.map_or((&[][..], &[][..]), |(_, texts, flags)| (*texts, *flags));
        let owner = columns.iter().find(|column| column.name.ends_with("owner")).map(|of| of.name.as_str());
        let names: Vec<&str> = owner.iter().chain(texts).chain(flags).copied().collect();
        let places = |names: &[&str]| names.iter().filter_map(|name| position(columns, name)).collect();
        Alterations {
            contents: Contents::new(class, catalog, Some(&names), columns, references),
            owner: owner.and_then(|name| position(columns, name)),
            texts: places(texts),
            flags: places(flags),
        }
    }

    /// The digest of what a row says of a member of an extension that `creator` owns, if it says anything. Members of trusted
    /// extensions are the first role's, whoever creates the extension.
    pub fn digest(
        &self,
        row: &CatalogRow,
        name: Digest,
        creator: u32,
        names: &Names,
        buffer: &mut Vec<u8>,
    ) -> Option<Digest> {
        let is_another =
            |column: usize| !matches!(row.oid(column), owner if owner == creator || owner == FIRST_ROLE);
        let says_something = self.owner.is_some_and(is_another)
            || self.texts.iter().any(|column| !row.is_null(*column))
            || self.flags.iter().any(|column| row.boolean(*column));
        says_something.then(|| self.contents.digest(row, &[name], names, buffer))
    }
}
