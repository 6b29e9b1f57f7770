//! The server under test: its databases, and the two programs that judge them.

use std::env;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::{Client, Config, NoTls};

use crate::error::{Doing, Error};

/// Where the server is, from the environment as psql takes it.
pub struct Server {
    host: String,
    port: u16,
    user: String,
    bin: Option<PathBuf>,
    /// Databases are named after the process and a number, so that two runs do not meet.
    next: AtomicUsize,
    /// `15.20`
    pub version: String,
    pub major: u32,
}

impl Server {
    pub fn from_environment() -> Result<Self, Error> {
        let variable = |name: &str, other: &str| env::var(name).unwrap_or_else(|_| other.to_owned());
        let mut server = Self {
            host: variable("PGHOST", "/var/run/postgresql"),
            port: variable("PGPORT", "5432").parse().unwrap_or(5432),
            user: variable("PGUSER", "postgres"),
            bin: env::var_os("PG_BIN").map(PathBuf::from),
            next: AtomicUsize::new(1),
            version: String::new(),
            major: 0,
        };
        let row = server
            .connect("postgres")?
            .query_one(
                "SELECT split_part(current_setting('server_version'), ' ', 1),
                        current_setting('server_version_num')::int / 10000",
                &[],
            )
            .doing("asking for the server's version")?;
        server.version = row.get(0);
        server.major = row.get::<_, i32>(1) as u32;
        Ok(server)
    }

    pub fn connect(&self, database: &str) -> Result<Client, Error> {
        let mut config = Config::new();
        config.host(&self.host).port(self.port).user(&self.user).dbname(database);
        // What a statement also has to say is not judged.
        config.notice_callback(|_| ());
        let mut client = config.connect(NoTls).doing(format!("connecting to {database}"))?;
        client
            .batch_execute("SET client_min_messages = error; SET statement_timeout = '10min'")
            .doing("setting up a session")?;
        Ok(client)
    }

    /// A new database, gone when the value is.
    pub fn database(&self, like: Option<&str>) -> Result<Database<'_>, Error> {
        let name = format!("fidelity_{}_{}", std::process::id(), self.next.fetch_add(1, Ordering::Relaxed));
        let template = like.unwrap_or("template0");
        // Files are copied as they are, which is the quickest way for a small database.
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy");
        let mut client = self.connect("postgres")?;
        for attempt in 0.. {
            match client.batch_execute(&sql) {
                Ok(()) => break,
                // A session of the template is still saying good-bye.
                Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) && attempt < 100 => {
                    thread::sleep(Duration::from_millis(100));
                }
                Err(source) => {
                    return Err(Error::Sql { what: format!("making a copy of {template}"), source });
                }
            }
        }
        Ok(Database { server: self, name })
    }

    fn program(&self, name: &str) -> Command {
        let mut command = match &self.bin {
            Some(bin) => Command::new(bin.join(name)),
            None => Command::new(name),
        };
        command.env("PGHOST", &self.host).env("PGPORT", self.port.to_string()).env("PGUSER", &self.user);
        command
    }
}

pub struct Database<'a> {
    pub server: &'a Server,
    pub name: String,
}

impl<'a> Database<'a> {
    pub fn connect(&self) -> Result<Client, Error> {
        self.server.connect(&self.name)
    }

    /// The schema as pg_dump tells it, with owners and privileges.
    pub fn dump(&self) -> Result<String, Error> {
        self.pg_dump(&["--schema-only"])
    }

    fn pg_dump(&self, arguments: &[&str]) -> Result<String, Error> {
        let what = format!("pg_dump of {}", self.name);
        let output = self
            .server
            .program("pg_dump")
            .args(arguments)
            .arg(&self.name)
            .output()
            .map_err(|error| Error::Tool { what: what.clone(), message: error.to_string() })?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Error::Tool { what, message });
        }
        String::from_utf8(output.stdout).map_err(|error| Error::Tool { what, message: error.to_string() })
    }

    /// A new database made from a dump of this one: schema and data, or the schema alone.
    pub fn restored(&self, with_data: bool) -> Result<Database<'a>, Error> {
        let dump = if with_data { self.pg_dump(&[])? } else { self.dump()? };
        let copy = self.server.database(None)?;
        copy.psql(&dump, &format!("restoring a dump of {}", self.name)).map_err(|error| match error {
            Error::Tool { message, .. } => Error::Unrestorable(message),
            other => other,
        })?;
        Ok(copy)
    }

    /// Fills another database's tables of one schema with the rows that they have here.
    pub fn copy_rows(&self, schema: &str, other: &Database) -> Result<(), Error> {
        let rows = self.pg_dump(&["--data-only", &format!("--table={schema}.*")])?;
        other.psql(&rows, &format!("copying the rows of schema {schema}"))
    }

    fn psql(&self, script: &str, what: &str) -> Result<(), Error> {
        let failed = |message: String| Error::Tool { what: what.to_owned(), message };
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
        let dropped = self.server.connect("postgres").and_then(|mut client| {
            let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
            client.batch_execute(&sql).doing("dropping a database")
        });
        if let Err(error) = dropped {
            eprintln!("fidelity: {} is left over: {error}", self.name);
        }
    }
}
