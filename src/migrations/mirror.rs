//! Writes what is applied and undone here into the list of the tool, too, that the database was adopted from, as the tool
//! would, so that it does not run it again.

use nself_heal_core::formats::Migration;
use nself_heal_core::migrations::Direction;
use nself_heal_core::trackers::{Mirror as Statements, MirrorRow, Tracker, mirror_row};
use pgrx::JsonB;
use pgrx::pg_sys;

use crate::error::Error;
use crate::migrations::script::split;
use crate::migrations::trackers::tables;
use crate::server::session::{as_extension_owner, roles, with_pinned_settings};
use crate::server::{spi, trust};
use crate::settings;

/// The lists of one tool into which is written.
pub struct Mirror {
    tracker: &'static Tracker,
    tables: Vec<(&'static Tracker, String)>,
    /// The journal, for what comes before a migration.
    versions: Vec<String>,
}

impl Mirror {
    /// Of the tool whose list was adopted last; none if nothing is to be written.
    pub fn open(tenant: Option<&str>) -> Result<Option<Self>, Error> {
        // Other tools keep no list of each tenant.
        if !settings::mirrors_tracker() || tenant.is_some() {
            return Ok(None);
        }
        let adopted: Vec<String> = as_extension_owner(|| {
            let query = "SELECT coalesce(json_agg(relation), '[]')::text FROM nself.adopted_list \
                          WHERE tool = (SELECT tool FROM nself.adopted_list ORDER BY adopted_at DESC LIMIT 1)";
            spi::read_json("adopted_list", query, &[])
        })?;
        if adopted.is_empty() {
            return Ok(None);
        }
        let tables: Vec<_> = tables()?.into_iter().filter(|(_, table)| adopted.contains(table)).collect();
        let Some((tracker, _)) = tables.first() else { return Ok(None) };
        let versions = as_extension_owner(|| {
            let query = "SELECT coalesce(json_agg(version ORDER BY seq), '[]')::text FROM nself.journal";
            spi::read_json("versions", query, &[])
        })?;
        Ok(Some(Self { tracker, tables, versions }))
    }

    /// Fails if the tool could not have a row of one of these.
    pub fn check<'m>(&self, chosen: impl IntoIterator<Item = &'m Migration>) -> Result<(), Error> {
        chosen.into_iter().try_for_each(|entry| self.row(self.tracker, entry).map(drop))
    }

    /// Writes that a migration was applied or undone. The tool's name is what the ledger keeps of it.
    pub fn write(
        &self,
        entry: &Migration,
        direction: Direction,
        duration_ms: i64,
    ) -> Result<&'static str, Error> {
        for (tracker, table) in &self.tables {
            let row = self.row(tracker, entry)?;
            let statements = tracker.mirror.as_ref().expect("a row was made for it");
            self.write_into(table, statements, &row, entry, direction, duration_ms)?;
        }
        Ok(self.tracker.tool)
    }

    fn row<'e>(&'e self, tracker: &Tracker, entry: &'e Migration) -> Result<MirrorRow<'e>, Error> {
        let place = self.versions.iter().position(|version| *version == entry.version);
        let before = place.and_then(|place| place.checked_sub(1)).map(|place| self.versions[place].as_str());
        mirror_row(tracker, entry, before).map_err(|reason| Error::NotMirrored {
            version: entry.version.clone(),
            tool: tracker.tool,
            reason: reason.to_owned(),
        })
    }

    /// Triggers, defaults and checks of the table are its owner's code, so it is written with the owner's rights and with no
    /// others; but only for who may write there himself.
    fn write_into(
        &self,
        table: &str,
        statements: &Statements,
        row: &MirrorRow<'_>,
        entry: &Migration,
        direction: Direction,
        duration_ms: i64,
    ) -> Result<(), Error> {
        let statement = match direction {
            Direction::Up => statements.applied,
            Direction::Down => statements.undone,
        };
        let rights: Vec<&str> = ["INSERT", "UPDATE", "DELETE"]
            .into_iter()
            .filter(|right| statement.split(['(', ' ']).any(|word| word == *right))
            .collect();
        let not_mirrored = |reason: &str| Error::NotMirrored {
            version: entry.version.clone(),
            tool: self.tracker.tool,
            reason: reason.to_owned(),
        };
        let (role, _) = roles();
        with_pinned_settings(|| {
            let owner: Option<pg_sys::Oid> = spi::read_one(
                "SELECT c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                  WHERE format('%I.%I', n.nspname, c.relname) = $1 AND has_schema_privilege(n.oid, 'USAGE') \
                    AND (SELECT bool_and(has_table_privilege(c.oid, r)) FROM unnest($2) r)",
                &[table.into(), rights.into()],
            )?;
            let owner = owner.ok_or_else(|| not_mirrored(&format!("{role} may not write into {table}")))?;
            let mut values = serde_json::to_value(row)
                .map_err(|error| Error::BadAnswer { query: "mirror", reason: error.to_string() })?;
            values["role"] = role.clone().into();
            values["duration_ms"] = duration_ms.into();
            if self.tracker.tool == "supabase" {
                let statements = split(&entry.up())?;
                values["statements"] = statements.into_iter().map(|statement| statement.sql).collect();
            }
            let statement = statement.replace("{table}", table);
            let written: Option<i64> =
                trust::as_owner(owner, || spi::write_returning(&statement, &[JsonB(values).into()]))?;
            match written {
                Some(1) => Ok(()),
                _ => Err(not_mirrored(&format!("its row in {table} is not where it is looked for"))),
            }
        })
    }
}
