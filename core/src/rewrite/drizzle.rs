//! Drizzle 0.x: the journal, the names of files, and the chain of snapshots. What is applied stays as it is to the byte;
//! what is pending comes behind it, one after the other.
//!
//! 1. The entries are put in order: those that are applied, then the pending ones, each as the journal has them.
//! 2. A pending entry whose idx or number is not after those before it gets the next idx, and a name with that number; one
//!    whose time is not, gets a later time.
//! 3. Its snapshot follows the one before it. If it was made from another one, both say what they changed since that, and it
//!    gets the changes of both.

use super::change::Change;
use super::error::Error;
use super::json::{Json, merge};
use crate::conflicts::is_applied;
use crate::formats::{Content, Entry, File, Scan, Snapshot, Unit, compare_versions, with_number};
use crate::migrations::Applied;

/// The id that the first snapshot follows.
const ORIGIN: &str = "00000000-0000-0000-0000-000000000000";

/// An entry in its new place.
struct Placed<'s> {
    unit: &'s Unit,
    entry: &'s Entry,
    is_applied: bool,
    idx: u64,
    tag: String,
    when: Option<i64>,
}

/// Makes one line of what two branches have added. What is in order already keeps its name: it may be applied somewhere else.
pub fn rebase(files: &[File], scan: &Scan, applied: &[Applied]) -> Result<Vec<Change>, Error> {
    let (mut placed, pending) = entries(scan, applied)?;
    for mut entry in pending {
        let last = placed.iter().map(|before| before.idx).max();
        let is_in_order = last.is_none_or(|last| entry.idx > last)
            && !placed.iter().any(|before| compare_versions(number(&before.tag), number(&entry.tag)).is_eq());
        if !is_in_order {
            let numbers = placed.iter().map(|before| number(&before.tag));
            let numbers =
                numbers.filter(|number| number.len() <= INDEX_WIDTH).filter_map(|text| text.parse().ok());
            entry.idx = last.max(numbers.max()).map_or(0, |last| last + 1);
            // Names that begin with a time, or have no number, are in no need of another one.
            if entry.unit.number.len() <= INDEX_WIDTH
                && let Some(tag) = with_number(&entry.entry.tag, &entry.idx.to_string())
            {
                entry.tag = tag;
            }
        }
        placed.push(entry);
    }
    rewrite(files, scan, placed)
}

/// Numbers up to this length are taken for idx, longer ones for times.
const INDEX_WIDTH: usize = 6;

/// Gives one entry another name, and the place that goes with it.
pub fn renumber(
    files: &[File],
    scan: &Scan,
    applied: &[Applied],
    unit: &Unit,
    tag: &str,
) -> Result<Vec<Change>, Error> {
    let (mut placed, mut pending) = entries(scan, applied)?;
    let Some(meant) = pending.iter().position(|placed| placed.unit.path == unit.path) else {
        // The journal does not name it, so its name alone changes.
        let down = unit.path.strip_suffix(".sql").map(|stem| format!("{stem}.down.sql"));
        let paths = [Some(unit.path.clone()), down].into_iter().flatten();
        let there = paths.filter(|path| files.iter().any(|file| file.path == *path));
        let old = unit.path.strip_prefix(&scan.root).unwrap_or(&unit.path).trim_end_matches(".sql");
        return Ok(there.map(|path| Change::moved(path.clone(), path.replacen(old, tag, 1))).collect());
    };
    let mut entry = pending.remove(meant);
    entry.tag = tag.to_owned();
    let number = tag.split('_').next().and_then(|number| number.parse().ok());
    if entry.unit.number.len() <= INDEX_WIDTH
        && let Some(number) = number
    {
        entry.idx = number;
    }
    let place = pending.iter().position(|other| other.tag > entry.tag).unwrap_or(pending.len());
    pending.insert(place, entry);
    placed.extend(pending);
    rewrite(files, scan, placed)
}

/// The entries that are applied, and those that are not, each in the journal's order.
fn entries<'s>(scan: &'s Scan, applied: &[Applied]) -> Result<(Vec<Placed<'s>>, Vec<Placed<'s>>), Error> {
    if let Some(lost) = scan.lost.first() {
        return Err(Error::Lost { tag: lost.tag.clone(), path: lost.path.clone() });
    }
    let all: Vec<Placed<'_>> = scan
        .units
        .iter()
        .filter_map(|unit| {
            let entry = unit.entry.as_ref()?;
            let is_applied = is_applied(unit, &scan.units, applied);
            Some(Placed { unit, entry, is_applied, idx: entry.idx, tag: entry.tag.clone(), when: entry.when })
        })
        .collect();
    if all.is_empty() {
        return Err(Error::NoJournal);
    }
    Ok(all.into_iter().partition(|placed| placed.is_applied))
}

fn rewrite(files: &[File], scan: &Scan, mut placed: Vec<Placed<'_>>) -> Result<Vec<Change>, Error> {
    let mut latest = None;
    for entry in &mut placed {
        if !entry.is_applied && entry.when <= latest {
            entry.when = latest.map(|latest| latest + 1);
        }
        latest = latest.max(entry.when);
    }
    let mut changes = vec![journal(files, scan, &placed)?];
    for entry in &placed {
        let (old, new) = (&entry.entry.tag, &entry.tag);
        for end in [".sql", ".down.sql"] {
            let path = format!("{}{old}{end}", scan.root);
            if files.iter().any(|file| file.path == path) {
                changes.push(Change::moved(path, format!("{}{new}{end}", scan.root)));
            }
        }
    }
    changes.extend(snapshots(files, scan, &placed)?);
    changes.retain(Change::is_one);
    Ok(changes)
}

fn journal(files: &[File], scan: &Scan, placed: &[Placed<'_>]) -> Result<Change, Error> {
    let path = format!("{}meta/_journal.json", scan.root);
    let mut journal = read(files, &path)?;
    let Json::Object(fields) = &mut journal else { return Err(Error::NoJournal) };
    let Some((_, Json::Array(entries))) = fields.iter_mut().find(|(name, _)| name == "entries") else {
        return Err(Error::NoJournal);
    };
    let before = entries.clone();
    *entries = placed
        .iter()
        .map(|placed| {
            let mut entry = before[placed.entry.place].clone();
            if !placed.is_applied {
                entry.set("idx", placed.idx.into());
                entry.set("tag", placed.tag.as_str().into());
                if let Some(when) = placed.when {
                    entry.set("when", when.into());
                }
            }
            entry
        })
        .collect();
    let is_same = before == *entries;
    let content = (!is_same).then(|| journal.to_text());
    Ok(Change { new_path: path.clone(), path, content })
}

/// The snapshots in their new chain.
fn snapshots(files: &[File], scan: &Scan, placed: &[Placed<'_>]) -> Result<Vec<Change>, Error> {
    let mut changes = Vec::new();
    let mut last: Option<(&Snapshot, Json)> = None;
    let mut used: Vec<&str> = Vec::new();
    for entry in placed {
        // One file for several migrations is the first one's.
        let own = own_snapshot(scan, entry);
        let Some(own) = own.filter(|own| !used.contains(&own.path.as_str())) else { continue };
        used.push(&own.path);
        let mut value = read(files, &own.path)?;
        if !entry.is_applied {
            let is_renamed = entry.tag != entry.entry.tag;
            let renamed = || format!("{}meta/{}_snapshot.json", scan.root, number(&entry.tag));
            let new_path = if is_renamed { renamed() } else { own.path.clone() };
            let changed = follow(files, scan, own, last.as_ref(), &mut value)?;
            let content = changed.then(|| value.to_text());
            changes.push(Change { path: own.path.clone(), new_path, content });
        }
        last = Some((own, value));
    }
    Ok(changes)
}

/// The snapshot of an entry has the number of its name, or else its idx, if no other one has that for a number.
fn own_snapshot<'s>(scan: &'s Scan, entry: &Placed<'_>) -> Option<&'s Snapshot> {
    let of = |number: &str| {
        let path = format!("{}meta/{number}_snapshot.json", scan.root);
        scan.snapshots.iter().find(|snapshot| snapshot.path == path)
    };
    let idx = format!("{:04}", entry.entry.idx);
    let is_free = !scan.units.iter().any(|unit| unit.number == idx);
    of(&entry.unit.number).or_else(|| if is_free { of(&idx) } else { None })
}

fn number(tag: &str) -> &str {
    tag.split_once('_').map_or(tag, |(number, _)| number)
}

/// Makes a snapshot follow the one before it, and says whether that changed it.
fn follow(
    files: &[File],
    scan: &Scan,
    own: &Snapshot,
    before: Option<&(&Snapshot, Json)>,
    value: &mut Json,
) -> Result<bool, Error> {
    let to_follow = before.map_or(ORIGIN, |(before, _)| before.id.as_str());
    let follows = own.follows.first().map_or(ORIGIN, String::as_str);
    if follows == to_follow {
        return Ok(false);
    }
    let base = match scan.snapshots.iter().find(|snapshot| snapshot.id == follows) {
        Some(base) => read(files, &base.path)?,
        None if follows == ORIGIN => Json::Object(Vec::new()),
        None => return Err(Error::NoBase { path: own.path.clone(), id: follows.to_owned() }),
    };
    if let Some((before, of_before)) = before {
        let [base, first, second] = [&base, of_before, value].map(|of| of.without(&["id", "prevId"]));
        let merged = merge(Some(&base), Some(&first), Some(&second), "").map_err(|at| Error::Differ {
            first: before.path.clone(),
            second: own.path.clone(),
            at,
        })?;
        let Some(Json::Object(fields)) = merged else { return Err(Error::NoJournal) };
        *value = Json::Object(head(value).into_iter().chain(fields).collect());
    }
    value.set("prevId", to_follow.into());
    Ok(true)
}

/// Its ids, which come first.
fn head(value: &Json) -> Vec<(String, Json)> {
    ["id", "prevId"].into_iter().filter_map(|key| Some((key.to_owned(), value.get(key)?.clone()))).collect()
}

fn read(files: &[File], path: &str) -> Result<Json, Error> {
    let bad = |reason: String| crate::formats::Error::BadSnapshot { path: path.to_owned(), reason };
    let Some(File { content: Content::Bytes(bytes), .. }) = files.iter().find(|file| file.path == path)
    else {
        return Err(crate::formats::Error::NotSent { path: path.to_owned() }.into());
    };
    Ok(serde_json::from_slice(bytes).map_err(|error| bad(error.to_string()))?)
}
