//! The drift of this database: expected and live schema, compared, and what could be done about each difference.

use std::collections::BTreeSet;
use std::rc::Rc;

use nself_heal_core::diff::{Change, Object, diff, own_partitions as own_partitions_of};
use nself_heal_core::digest::Differing;
use nself_heal_core::evidence::{adopt_maintain, maintain_in_question};
use nself_heal_core::model::{Catalog, Definition};
use nself_heal_core::pieces::{Pieces, join};
use nself_heal_core::plan::{self, Kind, Options, Step};
use nself_heal_core::references;
use nself_heal_core::retention::Departed;
use nself_heal_core::server_names;
use nself_heal_core::spelling::{self, TextPair};
use nself_heal_core::unread;
use nself_heal_core::{ignore, members};
use pgrx::pg_sys;

use crate::catalog;
use crate::catalog::outline::{self, Outline};
use crate::drift::allowed::{self, AllowedDrift};
use crate::drift::being_built;
use crate::drift::expression::{self, Pair};
use crate::drift::extension_versions;
use crate::drift::facts::{as_owner_of, facts};
use crate::drift::not_compared::{self, NotCompared, pair_counts};
use crate::drift::retention;
use crate::drift::rights;
use crate::drift::shards;
use crate::error::Error;
use crate::expected::chain::Against;
use crate::expected::{self, Expected};
use crate::migrations::{evidence, tenants};
use crate::server::locked::{self, Held, glance};
use crate::server::session::with_pinned_settings;
use crate::server::spi::{self, at_latest_moment, with_snapshot};
use crate::server::trust;
use crate::settings;

/// The result of comparing expected and live schema: only the objects that differ and their neighbours, and the step for
/// each difference.
#[derive(Default)]
pub struct Comparison {
    pub expected: Catalog,
    pub live: Catalog,
    pub steps: Vec<Step>,
    /// But for partitions, which the diff leaves out by itself.
    pub ignored: Vec<Ignored>,
    pub not_compared: Vec<NotCompared>,
    /// Whether a step stands for something that could not be compared, because somebody has locked it.
    #[cfg(debug_assertions)]
    pub has_locked: bool,
}

/// Something that differs and is no drift.
pub struct Ignored {
    /// The rule, or what allows it.
    pub by: IgnoredBy,
    pub kind: &'static str,
    pub object_type: String,
    pub identity: String,
}

/// Why something that differs is no drift.
#[derive(Clone, Copy)]
pub enum IgnoredBy {
    Rule(&'static ignore::Rule),
    /// The place of the entry in what `allowed::read` returns.
    Allowed(usize),
    /// It is a partition that no migration knows, below a table that one does.
    OwnPartition,
    /// It is an index that somebody builds now, while others write.
    BeingBuilt,
    /// It is a partition that a retention has dropped or detached.
    Retention,
    /// It is a shard of Citus.
    Shard,
}

fn of_rule(rule: &'static ignore::Rule, object: &Object) -> Ignored {
    Ignored {
        by: IgnoredBy::Rule(rule),
        kind: Kind::Extra.as_str(),
        object_type: object.object_type().to_owned(),
        identity: object.identity(),
    }
}

fn of_change(by: IgnoredBy, change: &Change) -> Ignored {
    let kind = match change {
        Change::Missing(_) => Kind::Missing,
        Change::Extra(_) => Kind::Extra,
        Change::Changed { .. } => Kind::Changed,
    };
    let object = change.object();
    Ignored {
        by,
        kind: kind.as_str(),
        object_type: object.object_type().to_owned(),
        identity: object.identity(),
    }
}

fn of_retention(departed: Departed) -> Ignored {
    let kind = if departed.is_live { Kind::Changed } else { Kind::Missing };
    Ignored {
        by: IgnoredBy::Retention,
        kind: kind.as_str(),
        object_type: "table".to_owned(),
        identity: departed.table,
    }
}

pub fn own_partitions(expected: &Catalog, live: &Catalog) -> Vec<Ignored> {
    let partitions = own_partitions_of(expected, live).into_iter();
    partitions
        .map(|identity| Ignored {
            by: IgnoredBy::OwnPartition,
            kind: Kind::Extra.as_str(),
            object_type: "table".to_owned(),
            identity,
        })
        .collect()
}

/// Compares the live schema with the expected one. `not_renamed` names the missing objects that the caller knows are
/// not the old name of something else.
pub fn compare(against: Against, not_renamed: BTreeSet<String>) -> Result<(Expected, Comparison), Error> {
    let expected = expected::of(against)?;
    let mut comparison = compare_with(&expected, not_renamed)?;
    comparison.not_compared.extend(not_compared::outside_of_schema(against)?);
    Ok((expected, comparison))
}

/// What somebody asked to compare with the applied migrations.
#[derive(Default)]
pub struct Asked {
    /// The missing objects that are not the old name of something else.
    pub not_renamed: BTreeSet<String>,
    /// The schema of this tenant alone.
    pub tenant: Option<String>,
    /// The schemas of all tenants, and nothing else.
    pub all_tenants: bool,
}

/// Compares the live schema with the applied migrations: all of it, or the schemas of tenants.
pub fn compare_asked(asked: &Asked) -> Result<(Expected, Comparison), Error> {
    let not_renamed = asked.not_renamed.clone();
    let Some(tenants) = tenants::asked_for(asked.tenant.as_deref(), asked.all_tenants)? else {
        return compare(Against::Applied, not_renamed);
    };
    let expected = expected::tenants::of(&tenants)?;
    let mut comparison = compare_with(&expected, not_renamed)?;
    comparison.not_compared.extend(not_compared::outside_of_schema(Against::Applied)?);
    Ok((expected, comparison))
}

/// Compares the live schema, read now, with one that is known.
///
/// To read and to parse runs no code of a user's.
pub fn compare_with(expected: &Expected, not_renamed: BTreeSet<String>) -> Result<Comparison, Error> {
    trust::nothing_runs(|| compare_here(expected, not_renamed))
}

fn compare_here(expected: &Expected, not_renamed: BTreeSet<String>) -> Result<Comparison, Error> {
    with_pinned_settings(|| {
        let Sides { outline, schemas, held, being_built } = sides(expected)?;
        let mut compared = match schemas {
            None => Comparison::default(),
            Some(schemas) => compare_catalogs(expected, schemas, not_renamed.clone(), held, &being_built)?,
        };
        #[cfg(debug_assertions)]
        check_against_whole(&compared, expected, &outline, not_renamed, &being_built)?;
        if let Some(only) = expected.only() {
            compared.not_compared.extend(pair_counts(&outline.not_compared, &outline.not_compared));
            compared.steps.extend(only.not_replayed.iter().map(not_replayed));
            return Ok(compared);
        }
        compared.not_compared.extend(pair_counts(&outline.not_compared, expected.not_compared()));
        compared.steps.extend(not_allowed(&outline.own)?);
        compared.steps.extend(not_allowed(&extension_versions::that_differ(expected)?)?);
        Ok(compared)
    })
}

/// What there is to say of a tenant's schema of which nobody knows what is expected.
fn not_replayed((schema, why): &(String, String)) -> Step {
    let reason = format!("it cannot be compared: {why}");
    Step::not_compared(Kind::Changed, "schema", schema, reason)
}

/// Of these steps those that are no allowed drift.
fn not_allowed(steps: &[Step]) -> Result<Vec<Step>, Error> {
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let allowed: Vec<_> =
        allowed::read()?.into_iter().filter(AllowedDrift::holds).map(AllowedDrift::into_allowed).collect();
    let is_allowed = |step: &&Step| allowed.iter().any(|allowed| step.is_allowed_by(allowed));
    Ok(steps.iter().filter(|step| !is_allowed(step)).cloned().collect())
}

/// Expected and live schema, each with only the objects that differ and their neighbours.
struct Sides {
    outline: Rc<Outline>,
    /// Expected and live; nothing if both are the same.
    schemas: Option<(Catalog, Catalog)>,
    /// What is in them as expected, because it cannot be read.
    held: Held,
    /// The live indexes that are invalid because somebody builds them now.
    being_built: BTreeSet<String>,
}

/// How often a schema is read that changes meanwhile.
const READINGS: usize = 5;

/// Reads what differs; the rest is as expected. Rows are read as they were when the reading began, but texts are printed
/// as the schema is when they are: if the schema changed meanwhile, it is read again. So it is if somebody has locked
/// something meanwhile. No lock is kept.
fn sides(expected: &Expected) -> Result<Sides, Error> {
    let mut is_known = true;
    for _ in 0..READINGS {
        let begun = spi::Changes::now();
        let (outline, near, held, schemas) = with_snapshot(|| {
            let outline = outline::read()?;
            let both = [expected.digests(), &outline.digested.digests];
            let mut differing = match expected.only() {
                None => outline.digested.differing(expected.digests()),
                Some(only) => only.differing(both),
            };
            let near = differing.with_neighbours(both);
            if expected.only().is_some() {
                // What is around these schemas is known from nothing else.
                differing.relations.extend(near.iter().cloned());
            }
            if differing.nothing() {
                return Ok((outline, near, Held::default(), Ok(None)));
            }
            let known = expected.pieces(&near)?;
            // The printing of a text fails, too, if its object is gone.
            let read = glance(|| {
                let held = locked::among(&outline.digested.relations(&differing), differing.rest, !is_known)?;
                let live = schemas(&outline, &differing, &known, &held)?;
                Ok((held, live))
            });
            let (held, schemas) = match read {
                Ok((mut held, live)) => {
                    let known = whole(known);
                    let known = match expected.only() {
                        None => known,
                        Some(only) => {
                            held.relations.retain(|relation, _| only.contains("table", relation));
                            held.rest.retain(|(of, _)| only.contains(&of.object_type, &of.identity));
                            only.complete(known, &live)
                        }
                    };
                    (held, Ok(Some((known, live))))
                }
                Err(error) => (Held::default(), Err(error)),
            };
            Ok((outline, near, held, schemas))
        })?;
        if let Err(error) = &schemas
            && locked::is_locked(error)
        {
            is_known = false;
            continue;
        }
        let being_built = match &schemas {
            Ok(Some((_, live))) => being_built::among(live)?,
            _ => BTreeSet::new(),
        };
        // An outline is of one moment in any case.
        if matches!(schemas, Ok(None)) || begun.none_since() || stayed(&outline, &near)? {
            return Ok(Sides { outline, schemas: schemas?, held, being_built });
        }
    }
    Err(Error::SchemaMoves)
}

fn stayed(outline: &Outline, relations: &BTreeSet<String>) -> Result<bool, Error> {
    Ok(outline.digested.stayed(&at_latest_moment(outline::read)?.digested, relations))
}

/// The live side. What is held is in it as it is expected.
fn schemas(outline: &Outline, differing: &Differing, known: &Pieces, held: &Held) -> Result<Catalog, Error> {
    let mut readable = differing.clone();
    readable.relations.retain(|name| !held.relations.contains_key(name));
    let mut wanted = outline.digested.wanted(&readable);
    wanted.locked = held.locked.clone();
    let mut fresh = catalog::read(&wanted)?;
    let is_held = |of: &&Definition| {
        held.rest
            .iter()
            .any(|(address, _)| address.object_type == of.kind.as_str() && address.identity == of.identity)
    };
    fresh.definitions.extend(known.rest.definitions.iter().filter(is_held).cloned());
    let is_same = |(name, _): &(&String, &Catalog)| !readable.relations.contains(*name);
    let same = known.relations.iter().filter(is_same).map(|(_, piece)| piece);
    let same_rest = (!differing.rest).then_some(&known.rest);
    Ok(join(same.chain(same_rest).cloned().chain([fresh])))
}

fn whole(pieces: Pieces) -> Catalog {
    join(pieces.into_catalogs())
}

/// Compares what differs in a second way, by reading everything. Every test that runs with a debug build, the proof of
/// exactness among them, is so also a test that the digests, the neighbours and the partial queries leave nothing out.
#[cfg(debug_assertions)]
fn check_against_whole(
    compared: &Comparison,
    expected: &Expected,
    outline: &Outline,
    not_renamed: BTreeSet<String>,
    being_built: &BTreeSet<String>,
) -> Result<(), Error> {
    if compared.has_locked {
        return Ok(());
    }
    let begun = spi::Changes::now();
    let live = glance(|| with_snapshot(|| catalog::read(&catalog::Wanted::ALL)));
    let now = with_snapshot(outline::read)?;
    if !begun.none_since() || now.digested.digests != outline.digested.digests {
        return Ok(());
    }
    let live = match live {
        Err(error) if locked::is_locked(&error) => return Ok(()),
        live => live?,
    };
    let live = join([live]);
    let known = whole(expected.pieces(&expected.relations())?);
    let known = expected.only().map_or_else(|| known.clone(), |only| only.complete(known.clone(), &live));
    let whole = compare_catalogs(expected, (known, live), not_renamed, Held::default(), being_built)?;
    if whole.has_locked {
        return Ok(());
    }
    let found = |of: &Comparison| {
        let ignored =
            of.ignored.iter().map(|one| format!("{} {} {}", one.kind, one.object_type, one.identity));
        let steps = of.steps.iter().map(|step| format!("{step:?}"));
        steps.chain(ignored).collect::<Vec<_>>().join("\n")
    };
    let (one, other) = (found(compared), found(&whole));
    assert!(
        one == other,
        "a part of the schema does not say what the whole says:\n{one}\n--- whole:\n{other}"
    );
    Ok(())
}

fn compare_catalogs(
    source: &Expected,
    (mut expected, mut live): (Catalog, Catalog),
    not_renamed: BTreeSet<String>,
    held: Held,
    being_built: &BTreeSet<String>,
) -> Result<Comparison, Error> {
    let versions = source.named_versions()?;
    for extension in &mut expected.extensions {
        extension.named_version = versions.get(&extension.name).cloned();
    }
    let mut locked = locked_steps(&expected, held);
    leave_own_schema_out(&mut live, &expected)?;
    let taken_away = retention::taken_away(&mut expected, &mut live)?;
    let mut names = server_names::names_in_question(&expected, &live);
    if !names.is_empty() {
        names = source.unsaid(names)?;
        server_names::adopt(&mut live, &expected, &names);
    }
    let in_question = maintain_in_question(&expected, &live);
    if !in_question.is_empty() {
        adopt_maintain(&mut live, &expected, &evidence::granted_before(in_question, 17)?);
    }
    let unread = unread::leave_out(&mut expected, &mut live);
    members::move_back(&expected, &mut live)
        .map_err(|error| Error::BadAnswer { query: "extensions", reason: error.to_string() })?;
    let members = members::leave_out(&mut expected, &mut live);
    for pair in spelling::texts_to_settle(&expected, &live) {
        let compared =
            as_owner_of(&live, &pair.table, || Ok(trust::nothing_runs(|| expression::compare(&pair))))?;
        match compared {
            Pair::Different => {}
            Pair::Same => spelling::adopt(&mut live, &pair),
            Pair::Locked => {
                locked.extend(locked_step(&live, &pair));
                spelling::adopt(&mut live, &pair);
            }
        }
    }
    if references::are_ambiguous(&expected, &live) {
        live.dependencies = with_snapshot(catalog::read_dependencies)?;
        if let Some(only) = source.only() {
            live.dependencies.retain(|of| only.contains(&of.object_type, &of.identity));
        }
    }
    let allowed: Vec<_> =
        allowed::read()?.into_iter().filter(AllowedDrift::holds).map(AllowedDrift::into_allowed).collect();
    locked.retain(|step| !allowed.iter().any(|allowed| step.is_allowed_by(allowed)));
    let (mut plan, mut ignored) = {
        let mut changes = diff(&expected, &live);
        changes.extend(references::changes(&expected, &live, &changes));
        if settings::compare_owners() {
            changes.extend(rights::owners_that_differ(&expected, &live)?);
        }
        let mut ignored = Vec::new();
        changes.retain(|change| {
            let is_being_built = being_built::is_about(change, being_built);
            ignored.extend(is_being_built.then(|| of_change(IgnoredBy::BeingBuilt, change)));
            !is_being_built
        });
        let shards = shards::among(&live, &expected)?;
        changes.retain(|change| {
            let is_shard = shards::is_about(change, &shards);
            ignored.extend(is_shard.then(|| of_change(IgnoredBy::Shard, change)));
            !is_shard
        });
        changes.retain(|change| match ignore::rule_for(change, &expected, &live) {
            Some(rule) => {
                ignored.push(of_rule(rule, &change.object()));
                false
            }
            None => true,
        });
        let facts = facts(&live, &plan::questions(&changes))?;
        let options = Options {
            rewrite_limit: settings::heal_rewrite_limit(),
            not_renamed,
            allowed,
            server_version: pg_sys::PG_VERSION_NUM,
            throw_away: false,
        };
        (rights::plan(&expected, &live, &changes, facts, &options)?, ignored)
    };
    #[cfg(debug_assertions)]
    let has_locked = !locked.is_empty();
    rights::block_for_gone_roles(&mut plan.steps)?;
    rights::block_for_authors(&mut plan.steps)?;
    plan.steps.extend(locked);
    ignored.extend(taken_away.into_iter().map(of_retention));
    ignored.extend(plan.allowed.into_iter().map(|(step, place)| Ignored {
        by: IgnoredBy::Allowed(place),
        kind: step.kind.as_str(),
        object_type: step.object_type.to_owned(),
        identity: step.identity,
    }));
    Ok(Comparison {
        expected,
        live,
        steps: plan.steps,
        ignored,
        not_compared: (unread.into_iter().map(not_compared::not_understood))
            .chain(members.map(not_compared::members))
            .collect(),
        #[cfg(debug_assertions)]
        has_locked,
    })
}

/// What was not read, because somebody has locked it. A partition or another tool's table that nobody expects is no drift.
fn locked_steps(expected: &Catalog, held: Held) -> Vec<Step> {
    let Held { relations, rest, locked: _ } = held;
    let of_relations = relations.into_iter().filter_map(|(identity, (object_type, reason))| {
        let is_expected = expected.tables.iter().any(|table| table.identity == identity)
            || expected.definitions.iter().any(|of| of.is_view() && of.identity == identity);
        let kind = match is_expected {
            true => Kind::Changed,
            false if ignore::is_of_other_tool(&identity) => return None,
            false => Kind::Extra,
        };
        Some(Step::not_compared(kind, object_type, &identity, reason))
    });
    let of_rest = rest.into_iter().map(|(address, reason)| {
        let object_type = match address.object_type.as_str() {
            "function" => "function",
            "procedure" => "procedure",
            _ => "publication relation",
        };
        Step::not_compared(Kind::Changed, object_type, &address.identity, reason)
    });
    of_relations.chain(of_rest).collect()
}

/// The same for a text that could not be read again.
fn locked_step(live: &Catalog, pair: &TextPair) -> Option<Step> {
    let reason =
        "another session has locked what its text speaks of, so this cannot be compared now".to_owned();
    let (object_type, identity) = pair.object(live)?;
    Some(Step::not_compared(Kind::Changed, object_type, identity, reason))
}

/// The schema that this extension was put into belongs to it, unless the migrations say that it is theirs.
fn leave_own_schema_out(live: &mut Catalog, expected: &Catalog) -> Result<(), Error> {
    let own: Option<String> = spi::read_one(
        "SELECT n.nspname::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
          WHERE e.extname = 'nself_heal'",
        &[],
    )?;
    let Some(own) = own.filter(|own| !expected.schemas.iter().any(|theirs| theirs.name == *own)) else {
        return Ok(());
    };
    let Some(place) = live.schemas.iter().position(|schema| schema.name == own) else { return Ok(()) };
    let own = live.schemas.remove(place).identity;
    live.acls.retain(|acl| acl.object_type != "schema" || acl.identity != own);
    live.comments.retain(|comment| comment.object_type != "schema" || comment.identity != own);
    Ok(())
}

/// How many differences there are, not counting those inside a missing or extra table.
pub fn items(steps: &[Step]) -> usize {
    steps.iter().filter(|step| step.part_of.is_none()).count()
}
