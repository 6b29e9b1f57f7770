//! Keeps a replay inside its database. What would reach outside is noted and left out, wherever it comes from: a DO block
//! and a function run their statements through the same hooks. They are installed in a replayer alone.
//!
//! Here: utility statements. `functions`: functions, and with them foreign data wrappers (`foreign`). `query`: what of a
//! query no other hook can leave out. `kernel`: what is denied to all that these do not know.
//!
//! What runs at top level only has a form that does the same in a transaction, where nobody else is. That one runs, see
//! `plain`.

use std::ffi::{CStr, c_char};
use std::ptr::null_mut;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgLogLevel, pg_guard, pg_sys};

use crate::expected::shadow::left_out::note;
use crate::expected::shadow::{functions, kernel, owners_rights, plain, query, upkeep, watch};
use crate::server::outside::{self, Reason};
use crate::server::parser::{self, relation_of};

/// From now on nothing that this process, which replays as `role`, runs reaches outside its database.
pub fn install(role: pg_sys::Oid) {
    // SAFETY: this is a process of one thread. No other library is asked for its hook of utility statements in a replay:
    // what it does there (audit, logging) is about users' statements.
    unsafe {
        pg_sys::ProcessUtility_hook = Some(process_utility);
        functions::install();
        query::install();
        owners_rights::install(role);
    }
    kernel::confine(kernel::checkpointer());
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
        if let Some(reason) = reaches_outside((*planned).utilityStmt) {
            note(parser::tag((*planned).utilityStmt), reason);
            return;
        }
        if plain::changes_no_schema((*planned).utilityStmt) && !upkeep::is_measured((*planned).utilityStmt) {
            upkeep::note((*planned).utilityStmt);
            let tag = pg_sys::CreateCommandTag((*planned).utilityStmt);
            watch::passed_over(CStr::from_ptr(pg_sys::GetCommandTagName(tag)));
            return;
        }
        owners_rights::refuse_held_cursor((*planned).utilityStmt);
        let form = plain::form(planned);
        if form != planned {
            watch::other_form();
        }
        let planned = form;
        let planned = without_outside_arguments(planned);
        // A parallel worker is a process of its own, which knows nothing of these hooks. The setting could be changed by
        // a migration.
        pg_sys::max_parallel_maintenance_workers = 0;
        let level = owners_rights::settings_level((*planned).utilityStmt);
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
        if level > 0 {
            pg_sys::AtEOXact_GUC(false, level);
        }
        if let Err(error) = owners_rights::check_domain((*planned).utilityStmt) {
            ErrorReport::from(error).report(PgLogLevel::ERROR);
        }
    }
}

/// The statement, or a copy of a CALL whose arguments do not reach outside: they are not planned as a query is.
unsafe fn without_outside_arguments(planned: *mut pg_sys::PlannedStmt) -> *mut pg_sys::PlannedStmt {
    // SAFETY: the tag tells the type that the node is cast to, and a copy has the type of what was copied.
    unsafe {
        if (*(*planned).utilityStmt).type_ != pg_sys::NodeTag::T_CallStmt {
            return planned;
        }
        let planned = pg_sys::copyObjectImpl(planned.cast()).cast::<pg_sys::PlannedStmt>();
        let call = (*planned).utilityStmt.cast::<pg_sys::CallStmt>();
        (*call).funcexpr = query::without_outside((*call).funcexpr.cast(), null_mut()).cast();
        planned
    }
}

/// Why a utility statement is left out, if it is: it touches roles, tablespaces, databases, the server's configuration,
/// subscriptions, files or programs of its machine, or is in a language that may do anything there.
///
/// # Safety
/// `node` is a utility statement.
unsafe fn reaches_outside(node: *mut pg_sys::Node) -> Option<Reason> {
    use pg_sys::NodeTag::*;
    use pg_sys::ObjectType::*;
    let shared = |object: pg_sys::ObjectType::Type| match object {
        OBJECT_DATABASE | OBJECT_ROLE | OBJECT_TABLESPACE | OBJECT_SUBSCRIPTION | OBJECT_PARAMETER_ACL => {
            Some(Reason::Shared)
        }
        _ => None,
    };
    // SAFETY: the tag tells the type that the node is cast to.
    unsafe {
        match (*node).type_ {
            T_CreateRoleStmt | T_AlterRoleStmt | T_AlterRoleSetStmt | T_DropRoleStmt | T_GrantRoleStmt
            | T_DropOwnedStmt | T_ReassignOwnedStmt => Some(Reason::Shared),
            T_CreatedbStmt
            | T_DropdbStmt
            | T_AlterDatabaseStmt
            | T_AlterDatabaseSetStmt
            | T_AlterDatabaseRefreshCollStmt => Some(Reason::Shared),
            T_CreateTableSpaceStmt | T_DropTableSpaceStmt | T_AlterTableSpaceOptionsStmt => {
                Some(Reason::Shared)
            }
            T_AlterSystemStmt | T_CheckPointStmt | T_LoadStmt => Some(Reason::Server),
            T_CreateSubscriptionStmt | T_AlterSubscriptionStmt | T_DropSubscriptionStmt => {
                Some(Reason::Connection)
            }
            T_CopyStmt => (!(*node.cast::<pg_sys::CopyStmt>()).filename.is_null()).then_some(Reason::Files),
            T_DoStmt => is_untrusted(node.cast()).then_some(Reason::Untrusted),
            T_LockStmt => {
                any_is_shared((*node.cast::<pg_sys::LockStmt>()).relations).then_some(Reason::Shared)
            }
            T_TruncateStmt => {
                any_is_shared((*node.cast::<pg_sys::TruncateStmt>()).relations).then_some(Reason::Shared)
            }
            T_ClusterStmt => {
                is_shared((*node.cast::<pg_sys::ClusterStmt>()).relation).then_some(Reason::Shared)
            }
            T_GrantStmt => shared((*node.cast::<pg_sys::GrantStmt>()).objtype),
            T_CommentStmt => shared((*node.cast::<pg_sys::CommentStmt>()).objtype),
            T_SecLabelStmt => shared((*node.cast::<pg_sys::SecLabelStmt>()).objtype),
            T_AlterOwnerStmt => shared((*node.cast::<pg_sys::AlterOwnerStmt>()).objectType),
            T_RenameStmt => shared((*node.cast::<pg_sys::RenameStmt>()).renameType),
            _ => None,
        }
    }
}

/// Whether one of these names is that of a catalog that all databases share. Who asked for this replay may hold a lock of
/// it, and waits for the replay where the server does not see it.
unsafe fn any_is_shared(names: *mut pg_sys::List) -> bool {
    // SAFETY: a list of names.
    unsafe { pgrx::PgList::<pg_sys::RangeVar>::from_pg(names).iter_ptr().any(|name| is_shared(name)) }
}

/// Whether a relation is a catalog that all databases share.
unsafe fn is_shared(name: *mut pg_sys::RangeVar) -> bool {
    // SAFETY: the name comes from the parser, if there is one; a look into the catalogs.
    unsafe { !name.is_null() && relation_of(name).is_some_and(|relation| pg_sys::IsSharedRelation(relation)) }
}

/// Whether a DO is in an untrusted language.
unsafe fn is_untrusted(statement: *mut pg_sys::DoStmt) -> bool {
    // SAFETY: the arguments of a DO are a list of DefElem with names of their own; the language is a text.
    unsafe {
        pgrx::PgList::<pg_sys::DefElem>::from_pg((*statement).args).iter_ptr().any(|argument| {
            CStr::from_ptr((*argument).defname).to_bytes() == b"language"
                && outside::is_untrusted(pg_sys::get_language_oid(pg_sys::defGetString(argument), true))
        })
    }
}
