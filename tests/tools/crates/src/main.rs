//! nself_tools TOOL FOLDER: the tool applies the folder to the database that the environment names.

use std::env::{self, var};
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [tool, folder] = arguments.as_slice() else { return Err("usage: nself_tools TOOL FOLDER".into()) };
    let folder = Path::new(folder);
    match tool.as_str() {
        "sqlx" => sqlx(folder),
        "refinery" => refinery(folder),
        "diesel" => diesel(folder),
        _ => Err(format!("there is no tool {tool}").into()),
    }
}

fn sqlx(folder: &Path) -> Result<(), Box<dyn Error>> {
    use sqlx::{Connection, PgConnection, migrate::Migrator, postgres::PgConnectOptions};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let options = PgConnectOptions::new().socket(var("PGHOST")?).database(&var("PGDATABASE")?);
        let mut connection = PgConnection::connect_with(&options).await?;
        Migrator::new(folder).await?.run_direct(None, &mut connection, false).await?;
        Ok(connection.close().await?)
    })
}

fn refinery(folder: &Path) -> Result<(), Box<dyn Error>> {
    use refinery::{Runner, load_sql_migrations};
    let parameters = format!("host={} user={} dbname={}", var("PGHOST")?, var("PGUSER")?, var("PGDATABASE")?);
    let mut client = postgres::Client::connect(&parameters, postgres::NoTls)?;
    Runner::new(&load_sql_migrations(folder)?).run(&mut client)?;
    Ok(())
}

fn diesel(folder: &Path) -> Result<(), Box<dyn Error>> {
    use diesel::{Connection, PgConnection};
    use diesel_migrations::{FileBasedMigrations, MigrationHarness};
    let parameters = format!("host={} user={} dbname={}", var("PGHOST")?, var("PGUSER")?, var("PGDATABASE")?);
    let mut connection = PgConnection::establish(&parameters)?;
    connection.run_pending_migrations(FileBasedMigrations::from_path(folder)?).map_err(|error| error.to_string())?;
    Ok(())
}
