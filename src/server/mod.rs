//! The plumbing to PostgreSQL: queries, roles and settings, transactions, workers, and whose code may run.

#![allow(unsafe_code)]

pub mod blockers;
pub mod cache;
pub mod channel;
pub mod deferred;
pub mod event_triggers;
pub mod left_for_end;
pub mod locked;
pub mod notify;
pub mod outside;
pub mod own_ddl;
pub mod own_lock;
pub mod parser;
pub mod place;
pub mod progress;
pub mod rows;
pub mod session;
pub mod spi;
pub mod timeout;
pub mod transaction;
pub mod trust;
pub mod version;
pub mod worker;
