//! The database in which migrations are replayed, and the workers that make it and replay in it.

use std::cell::Cell;
use std::ffi::{c_int, c_void};

use nself_heal_core::digest::{Differing, Digests};
use nself_heal_core::model::Catalog;
use pgrx::pg_sys;
use serde::de::DeserializeOwned;

use crate::error::{Error, ServerError};
use crate::expected::chain::Chain;
use crate::expected::shadow::ground::Unmade;
use crate::expected::shadow::keeper;
use crate::expected::shadow::left_out::LeftOut;
use crate::expected::shadow::patience;
use crate::expected::shadow::rehearse::{Ran, Run};
use crate::expected::shadow::replayer::{self, Failed, Read, Reading};
use crate::expected::summary::{Failure, Summary};
use crate::migrations::ledger::Applied;
use crate::server::channel::Channel;
use crate::server::session::{FIRST_ROLE, role_name, with_pinned_settings};
use crate::server::spi::{self, at_latest_moment};
use crate::server::transaction::in_transaction;
use crate::server::worker::{self, WorkerRole};

/// What a replay gives.
pub struct Replayed {
    /// All of the schema, or what is in `differing`.
    pub catalog: Catalog,
    pub outline: Summary,
    /// What is not as the base was; nothing if the replay began from nothing.
    pub differing: Option<Differing>,
    /// Where it ended before its end: then all of this is of the migrations before that one.
    pub failed: Option<Failure>,
    /// All of the schema, to check the rest by.
    #[cfg(debug_assertions)]
    pub whole: Catalog,
}

/// What a replay can go on from.
pub struct Base {
    /// How many migrations of the chain it holds.
    pub migrations: usize,
    pub digests: Digests,
}

/// The chain as runs of migrations that one role applied, with the same rights.
pub fn groups(chain: &[Applied]) -> impl Iterator<Item = &[Applied]> {
    chain.chunk_by(|a, b| (&a.applied_by, a.rights) == (&b.applied_by, b.rights))
}

/// Drops the shadows of backends that are no more. For a worker, outside a transaction.
pub fn drop_left_overs() -> Result<(), Error> {
    for left_over in in_transaction(left_overs)? {
        keeper::drop_or_warn(&left_over);
    }
    Ok(())
}

/// The shadows of backends that are no more: the server was stopped while they were there.
fn left_overs() -> Result<Vec<String>, Error> {
    let names: Option<Vec<String>> = with_pinned_settings(|| {
        spi::read_one(
            "SELECT array_agg(d.datname::text) FROM pg_database d \
              WHERE d.datname ~ ('^' || $1 || '[0-9]+_[0-9]+_[0-9]+$') AND NOT d.datallowconn",
            &[keeper::PREFIX.into()],
        )
    })?;
    Ok(names
        .unwrap_or_default()
        .into_iter()
        .filter(|name| !keeper::maker(name).is_some_and(is_there))
        .collect())
}

unsafe extern "C-unwind" {
    // Of storage/procarray.h, which pgrx does not bind.
    fn BackendPidGetProc(pid: c_int) -> *mut c_void;
}

/// Whether a backend is there now. pg_stat_activity is no answer: a transaction that has looked at it before sees it as it was
/// then, without those who came later.
fn is_there(pid: c_int) -> bool {
    // SAFETY: a question about a list in shared memory, which the server locks for it; the answer is not looked into.
    unsafe { !BackendPidGetProc(pid).is_null() }
}

thread_local! {
    /// How many shadows this backend has made.
    static MADE: Cell<u32> = const { Cell::new(0) };
}

/// A shadow database that lives as long as this value, or the transaction, unless it is kept.
pub struct Shadow {
    name: String,
    keeper: worker::Handle,
    pub channel: Channel,
}

impl Shadow {
    pub fn make() -> Result<Self, Error> {
        Self::make_from(None)
    }

    /// Another one with what this one holds.
    pub fn copy(&self) -> Result<Self, Error> {
        Self::make_from(Some(self.name.clone()))
    }

    fn make_from(template: Option<String>) -> Result<Self, Error> {
        // SAFETY: plain reads of this backend's own state.
        let (database, pid) = unsafe { (pg_sys::MyDatabaseId, pg_sys::MyProcPid) };
        let number = MADE.get() + 1;
        MADE.set(number);
        let name = keeper::name(database, pid, number);
        let channel = Channel::create();
        let keeper = keeper::work(&channel, &name).start()?;
        channel.expect(&keeper);
        let shadow = Self { name, keeper, channel };
        let options =
            with_pinned_settings(|| spi::read_one(sql!("shadow_options"), &[]))?.unwrap_or_default();
        shadow.ask(&keeper::Request::Make { template, options, left_overs: left_overs()? })?;
        Ok(shadow)
    }

    /// Lets the role of a migration do there what it could in the live database: who owned that owns the shadow, which is
    /// otherwise the server's own. What the role can create in schema public is the replayer's business: it can get there.
    fn hand_to(&self, first: &Applied) -> Result<(), Error> {
        let (role, rights) = (first.applied_by.clone(), first.rights);
        let owner = match rights.owns_database {
            true => role.clone(),
            false => role_name(pg_sys::Oid::from(FIRST_ROLE)),
        };
        self.ask(&keeper::Request::HandTo { owner, role, creates_schemas: rights.creates_schemas })
    }

    pub fn ask(&self, request: &keeper::Request) -> Result<(), Error> {
        self.channel.send(request, "keeper")?;
        let done: Result<(), ServerError> =
            patience::receive(&self.channel, "keeper", "keeper of the shadow database", &self.keeper)?;
        done.map_err(Error::ShadowFailed)
    }

    /// The number that it has since the keeper made it.
    fn oid(&self) -> Result<pg_sys::Oid, Error> {
        let number: Option<pg_sys::Oid> = at_latest_moment(|| {
            spi::read_here(
                "SELECT oid FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) $1::pg_catalog.name",
                &[self.name.as_str().into()],
            )
        })?;
        number.ok_or(Error::WorkerLost { what: "keeper" })
    }

    pub fn exists(&self) -> Result<bool, Error> {
        let exists = with_pinned_settings(|| {
            spi::read_one(
                "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1::name)",
                &[self.name.as_str().into()],
            )
        })?;
        Ok(exists == Some(true))
    }

    /// Whether it is the only shadow of this server. Each that is kept takes one of the server's places for workers.
    pub fn is_alone(&self) -> Result<bool, Error> {
        let alone = with_pinned_settings(|| {
            spi::read_one(
                "SELECT count(*) = 0 FROM pg_database WHERE starts_with(datname, $1) AND datname <> $2::name",
                &[keeper::PREFIX.into(), self.name.as_str().into()],
            )
        })?;
        Ok(alone == Some(true))
    }

    /// Replays the chain, but for what is there already, a run of migrations of one role after the other, and reads what
    /// the last one left.
    pub fn replay_all(&self, chain: &Chain, base: Option<Base>) -> Result<Replayed, Error> {
        let unmade = match (&base, &chain.ground) {
            (None, Some(ground)) => self.make_ground(ground)?,
            // What the base lacks is known already.
            _ => Vec::new(),
        };
        let (done, mut digests) = base.map_or((0, None), |base| (base.migrations, Some(base.digests)));
        let mut left_out = Vec::new();
        let mut read = None;
        let mut groups = groups(&chain.migrations[done..]).peekable();
        if groups.peek().is_none() {
            read =
                self.replay(&[], Reading::Whole)?.map_err(|failed| Error::GroundFailed(failed.error))?.read;
        }
        while let Some(group) = groups.next() {
            self.hand_to(&group[0])?;
            let reading = match groups.peek() {
                Some(_) => Reading::Nothing,
                None => digests.take().map_or(Reading::Whole, Reading::Since),
            };
            let answer = match self.replay(group, reading)? {
                Ok(answer) => answer,
                Err(failed) => return failed_replay(failed, left_out, unmade),
            };
            left_out.extend(answer.left_out);
            read = answer.read;
        }
        let read = read.ok_or(Error::WorkerLost { what: "replay" })?;
        Ok(Replayed {
            catalog: read.catalog,
            outline: Summary {
                digests: read.digests,
                not_compared: read.not_compared,
                left_out,
                unmade,
                ..Summary::default()
            },
            differing: read.differing,
            failed: None,
            #[cfg(debug_assertions)]
            whole: read.whole,
        })
    }

    /// Makes what stood in the live database before the first migration. Returns what could not be made.
    fn make_ground(&self, ground: &Catalog) -> Result<Vec<Unmade>, Error> {
        let server = role_name(pg_sys::Oid::from(FIRST_ROLE));
        let made: Result<Vec<Unmade>, ServerError> =
            self.ask_replayer(&server, replayer::Task::Ground(Box::new(ground.clone())))?;
        made.map_err(Error::GroundFailed)
    }

    fn replay(&self, group: &[Applied], read: Reading) -> Result<Result<replayer::Answer, Failed>, Error> {
        let server = || role_name(pg_sys::Oid::from(FIRST_ROLE));
        let role = group.first().map_or_else(server, |first| first.applied_by.clone());
        let task = replayer::Task::Migrations { migrations: group.to_vec(), read };
        self.ask_replayer(&role, task)
    }

    /// Does the runs, those of one role after the other. Where a migration could not be applied, those after it are not run.
    pub fn rehearse(&self, runs: &[Run]) -> Result<Vec<Option<Ran>>, Error> {
        let mut all: Vec<Option<Ran>> = Vec::new();
        let is_same = |a: &Run, b: &Run| {
            (&a.migration.applied_by, a.migration.rights) == (&b.migration.applied_by, b.migration.rights)
        };
        for group in runs.chunk_by(is_same) {
            let first = &group[0].migration;
            self.hand_to(first)?;
            let answer: Result<Vec<Option<Ran>>, ServerError> =
                self.ask_replayer(&first.applied_by, replayer::Task::Rehearse(group.to_vec()))?;
            all.extend(answer.map_err(Error::ShadowFailed)?);
            if all.iter().flatten().any(|ran| ran.failed.is_some()) {
                break;
            }
        }
        all.resize_with(runs.len(), || None);
        Ok(all)
    }

    /// Sends a replayer to the shadow, as a role.
    fn ask_replayer<T: DeserializeOwned>(&self, role: &str, task: replayer::Task) -> Result<T, Error> {
        let channel = Channel::create();
        let handle = replayer::work(&channel).start()?;
        channel.expect(&handle);
        let request = replayer::Request { database: self.oid()?.to_u32(), role: WorkerRole::of(role)?, task };
        channel.send(&request, "replay")?;
        let answer = patience::receive(&channel, "replay", "replay of the migrations", &handle)?;
        channel.close();
        handle.wait();
        Ok(answer)
    }

    /// Drops the database and waits until it is gone.
    pub fn drop(self) {
        self.channel.close();
        self.keeper.wait();
    }
}

/// What a replay gave that failed, up to where it did.
fn failed_replay(failed: Failed, mut left_out: Vec<LeftOut>, unmade: Vec<Unmade>) -> Result<Replayed, Error> {
    let Failed { version, statement, error, before, left_out: last } = failed;
    let Some(version) = version else { return Err(Error::GroundFailed(error)) };
    let failure = Failure { version, statement, error };
    let Some(read) = before else { return Err(failure.into_error()?) };
    left_out.extend(last);
    let Read { catalog, digests, not_compared, .. } = *read;
    Ok(Replayed {
        outline: Summary { digests, not_compared, left_out, unmade, ..Summary::default() },
        differing: None,
        failed: Some(failure),
        #[cfg(debug_assertions)]
        whole: catalog.clone(),
        catalog,
    })
}
