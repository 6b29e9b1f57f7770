//! What the commands do: one module a family, each command one transaction, but for those that start a job.

pub mod fleet;
pub mod hasura;
mod install;
mod job;
mod migrate;
mod self_heal;
mod serve;
mod tenants;

use crate::args::{Cli, Command, Db, Format, Global, Migrate, OfTenants};
use crate::connect;
use crate::dotenv::Environment;
use crate::error::Error;
use crate::exit::Outcome;
use crate::server::{Call, Server};

/// Runs the command that was asked for.
pub fn run(cli: &Cli) -> Result<Outcome, Error> {
    let global = &cli.global;
    let command = &cli.command;
    match global.format {
        Format::Text | Format::Json => {}
        Format::Github | Format::Sarif if matches!(command, Command::Db(Db::Migrate(Migrate::Lint(_)))) => {}
        Format::Html | Format::Markdown if matches!(command, Command::Db(Db::Migrate(Migrate::Diff(_)))) => {}
        Format::Github | Format::Sarif => return Err(Error::FormatOfLint),
        Format::Html | Format::Markdown => return Err(Error::FormatOfDiff),
    }
    if global.is_of_fleet() && !matches!(cli.command, Command::Fleet(_)) {
        return Err(Error::ManyEnvironments);
    }
    match command {
        Command::SelfHeal(command) => self_heal::run(global, command),
        Command::Db(Db::Migrate(command)) => migrate::run(global, command),
        Command::Db(Db::Hasura(command)) => hasura::run(global, command),
        Command::Migrate(command) => migrate::run_short(global, command),
        Command::Fleet(command) => fleet::run(global, command),
        Command::Tenants(command) => tenants::run(global, command),
        Command::Serve(command) => serve::run(global, command),
        Command::Completions(of) => install::completions(of),
        Command::Man(into) => install::man(into),
    }
}

/// Connects to the database that the flags and the environment name.
fn open(global: &Global) -> Result<Server, Error> {
    let env = global.env();
    let environment = Environment::load(".".as_ref(), env.as_deref())?;
    let target = connect::target(global.database_url.as_deref(), &environment)?;
    Server::open(target, env)
}

/// The call, about the schemas of tenants if that is asked for.
fn of_tenants(call: Call, tenants: &OfTenants) -> Call {
    call.with("tenant", "text", tenants.tenant.clone()).with(
        "all_tenants",
        "bool",
        tenants.all_tenants.then_some(true),
    )
}

fn is_json(global: &Global) -> bool {
    global.is_json()
}
