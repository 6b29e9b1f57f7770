//! The server that is judged: its sessions, its databases, and its programs.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::{Client, Config, NoTls};

use crate::error::{Doing, Error};
use crate::text::first_line;

/// Where the server is, from the environment as psql takes it.
pub struct Server {
    host: String,
    port: u16,
    user: String,
    bin: Option<PathBuf>,
    /// `18.1`
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
        server.major = row.get::<_, i32>(1).unsigned_abs();
        Ok(server)
    }

    /// A session. Its notices are not read.
    pub fn connect(&self, database: &str) -> Result<Client, Error> {
        let mut config = Config::new();
        config.host(&self.host).port(self.port).user(&self.user).dbname(database);
        config.notice_callback(|_| ());
        config.connect(NoTls).doing(format!("connecting to {database}"))
    }

    /// Runs statements one by one, in a new session.
    pub fn execute(&self, database: &str, statements: &[&str]) -> Result<(), Error> {
        let mut client = self.connect(database)?;
        for statement in statements {
            client.batch_execute(statement).doing(first_line(statement))?;
        }
        Ok(())
    }

    /// Makes a database. There must be none of this name.
    pub fn create(&self, name: &str, template: &str) -> Result<(), Error> {
        // Files are copied as they are: that is quickest for a small database, and writes no log of a large one.
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
                    return Err(Error::Sql { what: format!("making {name} from {template}"), source });
                }
            }
        }
        Ok(())
    }

    /// Drops a database if there is one, and ends the sessions in it.
    pub fn drop(&self, name: &str) -> Result<(), Error> {
        self.execute("postgres", &[&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")])
    }

    /// Where other programs find a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://{}@/{database}?host={}&port={}", self.user, self.host, self.port)
    }

    /// A program of the server's, set up to connect to it.
    pub fn program(&self, name: &str) -> Command {
        let mut command = match &self.bin {
            Some(bin) => Command::new(bin.join(name)),
            None => Command::new(name),
        };
        command.env("PGHOST", &self.host).env("PGPORT", self.port.to_string()).env("PGUSER", &self.user);
        command
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::Server;

    fn server(bin: Option<PathBuf>) -> Server {
        Server {
            host: "/no/such/folder".to_owned(),
            port: 5433,
            user: "somebody".to_owned(),
            bin,
            version: String::new(),
            major: 0,
        }
    }

    #[test]
    fn a_url_names_host_port_and_user() {
        assert_eq!(server(None).url("shop"), "postgresql://somebody@/shop?host=/no/such/folder&port=5433");
    }

    #[test]
    fn programs_are_the_servers_own_where_its_folder_is_known() {
        assert_eq!(server(None).program("psql").get_program(), "psql");
        let bin = Some(PathBuf::from("/there"));
        assert_eq!(Path::new(server(bin).program("psql").get_program()), Path::new("/there/psql"));
    }

    #[test]
    fn a_server_that_is_not_there_is_named_by_the_database_that_was_wanted() {
        let error = server(None).connect("shop").err().expect("there is none");
        assert!(error.to_string().starts_with("connecting to shop: "), "{error}");
    }
}
