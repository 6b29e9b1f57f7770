//! What two schemas share is read once: of a schema that was read in part, the rest is as in the one that is known.

use std::collections::BTreeSet;

use super::Differing;
use crate::model::{Acl, Address, Catalog, Comment, Definition, DefinitionKind};

/// A whole schema: what `differing` names is as in `fresh`, and all else as in `known`.
pub fn complete(known: &Catalog, fresh: Catalog, differing: &Differing) -> Catalog {
    let composites = |catalog: &Catalog| -> BTreeSet<String> {
        catalog.composites.iter().map(|composite| composite.identity.clone()).collect()
    };
    let same = Same { differing, composites: composites(known) };
    let of_rest = !differing.rest;
    let Catalog {
        mut schemas,
        mut extensions,
        mut enums,
        mut domains,
        mut composites,
        mut sequences,
        mut tables,
        mut constraints,
        mut indexes,
        mut definitions,
        mut acls,
        mut comments,
        dependencies,
    } = fresh;
    if of_rest {
        schemas.extend_from_slice(&known.schemas);
        extensions.extend_from_slice(&known.extensions);
        enums.extend_from_slice(&known.enums);
        domains.extend_from_slice(&known.domains);
    }
    take(&mut composites, &known.composites, |of| same.relation(&of.identity), |of| &of.identity);
    take(&mut sequences, &known.sequences, |of| same.relation(&of.identity), |of| &of.identity);
    take(&mut tables, &known.tables, |of| same.relation(&of.identity), |of| &of.identity);
    take(&mut constraints, &known.constraints, |of| same.relation(&of.table_identity), |of| &of.identity);
    take(&mut indexes, &known.indexes, |of| same.relation(&of.table_identity), |of| &of.identity);
    take(&mut definitions, &known.definitions, |of| same.definition(of), |of| &of.identity);
    take(&mut acls, &known.acls, |of| same.acl(of), |of| &of.identity);
    take(&mut comments, &known.comments, |of| same.comment(of), |of| &of.identity);
    Catalog {
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
        dependencies,
    }
}

/// Takes those that are the same, in the order that a whole reading has.
fn take<T: Clone>(
    fresh: &mut Vec<T>,
    known: &[T],
    is_same: impl Fn(&T) -> bool,
    key: impl Fn(&T) -> &String,
) {
    fresh.extend(known.iter().filter(|of| is_same(of)).cloned());
    fresh.sort_by(|a, b| key(a).cmp(key(b)));
}

/// Tells what need not have been read.
struct Same<'a> {
    differing: &'a Differing,
    /// Relations that are called types.
    composites: BTreeSet<String>,
}

impl Same<'_> {
    fn relation(&self, identity: &str) -> bool {
        !self.differing.relations.contains(identity)
    }

    /// An object that is a relation, or hangs on none.
    fn object(&self, object_type: &str, identity: &str) -> bool {
        let is_relation = match object_type {
            "table" | "foreign table" | "view" | "materialized view" | "sequence" | "index"
            | "composite type" => true,
            "type" => self.composites.contains(identity),
            _ => false,
        };
        if is_relation { self.relation(identity) } else { !self.differing.rest }
    }

    fn definition(&self, definition: &Definition) -> bool {
        match (definition.kind, &definition.of) {
            (DefinitionKind::View | DefinitionKind::MaterializedView, _) => {
                self.relation(&definition.identity)
            }
            (
                DefinitionKind::Rule
                | DefinitionKind::Trigger
                | DefinitionKind::Policy
                | DefinitionKind::Statistics,
                Some(of),
            ) => self.relation(&of.identity),
            _ => !self.differing.rest,
        }
    }

    fn part(&self, of: &Option<Address>, object_type: &str, identity: &str) -> bool {
        match of {
            Some(of) => self.object(&of.object_type, &of.identity),
            None => self.object(object_type, identity),
        }
    }

    fn acl(&self, acl: &Acl) -> bool {
        self.part(&acl.of, &acl.object_type, &acl.identity)
    }

    fn comment(&self, comment: &Comment) -> bool {
        self.part(&comment.of, &comment.object_type, &comment.identity)
    }
}
