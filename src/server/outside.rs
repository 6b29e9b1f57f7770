//! Which functions reach outside their database, and in which way.

use std::ffi::CStr;

use pgrx::prelude::*;
use serde::{Deserialize, Serialize};

use crate::server::cache::{Row, look_up};

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    Shared,
    Server,
    Sessions,
    Files,
    Connection,
    Foreign,
    Storage,
    Untrusted,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "all databases of the server share it",
            Self::Server => "it acts on the whole server",
            Self::Sessions => "it acts on other sessions",
            Self::Files => "it uses files or programs of the server's machine",
            Self::Connection => "it opens a connection",
            Self::Foreign => "what it reads or writes is not in this database",
            Self::Storage => "it changes how rows are stored, also those that all databases share",
            Self::Untrusted => "its language is untrusted: it can do anything on the server's machine",
        }
    }
}

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
    ("pg_surgery", "", Reason::Storage),
    ("pg_visibility", "pg_truncate_visibility_map", Reason::Storage),
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
    look_up(pg_sys::SysCacheIdentifier::PROCOID, function, |row| {
        // SAFETY: the form is that of pg_proc.
        let form = unsafe { row.form::<pg_sys::FormData_pg_proc>() };
        let text = |column: u32| row.column::<String>(column as pg_sys::AttrNumber).unwrap_or_default();
        let outside = |reason| Call::Outside(Outside { reason, instead: None });
        if form.prorettype == pg_sys::FDW_HANDLEROID {
            return Call::Wrapper;
        }
        match form.prolang.to_u32() {
            INTERNAL => of_server(&text(pg_sys::Anum_pg_proc_prosrc)).map_or(Call::Ordinary, Call::Outside),
            C => {
                let (path, symbol) = (text(pg_sys::Anum_pg_proc_probin), text(pg_sys::Anum_pg_proc_prosrc));
                of_library(&path, &symbol).map_or(Call::Ordinary, outside)
            }
            SQL if may_reach_outside(&text(pg_sys::Anum_pg_proc_prosrc)) => Call::Sql,
            SQL => Call::Ordinary,
            // SAFETY: within a transaction, as this is.
            _ if unsafe { is_untrusted(form.prolang) } => outside(Reason::Untrusted),
            _ => Call::Ordinary,
        }
    })
    .unwrap_or(Call::Ordinary)
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
pub const INTERNAL: u32 = 12;

pub const C: u32 = 13;

const SQL: u32 = 14;

/// Whether a procedural language is one that may do anything on the server's machine.
///
/// # Safety
/// In a transaction.
pub unsafe fn is_untrusted(language: pg_sys::Oid) -> bool {
    /// The places of two columns of pg_language.
    const LANISPL: pg_sys::AttrNumber = 4;
    const LANPLTRUSTED: pg_sys::AttrNumber = 5;
    look_up(pg_sys::SysCacheIdentifier::LANGOID, language, |row| {
        row.column(LANISPL) == Some(true) && row.column(LANPLTRUSTED) == Some(false)
    }) == Some(true)
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

/// The name that a function of the server has in its program.
pub fn symbol(function: pg_sys::Oid) -> Option<String> {
    let symbol = |row: Row| row.column(pg_sys::Anum_pg_proc_prosrc as pg_sys::AttrNumber);
    look_up(pg_sys::SysCacheIdentifier::PROCOID, function, symbol)?
}

/// The name of a function with the types of its arguments.
///
/// # Safety
/// In a transaction.
pub unsafe fn name(function: pg_sys::Oid) -> String {
    // SAFETY: the server returns a text of its own.
    unsafe { CStr::from_ptr(pg_sys::format_procedure(function)).to_string_lossy().into_owned() }
}
