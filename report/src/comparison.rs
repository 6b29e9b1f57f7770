//! What a comparison of the live schema with the migrations found.

use std::collections::HashSet;

use serde::Serialize;

use crate::item::DriftItem;

/// All that there is to report.
pub struct Comparison<'a> {
    pub items: &'a [DriftItem],
    pub pending: Pending<'a>,
    /// The kinds of objects that were not compared, in a few words.
    pub not_compared: Option<&'a str>,
    /// Where the migrations folder is not what was applied.
    pub departed: Option<&'a str>,
}

/// The items that pending migrations alone bring.
#[derive(Default)]
pub struct Pending<'a> {
    /// What differs from the applied migrations. None: nothing is pending.
    of_applied: Option<HashSet<Key<'a>>>,
}

type Key<'a> = (&'a str, &'a str, &'a str);

impl<'a> Pending<'a> {
    /// `of_applied` is the drift without pending migrations, if there are some.
    pub fn new(of_applied: Option<&'a [DriftItem]>) -> Self {
        Self { of_applied: of_applied.map(|items| items.iter().map(key).collect()) }
    }

    /// Whether pending migrations alone are why this differs.
    pub fn has(&self, item: &DriftItem) -> bool {
        self.of_applied.as_ref().is_some_and(|drift| !drift.contains(&key(item)))
    }
}

fn key(item: &DriftItem) -> Key<'_> {
    (&item.kind, &item.object_type, &item.identity)
}

/// How many differences there are of each kind, and how many of all of them pending migrations bring.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Totals {
    pub missing: usize,
    pub extra: usize,
    pub changed: usize,
    pub pending: usize,
}

impl Totals {
    pub fn of(items: &[DriftItem], pending: &Pending<'_>) -> Self {
        let number = |kind: &str| items.iter().filter(|item| item.kind == kind).count();
        Self {
            missing: number("missing"),
            extra: number("extra"),
            changed: number("changed"),
            pending: items.iter().filter(|item| pending.has(item)).count(),
        }
    }
}
