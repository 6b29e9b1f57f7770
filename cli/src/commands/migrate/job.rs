//! Applying by a job of the server, where a migration is marked to run without a transaction. What such a job did stays
//! done, so what is printed is what the ledger says afterwards, however the job ended.

use serde_json::value::to_raw_value;

use super::{is_json, states};
use crate::args::Global;
use crate::commands::hasura::told;
use crate::commands::job;
use crate::error::Error;
use crate::exit::{self, Outcome};
use crate::interrupt::Interrupt;
use crate::output;
use crate::output::migrate::{self as text, Direction};
use crate::rows::{MigrationState, MigrationStep};
use crate::server::{Call, Server, Session};

/// A job that has begun.
pub struct Started {
    number: i64,
    interrupt: Interrupt,
}

/// Starts the job, which begins as soon as the session's transaction is kept. So does what the folder says.
pub fn start(mut session: Session<'_>, call: &Call) -> Result<Started, Error> {
    let interrupt = Interrupt::watch(exit::MIGRATE_FAILED);
    let number = session.value(call)?;
    session.keep()?;
    Ok(Started { number, interrupt })
}

impl Started {
    /// Waits for its end, and says what became of what was planned.
    pub fn finish(
        self,
        global: &Global,
        server: &mut Server,
        planned: Vec<MigrationStep>,
        tenant: Option<&str>,
        skip_metadata: bool,
    ) -> Result<Outcome, Error> {
        let Self { number, interrupt } = self;
        let job = job::wait(server, number, "Applying migrations", &interrupt)?;
        let mut session = server.begin()?;
        let now = states(&mut session, tenant)?.items;
        session.keep()?;
        let steps: Vec<_> = planned.into_iter().filter_map(|step| became(step, &now)).collect();
        if is_json(global) {
            let row = |step| to_raw_value(step).expect("plain values are always JSON");
            output::json_rows(&steps.iter().map(row).collect::<Vec<_>>());
        } else if job::is_done(&job) {
            output::text(&text::done(Direction::Up, &steps, &now));
        } else {
            output::text(&text::cut_short(&steps, &now));
        }
        if !steps.is_empty() {
            told::of_change(global, server, skip_metadata);
        }
        if job::is_done(&job) { Ok(Outcome::Done) } else { Err(Error::Job { number, job: Box::new(job) }) }
    }
}

/// The step as nself_migrate_up() would have returned it, unless nothing of it has run.
fn became(step: MigrationStep, now: &[MigrationState]) -> Option<MigrationStep> {
    let state = now.iter().find(|state| state.version == step.version && state.state != "pending")?;
    let status = if state.is_open() { "partial" } else { "applied" };
    Some(MigrationStep { status: status.to_owned(), duration_ms: state.duration_ms, ..step })
}
