//! A folder per migration: Hasura's and Diesel's, which have `up.sql`, and Drizzle 1.x's, which have
//! `migration.sql` and a snapshot.

use super::error::Error;
use super::folder::{Folder, parent_and_name};
use super::migration::{Layout, Migration};
use super::{contents, drizzle, version};

/// The name of the up file in every migration's folder.
pub(super) fn up_name(layout: Layout) -> &'static str {
    if layout == Layout::DrizzleFolders { "migration.sql" } else { "up.sql" }
}

pub(super) fn read(folder: &Folder<'_>, layout: Layout) -> Result<Vec<Migration>, Error> {
    let is_drizzle = layout == Layout::DrizzleFolders;
    let mut migrations = Vec::new();
    for (path, up) in folder.files() {
        let (parent, file_name) = parent_and_name(path);
        let Some((version, name)) = version::split(parent) else { continue };
        if file_name != up_name(layout) {
            continue;
        }
        let down = folder.file(&format!("{parent}/down.sql"));
        let snapshot = folder.file(&format!("{parent}/snapshot.json")).filter(|_| is_drizzle);
        let mut migration =
            Migration { breakpoints: is_drizzle, ..contents::migration(&version, name, up, down)? };
        drizzle::add_snapshot(&mut migration, snapshot)?;
        migrations.push(migration);
    }
    match is_drizzle {
        // Prisma's, too: both go by the name of the folder.
        true => version::sort_by_folders(migrations),
        false => version::sort(migrations),
    }
}
