//! Triggers by which the server carries out constraints. They come with their constraint, so they are no part of a schema; but
//! that somebody has switched one is: then the constraint is not checked. sql/catalog/constraints.sql reads the same.

use crate::catalog::digest::content::{Contents, References};
use crate::catalog::digest::membership::Membership;
use crate::catalog::digest::names::Names;
use crate::catalog::digest::rows::{CatalogRow, Column, places};
use crate::catalog::digest::taken::Sum;

/// As such a trigger is by itself.
const ENABLED: u8 = b'O';

/// Where a row of pg_trigger says it.
pub struct SwitchedPlaces {
    contents: Contents,
    internal: usize,
    state: usize,
    constraint: usize,
}

impl SwitchedPlaces {
    pub fn new(class: u32, catalog: &str, columns: &[Column], references: &References) -> Option<Self> {
        let names = ["tgrelid", "tgtype", "tgenabled", "tgconstraint"];
        (catalog == "pg_trigger").then(|| {
            let [internal, state, constraint] =
                places(columns, ["tgisinternal", "tgenabled", "tgconstraint"]);
            let contents = Contents::new(class, catalog, Some(&names), columns, references);
            SwitchedPlaces { contents, internal, state, constraint }
        })
    }

    /// What the row adds to the relation that has the constraint, if it is of a trigger that somebody has switched.
    pub fn sum(
        &self,
        row: &CatalogRow,
        membership: &Membership,
        names: &Names,
        buffer: &mut Vec<u8>,
    ) -> Option<(Option<u32>, Sum)> {
        if !row.boolean(self.internal) || row.character(self.state) == ENABLED {
            return None;
        }
        let whole = membership.whole_of_constraint(row.oid(self.constraint))?;
        Some((Some(whole), Sum::of(row, self.contents.digest(row, &[], names, buffer))))
    }
}
