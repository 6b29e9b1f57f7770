//! The fidelity program: damages a schema in every way, one at a time and many at once, and has `pg_dump` judge whether
//! drift names exactly what changed and whether a heal restores exactly that and harms nothing. It shares no code with
//! the product, which it knows by its SQL functions alone.

#![forbid(unsafe_code)]

mod args;
mod case;
mod corpus;
mod document;
mod error;
mod figures;
mod fill;
mod guarded;
mod judge;
mod mutation;
mod pairs;
mod parallel;
mod people;
mod product;
mod run;
mod same;
mod server;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    nself_harness::exit_code("fidelity", run::run(&args::Args::parse()))
}
