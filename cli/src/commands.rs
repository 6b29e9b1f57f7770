//! What the commands do: one module a family, each command one transaction, but for those that start a job.

mod job;
mod migrate;
mod self_heal;
mod tenants;

use crate::args::{Cli, Command, Db, Format, Global};
use crate::connect;
use crate::dotenv::Environment;
use crate::error::Error;
use crate::exit::Outcome;
use crate::server::Server;

/// Runs the command that was asked for.
pub fn run(cli: &Cli) -> Result<Outcome, Error> {
    let global = &cli.global;
    match &cli.command {
        Command::SelfHeal(command) => self_heal::run(global, command),
        Command::Db(Db::Migrate(command)) => migrate::run(global, command),
        Command::Migrate(command) => migrate::run_short(global, command),
        Command::Tenants(command) => tenants::run(global, command),
    }
}

/// Connects to the database that the flags and the environment name.
fn open(global: &Global) -> Result<Server, Error> {
    let environment = Environment::load(".".as_ref())?;
    let target = connect::target(global.database_url.as_deref(), &environment)?;
    Server::open(target, global.env.as_deref())
}

fn is_json(global: &Global) -> bool {
    global.format == Format::Json
}
