//! Applying and replaying migrations: the chains of bench/src/chain.rs, and real projects.

use std::path::Path;

use nself_harness::Doing;

use crate::args::Args;
use crate::chain;
use crate::error::Error;
use crate::folder::{self, Folder};
use crate::product;
use crate::sample::{Board, Sample};
use crate::schema::Migration;
use crate::server::{Server, Session};

/// Tables made in a loop, with their DDL noted and without.
pub const NOTED: &str = "DDL in a loop, noted";
pub const NOT_NOTED: &str = "DDL in a loop, not noted";

const MANY_TABLES: &str = "DO $$ BEGIN FOR n IN 1..500 LOOP EXECUTE format('CREATE TABLE t%s (id bigint PRIMARY KEY, \
    a int NOT NULL, b int DEFAULT 1, c text, d text, e timestamptz DEFAULT now(), f date, g numeric, h boolean, i uuid, \
    j jsonb, k text[])', n); END LOOP; END $$";

/// The last migration of a chain of `REHEARSED`: rehearsed, and applied.
pub const REHEARSAL: &str = "rehearsal of the last migration";
pub const OWN_TIME: &str = "that migration itself";
pub const REHEARSED: usize = 300;

/// How long the chains are.
pub const CHAINS: [usize; 3] = [10, 100, 1000];

/// A database whose journal is loaded and none of it applied.
const READY: &str = "bench_ready";
/// The same, with all of it applied.
const APPLIED: &str = "bench_applied";
/// Made anew for each time that migrations are applied.
const TRIAL: &str = "bench_trial";

/// Measures the chains: applied by the product and by psql, replayed, and replayed after one more.
pub fn chains(server: &Server, args: &Args, board: &mut Board) -> Result<(), Error> {
    for length in CHAINS {
        eprintln!("chain of {length} migrations");
        let mut migrations = chain::migrations(length);
        let scripts = prepare(server, &migrations)?;
        for round in 0..args.rounds {
            race(server, &scripts, &format!("chain {length}"), board)?;
            let mut session = server.session(APPLIED)?;
            board.add(format!("chain {length}: first drift, full replay"), replay(&mut session)?);
            migrations = chain::migrations(length + round + 1);
            let sample = one_more(&mut session, &migrations)?;
            board.add(format!("chain {length}: first drift after one more"), sample);
        }
    }
    clean_up(server)
}

/// Measures a rehearsal in a session that has asked for drift before.
pub fn rehearsals(server: &Server, args: &Args, board: &mut Board) -> Result<(), Error> {
    eprintln!("rehearsal of the last of {REHEARSED} migrations");
    let migrations = chain::migrations(REHEARSED);
    prepare(server, &migrations[..REHEARSED - 1])?;
    for _ in 0..args.rounds {
        server.create_anew(TRIAL, APPLIED)?;
        let mut session = server.session(TRIAL)?;
        drift(&mut session)?;
        product::put(&mut session.client, &migrations)?;
        let (sample, rows) = session.measure(product::REHEARSE)?;
        // A function, a trigger, and that it has no down part.
        if rows != 3 {
            return Err(Error::WrongAnswer { what: "a rehearsal".to_owned(), found: rows, wanted: 3 });
        }
        board.add(REHEARSAL, sample);
        board.add(OWN_TIME, session.measure(product::MIGRATE_UP)?.0);
    }
    clean_up(server)
}

/// Measures what it costs that DDL is noted: many tables made in a loop, in one transaction.
pub fn noting(server: &Server, args: &Args, board: &mut Board) -> Result<(), Error> {
    eprintln!("noting DDL");
    // A few milliseconds are looked for in what varies by more, so each goes first as often as the other, many times.
    let (noted, not_noted) = ((NOTED, "on"), (NOT_NOTED, "off"));
    for round in 0..args.rounds * 5 {
        let order = if round % 2 == 0 { [noted, not_noted] } else { [not_noted, noted] };
        for (work, capture) in order {
            server.create_anew(TRIAL, "template0")?;
            server.execute(TRIAL, &[product::INSTALL])?;
            let mut session = server.session(TRIAL)?;
            // The first command of a session makes it look up what all later ones know.
            let set = format!("LOAD 'nself_heal'; SET nself.capture_ddl = {capture}");
            session.client.batch_execute(&set).doing("setting nself.capture_ddl")?;
            session.client.batch_execute("CREATE TABLE first (id int)").doing("making a table")?;
            board.add(work.to_owned(), session.measure(MANY_TABLES)?.0);
        }
    }
    Ok(server.drop(TRIAL)?)
}

/// Measures real projects' migrations. One that this server cannot run is left out, with a line that says why.
pub fn corpora(server: &Server, args: &Args, board: &mut Board) -> Result<(), Error> {
    for corpus in &args.corpus {
        let (name, path) = corpus.split_once('=').unwrap_or((corpus, corpus));
        eprintln!("corpus {name}");
        if let Err(error) = one_corpus(server, args, name, Path::new(path), board) {
            eprintln!("  skipped: {error}");
            board.forget(&format!("corpus {name}: "));
        }
    }
    clean_up(server)
}

fn one_corpus(server: &Server, args: &Args, name: &str, path: &Path, board: &mut Board) -> Result<(), Error> {
    let scripts = prepare(server, &folder::read(path)?)?;
    for _ in 0..args.rounds {
        race(server, &scripts, &format!("corpus {name}"), board)?;
        board.add(format!("corpus {name}: first drift, full replay"), replay(&mut server.session(APPLIED)?)?);
        // So that what is kept of the last call cannot be all of the answer.
        server.execute(APPLIED, &["CREATE TABLE public.bench_touch ()", "DROP TABLE public.bench_touch"])?;
        board.add(
            format!("corpus {name}: drift, expected schema known"),
            drift(&mut server.session(APPLIED)?)?,
        );
        let dump = server.measure_program("pg_dump", &["--schema-only", APPLIED])?;
        board.add(format!("corpus {name}: pg_dump -s"), dump);
    }
    Ok(())
}

/// Makes the databases of one chain, and its scripts as files.
fn prepare(server: &Server, migrations: &[Migration]) -> Result<Folder, Error> {
    server.create_anew(READY, "template0")?;
    server.execute(READY, &[product::INSTALL])?;
    let mut session = server.session(READY)?;
    product::put(&mut session.client, migrations)?;
    let scripts = product::scripts(&mut session.client)?;
    drop(session);
    server.create_anew(APPLIED, READY)?;
    server.execute(APPLIED, &[product::MIGRATE_UP, "VACUUM (ANALYZE)", "CHECKPOINT"])?;
    Ok(Folder::write("chain", scripts.iter().map(String::as_str))?)
}

/// Applies the same scripts to two new databases, each by a psql of its own: once by the product, once by psql alone.
fn race(server: &Server, scripts: &Folder, work: &str, board: &mut Board) -> Result<(), Error> {
    server.create_anew(TRIAL, READY)?;
    let arguments = ["-Xqt", "-v", "ON_ERROR_STOP=1", "-d", TRIAL];
    let up = server.measure_program("psql", &[&arguments[..], &["-c", product::MIGRATE_UP]].concat())?;
    board.add(format!("{work}: nself_migrate_up()"), up);

    // Without the extension, whose event triggers would have their share.
    server.create_anew(TRIAL, "template0")?;
    let files: Vec<String> = scripts.files.iter().map(|file| file.display().to_string()).collect();
    let files = files.iter().flat_map(|file| ["-f", file.as_str()]);
    let psql = arguments.into_iter().chain(["-1"]).chain(files).collect::<Vec<_>>();
    board.add(format!("{work}: psql -1"), server.measure_program("psql", &psql)?);
    Ok(())
}

/// The first drift after all that is known of the chain was forgotten.
fn replay(session: &mut Session) -> Result<Sample, Error> {
    session.client.batch_execute(product::FORGET_EXPECTED).doing("forgetting the expected schema")?;
    drift(session)
}

/// The first drift after the last of these migrations was applied, where all before it are known, and this session has
/// replayed them.
fn one_more(session: &mut Session, migrations: &[Migration]) -> Result<Sample, Error> {
    product::put(&mut session.client, migrations)?;
    session.client.batch_execute(product::MIGRATE_UP).doing("applying one more migration")?;
    drift(session)
}

fn drift(session: &mut Session) -> Result<Sample, Error> {
    let (sample, rows) = session.measure(product::DRIFT)?;
    product::expect("applied migrations", rows, 0)?;
    Ok(sample)
}

fn clean_up(server: &Server) -> Result<(), Error> {
    Ok([READY, APPLIED, TRIAL].iter().try_for_each(|name| server.drop(name))?)
}
