//! Migrations: the journal and the ledger of them, and how they are applied and undone.

#![allow(unsafe_code)]

pub mod adopt;
pub mod checksums;
pub mod conflicts;
mod created;
pub mod down;
pub mod elsewhere;
pub mod evidence;
pub mod execute;
pub mod graphql;
pub mod ground;
pub mod journal;
pub mod ledger;
pub mod lock;
pub mod mirror;
pub mod no_transaction;
pub mod platform;
mod resume;
pub mod roles;
pub mod script;
pub mod status;
pub mod tenant;
pub mod tenants;
mod trackers;
pub mod up;
