//! What `nself db migrate ground` says.

use super::table::{cell, table};
use crate::rows::PlatformObject;
use nself_report::names::count;

/// What was made of what a platform brings, or would be.
pub fn platform(name: &str, objects: &[PlatformObject], is_confirmed: bool) -> String {
    let rows = objects.iter().map(|object| {
        let first = object.ddl.lines().next().unwrap_or_default();
        let ddl = if first == object.ddl { first.to_owned() } else { format!("{first} …") };
        [object.status.clone(), ddl, cell(object.detail.as_ref())]
    });
    let table = table(["status", "statement", "detail"], rows);
    let made = objects.iter().filter(|object| matches!(object.status.as_str(), "made" | "planned")).count();
    let made = count(made, "statement");
    let said = match is_confirmed {
        true => format!(
            "{made} run: the database has what {name} brings. Apply the migrations: it is kept as their ground."
        ),
        false => {
            format!("{made} would be run, for what {name} brings. Nothing was changed: --confirm does it.")
        }
    };
    format!("{table}{said}\n")
}
