//! Where in a folder its migrations lie. Paths alone decide that, before anything in a file is believed.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Error;
use super::migration::{File, Layout};
use super::version;

pub(super) const JOURNAL: &str = "meta/_journal.json";

/// The files of the folder that holds the migrations.
pub(super) struct Folder<'a> {
    /// That folder's path within the one given, empty if it is the same.
    root: &'a str,
    /// By the path within `root`.
    files: BTreeMap<&'a str, &'a File>,
}

impl<'a> Folder<'a> {
    pub(super) fn new(files: &'a [File]) -> Result<Self, Error> {
        check_paths(files)?;
        let places: BTreeMap<&str, Place<'_>> =
            files.iter().filter_map(|file| Some((file.path.as_str(), Place::of(&file.path)?))).collect();
        let root = find_root(&places, files.len())?;
        let files = files
            .iter()
            .filter(|file| !is_hidden(&file.path))
            .filter_map(|file| Some((path_within(root, &file.path)?, file)))
            .collect();
        Ok(Self { root, files })
    }

    pub(super) fn root(&self) -> &'a str {
        self.root
    }

    pub(super) fn file(&self, path: &str) -> Option<&'a File> {
        self.files.get(path).copied()
    }

    pub(super) fn has_journal(&self) -> bool {
        self.files.contains_key(JOURNAL)
    }

    /// The files by their paths within the folder, hidden ones left out.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'a str, &'a File)> {
        self.files.iter().map(|(path, file)| (*path, *file))
    }

    /// The path within the folder given of what has `path` within the migrations' own folder.
    pub(super) fn full_path(&self, path: &str) -> String {
        if self.root.is_empty() { path.to_owned() } else { format!("{}/{path}", self.root) }
    }

    /// The one layout that the paths speak of; of a flat folder only the contents tell [`Layout::Sections`] from
    /// [`Layout::Pairs`].
    pub(super) fn layout(&self) -> Result<Layout, Error> {
        let mut up_files = self.up_files();
        let Some((layout, path)) = up_files.next() else {
            return Err(Error::NoMigrations { looked_at: self.files.len() });
        };
        match up_files.find(|(other, _)| *other != layout) {
            Some((other, other_path)) => Err(mixed(layout, path, other, other_path)),
            None => Ok(layout),
        }
    }

    /// Refuses a folder of Drizzle 0.x that also holds folders with migrations: their order would be a guess.
    pub(super) fn check_only_journal(&self) -> Result<(), Error> {
        let in_folders = |layout| matches!(layout, Layout::Folders | Layout::DrizzleFolders);
        match self.up_files().find(|(layout, _)| in_folders(*layout)) {
            Some((layout, path)) => Err(mixed(Layout::Drizzle, &self.full_path(JOURNAL), layout, path)),
            None => Ok(()),
        }
    }

    /// The layouts that single paths speak of, and the full paths; those of deeper folders are left out.
    fn up_files(&self) -> impl Iterator<Item = (Layout, &'a str)> {
        self.files().filter_map(|(path, file)| {
            let place = Place::of(path).filter(|place| place.root.is_empty())?;
            Some((place.layout, file.path.as_str()))
        })
    }
}

pub(super) fn mixed(a: Layout, a_path: &str, b: Layout, b_path: &str) -> Error {
    Error::MixedLayouts { a, a_path: a_path.to_owned(), b, b_path: b_path.to_owned() }
}

/// What the path of a migration's up file says: the layout, and the folder that all the migrations would lie in.
struct Place<'a> {
    layout: Layout,
    root: &'a str,
}

impl<'a> Place<'a> {
    fn of(path: &'a str) -> Option<Self> {
        if is_hidden(path) {
            return None;
        }
        if let Some(root) = path.strip_suffix(JOURNAL)
            && (root.is_empty() || root.ends_with('/'))
        {
            return Some(Self { layout: Layout::Drizzle, root: root.trim_end_matches('/') });
        }
        let (folder, name) = parent_and_name(path);
        let layout = match name {
            "migration.sql" => Layout::DrizzleFolders,
            "up.sql" => Layout::Folders,
            _ => {
                let stem = name.strip_suffix(".sql").filter(|stem| !stem.ends_with(".down"))?;
                version::split_file(stem.strip_suffix(".up").unwrap_or(stem))?;
                return Some(Self { layout: Layout::Pairs, root: folder });
            }
        };
        let (root, folder_name) = parent_and_name(folder);
        version::split(folder_name)?;
        Some(Self { layout, root })
    }
}

/// The path of the folder of `path`, empty for the top, and the last segment.
pub(super) fn parent_and_name(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// `path` as seen from the folder `root`, if it lies there.
pub(super) fn path_within<'a>(root: &str, path: &'a str) -> Option<&'a str> {
    if root.is_empty() { Some(path) } else { path.strip_prefix(root)?.strip_prefix('/') }
}

/// Whether any segment of the path begins with a dot, as in `.git/config` and in macOS's `._0001_x.sql`.
pub(super) fn is_hidden(path: &str) -> bool {
    path.split('/').any(|segment| segment.starts_with('.'))
}

/// The folder that the migrations lie in. If there are some in several folders, it is the one around the others.
fn find_root<'a>(places: &BTreeMap<&'a str, Place<'a>>, looked_at: usize) -> Result<&'a str, Error> {
    let mut all = places.iter();
    let Some((first_path, first)) = all.next() else { return Err(Error::NoMigrations { looked_at }) };
    let mut root = first.root;
    for (_, place) in all {
        while !root.is_empty() && root != place.root && path_within(root, place.root).is_none() {
            root = parent_and_name(root).0;
        }
    }
    let is_root_of_journal = |place: &Place<'_>| place.layout == Layout::Drizzle && place.root == root;
    let has_journal = places.values().any(is_root_of_journal);
    // Deeper folders are passed over, but not one with a journal: that is a project of its own.
    let stray = places
        .iter()
        .find(|(_, place)| place.layout == Layout::Drizzle && place.root != root && !has_journal);
    let inner = places.iter().find(|(_, place)| place.root == root);
    match (inner, stray) {
        (Some(_), None) => Ok(root),
        (Some((inner, _)), Some((stray, _))) => Err(several(inner, stray)),
        (None, _) => {
            let other = places
                .iter()
                .find(|(_, place)| place.root != first.root)
                .map_or(*first_path, |(path, _)| path);
            Err(several(first_path, other))
        }
    }
}

fn several(first: &str, second: &str) -> Error {
    Error::SeveralFolders { first: first.to_owned(), second: second.to_owned() }
}

fn check_paths(files: &[File]) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for File { path, .. } in files {
        let plain = path.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
        let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
        if !plain || drive || path.contains('\\') {
            return Err(Error::PathLeavesFolder { path: path.clone() });
        }
        if !seen.insert(path) {
            return Err(Error::DuplicatePath { path: path.clone() });
        }
    }
    Ok(())
}
