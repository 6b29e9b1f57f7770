//! Hasura's metadata: the version 3 directory, the document that Hasura's API speaks, and what the two have to do with a
//! database. Only `api` and `disk` do IO; what they bring is decided upon by the others.

pub mod api;
pub mod breaks;
pub mod diff;
pub mod disk;
pub mod emit;
pub mod error;
mod expression;
pub mod finding;
pub mod folder;
pub mod layout;
pub mod lint;
mod parts;
pub mod project;
pub mod read;
pub mod same;
mod scalar;
pub mod schema;
mod sdl;
pub mod validate;
pub mod value;

pub use api::{ApiError, Client};
pub use disk::Disk;
pub use error::Error;
pub use finding::{Finding, Level};
pub use folder::Folder;
pub use project::Project;
pub use value::{Map, Value};
