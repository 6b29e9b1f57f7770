//! Heal: two executors of one plan, in the caller's transaction and beside everybody's work, and the history of both.

pub mod history;
pub mod in_transaction;
pub mod notify;
pub mod online;
pub mod only_adds;
pub mod steps;
