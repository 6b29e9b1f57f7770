//! The server that is measured.

use std::ops::Deref;
use std::time::Instant;

use nself_harness::{Doing, first_line};
use postgres::Client;

use crate::error::Error;
use crate::folder::Folder;
use crate::memory::{Figure, Watch, of};
use crate::program;
use crate::sample::Sample;

/// The server, and what its sessions and programs cost.
pub struct Server(nself_harness::Server);

impl Deref for Server {
    type Target = nself_harness::Server;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Server {
    pub fn from_environment() -> Result<Self, Error> {
        Ok(Self(nself_harness::Server::from_environment()?))
    }

    pub fn session(&self, database: &str) -> Result<Session, Error> {
        let mut client = self.connect(database)?;
        let row = client.query_one("SELECT pg_backend_pid()", &[]).doing("asking for the backend")?;
        let pid = row.get::<_, i32>(0).unsigned_abs();
        let at_start = of(pid, Figure::Own).unwrap_or(0);
        Ok(Session { client, pid, at_start })
    }

    /// Makes a database, and drops one of the same name first.
    pub fn create_anew(&self, name: &str, template: &str) -> Result<(), Error> {
        self.drop(name)?;
        Ok(self.create(name, template)?)
    }

    /// Restores a dump of one database, with its rows, into another.
    pub fn restore(&self, from: &str, to: &str) -> Result<(), Error> {
        let dump = Folder::write("dump", [""])?;
        let file = dump.files[0].display().to_string();
        self.measure_program("pg_dump", &["-f", &file, from])?;
        self.measure_program("psql", &["-Xq", "-v", "ON_ERROR_STOP=1", "-d", to, "-f", &file])?;
        Ok(())
    }

    /// Runs a program of the server's, which must succeed.
    pub fn measure_program(&self, name: &str, arguments: &[&str]) -> Result<Sample, Error> {
        Ok(program::measure(self.program(name).args(arguments), name)?)
    }
}

/// A connection, and the process behind it.
pub struct Session {
    pub client: Client,
    pub pid: u32,
    at_start: u64,
}

impl Session {
    /// Runs a query and takes its time, from sending it to having its last row, and what memory it added to what the
    /// backend had when it was new. Returns how many rows came, too.
    pub fn measure(&mut self, sql: &str) -> Result<(Sample, usize), Error> {
        let watch = Watch::start(self.pid, Figure::Own);
        let start = Instant::now();
        let answer = self.client.query(sql, &[]);
        let took = start.elapsed();
        let memory = watch.largest().saturating_sub(self.at_start);
        let rows = answer.doing(first_line(sql))?;
        Ok((Sample::new(took, memory), rows.len()))
    }
}
