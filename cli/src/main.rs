//! The command `nself`. It is thin on purpose: it ships the bytes of the migrations folder to the server and prints
//! the rows that come back. Which migration comes next, what a checksum is and what may be healed is decided by the
//! extension, in one place.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod connect;
mod dotenv;
mod env_file;
mod error;
mod exit;
mod folder;
mod git;
mod interrupt;
mod output;
mod rewrite;
mod rows;
mod server;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use terminal::messages;

fn main() -> ExitCode {
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        // A request for help is no error.
        Err(error) if error.use_stderr() && args::wants_json(std::env::args_os()) => {
            messages::speak_json();
            messages::usage(&error);
            return exit::usage();
        }
        Err(error) => error.exit(),
    };
    if cli.global.is_json() {
        messages::speak_json();
    }
    messages::speak(cli.global.quiet, cli.global.verbose);
    match commands::run(&cli) {
        Ok(outcome) => exit::outcome(outcome),
        Err(error) => {
            messages::error(&error);
            exit::failure(&cli.command, &error)
        }
    }
}
