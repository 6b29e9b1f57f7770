//! The SQL contract: calling the extension's functions and taking their rows. Rows travel as JSON that the server
//! makes, so a column that the server adds reaches `--format json` without a change here.

use std::time::Instant;

use postgres::types::{FromSqlOwned, ToSql};
use postgres::{Client, Config, Transaction};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::connect::{self, Target, Way};
use crate::error::Error;
use crate::rows::DatabaseEnvironment;
use crate::terminal::messages;
use crate::terminal::progress::Progress;

/// What a function returned: as it came, and as this program understands it.
pub struct Rows<T> {
    pub raw: Vec<Box<RawValue>>,
    pub items: Vec<T>,
}

/// One call of a function of the extension. Arguments that are not given are left to the server's defaults.
pub struct Call {
    function: &'static str,
    arguments: Vec<(String, Box<dyn ToSql + Sync>)>,
}

impl Call {
    pub fn to(function: &'static str) -> Self {
        Self { function, arguments: Vec::new() }
    }

    /// Gives the argument `name` of the SQL type `sql_type`, if there is a value.
    pub fn with<T: ToSql + Sync + 'static>(mut self, name: &str, sql_type: &str, value: Option<T>) -> Self {
        if let Some(value) = value {
            let number = self.arguments.len() + 1;
            self.arguments.push((format!("{name} => ${number}::pg_catalog.{sql_type}"), Box::new(value)));
        }
        self
    }

    /// `schema.function(name => $1, …)`
    fn sql(&self, schema: &str) -> String {
        let arguments: Vec<_> = self.arguments.iter().map(|(sql, _)| sql.as_str()).collect();
        format!("{schema}.{}({})", self.function, arguments.join(", "))
    }

    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.arguments.iter().map(|(_, value)| value.as_ref()).collect()
    }
}

/// A connection to a database that has the extension.
pub struct Server {
    client: Client,
    /// The extension's schema, quoted: it need not be in the search_path, which belongs to the caller's migrations.
    schema: String,
    database: String,
    env: Option<String>,
    progress: Progress,
    /// Whether the server can notice that this program has ended. Not every platform lets it.
    notices_end: bool,
}

/// So that the server stops working for a nself that was killed. It is set for a transaction: behind a pooler, the next
/// transaction of the connection may be another program's.
const NOTICE_END: &str = "set local client_connection_check_interval = '5s'";

impl Server {
    /// Connects and finds the extension. `env` is the environment that the run is for.
    pub fn open(target: Target, env: Option<String>) -> Result<Self, Error> {
        let progress = Progress::new();
        let began = Instant::now();
        let above_the_spinner = progress.clone();
        let Way { config, connector } = connect::way(target)?;
        let to = connect::address(&config);
        let mut config = Config::from(config);
        config.notice_callback(move |notice| above_the_spinner.aside(|| messages::notice(&notice)));
        let mut client = config.connect(connector).map_err(|source| Error::Connect { to, source })?;
        let notices_end = client.transaction()?.batch_execute(NOTICE_END).is_ok();
        let (database, schema) = schema(&mut client)?;
        messages::verbose(&format!("connected ({} ms)", began.elapsed().as_millis()));
        Ok(Self { client, schema, database, env, progress, notices_end })
    }

    /// Begins the one transaction that a command runs in; unless it is kept, it leaves nothing behind.
    pub fn begin(&mut self) -> Result<Session<'_>, Error> {
        let mut transaction = self.client.transaction()?;
        if self.notices_end {
            transaction.batch_execute(NOTICE_END)?;
        }
        let mut session = Session { transaction, schema: &self.schema, progress: &self.progress };
        if let Some(env) = &self.env {
            session.environment(Some(env))?;
        }
        Ok(session)
    }

    /// An error if the database is a production database and nobody said that this run is for one.
    pub fn refuse_unsaid_production(&mut self) -> Result<(), Error> {
        match self.env.is_none() && self.is_production()? {
            true => Err(Error::UnsaidProduction),
            false => Ok(()),
        }
    }

    /// Whether the database is for production, or this run is said to be.
    pub fn is_production(&mut self) -> Result<bool, Error> {
        let mut session = self.begin()?;
        let found = session.environment(None)?;
        session.undo()?;
        Ok(found.kind.as_deref() == Some("prod"))
    }

    /// The name of the database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// What moves on the terminal while the server works.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }
}

/// The transaction of a command.
pub struct Session<'a> {
    transaction: Transaction<'a>,
    schema: &'a str,
    progress: &'a Progress,
}

impl Session<'_> {
    /// Calls a function that returns rows; `waiting` is what a person sees meanwhile.
    pub fn rows<T: DeserializeOwned>(&mut self, waiting: &str, call: &Call) -> Result<Rows<T>, Error> {
        let progress = self.progress;
        progress.during(waiting, || self.rows_at_once(call))
    }

    /// The same of a function that returns before anybody would begin to wait.
    pub fn rows_at_once<T: DeserializeOwned>(&mut self, call: &Call) -> Result<Rows<T>, Error> {
        // Within a query of its own a function with one column gives rows, too.
        let sql = format!(
            "select pg_catalog.row_to_json(r)::pg_catalog.text from (select * from {}) r",
            call.sql(self.schema)
        );
        let began = Instant::now();
        let rows = self.transaction.query(&sql, &call.values())?;
        messages::verbose(&format!(
            "{} returned {} rows ({} ms)",
            call.function,
            rows.len(),
            began.elapsed().as_millis()
        ));
        let mut result = Rows { raw: Vec::with_capacity(rows.len()), items: Vec::with_capacity(rows.len()) };
        for row in rows {
            let json: String = row.try_get(0)?;
            let unknown = |source| Error::Row { function: call.function, source };
            result.items.push(serde_json::from_str(&json).map_err(unknown)?);
            result.raw.push(RawValue::from_string(json).map_err(unknown)?);
        }
        Ok(result)
    }

    /// Lets no statement of this transaction wait for a lock longer than a job's may, unless the user has said how long.
    pub fn limit_waits(&mut self) -> Result<(), Error> {
        self.transaction.execute(
            "select pg_catalog.set_config('lock_timeout', pg_catalog.current_setting('nself.migrate_lock_timeout'), true)
              where pg_catalog.current_setting('lock_timeout') operator(pg_catalog.=) '0'",
            &[],
        )?;
        Ok(())
    }

    /// Calls a function that returns one value.
    pub fn value<T: FromSqlOwned>(&mut self, call: &Call) -> Result<T, Error> {
        let row = self.transaction.query_one(&format!("select {}", call.sql(self.schema)), &call.values())?;
        Ok(row.try_get(0)?)
    }

    /// What the database is for; an error if it is not for `claimed`.
    pub fn environment(&mut self, claimed: Option<&str>) -> Result<DatabaseEnvironment, Error> {
        let call = Call::to("nself_environment").with("claimed", "text", claimed.map(str::to_owned));
        let rows = self.rows_at_once::<DatabaseEnvironment>(&call)?;
        Ok(rows.items.into_iter().next().unwrap_or_default())
    }

    /// Whether the role of this session may fill the journal and run migrations.
    pub fn may_migrate(&mut self) -> Result<bool, Error> {
        let level: Option<String> = self.value(&Call::to("nself_access_level"))?;
        Ok(level.is_some_and(|level| matches!(level.as_str(), "migrate" | "admin")))
    }

    /// Whether the server is a standby, on which nothing can be written.
    pub fn is_standby(&mut self) -> Result<bool, Error> {
        Ok(self.transaction.query_one("select pg_catalog.pg_is_in_recovery()", &[])?.try_get(0)?)
    }

    /// Where Hasura is, as the database says. Asking the extension first loads it: before that, anybody who may set
    /// something for the database could have said so.
    pub fn hasura_endpoint(&mut self) -> Result<Option<String>, Error> {
        self.environment(None)?;
        let sql = "select nullif(pg_catalog.current_setting('nself.hasura_endpoint', true), '')";
        Ok(self.transaction.query_one(sql, &[])?.try_get(0)?)
    }

    /// Calls a function that returns nothing.
    pub fn execute(&mut self, call: &Call) -> Result<(), Error> {
        self.transaction.execute(&format!("select {}", call.sql(self.schema)), &call.values())?;
        Ok(())
    }

    /// Keeps what the command did.
    pub fn keep(self) -> Result<(), Error> {
        Ok(self.transaction.commit()?)
    }

    /// Leaves the database as it was.
    pub fn undo(self) -> Result<(), Error> {
        Ok(self.transaction.rollback()?)
    }
}

/// The name of the database, and the schema of the extension in it.
fn schema(client: &mut Client) -> Result<(String, String), Error> {
    let sql = "select pg_catalog.current_database()::pg_catalog.text, pg_catalog.quote_ident(n.nspname)
               from (values (1)) one
               left join pg_catalog.pg_extension e on e.extname operator(pg_catalog.=) 'nself_heal'
               left join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) e.extnamespace";
    let row = client.query_one(sql, &[])?;
    let (database, schema): (String, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
    match schema {
        Some(schema) => Ok((database, schema)),
        None => Err(Error::NoExtension(database)),
    }
}

#[cfg(test)]
mod tests {
    use super::Call;

    #[test]
    fn only_given_arguments_are_passed_and_by_name() {
        let call = Call::to("nself_migrate_up")
            .with("target", "text", None::<String>)
            .with("max_count", "int4", Some(2))
            .with("dry_run", "bool", Some(true));
        assert_eq!(
            call.sql("\"My\""),
            "\"My\".nself_migrate_up(max_count => $1::pg_catalog.int4, dry_run => $2::pg_catalog.bool)"
        );
        assert_eq!(call.values().len(), 2);
    }
}
