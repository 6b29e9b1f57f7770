//! The whole program: everything is measured, kept, and written down.

use std::collections::BTreeMap;

use nself_harness::Doing;
use postgres::Client;

use crate::args::{Args, Part};
use crate::calls;
use crate::document;
use crate::drift;
use crate::error::Error;
use crate::lasting;
use crate::machine::Machine;
use crate::migrating;
use crate::peers;
use crate::results::{About, Results, Run};
use crate::sample::Board;
use crate::server::Server;
use crate::targets;
use crate::tenants;

/// Measures, and tells whether nothing speaks against exit code 0.
pub fn run(args: &Args) -> Result<bool, Error> {
    let machine = Machine::this();
    let server = Server::from_environment()?;
    // What cannot be read or written is better known before an hour has passed.
    let mut results = match &args.results {
        Some(path) => Results::read(path)?,
        None => Results::default(),
    };
    if [Part::Drift, Part::Peers, Part::Lasting].into_iter().any(|part| args.asks_for(part)) {
        drift::set_up(&server, args.size)?;
    }
    if args.setup_only {
        return Ok(true);
    }
    let (mut large, mut migrations) = (Board::default(), Board::default());
    let mut counts = lasting::Counts::new();
    if args.asks_for(Part::Drift) {
        drift::measure(&server, args, &mut large)?;
    }
    if args.asks_for(Part::Peers) {
        peers::measure(&server, args, &mut large)?;
    }
    if args.asks_for(Part::Lasting) {
        counts = lasting::measure(&server, args)?;
    }
    if args.asks_for(Part::Chains) {
        migrating::chains(&server, args, &mut migrations)?;
        migrating::rehearsals(&server, args, &mut migrations)?;
        migrating::noting(&server, args, &mut migrations)?;
    }
    if args.asks_for(Part::Corpora) {
        migrating::corpora(&server, args, &mut migrations)?;
    }
    if args.asks_for(Part::Tenants) {
        tenants::measure(&server, args, &mut migrations)?;
    }

    let mut called = BTreeMap::new();
    match &args.nself {
        Some(nself) if args.asks_for(Part::Calls) => called.extend(calls::measure(&server, nself)?),
        _ => eprintln!("calls over HTTP are not measured"),
    }

    let about = about(&server, args, machine)?;
    let counts = counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    results.sizes.insert(args.size, Run { about: about.clone(), figures: large.figures(), counts });
    results.migrations = Some(Run { about, figures: migrations.figures(), counts: called });
    if args.parts.is_empty() {
        if let Some(path) = &args.results {
            results.write(path)?;
        }
        if let Some(path) = &args.write {
            document::write(path, &results)?;
        }
    }
    println!("{}\n{}", document::document(&results), document::verdict(&results));
    let missed = targets::all(&results).iter().any(|target| target.is_met() == Some(false));
    Ok(!(args.check && missed))
}

fn about(server: &Server, args: &Args, machine: Machine) -> Result<About, Error> {
    let mut client = server.session("postgres")?.client;
    let ask = |client: &mut Client, sql: &str| -> Result<String, Error> {
        Ok(client.query_one(sql, &[]).doing("asking what this is")?.get(0))
    };
    let product = "SELECT default_version FROM pg_available_extensions WHERE name = 'nself_heal'";
    let product = ask(&mut client, product)?;
    Ok(About {
        date: ask(&mut client, "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')")?,
        command: args.command.clone(),
        server: server.version.clone(),
        product: match &args.revision {
            Some(revision) => format!("{product} ({revision})"),
            None => product,
        },
        machine,
    })
}
