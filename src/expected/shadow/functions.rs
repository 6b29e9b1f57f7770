//! Which functions reach outside the shadow database, and what a replay calls in place of them.
//!
//! A function of the server itself is called by address: `query` takes its calls out of a statement before it is planned,
//! and what is left, say a default of ALTER TABLE, is refused here. Every other function is looked up when it is called,
//! whatever calls it (a query, a trigger, a cast, another function), so here the address is changed.

use std::ffi::CStr;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::Error;
use crate::expected::shadow::foreign;
use crate::expected::shadow::left_out::{Reason, note};

/// A function of the server that reaches outside.
pub struct Outside {
    pub reason: Reason,
    /// What its call gives instead, as a text of its type. Where it is missing, NULL.
    pub instead: Option<&'static str>,
}

/// The functions of the server that reach outside, by the name that they have in its program. What acts within the
/// database is not among them: advisory locks and notifications, too, belong to one database.
const SERVERS_OWN: &[(Reason, Option<&str>, &[&str])] = &[
    (
        Reason::Sessions,
        Some("true"),
        &["pg_cancel_backend", "pg_terminate_backend", "pg_log_backend_memory_contexts"],
    ),
    (Reason::Files, Some("1"), &["be_lo_export"]),
    (Reason::Files, Some("0"), &["be_lo_import", "be_lo_import_with_oid"]),
    (
        Reason::Files,
        Some(""),
        &[
            "pg_read_file",
            "pg_read_file_all",
            "pg_read_file_all_missing",
            "pg_read_file_off_len",
            "pg_read_file_off_len_missing",
            "pg_read_file_v2",
            "pg_read_binary_file",
            "pg_read_binary_file_all",
            "pg_read_binary_file_all_missing",
            "pg_read_binary_file_off_len",
            "pg_read_binary_file_off_len_missing",
        ],
    ),
    (
        Reason::Files,
        None,
        &[
            "pg_stat_file",
            "pg_stat_file_1arg",
            "pg_ls_dir",
            "pg_ls_dir_1arg",
            "pg_ls_archive_statusdir",
            "pg_ls_logdir",
            "pg_ls_logicalmapdir",
            "pg_ls_logicalsnapdir",
            "pg_ls_replslotdir",
            "pg_ls_summariesdir",
            "pg_ls_tmpdir_1arg",
            "pg_ls_tmpdir_noargs",
            "pg_ls_waldir",
        ],
    ),
    (
        Reason::Server,
        Some("true"),
        &["pg_reload_conf", "pg_rotate_logfile", "pg_rotate_logfile_v2", "pg_promote"],
    ),
    (
        Reason::Server,
        Some("0/0"),
        &[
            "pg_backup_start",
            "pg_create_restore_point",
            "pg_log_standby_snapshot",
            "pg_logical_emit_message_bytea",
            "pg_logical_emit_message_text",
            "pg_switch_wal",
        ],
    ),
    (
        Reason::Server,
        None,
        &[
            "binary_upgrade_replorigin_advance",
            "pg_backup_stop",
            "pg_stat_reset_backend_stats",
            "pg_stat_reset_replication_slot",
            "pg_stat_reset_shared",
            "pg_stat_reset_single_table_counters",
            "pg_stat_reset_slru",
            "pg_stat_reset_subscription_stats",
            "pg_stop_making_pinned_objects",
            "pg_wal_replay_pause",
            "pg_wal_replay_resume",
        ],
    ),
    (
        Reason::Shared,
        None,
        &[
            "pg_copy_logical_replication_slot_a",
            "pg_copy_logical_replication_slot_b",
            "pg_copy_logical_replication_slot_c",
            "pg_copy_physical_replication_slot_a",
            "pg_copy_physical_replication_slot_b",
            "pg_create_logical_replication_slot",
            "pg_create_physical_replication_slot",
            "pg_drop_replication_slot",
            "pg_logical_slot_get_binary_changes",
            "pg_logical_slot_get_changes",
            "pg_logical_slot_peek_binary_changes",
            "pg_logical_slot_peek_changes",
            "pg_replication_origin_advance",
            "pg_replication_origin_create",
            "pg_replication_origin_drop",
            "pg_replication_origin_session_reset",
            "pg_replication_origin_session_setup",
            "pg_replication_origin_xact_reset",
            "pg_replication_origin_xact_setup",
            "pg_replication_slot_advance",
            "pg_sync_replication_slots",
        ],
    ),
];

/// Libraries of extensions that are made to reach outside, and those of them whose functions begin so. Only what does not
/// give a foreign data wrapper has to be told here.
const LIBRARIES: &[(&str, &str, Reason)] = &[
    ("adminpack", "", Reason::Files),
    ("dblink", "", Reason::Connection),
    ("http", "", Reason::Connection),
    ("orafce", "dbms_alert_", Reason::Sessions),
    ("orafce", "dbms_pipe_", Reason::Sessions),
    ("orafce", "utl_file_", Reason::Files),
    ("pg_background", "", Reason::Server),
    ("pg_buffercache", "pg_buffercache_evict", Reason::Server),
    ("pg_prewarm", "autoprewarm_", Reason::Server),
    ("pg_stat_statements", "pg_stat_statements_reset", Reason::Server),
    ("pgmemcache", "", Reason::Connection),
    ("plproxy", "", Reason::Connection),
];

/// What is said of a function of the server, by the name that it has in its program.
pub fn of_server(name: &str) -> Option<Outside> {
    SERVERS_OWN
        .iter()
        .find(|(_, _, names)| names.contains(&name))
        .map(|&(reason, instead, _)| Outside { reason, instead })
}

/// What is said of a function of a library.
fn of_library(path: &str, symbol: &str) -> Option<Reason> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let library = file.strip_suffix(".so").unwrap_or(file);
    LIBRARIES
        .iter()
        .find(|(name, begin, _)| *name == library && symbol.starts_with(begin))
        // The server itself calls it, for CREATE SERVER, and it only looks at options.
        .filter(|_| !symbol.ends_with("_validator"))
        .map(|&(_, _, reason)| reason)
}

/// What happens at a call of a function.
pub enum Call {
    Ordinary,
    /// Its body is SQL that may reach outside, which must not become a part of the statement that calls it: `query` would
    /// not see it.
    Sql,
    /// It returns a foreign data wrapper.
    Wrapper,
    Outside(Outside),
}

/// What happens at a call of a function, by the catalogs.
///
/// # Safety
/// In a transaction.
pub unsafe fn call(function: pg_sys::Oid) -> Call {
    // SAFETY: what is read of the cache entry is copied before it is released.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::PROCOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(function));
        if tuple.is_null() {
            return Call::Ordinary;
        }
        let form = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_proc>();
        let text = |column: u32| {
            let mut is_null = false;
            let value = pg_sys::SysCacheGetAttr(cache, tuple, column as pg_sys::AttrNumber, &mut is_null);
            String::from_datum(value, is_null).unwrap_or_default()
        };
        let outside = |reason| Call::Outside(Outside { reason, instead: None });
        let call = if (*form).prorettype == pg_sys::FDW_HANDLEROID {
            Call::Wrapper
        } else {
            match (*form).prolang.to_u32() {
                INTERNAL => {
                    of_server(&text(pg_sys::Anum_pg_proc_prosrc)).map_or(Call::Ordinary, Call::Outside)
                }
                C => {
                    let (path, symbol) =
                        (text(pg_sys::Anum_pg_proc_probin), text(pg_sys::Anum_pg_proc_prosrc));
                    of_library(&path, &symbol).map_or(Call::Ordinary, outside)
                }
                SQL if may_reach_outside(&text(pg_sys::Anum_pg_proc_prosrc)) => Call::Sql,
                SQL => Call::Ordinary,
                _ if is_untrusted((*form).prolang) => outside(Reason::Untrusted),
                _ => Call::Ordinary,
            }
        };
        pg_sys::ReleaseSysCache(tuple);
        call
    }
}

/// Whether the body of an SQL function may call something that reaches outside, by its words. All others may become a part
/// of the statement that calls them, which an index on their value can depend on. What this does not tell is refused when
/// it is about to run.
fn may_reach_outside(body: &str) -> bool {
    const WORDS: [&str; 8] = ["pg_", "lo_", "dblink", "http", "dbms_", "utl_", "plproxy", "autoprewarm"];
    let body = body.to_lowercase();
    // Statements that the server keeps as what they mean have no text.
    body.is_empty() || WORDS.iter().any(|word| body.contains(word))
}

/// The languages that the server knows without an extension.
const INTERNAL: u32 = 12;
const C: u32 = 13;
const SQL: u32 = 14;

/// Whether a procedural language is one that may do anything on the server's machine.
///
/// # Safety
/// In a transaction.
pub unsafe fn is_untrusted(language: pg_sys::Oid) -> bool {
    /// The places of two columns of pg_language.
    const LANISPL: pg_sys::AttrNumber = 4;
    const LANPLTRUSTED: pg_sys::AttrNumber = 5;
    // SAFETY: both columns are there, are never NULL and hold their value themselves.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::LANGOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(language));
        if tuple.is_null() {
            return false;
        }
        let is = |column| {
            let mut is_null = false;
            let value = pg_sys::SysCacheGetAttr(cache, tuple, column, &mut is_null);
            bool::from_datum(value, is_null) == Some(true)
        };
        let untrusted = is(LANISPL) && !is(LANPLTRUSTED);
        pg_sys::ReleaseSysCache(tuple);
        untrusted
    }
}

/// Whether a function reaches outside its database.
pub fn reaches_outside(function: pg_sys::Oid) -> bool {
    // SAFETY: a look into the catalogs, within a transaction.
    matches!(unsafe { call(function) }, Call::Outside(_))
}

/// Whether the server calls a function by address, without a look into the catalogs.
pub fn is_servers_own(function: pg_sys::Oid) -> bool {
    function.to_u32() < pg_sys::FirstGenbkiObjectId
}

/// The name of a function with the types of its arguments.
///
/// # Safety
/// In a transaction.
pub unsafe fn name(function: pg_sys::Oid) -> String {
    // SAFETY: the server returns a text of its own.
    unsafe { CStr::from_ptr(pg_sys::format_procedure(function)).to_string_lossy().into_owned() }
}

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
    !matches!(unsafe { call(function) }, Call::Ordinary)
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
            Call::Ordinary | Call::Sql => {}
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
    _part: std::ffi::c_int,
    _arg: *mut std::ffi::c_void,
) {
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
