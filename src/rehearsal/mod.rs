//! Rehearsals: migrations run in the shadow before they run here, and what they would do here is told as hazards.

pub mod api_schema;
mod here;
mod pending;
mod rollback;

pub use pending::{Rehearsed, rehearse};
pub use rollback::roll_back;
