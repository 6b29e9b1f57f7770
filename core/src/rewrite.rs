//! What would have to change in a migrations folder, so that a migration gets another number, or so that two branches that
//! were merged follow one another. Only the files are told: whoever has them carries it out.

mod change;
mod drizzle;
mod error;
mod json;
#[cfg(test)]
mod tests;

pub use change::Change;
pub use drizzle::rebase;
pub use error::Error;

use crate::conflicts::{is_applied, rows_of};
use crate::formats::{File, Layout, Scan, Unit, compare_versions, with_number};
use crate::migrations::Applied;

/// Gives the migration `file` (a path, or the last part of one) the number `to`.
pub fn renumber(
    files: &[File],
    scan: &Scan,
    applied: &[Applied],
    file: &str,
    to: &str,
) -> Result<Vec<Change>, Error> {
    let unit = named(scan, file)?;
    if is_applied(unit, &scan.units, applied) {
        return Err(Error::Applied { path: unit.path.clone(), number: unit.number.clone() });
    }
    let new_stem = |stem: &str| {
        with_number(stem, to)
            .ok_or_else(|| Error::BadNumber { number: to.to_owned(), path: unit.path.clone() })
    };
    let stem = stem(scan, unit);
    let renamed = new_stem(stem)?;
    refuse_taken(scan, applied, &renamed, to)?;
    let in_root = |name: &str| format!("{}{name}", scan.root);
    match scan.layout {
        Layout::Drizzle => drizzle::renumber(files, scan, applied, unit, &renamed),
        Layout::Folders | Layout::DrizzleFolders => Ok(vec![Change::moved(in_root(stem), in_root(&renamed))]),
        Layout::Pairs | Layout::Sections => {
            let undo = |stem: &str| stem.strip_prefix('V').map(|rest| format!("U{rest}"));
            let mut stems = vec![(stem.to_owned(), renamed.clone())];
            stems.extend(undo(stem).zip(undo(&renamed)));
            let moved = |end: &str, (old, new): &(String, String)| {
                let path = in_root(&format!("{old}{end}"));
                files
                    .iter()
                    .any(|file| file.path == path)
                    .then(|| Change::moved(path, in_root(&format!("{new}{end}"))))
            };
            let ends = [".sql", ".up.sql", ".down.sql"];
            Ok(stems.iter().flat_map(|stem| ends.into_iter().filter_map(|end| moved(end, stem))).collect())
        }
    }
}

/// The migration that a person named: by its path, its file's or folder's name, or that without an ending.
fn named<'s>(scan: &'s Scan, file: &str) -> Result<&'s Unit, Error> {
    let is_meant = |unit: &&Unit| {
        let stem = stem(scan, unit);
        let in_root = unit.path.strip_prefix(&scan.root).unwrap_or(&unit.path);
        [unit.path.as_str(), in_root, stem].contains(&file.trim_end_matches('/'))
    };
    let mut meant = scan.units.iter().filter(is_meant);
    meant.next().ok_or_else(|| Error::NoSuchFile { path: file.to_owned() })
}

/// What the name of a migration is without its ending: of a folder's, the folder.
fn stem<'u>(scan: &Scan, unit: &'u Unit) -> &'u str {
    let path = unit.path.strip_prefix(&scan.root).unwrap_or(&unit.path);
    match scan.layout {
        Layout::Folders | Layout::DrizzleFolders => path.split('/').next().unwrap_or(path),
        _ => {
            let stem = path.strip_suffix(".sql").unwrap_or(path);
            stem.strip_suffix(".up").unwrap_or(stem)
        }
    }
}

/// A number that a file or the ledger has cannot be given again, nor one that comes before what is applied.
fn refuse_taken(scan: &Scan, applied: &[Applied], renamed: &str, to: &str) -> Result<(), Error> {
    let number = to.to_owned();
    let of_new = |unit: &&Unit| unit.is_numbered() && compare_versions(&unit.number, to).is_eq();
    if let Some(unit) = scan.units.iter().find(of_new) {
        return Err(Error::Taken { number, by: unit.path.clone() });
    }
    if let Some(row) = rows_of(to, applied).next() {
        return Err(Error::TakenInLedger { number, name: row.path.clone() });
    }
    let later = scan
        .units
        .iter()
        .filter(|unit| unit.is_numbered() && is_applied(unit, &scan.units, applied))
        .find(|unit| compare_versions(&unit.number, to).is_gt());
    match later {
        Some(unit) => Err(Error::Behind { path: renamed.to_owned(), last: unit.number.clone() }),
        None => Ok(()),
    }
}
