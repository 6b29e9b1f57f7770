//! Rehearsals: migrations run in the shadow before they run here, and what they would do here is told as hazards.

mod here;
mod pending;
mod rollback;
pub mod servable;

pub use pending::{Rehearsed, rehearse};
pub use rollback::roll_back;
