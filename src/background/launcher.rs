//! The launcher: the worker that the server starts with itself. It sleeps, and now and then lets a visitor look at each
//! database, see `visitor`. It is connected to none of them, and a visitor only for as long as it works: a database can be
//! dropped, renamed, restored or taken as a template as if there were no worker.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::time::{Duration, Instant};

use nself_heal_core::schedule::{Finding, Next, Schedule, due, until_next};
use pgrx::prelude::*;

use crate::background::finding::Slip;
use crate::background::{visitor, wake};
use crate::error::say;
use crate::server::transaction;
use crate::server::worker::{self, Handle, WorkerSpec};
use crate::settings;

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
        let schedules = launcher.databases.values().map(|one| &one.schedule);
        worker::sleep(until_next(schedules, Instant::now()));
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
    schedule: Schedule,
    /// The visitor that is at work.
    visit: Option<Visit>,
}

struct Visit {
    handle: Handle,
    slip: Slip,
}

impl Launcher {
    /// One round: reads what has changed, takes in what visitors found, and lets others go where it is time.
    fn look(&mut self) {
        let news = wake::news();
        let reloaded = worker::reload();
        if reloaded || news != self.news {
            self.news = news;
            let now = Instant::now();
            self.databases.values_mut().for_each(|one| one.schedule.look_again(now));
        }
        if reloaded {
            let interval = settings::check_interval();
            self.databases.values_mut().for_each(|one| one.schedule.keep_to_interval(interval));
        }
        let Some(there) = self.list() else { return };
        // Also of a database that is gone, or that nobody wants looked at any more.
        for (oid, database) in &mut self.databases {
            if let Some((finding, next)) = database.take_in()
                && let Some(name) = there.get(oid)
            {
                say_next(name, finding, &next);
            }
        }
        self.databases.retain(|oid, database| database.visit.is_some() || there.contains_key(oid));
        for oid in there.keys() {
            self.databases.entry(*oid).or_insert_with(Database::new);
        }
        let schedules = self.databases.iter().map(|(oid, one)| (*oid, &one.schedule));
        for oid in due(schedules, Instant::now()) {
            let others = self.databases.values().any(|one| one.visit.is_some());
            let (Some(database), Some(name)) = (self.databases.get_mut(&oid), there.get(&oid)) else {
                continue;
            };
            worker::show(&format!("sends a worker to database {name}"));
            match visitor::start(pg_sys::Oid::from(oid)) {
                Ok((handle, slip)) => {
                    database.visit = Some(Visit { handle, slip });
                    database.schedule.begin(Instant::now());
                    self.said_full = false;
                }
                // A visitor that is at work leaves its place to the next one.
                Err(_) if others => break,
                Err(error) => {
                    database.schedule.put_off(Instant::now());
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
        Self { schedule: Schedule::new(Instant::now()), visit: None }
    }

    /// What a visitor found that has ended.
    fn take_in(&mut self) -> Option<(Finding, Next)> {
        if !self.visit.as_ref().is_some_and(|visit| visit.handle.has_ended()) {
            return None;
        }
        let finding = self.visit.take()?.slip.read();
        Some((finding, self.schedule.end(finding, Instant::now(), settings::check_interval())))
    }
}

/// Says once why there is nothing to be done in a database, and each time when it is looked at again after an error.
fn say_next(name: &str, finding: Finding, next: &Next) {
    match finding {
        Finding::NoExtension if next.is_new && settings::databases().is_some_and(|list| list.names(name)) => {
            log!("nself_heal waits for its extension in database {name}: nself.databases names it");
        }
        Finding::OtherVersion if next.is_new => say(
            PgLogLevel::LOG,
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!(
                "nself_heal waits in database {name}: its extension has another version than this library, {}",
                env!("CARGO_PKG_VERSION")
            ),
            "ALTER EXTENSION nself_heal UPDATE there, or restart the server if the library is the older one.",
        ),
        Finding::Copy if next.is_new => say(
            PgLogLevel::LOG,
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("nself_heal leaves database {name} alone: it is a copy"),
            "nself_heal_status() in it says of what. Call nself_heal_enable() in it to let the worker heal and migrate it.",
        ),
        Finding::PutOff if next.is_new => {
            log!("nself_heal leaves database {name} in peace until those who change its schema are done");
        }
        Finding::Failed => {
            let next = next.after.unwrap_or_default().as_secs();
            log!(
                "nself_heal looks at database {name} again in {next} s, because the last time ended in an error"
            );
        }
        Finding::Looked
        | Finding::Disabled
        | Finding::NoExtension
        | Finding::OtherVersion
        | Finding::PutOff
        | Finding::Copy => {}
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
