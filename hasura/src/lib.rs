//! `nself serve`: an HTTP server that answers Hasura's actions and triggers, and shows people a page. It decides nothing about schemas: each call
//! becomes a call of a SQL function of the extension. What it does decide is who may ask, how much, and for how long.

#![forbid(unsafe_code)]

mod actions;
mod arguments;
mod certificate;
mod database;
mod drift;
mod error;
mod figures;
mod heal;
mod kept;
mod log;
pub mod metadata;
mod metrics;
mod page;
mod payload;
mod refusal;
mod rehearsal;
mod request;
mod roles;
mod router;
mod secret;
mod serve;
mod server;
#[cfg(test)]
mod shipped;
mod told;
mod work;

pub use database::Source;
pub use error::Error;
pub use roles::{Grant, Level};
pub use secret::Secret;
pub use serve::{Certificate, Config, Limits, serve};
pub use told::Hasura;
