//! What runs by itself, and what runs as a job.

pub mod job;
mod launcher;
mod migrate;
mod visitor;
pub mod wake;

/// Asks the server for shared memory and to start the launcher. Only while it loads its libraries.
pub fn register() {
    wake::define();
    launcher::register();
}
