//! An edit of an applied migration that is to stay: from then on the edited file counts as what was applied, and what ran
//! here stays what ran, in the ledger and in a replay.

use nself_heal_core::migrations::{Error as Refusal, choose_reset};
use pgrx::datum::DatumWithOid;

use crate::error::Error;
use crate::migrations::lock::SchemaLock;
use crate::migrations::status::status;
use crate::server::session::{as_extension_owner, roles};
use crate::server::spi;

/// A checksum that was reset.
pub struct Reset {
    pub version: String,
    pub name: String,
    pub before: String,
    pub now: String,
}

const FUNCTION: &str = "nself_migrate_reset_checksum()";

/// Writes down that the file of an applied migration counts as what was applied, and why.
pub fn reset(version: Option<&str>, reason: Option<&str>, tenant: Option<&str>) -> Result<Reset, Error> {
    let said = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let version = said(version).ok_or(Refusal::WhichMigration { function: FUNCTION })?;
    let reason = said(reason).ok_or(Refusal::WhichReason { function: FUNCTION })?;
    let _turn = SchemaLock::take(c"nself_migrate_reset_checksum()")?;
    let all = status(tenant)?;
    let (entry, applied) = choose_reset(&all, &version)?;
    let (applied_by, logged_in_as) = roles();
    let row: [DatumWithOid; 9] = [
        entry.version.as_str().into(),
        entry.name.as_str().into(),
        entry.path.as_str().into(),
        tenant.into(),
        entry.up_sql.as_str().into(),
        entry.checksum.as_str().into(),
        logged_in_as.into(),
        applied_by.into(),
        reason.into(),
    ];
    as_extension_owner(|| {
        spi::write(
            "INSERT INTO nself.ledger (version, name, path, direction, tenant, sql, breakpoints, checksum, \
                                       logged_in_as, applied_by, settings, duration_ms, reason) \
             VALUES ($1, $2, $3, 'reset', $4, $5, false, $6, $7, $8, '{}', 0, $9)",
            &row,
        )
    })?;
    Ok(Reset {
        version: entry.version.clone(),
        name: entry.name.clone(),
        before: applied.accepted_checksum().to_owned(),
        now: entry.checksum.clone(),
    })
}
