//! What a command did to each object that it is noted with, in a word: of two who touched a table, only who set storage
//! parameters can have changed them. core/src/noted.rs says which words can have made which difference.

#![allow(unsafe_code)]

use std::ffi::CStr;

use pgrx::pg_sys;
use pgrx::pg_sys::{AlterTableType as Part, NodeTag};

/// What a statement does to all that it is about. Nothing of one that makes something, nor of ALTER TABLE, whose parts tell.
///
/// # Safety
/// The statement comes from the parser.
pub unsafe fn of_statement(statement: *const pg_sys::Node, tag: &str) -> Option<&'static str> {
    // SAFETY: a node says its type; the options of ALTER SEQUENCE are a list of DefElem with names.
    unsafe {
        match statement.as_ref()?.type_ {
            NodeTag::T_RenameStmt => Some("rename"),
            NodeTag::T_AlterObjectSchemaStmt => Some("set schema"),
            NodeTag::T_AlterOwnerStmt => Some("owner"),
            NodeTag::T_RefreshMatViewStmt => Some("refresh"),
            NodeTag::T_AlterSeqStmt => {
                let options = (*statement.cast::<pg_sys::AlterSeqStmt>()).options;
                let is_owner = |option: *mut pg_sys::DefElem| {
                    CStr::from_ptr((*option).defname).to_bytes() == b"owned_by"
                };
                let all = pgrx::PgList::<pg_sys::DefElem>::from_pg(options);
                Some(if all.iter_ptr().all(is_owner) { "owned by" } else { "numbers" })
            }
            NodeTag::T_AlterTableStmt => None,
            _ => tag.starts_with("ALTER ").then_some("alter"),
        }
    }
}

/// What a part of ALTER TABLE does, to its own object or to the table.
///
/// # Safety
/// It is an AlterTableCmd of the parser's.
pub unsafe fn of_part(part: *const pg_sys::AlterTableCmd) -> &'static str {
    // SAFETY: see above.
    match unsafe { (*part).subtype } {
        Part::AT_AddColumn | Part::AT_AddColumnToView => "add column",
        #[cfg(feature = "pg15")]
        Part::AT_AddColumnRecurse => "add column",
        #[cfg(feature = "pg15")]
        Part::AT_AddConstraintRecurse => "add constraint",
        #[cfg(feature = "pg15")]
        Part::AT_ValidateConstraintRecurse => "constraint",
        Part::AT_ColumnDefault | Part::AT_CookedColumnDefault | Part::AT_DropExpression => "default",
        #[cfg(not(any(feature = "pg15", feature = "pg16")))]
        Part::AT_SetExpression => "default",
        Part::AT_DropNotNull | Part::AT_SetNotNull => "not null",
        Part::AT_SetStatistics
        | Part::AT_SetOptions
        | Part::AT_ResetOptions
        | Part::AT_SetStorage
        | Part::AT_SetCompression => "column options",
        Part::AT_AddIndex
        | Part::AT_AddIndexConstraint
        | Part::AT_AddConstraint
        | Part::AT_ReAddIndex
        | Part::AT_ReAddConstraint => "add constraint",
        Part::AT_AlterConstraint | Part::AT_ValidateConstraint => "constraint",
        Part::AT_AlterColumnType => "type",
        Part::AT_AlterColumnGenericOptions | Part::AT_GenericOptions => "fdw options",
        Part::AT_ChangeOwner => "owner",
        Part::AT_ClusterOn | Part::AT_DropCluster => "cluster",
        Part::AT_SetLogged | Part::AT_SetUnLogged => "persistence",
        Part::AT_SetAccessMethod => "access method",
        Part::AT_SetTableSpace => "tablespace",
        Part::AT_SetRelOptions | Part::AT_ResetRelOptions | Part::AT_ReplaceRelOptions => "parameters",
        Part::AT_EnableTrig
        | Part::AT_EnableAlwaysTrig
        | Part::AT_EnableReplicaTrig
        | Part::AT_DisableTrig
        | Part::AT_EnableTrigAll
        | Part::AT_DisableTrigAll
        | Part::AT_EnableTrigUser
        | Part::AT_DisableTrigUser
        | Part::AT_EnableRule
        | Part::AT_EnableAlwaysRule
        | Part::AT_EnableReplicaRule
        | Part::AT_DisableRule => "state",
        Part::AT_AddInherit | Part::AT_DropInherit => "inherit",
        Part::AT_AddOf | Part::AT_DropOf => "of",
        Part::AT_ReplicaIdentity => "replica identity",
        Part::AT_AttachPartition | Part::AT_DetachPartition | Part::AT_DetachPartitionFinalize => "partition",
        Part::AT_AddIdentity | Part::AT_SetIdentity | Part::AT_DropIdentity => "identity",
        // What is dropped is told by itself, and row security by its words.
        _ => "other",
    }
}
