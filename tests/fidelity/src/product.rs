//! The product, as its SQL contract shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use nself_harness::Doing;
use postgres::Client;
use postgres::error::SqlState;

use crate::error::Error;
use crate::judge::{Address, Kind};

/// A row of `nself_drift()`.
#[derive(Debug, Clone)]
pub struct Item {
    pub kind: Kind,
    pub address: Address,
    pub safety: String,
    pub reason: Option<String>,
    pub expected: Option<String>,
    pub actual: Option<String>,
    pub changed_by: Option<String>,
    pub command: Option<String>,
}

/// A row of `nself_heal(true)`.
#[derive(Debug, Clone)]
pub struct Step {
    pub address: Address,
    pub status: String,
    pub ddl: String,
    pub detail: Option<String>,
}

/// The extension in one database.
pub struct Product {
    schema: String,
}

impl Product {
    /// Installs it into the schema it goes into unless told.
    pub fn install(client: &mut Client, schema: Option<&str>) -> Result<Self, Error> {
        let schema = schema.unwrap_or("public");
        let sql =
            format!("CREATE SCHEMA IF NOT EXISTS {schema}; CREATE EXTENSION nself_heal SCHEMA {schema}");
        client.batch_execute(&sql).doing("installing the extension")?;
        Ok(Self { schema: schema.to_owned() })
    }

    pub fn put(&self, client: &mut Client, files: &serde_json::Value) -> Result<(), Error> {
        let sql = format!("SELECT count(*) FROM {}.nself_journal_put($1)", self.schema);
        client.execute(&sql, &[files]).doing("loading the migrations")?;
        Ok(())
    }

    /// Applies all migrations, each in a transaction of its own: a new label of an enum has to be committed before
    /// the next migration may use it. A job does it where one is refused in a transaction.
    pub fn migrate(&self, client: &mut Client) -> Result<usize, Error> {
        let sql = format!("SELECT version FROM {}.nself_migrate_up(max_count => 1)", self.schema);
        for applied in 0.. {
            match client.query(&sql, &[]) {
                Ok(rows) if rows.is_empty() => return Ok(applied),
                Ok(_) => {}
                Err(error) if error.code() == Some(&SqlState::ACTIVE_SQL_TRANSACTION) => {
                    self.migrate_by_job(client)?
                }
                Err(source) => {
                    return Err(source)
                        .doing(format!("applying migration {}", applied + 1))
                        .map_err(Error::from);
                }
            }
        }
        Ok(0)
    }

    fn migrate_by_job(&self, client: &mut Client) -> Result<(), Error> {
        let start = format!("SELECT {}.nself_migrate_up_start(max_count => 1)", self.schema);
        let job: i64 = client.query_one(&start, &[]).doing("starting a job")?.get(0);
        loop {
            let query = "SELECT state, error FROM nself.jobs WHERE job = $1";
            let row = client.query_one(query, &[&job]).doing("waiting for a job")?;
            match (row.get::<_, &str>(0), row.get::<_, Option<String>>(1)) {
                ("done", _) => return Ok(()),
                ("failed" | "interrupted" | "cancelled", error) => {
                    return Err(Error::Unprepared(format!(
                        "job {job} failed: {}",
                        error.unwrap_or_default()
                    )));
                }
                _ => thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    pub fn drift(&self, client: &mut Client) -> Result<Vec<Item>, Error> {
        let sql = format!(
            "SELECT kind, object_type, identity, safety, reason, expected, actual, changed_by, command FROM {}.nself_drift()",
            self.schema
        );
        let rows = client.query(&sql, &[]).doing("nself_drift()")?;
        rows.iter()
            .map(|row| {
                let kind: String = row.get(0);
                Ok(Item {
                    kind: Kind::parse(&kind).ok_or_else(|| {
                        Error::Unprepared(format!("nself_drift() told of the kind '{kind}'"))
                    })?,
                    address: address(row.get(1), row.get(2)),
                    safety: row.get(3),
                    reason: row.get(4),
                    expected: row.get(5),
                    actual: row.get(6),
                    changed_by: row.get(7),
                    command: row.get(8),
                })
            })
            .collect()
    }

    pub fn heal(&self, client: &mut Client) -> Result<Vec<Step>, Error> {
        let sql = format!(
            "SELECT object_type, identity, status, ddl, detail FROM {}.nself_heal(true)",
            self.schema
        );
        let rows = client.query(&sql, &[]).doing("nself_heal(true)")?;
        Ok(rows
            .iter()
            .map(|row| Step {
                address: address(row.get(0), row.get(1)),
                status: row.get(2),
                ddl: row.get(3),
                detail: row.get(4),
            })
            .collect())
    }

    /// Kinds of objects that it says it does not compare, with the names that it gives.
    pub fn not_compared(&self, client: &mut Client) -> Result<BTreeMap<String, (i64, Vec<String>)>, Error> {
        let sql = format!(
            "SELECT object_type, live, coalesce(names, '{{}}') FROM {}.nself_drift_not_compared()",
            self.schema
        );
        let rows = client.query(&sql, &[]).doing("nself_drift_not_compared()")?;
        Ok(rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect())
    }

    /// The tables that it says have their columns in another order.
    pub fn in_other_order(&self, client: &mut Client) -> Result<BTreeSet<String>, Error> {
        let kind = self.not_compared(client)?.remove("order of columns");
        Ok(kind.into_iter().flat_map(|(_, names)| names).collect())
    }
}

/// The server's name of a transform has one word more before PostgreSQL 18, also where a comment is on it; the judge uses
/// the shorter one.
fn address(object_type: String, identity: String) -> Address {
    let is_one = object_type == "transform" || identity.starts_with("transform for ");
    let identity = if is_one { identity.replace(" on language ", " language ") } else { identity };
    Address { object_type, identity }
}
