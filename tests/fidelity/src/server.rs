//! The server under test: its databases, and the two programs that judge them.

use std::io::Write;
use std::ops::Deref;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use nself_harness::{Doing, Error as Failed};
use postgres::Client;

use crate::error::Error;
use crate::judge::{self, Dump};

/// The server, and databases that go away by themselves.
pub struct Server {
    server: nself_harness::Server,
    /// Databases are named after the process and a number, so that two runs do not meet.
    next: AtomicUsize,
}

impl Deref for Server {
    type Target = nself_harness::Server;

    fn deref(&self) -> &Self::Target {
        &self.server
    }
}

impl Server {
    pub fn from_environment() -> Result<Self, Error> {
        Ok(Self { server: nself_harness::Server::from_environment()?, next: AtomicUsize::new(1) })
    }

    /// A session that stops a statement which does not end.
    pub fn session(&self, database: &str) -> Result<Client, Error> {
        let mut client = self.connect(database)?;
        client
            .batch_execute("SET client_min_messages = error; SET statement_timeout = '10min'")
            .doing("setting up a session")?;
        Ok(client)
    }

    /// A new database, gone when the value is.
    pub fn database(&self, like: Option<&str>) -> Result<Database<'_>, Error> {
        let name = format!("fidelity_{}_{}", std::process::id(), self.next.fetch_add(1, Ordering::Relaxed));
        self.create(&name, like.unwrap_or("template0"))?;
        Ok(Database { server: self, name })
    }
}

pub struct Database<'a> {
    pub server: &'a Server,
    pub name: String,
}

impl<'a> Database<'a> {
    pub fn connect(&self) -> Result<Client, Error> {
        self.server.session(&self.name)
    }

    /// The schema as pg_dump tells it, with owners and privileges.
    pub fn dump(&self) -> Result<String, Failed> {
        self.pg_dump(&["--schema-only"])
    }

    /// What there is, as the judge sees it.
    pub fn judged(&self) -> Result<Dump, Error> {
        let mut dump = judge::read(&self.dump()?);
        let mut client = self.connect()?;
        judge::add_what_is_not_dumped(&mut client, &mut dump.facts)?;
        dump.orders = judge::read_orders(&mut client)?;
        Ok(dump)
    }

    fn pg_dump(&self, arguments: &[&str]) -> Result<String, Failed> {
        let what = format!("pg_dump of {}", self.name);
        let output = self
            .server
            .program("pg_dump")
            .args(arguments)
            .arg(&self.name)
            .output()
            .map_err(|error| Failed::Tool { what: what.clone(), message: error.to_string() })?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Failed::Tool { what, message });
        }
        String::from_utf8(output.stdout).map_err(|error| Failed::Tool { what, message: error.to_string() })
    }

    /// A new database made from a dump of this one: schema and data, or the schema alone.
    pub fn restored(&self, with_data: bool) -> Result<Database<'a>, Error> {
        let dump = if with_data { self.pg_dump(&[])? } else { self.dump()? };
        let copy = self.server.database(None)?;
        copy.psql(&dump, &format!("restoring a dump of {}", self.name)).map_err(|error| match error {
            Failed::Tool { message, .. } => Error::Unrestorable(message),
            other => other.into(),
        })?;
        Ok(copy)
    }

    /// Fills another database's tables of one schema with the rows that they have here.
    pub fn copy_rows(&self, schema: &str, other: &Database) -> Result<(), Error> {
        let rows = self.pg_dump(&["--data-only", &format!("--table={schema}.*")])?;
        Ok(other.psql(&rows, &format!("copying the rows of schema {schema}"))?)
    }

    fn psql(&self, script: &str, what: &str) -> Result<(), Failed> {
        let failed = |message: String| Failed::Tool { what: what.to_owned(), message };
        let mut child = self
            .server
            .program("psql")
            .args(["-Xq", "-v", "ON_ERROR_STOP=1", "-d", &self.name])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        if let Some(mut stdin) = child.stdin.take() {
            // psql may stop reading at an error, and then says which.
            let _ = stdin.write_all(script.as_bytes());
        }
        let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
        if output.status.success() {
            Ok(())
        } else {
            Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
        }
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.server.drop(&self.name) {
            eprintln!("fidelity: {} is left over: {error}", self.name);
        }
    }
}
