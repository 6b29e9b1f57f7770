//! What does not go together in a migrations folder, as after a merge of two branches: by its files alone, and by what is
//! applied.

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use crate::formats::{Scan, Snapshot, Unit, compare_versions, is_repeatable};
use crate::migrations::Applied;

/// The id that the first snapshot of Drizzle's follows.
const ORIGIN: &str = "00000000-0000-0000-0000-000000000000";

/// What is wrong. The words are those that a user sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    SameNumber,
    SameIdx,
    JournalGap,
    WhenOrder,
    NotInJournal,
    NoFile,
    SnapshotFork,
    SnapshotChain,
    NoSnapshot,
    OutOfOrder,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SameNumber => "same number",
            Self::SameIdx => "same idx",
            Self::JournalGap => "journal gap",
            Self::WhenOrder => "when order",
            Self::NotInJournal => "not in journal",
            Self::NoFile => "no file",
            Self::SnapshotFork => "snapshot fork",
            Self::SnapshotChain => "snapshot chain",
            Self::NoSnapshot => "no snapshot",
            Self::OutOfOrder => "out of order",
        }
    }
}

/// A file that takes part in a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    pub path: String,
    /// The SHA-256 of its bytes, if it is there.
    pub checksum: Option<String>,
}

/// One thing that does not go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    pub kind: Kind,
    pub version: Option<String>,
    pub file: Party,
    pub other: Option<Party>,
    pub says: String,
}

impl From<&Unit> for Party {
    fn from(unit: &Unit) -> Self {
        Self { path: unit.path.clone(), checksum: Some(unit.checksum.clone()) }
    }
}

impl From<&Snapshot> for Party {
    fn from(snapshot: &Snapshot) -> Self {
        Self { path: snapshot.path.clone(), checksum: Some(snapshot.sha256.clone()) }
    }
}

/// All conflicts of a folder, those of one kind together. `applied` is what the ledger holds, of all tenants.
pub fn find(scan: &Scan, applied: &[Applied]) -> Vec<Conflict> {
    let mut found = same_numbers(scan);
    found.extend(journal(scan));
    found.extend(snapshots(scan));
    found.extend(out_of_order(scan, applied));
    found.sort_by_key(|conflict| conflict.kind);
    found
}

fn same_numbers(scan: &Scan) -> Vec<Conflict> {
    let mut found = Vec::new();
    for (place, unit) in scan.units.iter().enumerate() {
        let Some(first) = scan.units[..place].iter().find(|first| first.has_number_of(unit)) else {
            continue;
        };
        let same = match first.checksum == unit.checksum {
            true => " with the same content",
            false => "",
        };
        found.push(Conflict {
            kind: Kind::SameNumber,
            version: Some(unit.number.clone()),
            file: first.into(),
            other: Some(unit.into()),
            says: format!("two migrations have the number {}{same}", first.number),
        });
    }
    found
}

/// What Drizzle's journal says against itself and against the files.
fn journal(scan: &Scan) -> Vec<Conflict> {
    let mut found = Vec::new();
    let entries: Vec<_> = scan.units.iter().filter_map(|unit| Some((unit, unit.entry.as_ref()?))).collect();
    for pair in entries.windows(2) {
        let [(before, a), (unit, b)] = pair else { continue };
        let conflict = |kind, says: String| Conflict {
            kind,
            version: Some(unit.number.clone()),
            file: (*before).into(),
            other: Some((*unit).into()),
            says,
        };
        if a.idx == b.idx && !before.has_number_of(unit) {
            found.push(conflict(Kind::SameIdx, format!("two entries of the journal have the idx {}", a.idx)));
        } else if b.idx > a.idx + 1 && b.place == a.place + 1 {
            let says = format!("in the journal idx {} comes after idx {}", b.idx, a.idx);
            found.push(conflict(Kind::JournalGap, says));
        }
    }
    for (place, (unit, entry)) in entries.iter().enumerate() {
        let latest = entries[..place].iter().max_by_key(|(_, before)| before.when);
        if let Some((before, latest)) = latest
            && entry.when.is_some()
            && entry.when <= latest.when
        {
            found.push(Conflict {
                kind: Kind::WhenOrder,
                version: Some(unit.number.clone()),
                file: (*before).into(),
                other: Some((*unit).into()),
                says: format!(
                    "{} comes after {} in the journal, and its \"when\" does not: Drizzle's migrate passes over it where the other one is applied",
                    entry.tag, latest.tag
                ),
            });
        }
    }
    if entries.is_empty() && scan.lost.is_empty() {
        return found;
    }
    found.extend(scan.units.iter().filter(|unit| unit.entry.is_none()).map(|unit| Conflict {
        kind: Kind::NotInJournal,
        version: Some(unit.number.clone()),
        file: unit.into(),
        other: None,
        says: format!("meta/_journal.json does not name {}: it is not applied", unit.path),
    }));
    found.extend(scan.lost.iter().map(|lost| Conflict {
        kind: Kind::NoFile,
        version: None,
        file: Party { path: lost.path.clone(), checksum: None },
        other: None,
        says: format!("meta/_journal.json names {}, and there is no such file", lost.tag),
    }));
    found
}

fn snapshots(scan: &Scan) -> Vec<Conflict> {
    let mut found = Vec::new();
    let mut first_after: BTreeMap<&str, &Snapshot> = BTreeMap::new();
    for snapshot in &scan.snapshots {
        let conflict = |kind, file: &Snapshot, other: Option<&Snapshot>, says: String| Conflict {
            kind,
            version: None,
            file: file.into(),
            other: other.map(Party::from),
            says,
        };
        for id in &snapshot.follows {
            if let Some(first) = first_after.get(id.as_str()) {
                let says = format!(
                    "two snapshots follow {}: the next migration that Drizzle generates starts from one of them, and repeats what the other one has",
                    scan.snapshots.iter().find(|of| of.id == *id).map_or("nothing", |of| of.path.as_str())
                );
                found.push(conflict(Kind::SnapshotFork, first, Some(snapshot), says));
            } else if id != ORIGIN && !scan.snapshots.iter().any(|of| of.id == *id) {
                let says = format!("{} follows the snapshot {id}, which is not there", snapshot.path);
                found.push(conflict(Kind::SnapshotChain, snapshot, None, says));
            }
            first_after.entry(id).or_insert(snapshot);
        }
        if let Some(same) = scan.snapshots.iter().find(|of| of.id == snapshot.id && of.path < snapshot.path) {
            let says = format!("two snapshots have the id {}", snapshot.id);
            found.push(conflict(Kind::SnapshotChain, same, Some(snapshot), says));
        }
    }
    found.extend(without_snapshot(scan));
    found
}

/// Where Drizzle keeps snapshots, the last migration without one makes the next generation repeat it. Earlier ones are
/// needed by nobody. A snapshot has the number alone for its name, so of two migrations that a merge gave one number and one
/// idx, one lacks it. Numbers that are times of one second share theirs without harm, and names without numbers share one.
fn without_snapshot(scan: &Scan) -> Option<Conflict> {
    let entries = scan.units.iter().filter(|unit| unit.entry.is_some());
    let is_last = entries.clone().next_back()?;
    let entries = entries.count();
    let lacking = entries.checked_sub(scan.snapshots.len()).filter(|lacking| *lacking > 0)?;
    let idx = |unit: &Unit| unit.entry.as_ref().map(|entry| entry.idx);
    let shared = scan
        .units
        .iter()
        .any(|unit| unit.path != is_last.path && unit.has_number_of(is_last) && idx(unit) == idx(is_last));
    let own = format!("meta/{}_snapshot.json", is_last.number);
    let unnumbered = format!("{}meta/_snapshot.json", scan.root);
    let has_own =
        scan.snapshots.iter().any(|snapshot| snapshot.path.ends_with(&own) || snapshot.path == unnumbered);
    (!scan.snapshots.is_empty() && (shared || !has_own)).then(|| Conflict {
        kind: Kind::NoSnapshot,
        version: Some(is_last.number.clone()),
        file: is_last.into(),
        other: None,
        says: format!(
            "{lacking} of {entries} migrations lack a snapshot: the next one that Drizzle generates repeats what they did"
        ),
    })
}

fn out_of_order(scan: &Scan, applied: &[Applied]) -> Vec<Conflict> {
    let in_order: Vec<&Unit> = scan
        .units
        .iter()
        .filter(|unit| unit.is_numbered() && (unit.entry.is_some() || !has_journal(scan)))
        .collect();
    let is_applied: Vec<bool> = in_order.iter().map(|unit| is_applied(unit, &scan.units, applied)).collect();
    let Some(last) = is_applied.iter().rposition(|is| *is) else { return Vec::new() };
    let pending = (0..last).filter(|place| !is_applied[*place]).map(|place| in_order[place]);
    let conflict = |unit: &Unit| Conflict {
        kind: Kind::OutOfOrder,
        version: Some(unit.number.clone()),
        file: unit.into(),
        other: Some(in_order[last].into()),
        says: format!(
            "{} is not applied and comes before {}, which is: it is refused",
            unit.path, in_order[last].path
        ),
    };
    pending.map(conflict).collect()
}

fn has_journal(scan: &Scan) -> bool {
    !scan.lost.is_empty() || scan.units.iter().any(|unit| unit.entry.is_some())
}

/// Whether the ledger has this file, as far as that can be told: it has its number, and no other file with this number is the
/// one that was applied.
pub fn is_applied(unit: &Unit, units: &[Unit], applied: &[Applied]) -> bool {
    if !unit.is_numbered() {
        return applied.iter().any(|row| row.version == unit.number);
    }
    let is_the_one = |row: &Applied, unit: &Unit| {
        row.name == unit.name || row.checksum == unit.checksum || row.accepted_checksum() == unit.checksum
    };
    let others = || units.iter().filter(|other| other.path != unit.path && other.has_number_of(unit));
    rows_of(&unit.number, applied)
        .any(|row| is_the_one(row, unit) || !others().any(|other| is_the_one(row, other)))
}

/// What is applied under a number, also if the ledger calls it by its whole name.
pub fn rows_of<'a>(number: &'a str, applied: &'a [Applied]) -> impl Iterator<Item = &'a Applied> {
    applied.iter().filter(move |row| {
        let of_row = row.version.split_once('_').map_or(row.version.as_str(), |(number, _)| number);
        !is_repeatable(&row.version) && compare_versions(of_row, number).is_eq()
    })
}
