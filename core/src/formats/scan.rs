//! What a folder holds as it lies there. It need not be one that can be read as a journal: two branches may just have been
//! merged in it.

use serde::Deserialize;
use serde_json::Value;

use super::error::Error;
use super::folder::{Folder, JOURNAL, parent_and_name};
use super::migration::{Content, File, Layout, Migration};
use super::{contents, folders, version};

/// A folder as it lies there. All paths are those of its files.
#[derive(Debug, PartialEq)]
pub struct Scan {
    /// [`Layout::Pairs`] stands for all migrations that are files side by side.
    pub layout: Layout,
    /// The folder within the one given that holds the migrations; empty, or with a slash at its end.
    pub root: String,
    /// In the order in which they apply; then those that Drizzle's journal does not name.
    pub units: Vec<Unit>,
    /// What Drizzle's journal names, and is not there.
    pub lost: Vec<Lost>,
    /// In the order of their paths.
    pub snapshots: Vec<Snapshot>,
}

/// A migration, by its file alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Of the file with the up part.
    pub path: String,
    /// The number as its name has it; of a name without one, the place in the journal.
    pub number: String,
    pub name: String,
    pub checksum: String,
    /// What Drizzle's journal says of it; nothing if that does not name it, or in other layouts.
    pub entry: Option<Entry>,
}

impl Unit {
    /// Whether it has a number, and is not one that runs again after all others.
    pub fn is_numbered(&self) -> bool {
        !version::is_repeatable(&self.number)
    }

    pub fn has_number_of(&self, other: &Unit) -> bool {
        self.is_numbered() && other.is_numbered() && version::compare(&self.number, &other.number).is_eq()
    }
}

/// An entry of Drizzle's journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The place among the entries, from 0.
    pub place: usize,
    pub tag: String,
    pub idx: u64,
    /// Milliseconds since 1970, if it is a number.
    pub when: Option<i64>,
}

/// An entry of Drizzle's journal without its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    pub tag: String,
    pub path: String,
}

/// A snapshot of Drizzle's, by its place in the chain of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub path: String,
    pub sha256: String,
    pub id: String,
    /// Those that it follows: Drizzle 1.x joins branches.
    pub follows: Vec<String>,
}

#[derive(Deserialize)]
struct Journal {
    entries: Vec<JournalEntry>,
}

#[derive(Deserialize)]
struct JournalEntry {
    idx: Option<u64>,
    tag: String,
    #[serde(default)]
    when: Value,
}

impl Scan {
    /// What a journal that was loaded says: of that, neither files that are no migrations nor snapshots are known.
    pub fn of_journal(migrations: &[Migration]) -> Self {
        let number = |migration: &Migration| match version::is_repeatable(&migration.version) {
            true => migration.version.clone(),
            false => migration.version.split('_').next().unwrap_or_default().to_owned(),
        };
        let entry = |place: usize, migration: &Migration| Entry {
            place,
            tag: migration.path.strip_suffix(".sql").unwrap_or(&migration.path).to_owned(),
            idx: place as u64,
            when: migration.generated_at,
        };
        let unit = |(place, migration): (usize, &Migration)| Unit {
            path: migration.path.clone(),
            number: number(migration),
            name: migration.name.clone(),
            checksum: migration.checksum.clone(),
            entry: migration.generated_at.map(|_| entry(place, migration)),
        };
        let units = migrations.iter().enumerate().map(unit).collect();
        Self { layout: Layout::Pairs, root: String::new(), units, lost: Vec::new(), snapshots: Vec::new() }
    }
}

/// Looks at a folder. Of SQL the hash is enough; of Drizzle's journal and snapshots the content is needed.
pub fn scan(files: &[File]) -> Result<Scan, Error> {
    let folder = Folder::new(files)?;
    let layout = if folder.has_journal() { Layout::Drizzle } else { folder.layout()? };
    let root = folder.full_path("");
    let (mut units, mut lost) = (Vec::new(), Vec::new());
    match layout {
        Layout::Drizzle => of_journal(&folder, &mut units, &mut lost)?,
        Layout::Pairs | Layout::Sections => units.extend(side_by_side(&folder)),
        Layout::Folders | Layout::DrizzleFolders => units.extend(in_folders(&folder, layout)),
    }
    let snapshots = folder
        .files()
        .filter(|(path, file)| is_snapshot(layout, path) && matches!(file.content, Content::Bytes(_)))
        .map(|(_, file)| snapshot(file))
        .collect::<Result<_, _>>()?;
    Ok(Scan { layout, root, units, lost, snapshots })
}

fn of_journal(folder: &Folder<'_>, units: &mut Vec<Unit>, lost: &mut Vec<Lost>) -> Result<(), Error> {
    let Some(file) = folder.file(JOURNAL) else { return Ok(()) };
    let journal: Journal = contents::json(file, |path, reason| Error::BadJournal { path, reason })?;
    for (place, entry) in journal.entries.into_iter().enumerate() {
        let idx = entry.idx.unwrap_or(place as u64);
        let path = format!("{}.sql", entry.tag);
        let Some(up) = folder.file(&path) else {
            lost.push(Lost { path: folder.full_path(&path), tag: entry.tag });
            continue;
        };
        let (number, name) = match version::split(&entry.tag) {
            Some((number, name)) => (number.into_owned(), name.to_owned()),
            None => (format!("{idx:04}"), entry.tag.clone()),
        };
        let when = entry.when.as_i64();
        let entry = Some(Entry { place, tag: entry.tag, idx, when });
        units.push(Unit { path: up.path.clone(), number, name, checksum: up.sha256(), entry });
    }
    for unit in side_by_side(folder) {
        if !units.iter().any(|named| named.path == unit.path) {
            units.push(unit);
        }
    }
    Ok(())
}

fn side_by_side(folder: &Folder<'_>) -> Vec<Unit> {
    let units = folder.files().filter_map(|(path, file)| {
        let stem = path.strip_suffix(".sql").filter(|stem| !stem.ends_with(".down"))?;
        let (number, name) = version::split_file(stem.strip_suffix(".up").unwrap_or(stem))?;
        Some(unit(file, &number, name))
    });
    let mut units: Vec<Unit> = units.collect();
    units.sort_by(|a, b| version::compare(&a.number, &b.number).then_with(|| a.name.cmp(&b.name)));
    units
}

fn in_folders(folder: &Folder<'_>, layout: Layout) -> Vec<Unit> {
    let units = folder.files().filter_map(|(path, file)| {
        let (parent, file_name) = parent_and_name(path);
        let (number, name) = version::split(parent)?;
        (file_name == folders::up_name(layout)).then(|| unit(file, &number, name))
    });
    let mut units: Vec<Unit> = units.collect();
    // Drizzle 1.x goes by the names of the folders, in whose order they come.
    if layout == Layout::Folders {
        units.sort_by(|a, b| version::compare(&a.number, &b.number));
    }
    units
}

fn unit(file: &File, number: &str, name: &str) -> Unit {
    Unit {
        path: file.path.clone(),
        number: number.to_owned(),
        name: name.to_owned(),
        checksum: file.sha256(),
        entry: None,
    }
}

fn is_snapshot(layout: Layout, path: &str) -> bool {
    match layout {
        Layout::Drizzle => path.starts_with("meta/") && path.ends_with("_snapshot.json"),
        Layout::DrizzleFolders => parent_and_name(path).1 == "snapshot.json",
        _ => false,
    }
}

fn snapshot(file: &File) -> Result<Snapshot, Error> {
    let value: Value = contents::json(file, |path, reason| Error::BadSnapshot { path, reason })?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let id = value
        .get("id")
        .and_then(text)
        .ok_or_else(|| Error::BadSnapshot { path: file.path.clone(), reason: "it has no id".to_owned() })?;
    let one = value.get("prevId").and_then(text);
    let several = value.get("prevIds").and_then(Value::as_array).into_iter().flatten().filter_map(text);
    let follows = one.into_iter().chain(several).collect();
    Ok(Snapshot { path: file.path.clone(), sha256: file.sha256(), id, follows })
}
