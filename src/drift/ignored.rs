//! What differs and is no drift.

use std::collections::BTreeSet;

use nself_heal_core::ignore;

use crate::drift::allowed::{self};
use crate::drift::compare::{Comparison, IgnoredBy, compare, own_partitions};
use crate::error::Error;
use crate::expected::chain::Against;

/// A rule or an entry of the list of allowed drift, with one object that it is about, if there is one.
pub struct IgnoredRow {
    pub source: &'static str,
    pub pattern: String,
    pub kind: Option<&'static str>,
    pub object_type: Option<String>,
    pub identity: Option<String>,
    pub reason: String,
    pub owner: Option<String>,
    pub expires: Option<String>,
}

/// Rules and entries with what they keep out of the drift now; of those that keep out nothing, the entries, and the rules
/// only if `all_rules` are wanted.
pub fn ignored(against: Against, all_rules: bool) -> Result<Vec<IgnoredRow>, Error> {
    let (_, comparison) = compare(against, BTreeSet::new())?;
    let Comparison { expected, live, ignored: mut found, .. } = comparison;
    found.extend(own_partitions(&expected, &live));
    const BUILT_IN: &str = "built-in";
    const ALLOWED: &str = "allowed";
    let row = |source, pattern: &str, reason: &str| IgnoredRow {
        source,
        pattern: pattern.to_owned(),
        kind: None,
        object_type: None,
        identity: None,
        reason: reason.to_owned(),
        owner: None,
        expires: None,
    };
    let mut rows = Vec::new();
    let mut add = |empty: IgnoredRow, is_by: &dyn Fn(IgnoredBy) -> bool| {
        let before = rows.len();
        rows.extend(found.iter().filter(|ignored| is_by(ignored.by)).map(|ignored| IgnoredRow {
            kind: Some(ignored.kind),
            object_type: Some(ignored.object_type.clone()),
            identity: Some(ignored.identity.clone()),
            source: empty.source,
            pattern: empty.pattern.clone(),
            reason: empty.reason.clone(),
            owner: empty.owner.clone(),
            expires: empty.expires.clone(),
        }));
        if rows.len() == before && (all_rules || empty.source == ALLOWED) {
            rows.push(empty);
        }
    };
    let partitions = row(
        BUILT_IN,
        "partitions that no migration makes, of tables that one does",
        "made as rows come, by jobs or by pg_partman",
    );
    add(partitions, &|by| matches!(by, IgnoredBy::OwnPartition));
    let retention = row(
        BUILT_IN,
        "partitions older than all that are left, of tables with a retention in pg_partman's part_config",
        "dropped or detached by the retention, which would do it again",
    );
    add(retention, &|by| matches!(by, IgnoredBy::Retention));
    let builds = row(
        BUILT_IN,
        "indexes that somebody builds now with CONCURRENTLY",
        "invalid until they are built; what a failed build leaves is drift",
    );
    add(builds, &|by| matches!(by, IgnoredBy::BeingBuilt));
    let shards = row(
        BUILT_IN,
        "shards that pg_dist_shard of Citus names",
        "parts of a distributed table, which the engine makes, moves and splits",
    );
    add(shards, &|by| matches!(by, IgnoredBy::Shard));
    for rule in ignore::RULES {
        add(
            row(BUILT_IN, rule.pattern, rule.reason),
            &|by| matches!(by, IgnoredBy::Rule(other) if std::ptr::eq(rule, other)),
        );
    }
    for (place, entry) in allowed::read()?.into_iter().enumerate() {
        let mut empty = row(ALLOWED, &entry.pattern, &entry.reason);
        empty.owner = Some(entry.owner);
        empty.expires = entry.expires;
        add(empty, &|by| matches!(by, IgnoredBy::Allowed(other) if place == other));
    }
    // Members of extensions are not read at all: they are their extension's.
    if all_rules {
        rows.push(row(BUILT_IN, "members of extensions", "they come and go with their extension"));
    }
    Ok(rows)
}
