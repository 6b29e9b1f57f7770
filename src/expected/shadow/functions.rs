//! What a replay calls in place of functions that reach outside (`server::outside`).
//!
//! A function of the server itself is called by address: `query` takes its calls out of a statement before it is planned,
//! and what is left, say a default of ALTER TABLE, is refused here. Every other function is looked up when it is called,
//! whatever calls it (a query, a trigger, a cast, another function), so here the address is changed.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::Error;
use crate::expected::shadow::left_out::note;
use crate::expected::shadow::{foreign, owners_rights, watch};
use crate::server::outside::{Call, call, is_servers_own, name};

/// From now on this process calls no function that reaches outside.
///
/// # Safety
/// This is a process of one thread.
pub unsafe fn install() {
    // SAFETY: the hooks are called in this thread.
    unsafe {
        pg_sys::needs_fmgr_hook = Some(is_looked_at);
        pg_sys::fmgr_hook = Some(look_at);
        pg_sys::object_access_hook = Some(refuse);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn is_looked_at(function: pg_sys::Oid) -> bool {
    // SAFETY: the server asks in a transaction.
    !matches!(unsafe { call(function) }, Call::Ordinary) || owners_rights::is_of_other(function)
}

/// Called before the function itself is, with its address.
#[pg_guard]
unsafe extern "C-unwind" fn look_at(
    event: pg_sys::FmgrHookEventType::Type,
    function: *mut pg_sys::FmgrInfo,
    _arg: *mut pg_sys::Datum,
) {
    if event != pg_sys::FmgrHookEventType::FHET_START {
        return;
    }
    // SAFETY: the server calls the address that stands there after this.
    unsafe {
        match call((*function).fn_oid) {
            Call::Ordinary | Call::Sql => owners_rights::before_call(function),
            Call::Wrapper => (*function).fn_addr = Some(foreign::handler),
            Call::Outside(outside) => {
                note(name((*function).fn_oid), outside.reason);
                (*function).fn_addr = Some(nothing);
            }
        }
    }
}

/// Stands for a function that reaches outside: NULL, no rows, or of a trigger, the row as it came.
#[pg_guard]
unsafe extern "C-unwind" fn nothing(call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the tags tell the types that the nodes are cast to.
    unsafe {
        let context = (*call).context;
        if !context.is_null() && (*context).type_ == pg_sys::NodeTag::T_TriggerData {
            let trigger = &*context.cast::<pg_sys::TriggerData>();
            let is_update = trigger.tg_event & pg_sys::TRIGGER_EVENT_OPMASK == pg_sys::TRIGGER_EVENT_UPDATE;
            (*call).isnull = false;
            return pg_sys::Datum::from(if is_update { trigger.tg_newtuple } else { trigger.tg_trigtuple });
        }
        let result = (*call).resultinfo;
        if (*(*call).flinfo).fn_retset
            && !result.is_null()
            && (*result).type_ == pg_sys::NodeTag::T_ReturnSetInfo
        {
            (*result.cast::<pg_sys::ReturnSetInfo>()).isDone = pg_sys::ExprDoneCond::ExprEndResult;
        }
        (*call).isnull = true;
        pg_sys::Datum::from(0)
    }
}

/// Called when the server gets ready to call a function, also its own. Its own that reach outside do not come this far
/// where they can be left out.
#[pg_guard]
unsafe extern "C-unwind" fn refuse(
    access: pg_sys::ObjectAccessType::Type,
    class: pg_sys::Oid,
    object: pg_sys::Oid,
    part: std::ffi::c_int,
    _arg: *mut std::ffi::c_void,
) {
    // SAFETY: the server asks in a transaction.
    unsafe { watch::accessed(access, class, object, part) };
    if access != pg_sys::ObjectAccessType::OAT_FUNCTION_EXECUTE
        || class != pg_sys::ProcedureRelationId
        || !is_servers_own(object)
    {
        return;
    }
    // SAFETY: the server asks in a transaction.
    unsafe {
        if let Call::Outside(outside) = call(object) {
            let error = Error::ReachesOutside { function: name(object), why: outside.reason.as_str() };
            ErrorReport::from(error).report(PgLogLevel::ERROR);
        }
    }
}
