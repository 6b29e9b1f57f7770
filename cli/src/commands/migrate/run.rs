//! Applying and reverting: two directions of one thing.

use std::io::{BufRead, IsTerminal, Write};

use super::{files, files::Listing, is_json, job, open, rehearse, states};
use crate::args::{DESTROY_PRODUCTION, Down, Global, Up};
use crate::commands::hasura::told;
use crate::error::Error;
use crate::exit::Outcome;
use crate::folder::Files;
use crate::output;
use crate::output::migrate::{self as text, Direction, folder_lacks};
use crate::rows::MigrationStep;
use crate::server::{Call, Rows, Server, Session};
use crate::terminal::messages;

/// Applies pending migrations.
pub fn up(global: &Global, up: &Up) -> Result<Outcome, Error> {
    let run = Run {
        direction: Direction::Up,
        files: Some(files::of(&up.folder)?.ok_or_else(files::none)?),
        to: up.to.clone(),
        number: up.limit(),
        confirm: None,
        tenant: up.tenant.clone(),
        out_of_order: up.out_of_order.then_some(true),
        skip_metadata: up.skip_metadata,
    };
    run.start(global, up.dry_run, true)
}

/// Reverts migrations.
pub fn down(global: &Global, down: &Down) -> Result<Outcome, Error> {
    revert(global, down, down.number.or(down.steps))
}

/// Reverts one migration, unless more are asked for.
pub fn rollback(global: &Global, down: &Down) -> Result<Outcome, Error> {
    let default = if down.to.is_none() { Some(1) } else { None };
    revert(global, down, down.number.or(down.steps).or(default))
}

fn revert(global: &Global, down: &Down, steps: Option<i32>) -> Result<Outcome, Error> {
    let agreed = down.dry_run || down.yes || down.confirm.is_some();
    if !agreed && !std::io::stdin().is_terminal() {
        return Err(Error::Unconfirmed);
    }
    let run = Run {
        direction: Direction::Down,
        files: files::of(&down.folder)?,
        to: down.to.clone(),
        number: steps,
        confirm: down.confirm.clone(),
        tenant: down.tenant.clone(),
        out_of_order: None,
        skip_metadata: down.skip_metadata,
    };
    run.start(global, down.dry_run, agreed)
}

/// What is asked for.
struct Run {
    direction: Direction,
    files: Option<Files>,
    to: Option<String>,
    number: Option<i32>,
    confirm: Option<String>,
    tenant: Option<String>,
    /// Only of up.
    out_of_order: Option<bool>,
    /// Whether Hasura is not told.
    skip_metadata: bool,
}

impl Run {
    /// Plans or does it; a person is asked first if nobody has agreed to it yet.
    fn start(mut self, global: &Global, dry_run: bool, agreed: bool) -> Result<Outcome, Error> {
        let mut server = open(global)?;
        if self.direction == Direction::Up && !dry_run {
            server.refuse_unsaid_production()?;
        }
        let agreed = if agreed { None } else { Some(self.ask(&mut server)?) };
        let mut session = server.begin()?;
        let ship = if dry_run { files::ship_if_allowed } else { files::ship };
        ship(&mut session, self.files.as_ref(), Listing::Sql)?;
        if self.direction == Direction::Up
            && !dry_run
            && let Some(planned) = self.for_a_job(&mut session)?
        {
            let job = job::start(session, &self.start_call())?;
            return job.finish(global, &mut server, planned, self.tenant.as_deref(), self.skip_metadata);
        }
        let steps = match session.rows::<MigrationStep>(self.waiting(dry_run), &self.call(dry_run)) {
            Err(error) if error.is_usage() && !dry_run => {
                session.undo()?;
                return Err(self.blame(&mut server, error));
            }
            steps => steps?,
        };
        if agreed.is_some_and(|agreed| agreed != versions(&steps)) {
            return Err(Error::PlanChanged);
        }
        let outcome = self.finish(global, session, &steps, dry_run)?;
        if !dry_run && !steps.items.is_empty() {
            told::of_change(global, &mut server, self.skip_metadata);
        }
        Ok(outcome)
    }

    fn call(&self, dry_run: bool) -> Call {
        let (function, number) = match self.direction {
            Direction::Up => ("nself_migrate_up", "max_count"),
            Direction::Down => ("nself_migrate_down", "steps"),
        };
        Call::to(function)
            .with("target", "text", self.to.clone())
            .with(number, "int4", self.number)
            .with("dry_run", "bool", Some(dry_run))
            .with("confirm", "text", self.confirm.clone())
            .with("tenant", "text", self.tenant.clone())
            .with("out_of_order", "bool", self.out_of_order)
    }

    /// What would be applied, if a part of it is marked to run without a transaction: that only a job can do.
    fn for_a_job(&self, session: &mut Session<'_>) -> Result<Option<Vec<MigrationStep>>, Error> {
        let states = states(session, self.tenant.as_deref())?.items;
        let is_marked = |version: &str| {
            states.iter().any(|state| state.is_open() && !state.in_transaction && state.version == version)
        };
        if !states.iter().any(|state| is_marked(&state.version)) {
            return Ok(None);
        }
        let planned = session.rows::<MigrationStep>(self.waiting(true), &self.call(true))?.items;
        Ok(planned.iter().any(|step| is_marked(&step.version)).then_some(planned))
    }

    fn start_call(&self) -> Call {
        Call::to("nself_migrate_up_start")
            .with("target", "text", self.to.clone())
            .with("max_count", "int4", self.number)
            .with("tenant", "text", self.tenant.clone())
            .with("out_of_order", "bool", self.out_of_order)
    }

    fn waiting(&self, dry_run: bool) -> &'static str {
        match self.direction {
            _ if dry_run => "Planning",
            Direction::Up => "Applying migrations",
            Direction::Down => "Reverting migrations",
        }
    }

    /// What would be done, with nothing left behind.
    fn plan(&self, server: &mut Server) -> Result<Rows<MigrationStep>, Error> {
        let mut session = server.begin()?;
        files::ship(&mut session, self.files.as_ref(), Listing::Nothing)?;
        let steps = session.rows(self.waiting(true), &self.call(true))?;
        session.undo()?;
        Ok(steps)
    }

    /// Asks a person, and gives the versions agreed to. No transaction is open while the person thinks.
    fn ask(&mut self, server: &mut Server) -> Result<Vec<String>, Error> {
        let plan = self.plan(server)?;
        if plan.items.is_empty() {
            return Ok(Vec::new());
        }
        let word = server.is_production()?.then_some(DESTROY_PRODUCTION);
        anstream::eprint!("{}", text::question(&plan.items, word));
        let _ = std::io::stderr().flush();
        let mut answer = String::new();
        // An answer that cannot be read is no yes.
        let _ = std::io::stdin().lock().read_line(&mut answer);
        match (answer.trim(), word) {
            (answer, Some(word)) if answer == word => self.confirm = Some(answer.to_owned()),
            ("y" | "Y" | "yes" | "Yes" | "YES", None) => {}
            _ => return Err(Error::Declined(word.unwrap_or("yes"))),
        }
        Ok(versions(&plan))
    }

    /// A value that the server calls invalid may be an argument of this call, or one that a statement of a migration
    /// was given. Then the same call can at least be planned, and nobody called this program wrongly.
    fn blame(&self, server: &mut Server, error: Error) -> Error {
        match (self.plan(server), error) {
            (Ok(_), Error::Database(error)) => Error::Migration(error),
            (_, error) => error,
        }
    }

    /// Keeps or takes back what was done, and only then says so.
    fn finish(
        &self,
        global: &Global,
        mut session: Session<'_>,
        steps: &Rows<MigrationStep>,
        dry_run: bool,
    ) -> Result<Outcome, Error> {
        let now = states(&mut session, self.tenant.as_deref())?.items;
        if self.direction == Direction::Up
            && let Some(missing) = folder_lacks(&now)
        {
            messages::note(&missing);
        }
        let is_told =
            dry_run && !is_json(global) && self.direction == Direction::Up && !steps.items.is_empty();
        let rehearsal = match is_told {
            true => rehearse::beside_plan(&mut session, self.to.clone(), self.number, self.tenant.clone()),
            false => String::new(),
        };
        if dry_run {
            session.undo()?
        } else {
            session.keep()?
        }
        if is_json(global) {
            output::json_rows(&steps.raw);
        } else if dry_run {
            output::text(&text::planned(self.direction, &steps.items, &now, &rehearsal));
        } else {
            output::text(&text::done(self.direction, &steps.items, &now));
        }
        Ok(Outcome::Done)
    }
}

fn versions(steps: &Rows<MigrationStep>) -> Vec<String> {
    steps.items.iter().map(|step| step.version.clone()).collect()
}
