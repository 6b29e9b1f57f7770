//! What is said to whoever watches, on stderr: messages, progress, and what a job does now.

pub mod hints;
pub mod job;
pub mod messages;
pub mod progress;
pub mod style;
