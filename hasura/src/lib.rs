//! `nself serve`: an HTTP server that answers Hasura's actions and triggers. It decides nothing about schemas: each call
//! becomes a call of a SQL function of the extension. What it does decide is who may ask, how much, and for how long.

#![forbid(unsafe_code)]

mod actions;
mod arguments;
mod certificate;
mod database;
mod error;
mod heal;
mod log;
pub mod metadata;
mod metrics;
mod payload;
mod refusal;
mod roles;
mod router;
mod secret;
mod serve;
mod told;

pub use database::Source;
pub use error::Error;
pub use roles::{Grant, Level};
pub use secret::Secret;
pub use serve::{Certificate, Config, Limits, serve};
pub use told::Hasura;
