//! The command `nself`. It is thin on purpose: it ships the bytes of the migrations folder to the server and prints
//! the rows that come back. Which migration comes next, what a checksum is and what may be healed is decided by the
//! extension, in one place.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod connect;
mod dotenv;
mod error;
mod exit;
mod folder;
mod interrupt;
mod output;
mod rows;
mod server;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    match commands::run(&cli) {
        Ok(outcome) => exit::outcome(outcome),
        Err(error) => {
            terminal::messages::error(&error);
            exit::failure(&cli.command, &error)
        }
    }
}
