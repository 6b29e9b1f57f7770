//! Keeps a replay inside its database. Utility statements that would reach outside are noted and left out, wherever
//! they come from: a DO block and a function run them through the same hook. It is installed in a replayer alone.
//!
//! What runs at top level only has a form that does the same in a transaction, where nobody else is. That one runs, see
//! `plain`.

use std::cell::RefCell;
use std::ffi::{CStr, c_char};

use pgrx::pg_guard;
use pgrx::pg_sys;

use super::plain;

thread_local! {
    static SKIPPED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// From now on this process runs no statement that reaches outside its database.
pub fn install() {
    // SAFETY: this is a process of one thread, and no other library is asked for its hook in a replay: what it does
    // there (audit, logging) is about users' statements.
    unsafe { pg_sys::ProcessUtility_hook = Some(process_utility) };
}

/// What was left out, in order.
pub fn skipped() -> Vec<String> {
    SKIPPED.take()
}

#[pg_guard]
#[allow(clippy::too_many_arguments, reason = "the server's signature")]
unsafe extern "C-unwind" fn process_utility(
    planned: *mut pg_sys::PlannedStmt,
    query: *const c_char,
    read_only: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    params: pg_sys::ParamListInfo,
    environment: *mut pg_sys::QueryEnvironment,
    receiver: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    // SAFETY: the server hands over a planned utility statement, and it is passed on as it came.
    unsafe {
        if reaches_outside((*planned).utilityStmt) {
            let tag =
                CStr::from_ptr(pg_sys::GetCommandTagName(pg_sys::CreateCommandTag((*planned).utilityStmt)));
            SKIPPED.with_borrow_mut(|skipped| skipped.push(tag.to_string_lossy().into_owned()));
            return;
        }
        if plain::changes_no_schema((*planned).utilityStmt) {
            return;
        }
        let planned = plain::form(planned);
        pg_sys::standard_ProcessUtility(
            planned,
            query,
            read_only,
            context,
            params,
            environment,
            receiver,
            completion,
        );
    }
}

/// Whether a utility statement touches roles, tablespaces, databases, the server's configuration, subscriptions, or
/// files and programs of its machine.
///
/// # Safety
/// `node` is a utility statement.
unsafe fn reaches_outside(node: *mut pg_sys::Node) -> bool {
    use pg_sys::NodeTag::*;
    use pg_sys::ObjectType::*;
    let shared = |object: pg_sys::ObjectType::Type| {
        matches!(
            object,
            OBJECT_DATABASE | OBJECT_ROLE | OBJECT_TABLESPACE | OBJECT_SUBSCRIPTION | OBJECT_PARAMETER_ACL
        )
    };
    // SAFETY: the tag tells the type that the node is cast to.
    unsafe {
        match (*node).type_ {
            T_CreateRoleStmt | T_AlterRoleStmt | T_AlterRoleSetStmt | T_DropRoleStmt | T_GrantRoleStmt
            | T_DropOwnedStmt | T_ReassignOwnedStmt => true,
            T_CreatedbStmt
            | T_DropdbStmt
            | T_AlterDatabaseStmt
            | T_AlterDatabaseSetStmt
            | T_AlterDatabaseRefreshCollStmt => true,
            T_CreateTableSpaceStmt | T_DropTableSpaceStmt | T_AlterTableSpaceOptionsStmt => true,
            T_AlterSystemStmt | T_CheckPointStmt | T_LoadStmt => true,
            T_CreateSubscriptionStmt | T_AlterSubscriptionStmt | T_DropSubscriptionStmt => true,
            T_CopyStmt => !(*node.cast::<pg_sys::CopyStmt>()).filename.is_null(),
            T_GrantStmt => shared((*node.cast::<pg_sys::GrantStmt>()).objtype),
            T_CommentStmt => shared((*node.cast::<pg_sys::CommentStmt>()).objtype),
            T_SecLabelStmt => shared((*node.cast::<pg_sys::SecLabelStmt>()).objtype),
            T_AlterOwnerStmt => shared((*node.cast::<pg_sys::AlterOwnerStmt>()).objectType),
            T_RenameStmt => shared((*node.cast::<pg_sys::RenameStmt>()).renameType),
            _ => false,
        }
    }
}
