//! The trigger that keeps everybody but this program from writing its tables: whoever may write to all tables
//! (pg_write_all_data) still writes nothing that it goes by. It runs for each row of the ledger, so it is no PL/pgSQL.

use std::ffi::CStr;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::Error;

/// For the server: how the function below is called.
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_nself_refuse_others() -> &'static pg_sys::Pg_finfo_record {
    &pg_sys::Pg_finfo_record { api_version: 1 }
}

/// The function of the trigger.
///
/// # Safety
/// Only the server calls it.
#[pg_guard]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn nself_refuse_others(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    let nothing = pg_sys::Datum::from(0);
    // SAFETY: a trigger is called with a context that says so; its relation is open as long as it runs.
    unsafe {
        let context = (*fcinfo).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
            return nothing;
        }
        let data = context.cast::<pg_sys::TriggerData>();
        let relation = (*data).tg_relation;
        let form = (*relation).rd_rel;
        if !pg_sys::has_privs_of_role(pg_sys::GetUserId(), (*form).relowner) {
            let name = |name: *const std::ffi::c_char| CStr::from_ptr(name).to_string_lossy().into_owned();
            let error = Error::OwnTable {
                command: command((*data).tg_event),
                table: format!(
                    "{}.{}",
                    name(pg_sys::get_namespace_name((*form).relnamespace)),
                    name((*form).relname.data.as_ptr())
                ),
            };
            ErrorReport::from(error).report(PgLogLevel::ERROR);
        }
    }
    nothing
}

fn command(event: pg_sys::TriggerEvent) -> &'static str {
    match event & pg_sys::TRIGGER_EVENT_OPMASK {
        pg_sys::TRIGGER_EVENT_INSERT => "INSERT",
        pg_sys::TRIGGER_EVENT_DELETE => "DELETE",
        pg_sys::TRIGGER_EVENT_UPDATE => "UPDATE",
        _ => "TRUNCATE",
    }
}
