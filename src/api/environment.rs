//! What the database is for: the SQL function.

use nself_heal_core::access::Level;
use nself_heal_core::environment::{Kind, is_same};
use pgrx::prelude::*;

use crate::api::ErrorReport;
use crate::catalog::access;
use crate::error::Error;
use crate::server::spi;
use crate::settings;

#[pg_extern]
fn nself_environment(
    claimed: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<'static, (name!(name, Option<String>), name!(kind, Option<&'static str>))>,
    ErrorReport,
> {
    access::ask(Level::Look, "nself_environment()")?;
    let mut env = settings::environment();
    if let Some(claimed) = claimed.map(str::trim).filter(|claimed| !claimed.is_empty()) {
        if env.is_empty() {
            // For this transaction alone: behind a pooler, the next one may be another program's.
            spi::read_one::<String>("SELECT pg_catalog.set_config('nself.env', $1, true)", &[claimed.into()])
                .map_err(ErrorReport::from)?;
            env = claimed.to_owned();
        } else if !is_same(&env, claimed) {
            let database = spi::database()?;
            return Err(Error::OtherEnvironment { database, env, claimed: claimed.to_owned() }.into());
        }
    }
    let kind = Kind::of(&env).word();
    Ok(TableIterator::once(((!env.is_empty()).then_some(env), kind)))
}
