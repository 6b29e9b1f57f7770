//! The last look at a statement before a heal runs it: the server's own parser must find in it one statement that only
//! adds. What a plan can hold cannot express anything else; this holds even if a text in it were not what it seems.

#![allow(unsafe_code)]

use pgrx::pg_sys;

use crate::error::Error;
use crate::server::parser;

/// An error unless `sql` is one statement that only adds. What was just created may also be held back: privileges that
/// everybody has by default, or a trigger that is not to fire.
pub fn only_adds(sql: &str, just_created: bool) -> Result<(), Error> {
    // SAFETY: the statement comes from the parser.
    let adds = parser::only_statement(sql).is_some_and(|node| unsafe { adds(node, just_created) });
    if adds { Ok(()) } else { Err(Error::NotAdditive { sql: sql.to_owned() }) }
}

/// The statement as one of its type.
///
/// # Safety
/// The node's tag says that it is of this type.
unsafe fn of<'a, T>(node: *mut pg_sys::Node) -> &'a T {
    // SAFETY: see above.
    unsafe { &*node.cast::<T>() }
}

/// # Safety
/// `node` is the statement of a RawStmt.
unsafe fn adds(node: *mut pg_sys::Node, just_created: bool) -> bool {
    use pg_sys::NodeTag::*;
    // SAFETY: the tag tells the type that the node is cast to.
    unsafe {
        match (*node).type_ {
            T_CreateSchemaStmt
            | T_CreateExtensionStmt
            | T_CreateEnumStmt
            | T_CompositeTypeStmt
            | T_CreateDomainStmt
            | T_CreateRangeStmt
            | T_CreateSeqStmt
            | T_AlterSeqStmt
            | T_CreateStmt
            | T_CreateForeignTableStmt
            | T_IndexStmt
            | T_ReindexStmt
            | T_CreateEventTrigStmt
            | T_CreatePolicyStmt
            | T_CreateConversionStmt
            | T_CreateCastStmt
            | T_CreateOpFamilyStmt
            | T_CreateOpClassStmt
            | T_CreateAmStmt
            | T_CreateStatsStmt
            | T_AlterStatsStmt
            | T_CreatePublicationStmt
            | T_CreateFdwStmt
            | T_CreateForeignServerStmt
            | T_CreateUserMappingStmt => true,
            // What is there is not replaced.
            T_ViewStmt => !of::<pg_sys::ViewStmt>(node).replace,
            T_RuleStmt => !of::<pg_sys::RuleStmt>(node).replace,
            T_CreateFunctionStmt => !of::<pg_sys::CreateFunctionStmt>(node).replace,
            T_CreateTrigStmt => !of::<pg_sys::CreateTrigStmt>(node).replace,
            T_DefineStmt => !of::<pg_sys::DefineStmt>(node).replace,
            T_CreateTransformStmt => !of::<pg_sys::CreateTransformStmt>(node).replace,
            T_CreatePLangStmt => !of::<pg_sys::CreatePLangStmt>(node).replace,
            T_CreateTableAsStmt => {
                of::<pg_sys::CreateTableAsStmt>(node).objtype == pg_sys::ObjectType::OBJECT_MATVIEW
            }
            T_AlterTSConfigurationStmt => {
                of::<pg_sys::AlterTSConfigurationStmt>(node).kind
                    == pg_sys::AlterTSConfigType::ALTER_TSCONFIG_ADD_MAPPING
            }
            T_AlterObjectDependsStmt => !of::<pg_sys::AlterObjectDependsStmt>(node).remove,
            T_AlterOpFamilyStmt => !of::<pg_sys::AlterOpFamilyStmt>(node).isDrop,
            T_AlterPublicationStmt => {
                of::<pg_sys::AlterPublicationStmt>(node).action
                    == pg_sys::AlterPublicationAction::AP_AddObjects
            }
            T_AlterEventTrigStmt => {
                just_created || of::<pg_sys::AlterEventTrigStmt>(node).tgenabled as u8 != b'D'
            }
            // Without a text it would remove the comment.
            T_CommentStmt => !of::<pg_sys::CommentStmt>(node).comment.is_null(),
            T_GrantStmt => grants(of::<pg_sys::GrantStmt>(node), just_created),
            T_AlterDefaultPrivilegesStmt => {
                grants(&*of::<pg_sys::AlterDefaultPrivilegesStmt>(node).action, just_created)
            }
            // A label may be added; with an old name one would be renamed.
            T_AlterEnumStmt => of::<pg_sys::AlterEnumStmt>(node).oldVal.is_null(),
            // C adds a constraint, V validates one.
            T_AlterDomainStmt => {
                matches!(of::<pg_sys::AlterDomainStmt>(node).subtype as u8, b'C' | b'V')
            }
            T_AlterTableStmt => {
                let statement = of::<pg_sys::AlterTableStmt>(node);
                // Of an index it attaches a part.
                let is_index = statement.objtype == pg_sys::ObjectType::OBJECT_INDEX;
                pgrx::PgList::<pg_sys::AlterTableCmd>::from_pg(statement.cmds).iter_ptr().all(|command| {
                    adds_to_table(&*command, just_created)
                        || is_index && (*command).subtype == pg_sys::AlterTableType::AT_AttachPartition
                })
            }
            // setval() on a new sequence.
            T_SelectStmt => of::<pg_sys::SelectStmt>(node).intoClause.is_null(),
            _ => false,
        }
    }
}

/// What was just created may be given to fewer than everybody, but to take a privilege never takes others along.
fn grants(statement: &pg_sys::GrantStmt, just_created: bool) -> bool {
    statement.is_grant || just_created && statement.behavior == pg_sys::DropBehavior::DROP_RESTRICT
}

fn adds_to_table(command: &pg_sys::AlterTableCmd, just_created: bool) -> bool {
    use pg_sys::AlterTableType as Type;
    match command.subtype {
        Type::AT_AddColumn
        | Type::AT_AddIdentity
        | Type::AT_AddConstraint
        | Type::AT_ValidateConstraint
        | Type::AT_SetNotNull
        | Type::AT_EnableTrig
        | Type::AT_EnableAlwaysTrig
        | Type::AT_EnableReplicaTrig
        | Type::AT_EnableRule
        | Type::AT_EnableAlwaysRule
        | Type::AT_EnableReplicaRule
        | Type::AT_EnableRowSecurity
        | Type::AT_ForceRowSecurity => true,
        // The settings of what was just created.
        Type::AT_DisableTrig
        | Type::AT_DisableRule
        | Type::AT_SetStorage
        | Type::AT_SetCompression
        | Type::AT_SetStatistics
        | Type::AT_SetOptions
        | Type::AT_AttachPartition
        | Type::AT_ReplicaIdentity
        | Type::AT_ClusterOn => just_created,
        // Without a definition it would drop the default.
        Type::AT_ColumnDefault => !command.def.is_null(),
        _ => false,
    }
}
