//! What sorts of objects there are that a statement creates, and when a trigger fires.

use serde::{Deserialize, Serialize};

/// When a trigger, a rule or an event trigger fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Firing {
    Enabled,
    Disabled,
    Replica,
    Always,
}

/// Kinds of objects that one statement creates, in the words of `pg_identify_object`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DefinitionKind {
    #[serde(rename = "view")]
    View,
    #[serde(rename = "materialized view")]
    MaterializedView,
    #[serde(rename = "rule")]
    Rule,
    #[serde(rename = "function")]
    Function,
    #[serde(rename = "procedure")]
    Procedure,
    #[serde(rename = "aggregate")]
    Aggregate,
    #[serde(rename = "trigger")]
    Trigger,
    #[serde(rename = "event trigger")]
    EventTrigger,
    #[serde(rename = "policy")]
    Policy,
    #[serde(rename = "collation")]
    Collation,
    #[serde(rename = "conversion")]
    Conversion,
    #[serde(rename = "cast")]
    Cast,
    #[serde(rename = "operator")]
    Operator,
    #[serde(rename = "operator family")]
    OperatorFamily,
    #[serde(rename = "operator class")]
    OperatorClass,
    #[serde(rename = "access method")]
    AccessMethod,
    #[serde(rename = "transform")]
    Transform,
    #[serde(rename = "text search parser")]
    TextSearchParser,
    #[serde(rename = "text search template")]
    TextSearchTemplate,
    #[serde(rename = "text search dictionary")]
    TextSearchDictionary,
    #[serde(rename = "text search configuration")]
    TextSearchConfiguration,
    #[serde(rename = "statistics object")]
    Statistics,
    #[serde(rename = "publication")]
    Publication,
    #[serde(rename = "publication relation")]
    PublicationRelation,
    #[serde(rename = "publication namespace")]
    PublicationNamespace,
    #[serde(rename = "foreign-data wrapper")]
    ForeignDataWrapper,
    #[serde(rename = "server")]
    Server,
    #[serde(rename = "user mapping")]
    UserMapping,
    #[serde(rename = "language")]
    Language,
    #[serde(rename = "type")]
    Type,
}

impl DefinitionKind {
    /// The word that `pg_identify_object` has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            DefinitionKind::View => "view",
            DefinitionKind::MaterializedView => "materialized view",
            DefinitionKind::Rule => "rule",
            DefinitionKind::Function => "function",
            DefinitionKind::Procedure => "procedure",
            DefinitionKind::Aggregate => "aggregate",
            DefinitionKind::Trigger => "trigger",
            DefinitionKind::EventTrigger => "event trigger",
            DefinitionKind::Policy => "policy",
            DefinitionKind::Collation => "collation",
            DefinitionKind::Conversion => "conversion",
            DefinitionKind::Cast => "cast",
            DefinitionKind::Operator => "operator",
            DefinitionKind::OperatorFamily => "operator family",
            DefinitionKind::OperatorClass => "operator class",
            DefinitionKind::AccessMethod => "access method",
            DefinitionKind::Transform => "transform",
            DefinitionKind::TextSearchParser => "text search parser",
            DefinitionKind::TextSearchTemplate => "text search template",
            DefinitionKind::TextSearchDictionary => "text search dictionary",
            DefinitionKind::TextSearchConfiguration => "text search configuration",
            DefinitionKind::Statistics => "statistics object",
            DefinitionKind::Publication => "publication",
            DefinitionKind::PublicationRelation => "publication relation",
            DefinitionKind::PublicationNamespace => "publication namespace",
            DefinitionKind::ForeignDataWrapper => "foreign-data wrapper",
            DefinitionKind::Server => "server",
            DefinitionKind::UserMapping => "user mapping",
            DefinitionKind::Language => "language",
            DefinitionKind::Type => "type",
        }
    }
}
