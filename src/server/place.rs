//! Which server and which database this is, so that a copy can be told from what it was made of.

use nself_heal_core::home::{Place, Target};
use pgrx::pg_sys;

/// Where this session is. Not on a standby, which has begun no timeline.
pub fn here() -> Place {
    // SAFETY: plain reads of the server's and of this backend's own state. The timeline is known once recovery has ended.
    let (system_identifier, database, timeline) =
        unsafe { (pg_sys::GetSystemIdentifier(), pg_sys::MyDatabaseId, pg_sys::GetWALInsertionTimeLine()) };
    Place {
        system_identifier: system_identifier.cast_signed(),
        database_oid: database.to_u32(),
        target: Target::last(timeline, history(timeline).as_deref()),
    }
}

/// The history file of a timeline. The server keeps it beside the WAL for ever; each of its processes works in the data
/// directory.
fn history(timeline: pg_sys::TimeLineID) -> Option<String> {
    let bytes = std::fs::read(format!("pg_wal/{timeline:08X}.history")).ok()?;
    // The name of a restore point is in the encoding of the database in which it was made.
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
