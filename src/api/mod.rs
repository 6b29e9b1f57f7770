//! The SQL functions: arguments in, rows out. Every argument has a default and may be NULL, so that a function is
//! never skipped for the sake of one.

mod access;
mod adopt;
mod conflicts;
mod drift;
mod environment;
mod graphql;
mod heal;
mod jobs;
mod migrations;
mod rehearsal;
mod repair;
mod tenants;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

type Rows<T> = Result<TableIterator<'static, T>, ErrorReport>;
