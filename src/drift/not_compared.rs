//! What is counted, because it cannot be compared.

use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::diff::in_other_order;
use nself_heal_core::members::MADE_BY_ITSELF;
use nself_heal_core::pieces::join;
use nself_heal_core::{model, unread};

use crate::catalog;
use crate::error::Error;
use crate::expected::Expected;
use crate::expected::chain::Against;
use crate::migrations::elsewhere::{self, Elsewhere};
use crate::server::session::with_pinned_settings;
use crate::server::spi;

/// A kind of objects that is counted, not compared.
pub struct NotCompared {
    pub object_type: String,
    pub live: u64,
    pub expected: u64,
    /// The live ones, of kinds whose every object should be known by name.
    pub names: Vec<String>,
}

/// Tables whose columns have another order than the migrations give. It matters to whoever names no columns, and nothing can
/// restore it, so no report speaks of it.
pub fn column_order(expected: &Expected) -> Result<Option<NotCompared>, Error> {
    let query = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/column_order.sql"));
    let live: BTreeMap<String, Vec<String>> =
        with_pinned_settings(|| spi::read_json("column_order", query, &[]))?;
    let all = expected.digests().relations.iter().map(|(relation, _)| relation.clone()).collect();
    let names = in_other_order(&join(expected.pieces(&all)?.into_catalogs()), &live);
    let count = names.len() as u64;
    let object_type = "order of columns".to_owned();
    Ok((count > 0).then_some(NotCompared { object_type, live: count, expected: count, names }))
}

/// What was read and not understood, live and expected.
pub fn not_understood((live, expected): (model::NotCompared, model::NotCompared)) -> NotCompared {
    let names: BTreeSet<String> = live.names.into_iter().chain(expected.names).collect();
    NotCompared {
        object_type: unread::KIND.to_owned(),
        live: live.count,
        expected: expected.count,
        names: names.into_iter().collect(),
    }
}

/// What no digest tells of: what belongs to the database itself, and what another tool did to it.
pub fn outside_of_schema(against: Against) -> Result<Vec<NotCompared>, Error> {
    let mut all = of_database()?;
    all.extend(elsewhere(against)?);
    Ok(all)
}

/// Privileges on this database, its settings and its comment, as far as they are not those of a new database.
fn of_database() -> Result<Vec<NotCompared>, Error> {
    let query = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/database.sql"));
    let by_kind: Option<BTreeMap<String, Vec<String>>> =
        with_pinned_settings(|| spi::read_json("database", query, &[]))?;
    let kinds = by_kind.unwrap_or_default().into_iter();
    Ok(kinds
        .map(|(object_type, names)| NotCompared { object_type, live: names.len() as u64, expected: 0, names })
        .collect())
}

/// The migrations that another tool applied, or took back, after its list was adopted: what they changed is here, and not
/// expected.
fn elsewhere(against: Against) -> Result<Option<NotCompared>, Error> {
    if against != Against::Applied {
        return Ok(None);
    }
    let others = elsewhere::since_adopted()?;
    let names: Vec<String> = others.iter().flat_map(Elsewhere::versions).cloned().collect();
    let taken_back = others.iter().map(|of| of.undone.len()).sum::<usize>() as u64;
    Ok((!names.is_empty()).then(|| NotCompared {
        object_type: "migration".to_owned(),
        live: names.len() as u64 - taken_back,
        expected: taken_back,
        names,
    }))
}

/// What the migrations made by itself and somebody made a member of an extension.
pub fn members(of: model::NotCompared) -> NotCompared {
    NotCompared {
        object_type: MADE_BY_ITSELF.to_owned(),
        live: of.count,
        expected: of.count,
        names: of.names,
    }
}

/// One line that names what was not compared, or nothing if all was.
pub fn not_compared_line(kinds: &[NotCompared]) -> Option<String> {
    let listed: Vec<String> =
        kinds.iter().map(|kind| format!("{} ({})", kind.object_type, kind.live)).collect();
    (!listed.is_empty()).then(|| listed.join(", "))
}

pub fn pair_counts(
    live: &BTreeMap<String, model::NotCompared>,
    expected: &BTreeMap<String, model::NotCompared>,
) -> Vec<NotCompared> {
    let kinds: BTreeSet<&String> = live.keys().chain(expected.keys()).collect();
    let none = model::NotCompared::default();
    // An extension that one side lacks is drift itself.
    let compared = |kind: &&String| {
        let sides = (live.get(*kind), expected.get(*kind));
        kind.starts_with(catalog::MEMBERS) && (sides.0 == sides.1 || sides.0.is_none() || sides.1.is_none())
    };
    kinds
        .into_iter()
        .filter(|kind| !compared(kind))
        .map(|kind| {
            let (live, expected) = (live.get(kind).unwrap_or(&none), expected.get(kind).unwrap_or(&none));
            NotCompared {
                object_type: kind.clone(),
                live: live.count,
                expected: expected.count,
                names: live.names.clone(),
            }
        })
        .collect()
}
