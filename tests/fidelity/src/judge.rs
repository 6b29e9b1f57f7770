//! The independent judge: `pg_dump --schema-only`, read object by object, and what that is silent about, asked of the
//! catalogs. It shares no code with the product.

mod compare;
mod fact;
mod grants;
mod lex;
mod names;
mod order;
mod read;
mod silent;
mod split;
mod table;

pub use compare::{collapse, differences};
pub use fact::{Address, Facts, Kind, State};
pub use names::{column_of, named_on};
pub use order::{otherwise as ordered_otherwise, read as read_orders};
pub use read::{Dump, read};
pub use silent::add as add_what_is_not_dumped;

#[cfg(test)]
mod tests;
