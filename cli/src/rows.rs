//! The rows of the SQL contract, as far as they are printed. Columns that are not named here are for `--format json`.

use nself_hasura::metadata::schema::Schema;
use serde::{Deserialize, Serialize};

/// A row of `nself_journal_put`.
#[derive(Deserialize)]
pub struct JournalFile {
    pub name: String,
    /// added, changed, unchanged, removed or ignored
    pub state: String,
    pub note: Option<String>,
}

/// The row of `nself_environment`.
#[derive(Default, Deserialize)]
pub struct DatabaseEnvironment {
    /// local, dev, staging or prod
    pub kind: Option<String>,
}

/// A row of `nself_migrate_status`.
#[derive(Deserialize)]
pub struct MigrationState {
    pub version: String,
    pub name: String,
    /// applied, pending, partial, edited, cosmetic or missing; or applied by, undone by and the name of another tool
    pub state: String,
    pub applied_at: Option<String>,
    pub applied_by: Option<String>,
    pub duration_ms: Option<i64>,
    pub note: Option<String>,
    pub in_transaction: bool,
}

impl MigrationState {
    /// Whether something of it is still to run.
    pub fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "pending" | "partial")
    }
}

/// A row of `nself_migrate_up` and `nself_migrate_down`. It is made here, too, for what a job applied.
#[derive(Deserialize, Serialize)]
pub struct MigrationStep {
    pub version: String,
    pub name: String,
    /// planned, applied or reverted; partial, if a job did not come to its end
    pub status: String,
    pub duration_ms: Option<i64>,
    pub sql: Option<String>,
}

/// A row of `nself_migrate_verify`.
#[derive(Deserialize)]
pub struct Checksum {
    pub version: String,
    pub name: String,
    /// ok, partial, cosmetic, mismatch or missing; of a down part rollback and ok, departs, failed, missing or not run
    pub status: String,
    pub expected: Option<String>,
    pub actual: Option<String>,
    pub expected_tokens: Option<String>,
    pub actual_tokens: Option<String>,
}

/// A row of `nself_migrate_reset_checksum`.
#[derive(Deserialize)]
pub struct ResetRow {
    pub version: String,
    pub name: String,
    pub old_checksum: String,
    pub new_checksum: String,
}

/// A row of `nself_migrate_repair`.
#[derive(Deserialize)]
pub struct Repaired {
    pub problem: String,
    pub version: Option<String>,
    pub tenant: Option<String>,
    pub detail: String,
    pub mend: Option<String>,
    pub status: String,
    pub hint: Option<String>,
}

/// A row of `nself_migrate_conflicts`.
#[derive(Deserialize, Serialize)]
pub struct Conflict {
    pub kind: String,
    pub version: Option<String>,
    pub file: String,
    pub checksum: Option<String>,
    pub other_file: Option<String>,
    pub other_checksum: Option<String>,
    pub detail: String,
    /// Who added the files, as git says it: not the server's, who has no folder.
    #[serde(default)]
    pub author: Option<String>,
    #[serde(default)]
    pub other_author: Option<String>,
}

/// A row of `nself_migrate_renumber` and `nself_journal_rebase`.
#[derive(Deserialize, Serialize)]
pub struct FileChange {
    pub path: String,
    pub new_path: String,
    /// None: what is in it stays.
    pub content: Option<String>,
}

/// A row of `nself_migrate_rehearse`.
#[derive(Deserialize)]
pub struct RehearsedStatement {
    pub version: String,
    pub name: String,
    /// Nothing of what is said of the migration as a whole.
    pub line: Option<i32>,
    pub sql: Option<String>,
    /// ran, left out, failed or not run
    pub status: String,
    pub note: Option<String>,
    /// Relative to the migrations folder.
    pub path: String,
    pub found: Vec<FoundHazard>,
}

/// A hazard of a statement.
#[derive(Deserialize)]
pub struct FoundHazard {
    pub hazard: String,
    pub sentence: String,
    pub gentler: String,
    /// Why it is accepted, if the file says so.
    pub allowed: Option<String>,
}

/// A row of `nself_tenant_status`.
#[derive(Deserialize)]
pub struct Tenant {
    pub tenant: String,
    pub schema: String,
    /// up to date, pending, partial, edited, missing or schema gone
    pub state: String,
    pub applied: i64,
    pub pending: i64,
    pub last_version: Option<String>,
}

/// A row of `nself_tenant_add`.
#[derive(Deserialize)]
pub struct TenantAdded {
    pub name: String,
    pub schema: String,
    pub note: String,
}

/// A row of `nself_tenant_up`. It is made here, too, where each tenant has a transaction of its own.
#[derive(Deserialize, Serialize)]
pub struct TenantStep {
    pub tenant: String,
    pub schema: String,
    pub version: Option<String>,
    pub name: Option<String>,
    /// planned, applied, failed or not run
    pub status: String,
    pub duration_ms: Option<i64>,
    pub detail: Option<String>,
}

impl TenantStep {
    pub fn of(tenant: &Tenant, step: MigrationStep) -> Self {
        Self {
            tenant: tenant.tenant.clone(),
            schema: tenant.schema.clone(),
            version: Some(step.version),
            name: Some(step.name),
            status: step.status,
            duration_ms: step.duration_ms,
            detail: None,
        }
    }

    /// A row about the tenant as a whole.
    pub fn without_migration(&self, detail: Option<String>) -> Self {
        let Self { tenant, schema, status, .. } = self;
        Self {
            tenant: tenant.clone(),
            schema: schema.clone(),
            version: None,
            name: None,
            status: status.clone(),
            duration_ms: None,
            detail,
        }
    }
}

/// A row of `nself_tenant_drift`.
#[derive(Deserialize)]
pub struct TenantDifference {
    /// missing, extra, changed or not compared
    pub kind: String,
    pub object_type: String,
    /// Empty where it is the schema.
    pub identity: String,
    pub actual: Option<String>,
    pub tenants: Vec<String>,
}

/// A row of `nself_adopt`.
#[derive(Deserialize)]
pub struct Belief {
    pub version: String,
    pub name: String,
    /// adopted, applied, undone, pending, not applied or unknown
    pub state: String,
    pub source: String,
    pub applied_at: Option<String>,
    pub note: Option<String>,
}

/// A row of `nself_ground_platform`.
#[derive(Deserialize)]
pub struct PlatformObject {
    pub ddl: String,
    /// planned, made, there or left out
    pub status: String,
    pub detail: Option<String>,
}

/// A row of `nself_allow`.
#[derive(Deserialize)]
pub struct AllowedItem {
    pub kind: String,
    pub object_type: String,
    pub identity: String,
}

/// A row of `nself_drift_not_compared`.
#[derive(Deserialize)]
pub struct NotCompared {
    pub object_type: String,
    pub live: i64,
    pub expected: i64,
}

/// A row of `nself_heal` and `nself_heal_steps`.
#[derive(Deserialize)]
pub struct HealStep {
    pub step: Option<i32>,
    pub object_type: String,
    pub identity: String,
    pub ddl: Option<String>,
    /// planned, applied, blocked, manual or failed
    pub status: String,
    pub detail: Option<String>,
}

/// A row of `nself_servable`.
#[derive(Deserialize)]
pub struct ApiSchema {
    /// live, applied, pending, failed or not run
    pub state: String,
    pub version: Option<String>,
    pub name: Option<String>,
    pub note: Option<String>,
    /// None where it is as in the row before.
    pub schema: Option<Schema>,
}

/// The row of `nself_job`.
#[derive(Debug, Deserialize)]
pub struct Job {
    /// waiting, running, done, failed, cancelled or interrupted
    pub state: String,
    pub step: Option<i32>,
    pub steps: Option<i32>,
    pub statement: Option<String>,
    pub wait_event_type: Option<String>,
    pub wait_event: Option<String>,
    /// Processes, each with what it runs behind a colon.
    pub blocked_by: Option<String>,
    pub error: Option<String>,
    pub sqlstate: Option<String>,
    pub hint: Option<String>,
    /// Of a heal, in its history.
    pub event: Option<i64>,
}

/// The row of `nself_heal_status`.
#[derive(Deserialize)]
pub struct HealStatus {
    pub enabled: bool,
    pub auto_run: Option<bool>,
    pub last_run_at: Option<String>,
    pub last_outcome: Option<String>,
    pub drift_items: Option<i64>,
    pub expected_state_age: Option<String>,
    /// Who or what says that it is enabled or not.
    pub enabled_by: Option<String>,
    /// Why it does not run by itself although it is enabled.
    pub note: Option<String>,
}

/// A row of `nself_heal_history`.
#[derive(Deserialize)]
pub struct HealEvent {
    pub event: i64,
    pub at: Option<String>,
    pub trigger: Option<String>,
    pub drift_items: Option<i64>,
    pub applied: Option<i64>,
    pub blocked: Option<i64>,
    pub manual: Option<i64>,
    pub confirmed: Option<bool>,
    pub outcome: Option<String>,
    pub duration_ms: Option<i64>,
    /// Why it failed.
    pub detail: Option<String>,
}
