//! The expected schemas of tenants, and of nothing else. A chain of migrations is replayed once for all tenants that have it, in a
//! schema that stands for any of theirs; then the name of each tenant's schema is put in.
//!
//! Where that could say something else than the tenant's own replay, it is replayed in its own schema:
//! - something stood in the schema before the first migration of this database,
//! - a migration writes the name of the schema where it is not known for one,
//! - the replay for all of them fails.
//!
//! What the migrations did here corrects both, as it does for a whole database.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::digest::{Differing, Digests};
use nself_heal_core::evidence::{correct, without_tables};
use nself_heal_core::migrations::Applied;
use nself_heal_core::model::Catalog;
use nself_heal_core::pieces::{Pieces, join};
use nself_heal_core::tenants::Tenant;
use nself_heal_core::tenants::chains::{self, Group};
use nself_heal_core::tenants::schema::{self, PLACEHOLDER, schema_in, split};

use crate::error::Error;
use crate::expected::chain::{self, Against, Chain};
use crate::expected::shadow::{LeftOut, Unmade};
use crate::expected::store::Places;
use crate::expected::summary::Summary;
use crate::expected::{Expected, Phantoms, of_migrations, tell_left_out};
use crate::migrations::evidence::{self, Seen};
use crate::migrations::tenants as list;

/// The schemas that are compared, where not all are.
pub struct Scope {
    pub schemas: BTreeSet<String>,
    /// The schemas of which nobody knows what is expected, as the server prints their names, and why.
    pub not_replayed: Vec<(String, String)>,
}

impl Scope {
    pub fn contains(&self, object_type: &str, identity: &str) -> bool {
        schema_in(object_type, identity).is_some_and(|schema| self.schemas.contains(&schema))
    }

    /// All that lies in these schemas may differ, and nothing else.
    pub fn differing(&self, sides: [&Digests; 2]) -> Differing {
        let relations = sides.into_iter().flat_map(|side| &side.relations).map(|(relation, _)| relation);
        Differing {
            relations: relations.filter(|relation| self.contains("table", relation)).cloned().collect(),
            rest: true,
        }
    }

    /// What is expected of a database: these schemas as they are known, and the rest as it is.
    pub fn complete(&self, known: Catalog, live: &Catalog) -> Catalog {
        join([known, split(live.clone(), &self.schemas).1])
    }
}

/// What the applied migrations give in the schemas of these tenants.
pub fn of(tenants: &[Tenant]) -> Result<Expected, Error> {
    let hash = chain::hash_of(Against::Applied)?;
    let chain = chain::chain(Against::Applied)?;
    let Found { of_tenants, not_replayed, left_out, unmade } = found(&chain, tenants)?;
    let schemas: BTreeSet<String> = of_tenants.keys().cloned().collect();
    let known = corrected(&chain, join(of_tenants.into_values()), &schemas)?;
    let pieces = Pieces::of(known);
    let digests = Digests::unknown(pieces.relations.keys().cloned());
    let outline = Summary { digests, left_out, unmade, ..Summary::default() };
    tell_left_out(&outline);
    Ok(Expected {
        against: Against::Applied,
        hash,
        outline,
        places: Places::default(),
        pieces: OnceCell::from(pieces),
        only: Some(Scope { schemas, not_replayed }),
    })
}

/// What replays give in the schema of each tenant.
#[derive(Default)]
struct Found {
    of_tenants: BTreeMap<String, Catalog>,
    not_replayed: Vec<(String, String)>,
    left_out: Vec<LeftOut>,
    unmade: Vec<Unmade>,
}

impl Found {
    /// Notes what a replay could not do, once.
    fn note(&mut self, outline: Summary) {
        let is_new = |row: &LeftOut| !self.left_out.contains(row);
        let left_out: Vec<LeftOut> = outline.left_out.into_iter().filter(is_new).collect();
        self.left_out.extend(left_out);
        self.unmade = outline.unmade;
    }

    fn add_in_own_schemas(&mut self, chain: &Chain, tenants: &[Tenant]) -> Result<(), Error> {
        let (own, outline) = in_own_schemas(chain, tenants)?;
        self.note(outline);
        self.of_tenants.extend(own);
        Ok(())
    }
}

fn found(chain: &Chain, tenants: &[Tenant]) -> Result<Found, Error> {
    let (mut alone, shared) = by_ground(chain, tenants);
    let mut found = Found::default();
    for Group { chain, tenants } in chains::in_order(&chain.migrations, shared).map_err(bad)? {
        match once(chain)? {
            Some(Once { inside, outline, .. }) => {
                found.note(outline);
                for tenant in tenants {
                    let of = schema::of_tenant(&inside, &tenant).map_err(bad)?;
                    found.of_tenants.insert(tenant.schema, of);
                }
            }
            None => alone.extend(tenants),
        }
    }
    if alone.is_empty() {
        return Ok(found);
    }
    match found.add_in_own_schemas(chain, &alone) {
        Ok(()) => return Ok(found),
        Err(error) if tenants.len() == 1 || !is_of_replay(&error) => return Err(error),
        // One of them is enough to fail for all.
        Err(_) => {}
    }
    for tenant in alone {
        match found.add_in_own_schemas(chain, std::slice::from_ref(&tenant)) {
            Ok(()) => {}
            Err(error) if is_of_replay(&error) => found.not_replayed.push((tenant.quoted, error.to_string())),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The tenants in whose schemas something stood before the first migration of this database, and the others.
fn by_ground(chain: &Chain, tenants: &[Tenant]) -> (Vec<Tenant>, Vec<Tenant>) {
    let all: BTreeSet<String> = tenants.iter().map(|tenant| tenant.schema.clone()).collect();
    let ground = chain.ground.clone().map(|ground| split(ground, &all).0).unwrap_or_default();
    tenants.iter().cloned().partition(|tenant| ground.contains_key(&tenant.schema))
}

/// What a replay for any tenant gives.
struct Once {
    /// In the schema of the placeholder.
    inside: Catalog,
    outside: Catalog,
    outline: Summary,
}

/// What a chain gives for any tenant; nothing if that does not tell what it gives for a certain one.
fn once(chain: Vec<Applied>) -> Result<Option<Once>, Error> {
    let (replayed, outline) = match of_migrations(chain, CALL) {
        Err(error) if is_of_replay(&error) => return Ok(None),
        replayed => replayed?,
    };
    let (mut inside, outside) = split(replayed, &BTreeSet::from([PLACEHOLDER.to_owned()]));
    let inside = inside.remove(PLACEHOLDER).unwrap_or_default();
    let is_of_any = !schema::is_written_down(&inside).map_err(bad)?;
    Ok(is_of_any.then_some(Once { inside, outside, outline }))
}

/// Tenants that are taken out of the chain of a whole database, and what their migrations give.
pub struct OfMany {
    of_tenants: Vec<Catalog>,
    pub left_out: Vec<LeftOut>,
}

impl OfMany {
    /// What the rest of the chain gives, and what the tenants have.
    pub fn add_to(&self, rest: Catalog) -> Catalog {
        let mut whole = join(self.of_tenants.iter().cloned().chain([rest]));
        whole.schemas.sort_by(|a, b| a.identity.cmp(&b.identity));
        whole.enums.sort_by(|a, b| a.identity.cmp(&b.identity));
        whole.domains.sort_by(|a, b| a.identity.cmp(&b.identity));
        whole
    }
}

/// From so many tenants with one chain on, the chain is replayed once for them in a comparison of the whole database. What comes
/// of it has no digests, so it is read and compared each time: with a few tenants, a replay of each of them is the lesser
/// work.
const MANY: usize = 10;

/// Takes the migrations of many tenants out of a chain, where one replay for all of them tells what all their replays would:
/// it changes nothing outside of the tenants' schemas.
pub fn once_for_many(chain: &mut Chain) -> Result<Option<OfMany>, Error> {
    let schemas: BTreeSet<&str> = chain.migrations.iter().filter_map(|row| row.tenant.as_deref()).collect();
    if schemas.len() < MANY {
        return Ok(None);
    }
    let tenants = list::of_schemas(schemas)?;
    let groups = chains::in_order(&chain.migrations, by_ground(chain, &tenants).1).map_err(bad)?;
    let groups: Vec<Group> = groups.into_iter().filter(|group| group.tenants.len() >= MANY).collect();
    if groups.is_empty() {
        return Ok(None);
    }
    let shared = chain.migrations.iter().filter(|row| row.tenant.is_none()).cloned().collect();
    let (without, outline) = match of_migrations(shared, CALL) {
        Err(error) if is_of_replay(&error) => return Ok(None),
        replayed => replayed?,
    };
    let mut of_many = OfMany { of_tenants: Vec::new(), left_out: Vec::new() };
    let mut taken_out = BTreeSet::new();
    for Group { chain, tenants } in groups {
        let Some(once) = once(chain)? else { continue };
        if once.outside != without || once.outline.not_compared != outline.not_compared {
            continue;
        }
        let is_new = |row: &LeftOut| !outline.left_out.contains(row) && !of_many.left_out.contains(row);
        let left_out: Vec<LeftOut> = once.outline.left_out.into_iter().filter(is_new).collect();
        of_many.left_out.extend(left_out);
        for tenant in tenants {
            of_many.of_tenants.push(schema::of_tenant(&once.inside, &tenant).map_err(bad)?);
            taken_out.insert(tenant.schema);
        }
    }
    if taken_out.is_empty() {
        return Ok(None);
    }
    let stays = |row: &Applied| row.tenant.as_ref().is_none_or(|tenant| !taken_out.contains(tenant));
    chain.migrations.retain(stays);
    Ok(Some(of_many))
}

/// What the migrations of these tenants give in their own schemas, and only those.
fn in_own_schemas(chain: &Chain, tenants: &[Tenant]) -> Result<(BTreeMap<String, Catalog>, Summary), Error> {
    let schemas: BTreeSet<String> = tenants.iter().map(|tenant| tenant.schema.clone()).collect();
    let is_theirs = |row: &&Applied| row.tenant.as_ref().is_none_or(|tenant| schemas.contains(tenant));
    let rows = chain.migrations.iter().filter(is_theirs).cloned().collect();
    let (replayed, outline) = of_migrations(rows, CALL)?;
    let mut found = split(replayed, &schemas).0;
    for schema in schemas {
        found.entry(schema).or_default();
    }
    Ok((found, outline))
}

/// The same, but for what the migrations did otherwise here.
fn corrected(chain: &Chain, replayed: Catalog, schemas: &BTreeSet<String>) -> Result<Catalog, Error> {
    let Seen { evidence, unseen } = Seen::read()?;
    if evidence.is_empty() {
        return Ok(replayed);
    }
    let phantoms = Phantoms::new(chain, &evidence, &unseen);
    let all = correct(replayed, evidence, None, evidence::server()).schema;
    let theirs = join(split(all, schemas).0.into_values());
    let gone = phantoms.among(&theirs)?;
    Ok(without_tables(theirs, &gone))
}

const CALL: &str = "nself_drift(all_tenants => true)";

fn is_of_replay(error: &Error) -> bool {
    matches!(error, Error::ReplayFailed { .. } | Error::RoleGone { .. })
}

fn bad(error: serde_json::Error) -> Error {
    Error::BadAnswer { query: "tenants", reason: error.to_string() }
}
