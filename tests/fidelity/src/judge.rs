//! The independent judge: `pg_dump --schema-only`, read object by object. It shares no code with the product and asks
//! no catalog.

mod compare;
mod fact;
mod grants;
mod lex;
mod names;
mod read;
mod split;
mod table;

pub use compare::{collapse, differences};
pub use fact::{Address, Facts, Kind, State};
pub use names::{column_of, named_on};
pub use read::{Dump, read};

#[cfg(test)]
mod tests;
