//! The launcher: the worker that the server starts with itself. It sleeps, and now and then lets a visitor look at each
//! database, see `visitor`. It is connected to none of them, and a visitor only for as long as it works: a database can be
//! dropped, renamed, restored or taken as a template as if there were no worker.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::time::{Duration, Instant};

use pgrx::prelude::*;

use crate::background::finding::{Finding, Slip};
use crate::background::{visitor, wake};
use crate::error::say;
use crate::server::transaction;
use crate::server::worker::{self, Handle, WorkerSpec};
use crate::settings;

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

/// Asks the server to start the launcher. Only while the server loads its libraries.
pub fn register() {
    WorkerSpec {
        title: "nself_heal launcher",
        function: "nself_heal_launcher",
        argument: 0,
        extra: "",
        purpose: "start others",
        returns_after: Some(Duration::from_secs(10)),
    }
    .start_with_server();
}

#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn nself_heal_launcher(_argument: pg_sys::Datum) {
    worker::obey_signals();
    // SAFETY: it is called once, before anything that needs the catalogs. Without a database only those are there that
    // all databases share.
    unsafe { pg_sys::BackgroundWorkerInitializeConnection(std::ptr::null(), std::ptr::null(), 0) };
    wake::enter();
    let mut launcher = Launcher::default();
    loop {
        launcher.look();
        worker::show_idle("waits until it is time to look at a database");
        worker::sleep(launcher.until_next());
    }
}

#[derive(Default)]
struct Launcher {
    /// By their numbers.
    databases: BTreeMap<u32, Database>,
    news: u32,
    /// Whether it was said that there is no place for a visitor, and that the list of databases cannot be read.
    said_full: bool,
    said_bad_list: bool,
}

/// What the launcher knows of a database.
struct Database {
    /// When it is to be visited; nothing if it was, and once is enough.
    due: Option<Instant>,
    visit: Option<Visit>,
    /// Whether there was news since that visit began, which it may not have seen.
    news: bool,
    /// What the last visit found, and when it ended.
    last: Option<Finding>,
    ended: Instant,
    failures: u32,
}

/// A visitor that is at work.
struct Visit {
    handle: Handle,
    slip: Slip,
    began: Instant,
}

impl Launcher {
    /// One round: reads what has changed, takes in what visitors found, and lets others go where it is time.
    fn look(&mut self) {
        let news = wake::news();
        let reloaded = worker::reload();
        if reloaded || news != self.news {
            self.news = news;
            self.databases.values_mut().for_each(Database::look_again);
        }
        if reloaded {
            self.databases.values_mut().for_each(Database::keep_to_interval);
        }
        let Some(there) = self.list() else { return };
        // Also of a database that is gone, or that nobody wants looked at any more.
        for (oid, database) in &mut self.databases {
            if let Some(finding) = database.take_in()
                && let Some(name) = there.get(oid)
            {
                database.plan(finding, name);
            }
        }
        self.databases.retain(|oid, database| database.visit.is_some() || there.contains_key(oid));
        for oid in there.keys() {
            self.databases.entry(*oid).or_insert_with(Database::new);
        }
        let free = self.free();
        // Who has waited longest goes first, so that each has its turn.
        let mut due: Vec<(Instant, u32)> =
            self.databases.iter().filter_map(|(oid, one)| Some((one.due_since()?, *oid))).collect();
        due.sort();
        for (_, oid) in due.into_iter().take(free) {
            let others = self.databases.values().any(|one| one.visit.is_some());
            let (Some(database), Some(name)) = (self.databases.get_mut(&oid), there.get(&oid)) else {
                continue;
            };
            worker::show(&format!("sends a worker to database {name}"));
            match visitor::start(pg_sys::Oid::from(oid)) {
                Ok((handle, slip)) => {
                    database.visit = Some(Visit { handle, slip, began: Instant::now() });
                    self.said_full = false;
                }
                // A visitor that is at work leaves its place to the next one.
                Err(_) if others => break,
                Err(error) => {
                    database.due = Some(Instant::now() + AGAIN_PUT_OFF);
                    if !std::mem::replace(&mut self.said_full, true) {
                        say(
                            PgLogLevel::WARNING,
                            PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
                            format!("nself_heal cannot look at database {name}: {error}"),
                            "It tries again until there is a place. Raise max_worker_processes.",
                        );
                    }
                }
            }
        }
    }

    /// How many visitors may go now.
    fn free(&self) -> usize {
        let visits = || self.databases.values().filter_map(|one| one.visit.as_ref());
        let short = visits().filter(|visit| visit.began.elapsed() < LONG).count();
        AT_ONCE.saturating_sub(short).min(AT_MOST.saturating_sub(visits().count()))
    }

    /// How long until there is something to do, or the list of databases is to be read again.
    fn until_next(&self) -> Duration {
        let now = Instant::now();
        let waiting = self.databases.values().filter(|one| one.visit.is_none());
        let next = waiting.filter_map(|one| one.due).min().map(|due| due.saturating_duration_since(now));
        // One that is due already waits for another visit to end, of which the server tells.
        next.filter(|next| !next.is_zero()).map_or(POLL, |next| next.min(POLL))
    }

    /// The databases that are to be visited, with their names.
    fn list(&mut self) -> Option<BTreeMap<u32, String>> {
        let listed =
            transaction::in_transaction(|| Ok(settings::databases().map(|of| (of, all_databases()))));
        match listed {
            Ok(Some((wanted, all))) => {
                self.said_bad_list = false;
                Some(all.into_iter().filter(|(_, name)| wanted.holds(name)).collect())
            }
            Ok(None) => {
                if !std::mem::replace(&mut self.said_bad_list, true) {
                    warning!(
                        "nself_heal cannot read its setting nself.databases, so its worker looks at none"
                    );
                }
                None
            }
            Err(error) => {
                warning!("nself_heal cannot read the list of databases: {error}");
                None
            }
        }
    }
}

impl Database {
    fn new() -> Self {
        let now = Instant::now();
        Self { due: Some(now), visit: None, news: false, last: None, ended: now, failures: 0 }
    }

    /// Since when it waits for a visit, if it does.
    fn due_since(&self) -> Option<Instant> {
        self.due.filter(|due| self.visit.is_none() && *due <= Instant::now())
    }

    /// There is news: where nothing was done for a reason, that may be over.
    fn look_again(&mut self) {
        self.news = self.visit.is_some();
        if self.last != Some(Finding::Looked) {
            self.due = Some(Instant::now());
        }
    }

    /// The time from one look to the next may be another one now.
    fn keep_to_interval(&mut self) {
        if self.last == Some(Finding::Looked) {
            self.due = settings::check_interval().map(|interval| self.ended + interval);
        }
    }

    /// What a visitor found that has ended.
    fn take_in(&mut self) -> Option<Finding> {
        if !self.visit.as_ref().is_some_and(|visit| visit.handle.has_ended()) {
            return None;
        }
        self.ended = Instant::now();
        self.visit.take().map(|visit| visit.slip.read())
    }

    /// Sets the time of the next visit, and says once why there is nothing to be done.
    fn plan(&mut self, finding: Finding, name: &str) {
        let is_new = self.last.replace(finding) != Some(finding);
        self.failures = if finding == Finding::Failed { self.failures + 1 } else { 0 };
        let again = match finding {
            Finding::Looked | Finding::Disabled => settings::check_interval(),
            Finding::NoExtension => Some(AGAIN_WITHOUT),
            Finding::OtherVersion => Some(AGAIN_OTHER),
            Finding::PutOff => Some(AGAIN_PUT_OFF),
            Finding::Failed => Some((AGAIN_FAILED * 2u32.pow(self.failures.min(6) - 1)).min(AGAIN_AT_MOST)),
        };
        self.due = again.map(|again| self.ended + again);
        if std::mem::take(&mut self.news) {
            self.look_again();
        }
        match finding {
            Finding::NoExtension if is_new && settings::databases().is_some_and(|list| list.names(name)) => {
                log!("nself_heal waits for its extension in database {name}: nself.databases names it");
            }
            Finding::OtherVersion if is_new => say(
                PgLogLevel::LOG,
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!(
                    "nself_heal waits in database {name}: its extension has another version than this library, {}",
                    env!("CARGO_PKG_VERSION")
                ),
                "ALTER EXTENSION nself_heal UPDATE there, or restart the server if the library is the older one.",
            ),
            Finding::PutOff if is_new => {
                log!("nself_heal leaves database {name} in peace until those who change its schema are done");
            }
            Finding::Failed => {
                let next = again.unwrap_or_default().as_secs();
                log!(
                    "nself_heal looks at database {name} again in {next} s, because the last time ended in an error"
                );
            }
            Finding::Looked
            | Finding::Disabled
            | Finding::NoExtension
            | Finding::OtherVersion
            | Finding::PutOff => {}
        }
    }
}

/// The databases of the server that let sessions in and are nobody's template.
fn all_databases() -> BTreeMap<u32, String> {
    let mut all = BTreeMap::new();
    // SAFETY: a scan of a catalog, within a transaction; each row is read before the next one is asked for.
    unsafe {
        let catalog = pg_sys::table_open(pg_sys::DatabaseRelationId, pg_sys::AccessShareLock as i32);
        let scan = pg_sys::systable_beginscan(
            catalog,
            pg_sys::InvalidOid,
            false,
            std::ptr::null_mut(),
            0,
            std::ptr::null_mut(),
        );
        loop {
            let row = pg_sys::systable_getnext(scan);
            if row.is_null() {
                break;
            }
            let row = &*pg_sys::GETSTRUCT(row).cast::<pg_sys::FormData_pg_database>();
            // One whose DROP was interrupted has a limit of -2 and lets nobody in.
            if row.datallowconn && !row.datistemplate && row.datconnlimit != -2 {
                all.insert(
                    row.oid.to_u32(),
                    CStr::from_ptr(row.datname.data.as_ptr()).to_string_lossy().into_owned(),
                );
            }
        }
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(catalog, pg_sys::AccessShareLock as i32);
    }
    all
}
