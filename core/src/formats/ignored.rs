//! Why files were passed over. A file that silently is no migration costs its author an evening.

use std::collections::BTreeSet;

use super::folder::{Folder, JOURNAL, is_hidden, parent_and_name, path_within};
use super::migration::{File, Ignored, Layout, Migration};
use super::{drizzle, folders, version};

/// The files that are no part of the migrations; of Drizzle's own files none is listed.
pub(super) fn list(
    files: &[File],
    folder: &Folder<'_>,
    layout: Layout,
    migrations: &[Migration],
) -> Vec<Ignored> {
    let used: BTreeSet<&str> = migrations
        .iter()
        .flat_map(|migration| [Some(&migration.path), migration.down_path.as_ref()])
        .flatten()
        .map(String::as_str)
        .collect();
    let mut ignored: Vec<Ignored> = files
        .iter()
        .filter(|file| !used.contains(file.path.as_str()))
        .filter_map(|file| {
            Some(Ignored { path: file.path.clone(), reason: reason(folder, layout, &file.path)? })
        })
        .collect();
    ignored.sort_by(|a, b| a.path.cmp(&b.path));
    ignored
}

fn reason(folder: &Folder<'_>, layout: Layout, full_path: &str) -> Option<String> {
    if is_hidden(full_path) {
        return Some("hidden file".to_owned());
    }
    // Whoever reads a folder from disk gives these two in the place of what lies there.
    match parent_and_name(full_path) {
        (_, "node_modules") => return Some("packages of Node are not looked into".to_owned()),
        (parent, "*") if !parent.is_empty() => return Some("lies too deep to be looked at".to_owned()),
        _ => {}
    }
    let Some(path) = path_within(folder.root(), full_path) else {
        return Some(format!("lies outside {}, where the migrations are", folder.root()));
    };
    if is_drizzles_own(folder, layout, path) {
        return None;
    }
    let reason = if let Some(stem) = path.strip_suffix(".sql") {
        match layout {
            Layout::Drizzle => format!("not named by {JOURNAL}"),
            Layout::Pairs | Layout::Sections => flat_reason(stem).to_owned(),
            Layout::Folders | Layout::DrizzleFolders => folders_reason(layout, path),
        }
    } else if path.to_lowercase().ends_with(".sql") {
        "its extension is not lower-case .sql".to_owned()
    } else {
        "not an SQL file".to_owned()
    };
    Some(reason)
}

fn is_drizzles_own(folder: &Folder<'_>, layout: Layout, path: &str) -> bool {
    match layout {
        Layout::Drizzle => path == JOURNAL || drizzle::is_snapshot(path),
        Layout::DrizzleFolders => {
            let (parent, name) = parent_and_name(path);
            let up = format!("{parent}/{}", folders::up_name(layout));
            name == "snapshot.json" && version::split(parent).is_some() && folder.file(&up).is_some()
        }
        _ => false,
    }
}

fn flat_reason(stem: &str) -> &'static str {
    if stem.contains('/') {
        "lies in a subfolder of the migrations"
    } else if version::split_file(stem.trim_end_matches(".down")).is_none() {
        "its name does not begin with a version and an underscore"
    } else {
        "undoes a migration that is not there"
    }
}

fn folders_reason(layout: Layout, path: &str) -> String {
    let (parent, name) = parent_and_name(path);
    let up = folders::up_name(layout);
    if parent.is_empty() {
        "lies in no migration's folder".to_owned()
    } else if parent.contains('/') {
        "lies deeper than the files of a migration".to_owned()
    } else if version::split(parent).is_none() {
        "the name of its folder does not begin with a version and an underscore".to_owned()
    } else if name == "down.sql" {
        format!("has no {up} beside it")
    } else {
        format!("a migration's folder has only {up} and down.sql")
    }
}
