//! Drift that somebody has allowed, for a time or for good: `nself.allowed_drift`.

use nself_heal_core::plan::Allowed;
use serde::Deserialize;

use crate::error::Error;
use crate::server::session::as_extension_owner;
use crate::server::spi;

/// One entry of the list.
#[derive(Debug, Clone, Deserialize)]
pub struct AllowedDrift {
    pub pattern: String,
    pub kind: Option<String>,
    pub object_type: Option<String>,
    pub reason: String,
    pub owner: String,
    /// As the server prints it.
    pub expires: Option<String>,
    pub expired: bool,
}

impl AllowedDrift {
    /// Whether it is in force.
    pub fn holds(&self) -> bool {
        !self.expired
    }

    pub fn into_allowed(self) -> Allowed {
        Allowed { pattern: self.pattern, kind: self.kind, object_type: self.object_type }
    }
}

/// All entries, those in force first.
pub fn read() -> Result<Vec<AllowedDrift>, Error> {
    as_extension_owner(|| {
        spi::read_json(
            "allowed_drift",
            "SELECT coalesce(json_agg(json_build_object( \
                        'pattern', a.pattern, 'kind', a.kind, 'object_type', a.object_type, 'reason', a.reason, \
                        'owner', a.owner, 'expires', a.expires::text, 'expired', coalesce(a.expires <= now(), false)) \
                    ORDER BY coalesce(a.expires <= now(), false), a.id), '[]')::text \
               FROM nself.allowed_drift a",
            &[],
        )
    })
}
