//! Mutations: made from the catalogs by queries in sql/, one a family.

use std::collections::{BTreeMap, BTreeSet};

use nself_harness::Doing;
use postgres::Client;

use crate::error::Error;

/// One way to damage the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// Its place in the list of all, which stays the same for the same schema.
    pub number: usize,
    pub kind: String,
    /// The object.
    pub label: String,
    pub sql: String,
}

const FAMILIES: &[(&str, &str)] = &[
    ("drops", include_str!("../sql/drop.sql")),
    ("alterations", include_str!("../sql/alter.sql")),
    ("grants", include_str!("../sql/grant.sql")),
    ("additions and renames", include_str!("../sql/extra.sql")),
];

/// All mutations of a schema.
pub fn all(client: &mut Client) -> Result<Vec<Mutation>, Error> {
    client.batch_execute(include_str!("../sql/prelude.sql")).doing("preparing the mutations")?;
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for (family, query) in FAMILIES {
        for row in client.query(*query, &[]).doing(format!("making {family}"))? {
            let sql: String = row.get(2);
            if seen.insert(sql.clone()) {
                found.push(Mutation { number: found.len() + 1, kind: row.get(0), label: row.get(1), sql });
            }
        }
    }
    Ok(found)
}

/// At most `count` of each kind, drawn with the seed.
pub fn sample(mutations: Vec<Mutation>, count: usize, seed: u64) -> Vec<Mutation> {
    let mut kinds: BTreeMap<String, Vec<Mutation>> = BTreeMap::new();
    for mutation in mutations {
        kinds.entry(mutation.kind.clone()).or_default().push(mutation);
    }
    let mut random = fastrand::Rng::with_seed(seed);
    let mut drawn = Vec::new();
    for mut of_kind in kinds.into_values() {
        random.shuffle(&mut of_kind);
        of_kind.truncate(count);
        drawn.extend(of_kind);
    }
    drawn.sort_by_key(|mutation| mutation.number);
    drawn
}
