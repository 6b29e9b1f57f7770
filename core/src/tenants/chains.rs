//! The chains of migrations of tenants, with the names of their schemas taken out: tenants with the same chain have the same
//! schema to come to, and it is replayed once for all of them.

use std::collections::BTreeMap;

use super::Tenant;
use super::schema::PLACEHOLDER;
use crate::migrations::Applied;
use crate::quote;

/// Tenants with the same chain.
#[derive(Debug)]
pub struct Group {
    /// The shared migrations, then those of any of these tenants, in the placeholder's schema.
    pub chain: Vec<Applied>,
    pub tenants: Vec<Tenant>,
}

/// The chains of all tenants. `rows` are what a replay runs, in order: shared migrations, and those of each tenant. The shared
/// ones come first, as they would for a tenant that is new.
pub fn groups(rows: Vec<Applied>, tenants: Vec<Tenant>) -> serde_json::Result<Vec<Group>> {
    let mut shared = Vec::new();
    let mut own: BTreeMap<String, Vec<Applied>> = BTreeMap::new();
    // A migration whose first statement has not ended gives nothing yet.
    for row in rows.into_iter().filter(|row| row.statements_done != Some(0)) {
        match row.tenant.clone() {
            None => shared.push(row),
            Some(schema) => own.entry(schema).or_default().push(row),
        }
    }
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for tenant in tenants {
        let rows = own.remove(&tenant.schema).unwrap_or_default();
        let rows: Vec<Applied> = rows.into_iter().map(|row| of_any(row, &tenant.schema)).collect();
        let group = groups.entry(serde_json::to_string(&rows)?).or_insert_with(|| Group {
            chain: shared.iter().cloned().chain(rows).collect(),
            tenants: Vec::new(),
        });
        group.tenants.push(tenant);
    }
    Ok(groups.into_values().collect())
}

/// The chains of tenants as they ran here: shared migrations and those of a tenant in the order in which they were applied, so
/// that nothing is another way in a replay. Tenants that were added at other times have other chains.
pub fn in_order(rows: &[Applied], tenants: Vec<Tenant>) -> serde_json::Result<Vec<Group>> {
    let mut own: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut shared = Vec::new();
    for (place, row) in rows.iter().enumerate().filter(|(_, row)| row.statements_done != Some(0)) {
        match row.tenant.as_deref() {
            None => shared.push(place),
            Some(schema) => own.entry(schema).or_default().push(place),
        }
    }
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for tenant in tenants {
        let own = own.remove(tenant.schema.as_str()).unwrap_or_default();
        let mut places: Vec<usize> = shared.iter().copied().chain(own.iter().copied()).collect();
        places.sort_unstable();
        let of_all = |place: &usize| match rows[*place].tenant {
            None => rows[*place].clone(),
            Some(_) => of_any(rows[*place].clone(), &tenant.schema),
        };
        let key: Vec<(Option<usize>, Option<Applied>)> = places
            .iter()
            .map(|place| match rows[*place].tenant {
                None => (Some(*place), None),
                Some(_) => (None, Some(of_all(place))),
            })
            .collect();
        let group = groups
            .entry(serde_json::to_string(&key)?)
            .or_insert_with(|| Group { chain: places.iter().map(of_all).collect(), tenants: Vec::new() });
        group.tenants.push(tenant);
    }
    Ok(groups.into_values().collect())
}

/// A migration of a tenant as one of any tenant: without what a replay does not depend on.
fn of_any(mut row: Applied, schema: &str) -> Applied {
    if let Some(path) = row.settings.get_mut("search_path")
        && let Some(rest) = path.strip_prefix(&quote::ident(schema))
    {
        *path = format!("{}{rest}", quote::ident(PLACEHOLDER));
    }
    Applied {
        tenant: Some(PLACEHOLDER.to_owned()),
        logged_in_as: row.applied_by.clone(),
        applied_at: None,
        duration_ms: 0,
        adopted: None,
        mirrored: None,
        evidence_row: None,
        ..row
    }
}
