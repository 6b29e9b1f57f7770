//! The ground: what stood in a database before its first migration. A replay begins from it, so it is expected.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::ddl::Action;
use crate::diff::{diff, owner_changes, relation_type};
use crate::ignore::matches;
use crate::model::{Address, Catalog};
use crate::pieces::join;
use crate::plan::{self, Facts, Kind, Options, Step, Verdict};

/// What brings a database nearer to the ground: for one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Making {
    pub object: Address,
    /// The database lacks it.
    pub is_missing: bool,
    /// To be run one after the other; nothing where no statement does it.
    pub sql: String,
}

/// What is to be run in an empty database, or in one that lacks something of the ground, to make the ground there. The
/// caller runs all of it, reads the database again and asks again, until nothing more is gained: what is made anew belongs to
/// whoever made it, and has the rights that such an object has by itself.
///
/// Event triggers are for the end, because they would see what is still to be made.
///
/// Unlike a heal it takes away and replaces, too: it is for a throw-away database alone.
pub fn makings(ground: &Catalog, there: &Catalog, event_triggers: bool) -> Vec<Making> {
    // To fill a view is for its owner, see `fillings`.
    let mut empty = ground.clone();
    empty.definitions.iter_mut().filter(|of| of.filled.is_some()).for_each(|of| of.filled = Some(false));
    let mut makings: Vec<Making> = steps(&empty, there).into_iter().filter_map(making).collect();
    if !event_triggers {
        makings.retain(|making| {
            making.object.object_type != "event trigger"
                && !making.object.identity.starts_with("event trigger ")
        });
    }
    makings
}

/// What fills the materialized views that were filled, with the rights of their owners.
pub fn fillings(ground: &Catalog) -> Vec<String> {
    let filled = ground.definitions.iter().filter(|of| of.filled == Some(true));
    filled.map(|view| format!("REFRESH {}", view.sql_name)).collect()
}

fn steps(ground: &Catalog, there: &Catalog) -> Vec<Step> {
    let mut changes = diff(ground, there);
    changes.extend(owner_changes(ground, there));
    // Nothing was renamed: each object is made as it was.
    let not_renamed = changes.iter().map(|change| change.object().identity()).collect();
    let options = Options {
        rewrite_limit: u64::MAX,
        not_renamed,
        allowed: Vec::new(),
        server_version: 150_000,
        throw_away: true,
    };
    plan::plan(ground, there, &changes, &Facts::default(), &options).steps
}

fn making(step: Step) -> Option<Making> {
    let sql = match &step.verdict {
        Verdict::Additive(work) => work.actions.iter().map(Action::sql).collect::<Vec<_>>().join(";\n"),
        Verdict::Blocked { .. } | Verdict::Manual { .. } => step.remedy.clone(),
    };
    // What goes with something that is to be taken away goes by itself.
    let goes_along = step.kind == Kind::Extra && step.part_of.is_some();
    // It was made as the ground has it, and is printed otherwise by this server: to make it anew, again and again, would only
    // give it other privileges.
    let is_replaced = step.kind == Kind::Changed && sql.starts_with("DROP ");
    (!goes_along && !is_replaced).then(|| Making {
        object: step.address(),
        is_missing: step.kind == Kind::Missing,
        sql,
    })
}

/// The objects of the ground, for a person: all but what is a part of another one, with a few words on what each is.
pub fn objects(ground: &Catalog) -> Vec<(Address, Option<String>)> {
    let empty = Catalog::default();
    steps(ground, &empty)
        .into_iter()
        .filter(|step| step.part_of.is_none() && step.kind == Kind::Missing && !is_of_every_database(step))
        .map(|step| (step.address(), step.expected))
        .collect()
}

/// What initdb makes is there in any case.
fn is_of_every_database(step: &Step) -> bool {
    let is_of_public = step.identity == "public" || step.identity.ends_with(" on schema public");
    is_of_public || step.identity.contains("information_schema")
}

/// The ground without what somebody has taken out of it: objects of these identities, and what is on them. `*` stands for
/// any characters.
pub fn without(mut ground: Catalog, forgotten: &[String]) -> Catalog {
    let is_forgotten = |identity: &str| forgotten.iter().any(|pattern| matches(pattern, identity));
    retain(&mut ground, |part| !is_forgotten(part.identity) && !part.on.is_some_and(is_forgotten));
    ground
}

/// What migrations make, by their text.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Schemas that they make, or make something in.
    pub schemas: BTreeSet<String>,
    pub extensions: BTreeSet<String>,
}

/// Of a schema that lives already what migrations did not make: other schemas with all that is in them, and other
/// extensions. `own` are the schemas in which they make what they name without one.
pub fn around(mut live: Catalog, made: &Made, own: &BTreeSet<String>) -> Catalog {
    let is_around = |schema: &str| !made.schemas.contains(schema) && !own.contains(schema);
    let whole: BTreeSet<String> = (live.schemas.iter())
        .filter(|schema| is_around(&schema.name) || schema.name == "public")
        .map(|schema| schema.identity.clone())
        .collect();
    live.schemas.retain(|of| whole.contains(&of.identity));
    live.extensions.retain(|of| !made.extensions.contains(&of.name));
    live.enums.retain(|of| is_around(&of.name.schema));
    live.domains.retain(|of| is_around(&of.name.schema));
    live.composites.retain(|of| is_around(&of.name.schema));
    live.sequences.retain(|of| is_around(&of.name.schema));
    live.tables.retain(|of| is_around(&of.name.schema));
    live.constraints.retain(|of| is_around(&of.table.schema));
    live.indexes.retain(|of| is_around(&of.name.schema));
    let tables: BTreeSet<String> = live.tables.iter().map(|of| of.identity.clone()).collect();
    live.definitions.retain(|of| match (&of.name, &of.of) {
        (_, Some(of)) => tables.contains(&of.identity),
        (Some(name), None) => is_around(&name.schema),
        // What is in no schema, as a cast or an event trigger.
        (None, None) => false,
    });
    let mut there = BTreeSet::new();
    retain(&mut live, |part| {
        if part.list == "objects" {
            there.insert(part.identity.to_owned());
        }
        true
    });
    let is_there = |identity: &str, of: &Option<Address>| {
        there.contains(of.as_ref().map_or(identity, |of| of.identity.as_str()))
    };
    live.acls.retain(|acl| acl.built_in || is_there(&acl.identity, &acl.of));
    live.comments.retain(|comment| is_there(&comment.identity, &comment.of));
    live
}

/// A replayed schema, completed by what stood in the live database before the first migration and could not be made in the
/// shadow: an extension that refuses other databases, say. What migrations made of it afterwards is not known.
pub fn complete(mut replayed: Catalog, mut ground: Catalog, unmade: &[Address]) -> Catalog {
    let mut there = BTreeSet::new();
    let key = |part: &Part| (part.list, part.object_type.to_owned(), part.identity.to_owned());
    retain(&mut replayed, |part| {
        there.insert(key(&part));
        true
    });
    let addresses: BTreeSet<(&str, &str)> =
        unmade.iter().map(|of| (of.object_type.as_str(), of.identity.as_str())).collect();
    let relations: BTreeSet<&str> =
        unmade.iter().filter(|of| is_relation(&of.object_type)).map(|of| of.identity.as_str()).collect();
    retain(&mut ground, |part| {
        let is_unmade = addresses.contains(&(part.object_type, part.identity))
            || part.on.is_some_and(|on| relations.contains(on));
        is_unmade && !there.contains(&key(&part))
    });
    // They tell in which order things can be made here, and this cannot be made.
    ground.dependencies.clear();
    join([replayed, ground])
}

pub(crate) fn is_relation(object_type: &str) -> bool {
    matches!(object_type, "table" | "foreign table" | "view" | "materialized view" | "sequence")
}

/// A part of a schema.
pub(crate) struct Part<'a> {
    pub(crate) list: &'static str,
    pub(crate) object_type: &'a str,
    pub(crate) identity: &'a str,
    /// The identity of the relation, or of another object, that it hangs on.
    pub(crate) on: Option<&'a str>,
}

/// Leaves in a schema what `keeps` says.
pub(crate) fn retain(schema: &mut Catalog, mut keeps: impl FnMut(Part) -> bool) {
    let Catalog {
        schemas,
        extensions,
        enums,
        domains,
        composites,
        sequences,
        tables,
        constraints,
        indexes,
        definitions,
        acls,
        comments,
        // Follow from the objects.
        dependencies: _,
        unread: _,
    } = schema;
    let mut object = |object_type: &str, identity: &str, on: Option<&str>| {
        keeps(Part { list: "objects", object_type, identity, on })
    };
    schemas.retain(|of| object("schema", &of.identity, None));
    extensions.retain(|of| object("extension", &of.identity, None));
    enums.retain(|of| object("type", &of.identity, None));
    domains.retain(|of| object("type", &of.identity, None));
    composites.retain(|of| object("type", &of.identity, None));
    sequences.retain(|of| {
        let table = of.owned_by.as_ref().and_then(|by| by.identity.rsplit_once('.'));
        object("sequence", &of.identity, table.map(|(table, _)| table))
    });
    tables.retain(|of| object(relation_type(of), &of.identity, None));
    constraints.retain(|of| object("table constraint", &of.identity, Some(&of.table_identity)));
    indexes.retain(|of| object("index", &of.identity, Some(&of.table_identity)));
    definitions
        .retain(|of| object(of.kind.as_str(), &of.identity, of.of.as_ref().map(|of| of.identity.as_str())));
    acls.retain(|of| {
        let (object_type, identity) = (of.object_type.as_str(), of.identity.as_str());
        let on = of.of.as_ref().map(|of| of.identity.as_str());
        keeps(Part { list: "privileges", object_type, identity, on })
    });
    comments.retain(|of| {
        let (object_type, identity) = (of.object_type.as_str(), of.identity.as_str());
        let on = of.of.as_ref().map(|of| of.identity.as_str());
        keeps(Part { list: "comments", object_type, identity, on })
    });
}
