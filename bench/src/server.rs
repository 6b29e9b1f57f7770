//! The server that is measured: its databases, its sessions, and the programs that come with it.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use postgres::error::SqlState;
use postgres::{Client, Config, NoTls};

use crate::error::{Doing, Error};
use crate::folder::Folder;
use crate::memory::{Figure, Watch, of};
use crate::program;
use crate::sample::Sample;

/// Where the server is, from the environment as psql takes it.
pub struct Server {
    host: String,
    port: u16,
    user: String,
    bin: Option<PathBuf>,
    /// `18.1`
    pub version: String,
}

impl Server {
    pub fn from_environment() -> Result<Self, Error> {
        let variable = |name: &str, other: &str| env::var(name).unwrap_or_else(|_| other.to_owned());
        let mut server = Self {
            host: variable("PGHOST", "/var/run/postgresql"),
            port: variable("PGPORT", "5432").parse().unwrap_or(5432),
            user: variable("PGUSER", "postgres"),
            bin: env::var_os("PG_BIN").map(PathBuf::from),
            version: String::new(),
        };
        let row = server
            .session("postgres")?
            .client
            .query_one("SELECT split_part(current_setting('server_version'), ' ', 1)", &[])
            .doing("asking for the server's version")?;
        server.version = row.get(0);
        Ok(server)
    }

    pub fn session(&self, database: &str) -> Result<Session, Error> {
        let mut config = Config::new();
        config.host(&self.host).port(self.port).user(&self.user).dbname(database);
        config.notice_callback(|_| ());
        let mut client = config.connect(NoTls).doing(format!("connecting to {database}"))?;
        let row = client.query_one("SELECT pg_backend_pid()", &[]).doing("asking for the backend")?;
        let pid = row.get::<_, i32>(0).unsigned_abs();
        let at_start = of(pid, Figure::Own).unwrap_or(0);
        Ok(Session { client, pid, at_start })
    }

    /// Statements one after the other, each for itself.
    pub fn execute(&self, database: &str, statements: &[&str]) -> Result<(), Error> {
        let mut session = self.session(database)?;
        for statement in statements {
            session.client.batch_execute(statement).doing(first_line(statement))?;
        }
        Ok(())
    }

    /// Makes a database anew.
    pub fn create(&self, name: &str, template: &str) -> Result<(), Error> {
        self.drop(name)?;
        // Files are copied as they are: the write-ahead log of a large database would be of no use here.
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy");
        let mut session = self.session("postgres")?;
        for attempt in 0.. {
            match session.client.batch_execute(&sql) {
                Ok(()) => break,
                // A session of the template is still saying good-bye.
                Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) && attempt < 100 => {
                    thread::sleep(Duration::from_millis(100));
                }
                Err(source) => {
                    return Err(Error::Sql { what: format!("making {name} from {template}"), source });
                }
            }
        }
        Ok(())
    }

    pub fn drop(&self, name: &str) -> Result<(), Error> {
        self.execute("postgres", &[&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")])
    }

    /// Restores a dump of one database, with its rows, into another.
    pub fn restore(&self, from: &str, to: &str) -> Result<(), Error> {
        let dump = Folder::write("dump", [""])?;
        let file = dump.files[0].display().to_string();
        self.measure_program("pg_dump", &["-f", &file, from])?;
        self.measure_program("psql", &["-Xq", "-v", "ON_ERROR_STOP=1", "-d", to, "-f", &file]).map(drop)
    }

    /// Where other programs find a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://{}@/{database}?host={}&port={}", self.user, self.host, self.port)
    }

    /// Runs a program of the server's, which must succeed.
    pub fn measure_program(&self, name: &str, arguments: &[&str]) -> Result<Sample, Error> {
        let mut command = match &self.bin {
            Some(bin) => Command::new(bin.join(name)),
            None => Command::new(name),
        };
        command.env("PGHOST", &self.host).env("PGPORT", self.port.to_string()).env("PGUSER", &self.user);
        program::measure(command.args(arguments), name)
    }
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
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
