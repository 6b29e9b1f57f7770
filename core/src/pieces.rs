//! A schema in pieces: one for each relation with all that hangs on it, and one for the rest. A piece can be read, kept
//! and compared without the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Differing;
use crate::model::{Address, Catalog, Definition, DefinitionKind};

/// The version of the form in which expected schemas are kept: of the types in `model` and `digest`, of what the queries
/// and digests say, and of what a replay leaves out. Raise it with every change of these. The test heal_every_kind fails
/// where a kept schema has other bytes than before.
pub const FORM: u32 = 9;

/// A schema, or some pieces of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pieces {
    /// By the identity of the relation.
    pub relations: BTreeMap<String, Catalog>,
    pub rest: Catalog,
}

impl Pieces {
    pub fn of(whole: Catalog) -> Self {
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
            dependencies,
            unread,
        } = whole;
        let mut cut = Cut {
            row_types: (composites.iter().map(|composite| &composite.identity))
                .chain(tables.iter().map(|table| &table.identity))
                .chain(definitions.iter().filter(|of| of.is_view()).map(|view| &view.identity))
                .cloned()
                .collect(),
            parts: BTreeMap::new(),
            pieces: Pieces {
                rest: Catalog { schemas, extensions, enums, domains, unread, ..Catalog::default() },
                relations: BTreeMap::new(),
            },
        };
        for composite in composites {
            cut.piece(&composite.identity).composites.push(composite);
        }
        for sequence in sequences {
            cut.piece(&sequence.identity).sequences.push(sequence);
        }
        for table in tables {
            for column in &table.columns {
                cut.note(&column.identity, &table.identity);
            }
            cut.piece(&table.identity).tables.push(table);
        }
        for constraint in constraints {
            cut.note(&constraint.identity, &constraint.table_identity);
            cut.piece(&constraint.table_identity).constraints.push(constraint);
        }
        for index in indexes {
            cut.note(&index.identity, &index.table_identity);
            cut.piece(&index.table_identity).indexes.push(index);
        }
        for definition in definitions {
            let relation = relation_of(&definition).map(str::to_string);
            if let Some(relation) = &relation {
                cut.note(&definition.identity, relation);
            }
            cut.piece_of(relation).definitions.push(definition);
        }
        for acl in acls {
            // The server's own relations are no pieces.
            let relation = match acl.built_in {
                true => None,
                false => cut.relation(&acl.of, &acl.object_type, &acl.identity),
            };
            cut.piece_of(relation).acls.push(acl);
        }
        for comment in comments {
            let relation = cut.relation(&comment.of, &comment.object_type, &comment.identity);
            cut.piece_of(relation).comments.push(comment);
        }
        for of in dependencies {
            // The default of a column is called by the column.
            let part = of.identity.strip_prefix("for ").unwrap_or(&of.identity);
            let part = cut.parts.get(part).cloned();
            let relation = part.or_else(|| cut.relation(&None, &of.object_type, &of.identity));
            cut.piece_of(relation).dependencies.push(of);
        }
        cut.pieces
    }

    /// All pieces, in any order.
    pub fn into_catalogs(self) -> impl Iterator<Item = Catalog> {
        self.relations.into_values().chain([self.rest])
    }

    /// The pieces of these relations, with the rest.
    pub fn only(&self, relations: &BTreeSet<String>) -> Self {
        let wanted = self.relations.iter().filter(|(identity, _)| relations.contains(*identity));
        Pieces {
            relations: wanted.map(|(identity, piece)| (identity.clone(), piece.clone())).collect(),
            rest: self.rest.clone(),
        }
    }

    /// The schema of which these pieces are an earlier state, where what differs is as in `fresh`.
    pub fn but_for(self, differing: &Differing, fresh: Pieces) -> Self {
        let differs = |relation: &String| differing.relations.contains(relation);
        let same = self.relations.into_iter().filter(|(relation, _)| !differs(relation));
        Pieces {
            relations: same.chain(fresh.relations.into_iter().filter(|(name, _)| differs(name))).collect(),
            rest: if differing.rest { fresh.rest } else { self.rest },
        }
    }
}

/// Joins pieces into one schema, in the order in which a whole one is read.
pub fn join(pieces: impl IntoIterator<Item = Catalog>) -> Catalog {
    let mut whole = Catalog::default();
    for piece in pieces {
        whole.schemas.extend(piece.schemas);
        whole.extensions.extend(piece.extensions);
        whole.enums.extend(piece.enums);
        whole.domains.extend(piece.domains);
        whole.composites.extend(piece.composites);
        whole.sequences.extend(piece.sequences);
        whole.tables.extend(piece.tables);
        whole.constraints.extend(piece.constraints);
        whole.indexes.extend(piece.indexes);
        whole.definitions.extend(piece.definitions);
        whole.acls.extend(piece.acls);
        whole.comments.extend(piece.comments);
        whole.dependencies.extend(piece.dependencies);
        whole.unread.extend(piece.unread);
    }
    whole.composites.sort_by(|a, b| a.identity.cmp(&b.identity));
    whole.sequences.sort_by(|a, b| a.identity.cmp(&b.identity));
    whole.tables.sort_by(|a, b| a.identity.cmp(&b.identity));
    whole.constraints.sort_by(|a, b| a.identity.cmp(&b.identity));
    whole.indexes.sort_by(|a, b| a.identity.cmp(&b.identity));
    whole.definitions.sort_by(|a, b| (a.kind.as_str(), &a.identity).cmp(&(b.kind.as_str(), &b.identity)));
    whole.acls.sort_by(|a, b| (&a.identity, &a.object_type).cmp(&(&b.identity, &b.object_type)));
    whole.comments.sort_by(|a, b| (&a.identity, &a.object_type).cmp(&(&b.identity, &b.object_type)));
    whole.dependencies.sort_by(|a, b| (&a.identity, &a.object_type).cmp(&(&b.identity, &b.object_type)));
    whole
}

/// What has been cut so far.
struct Cut {
    /// Relations that are types, too.
    row_types: BTreeSet<String>,
    /// The relations of what hangs on one, by identity.
    parts: BTreeMap<String, String>,
    pieces: Pieces,
}

impl Cut {
    fn piece(&mut self, relation: &str) -> &mut Catalog {
        self.pieces.relations.entry(relation.to_string()).or_default()
    }

    fn piece_of(&mut self, relation: Option<String>) -> &mut Catalog {
        match relation {
            Some(relation) => self.piece(&relation),
            None => &mut self.pieces.rest,
        }
    }

    fn note(&mut self, part: &str, relation: &str) {
        self.parts.insert(part.to_string(), relation.to_string());
    }

    /// The relation that something is, or is a part of.
    fn relation(&self, of: &Option<Address>, object_type: &str, identity: &str) -> Option<String> {
        let (object_type, identity) = match of {
            Some(of) => (of.object_type.as_str(), of.identity.as_str()),
            None => (object_type, identity),
        };
        match object_type {
            "table" | "foreign table" | "view" | "materialized view" | "sequence" | "composite type" => {
                Some(identity.to_string())
            }
            "type" => self.row_types.get(identity).cloned(),
            "index" => self.parts.get(identity).cloned(),
            _ => None,
        }
    }
}

/// The relation that a definition is, or is a part of.
fn relation_of(definition: &Definition) -> Option<&str> {
    match (definition.kind, &definition.of) {
        _ if definition.is_view() => Some(&definition.identity),
        (
            DefinitionKind::Rule
            | DefinitionKind::Trigger
            | DefinitionKind::Policy
            | DefinitionKind::Statistics,
            Some(of),
        ) => Some(&of.identity),
        _ => None,
    }
}
