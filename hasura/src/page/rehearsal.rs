//! The hazards of pending migrations. They need a rehearsal in a shadow database, so it is for a person to ask.

use serde::Deserialize;

use crate::database::{Call, Database};
use crate::refusal::Refusal;

/// Without the SQL of the migrations.
const COLUMNS: &str = "version, name, line, status, note, found";

/// A row of `nself_migrate_rehearse`.
#[derive(Deserialize)]
pub struct Rehearsed {
    pub version: String,
    pub name: String,
    pub line: Option<i32>,
    /// ran, left out, failed or not run
    pub status: String,
    pub note: Option<String>,
    pub found: Vec<Hazard>,
}

#[derive(Deserialize)]
pub struct Hazard {
    pub hazard: String,
    pub sentence: String,
    pub gentler: String,
    /// Why it is accepted, if the file says so.
    pub allowed: Option<String>,
}

pub async fn rehearse(database: &Database) -> Result<Vec<Rehearsed>, Refusal> {
    Ok(database.rows(Call::to("nself_migrate_rehearse", COLUMNS)).await?)
}
