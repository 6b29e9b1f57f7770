//! Drift of a large schema, beside what sets its limits: `pg_dump` and a raw read of the catalogs.

use std::time::Instant;

use crate::args::Args;
use crate::catalogs;
use crate::damage;
use crate::error::Error;
use crate::product;
use crate::sample::{Board, Sample};
use crate::schema::{self, Table};
use crate::server::{Server, Session};

/// The database in which nothing drifts.
pub const EQUAL: &str = "bench_equal";
/// The same with 1 % of its tables damaged.
pub const DRIFTED: &str = "bench_drifted";

/// Restored from a dump of the first: the server has read again all that it had printed, and now prints some of it in
/// another form.
pub const RESTORED: &str = "bench_restored";

/// After set-up, so that rounds are alike: autovacuum would come at some time in the middle.
const SETTLE: [&str; 2] = ["VACUUM (ANALYZE)", "CHECKPOINT"];

/// Makes all three databases.
pub fn set_up(server: &Server, size: usize) -> Result<(), Error> {
    set_up_equal(server, EQUAL, size)?;
    server.create_anew(DRIFTED, EQUAL)?;
    let damage = damage::statements(size);
    server.execute(DRIFTED, &damage.iter().map(String::as_str).collect::<Vec<_>>())?;
    server.execute(DRIFTED, &SETTLE)?;

    server.create_anew(RESTORED, "template0")?;
    server.restore(EQUAL, RESTORED)?;
    let (sample, rows) = server.session(RESTORED)?.measure(product::DRIFT)?;
    product::expect("a restored schema", rows, 0)?;
    eprintln!("  first drift of a restored copy, with its replay: {:.1} s", sample.milliseconds / 1000.0);
    Ok(server.execute(RESTORED, &SETTLE)?)
}

/// Makes a database in which nothing drifts, and whose expected schema is known.
pub fn set_up_equal(server: &Server, name: &str, size: usize) -> Result<(), Error> {
    let start = Instant::now();
    server.create_anew(name, "template0")?;
    server.execute(name, &[product::INSTALL])?;
    let mut session = server.session(name)?;
    product::put(&mut session.client, &schema::migrations(size))?;
    let applied = product::migrate(&mut session.client)?;
    drop(session);
    eprintln!("{size} tables: {applied} migrations applied after {:.0} s", start.elapsed().as_secs_f64());
    server.execute(name, &SETTLE)?;
    let (sample, rows) = server.session(name)?.measure(product::DRIFT)?;
    product::expect("a new schema", rows, 0)?;
    eprintln!("  first drift, with its replay: {:.1} s", sample.milliseconds / 1000.0);
    Ok(server.execute(name, &SETTLE)?)
}

/// Measures every work once a round, one after the other, so that whatever else the machine does hits all of them. Each
/// database has a connection that has asked before, as a pool's or a worker's has; new ones are measured beside it.
pub fn measure(server: &Server, args: &Args, board: &mut Board) -> Result<(), Error> {
    let made = damage::statements(args.size).len();
    let mut equal = warm(server, EQUAL, 0)?;
    let mut restored = warm(server, RESTORED, 0)?;
    let mut drifted = warm(server, DRIFTED, made)?;
    for round in 0..args.rounds {
        eprintln!("round {} of {}", round + 1, args.rounds);
        touch(server, EQUAL, args.size, round)?;
        board.add("drift equal", drift(&mut equal, EQUAL, 0)?);
        board.add("drift unchanged", drift(&mut equal, EQUAL, 0)?);
        board.add("drift equal, new connection", drift(&mut server.session(EQUAL)?, EQUAL, 0)?);

        touch(server, RESTORED, args.size, round)?;
        board.add("drift equal, restored from a dump", drift(&mut restored, RESTORED, 0)?);

        touch(server, DRIFTED, args.size, round)?;
        board.add("drift 1 % drifted", drift(&mut drifted, DRIFTED, made)?);
        board.add("drift 1 % drifted, new connection", drift(&mut server.session(DRIFTED)?, DRIFTED, made)?);

        touch(server, DRIFTED, args.size, round)?;
        let (sample, rows) = drifted.measure(product::HEAL_DRY_RUN)?;
        product::expect("a drifted schema, as a dry run of nself_heal()", rows, made)?;
        board.add("heal, dry run", sample);

        let dump = server.measure_program("pg_dump", &["--schema-only", EQUAL])?;
        board.add("pg_dump -s", dump);
        board.add("raw catalog read", catalogs::read(&mut server.session(EQUAL)?)?);
    }
    Ok(())
}

fn warm(server: &Server, database: &str, wanted: usize) -> Result<Session, Error> {
    let mut session = server.session(database)?;
    drift(&mut session, database, wanted)?;
    Ok(session)
}

fn drift(session: &mut Session, database: &str, wanted: usize) -> Result<Sample, Error> {
    let (sample, rows) = session.measure(product::DRIFT)?;
    product::expect(database, rows, wanted)?;
    Ok(sample)
}

/// Changes something and changes it back, in a session of its own, so that what the product knows from its last call
/// cannot be all of the answer.
pub fn touch(server: &Server, database: &str, size: usize, round: usize) -> Result<(), Error> {
    // Never one that is damaged, and another one each round.
    let name = Table((round * 10 + 6) % size).name();
    Ok(server.execute(
        database,
        &[
            &format!("ALTER TABLE {name} ALTER title SET DEFAULT 'touched'"),
            &format!("ALTER TABLE {name} ALTER title SET DEFAULT ''"),
            &format!("COMMENT ON COLUMN {name}.tags IS 'touched'"),
            &format!("COMMENT ON COLUMN {name}.tags IS NULL"),
        ],
    )?)
}
