//! The journal against the ledger: files that were renamed, that are gone, that were edited.
//!
//! A row of the ledger and a migration of the journal belong together if the file is the one that was applied, by its bytes or
//! by its tokens. Where that can be said of several, the name decides; where that says nothing, as many rows as files go
//! together in their order, since they do the same.

use std::collections::BTreeSet;

use super::{Act, Finding, Problem};
use crate::checksum::{sha256_hex, tokens_sha256};
use crate::formats::Migration;
use crate::lexer::normal_form;
use crate::migrations::{Applied, State, Status};

/// What a migration is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub version: String,
    pub name: String,
    pub path: String,
}

impl Place {
    fn of(entry: &Migration) -> Self {
        Self { version: entry.version.clone(), name: entry.name.clone(), path: entry.path.clone() }
    }
}

/// The finding if nothing is loaded at all, and so many migrations are applied: it is not said of each that its file is gone.
pub fn empty_journal(applied: usize) -> Option<Finding> {
    let migrations =
        if applied == 1 { "1 migration is".to_owned() } else { format!("{applied} migrations are") };
    (applied > 0).then(|| Finding {
        version: None,
        ..Finding::manual(
            Problem::EmptyJournal,
            "",
            format!("{migrations} applied, and the journal is empty: nothing can be said of their files"),
            "Load the migrations folder with nself_journal_load() or nself_journal_put(), and repair again."
                .to_owned(),
        )
    })
}

/// What is wrong between the journal, which is not empty, and the ledger of one tenant.
pub fn find(all: &[Status]) -> Vec<Finding> {
    let rows: Vec<Loose<'_, Applied>> = all.iter().filter_map(loose_row).collect();
    let entries: Vec<Loose<'_, Migration>> = all.iter().filter_map(loose_entry).collect();
    let Matched { mut pairs, unclear } = matched(&rows, &entries);
    let homeless = drop_homeless(&mut pairs, &rows, &entries);
    let mut found = Vec::new();
    for status in all {
        let Some(applied) = &status.ledger else { continue };
        let row = rows.iter().position(|row| row.of.version == applied.version);
        let pair = row.and_then(|row| pairs.iter().find(|(own, _)| *own == row));
        match (pair, status.state) {
            (Some((row, entry)), _) => found.push(renamed(&rows[*row], &entries[*entry])),
            (None, State::Missing) => {
                let is_unclear = row.is_some_and(|row| unclear.contains(&row));
                let taken = row.and_then(|row| homeless.iter().find(|(own, _)| *own == row));
                let taken = taken.map(|(_, entry)| entries[*entry].of);
                found.push(missing(applied, is_unclear, taken, &entries, &pairs));
            }
            (None, State::Edited) => found.push(edited(status, applied)),
            (None, _) => {}
        }
    }
    found
}

/// One side of a pair that is not found yet, with what tells what it does.
struct Loose<'a, T> {
    of: &'a T,
    checksums: Vec<&'a str>,
    /// Of the tokens; not of SQL without any, which is like any other.
    tokens: Vec<String>,
}

fn tokens<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    texts.into_iter().filter(|sql| !normal_form(sql).is_empty()).map(tokens_sha256).collect()
}

/// A row of the ledger whose file is not the one of its version. What runs again and again has no need of its row.
fn loose_row(status: &Status) -> Option<Loose<'_, Applied>> {
    let is_loose = matches!(status.state, State::Missing | State::Retired | State::Edited);
    let of =
        status.ledger.as_ref().filter(|_| is_loose && status.is_in_order() && !status.is_row_edited())?;
    Some(Loose {
        of,
        checksums: vec![of.accepted_checksum(), &of.checksum],
        tokens: tokens([of.accepted_sql(), &of.sql]),
    })
}

/// A file that is not what was applied under its version.
fn loose_entry(status: &Status) -> Option<Loose<'_, Migration>> {
    let is_loose = matches!(status.state, State::Pending | State::Edited);
    let of =
        status.journal.as_ref().filter(|_| is_loose && status.is_in_order() && !status.is_row_edited())?;
    Some(Loose { of, checksums: vec![&of.checksum], tokens: tokens([of.up_sql.as_str()]) })
}

/// Of one file the SQL is one, unless somebody has edited the row, which a file proves that is nothing but its up part.
fn belong_together(row: &Loose<'_, Applied>, entry: &Loose<'_, Migration>) -> bool {
    let is_one_file = row.checksums.iter().any(|sum| entry.checksums.contains(sum));
    let is_one_sql = row.tokens.iter().any(|sum| entry.tokens.contains(sum));
    is_one_sql || is_one_file && (says_the_same(row.of, entry.of) || proves(entry.of))
}

fn says_the_same(row: &Applied, entry: &Migration) -> bool {
    normal_form(row.accepted_sql()) == normal_form(&entry.up_sql)
}

/// Whether the checksum of the file is one of its up part: then no other SQL has that checksum.
fn proves(entry: &Migration) -> bool {
    sha256_hex(entry.up_sql.as_bytes()) == entry.checksum
}

struct Matched {
    /// The places of a row and of its file.
    pairs: Vec<(usize, usize)>,
    /// The rows that have the SQL of a file, which is also that of others.
    unclear: BTreeSet<usize>,
}

fn matched(rows: &[Loose<'_, Applied>], entries: &[Loose<'_, Migration>]) -> Matched {
    let mut pairs = Vec::new();
    let mut unclear = BTreeSet::new();
    let mut open: Vec<usize> = (0..rows.len()).collect();
    let mut free: BTreeSet<usize> = (0..entries.len()).collect();
    let fits = |row: usize, entry: usize| belong_together(&rows[row], &entries[entry]);
    let same_name = |row: usize, entry: usize| {
        !rows[row].of.name.is_empty() && rows[row].of.name == entries[entry].of.name
    };
    // Those of one name first: nobody else has a claim to a file then.
    let named: Vec<(usize, usize)> = open
        .iter()
        .filter_map(|&row| {
            let mut own = free.iter().filter(|&&entry| same_name(row, entry) && fits(row, entry));
            let entry = *own.next()?;
            let rivals = open.iter().filter(|&&other| same_name(other, entry) && fits(other, entry)).count();
            (own.next().is_none() && rivals == 1).then_some((row, entry))
        })
        .collect();
    for (row, entry) in named {
        open.retain(|other| *other != row);
        free.remove(&entry);
        pairs.push((row, entry));
    }
    while let Some(&row) = open.first() {
        let files: Vec<usize> = free.iter().copied().filter(|&entry| fits(row, entry)).collect();
        let alike: Vec<usize> = match files.first() {
            Some(&file) => open.iter().copied().filter(|&other| fits(other, file)).collect(),
            None => vec![row],
        };
        if files.len() == alike.len() {
            pairs.extend(alike.iter().copied().zip(files.iter().copied()));
            free.retain(|entry| !files.contains(entry));
        } else if !files.is_empty() {
            unclear.extend(alike.iter().copied());
        }
        open.retain(|other| !alike.contains(other));
    }
    Matched { pairs, unclear }
}

/// Takes out the pairs whose new version is that of a row which stays where it is, and returns them.
fn drop_homeless(
    pairs: &mut Vec<(usize, usize)>,
    rows: &[Loose<'_, Applied>],
    entries: &[Loose<'_, Migration>],
) -> Vec<(usize, usize)> {
    let mut homeless = Vec::new();
    loop {
        let stays = |version: &str| {
            rows.iter()
                .enumerate()
                .any(|(row, of)| of.of.version == version && !pairs.iter().any(|(moved, _)| *moved == row))
        };
        let Some(at) = pairs.iter().position(|(_, entry)| stays(&entries[*entry].of.version)) else {
            return homeless;
        };
        homeless.push(pairs.remove(at));
    }
}

fn renamed(row: &Loose<'_, Applied>, entry: &Loose<'_, Migration>) -> Finding {
    let (was, is) = (row.of, entry.of);
    let is_row_edited = !row.tokens.iter().any(|sum| entry.tokens.contains(sum))
        && was.checksum == is.checksum
        && was.reset.is_none()
        && normal_form(&was.sql) != normal_form(&is.up_sql);
    let edited = match is_row_edited {
        true => {
            ", with the SQL of the file: that of the row is not of its checksum, so somebody has edited the row"
        }
        false => "",
    };
    Finding::mend(
        Problem::Renamed,
        &was.version,
        format!("{} is applied, and its file is {} now", was.path, is.path),
        format!(
            "Writes the row of {} once more as {}, in its place in the order{edited}. Nothing runs again",
            was.version, is.version
        ),
        Act::Restate { to: Place::of(is), sql: is_row_edited.then(|| is.up_sql.clone()) },
    )
}

fn missing(
    applied: &Applied,
    is_unclear: bool,
    taken: Option<&Migration>,
    entries: &[Loose<'_, Migration>],
    pairs: &[(usize, usize)],
) -> Finding {
    let (version, path) = (&applied.version, &applied.path);
    let gone = format!("{path} is applied, and not in the journal");
    let manual = |detail: String, hint: String| Finding::manual(Problem::Missing, version, detail, hint);
    if let Some(done) = applied.statements_done {
        return manual(
            format!("{path} is applied up to statement {done}, and not in the journal"),
            format!(
                "Put the file back and load the folder; nself_migrate_up_start() then goes on. nself.applied has the SQL of {version}."
            ),
        );
    }
    if let Some(entry) = taken {
        return manual(
            format!("{gone}. {} has its SQL, and {} is applied with another one", entry.path, entry.version),
            format!(
                "Give the file a version of its own. What ran as {} is in nself.applied, and its file is nowhere.",
                entry.version
            ),
        );
    }
    if is_unclear {
        return manual(
            format!("{gone}. Its SQL is that of a pending migration, and others have the same"),
            "Give the files the names back that they had, and load the folder: then it can be told which is which.".to_owned(),
        );
    }
    let is_free = |place: usize| !pairs.iter().any(|(_, entry)| *entry == place);
    let mut same_name = entries.iter().enumerate().filter(|(place, entry)| {
        is_free(*place) && !applied.name.is_empty() && entry.of.name == applied.name
    });
    if let Some((_, entry)) = same_name.next() {
        let new = &entry.of.path;
        return manual(
            format!("{gone}. {new} has its name and another SQL: it was renamed and edited at once, perhaps"),
            format!(
                "If {new} is that migration, take the edit back, load the folder and repair: then make the edit, and \
                 nself_migrate_reset_checksum() says why it stays. If it is another one, give it another name and repair."
            ),
        );
    }
    Finding::mend(
        Problem::Missing,
        version,
        gone,
        format!(
            "Writes down that the file of {version} is gone for good: it stays applied, and what it made stays expected. If the \
             file comes back, it counts as before"
        ),
        Act::Retire,
    )
}

fn edited(status: &Status, applied: &Applied) -> Finding {
    let version = &status.version;
    let entry = status.journal.as_ref().expect("what is edited is in the journal");
    if let Some(done) = applied.statements_done {
        return Finding::manual(
            Problem::Edited,
            version,
            format!("{} is applied up to statement {done}, and what ran of it was changed since", entry.path),
            "Put the statements that ran back as they were, and the mark with them.".to_owned(),
        );
    }
    if !status.is_row_edited() {
        return Finding::manual(
            Problem::Edited,
            version,
            format!("{} is not what was applied", entry.path),
            "Put the file back as it was, or let nself_migrate_reset_checksum() say why the edit stays."
                .to_owned(),
        );
    }
    let detail = format!(
        "the SQL of {version} in the ledger is not that of its checksum: somebody has edited the row"
    );
    if applied.reset.is_none() && proves(entry) {
        return Finding::mend(
            Problem::EditedLedger,
            version,
            detail,
            format!(
                "Writes the row once more, in its place, with the SQL of {}, which has this checksum",
                entry.path
            ),
            Act::Restate { to: Place::of(entry), sql: Some(entry.up_sql.clone()) },
        );
    }
    Finding::manual(
        Problem::EditedLedger,
        version,
        detail,
        "What ran cannot be proved. See what is here with nself_drift(); nself_migrate_reset_checksum() lets the file count as it is."
            .to_owned(),
    )
}
