//! The marks that a table has on an index.

use crate::ddl::Action;
use crate::model::Name;
use crate::plan::context::Context;

/// What the table is to know of an index that was just created.
pub(super) fn marks(table: &Name, index: &str, context: &Context) -> Vec<Action> {
    let Some(expected) = context.expected_table(table) else { return Vec::new() };
    let is_it = |marked: &Option<String>| marked.as_deref() == Some(index);
    let replica = is_it(&expected.replica_index).then(|| Action::SetReplicaIdentity {
        table: table.clone(),
        identity: expected.replica_identity,
        index: expected.replica_index.clone(),
    });
    let cluster = is_it(&expected.clustered_on)
        .then(|| Action::ClusterOn { table: table.clone(), index: index.to_string() });
    replica.into_iter().chain(cluster).collect()
}
