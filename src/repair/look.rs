//! What is wrong here.

use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::migrations::{Applied, State, Status};
use nself_heal_core::repair::{self as core, Finding, Next};
use serde::Deserialize;

use crate::error::Error;
use crate::migrations::status::status_of;
use crate::migrations::{adopt, journal, ledger, no_transaction};
use crate::repair::adopted::{self, Landings};
use crate::repair::words;
use crate::server::session::as_extension_owner;
use crate::server::spi;

/// All that is wrong.
pub fn all() -> Result<Vec<Finding>, Error> {
    let jobs = Jobs::read()?;
    let mut found: Vec<Finding> =
        jobs.interrupted.iter().map(|of| core::interrupted_job(of.job, &of.kind, &of.run_by)).collect();
    // It writes into the ledger now, and has begun what nobody else knows of.
    if let Some(job) = jobs.running {
        found.push(core::running_job(job));
        return Ok(found);
    }
    let (journal, applied) = (journal::entries()?, ledger::applied()?);
    if journal.is_empty() {
        found.extend(core::empty_journal(applied.len()));
    } else {
        let mut tenants: BTreeMap<Option<String>, Vec<Applied>> = BTreeMap::new();
        for row in applied {
            tenants.entry(row.tenant.clone()).or_default().push(row);
        }
        for (tenant, rows) in tenants {
            let all = status_of(journal.clone(), rows);
            let mut of_tenant = core::find(&all);
            of_tenant.extend(partials(&all)?);
            found.extend(of_tenant.into_iter().map(|finding| finding.of_tenant(tenant.as_deref())));
        }
    }
    // Other tools know migrations by their files alone.
    let others = if journal.is_empty() { Vec::new() } else { adopt::by_others()? };
    let undone: BTreeSet<String> = others.iter().flat_map(|other| other.undone.iter().cloned()).collect();
    let Landings { found: not_here, here } = adopted::look(&undone)?;
    let lists = adopted_lists()?;
    found.extend(others.iter().map(|other| {
        let still: Vec<String> =
            other.undone.iter().filter(|version| here.contains(*version)).cloned().collect();
        // Hasura keeps one list in two tables.
        let list = if other.tool == "hasura" { other.tool } else { other.table.as_str() };
        core::other_tool(other.tool, list, &other.what(), lists.contains(&other.table), &still)
    }));
    // What its tool has taken back is told once.
    found.extend(not_here.into_iter().filter(|of| of.version.as_ref().is_none_or(|of| !undone.contains(of))));
    Ok(found)
}

fn partials(all: &[Status]) -> Result<Vec<Finding>, Error> {
    let mut found = Vec::new();
    for status in all.iter().filter(|status| status.state == State::Partial) {
        let (Some(applied), Some(entry)) = (&status.ledger, &status.journal) else { continue };
        let (next, of) = match no_transaction::next(applied, entry) {
            Ok(next) => next,
            Err(error) => (Next::Unread { why: words(error)? }, 0),
        };
        found.extend(core::partial(status, &next, of));
    }
    Ok(found)
}

fn adopted_lists() -> Result<BTreeSet<String>, Error> {
    let query = "SELECT coalesce(json_agg(relation), '[]')::text FROM nself.adopted_list";
    as_extension_owner(|| spi::read_json("adopted_list", query, &[]))
}

/// Jobs that have not ended.
#[derive(Deserialize)]
struct Jobs {
    interrupted: Vec<Interrupted>,
    /// One that runs migrations, or is about to.
    running: Option<i64>,
}

#[derive(Deserialize)]
struct Interrupted {
    job: i64,
    kind: String,
    run_by: String,
}

impl Jobs {
    fn read() -> Result<Self, Error> {
        as_extension_owner(|| {
            spi::read_json(
                "unended jobs",
                "SELECT json_build_object( \
                        'interrupted', coalesce(json_agg(json_build_object('job', job, 'kind', kind, 'run_by', run_by) ORDER BY job) \
                                                FILTER (WHERE state = 'interrupted'), '[]'), \
                        'running', max(job) FILTER (WHERE kind = 'migrate up' AND state IN ('waiting', 'running')))::text \
                   FROM nself.jobs WHERE ended_at IS NULL",
                &[],
            )
        })
    }
}
