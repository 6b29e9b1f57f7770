//! The benchmark: what the product's functions cost on schemas of 100, 1,000 and 10,000 tables, beside the programs that
//! anybody can compare them with. It shares no code with the product, which it knows by its SQL functions alone.

#![forbid(unsafe_code)]

mod args;
mod calls;
mod catalogs;
mod chain;
mod damage;
mod document;
mod drift;
mod error;
mod folder;
mod lasting;
mod machine;
mod memory;
mod migrating;
mod peers;
mod product;
mod program;
mod results;
mod run;
mod sample;
mod schema;
mod server;
mod targets;
mod tenants;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    nself_harness::exit_code("bench", run::run(&args::Args::parse()))
}
