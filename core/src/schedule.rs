//! When the worker looks at which database. The time is told by the caller, and so is what a look found.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

/// How often the list of databases is read.
const POLL: Duration = Duration::from_secs(5);
/// How many visitors are at work at the same time: each takes up to three of the server's places for workers.
const AT_ONCE: usize = 2;
/// A visit that takes longer than this waits for something, say for old transactions while it builds an index. It does not
/// hold the others up, as long as there are not many of its kind.
const LONG: Duration = Duration::from_secs(60);
const AT_MOST: usize = 4;
/// How long until a database is visited again that has no extension yet, or one of another version, or is in use by a
/// restore.
const AGAIN_WITHOUT: Duration = Duration::from_secs(300);
const AGAIN_OTHER: Duration = Duration::from_secs(60);
const AGAIN_PUT_OFF: Duration = Duration::from_secs(10);
/// After an error: the first time, and at most.
const AGAIN_FAILED: Duration = Duration::from_secs(10);
const AGAIN_AT_MOST: Duration = Duration::from_secs(300);

/// What a visitor found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Finding {
    /// It ended before it could say anything, or met an error and said so in the server's log.
    Failed = 0,
    /// It looked, and did what there was to do.
    Looked = 1,
    /// The database is not to be healed without being asked.
    Disabled = 2,
    NoExtension = 3,
    /// The extension has another version than this library.
    OtherVersion = 4,
    /// Somebody is changing the schema.
    PutOff = 5,
    /// The database is a copy, and nobody has said there that it is to be healed.
    Copy = 6,
}

/// When one database is to be visited.
#[derive(Debug)]
pub struct Schedule {
    /// When it is to be visited; nothing if it was, and once is enough.
    due: Option<Instant>,
    /// When the visitor went that is there.
    began: Option<Instant>,
    /// Whether there was news since that visit began, which it may not have seen.
    news: bool,
    /// What the last visit found, and when it ended.
    last: Option<Finding>,
    ended: Instant,
    failures: u32,
}

/// What the end of a visit means for the next one.
#[derive(Debug, PartialEq, Eq)]
pub struct Next {
    /// Whether the visit before found something else.
    pub is_new: bool,
    /// When the next one is due, if there is no news; nothing if never.
    pub after: Option<Duration>,
}

impl Schedule {
    /// Of a database that nobody has visited yet.
    pub fn new(now: Instant) -> Self {
        Self { due: Some(now), began: None, news: false, last: None, ended: now, failures: 0 }
    }

    /// A visitor went.
    pub fn begin(&mut self, now: Instant) {
        self.began = Some(now);
    }

    /// There was no place for a visitor.
    pub fn put_off(&mut self, now: Instant) {
        self.due = Some(now + AGAIN_PUT_OFF);
    }

    /// The visitor has ended. `interval` is how long to wait from one look to the next; nothing if it is to look only once.
    pub fn end(&mut self, finding: Finding, now: Instant, interval: Option<Duration>) -> Next {
        self.began = None;
        self.ended = now;
        let is_new = self.last.replace(finding) != Some(finding);
        self.failures = if finding == Finding::Failed { self.failures + 1 } else { 0 };
        let after = match finding {
            Finding::Looked | Finding::Disabled | Finding::Copy => interval,
            Finding::NoExtension => Some(AGAIN_WITHOUT),
            Finding::OtherVersion => Some(AGAIN_OTHER),
            Finding::PutOff => Some(AGAIN_PUT_OFF),
            Finding::Failed => Some((AGAIN_FAILED * 2u32.pow(self.failures.min(6) - 1)).min(AGAIN_AT_MOST)),
        };
        self.due = after.map(|after| now + after);
        if std::mem::take(&mut self.news) {
            self.look_again(now);
        }
        Next { is_new, after }
    }

    /// There is news: where nothing was done for a reason, that may be over.
    pub fn look_again(&mut self, now: Instant) {
        self.news = self.began.is_some();
        if self.last != Some(Finding::Looked) {
            self.due = Some(now);
        }
    }

    /// The time from one look to the next may be another one now.
    pub fn keep_to_interval(&mut self, interval: Option<Duration>) {
        if self.last == Some(Finding::Looked) {
            self.due = interval.map(|interval| self.ended + interval);
        }
    }
}

/// The databases to which a visitor may go now. Who has waited longest goes first, so that each has its turn.
pub fn due<'s>(all: impl Iterator<Item = (u32, &'s Schedule)> + Clone, now: Instant) -> Vec<u32> {
    let waiting = all.clone().filter(|(_, one)| one.began.is_none());
    let mut due: Vec<(Instant, u32)> =
        waiting.filter_map(|(oid, one)| Some((one.due.filter(|due| *due <= now)?, oid))).collect();
    due.sort();
    let free = free(all.filter_map(|(_, one)| one.began), now);
    due.into_iter().take(free).map(|(_, oid)| oid).collect()
}

/// How many visitors may go now, beside those that went at these times.
fn free(began: impl Iterator<Item = Instant> + Clone, now: Instant) -> usize {
    let short = began.clone().filter(|began| now.saturating_duration_since(*began) < LONG).count();
    AT_ONCE.saturating_sub(short).min(AT_MOST.saturating_sub(began.count()))
}

/// How long until there is something to do, or the list of databases is to be read again.
pub fn until_next<'s>(all: impl Iterator<Item = &'s Schedule>, now: Instant) -> Duration {
    let waiting = all.filter(|one| one.began.is_none());
    let next = waiting.filter_map(|one| one.due).min().map(|due| due.saturating_duration_since(now));
    // One that is due already waits for another visit to end, of which the server tells.
    next.filter(|next| !next.is_zero()).map_or(POLL, |next| next.min(POLL))
}
