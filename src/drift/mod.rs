//! Drift: how the live schema differs from the expected one, and what may be done about it.

#![allow(unsafe_code)]

mod being_built;
pub mod allow;
pub mod allowed;
pub mod compare;
pub mod expression;
mod facts;
pub mod ignored;
pub mod not_compared;
mod rights;
