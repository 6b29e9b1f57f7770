//! Allowing drift, and what that takes out of it now.

use std::collections::BTreeSet;

use nself_heal_core::plan::Allowed;
use pgrx::datum::TimestampWithTimeZone;

use crate::drift::compare::{Ignored, IgnoredBy, compare};
use crate::error::Error;
use crate::expected::chain::Against;
use crate::server::session::{as_extension_owner, roles};
use crate::server::spi;

/// Writes an entry of the list, or gives one that is there another reason and another end. Returns what differs now and is
/// allowed by it.
pub fn allow(
    identity: Option<&str>,
    reason: Option<&str>,
    expires: Option<TimestampWithTimeZone>,
) -> Result<Vec<Ignored>, Error> {
    let said = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let pattern = said(identity).ok_or(Error::WhichDrift)?;
    let reason = said(reason).ok_or(Error::WhichReason)?;
    spi::refuse_read_only(c"nself_allow()")?;
    if expires.is_some() && spi::read_one("SELECT $1 <= clock_timestamp()", &[expires.into()])? == Some(true)
    {
        return Err(Error::AlreadyExpired);
    }
    let (owner, _) = roles();
    as_extension_owner(|| {
        spi::write(
            WRITE,
            &[pattern.as_str().into(), reason.as_str().into(), owner.as_str().into(), expires.into()],
        )
    })?;
    let entry = Allowed { pattern, kind: None, object_type: None };
    let mut allowed = match compare(Against::Applied, BTreeSet::new()) {
        Ok((_, comparison)) => comparison.ignored,
        Err(Error::NothingApplied) => Vec::new(),
        Err(error) => return Err(error),
    };
    allowed.retain(|one| {
        matches!(one.by, IgnoredBy::Allowed(_)) && entry.names(&one.object_type, &one.identity)
    });
    Ok(allowed)
}

const WRITE: &str = "
WITH there AS (
    UPDATE nself.allowed_drift SET reason = $2, owner = $3, expires = $4
     WHERE pattern = $1 AND kind IS NULL AND object_type IS NULL
 RETURNING id)
INSERT INTO nself.allowed_drift (pattern, reason, owner, expires)
SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT FROM there)";
