//! What runs by itself, and what runs as a job.

#![allow(unsafe_code)]

mod finding;
mod home;
pub mod job;
mod job_worker;
mod launcher;
mod migrate;
pub mod switch;
mod tenants;
mod visitor;
pub mod wake;

/// Asks the server for shared memory and to start the launcher. Only while it loads its libraries.
pub fn register() {
    wake::define();
    launcher::register();
}
