//! The SQL functions, called over a small pool of connections. Rows come back as the JSON that the server makes of them,
//! with the columns that are named here and no others: Hasura refuses a field that it was not told of.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Object, Pool, PoolError, RecycleError, RecycleResult, Timeouts};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::serve::Limits;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a statement that was cancelled may take to end.
const GRACE: Duration = Duration::from_secs(2);
/// What is not compared is said in a notice that begins so.
const NOT_COMPARED: &str = "not compared: ";

/// A database, how it is reached, and the environment that this server is for.
pub struct Source {
    pub config: tokio_postgres::Config,
    pub connector: MakeRustlsConnect,
    pub env: Option<String>,
}

/// Why the database gave no answer.
#[derive(Debug)]
pub enum Failure {
    /// It cannot be reached, for this reason.
    Away(String),
    /// All connections are in use for too long.
    Busy,
    TooLate,
    NoExtension,
    /// It said no.
    Said(tokio_postgres::Error),
    /// What this function returned cannot be read.
    Row(&'static str),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Failure::Said(error)
    }
}

type Parameter = Box<dyn ToSql + Sync + Send>;

/// One call of a function. Arguments that are not given are left to the server's defaults.
pub struct Call {
    pub function: &'static str,
    columns: &'static str,
    arguments: Vec<(&'static str, &'static str, Parameter)>,
}

impl Call {
    pub fn to(function: &'static str, columns: &'static str) -> Self {
        Self { function, columns, arguments: Vec::new() }
    }

    /// Gives the argument `name` of the SQL type `sql_type`, if there is a value.
    pub fn with<T>(mut self, name: &'static str, sql_type: &'static str, value: Option<T>) -> Self
    where
        T: ToSql + Sync + Send + 'static,
    {
        if let Some(value) = value {
            self.arguments.push((name, sql_type, Box::new(value)));
        }
        self
    }

    /// All rows as one JSON array, in their order.
    fn sql(&self, schema: &str) -> String {
        let arguments: Vec<_> = self
            .arguments
            .iter()
            .zip(1..)
            .map(|((name, sql_type, _), number)| format!("{name} => ${number}::pg_catalog.{sql_type}"))
            .collect();
        format!(
            "select coalesce(pg_catalog.json_agg(r), '[]')::pg_catalog.text from (select {} from {schema}.{}({})) r",
            self.columns,
            self.function,
            arguments.join(", ")
        )
    }
}

/// What a function returned.
pub struct Answer {
    /// A JSON array.
    pub rows: String,
    /// What the server said that it has not compared.
    pub not_compared: Option<String>,
}

/// A connection, with what is asked once of each.
pub struct Connection {
    client: Client,
    /// Quoted.
    schema: String,
    is_production: bool,
    statements: HashMap<String, Statement>,
    notices: Arc<Mutex<Vec<String>>>,
}

impl Connection {
    async fn call(&mut self, env: Option<&str>, call: &Call) -> Result<Answer, Failure> {
        let statement = self.statement(call.sql(&self.schema)).await?;
        let parameters: Vec<&(dyn ToSql + Sync)> =
            call.arguments.iter().map(|(_, _, value)| &**value as &(dyn ToSql + Sync)).collect();
        self.notices().clear();
        let schema = self.schema.clone();
        let gone = |error| gone(error, call.function, &schema);
        let row = match env {
            None => self.client.query_one(&statement, &parameters).await.map_err(gone)?,
            Some(env) => {
                let environment = self.statement(environment(&self.schema)).await?;
                let transaction = self.client.transaction().await?;
                // It holds for one transaction.
                transaction.query(&environment, &[&env]).await?;
                let row = transaction.query_one(&statement, &parameters).await.map_err(gone)?;
                transaction.commit().await?;
                row
            }
        };
        let rows = row.try_get(0)?;
        let mut notices = self.notices();
        let not_compared = notices.drain(..).find_map(|notice| {
            Some(
                notice
                    .strip_prefix(NOT_COMPARED)?
                    .trim_end_matches(". See nself_drift_not_compared()")
                    .to_owned(),
            )
        });
        drop(notices);
        Ok(Answer { rows, not_compared })
    }

    async fn statement(&mut self, sql: String) -> Result<Statement, Failure> {
        if let Some(statement) = self.statements.get(&sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&sql).await.map_err(missing)?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    fn notices(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of the names in a call, none but the extension's can be missing.
fn missing(error: tokio_postgres::Error) -> Failure {
    match error.code() {
        Some(state) if [SqlState::UNDEFINED_FUNCTION, SqlState::INVALID_SCHEMA_NAME].contains(state) => {
            Failure::NoExtension
        }
        _ => Failure::Said(error),
    }
}

/// The same of a statement that was prepared when they were there. A migration may miss names of its own.
fn gone(error: tokio_postgres::Error, function: &str, schema: &str) -> Failure {
    let schema = schema.trim_matches('"').replace("\"\"", "\"");
    let is_ours = error.as_db_error().is_some_and(|said| {
        said.message().contains(&format!(".{function}("))
            || said.message().contains(&format!("schema \"{schema}\""))
    });
    if is_ours { missing(error) } else { Failure::Said(error) }
}

/// Says which environment this is for, and asks which it is.
fn environment(schema: &str) -> String {
    format!("select kind from {schema}.nself_environment(claimed => $1::pg_catalog.text)")
}

struct Manager {
    source: Source,
    statement_timeout: Duration,
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = Failure;

    async fn create(&self) -> Result<Connection, Failure> {
        let (client, mut connection) = self
            .source
            .config
            .connect(self.source.connector.clone())
            .await
            // Also what it says of a wrong password is not for the caller.
            .map_err(|error| Failure::Away(causes(&error)))?;
        let notices: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&notices);
        // It ends with the connection.
        tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message {
                    let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                    heard.push(notice.message().to_owned());
                }
            }
        });
        // So that the server stops working for a program that was killed. Not every platform has it: then it does not.
        let _ = client.batch_execute("set client_connection_check_interval = '5s'").await;
        let timeout = self.statement_timeout.as_millis();
        client.batch_execute(&format!("set statement_timeout = {timeout}")).await?;
        let schema: Option<String> = client
            .query_opt(
                "select pg_catalog.quote_ident(n.nspname) from pg_catalog.pg_extension e
                   join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) e.extnamespace
                  where e.extname operator(pg_catalog.=) 'nself_heal'",
                &[],
            )
            .await?
            .map(|row| row.get(0));
        let schema = schema.ok_or(Failure::NoExtension)?;
        let kind: Option<String> = client
            .query_one(&environment(&schema), &[&self.source.env.as_deref()])
            .await
            .map_err(missing)?
            .try_get(0)?;
        // No call waits for a lock longer than a job may, unless somebody has said how long. The extension is loaded by now
        // and knows the setting.
        client
            .execute(
                "select pg_catalog.set_config('lock_timeout', pg_catalog.current_setting('nself.migrate_lock_timeout'), false)
                  where pg_catalog.current_setting('lock_timeout') operator(pg_catalog.=) '0'",
                &[],
            )
            .await?;
        let is_production = kind.as_deref() == Some("prod");
        Ok(Connection { client, schema, is_production, statements: HashMap::new(), notices })
    }

    async fn recycle(&self, connection: &mut Connection, _: &managed::Metrics) -> RecycleResult<Failure> {
        match connection.client.is_closed() {
            true => Err(RecycleError::message("the connection is closed")),
            false => Ok(()),
        }
    }
}

/// The database behind this server.
#[derive(Clone)]
pub struct Database {
    pool: Pool<Manager>,
    env: Option<String>,
    /// How long anything may take, the wait for a connection included.
    limit: Duration,
    /// When all must have ended. None: each has the limit for itself.
    deadline: Option<Instant>,
}

impl Database {
    pub fn new(source: Source, limits: &Limits) -> Self {
        let env = source.env.clone();
        let pool = Pool::builder(Manager { source, statement_timeout: limits.call })
            .max_size(limits.connections)
            .runtime(Runtime::Tokio1)
            .create_timeout(Some(CONNECT_TIMEOUT))
            .build()
            .expect("a runtime is named, so timeouts can be had");
        Self { pool, env, limit: limits.call, deadline: None }
    }

    /// The same for one call, which has one limit for all that it asks.
    pub fn for_one_call(&self) -> Self {
        self.within(self.limit)
    }

    /// The same for questions that are worth so much time, and no more.
    pub fn within(&self, limit: Duration) -> Self {
        Self { deadline: Some(Instant::now() + limit.min(self.limit)), ..self.clone() }
    }

    /// Calls a function of the extension.
    pub async fn call(&self, call: Call) -> Result<Answer, Failure> {
        let env = self.env.as_deref();
        self.with_connection(async |connection| connection.call(env, &call).await).await
    }

    /// The rows that a function of the extension returns.
    pub async fn rows<T: DeserializeOwned>(&self, call: Call) -> Result<Vec<T>, Failure> {
        let function = call.function;
        serde_json::from_str(&self.call(call).await?.rows).map_err(|_| Failure::Row(function))
    }

    /// Asks something of the extension's views.
    pub async fn ask(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<String, Failure> {
        let ask = async |connection: &mut Connection| {
            let statement = connection.statement(sql.to_owned()).await?;
            Ok(connection.client.query_one(&statement, parameters).await?.try_get(0)?)
        };
        self.with_connection(ask).await
    }

    /// The same, of what is answered as JSON; `from` is what is asked of.
    pub async fn ask_json<T: DeserializeOwned>(
        &self,
        from: &'static str,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<T, Failure> {
        serde_json::from_str(&self.ask(sql, parameters).await?).map_err(|_| Failure::Row(from))
    }

    /// Whether the database answers.
    pub async fn answers(&self) -> Result<(), Failure> {
        self.with_connection(async |connection| Ok(connection.client.batch_execute("").await?)).await
    }

    /// Whether it is a production database, and nobody said that this server is for one.
    pub async fn is_unsaid_production(&self) -> Result<bool, Failure> {
        let of = async |connection: &mut Connection| Ok(connection.is_production);
        Ok(self.env.is_none() && self.with_connection(of).await?)
    }

    async fn with_connection<T>(
        &self,
        work: impl AsyncFnOnce(&mut Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let deadline = self.deadline.unwrap_or_else(|| Instant::now() + self.limit);
        let wait = Some(deadline.saturating_duration_since(Instant::now()));
        let timeouts = Timeouts { wait, create: Some(CONNECT_TIMEOUT), recycle: None };
        let mut connection = self.pool.timeout_get(&timeouts).await.map_err(|error| match error {
            PoolError::Timeout(managed::TimeoutType::Wait) => Failure::Busy,
            PoolError::Timeout(_) => Failure::Away("the connection could not be opened in time".to_owned()),
            PoolError::Backend(failure) => failure,
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                Failure::Away("the pool of connections is closed".to_owned())
            }
        })?;
        let token = connection.client.cancel_token();
        let answer = {
            let mut work = pin!(work(&mut connection));
            match timeout_at(deadline, &mut work).await {
                Ok(answer) => answer,
                Err(_) => {
                    // What it answers then counts: it may have ended before it heard of the cancel.
                    let connector = self.pool.manager().source.connector.clone();
                    let cancelled = async { tokio::join!(token.cancel_query(connector), &mut work).1 };
                    timeout(GRACE, cancelled).await.unwrap_or(Err(Failure::TooLate))
                }
            }
        };
        if answer.as_ref().is_err_and(is_of_connection) {
            drop(Object::take(connection));
        }
        answer
    }
}

/// Whether a new connection may do better: the extension may have been moved or made anew since.
fn is_of_connection(failure: &Failure) -> bool {
    match failure {
        Failure::Said(error) => error.code().is_none(),
        // After a cancel that had no effect, its statement still runs, as far as anybody knows.
        Failure::NoExtension | Failure::TooLate => true,
        Failure::Away(_) | Failure::Busy | Failure::Row(_) => false,
    }
}

/// The error with what caused it: `error connecting to server` alone helps nobody.
pub fn causes(error: &tokio_postgres::Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    causes.fold(error.to_string(), |text, cause| {
        let cause = cause.to_string();
        if text.contains(&cause) { text } else { format!("{text}: {cause}") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_given_arguments_are_passed_and_by_name() {
        let call = Call::to("nself_migrate_up", "version, name")
            .with("target", "text", None::<String>)
            .with("max_count", "int4", Some(2))
            .with("dry_run", "bool", Some(true));
        assert_eq!(
            call.sql("\"My\""),
            "select coalesce(pg_catalog.json_agg(r), '[]')::pg_catalog.text from (select version, name from \
             \"My\".nself_migrate_up(max_count => $1::pg_catalog.int4, dry_run => $2::pg_catalog.bool)) r"
        );
    }
}
