//! The settings of nself_heal, each defined once and read through one function.

use std::ffi::CString;
use std::path::PathBuf;
use std::time::Duration;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, pg_sys};

static ENABLED: GucSetting<bool> = GucSetting::<bool>::new(false);
static MIGRATIONS_DIR: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
static ENV: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"dev"));
static COMPARE_OWNERS: GucSetting<bool> = GucSetting::<bool>::new(false);
static HEAL_LOCK_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(3_000);
static CAPTURE_DDL: GucSetting<bool> = GucSetting::<bool>::new(true);
static SHADOW_KEEP_FROM: GucSetting<i32> = GucSetting::<i32>::new(300);
static HEAL_REWRITE_LIMIT: GucSetting<i32> = GucSetting::<i32>::new(64 * 1024);

pub fn define() {
    GucRegistry::define_bool_guc(
        c"nself.schema_heal_enabled",
        c"Whether the schema is to be healed without being asked.",
        c"The word of nself_heal_enable() or nself_heal_disable() in a database counts more. The start value comes from NSELF_SCHEMA_HEAL_ENABLED in the server's environment.",
        &ENABLED,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"nself.migrations_dir",
        c"The migrations folder on the server, as an absolute path.",
        c"What nself_journal_load() reads when it is called without an argument.",
        &MIGRATIONS_DIR,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"nself.env",
        c"What the database is for: dev, staging or prod.",
        c"In prod nself_migrate_down() asks for a confirmation.",
        &ENV,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"nself.compare_owners",
        c"Whether objects that belong to another role than the one that the migrations give are drift.",
        c"Owners differ between environments, so this is off unless it is asked for. Heal never changes an owner.",
        &COMPARE_OWNERS,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"nself.heal_lock_timeout",
        c"How long a step of a heal waits for a lock before it is reported as blocked.",
        c"Zero waits for as long as lock_timeout says.",
        &HEAL_LOCK_TIMEOUT,
        0,
        i32::MAX,
        GucContext::Userset,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_int_guc(
        c"nself.heal_rewrite_limit",
        c"The size from which on a heal does not rewrite a table.",
        c"Adding a column with a default that differs from row to row rewrites the table under an exclusive lock.",
        &HEAL_REWRITE_LIMIT,
        0,
        i32::MAX,
        GucContext::Userset,
        GucFlags::UNIT_KB,
    );
    GucRegistry::define_bool_guc(
        c"nself.capture_ddl",
        c"Whether DDL is noted, so that drift can be told with its culprit.",
        c"It goes to nself.ddl_log. What nself_heal does itself is never noted.",
        &CAPTURE_DDL,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"nself.shadow_keep_from",
        c"A replay that takes this long leaves its shadow database for the next one of the session to go on from.",
        c"It is dropped after a minute, and with the session. Until then the roles that own something in it cannot be dropped. -1 keeps none.",
        &SHADOW_KEEP_FROM,
        -1,
        i32::MAX,
        GucContext::Userset,
        GucFlags::UNIT_MS,
    );
    start_values();
}

/// Lets the server's environment give a start value, below whatever a configuration file says.
fn start_values() {
    let Ok(value) = std::env::var("NSELF_SCHEMA_HEAL_ENABLED") else { return };
    let Ok(value) = CString::new(value) else { return };
    // SAFETY: both strings live through the call; the server copies the value. An unusable value only warns.
    unsafe {
        pg_sys::set_config_option(
            c"nself.schema_heal_enabled".as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_POSTMASTER,
            pg_sys::GucSource::PGC_S_ENV_VAR,
            pg_sys::GucAction::GUC_ACTION_SET,
            true,
            pg_sys::WARNING as i32,
            false,
        );
    }
}

pub fn enabled() -> bool {
    ENABLED.get()
}

pub fn migrations_dir() -> Option<PathBuf> {
    let dir = MIGRATIONS_DIR.get()?.into_string().ok()?;
    (!dir.is_empty()).then(|| dir.into())
}

pub fn is_production() -> bool {
    ENV.get().is_some_and(|env| env.to_string_lossy().to_ascii_lowercase().starts_with("prod"))
}

pub fn compare_owners() -> bool {
    COMPARE_OWNERS.get()
}

pub fn capture_ddl() -> bool {
    CAPTURE_DDL.get()
}

/// In milliseconds; zero for none of its own.
pub fn heal_lock_timeout() -> i32 {
    HEAL_LOCK_TIMEOUT.get()
}

/// In bytes.
pub fn heal_rewrite_limit() -> u64 {
    HEAL_REWRITE_LIMIT.get() as u64 * 1024
}

/// How long a replay takes whose shadow is kept, if any is.
pub fn shadow_keep_from() -> Option<Duration> {
    u64::try_from(SHADOW_KEEP_FROM.get()).ok().map(Duration::from_millis)
}
