//! Whether the worker heals this database by itself.

use pgrx::datum::Interval;

use crate::background::{home, wake};
use crate::error::Error;
use crate::expected::chain::{self, Against};
use crate::heal::history::{Event, events};
use crate::server::session::as_extension_owner;
use crate::server::spi;
use crate::settings;

/// Whether and how this database heals itself.
pub struct HealStatus {
    pub switch: Switch,
    pub auto_run: bool,
    /// Why the worker does not heal it although it is enabled.
    pub note: Option<String>,
    pub last: Option<Event>,
    pub expected_state_age: Option<Interval>,
}

/// Whether this database is to be healed without being asked.
pub struct Switch {
    pub enabled: bool,
    /// Who or what says so.
    pub source: String,
}

impl Switch {
    pub fn read() -> Result<Self, Error> {
        let word: Option<String> = as_extension_owner(|| {
            spi::read_one(
                "SELECT CASE WHEN enabled THEN 'nself_heal_enable()' ELSE 'nself_heal_disable()' END || ' by ' || set_by \
                        || ' at ' || date_trunc('second', set_at) FROM nself.heal_switch",
                &[],
            )
        })?;
        Ok(match word {
            Some(source) => Self { enabled: source.starts_with("nself_heal_enable"), source },
            None => Self {
                enabled: settings::enabled(),
                source: format!("nself.schema_heal_enabled ({})", settings::enabled_source()),
            },
        })
    }
}

pub fn status() -> Result<HealStatus, Error> {
    let switch = Switch::read()?;
    let note = if switch.enabled { why_not()? } else { None };
    let age = match chain::hash_of(Against::Applied) {
        Err(Error::NothingApplied) => None,
        Err(error) => return Err(error),
        Ok(hash) => as_extension_owner(|| {
            spi::read_one::<Interval>(
                "SELECT date_trunc('second', clock_timestamp() - made_at) FROM nself.expected_state WHERE chain_hash = $1",
                &[hash.as_str().into()],
            )
        })?,
    };
    Ok(HealStatus {
        auto_run: switch.enabled && note.is_none(),
        note,
        switch,
        last: events(1)?.into_iter().next(),
        expected_state_age: age,
    })
}

/// Why no worker comes to this database, or does nothing in it, whatever the switch says.
fn why_not() -> Result<Option<String>, Error> {
    if spi::is_standby() {
        return Ok(Some("this server is a standby: the worker of its primary heals".to_owned()));
    }
    if let Some(away) = home::away()? {
        return Ok(Some(away.to_string()));
    }
    let database = spi::database()?;
    Ok(match settings::databases() {
        None => Some("the list in nself.databases cannot be read".to_owned()),
        Some(list) if !list.holds(&database) => Some("nself.databases leaves this database out".to_owned()),
        Some(_) => wake::why_no_launcher().map(str::to_owned),
    })
}

/// Says for this database whether it is to be healed without being asked. It counts more than the setting. Whoever says it
/// in a copy speaks of the copy, which is at home here from now on.
pub fn switch(enabled: bool) -> Result<(), Error> {
    spi::refuse_read_only(if enabled { c"nself_heal_enable()" } else { c"nself_heal_disable()" })?;
    as_extension_owner(|| {
        spi::write(
            "INSERT INTO nself.heal_switch (enabled) VALUES ($1) \
             ON CONFLICT (one) DO UPDATE SET enabled = excluded.enabled, set_by = excluded.set_by, \
                                             set_at = excluded.set_at",
            &[enabled.into()],
        )
    })?;
    home::settle()?;
    wake::tell();
    Ok(())
}
