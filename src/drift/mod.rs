//! Drift: how the live schema differs from the expected one, and what may be done about it.

#![allow(unsafe_code)]

pub mod allow;
pub mod allowed;
mod being_built;
pub mod compare;
pub mod expression;
mod extension_versions;
mod facts;
pub mod ignored;
pub mod not_compared;
mod retention;
mod rights;
mod shards;
pub mod tenants;
