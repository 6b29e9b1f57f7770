//! Whom objects belong to: whoever owns something may do anything with it, and what runs as its owner has the owner's
//! rights.

use std::collections::BTreeMap;

use crate::diff::change::{Aspect, Change, Difference, Object, Owned, relation_type};
use crate::model::{Catalog, DefinitionKind};

pub(super) fn changes<'a>(expected: &'a Catalog, live: &'a Catalog) -> Vec<Change<'a>> {
    let live: BTreeMap<_, Owned> =
        owned(live).map(|owned| ((owned.object_type, owned.identity), owned)).collect();
    owned(expected)
        .filter_map(|expected| {
            let live = *live.get(&(expected.object_type, expected.identity))?;
            (expected.owner != live.owner).then(|| Change::Changed {
                expected: Object::Owner(expected),
                live: Object::Owner(live),
                differences: vec![Difference {
                    what: Aspect::Owner,
                    expected: expected.owner.to_string(),
                    actual: live.owner.to_string(),
                }],
            })
        })
        .collect()
}

/// All objects that have an owner of their own.
pub(crate) fn owned(catalog: &Catalog) -> impl Iterator<Item = Owned<'_>> {
    let schemas = catalog.schemas.iter().map(|of| ("schema", "SCHEMA", &of.identity, &of.owner));
    let enums = catalog.enums.iter().map(|of| ("type", "TYPE", &of.identity, &of.owner));
    let domains = catalog.domains.iter().map(|of| ("type", "DOMAIN", &of.identity, &of.owner));
    let composites = catalog.composites.iter().map(|of| ("type", "TYPE", &of.identity, &of.owner));
    // A sequence that a column owns goes with its table.
    let sequences = catalog.sequences.iter().filter(|of| of.owned_by.is_none());
    let sequences = sequences.map(|of| ("sequence", "SEQUENCE", &of.identity, &of.owner));
    let tables = catalog.tables.iter().map(|of| (relation_type(of), "TABLE", &of.identity, &of.owner));
    let definitions = catalog
        .definitions
        .iter()
        .filter_map(|of| Some((of.kind.as_str(), owner_keyword(of.kind)?, &of.identity, of.owner.as_ref()?)));
    schemas
        .chain(enums)
        .chain(domains)
        .chain(composites)
        .chain(sequences)
        .chain(tables)
        .chain(definitions)
        .map(|(object_type, keyword, identity, owner)| Owned { object_type, identity, keyword, owner })
}

/// What stands between ALTER and the identity. Nothing for kinds that have no owner of their own.
fn owner_keyword(kind: DefinitionKind) -> Option<&'static str> {
    match kind {
        DefinitionKind::View => Some("VIEW"),
        DefinitionKind::MaterializedView => Some("MATERIALIZED VIEW"),
        DefinitionKind::Function => Some("FUNCTION"),
        DefinitionKind::Procedure => Some("PROCEDURE"),
        DefinitionKind::Aggregate => Some("AGGREGATE"),
        DefinitionKind::EventTrigger => Some("EVENT TRIGGER"),
        DefinitionKind::Collation => Some("COLLATION"),
        DefinitionKind::Conversion => Some("CONVERSION"),
        DefinitionKind::Operator => Some("OPERATOR"),
        DefinitionKind::OperatorFamily => Some("OPERATOR FAMILY"),
        DefinitionKind::OperatorClass => Some("OPERATOR CLASS"),
        DefinitionKind::TextSearchDictionary => Some("TEXT SEARCH DICTIONARY"),
        DefinitionKind::TextSearchConfiguration => Some("TEXT SEARCH CONFIGURATION"),
        DefinitionKind::Statistics => Some("STATISTICS"),
        DefinitionKind::Publication => Some("PUBLICATION"),
        DefinitionKind::ForeignDataWrapper => Some("FOREIGN DATA WRAPPER"),
        DefinitionKind::Server => Some("SERVER"),
        DefinitionKind::Language => Some("LANGUAGE"),
        DefinitionKind::Type => Some("TYPE"),
        DefinitionKind::Rule
        | DefinitionKind::Trigger
        | DefinitionKind::Policy
        | DefinitionKind::Cast
        | DefinitionKind::AccessMethod
        | DefinitionKind::Transform
        | DefinitionKind::TextSearchParser
        | DefinitionKind::TextSearchTemplate
        | DefinitionKind::PublicationRelation
        | DefinitionKind::PublicationNamespace
        | DefinitionKind::UserMapping => None,
    }
}
