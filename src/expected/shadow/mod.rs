//! The shadow database: an empty database of this server in which a chain of migrations is replayed, to be read by the
//! same reader as the live one. One whose replay took long is kept for a while, see `reuse`.
//!
//! Three processes take part. The caller's backend asks. The *keeper*, a background worker, makes the database and
//! drops it as soon as the backend lets go of it, in whatever way that happens. A *replayer* for each run of migrations
//! of one role connects to the shadow as that role, and replays. They talk through shared memory, see `server::channel`.

pub mod database;
mod foreign;
pub mod functions;
pub mod ground;
mod heard;
mod hook;
mod keeper;
pub mod kernel;
pub mod left_out;
mod owners_rights;
mod patience;
mod plain;
mod query;
pub mod rehearse;
mod replayer;
mod reuse;
mod upkeep;
mod watch;

use std::time::Instant;

use crate::error::{Error, Lent};
use crate::expected::chain::Chain;
use crate::expected::shadow::database::{Replayed, Shadow, groups};
use crate::expected::shadow::rehearse::{Ran, Run};
use crate::migrations::ledger::Applied;
use crate::server::session::lent;
use crate::server::worker::WorkerRole;
use crate::settings;
pub use database::Base;
pub use ground::Unmade;
pub use left_out::LeftOut;

/// The hash of the chain from which the next replay of this session can go on.
pub fn kept() -> Option<String> {
    reuse::hash()
}

/// Replays the chain in a shadow database and reads what it gives: from nothing, or from the kept shadow, where that holds
/// `base`. `hash` is that of the chain. The live database is not touched.
pub fn replay(chain: &Chain, hash: &str, base: Option<Base>) -> Result<Replayed, Error> {
    if lent() == Some(Lent::Operation) {
        return Err(Error::LentRights { command: "a replay of the migrations", lent: Lent::Operation });
    }
    check_roles(&chain.migrations)?;
    let begun = Instant::now();
    let kept = reuse::take()?;
    let (shadow, base) = match (kept, base) {
        (Some(shadow), Some(base)) => (shadow, Some(base)),
        (other, _) => {
            if let Some(other) = other {
                other.drop();
            }
            (Shadow::make()?, None)
        }
    };
    let goes_on = base.is_some();
    let replayed = shadow.replay_all(chain, base);
    let is_long = settings::shadow_keep_from().is_some_and(|from| goes_on || begun.elapsed() >= from);
    let is_whole = replayed.as_ref().is_ok_and(|replayed| replayed.failed.is_none());
    if is_whole && is_long && shadow.is_alone()? {
        reuse::keep(shadow, hash.to_owned());
    } else {
        // Also after a migration that failed: who reads its error finds nothing left behind.
        shadow.drop();
    }
    replayed
}

/// Runs migrations on top of what the chain gives, in a shadow that is dropped afterwards. `hash` is that of the chain. A
/// shadow that holds the chain and is kept stays kept: the migrations run in a copy of it, which takes less time than a
/// replay.
pub fn rehearse(chain: &Chain, hash: &str, runs: &[Run]) -> Result<Vec<Option<Ran>>, Error> {
    if lent() == Some(Lent::Operation) {
        return Err(Error::LentRights { command: "a rehearsal of migrations", lent: Lent::Operation });
    }
    check_roles(&chain.migrations)?;
    check_roles(&runs.iter().map(|run| run.migration.clone()).collect::<Vec<_>>())?;
    let kept = match kept().as_deref() == Some(hash) {
        true => reuse::take()?,
        false => None,
    };
    let (shadow, is_to_stay) = match kept {
        Some(kept) => (kept, true),
        None => replay_for_rehearsal(chain)?,
    };
    let copy = match is_to_stay.then(|| shadow.copy()) {
        // There is room for one shadow.
        None | Some(Err(Error::NoWorker { .. })) => None,
        Some(copy) => Some(copy),
    };
    let in_it = |shadow: Shadow| {
        let rehearsed = shadow.rehearse(runs);
        shadow.drop();
        rehearsed
    };
    let Some(copy) = copy else { return in_it(shadow) };
    let rehearsed = copy.and_then(in_it);
    reuse::keep(shadow, hash.to_owned());
    rehearsed
}

/// A new shadow in which the chain was replayed, and whether it is to be kept.
fn replay_for_rehearsal(chain: &Chain) -> Result<(Shadow, bool), Error> {
    let begun = Instant::now();
    let shadow = Shadow::make()?;
    let failed = match shadow.replay_all(chain, None) {
        Ok(Replayed { failed: None, .. }) => {
            let is_long = settings::shadow_keep_from().is_some_and(|from| begun.elapsed() >= from);
            let is_to_stay = is_long && !chain.migrations.is_empty() && shadow.is_alone()?;
            return Ok((shadow, is_to_stay));
        }
        Ok(Replayed { failed: Some(failed), .. }) => failed.into_error().unwrap_or_else(|error| error),
        Err(error) => error,
    };
    shadow.drop();
    Err(failed)
}

/// Every role of the chain has to be there.
fn check_roles(chain: &[Applied]) -> Result<(), Error> {
    for applied in groups(chain).filter_map(|group| group.first()) {
        WorkerRole::of(&applied.applied_by).map_err(|_| Error::RoleGone {
            version: applied.version.clone(),
            role: applied.applied_by.clone(),
        })?;
    }
    Ok(())
}
