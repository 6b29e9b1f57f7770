//! What another tool's list says of the migrations of the journal.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::Deserialize;

use super::Tracker;
use crate::formats::compare_versions;

/// A migration of the journal, by all that a list could know it by.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Candidate {
    pub version: String,
    pub name: String,
    pub path: String,
    pub checksum: String,
    pub generated_at: Option<i64>,
    /// What the ledger has of it.
    pub ledger: Option<InLedger>,
    /// Whether its row in the ledger was withdrawn: then it is no news that a list still has it.
    #[serde(default)]
    pub is_withdrawn: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct InLedger {
    /// The tools in whose lists it stood, because it was adopted from there or was written there, too.
    pub tools: Vec<String>,
    /// Whether not all of it has run.
    pub is_partial: bool,
}

/// A row of another tool's list. What the tool does not write down is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TrackerRow {
    pub version: Option<String>,
    /// The name of the file or folder.
    pub name: Option<String>,
    /// The SHA-256 of the file.
    pub hash: Option<String>,
    /// The SHA-384 of the file.
    pub sha384: Option<String>,
    /// When the file was written, as the tool's journal says.
    pub generated_at: Option<i64>,
    pub applied_at: Option<String>,
    /// Why the tool itself does not take it for applied.
    pub trouble: Option<String>,
}

impl TrackerRow {
    /// What the tool calls the migration.
    pub fn called(&self) -> &str {
        [&self.name, &self.version, &self.hash].into_iter().flatten().next().map_or("", String::as_str)
    }

    /// How surely it is of this migration: not at all, by the time of its file alone, by what the tool calls it, or by both.
    fn is_of(&self, entry: &Candidate) -> u8 {
        if let Some(name) = &self.name {
            return 2 * u8::from(is_name_of(name, &entry.path));
        }
        if let Some(version) = &self.version {
            return 2 * u8::from(compare_versions(version, &entry.version) == Ordering::Equal);
        }
        let by_hash = self.hash.as_ref().is_some_and(|hash| hash.eq_ignore_ascii_case(&entry.checksum));
        let by_time = self.generated_at.is_some() && self.generated_at == entry.generated_at;
        2 * u8::from(by_hash) + u8::from(by_time)
    }
}

/// Whether a tool means this migration by a name: its path, with or without what it ends with, or one of its segments.
fn is_name_of(name: &str, path: &str) -> bool {
    let plain = |text: &str| {
        let text = text.rsplit_once('/').map_or(text, |(_, last)| last);
        ["up.sql", "sql", "js", "ts"]
            .iter()
            .find_map(|ending| text.strip_suffix(ending)?.strip_suffix('.'))
            .unwrap_or(text)
            .to_owned()
    };
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_file_in_folder = ["migration", "up"].contains(&plain(path).as_str());
    let own = if is_file_in_folder { plain(folder) } else { plain(path) };
    plain(name) == own
}

/// What is to be believed of one migration, or of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belief {
    /// Of the migration in the journal; of a row that no migration is known of, what the tool calls it.
    pub version: String,
    pub name: String,
    pub state: BeliefState,
    pub applied_at: Option<String>,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeliefState {
    /// The tool says that it was applied, and nothing speaks against it.
    Adopted,
    /// The ledger has it already.
    Known,
    /// The ledger has it from the tool, which has it no more.
    Undone,
    /// The tool does not say so.
    Pending,
    /// The tool says that it failed, or was taken back.
    NotApplied,
    /// There is no such migration in the journal.
    Unknown,
}

impl BeliefState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Known => "applied",
            Self::Undone => "undone",
            Self::Pending => "pending",
            Self::NotApplied => "not applied",
            Self::Unknown => "unknown",
        }
    }
}

/// What the rows of a tool's list say of the migrations of the journal, in the journal's order, then the rows that are of
/// none of them. `sha384` gives the hash of a file's text by the migration's version.
pub fn believe(
    tracker: &Tracker,
    rows: &[TrackerRow],
    journal: &[Candidate],
    sha384: impl Fn(&str) -> Option<String>,
) -> Vec<Belief> {
    let of_rows = entries_of(rows, journal);
    // The last word on a migration counts: it can have failed before.
    let row_of = |place: usize| of_rows.iter().rposition(|of| *of == Some(place));
    let last = (0..journal.len()).rev().find(|&place| row_of(place).is_some());
    let mut beliefs: Vec<Belief> = journal
        .iter()
        .enumerate()
        .map(|(place, entry)| {
            // A tool that keeps its last version alone means those before it, too.
            let row = match (row_of(place), tracker.is_last_only, last) {
                (None, true, Some(last)) if place < last => Some(TrackerRow::default()),
                (own, ..) => own.map(|own| rows[own].clone()),
            };
            let is_before = last.is_some_and(|last| place < last);
            belief(tracker, entry, row, is_before, &sha384)
        })
        .collect();
    let unknown = rows.iter().zip(&of_rows).filter(|(_, of)| of.is_none()).map(|(row, _)| Belief {
        version: row.version.clone().unwrap_or_default(),
        name: row.called().to_owned(),
        state: BeliefState::Unknown,
        applied_at: row.applied_at.clone(),
        note: Some(match (&row.name, &row.version, &row.hash) {
            (None, None, None) => "a row that does not say of which migration it is".to_owned(),
            (None, None, Some(_)) => format!(
                "no migration of the journal has this hash: its file was changed or removed after {} applied it",
                tracker.tool
            ),
            _ => "there is no such migration in the journal".to_owned(),
        }),
    });
    beliefs.extend(unknown);
    beliefs
}

/// The migration that each row is of, by its place. Where two are meant alike, as two files of one text, each row gets one
/// of its own.
fn entries_of(rows: &[TrackerRow], journal: &[Candidate]) -> Vec<Option<usize>> {
    let mut taken = BTreeSet::new();
    rows.iter()
        .map(|row| {
            let best = (0..journal.len())
                .map(|place| (row.is_of(&journal[place]), !taken.contains(&place), std::cmp::Reverse(place)))
                .filter(|(surely, ..)| *surely > 0)
                .max()
                .map(|(.., place)| place.0);
            taken.extend(best);
            best
        })
        .collect()
}

fn belief(
    tracker: &Tracker,
    entry: &Candidate,
    row: Option<TrackerRow>,
    is_before: bool,
    sha384: impl Fn(&str) -> Option<String>,
) -> Belief {
    let belief = |state, applied_at, note| Belief {
        version: entry.version.clone(),
        name: entry.name.clone(),
        state,
        applied_at,
        note,
    };
    if let Some(known) = entry.ledger.as_ref().filter(|known| !known.is_partial) {
        let had = known.tools.iter().any(|tool| tool == tracker.tool);
        return match row {
            None if had => {
                let note = format!("{} has taken it back, or its row is gone", tracker.tool);
                belief(BeliefState::Undone, None, Some(note))
            }
            Some(TrackerRow { trouble: Some(trouble), .. }) if had => {
                belief(BeliefState::Undone, None, Some(format!("{} says: {trouble}", tracker.tool)))
            }
            _ => belief(BeliefState::Known, None, None),
        };
    }
    let Some(row) = row else {
        let skipped =
            format!("later ones are applied, and this one is not: {} passes over it for ever", tracker.tool);
        // Only 0.x goes by the time of its last row.
        let note = (is_before && tracker.tool == "drizzle" && !tracker.without.is_empty()).then_some(skipped);
        return belief(BeliefState::Pending, None, note);
    };
    if let Some(trouble) = row.trouble {
        let note = format!("{} says: {trouble}", tracker.tool);
        return belief(BeliefState::NotApplied, row.applied_at, Some(note));
    }
    let differs = |theirs: &Option<String>, ours: Option<String>| {
        theirs.as_ref().zip(ours).is_some_and(|(theirs, ours)| !theirs.eq_ignore_ascii_case(&ours))
    };
    let is_other =
        differs(&row.hash, Some(entry.checksum.clone())) || differs(&row.sha384, sha384(&entry.version));
    let note = is_other.then(|| format!("its file is not what {} applied", tracker.tool));
    belief(BeliefState::Adopted, row.applied_at, note)
}
