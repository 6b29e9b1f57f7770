//! In which schemas migrations make something, and which extensions: what the server's parser says of their statements.

use nself_heal_core::ground::Made;
use pgrx::pg_sys;

use crate::migrations::script::Statement;
use crate::server::parser::{self, text};

/// Adds what these statements make.
pub fn note(made: &mut Made, statements: &[Statement]) {
    for statement in statements {
        for raw in parser::statements(&statement.sql) {
            // SAFETY: it comes from the parser.
            unsafe { of_node((*raw).stmt, made) };
        }
    }
}

/// # Safety
/// The node comes from the parser.
unsafe fn of_node(node: *mut pg_sys::Node, made: &mut Made) {
    use pg_sys::NodeTag::*;
    // SAFETY: the tag tells the type that the node is cast to.
    unsafe {
        let relation = match (*node).type_ {
            T_CreateStmt => (*node.cast::<pg_sys::CreateStmt>()).relation,
            T_CreateForeignTableStmt => (*node.cast::<pg_sys::CreateForeignTableStmt>()).base.relation,
            T_ViewStmt => (*node.cast::<pg_sys::ViewStmt>()).view,
            T_CreateSeqStmt => (*node.cast::<pg_sys::CreateSeqStmt>()).sequence,
            T_CreateTableAsStmt => (*(*node.cast::<pg_sys::CreateTableAsStmt>()).into).rel,
            T_CreateSchemaStmt => {
                let schema = node.cast::<pg_sys::CreateSchemaStmt>();
                let name = text((*schema).schemaname);
                // Without a name it is that of a role.
                let role = (*schema).authrole;
                let named = if name.is_empty() && !role.is_null() { text((*role).rolename) } else { name };
                made.schemas.insert(named);
                return;
            }
            T_CreateExtensionStmt => {
                made.extensions.insert(text((*node.cast::<pg_sys::CreateExtensionStmt>()).extname));
                return;
            }
            _ => return,
        };
        if !relation.is_null() && !(*relation).schemaname.is_null() {
            made.schemas.insert(text((*relation).schemaname));
        }
    }
}
