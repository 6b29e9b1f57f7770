//! `nself db hasura console`: Hasura's own command serves it, if it is installed; the server may have one, too.

use std::io::ErrorKind;
use std::process::Command;

use super::{client, environment, project};
use crate::args::Global;
use crate::args::hasura::Console;
use crate::dotenv::{HASURA_ENDPOINT, HASURA_SECRET};
use crate::error::Error;
use crate::exit::Outcome;
use crate::output;
use crate::terminal::messages;

const PROGRAM: &str = "hasura";

pub fn run(global: &Global, console: &Console) -> Result<Outcome, Error> {
    let project = project(console.of.project.as_deref())?;
    let client = client(global, &console.of, Some(&project))?;
    let environment = environment(global)?;
    let mut command = Command::new(PROGRAM);
    command
        .arg("console")
        .arg("--project")
        .arg(&project.dir)
        .args(["--console-port", &console.port.to_string(), "--skip-update-check"])
        .env(HASURA_ENDPOINT, client.endpoint());
    // Others see the arguments of a process, and not its environment.
    if let Some(secret) = environment.get(HASURA_SECRET).or(project.admin_secret.as_deref()) {
        command.env(HASURA_SECRET, secret);
    }
    match command.status() {
        Ok(status) if status.success() => Ok(Outcome::Done),
        // Ctrl-C ends it so.
        Ok(status) if status.code().is_none() => Ok(Outcome::Done),
        Ok(_) => Ok(Outcome::Failed),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            messages::note(
                "hasura is not installed: the npm package hasura-cli has it. The server has a console, too, unless it is switched off there:",
            );
            output::plain(&format!("{}/console\n", client.endpoint()));
            Ok(Outcome::Done)
        }
        Err(source) => Err(Error::Program { program: PROGRAM, source }),
    }
}
