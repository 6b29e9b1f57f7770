//! What the programs that judge the product share: their server, their errors, and their exit codes. It is for development
//! only, and shares no code with the product.

#![forbid(unsafe_code)]

mod error;
mod file;
mod program;
mod server;
mod text;

pub use error::{Doing, Error, answer};
pub use file::{read, write};
pub use program::exit_code;
pub use server::Server;
pub use text::first_line;
