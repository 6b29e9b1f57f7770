//! Which migrations are to be applied or undone, and why not.

use std::cmp::Ordering;

use super::error::{Edit, Error};
use super::rows::Applied;
use super::script::Script;
use super::status::{State, Status};
use crate::formats::Migration;
use crate::formats::{compare_versions, is_repeatable};

/// How far to go, up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent<'a> {
    /// Nobody said: all that is pending is applied, or the last one undone.
    Unsaid,
    /// To this migration, which is applied afterwards.
    To(&'a str),
    /// This many of them.
    Count(usize),
}

impl<'a> Extent<'a> {
    /// By the arguments `target` and the count, which is called `name`.
    pub fn new(target: Option<&'a str>, name: &'static str, count: Option<i32>) -> Result<Self, Error> {
        match (target, count) {
            (Some(_), Some(_)) => Err(Error::TargetAndCount { name }),
            (Some(target), None) => Ok(Self::To(target)),
            (None, None) => Ok(Self::Unsaid),
            (None, Some(value)) => match usize::try_from(value) {
                Ok(count @ 1..) => Ok(Self::Count(count)),
                Ok(0) | Err(_) => Err(Error::TooFew { name, value }),
            },
        }
    }
}

/// The migrations that are to be applied, or to go on, in their order. One that comes before an applied one is among them
/// only if that is wanted (`out_of_order`). `tell` is given a sentence on what stops nothing and is worth one.
pub fn choose_up<'s>(
    all: &'s [Status],
    extent: Extent<'_>,
    out_of_order: bool,
    mut tell: impl FnMut(String),
) -> Result<Vec<&'s Migration>, Error> {
    if all.iter().all(|status| status.journal.is_none()) {
        return Err(Error::EmptyJournal);
    }
    refuse_edited(all, &mut tell)?;
    let chosen = match extent {
        Extent::Unsaid => pending(all),
        Extent::To(target) => pending_up_to(all, target)?,
        Extent::Count(count) => {
            let mut chosen = pending(all);
            if !chosen.is_empty() && count > chosen.len() {
                let available = chosen.len();
                return Err(Error::TooMany { count, available, verb: "applied", state: "pending" });
            }
            chosen.truncate(count);
            chosen
        }
    };
    match out_of_order {
        true => behind(all, &chosen).for_each(|(version, last)| {
            tell(format!("migration {version} comes before {last}, which is applied, and runs after it"));
        }),
        false => refuse_out_of_order(all, &chosen)?,
    }
    Ok(chosen)
}

fn pending(all: &[Status]) -> Vec<&Migration> {
    all.iter().filter(|status| status.is_pending()).filter_map(|status| status.journal.as_ref()).collect()
}

fn pending_up_to<'s>(all: &'s [Status], target: &str) -> Result<Vec<&'s Migration>, Error> {
    let no_such = || Error::NoSuchMigration { version: target.to_owned() };
    let place = position(all.iter().map(|status| status.version.as_str()), target).ok_or_else(no_such)?;
    if all[place].journal.is_none() {
        return Err(no_such());
    }
    let chosen = pending(&all[..=place]);
    // What is applied as far as the target and beyond it would have to be undone.
    if chosen.is_empty() && all[place + 1..].iter().any(|later| later.ledger.is_some() && later.is_in_order())
    {
        return Err(Error::AlreadyApplied { version: target.to_owned() });
    }
    Ok(chosen)
}

/// An edited migration would make the ledger lie about every database that comes after; a cosmetic edit is only told.
fn refuse_edited(all: &[Status], mut tell: impl FnMut(String)) -> Result<(), Error> {
    let edited: Vec<Edit> =
        all.iter().filter(|status| status.state == State::Edited).filter_map(edit).collect();
    let begun = |status: &Status| {
        let done = status.ledger.as_ref()?.statements_done?;
        (status.state == State::Edited).then(|| Error::EditedPart { version: status.version.clone(), done })
    };
    match (&edited[..], all.iter().find_map(begun)) {
        ([_], Some(error)) => return Err(error),
        ([], _) => {}
        _ => return Err(Error::Edited { departed: departed(all).unwrap_or_default(), edited }),
    }
    for status in all.iter().filter(|status| status.state == State::Cosmetic) {
        tell(format!(
            "migration {} was edited after it was applied, in comments, white space or line ends alone",
            status.version
        ));
    }
    Ok(())
}

fn edit(status: &Status) -> Option<Edit> {
    Some(Edit {
        version: status.version.clone(),
        applied: status.ledger.as_ref()?.accepted_checksum().to_owned(),
        now: status.journal.as_ref()?.checksum.clone(),
    })
}

/// Where the journal is not what was applied, in one line: `0001, 0003 edited, 0002 missing`.
fn departed(all: &[Status]) -> Option<String> {
    let groups = [State::Edited, State::Missing];
    let groups =
        groups.iter().filter_map(|state| Some(format!("{} {}", named(all, *state)?, state.as_str())));
    let groups: Vec<_> = groups.collect();
    (!groups.is_empty()).then(|| groups.join(", "))
}

/// How many versions are named in a line.
const NAMED: usize = 20;

/// The versions of all in a state.
fn named(all: &[Status], state: State) -> Option<String> {
    let of: Vec<&str> =
        all.iter().filter(|status| status.state == state).map(|status| status.version.as_str()).collect();
    let (first, rest) = of.split_at(of.len().min(NAMED));
    let rest = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    (!first.is_empty()).then(|| format!("{}{rest}", first.join(", ")))
}

/// A pending migration before an applied one would run on a schema that its author never saw.
fn refuse_out_of_order(all: &[Status], chosen: &[&Migration]) -> Result<(), Error> {
    match behind(all, chosen).next() {
        Some((version, last)) => {
            Err(Error::OutOfOrder { version: version.to_owned(), last: last.to_owned() })
        }
        None => Ok(()),
    }
}

/// The chosen migrations that come before an applied one, each with the last of those.
fn behind<'s>(all: &'s [Status], chosen: &'s [&Migration]) -> impl Iterator<Item = (&'s str, &'s str)> {
    let is_chosen = |status: &Status| chosen.iter().any(|entry| entry.version == status.version);
    let behind = all.iter().filter(move |status| status.behind.is_some() && is_chosen(status));
    behind.filter_map(|status| Some((status.version.as_str(), status.behind.as_deref()?)))
}

/// The migrations that count as applied once what is here is said to be what they gave: all up to `version`. Returns those
/// that the ledger lacks, and how many there are in all.
pub fn choose_baseline<'s>(all: &'s [Status], version: &str) -> Result<(Vec<&'s Migration>, usize), Error> {
    let no_such = || Error::NoSuchMigration { version: version.to_owned() };
    let place = position(all.iter().map(|status| status.version.as_str()), version).ok_or_else(no_such)?;
    if all[place].journal.is_none() {
        return Err(no_such());
    }
    if let Some(later) = all[place + 1..].iter().find(|status| status.holds_place()) {
        return Err(Error::BehindLedger { version: all[place].version.clone(), last: later.version.clone() });
    }
    Ok((pending(&all[..=place]), place + 1))
}

/// The applied migrations that are to be undone, the latest first. `applied` is in the order in which they were applied.
pub fn choose_down<'s>(
    applied: &'s [Applied],
    journal: &[Migration],
    extent: Extent<'_>,
) -> Result<Vec<&'s Applied>, Error> {
    // What runs again and again is not undone: its next run brings it up to date.
    let applied: Vec<&Applied> = applied.iter().filter(|applied| !is_repeatable(&applied.version)).collect();
    let steps = match extent {
        Extent::To(target) => {
            let version = || target.to_owned();
            let last = position(applied.iter().map(|applied| applied.version.as_str()), target);
            let in_journal = || position(journal.iter().map(|entry| entry.version.as_str()), target);
            match last {
                Some(last) => applied.len() - last - 1,
                None if in_journal().is_some() => return Err(Error::NotApplied { version: version() }),
                None => return Err(Error::NoSuchMigration { version: version() }),
            }
        }
        Extent::Count(count) if count > applied.len() => {
            return Err(Error::TooMany { count, available: applied.len(), verb: "undone", state: "applied" });
        }
        Extent::Count(count) => count,
        Extent::Unsaid => 1,
    };
    Ok(applied.into_iter().rev().take(steps).collect())
}

/// The migration whose checksum is to be reset: applied as a whole, and edited since.
pub fn choose_reset<'s>(all: &'s [Status], version: &str) -> Result<(&'s Migration, &'s Applied), Error> {
    let place = position(all.iter().map(|status| status.version.as_str()), version)
        .ok_or_else(|| Error::NoSuchMigration { version: version.to_owned() })?;
    let Status { version, state, journal, ledger, .. } = &all[place];
    let version = || version.clone();
    let Some(applied) = ledger else { return Err(Error::NotApplied { version: version() }) };
    let Some(entry) = journal else { return Err(Error::NoFile { version: version() }) };
    if is_repeatable(&entry.version) {
        return Err(Error::RunsAgain { version: version() });
    }
    if applied.statements_done.is_some() {
        return Err(Error::AppliedInPart { version: version() });
    }
    match state {
        State::Edited | State::Cosmetic => Ok((entry, applied)),
        State::Pending | State::Partial | State::Applied | State::Missing | State::Retired => {
            Err(Error::NotEdited { version: version() })
        }
    }
}

/// What undoes an applied migration.
pub fn down_part<'j>(
    journal: &'j [Migration],
    applied: &Applied,
) -> Result<(&'j Migration, Script<'j>), Error> {
    let entry = journal.iter().find(|entry| entry.version == applied.version);
    entry
        .and_then(|entry| Some((entry, entry.down()?)))
        .ok_or_else(|| Error::NoDown { version: applied.version.clone() })
}

/// The position of the migration that a user named: by its version as written, or by the same number.
fn position<'a>(mut versions: impl Iterator<Item = &'a str> + Clone, named: &str) -> Option<usize> {
    // No digit at all would be the number zero.
    let is_number = named.starts_with(|c: char| c.is_ascii_digit());
    versions.clone().position(|version| version == named).or_else(|| {
        versions.position(|version| is_number && compare_versions(version, named) == Ordering::Equal)
    })
}
