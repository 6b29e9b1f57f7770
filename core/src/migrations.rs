//! Migrations: what the journal and the ledger say of them, how far each is, and which are to be applied or undone.

mod choose;
mod error;
mod rows;
mod script;
mod status;
#[cfg(test)]
pub(crate) mod tests;

pub use choose::{Extent, choose_baseline, choose_down, choose_reset, choose_up, down_part};
pub use error::{Edit, Error};
pub use rows::{Applied, Reset, Retired, Rights};
pub use script::{Direction, Script};
pub use status::{Split, State, Status, is_same_so_far, status};
