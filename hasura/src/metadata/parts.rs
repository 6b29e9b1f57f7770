//! Which file of the folder holds which key of the metadata. `actions.yaml` is not among them: it is half of two keys.

use super::value::{Value, map};

pub const VERSION: &str = "version.yaml";
pub const ACTIONS: &str = "actions.yaml";
pub const SDL: &str = "actions.graphql";
pub const DATABASES: &str = "databases/databases.yaml";

/// A file at the top of the folder.
pub struct Part {
    pub file: &'static str,
    pub key: &'static str,
    empty: Empty,
}

enum Empty {
    List,
    Map,
    NoRoles,
}

const fn part(file: &'static str, key: &'static str, empty: Empty) -> Part {
    Part { file, key, empty }
}

pub const PARTS: [Part; 12] = [
    part(DATABASES, "sources", Empty::List),
    part("remote_schemas.yaml", "remote_schemas", Empty::List),
    part("query_collections.yaml", "query_collections", Empty::List),
    part("allow_list.yaml", "allowlist", Empty::List),
    part("cron_triggers.yaml", "cron_triggers", Empty::List),
    part("api_limits.yaml", "api_limits", Empty::Map),
    part("rest_endpoints.yaml", "rest_endpoints", Empty::List),
    part("inherited_roles.yaml", "inherited_roles", Empty::List),
    part("graphql_schema_introspection.yaml", "graphql_schema_introspection", Empty::NoRoles),
    part("network.yaml", "network", Empty::Map),
    part("metrics_config.yaml", "metrics_config", Empty::Map),
    part("opentelemetry.yaml", "opentelemetry", Empty::Map),
];

/// Written with the others, and known to no server that has no data connectors.
pub const BACKENDS: Part = part("backend_configs.yaml", "backend_configs", Empty::Map);

/// All files at the top but those of actions.
pub fn all() -> impl Iterator<Item = &'static Part> {
    PARTS.iter().chain(std::iter::once(&BACKENDS))
}

impl Part {
    /// What it says where nothing is said.
    pub fn empty(&self) -> Value {
        match self.empty {
            Empty::List => Value::List(Vec::new()),
            Empty::Map => map([]),
            Empty::NoRoles => map([("disabled_for_roles", Value::List(Vec::new()))]),
        }
    }

    /// Whether the value says nothing.
    pub fn is_empty(&self, value: &Value) -> bool {
        value.is_empty() || *value == self.empty()
    }
}
