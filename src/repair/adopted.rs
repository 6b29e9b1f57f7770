//! Adopted migrations whose objects are not here. The chain is replayed once in a shadow, which tells what each migration of it
//! does; what of that is drift now is not here.

use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::formats::is_repeatable;
use nself_heal_core::migrations::Applied;
use nself_heal_core::plan::{Kind, Verdict};
use nself_heal_core::repair::{
    self as core, Adopted, Effect, Finding, Landed, landed, not_compared, unfounded,
};

use crate::drift::compare::{self, Comparison};
use crate::error::Error;
use crate::expected::chain::Against;
use crate::expected::shadow::rehearse::{Run, Trial};
use crate::expected::{self, From};
use crate::migrations::ledger;
use crate::repair::words;

/// What was found of adopted migrations.
#[derive(Default)]
pub struct Landings {
    pub found: Vec<Finding>,
    /// Of those that were asked about, the ones that are here, or of which it is not known.
    pub here: BTreeSet<String>,
}

/// Looks at adopted migrations, and at these.
pub fn look(also: &BTreeSet<String>) -> Result<Landings, Error> {
    let mut chain = ledger::since_ground()?;
    chain.retain(|applied| applied.statements_done.is_none());
    let is_asked = |applied: &Applied| {
        let is_meant = applied.adopted.is_some() || also.contains(&applied.version);
        is_meant && applied.tenant.is_none() && !is_repeatable(&applied.version)
    };
    let mut landings = Landings { found: Vec::new(), here: also.clone() };
    if !chain.iter().any(is_asked) {
        return Ok(landings);
    }
    let effects = match Effects::read(&chain) {
        Ok(Some(effects)) => effects,
        // Nothing is missing, so all is here.
        Ok(None) => return Ok(landings),
        Err(error) if error.server_error().is_some_and(|source| source.is_cancel()) => return Err(error),
        Err(error) => {
            landings.found.push(not_compared(&words(error)?));
            return Ok(landings);
        }
    };
    let asked: Vec<(Adopted, Landed)> = chain
        .iter()
        .enumerate()
        .filter(|(_, applied)| is_asked(applied))
        .map(|(place, applied)| {
            let of = Adopted {
                version: applied.version.clone(),
                path: applied.path.clone(),
                source: applied.adopted.clone().unwrap_or_default(),
                effects: effects.of[place].clone(),
            };
            let later: Vec<Effect> = effects.of[place + 1..].iter().flatten().cloned().collect();
            let landed = landed(&of, &later, &effects.drift);
            (of, landed)
        })
        .collect();
    let (asked, needed_by) = without(&chain, asked)?;
    for (of, landed) in &asked {
        if matches!(landed, Landed::Nothing { .. } | Landed::Needs { .. }) {
            landings.here.remove(&of.version);
        }
        landings.found.extend(unfounded(of, landed, needed_by.as_deref()));
    }
    Ok(landings)
}

struct Effects {
    /// What each migration of the chain does.
    of: Vec<Vec<Effect>>,
    drift: core::Drift,
}

impl Effects {
    /// Nothing if nothing is missing.
    fn read(chain: &[Applied]) -> Result<Option<Self>, Error> {
        let (_, Comparison { steps, .. }) = compare::compare(Against::Applied, BTreeSet::new())?;
        if !steps.iter().any(|step| step.kind == Kind::Missing) {
            return Ok(None);
        }
        let runs: Vec<Run> = chain
            .iter()
            .map(|migration| Run { migration: migration.clone(), begin: 0, trial: Trial::Tell })
            .collect();
        let mut of = Vec::new();
        for (run, ran) in runs.iter().zip(expected::rehearse(From::Ground, &runs)?) {
            match ran.map(|ran| (ran.failed, ran.effects)) {
                Some((None, effects)) => of.push(effects),
                Some((Some(failed), _)) => {
                    return Err(Error::ReplayFailed {
                        version: run.migration.version.clone(),
                        statement: failed.statement,
                        pending: None,
                        source: failed.error,
                    });
                }
                None => of.push(Vec::new()),
            }
        }
        let drift = steps.into_iter().map(|step| {
            let is_sure = !matches!(step.verdict, Verdict::Blocked { .. });
            ((step.object_type.to_owned(), step.identity), is_sure)
        });
        let drift = drift.collect();
        Ok(Some(Self { of, drift }))
    }
}

/// Replays the chain without those of which nothing is here. What cannot be replayed then, and is adopted and shows nothing of
/// its own, goes with them; anything else needs them, and is returned.
fn without(
    chain: &[Applied],
    mut asked: Vec<(Adopted, Landed)>,
) -> Result<(Vec<(Adopted, Landed)>, Option<String>), Error> {
    let Some(first) = asked.iter().find(|(_, landed)| matches!(landed, Landed::Nothing { .. })) else {
        return Ok((asked, None));
    };
    let other = first.0.version.clone();
    loop {
        let gone: BTreeMap<&str, bool> = asked
            .iter()
            .map(|(of, landed)| {
                (of.version.as_str(), matches!(landed, Landed::Nothing { .. } | Landed::Needs { .. }))
            })
            .collect();
        let stays = |applied: &&Applied| {
            applied.tenant.is_some() || gone.get(applied.version.as_str()) != Some(&true)
        };
        let rest: Vec<Applied> = chain.iter().filter(stays).cloned().collect();
        let failed = match expected::of_migrations(rest, "nself_migrate_repair()") {
            Ok(_) => return Ok((asked, None)),
            Err(Error::ReplayFailed { version, .. }) => version,
            Err(error) => return Err(error),
        };
        let rests = asked.iter_mut().find(|(of, landed)| of.version == failed && *landed == Landed::Unknown);
        match rests {
            Some((_, landed)) => *landed = Landed::Needs { other: other.clone() },
            None => return Ok((asked, Some(failed))),
        }
    }
}
