//! Evidence: what migrations made, altered and dropped in this database, seen while they ran. It is the second witness
//! beside the replay, for migrations that look at what a replay has not: rows, roles, settings, the name of the database,
//! the day.

#[cfg(test)]
mod tests;
mod upgrade;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::diff::{Change, Difference, Object, diff, owner_changes, relation_type};
use crate::ground::{Part, is_relation, retain};
use crate::model::{Acl, Address, Catalog, Column, Comment};
use crate::pieces::join;
pub use upgrade::{adopt_maintain, brought_up, maintain_in_question};

/// What the migrations of one transaction left.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The migrations, in order.
    pub versions: Vec<String>,
    /// What they touched, as event triggers call it (`table public.t`, `comment table public.t`, `grant table public.t`),
    /// with the migration that did it last.
    pub touched: BTreeMap<String, String>,
    /// Of these names those that were dropped, or are of nothing since a rename. They may have been made again.
    pub dropped: BTreeSet<String>,
    /// How all of it was afterwards.
    pub schema: Catalog,
    /// Of these names those that somebody had touched before outside of migrations: how they were before is not known.
    pub by_others: BTreeSet<String>,
    /// Whether something has another name since: then definitions of before, of things that name it, read otherwise.
    pub renames: bool,
    /// The major version of the server, which printed the texts.
    pub server: u32,
}

impl Evidence {
    /// Calls migrations by their new versions, given by the old ones.
    pub fn rename(&mut self, renamed: &BTreeMap<String, String>) {
        for version in self.versions.iter_mut().chain(self.touched.values_mut()) {
            if let Some(new) = renamed.get(version) {
                version.clone_from(new);
            }
        }
    }
}

/// A migration did something else here than in the replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayDifference {
    pub version: String,
    pub object: Address,
    /// What the replay has; nothing if it has not the object.
    pub replay: Option<String>,
    /// What the migration left here.
    pub here: Option<String>,
}

impl ReplayDifference {
    /// A table that the replay makes and that never was here. Which migration makes it there is not known.
    pub fn never_here(table: &str) -> Self {
        Self {
            version: String::new(),
            object: Address::new("table", table),
            replay: Some(String::new()),
            here: None,
        }
    }
}

/// A part of a schema as one thing that is believed or not: the list that it is in, its type and identity.
type Unit = (&'static str, String, String);

fn unit(part: &Part) -> Unit {
    (part.list, part.object_type.to_owned(), part.identity.to_owned())
}

fn units(schema: &mut Catalog) -> BTreeSet<Unit> {
    let mut units = BTreeSet::new();
    retain(schema, |part| {
        units.insert(unit(&part));
        true
    });
    units
}

/// What event triggers call a part of a schema.
fn name(part: &Part) -> String {
    let prefix = match part.list {
        "privileges" => "grant ",
        "comments" => "comment ",
        _ => "",
    };
    format!("{prefix}{} {}", part.object_type, part.identity)
}

/// The one name of what event triggers give two names, by the command.
pub fn one_name(name: String) -> String {
    match name.strip_prefix("composite type ") {
        Some(identity) => format!("type {identity}"),
        None => name,
    }
}

/// A schema without these tables and all that is on them.
pub fn without_tables(mut schema: Catalog, tables: &BTreeSet<String>) -> Catalog {
    retain(&mut schema, |part| {
        !tables.contains(part.identity) && !part.on.is_some_and(|on| tables.contains(on))
    });
    schema
}

/// Of what was read those parts that were touched, and what is on touched relations.
pub fn only_touched(mut read: Catalog, touched: &BTreeMap<String, String>) -> Catalog {
    let relations = relations(touched.keys());
    retain(&mut read, |part| {
        touched.contains_key(&name(&part)) || belongs_to(&part, |relation| relations.contains(relation))
    });
    // Whether it is understood now is what counts.
    read.unread.clear();
    let names: BTreeSet<(&str, &str)> = touched.keys().filter_map(|name| split(name)).collect();
    read.dependencies.retain(|of| {
        names.contains(&(of.object_type.as_str(), of.identity.as_str()))
            || relations.iter().any(|relation| of.identity.contains(*relation))
    });
    read
}

/// What event triggers call each part of a schema, and each column.
pub fn all_names(mut schema: Catalog) -> BTreeSet<String> {
    let mut all = names(&mut schema);
    for table in &schema.tables {
        let column = |column: &Column| format!("{} column {}", relation_type(table), column.identity);
        all.extend(table.columns.iter().map(column));
    }
    all
}

fn names(schema: &mut Catalog) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    retain(schema, |part| {
        names.insert(name(&part));
        true
    });
    names
}

/// The names of relations among these.
fn relations<'a>(names: impl IntoIterator<Item = &'a String>) -> BTreeSet<&'a str> {
    names
        .into_iter()
        .filter_map(|name| split(name))
        .filter(|(kind, _)| is_relation(kind))
        .map(|(_, of)| of)
        .collect()
}

/// The type and the identity in a name.
fn split(name: &str) -> Option<(&str, &str)> {
    // Types of two words come before those that are their first one.
    const TYPES: [&str; 15] = [
        "foreign table column",
        "materialized view column",
        "foreign table",
        "materialized view",
        "table column",
        "table constraint",
        "event trigger",
        "view column",
        "operator class",
        "operator family",
        "access method",
        "user mapping",
        "default value",
        "statistics object",
        "default acl",
    ];
    TYPES
        .iter()
        .find_map(|kind| Some((*kind, name.strip_prefix(kind)?.strip_prefix(' ')?)))
        .or_else(|| name.split_once(' '))
}

/// What was touched, by the names of event triggers, and is not now as it was seen last; with the migration that touched it, if
/// that is known. What is gone is left out.
pub fn read_otherwise(
    evidence: Vec<Evidence>,
    mut now: Catalog,
    server: u32,
) -> BTreeMap<String, Option<String>> {
    let mut known = Known::default();
    evidence.into_iter().for_each(|of| known.add(of, false, server));
    let relations = relations_of(&known.schema);
    retain(&mut now, |part| {
        known.names.contains_key(&name(&part)) || belongs_to(&part, |relation| relations.contains(relation))
    });
    let there = units(&mut now);
    differing(&known.schema, &now)
        .into_iter()
        .filter(|unit| there.contains(unit))
        .map(|unit| {
            let name = name_of(&unit);
            let version = known.names.get(&name).cloned();
            (name, version)
        })
        .collect()
}

/// The parts that two schemas have in different forms, or that only one of them has; nothing of what only a part of a whole
/// tells.
fn differing(one: &Catalog, other: &Catalog) -> BTreeSet<Unit> {
    let mut differing: BTreeSet<Unit> = said_differently(one, other).into_keys().collect();
    let mut changes = diff(one, other);
    changes.extend(owner_changes(one, other));
    differing.extend(changes.iter().map(|change| unit_of(&change.object())));
    differing
}

/// What was done to a schema: as event triggers tell it, or as two readings do.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Types and identities of what was made, altered or dropped, as event triggers call it.
    pub names: BTreeSet<String>,
    /// Those that were dropped.
    pub dropped: BTreeSet<String>,
    /// Those that were there before, as far as that is known: event triggers do not tell it.
    pub was_there: BTreeSet<String>,
    /// Whether something has another name since, or is in another schema: then older names may be of nothing. Of two readings
    /// each name is one of its own.
    pub renames: bool,
}

/// What was done between these readings of one schema, whoever did it. What was made anew just as it was is not seen.
pub fn touched_between(mut before: Catalog, mut after: Catalog) -> Touched {
    let (was, is) = (units(&mut before), units(&mut after));
    let differing = differing(&before, &after);
    let altered = differing.iter().filter(|unit| was.contains(unit) && is.contains(unit)).map(name_of);
    let dropped: BTreeSet<String> = was.difference(&is).map(name_of).collect();
    let was_there: BTreeSet<String> = altered.chain(dropped.iter().cloned()).collect();
    let names = is.difference(&was).map(name_of).chain(was_there.iter().cloned()).collect();
    Touched { names, dropped, was_there, renames: false }
}

/// What a replay gave, with what the evidence says of it.
#[derive(Debug, PartialEq)]
pub struct Corrected {
    pub schema: Catalog,
    /// Whether that is not what the replay gave.
    pub is_corrected: bool,
    pub differences: Vec<ReplayDifference>,
}

/// Corrects a replayed schema by the evidence, given in the order in which it was taken.
///
/// What a migration touched here counts as it was afterwards, unless somebody else had touched it before: then the replay
/// is the better witness. Where the replay failed at a migration, what that one and later ones touched counts in any case.
pub fn correct(
    replayed: Catalog,
    evidence: Vec<Evidence>,
    failed_at: Option<&str>,
    server: u32,
) -> Corrected {
    let failed_from = failed_at
        .and_then(|version| evidence.iter().position(|of| of.versions.iter().any(|other| other == version)));
    let mut known = Known::default();
    for (place, of) in evidence.into_iter().enumerate() {
        known.add(of, failed_from.is_some_and(|from| place >= from), server);
    }
    known.correct(replayed)
}

/// The last word of all evidence.
#[derive(Default)]
struct Known {
    /// Relations that were touched, with all that is on them, and what else was.
    schema: Catalog,
    /// The names of what was touched, with the migration that did it last.
    names: BTreeMap<String, String>,
    /// Those that were dropped.
    dropped: BTreeSet<String>,
    /// Those of which the replay is the better witness of how they are, if both have them.
    distrusted: BTreeSet<String>,
    /// Those whose texts were printed by another server, or before something in them had another name.
    worded_otherwise: BTreeSet<String>,
}

impl Known {
    fn add(&mut self, evidence: Evidence, in_any_case: bool, server: u32) {
        let Evidence { versions: _, touched, dropped, schema, by_others, renames, server: of_server } =
            evidence;
        if renames {
            // Comments and privileges name nothing that could have another name.
            let says_no_name = |name: &&String| name.starts_with("comment ") || name.starts_with("grant ");
            self.worded_otherwise.extend(self.names.keys().filter(|name| !says_no_name(name)).cloned());
        }
        let mut schema = brought_up(schema, of_server, server);
        let (relations, there) = (relations_of(&schema), names(&mut schema));
        let gone: BTreeSet<&str> =
            self::relations(&dropped).into_iter().filter(|of| !relations.contains(*of)).collect();
        let gone_for_good: BTreeSet<&str> =
            dropped.iter().filter(|name| !there.contains(*name)).map(String::as_str).collect();
        let mut read_along = BTreeSet::new();
        let keys: Vec<(String, String)> = schema
            .constraints
            .iter()
            .filter_map(|key| {
                Some((
                    key.identity.strip_suffix(&format!(" on {}", key.table_identity))?.to_owned(),
                    key.table_identity.clone(),
                ))
            })
            .collect();
        retain(&mut self.schema, |part| {
            let is_known_anew = |relation: &str| relations.contains(relation) || gone.contains(relation);
            // A sequence is on a table, but not read with it.
            let is_read_with_relation =
                !is_relation(part.object_type) || gone.contains(part.on.unwrap_or(""));
            let own = name(&part);
            let is_touched = touched.contains_key(&own);
            // What is said of something goes with it.
            let is_said_of_dropped = part.list != "objects" && is_of_one(&part, &gone_for_good);
            let goes = is_touched
                || is_said_of_dropped
                || is_known_anew(part.identity)
                || is_read_with_relation && belongs_to(&part, is_known_anew);
            let is_relation = part.list == "objects" && is_relation(part.object_type);
            let is_of_gone = belongs_to(&part, |relation| gone.contains(relation));
            let goes_with_another = is_of_gone || is_said_of_dropped;
            if goes && !is_touched && !is_relation && !goes_with_another && !is_key(&part, &keys) {
                // It is read again only because its relation was touched: whoever has altered it, it was not this migration.
                read_along.insert(unit(&part));
                self.distrusted.insert(own);
                return true;
            }
            !goes
        });
        retain(&mut schema, |part| !read_along.contains(&unit(&part)));
        for name in touched.keys() {
            let _ = match dropped.contains(name) && !there.contains(name) {
                true => self.dropped.insert(name.clone()),
                false => self.dropped.remove(name),
            };
            let _ = match by_others.contains(name) && !in_any_case {
                true => self.distrusted.insert(name.clone()),
                false => self.distrusted.remove(name),
            };
            let _ = match of_server == server {
                true => self.worded_otherwise.remove(name),
                false => self.worded_otherwise.insert(name.clone()),
            };
        }
        self.names.extend(touched);
        self.schema = join([std::mem::take(&mut self.schema), schema]);
    }

    fn correct(mut self, mut replayed: Catalog) -> Corrected {
        let (in_replay, here) = (relations_of(&replayed), relations_of(&self.schema));
        let touched = relations(self.names.keys());
        let dropped = relations(&self.dropped);
        // A relation that only one side has comes and goes with all that is on it.
        let comes_or_goes = |relation: &str| {
            touched.contains(relation)
                && (!in_replay.contains(relation) && here.contains(relation)
                    || in_replay.contains(relation) && !here.contains(relation) && dropped.contains(relation))
        };
        let is_touched = |part: &Part| self.names.contains_key(&name(part));
        let known = units(&mut self.schema);
        let replays = units(&mut replayed);
        // That something is not there is known where it was dropped, and of relations that were looked at as a whole.
        let is_known_to_be_gone = |part: &Part| {
            part.list != "objects"
                || self.dropped.contains(&name(part))
                || part.on.is_some_and(|on| here.contains(on))
                    && !is_relation(part.object_type)
                    && !self.distrusted.contains(&name(part))
        };
        let mut theirs = replayed.clone();
        retain(&mut theirs, |part| {
            is_touched(&part) && (known.contains(&unit(&part)) || is_known_to_be_gone(&part))
                || belongs_to(&part, comes_or_goes)
                || part.list == "objects" && is_relation(part.object_type) && comes_or_goes(part.identity)
        });
        let mut ours = self.schema;
        retain(&mut ours, |part| is_touched(&part) || belongs_to(&part, comes_or_goes));
        let mut changed: BTreeMap<Unit, Sides> = said_differently(&theirs, &ours);
        let mut changes = diff(&theirs, &ours);
        changes.extend(owner_changes(&theirs, &ours));
        for change in changes {
            let unit = unit_of(&change.object());
            if unit.0 == "objects" {
                changed.entry(unit).or_insert_with(|| sides(&change));
            }
        }
        changed.retain(|unit, _| {
            let (name, (list, _, identity)) = (name_of(unit), unit);
            // Privileges are there where they are not the usual ones, and so they are altered either way.
            let is_altered = *list != "objects" || known.contains(unit) && replays.contains(unit);
            let is_with_relation = *list != "objects" && comes_or_goes(identity);
            !is_altered
                || is_with_relation
                || !self.distrusted.contains(&name) && !self.worded_otherwise.contains(&name)
        });
        let differences = changed.iter().filter_map(|(unit, (replay, here))| {
            let version = version_of(unit, &self.names)?;
            Some(ReplayDifference {
                version,
                object: address(unit),
                replay: replay.clone(),
                here: here.clone(),
            })
        });
        let differences: Vec<ReplayDifference> = differences.collect();
        let is_changed = |part: &Part| changed.contains_key(&unit(part)) || belongs_to(part, comes_or_goes);
        retain(&mut replayed, |part| !is_changed(&part));
        retain(&mut ours, |part| is_changed(&part));
        Corrected {
            is_corrected: !changed.is_empty(),
            schema: without_what_hangs_on_nothing(join([replayed, ours]), &self.names),
            differences,
        }
    }
}

/// Whether a comment or privileges are of one of these, given by what event triggers call them, or of a part of a type.
fn is_of_one(part: &Part, names: &BTreeSet<&str>) -> bool {
    let Part { object_type, identity, .. } = part;
    if *object_type == "composite type column" {
        let is_in = |name: &&&str| {
            let of_type = name.strip_prefix("type ").and_then(|of_type| identity.strip_prefix(of_type));
            of_type.is_some_and(|column| column.starts_with('.'))
        };
        return names.iter().any(|name| is_in(&name));
    }
    names.contains(one_name(format!("{object_type} {identity}")).as_str())
}

/// Whether an index is that of one of these constraints by now, given by their names and tables: ADD CONSTRAINT … USING INDEX.
fn is_key(part: &Part, keys: &[(String, String)]) -> bool {
    part.object_type == "index"
        && keys.iter().any(|(name, table)| {
            part.on == Some(table.as_str()) && part.identity.ends_with(&format!(".{name}"))
        })
}

/// Without what evidence knows on relations that are gone: an index that has another table since, say.
fn without_what_hangs_on_nothing(mut schema: Catalog, names: &BTreeMap<String, String>) -> Catalog {
    let there = relations_of(&schema);
    let gone: BTreeSet<&str> =
        relations(names.keys()).into_iter().filter(|relation| !there.contains(*relation)).collect();
    retain(&mut schema, |part| !belongs_to(&part, |relation| gone.contains(relation)));
    schema
}

/// Whether a part is on such a relation, or is what is said of one.
fn belongs_to(part: &Part, is_such: impl Fn(&str) -> bool) -> bool {
    part.on.is_some_and(&is_such) || part.list != "objects" && is_such(part.identity)
}

fn relations_of(schema: &Catalog) -> BTreeSet<String> {
    let tables = schema.tables.iter().map(|of| &of.identity);
    let views = schema.definitions.iter().filter(|of| of.is_view()).map(|of| &of.identity);
    tables.chain(views).chain(schema.sequences.iter().map(|of| &of.identity)).cloned().collect()
}

/// What the replay and the evidence say of something; nothing where it is not there.
type Sides = (Option<String>, Option<String>);

/// Privileges and comments that differ: a schema in parts need not hold what they are of, so they are compared as they are.
fn said_differently(theirs: &Catalog, ours: &Catalog) -> BTreeMap<Unit, Sides> {
    let mut changed = BTreeMap::new();
    let acls = |schema: &Catalog| -> BTreeMap<Unit, String> {
        let line = |of: &Acl| {
            let grants = of.grants.iter().map(|grant| format!("{} to {}", grant.privilege, grant.grantee));
            (
                ("privileges", of.object_type.clone(), of.identity.clone()),
                grants.collect::<Vec<_>>().join(", "),
            )
        };
        schema.acls.iter().map(line).collect()
    };
    let comments = |schema: &Catalog| -> BTreeMap<Unit, String> {
        let line =
            |of: &Comment| (("comments", of.object_type.clone(), of.identity.clone()), of.text.clone());
        schema.comments.iter().map(line).collect()
    };
    for (theirs, ours) in [(acls(theirs), acls(ours)), (comments(theirs), comments(ours))] {
        let units: BTreeSet<&Unit> = theirs.keys().chain(ours.keys()).collect();
        for unit in units {
            let sides = (theirs.get(unit).cloned(), ours.get(unit).cloned());
            if sides.0 != sides.1 {
                changed.insert(unit.clone(), sides);
            }
        }
    }
    changed
}

fn sides(change: &Change) -> Sides {
    match change {
        Change::Missing(object) => (Some(object.summary().unwrap_or_default()), None),
        Change::Extra(object) => (None, Some(object.summary().unwrap_or_default())),
        Change::Changed { differences, .. } => {
            let text = |side: fn(&Difference) -> &String| {
                Some(differences.iter().map(side).cloned().collect::<Vec<_>>().join(", "))
            };
            (text(|of| &of.expected), text(|of| &of.actual))
        }
    }
}

fn name_of((list, object_type, identity): &Unit) -> String {
    name(&Part { list, object_type, identity, on: None })
}

/// The migration that touched it, by its own name. What goes with a relation is not told by itself.
fn version_of(unit: &Unit, names: &BTreeMap<String, String>) -> Option<String> {
    names.get(&name_of(unit)).cloned()
}

fn address((list, object_type, identity): &Unit) -> Address {
    match *list {
        "privileges" => Address::new("privileges on", &format!("{object_type} {identity}")),
        "comments" => Address::new("comment on", &format!("{object_type} {identity}")),
        _ => Address::new(object_type, identity),
    }
}

/// The part of the schema that a change is in.
fn unit_of(object: &Object) -> Unit {
    let of = |object_type: &str, identity: &str| ("objects", object_type.to_owned(), identity.to_owned());
    match object {
        Object::Column(table, _)
        | Object::Default(table, _)
        | Object::NotNull(table, _)
        | Object::RowSecurity(table)
        | Object::ForcedRowSecurity(table) => of(relation_type(table), &table.identity),
        Object::EnumValue(of_type, _) => of("type", &of_type.identity),
        Object::DomainConstraint(domain, _) => of("type", &domain.identity),
        Object::Grant(privileges) => {
            ("privileges", privileges.acl.object_type.clone(), privileges.acl.identity.clone())
        }
        Object::Comment(comment) => ("comments", comment.object_type.clone(), comment.identity.clone()),
        Object::Owner(owned) => of(owned.object_type, owned.identity),
        object => of(object.object_type(), &object.identity()),
    }
}
