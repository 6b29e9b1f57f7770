//! The last look at a statement before a heal runs it: the server's own parser must find in it one statement that only
//! adds. What a plan can hold cannot express anything else; this holds even if a text in it were not what it seems.

use pgrx::pg_sys;

use crate::caller::c_string;
use crate::error::Error;

/// An error unless `sql` is one statement that only adds.
pub fn only_adds(sql: &str) -> Result<(), Error> {
    let text = c_string(sql);
    // SAFETY: the parser returns a list of RawStmt in the current memory context.
    let adds = unsafe {
        let list = pgrx::PgList::<pg_sys::RawStmt>::from_pg(pg_sys::pg_parse_query(text.as_ptr()));
        list.len() == 1 && list.get_ptr(0).is_some_and(|raw| adds((*raw).stmt))
    };
    if adds { Ok(()) } else { Err(Error::NotAdditive { sql: sql.to_owned() }) }
}

/// # Safety
/// `node` is the statement of a RawStmt.
unsafe fn adds(node: *mut pg_sys::Node) -> bool {
    use pg_sys::NodeTag::*;
    // SAFETY: the tag tells the type that the node is cast to.
    unsafe {
        match (*node).type_ {
            T_CreateSchemaStmt
            | T_CreateExtensionStmt
            | T_CreateEnumStmt
            | T_CompositeTypeStmt
            | T_CreateDomainStmt
            | T_CreateSeqStmt
            | T_AlterSeqStmt
            | T_CreateStmt
            | T_IndexStmt
            | T_ReindexStmt => true,
            // A label may be added; with an old name one would be renamed.
            T_AlterEnumStmt => (*node.cast::<pg_sys::AlterEnumStmt>()).oldVal.is_null(),
            // C adds a constraint, V validates one.
            T_AlterDomainStmt => {
                matches!((*node.cast::<pg_sys::AlterDomainStmt>()).subtype as u8, b'C' | b'V')
            }
            T_AlterTableStmt => {
                pgrx::PgList::<pg_sys::AlterTableCmd>::from_pg((*node.cast::<pg_sys::AlterTableStmt>()).cmds)
                    .iter_ptr()
                    .all(|command| adds_to_table(&*command))
            }
            // setval() on a new sequence.
            T_SelectStmt => (*node.cast::<pg_sys::SelectStmt>()).intoClause.is_null(),
            _ => false,
        }
    }
}

fn adds_to_table(command: &pg_sys::AlterTableCmd) -> bool {
    use pg_sys::AlterTableType as Type;
    match command.subtype {
        Type::AT_AddColumn | Type::AT_AddConstraint | Type::AT_ValidateConstraint | Type::AT_SetNotNull => {
            true
        }
        // Without a definition it would drop the default.
        Type::AT_ColumnDefault => !command.def.is_null(),
        _ => false,
    }
}
