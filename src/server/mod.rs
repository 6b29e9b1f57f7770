//! The plumbing to PostgreSQL: queries, roles and settings, transactions, workers, and whose code may run.

pub mod channel;
pub mod deferred;
pub mod locked;
pub mod session;
pub mod spi;
pub mod trust;
pub mod worker;
