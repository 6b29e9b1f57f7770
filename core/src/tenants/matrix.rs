//! What differs in which tenants: one line for what differs alike.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::diff;
use crate::ignore;
use crate::model::{Address, Catalog};
use crate::plan::{Allowed, Facts, Options, plan};

use super::Tenant;
use super::schema::{PLACEHOLDER, plain, with_name};

/// One difference, without the name of the tenant's schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    pub kind: &'static str,
    pub object_type: String,
    pub identity: String,
    pub expected: Option<String>,
    pub actual: Option<String>,
}

/// A difference, with what it goes with, as `Allowed` compares it.
#[derive(Debug, Clone)]
pub struct Found {
    pub difference: Difference,
    /// With the placeholder, as the server would print it.
    identity: String,
}

/// How the schema of a tenant differs from the one that its chain gives, both under the name of the placeholder. What is in
/// something missing or extra is not told on its own.
pub fn differences(expected: &Catalog, live: &Catalog, server_version: u32) -> Vec<Found> {
    let mut changes = diff(expected, live);
    changes.retain(|change| ignore::rule_for(change, expected, live).is_none());
    let options = Options {
        rewrite_limit: u64::MAX,
        not_renamed: Default::default(),
        allowed: Vec::new(),
        server_version,
        throw_away: false,
    };
    let steps = plan(expected, live, &changes, &Facts::default(), &options).steps;
    let outermost = steps.into_iter().filter(|step| step.part_of.is_none());
    outermost
        .map(|step| Found {
            difference: Difference {
                kind: step.kind.as_str(),
                object_type: step.object_type.to_owned(),
                identity: plain(&step.identity),
                expected: step.expected.as_deref().map(plain),
                actual: step.actual.as_deref().map(plain),
            },
            identity: step.identity,
        })
        .collect()
}

/// The lines: each difference with the names of the tenants that have it.
#[derive(Debug, Default)]
pub struct Matrix(BTreeMap<Difference, Vec<String>>);

impl Matrix {
    /// Adds what differs in a tenant, but for what is allowed there, and for what stood there before the first migration.
    pub fn add(&mut self, tenant: &Tenant, found: &[Found], allowed: &[Allowed], ground: &BTreeSet<Address>) {
        for Found { difference, identity } in found {
            let identity = with_name(identity, &tenant.quoted);
            let object = Address::new(&difference.object_type, &identity);
            let is_ground = difference.kind == "extra" && ground.contains(&object);
            let is_allowed =
                |of: &Allowed| of.is_for(difference.kind) && of.names(&difference.object_type, &identity);
            if !is_ground && !allowed.iter().any(is_allowed) {
                self.put(difference.clone(), &tenant.name);
            }
        }
    }

    pub fn put(&mut self, mut difference: Difference, tenant: &str) {
        if difference.object_type == "schema" && difference.identity == PLACEHOLDER {
            difference.identity.clear();
        }
        self.0.entry(difference).or_default().push(tenant.to_owned());
    }

    /// What most tenants have comes first.
    pub fn into_lines(self) -> Vec<(Difference, Vec<String>)> {
        let mut lines: Vec<_> = self.0.into_iter().collect();
        for (_, tenants) in &mut lines {
            tenants.sort();
        }
        lines.sort_by_key(|(_, tenants)| std::cmp::Reverse(tenants.len()));
        lines
    }
}
