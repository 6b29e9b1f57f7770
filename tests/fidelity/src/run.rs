//! The whole program: corpora, then pairs, then the document.

use std::path::{Path, PathBuf};

use crate::args::Args;
use crate::corpus;
use crate::document;
use crate::error::Error;
use crate::figures::Figures;
use crate::pairs;
use crate::server::Server;

/// Runs what was asked for and tells whether all targets were met.
pub fn run(args: &Args) -> Result<bool, Error> {
    let server = Server::from_environment()?;
    let mut all = Vec::new();
    for corpus in &args.corpus {
        let (name, path) = named(corpus);
        all.push(corpus::run(&server, args, &name, &path)?);
    }
    if args.asks_for(6) || args.asks_for(1) {
        for path in &args.pairs {
            all.push(pairs::run(&server, args, &stem(path), path)?);
        }
    }
    let mut total = Figures::default();
    for findings in &all {
        total += findings.total();
    }
    if args.list {
        return Ok(true);
    }
    println!("{}", document::summary(&all));
    if let Some(path) = &args.write {
        let text = document::document(&server, args, &all);
        nself_harness::write(path, &text)?;
    }
    Ok(total.good())
}

/// `name=path`, or a path whose last part is the name.
fn named(corpus: &str) -> (String, PathBuf) {
    match corpus.split_once('=') {
        Some((name, path)) => (name.to_owned(), path.into()),
        None => (stem(Path::new(corpus)), corpus.into()),
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
