//! `nself completions` and `nself man`: both come from the arguments that the command has.

use std::fs;
use std::io::{self, Write};

use clap::CommandFactory;

use crate::args::{Cli, Completions, Man};
use crate::error::Error;
use crate::exit::Outcome;

pub fn completions(of: &Completions) -> Result<Outcome, Error> {
    let mut script = Vec::new();
    clap_complete::generate(of.shell, &mut Cli::command(), "nself", &mut script);
    io::stdout().write_all(&script).map_err(|source| Error::Write { path: "stdout".into(), source })?;
    Ok(Outcome::Done)
}

pub fn man(into: &Man) -> Result<Outcome, Error> {
    fs::create_dir_all(&into.dir)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), &into.dir))
        .map_err(|source| Error::Write { path: into.dir.clone(), source })?;
    Ok(Outcome::Done)
}
