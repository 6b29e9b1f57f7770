//! The journal against the ledger: how far each migration is.

use std::collections::BTreeMap;

use super::rows::{Applied, Reset, Retired};
use super::script::Script;
use crate::formats::Migration;
use crate::formats::{compare_versions, is_repeatable};
use crate::lexer;

/// How the journal and the ledger stand to each other for one migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// In the journal, not in the ledger; or what runs again whenever its file has changed, and it has.
    Pending,
    /// Some of its statements have run, and are as they were.
    Partial,
    /// In both, equal to the byte.
    Applied,
    /// In both; the file differs in comments, white space or line ends alone.
    Cosmetic,
    /// In both, and different; if not all of it has run, in what has.
    Edited,
    /// In the ledger, not in the journal.
    Missing,
    /// The same, and somebody has said that it is to be so.
    Retired,
}

impl State {
    /// The word for it in a list of all migrations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Partial => "partial",
            Self::Applied => "applied",
            Self::Cosmetic => "cosmetic",
            Self::Edited => "edited",
            Self::Missing => "missing",
            Self::Retired => "retired",
        }
    }

    /// The word for it where checksums are compared; nothing if there is none to compare yet.
    pub fn verdict(self) -> Option<&'static str> {
        match self {
            Self::Pending | Self::Retired => None,
            Self::Applied => Some("ok"),
            Self::Edited => Some("mismatch"),
            Self::Partial | Self::Cosmetic | Self::Missing => Some(self.as_str()),
        }
    }
}

/// A migration of the journal, the ledger or both.
#[derive(Debug)]
pub struct Status {
    pub version: String,
    pub name: String,
    pub state: State,
    pub journal: Option<Migration>,
    pub ledger: Option<Applied>,
    /// Of what is pending: the last applied migration, if it comes after this one. Then this one is refused.
    pub behind: Option<String>,
}

impl Status {
    /// Whether it has its place in the order: what runs again and again comes after all others each time.
    pub fn is_in_order(&self) -> bool {
        !is_repeatable(&self.version)
    }

    /// Whether it is applied, in whole or in part, and holds a place in the journal's order.
    pub fn holds_place(&self) -> bool {
        self.journal.is_some() && self.ledger.is_some() && self.is_in_order()
    }

    /// Whether something of it is still to run.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending | State::Partial)
    }

    /// The checksum of its file now, or of what was applied.
    pub fn checksum(&self) -> &str {
        let of_journal = self.journal.as_ref().map(|entry| &entry.checksum);
        of_journal.or(self.ledger.as_ref().map(|applied| &applied.checksum)).map_or("", String::as_str)
    }

    /// Whether the file is the one that was applied, and yet its SQL in the ledger is another one.
    pub fn is_row_edited(&self) -> bool {
        let both = self.ledger.as_ref().zip(self.journal.as_ref());
        both.is_some_and(|(applied, entry)| {
            applied.statements_done.is_none() && applied.accepted_checksum() == entry.checksum
        })
    }

    /// Whether it runs in one transaction, or ran so.
    pub fn in_transaction(&self) -> bool {
        let of_journal = self.journal.as_ref().map(|entry| entry.in_transaction);
        of_journal.or(self.ledger.as_ref().map(|applied| applied.in_transaction)).unwrap_or(true)
    }

    /// What there is to say of its state.
    pub fn note(&self, split: &Split<'_>) -> Option<String> {
        let is_partial = self.ledger.as_ref().is_some_and(|applied| applied.statements_done.is_some());
        if let Some(last) = &self.behind {
            return Some(format!("comes before {last}, which is applied: it is refused"));
        }
        let note = match self.state {
            State::Pending if self.ledger.is_some() => "its file has changed: it runs again",
            State::Pending => return None,
            State::Applied => return self.ledger.as_ref()?.reset.as_ref().map(was_reset),
            State::Retired => return self.ledger.as_ref()?.retired.as_ref().map(was_retired),
            State::Partial => {
                return self.ledger.as_ref().zip(self.journal.as_ref()).map(|(l, j)| progress(l, j, split));
            }
            State::Edited if self.is_row_edited() => {
                "its SQL in the ledger is not that of its checksum: somebody has edited the row"
            }
            State::Cosmetic => "edited in comments, white space or line ends alone",
            State::Edited if is_partial => "applied in part, and that part is edited",
            State::Edited => "the file is not what was applied",
            State::Missing if is_partial => "applied in part, but not in the journal",
            State::Missing => "applied, but not in the journal",
        };
        Some(note.to_owned())
    }
}

/// The statements of a script, which the server's parser finds. None if it cannot read the script.
pub type Split<'s> = dyn Fn(&Script<'_>) -> Option<Vec<String>> + 's;

fn was_reset(Reset { reason, by, at, .. }: &Reset) -> String {
    format!("it ran before it was edited; {by} reset its checksum on {at}: {reason}")
}

fn was_retired(Retired { by, at }: &Retired) -> String {
    format!("applied; its file is gone, which {by} said on {at} is to be so")
}

/// How far a migration has come that has not ended, in words.
fn progress(begun: &Applied, entry: &Migration, split: &Split<'_>) -> String {
    let next = begun.statements_done.unwrap_or(0) + 1;
    let of = split(&entry.up()).map_or(String::new(), |all| format!(" of {}", all.len()));
    match begun.statement_begun {
        Some(_) => format!("statement {next}{of} was begun"),
        None => format!("statement {next}{of} is next"),
    }
}

/// All migrations of the journal in its order, then those that only the ledger knows. `applied` is what the ledger holds of
/// one tenant.
pub fn status(journal: Vec<Migration>, applied: Vec<Applied>, split: &Split<'_>) -> Vec<Status> {
    let mut applied: BTreeMap<String, Applied> =
        applied.into_iter().map(|applied| (applied.version.clone(), applied)).collect();
    let mut all: Vec<Status> = journal
        .into_iter()
        .map(|entry| {
            let ledger = applied.remove(&entry.version);
            let state = ledger.as_ref().map_or(State::Pending, |applied| compare(applied, &entry, split));
            Status {
                version: entry.version.clone(),
                name: entry.name.clone(),
                state,
                journal: Some(entry),
                ledger,
                behind: None,
            }
        })
        .collect();
    if let Some(last) = all.iter().rposition(Status::holds_place) {
        let version = all[last].version.clone();
        let pending = all[..last].iter_mut().filter(|status| status.is_pending() && status.is_in_order());
        pending.for_each(|status| status.behind = Some(version.clone()));
    }
    let mut missing: Vec<Applied> = applied.into_values().collect();
    missing.sort_by(|a, b| compare_versions(&a.version, &b.version));
    all.extend(missing.into_iter().map(|applied| Status {
        version: applied.version.clone(),
        name: applied.name.clone(),
        state: if applied.retired.is_some() { State::Retired } else { State::Missing },
        journal: None,
        ledger: Some(applied),
        behind: None,
    }));
    all
}

fn compare(applied: &Applied, entry: &Migration, split: &Split<'_>) -> State {
    if applied.statements_done.is_some() {
        match is_same_so_far(applied, entry, split) {
            true => State::Partial,
            false => State::Edited,
        }
    } else if is_repeatable(&entry.version) {
        if applied.checksum == entry.checksum { State::Applied } else { State::Pending }
    } else {
        // Of equal files the SQL is equal, unless somebody has edited the ledger.
        let is_same = applied.accepted_sql() == entry.up_sql
            || lexer::normal_form(applied.accepted_sql()) == lexer::normal_form(&entry.up_sql);
        match (is_same, applied.accepted_checksum() == entry.checksum) {
            (true, true) => State::Applied,
            (true, false) => State::Cosmetic,
            (false, _) => State::Edited,
        }
    }
}

/// Whether a migration can go on: it still is marked, and what ran of it is as it was, up to comments and white space.
/// One that cannot be read is not called changed: who runs it will be told why.
pub fn is_same_so_far(begun: &Applied, entry: &Migration, split: &Split<'_>) -> bool {
    let done = begun.statements_done.unwrap_or(0);
    let Some(now) = split(&entry.up()) else { return true };
    let Some(then) = split(&begun.script()) else { return false };
    let first = |statements: &[String]| {
        statements
            .get(..done)
            .map(|first| first.iter().map(|sql| lexer::normal_form(sql)).collect::<Vec<_>>())
    };
    !entry.in_transaction && first(&now).is_some_and(|now| Some(now) == first(&then))
}
