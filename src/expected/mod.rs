//! The expected state: the schema that a chain of migrations gives. It is replayed once and kept by the chain's hash.

#![allow(unsafe_code)]

pub mod chain;
mod named_versions;
pub mod shadow;
mod store;
pub mod summary;
pub mod tenants;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use nself_heal_core::digest::Digests;
use nself_heal_core::evidence::{Corrected, Evidence, ReplayDifference, correct, without_tables};
use nself_heal_core::ground;
use nself_heal_core::model::{Address, Catalog, NotCompared};
use nself_heal_core::pieces::{Pieces, join};
use pgrx::{notice, pg_sys};

use crate::error::Error;
use crate::expected::shadow::rehearse::{Ran, Run};
use crate::expected::store::{OF_TENANTS, Places, keep, kept, schemas};
use crate::expected::summary::Summary;
use crate::migrations::evidence::{self, Seen};
use crate::migrations::ledger::Applied;
use crate::server::session::as_extension_owner;
use crate::server::spi;
use chain::Against;
use shadow::{LeftOut, Unmade};
use tenants::Scope;

/// The schema that a chain gives. Its outline is at hand; pieces of it are read when they differ.
pub struct Expected {
    against: Against,
    hash: String,
    outline: Summary,
    /// Where the pieces are kept.
    places: Places,
    /// All pieces, where they are at hand.
    pieces: OnceCell<Pieces>,
    /// The schemas that this is about; nothing if it is about all.
    only: Option<Scope>,
}

impl Expected {
    pub fn only(&self) -> Option<&Scope> {
        self.only.as_ref()
    }

    pub fn digests(&self) -> &Digests {
        &self.outline.digests
    }

    pub fn not_compared(&self) -> &BTreeMap<String, NotCompared> {
        &self.outline.not_compared
    }

    /// The versions of extensions that the migrations name.
    pub fn named_versions(&self) -> Result<named_versions::Versions, Error> {
        named_versions::of(self.against, &self.hash)
    }

    /// Of these names those that no migration says.
    pub fn unsaid(&self, mut names: BTreeSet<String>) -> Result<BTreeSet<String>, Error> {
        let chain = chain::chain(self.against)?;
        let texts: Vec<String> = chain.migrations.iter().map(|of| of.sql.to_lowercase()).collect();
        names.retain(|name| !texts.iter().any(|text| text.contains(&name.to_lowercase())));
        Ok(names)
    }

    /// The pieces of these relations, and the rest.
    pub fn pieces(&self, relations: &BTreeSet<String>) -> Result<Pieces, Error> {
        if let Some(pieces) = self.pieces.get() {
            return Ok(pieces.only(relations));
        }
        // They may have been deleted since their outline was read.
        if let Some(pieces) = self.kept_pieces(relations)? {
            return Ok(pieces);
        }
        let replayed = replay(self.against)?;
        Ok(self.pieces.get_or_init(|| replayed.pieces).only(relations))
    }

    /// The identities of all relations that have a piece.
    #[cfg(debug_assertions)]
    pub fn relations(&self) -> BTreeSet<String> {
        match self.pieces.get() {
            Some(pieces) => pieces.relations.keys().cloned().collect(),
            None => self.places.relations.keys().cloned().collect(),
        }
    }

    fn kept_pieces(&self, relations: &BTreeSet<String>) -> Result<Option<Pieces>, Error> {
        let wanted = relations.iter().filter_map(|name| Some((name, *self.places.relations.get(name)?)));
        let (names, mut places): (Vec<&String>, Vec<(u32, u32)>) = wanted.unzip();
        places.insert(0, self.places.rest);
        let (begins, lengths): (Vec<i32>, Vec<i32>) =
            places.iter().map(|(begin, length)| (*begin as i32 + 1, *length as i32)).unzip();
        let kept: Option<Vec<u8>> = as_extension_owner(|| {
            spi::read_one(
                "SELECT string_agg(substring(s.pieces FROM p.begin FOR p.length), ''::bytea ORDER BY p.n) \
                   FROM nself.expected_state s, ROWS FROM (unnest($2), unnest($3)) WITH ORDINALITY p(begin, length, n) \
                  WHERE s.chain_hash = $1",
                &[self.hash.as_str().into(), begins.into(), lengths.into()],
            )
        })?;
        let Some(kept) = kept else { return Ok(None) };
        let mut left = kept.as_slice();
        let mut read: Vec<Catalog> = Vec::with_capacity(places.len());
        for (_, length) in places {
            let Some((piece, behind)) = left.split_at_checked(length as usize) else { return Ok(None) };
            let Ok(piece) = postcard::from_bytes(piece) else { return Ok(None) };
            read.push(piece);
            left = behind;
        }
        let mut read = read.into_iter();
        let rest = read.next().unwrap_or_default();
        Ok(Some(Pieces { rest, relations: names.into_iter().cloned().zip(read).collect() }))
    }
}

/// The expected schema.
pub fn of(against: Against) -> Result<Expected, Error> {
    let expected = of_silently(against)?;
    tell_left_out(&expected.outline);
    Ok(expected)
}

/// Where the replay that gave the expected schema failed, if it did, and what migrations did otherwise here than in it.
pub fn witnesses(against: Against) -> Result<(Option<Error>, Vec<ReplayDifference>), Error> {
    let Summary { failed, differences, .. } = of_silently(against)?.outline;
    Ok((failed.map(|failed| failed.into_error()).transpose()?, differences))
}

/// What the replay that gave the expected schema left out, and what of the ground could not be made for it.
pub fn left_out(against: Against) -> Result<(Vec<LeftOut>, Vec<Unmade>), Error> {
    let Summary { left_out, unmade, .. } = of_silently(against)?.outline;
    Ok((left_out, unmade))
}

fn of_silently(against: Against) -> Result<Expected, Error> {
    let hash = chain::hash_of(against)?;
    // SAFETY: plain reads of the server's and the transaction's state.
    let (standby, read_only) = unsafe { (pg_sys::RecoveryInProgress(), pg_sys::XactReadOnly) };
    if let Some((outline, places)) = kept(&hash)? {
        if standby {
            notice!("this is a standby: the expected schema is the one that the primary worked out");
        }
        return Ok(Expected { against, hash, outline, places, pieces: OnceCell::new(), only: None });
    }
    if standby {
        return Err(Error::Standby { call: against.call() });
    }
    let Replay { hash, outline, pieces, schemas } = replay(against)?;
    let places = if read_only { Places::default() } else { keep(&hash, &outline, &pieces, schemas)? };
    Ok(Expected { against, hash, outline, places, pieces: pieces.into(), only: None })
}

/// The schema that these migrations give in a replay, which is kept as others are, and what there is to say of it. What happened
/// here does not correct it. `call` works it out.
pub fn of_migrations(migrations: Vec<Applied>, call: &'static str) -> Result<(Catalog, Summary), Error> {
    let applied = migrations.len();
    let chain = chain::of(migrations, Some(applied))?;
    // The same chain may be kept as the schema of this database, which is corrected.
    let hash = format!("{OF_TENANTS}{}", chain::hash(&chain));
    if let Some((outline, places)) = kept(&hash)? {
        let relations = places.relations.keys().cloned().collect();
        let known = Expected {
            against: Against::Applied,
            hash: hash.clone(),
            outline,
            places,
            pieces: OnceCell::new(),
            only: None,
        };
        if let Some(pieces) = known.kept_pieces(&relations)? {
            return Ok((join(pieces.into_catalogs()), known.outline));
        }
    }
    // SAFETY: plain reads of the server's and the transaction's state.
    let (standby, read_only) = unsafe { (pg_sys::RecoveryInProgress(), pg_sys::XactReadOnly) };
    if standby {
        return Err(Error::Standby { call });
    }
    let mut replayed = shadow::replay(&chain, &hash, None)?;
    if let Some(failed) = replayed.failed.take() {
        return Err(failed.into_error()?);
    }
    let pieces = Pieces::of(replayed.catalog);
    if !read_only {
        keep(&hash, &replayed.outline, &pieces, Vec::new())?;
    }
    Ok((join(pieces.into_catalogs()), replayed.outline))
}

/// What a replay gave.
struct Replay {
    /// Of the chain that was replayed.
    hash: String,
    outline: Summary,
    pieces: Pieces,
    /// The schemas that migrations made, or made relations in.
    schemas: Vec<String>,
}

/// Replays the chain, from the beginning or from what this session has kept of it.
fn replay(against: Against) -> Result<Replay, Error> {
    let mut chain = chain::chain(against)?;
    let mut hashes = chain::hashes(&chain);
    let hash = hashes.pop().expect("a chain has at least one beginning");
    let on_corrected = begin_from_corrected(against, &mut chain)?;
    #[cfg(debug_assertions)]
    let literally = chain.migrations.clone();
    let once = match against {
        Against::Applied => tenants::once_for_many(&mut chain)?,
        // They are replayed on top of what the applied ones give.
        Against::Journal | Against::JournalTo(_) => None,
    };
    if on_corrected || once.is_some() {
        hashes.clear();
    }
    let base = match shadow::kept().and_then(|kept| hashes.iter().position(|hash| *hash == kept)) {
        Some(done) => base(against, &hashes[done])?.map(|(known, pieces)| (done, known, pieces)),
        None => None,
    };
    let from =
        base.as_ref().map(|(n, known, _)| shadow::Base { migrations: *n, digests: known.digests.clone() });
    let replays = if once.is_some() { chain::hash(&chain) } else { hash.clone() };
    let mut replayed = shadow::replay(&chain, &replays, from)?;
    let Seen { evidence, unseen } = match against {
        Against::Applied => Seen::read()?,
        // What pending migrations change comes after all that was seen.
        Against::Journal | Against::JournalTo(_) => Seen::nothing(),
    };
    if let Some(failed) = replayed.failed.take() {
        let from = chain.migrations.iter().position(|migration| migration.version == failed.version);
        let mut rest = chain.migrations.iter().skip(from.unwrap_or(0));
        if against != Against::Applied || rest.any(|migration| unseen.contains(&migration.version)) {
            let is_pending = |at: &usize| chain.applied.is_some_and(|applied| *at >= applied);
            return Err(match from.filter(is_pending) {
                Some(at) => failed.into_error_of_pending(&chain.migrations[at])?,
                None => failed.into_error()?,
            });
        }
        replayed.outline.failed = Some(failed);
    }
    let fresh = Pieces::of(replayed.catalog);
    let mut outline = replayed.outline;
    let pieces = match (base, replayed.differing) {
        (Some((_, known, pieces)), Some(differing)) => {
            outline.left_out.splice(0..0, known.left_out);
            pieces.but_for(&differing, fresh)
        }
        _ => fresh,
    };
    #[cfg(debug_assertions)]
    assert!(
        !outline.unmade.is_empty() || pieces == Pieces::of(replayed.whole),
        "a schema in parts is not the whole schema"
    );
    let pieces = match &once {
        None => pieces,
        Some(once) => {
            outline.left_out.extend(once.left_out.iter().cloned());
            let pieces = Pieces::of(once.add_to(join(pieces.into_catalogs())));
            #[cfg(debug_assertions)]
            assert!(
                pieces == Pieces::of(shadow::replay(&chain::of(literally, None)?, "", None)?.catalog),
                "one replay for many tenants is not the replay of each of them"
            );
            pieces
        }
    };
    let before = chain.ground.as_ref().filter(|_| !chain.is_baseline);
    let schemas = schemas(&pieces, before);
    let pieces = match &chain.ground {
        Some(ground) if !outline.unmade.is_empty() => {
            let unmade: Vec<Address> = outline.unmade.iter().map(|of| of.object.clone()).collect();
            Pieces::of(ground::complete(join(pieces.into_catalogs()), ground.clone(), &unmade))
        }
        _ => pieces,
    };
    let failed_at = outline.failed.as_ref().map(|failed| failed.version.as_str());
    let pieces = match evidence.is_empty() {
        true => pieces,
        false => {
            let phantoms = Phantoms::new(&chain, &evidence, &unseen);
            let expected = join(pieces.clone().into_catalogs());
            let Corrected { schema, is_corrected, mut differences } =
                correct(expected, evidence, failed_at, evidence::server());
            let gone = phantoms.among(&schema)?;
            differences.extend(gone.iter().map(|table| ReplayDifference::never_here(table)));
            outline.differences = differences;
            match is_corrected || !gone.is_empty() {
                false => pieces,
                true => {
                    outline.is_corrected = true;
                    Pieces::of(without_tables(schema, &gone))
                }
            }
        }
    };
    outline.is_corrected |=
        on_corrected || once.is_some() || outline.failed.is_some() || !outline.unmade.is_empty();
    if outline.is_corrected {
        outline.digests = Digests::unknown(pieces.relations.keys().cloned());
    }
    Ok(Replay { hash, outline, pieces, schemas })
}

/// From what migrations are rehearsed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// What the applied migrations gave.
    Applied,
    /// What stood here before the first migration, or at a baseline.
    Ground,
}

/// Runs migrations in a shadow, on top of what is expected, and tells what each of them does there. Nothing of it is kept.
pub fn rehearse(from: From, runs: &[Run]) -> Result<Vec<Option<Ran>>, Error> {
    if spi::is_standby() {
        return Err(Error::OnStandby { command: "a rehearsal".to_owned() });
    }
    let mut chain = match chain::hash_of(Against::Applied) {
        Err(Error::NothingApplied) => chain::of_ground()?,
        hash => {
            hash?;
            chain::chain(Against::Applied)?
        }
    };
    match from {
        From::Ground => chain.migrations.clear(),
        // Where a replay does not give what is here, what is here counts.
        From::Applied if !chain.migrations.is_empty() => {
            let here = of_silently(Against::Applied)?;
            if here.outline.is_corrected {
                let all = here.digests().relations.iter().map(|(relation, _)| relation.clone()).collect();
                chain.ground = Some(join(here.pieces(&all)?.into_catalogs()));
                chain.migrations.clear();
            }
        }
        From::Applied => {}
    }
    let hash = chain::hashes(&chain).pop().expect("a chain has at least one beginning");
    shadow::rehearse(&chain, &hash, runs)
}

/// Where what the applied migrations gave here is not what their replay gives, pending ones are replayed on top of what they
/// gave here. Returns whether that is so.
fn begin_from_corrected(against: Against, chain: &mut chain::Chain) -> Result<bool, Error> {
    let Some(applied) = chain.applied.filter(|applied| against != Against::Applied && *applied > 0) else {
        return Ok(false);
    };
    let here = of_silently(Against::Applied)?;
    if !here.outline.is_corrected {
        return Ok(false);
    }
    let all = here.digests().relations.iter().map(|(relation, _)| relation.clone()).collect();
    chain.ground = Some(join(here.pieces(&all)?.into_catalogs()));
    chain.is_baseline = true;
    chain.migrations.drain(..applied);
    Ok(true)
}

/// Tables that a replay makes and that never were here, as partitions that are named after a moment: no migration touched
/// them here, and nobody else made them.
struct Phantoms {
    /// Whether it is known of each migration what it touched here.
    all_is_seen: bool,
    /// What was touched, and what stood here before.
    known: BTreeSet<String>,
}

impl Phantoms {
    fn new(chain: &chain::Chain, evidence: &[Evidence], unseen: &BTreeSet<String>) -> Self {
        let touched = evidence.iter().flat_map(|of| of.touched.keys().cloned());
        let before = chain.stood_here.iter().map(|table| format!("table {table}"));
        Self {
            all_is_seen: !chain.migrations.iter().any(|of| unseen.contains(&of.version)),
            known: touched.chain(before).collect(),
        }
    }

    fn among(&self, expected: &Catalog) -> Result<BTreeSet<String>, Error> {
        let tables = expected.tables.iter().filter(|table| table.foreign.is_none());
        let unknown: BTreeSet<String> = tables
            .map(|table| table.identity.clone())
            .filter(|table| !self.known.contains(&format!("table {table}")))
            .collect();
        if unknown.is_empty() || !self.all_is_seen {
            return Ok(BTreeSet::new());
        }
        let by_others = evidence::tables_of_others(&unknown)?;
        Ok(unknown.into_iter().filter(|table| !by_others.contains(&format!("table {table}"))).collect())
    }
}

/// All that is kept of the schema of a chain.
fn base(against: Against, hash: &str) -> Result<Option<(Summary, Pieces)>, Error> {
    let Some((outline, places)) = kept(hash)? else { return Ok(None) };
    // What was corrected is not what the shadow holds.
    if outline.is_corrected {
        return Ok(None);
    }
    let relations = places.relations.keys().cloned().collect();
    let known =
        Expected { against, hash: hash.to_owned(), outline, places, pieces: OnceCell::new(), only: None };
    let pieces = known.kept_pieces(&relations)?;
    Ok(pieces.map(|pieces| (known.outline, pieces)))
}

/// Says what the expected schema does not know of, whether it was worked out now or before.
fn tell_left_out(outline: &Summary) {
    let mut counts = BTreeMap::new();
    for item in &outline.left_out {
        *counts.entry(item.what.as_str()).or_insert(0) += 1;
    }
    if !counts.is_empty() {
        let listed: Vec<String> = counts.iter().map(|(what, n)| format!("{what} ({n})")).collect();
        notice!(
            "left out of the replay, because it reaches outside the database, and not compared: {}. See nself_replay_left_out()",
            listed.join(", ")
        );
    }
    if !outline.unmade.is_empty() {
        let listed: Vec<String> = outline.unmade.iter().map(|of| of.object.to_string()).collect();
        notice!(
            "not in the replay, because the shadow database cannot have it, and expected as it was before the first migration: {}. See nself_replay_left_out()",
            listed.join(", ")
        );
    }
    if let Some(failed) = &outline.failed {
        notice!(
            "migration {} cannot be replayed: what it and later ones left here is expected, as it was seen then. See nself_migrate_verify(replay => true)",
            failed.version
        );
    } else if !outline.differences.is_empty() {
        let mut by_version: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for of in &outline.differences {
            by_version.entry(&of.version).or_default().push(of.object.to_string());
        }
        let listed: Vec<String> = by_version
            .iter()
            .map(|(version, objects)| format!("{version} ({})", objects.join(", ")))
            .collect();
        notice!(
            "migrations that did something else here than in a replay, which is expected: {}. See nself_migrate_verify(replay => true)",
            listed.join("; ")
        );
    }
}

/// True if the applied migrations define this schema. Also true while their expected state is not kept.
pub fn is_managed(schema: &str) -> Result<bool, Error> {
    let hash = match chain::hash_of(Against::Applied) {
        Err(Error::NothingApplied) => return Ok(false),
        hash => hash?,
    };
    let managed: Option<bool> = as_extension_owner(|| {
        spi::read_one(
            "SELECT $2 = ANY (schemas) FROM nself.expected_state WHERE chain_hash = $1",
            &[hash.as_str().into(), schema.into()],
        )
    })?;
    Ok(managed.unwrap_or(true))
}
