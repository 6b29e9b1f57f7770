//! What a migrations folder says, whichever tool's layout it is kept in. One function, [`read`], turns the files of
//! a folder into migrations in the order in which they apply; everything else here serves it.

mod contents;
mod depends;
mod drizzle;
mod error;
mod flat;
mod folder;
mod folders;
mod ignored;
mod marks;
mod migration;
mod scan;
mod sections;
#[cfg(test)]
mod tests;
mod version;

pub use error::Error;
pub use migration::{Content, File, Ignored, Journal, Layout, Migration};
pub use scan::{Entry, Lost, Scan, Snapshot, Unit, scan};
pub use version::{
    compare as compare_versions, have_one_number, is_repeatable, keep_applied, repeatable_name, with_number,
};

use folder::{Folder, parent_and_name};

/// Reads a migrations folder. Which layout it has is seen from its paths; if they all lie in a subfolder, as Hasura's
/// do in `default/`, that subfolder is taken for the folder.
pub fn read(files: &[File]) -> Result<Journal, Error> {
    let folder = Folder::new(files)?;
    let (layout, mut migrations) = if folder.has_journal() {
        (Layout::Drizzle, drizzle::read(&folder)?)
    } else {
        match folder.layout()? {
            layout @ (Layout::Folders | Layout::DrizzleFolders) => (layout, folders::read(&folder, layout)?),
            _ => flat::read(&folder)?,
        }
    };
    if migrations.is_empty() {
        return Err(Error::NoMigrations { looked_at: files.len() });
    }
    depends::apply(layout, files, &mut migrations)?;
    let ignored = ignored::list(files, &folder, layout, &migrations);
    Ok(Journal { layout, migrations, ignored })
}

/// Whether a file of this name can only be a snapshot of Drizzle's, whatever folder it lies in. Of one the hash tells whether
/// it has changed, and nothing that runs needs more.
pub fn is_snapshot(path: &str) -> bool {
    let (parent, name) = parent_and_name(path);
    name == "snapshot.json" || name.ends_with("_snapshot.json") && parent_and_name(parent).1 == "meta"
}
