//! This database as its catalogs tell it: the schema, digests of it, and who may call this extension.

#![allow(unsafe_code)]

pub mod access;
pub mod digest;
mod older;
pub mod outline;
pub mod own_objects;
pub mod own_tables;
mod read;
pub mod servable;

pub use read::{
    MEMBERS, Wanted, count_not_compared, read, read_dependencies, read_extensions, read_with_dependencies,
};
