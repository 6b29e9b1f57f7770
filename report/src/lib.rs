//! Drift as people read it: which table it is in, what is expected beside what is there, who did it. It makes text and does
//! no IO, so that the page of `nself serve` and the files of `nself db migrate diff` show the same.

#![forbid(unsafe_code)]

mod comparison;
pub mod document;
pub mod home;
pub mod html;
mod item;
mod lines;
pub mod markdown;
pub mod names;
pub mod time;

pub use comparison::{Comparison, Pending, Totals};
pub use item::DriftItem;
