//! Migrations as files side by side: in pairs of files, or with both parts in one.

use super::error::Error;
use super::folder::{Folder, mixed};
use super::migration::{Layout, Migration};
use super::sections::{self, Sections};
use super::{contents, version};

/// The part of a migration that the name of a file says it holds.
#[derive(PartialEq)]
enum Part {
    Up,
    Down,
}

pub(super) fn read(folder: &Folder<'_>) -> Result<(Layout, Vec<Migration>), Error> {
    let mut migrations = Vec::new();
    let mut sectioned = None;
    let mut paired = None;
    for (path, file) in folder.files() {
        let Some((stem, part)) = path.strip_suffix(".sql").map(split_part) else { continue };
        let Some((version, name)) = version::split_file(stem) else { continue };
        if part.is_some() {
            paired.get_or_insert(&file.path);
        }
        if part == Some(Part::Down) {
            continue;
        }
        let undo = stem.strip_prefix('V').and_then(|stem| folder.file(&format!("U{stem}.sql")));
        let down = folder.file(&format!("{stem}.down.sql")).or(undo);
        // The name of an `.up.sql` file says what is in it; lines like `-- down` are comments there.
        let sections = if part.is_some() { None } else { sections::read(&file.path, contents::sql(file)?)? };
        migrations.push(match sections {
            None => contents::migration(&version, name, file, down)?,
            Some(sections) => {
                sectioned.get_or_insert(&file.path);
                let mut migration = contents::unmarked(&version, name, file, down)?;
                fill(&mut migration, sections);
                migration
            }
        });
    }
    let layout = match (sectioned, paired) {
        (Some(a), Some(b)) => return Err(mixed(Layout::Sections, a, Layout::Pairs, b)),
        (Some(_), None) => Layout::Sections,
        _ => Layout::Pairs,
    };
    // The tools that write both parts into one file go by the number.
    let migrations = match layout {
        Layout::Pairs => version::sort_by_versions_and_names(migrations)?,
        _ => version::sort(migrations)?,
    };
    Ok((layout, migrations))
}

fn split_part(stem: &str) -> (&str, Option<Part>) {
    if let Some(stem) = stem.strip_suffix(".up") {
        (stem, Some(Part::Up))
    } else if let Some(stem) = stem.strip_suffix(".down") {
        (stem, Some(Part::Down))
    } else {
        (stem, None)
    }
}

fn fill(migration: &mut Migration, sections: Sections<'_>) {
    migration.up_sql = sections.up.sql.to_owned();
    migration.up_line = sections.up.line;
    migration.in_transaction = sections.up.in_transaction;
    if let Some(down) = sections.down {
        migration.down_sql = Some(down.sql.to_owned());
        migration.down_line = down.line;
        migration.down_in_transaction = down.in_transaction;
        migration.down_path = Some(migration.path.clone());
        migration.down_checksum = Some(migration.checksum.clone());
    }
}
