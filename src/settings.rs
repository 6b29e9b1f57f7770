//! The settings of nself_heal, each defined once and read through one function.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::path::PathBuf;
use std::time::Duration;

use nself_heal_core::environment::Kind;
use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, pg_sys};

static ENABLED: GucSetting<bool> = GucSetting::<bool>::new(false);
static MIGRATIONS_DIR: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
static ENV: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static COMPARE_OWNERS: GucSetting<bool> = GucSetting::<bool>::new(true);
static HEAL_LOCK_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(3_000);
static MIGRATE_LOCK_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(3_000);
static TENANT_WORKERS: GucSetting<i32> = GucSetting::<i32>::new(1);
static MIRROR_TRACKER: GucSetting<bool> = GucSetting::<bool>::new(false);
static CAPTURE_DDL: GucSetting<bool> = GucSetting::<bool>::new(true);
static GUARD: GucSetting<Guard> = GucSetting::<Guard>::new(Guard::Off);
static DATABASES: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"*"));
static TRUSTED_AUTHORS: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static CHECK_INTERVAL: GucSetting<i32> = GucSetting::<i32>::new(600);
static MIGRATE_ON_START: GucSetting<bool> = GucSetting::<bool>::new(false);
static SCHEMA_HEAL_LOG: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
static DDL_LOG_KEEP: GucSetting<i32> = GucSetting::<i32>::new(90 * 24 * 60);
static HASURA_ENDPOINT: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static SHADOW_KEEP_FROM: GucSetting<i32> = GucSetting::<i32>::new(300);
static HEAL_REWRITE_LIMIT: GucSetting<i32> = GucSetting::<i32>::new(64 * 1024);

/// What is done about DDL outside a migration, in schemas that migrations have to do with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, pgrx::PostgresGucEnum)]
pub enum Guard {
    #[name = c"off"]
    Off,
    #[name = c"warn"]
    Warn,
    #[name = c"block"]
    Block,
}

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
        c"What the database is for: local, dev, staging or prod.",
        c"In prod nself_migrate_down() asks for a confirmation, and the command nself asks for --env prod. Empty: nobody said.",
        &ENV,
        GucContext::Userset,
        GucFlags::default(),
    );
    // Programs send the admin secret there: whoever may set it for a database could have it sent to himself.
    GucRegistry::define_string_guc(
        c"nself.hasura_endpoint",
        c"The address of the Hasura that serves this database, such as http://hasura:8080.",
        c"The command nself and nself serve let it read the schema anew after a migration or a heal. Empty: there is none. Only a superuser may change it. The admin secret does not belong here.",
        &HASURA_ENDPOINT,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"nself.compare_owners",
        c"Whether objects that belong to another role than the one that the migrations give are drift.",
        c"Where owners differ between environments on purpose, switch it off. Heal never changes an owner.",
        &COMPARE_OWNERS,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"nself.mirror_tracker",
        c"Whether what nself_heal applies and undoes is written into the list of the tool, too, that the database was adopted from.",
        c"So that the tool does not run it again. Who applies needs the rights to write there.",
        &MIRROR_TRACKER,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"nself.trusted_authors",
        c"The roles whose migrations every role trusts, as names with commas between them, or * for all.",
        c"A heal does nothing with the rights of a role that does not trust all who applied migrations. Name here those whose migrations are reviewed. Only a superuser may change it.",
        &TRUSTED_AUTHORS,
        GucContext::Suset,
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
        c"nself.migrate_lock_timeout",
        c"How long a migration that runs in a job waits for a lock before it is undone and tried again.",
        c"Zero waits for as long as it takes. A lock_timeout of the session that started the job counts more.",
        &MIGRATE_LOCK_TIMEOUT,
        0,
        i32::MAX,
        GucContext::Userset,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_int_guc(
        c"nself.tenant_workers",
        c"How many background workers migrate tenants side by side in a job for all tenants.",
        c"Each takes one of max_worker_processes while the job runs.",
        &TENANT_WORKERS,
        1,
        16,
        GucContext::Userset,
        GucFlags::default(),
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
    GucRegistry::define_enum_guc(
        c"nself.guard",
        c"What is done about DDL outside a migration in schemas that migrations have to do with: off, warn or block.",
        c"Only a superuser may change it.",
        &GUARD,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"nself.ddl_log_keep",
        c"How long DDL stays in nself.ddl_log.",
        c"The worker removes what is older. -1 keeps all.",
        &DDL_LOG_KEEP,
        -1,
        i32::MAX,
        GucContext::Sighup,
        GucFlags::UNIT_MIN,
    );
    GucRegistry::define_string_guc(
        c"nself.databases",
        c"The databases in which the worker runs, as names with commas between them, or * for all that have the extension.",
        c"It needs shared_preload_libraries = 'nself_heal'.",
        &DATABASES,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"nself.check_interval",
        c"How long the worker waits from one look at a database to the next.",
        c"With 0 it looks once, when the server starts.",
        &CHECK_INTERVAL,
        0,
        i32::MAX / 1000,
        GucContext::Sighup,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_bool_guc(
        c"nself.migrate_on_start",
        c"Whether the worker applies pending migrations before it compares.",
        c"They run as the role that applied the last one, or as the owner of the database if there is none.",
        &MIGRATE_ON_START,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"nself.schema_heal_log",
        c"The file to which the worker writes a line of JSON for each run.",
        c"Relative to the server's log_directory. The start value comes from NSELF_SCHEMA_HEAL_LOG in the server's environment.",
        &SCHEMA_HEAL_LOG,
        GucContext::Sighup,
        GucFlags::SUPERUSER_ONLY,
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

/// Lets the server's environment give start values, below whatever a configuration file says.
fn start_values() {
    const FROM: [(&str, &CStr); 2] = [
        ("NSELF_SCHEMA_HEAL_ENABLED", c"nself.schema_heal_enabled"),
        ("NSELF_SCHEMA_HEAL_LOG", c"nself.schema_heal_log"),
    ];
    for (variable, setting) in FROM {
        let Ok(value) = std::env::var(variable) else { continue };
        let Ok(value) = CString::new(value) else { continue };
        // SAFETY: both strings live through the call; the server copies the value. An unusable value only warns.
        unsafe {
            pg_sys::set_config_option(
                setting.as_ptr(),
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
}

pub fn enabled() -> bool {
    ENABLED.get()
}

/// Where the value of nself.schema_heal_enabled comes from, in the server's words.
pub fn enabled_source() -> String {
    // pgrx's own way of reading one value takes a transaction id, which a standby has none of.
    let source: Result<Option<String>, _> = crate::server::spi::read_one(
        "SELECT source FROM pg_catalog.pg_settings WHERE name OPERATOR(pg_catalog.=) $1",
        &["nself.schema_heal_enabled".into()],
    );
    source.ok().flatten().unwrap_or_default()
}

pub fn migrations_dir() -> Option<PathBuf> {
    let dir = MIGRATIONS_DIR.get()?.into_string().ok()?;
    (!dir.is_empty()).then(|| dir.into())
}

/// What this database is for; empty where nobody said.
pub fn environment() -> String {
    ENV.get().map(|env| env.to_string_lossy().trim().to_owned()).unwrap_or_default()
}

pub fn is_production() -> bool {
    Kind::of(&environment()) == Kind::Prod
}

pub fn compare_owners() -> bool {
    COMPARE_OWNERS.get()
}

pub fn capture_ddl() -> bool {
    CAPTURE_DDL.get()
}

pub fn guard() -> Guard {
    GUARD.get()
}

/// A list of names, as the server reads it; `*` stands for all.
pub struct Names(Vec<String>);

impl Names {
    pub fn holds(&self, name: &str) -> bool {
        self.0.iter().any(|listed| listed == "*" || listed == name)
    }

    /// Whether somebody named it, and did not only mean all.
    pub fn names(&self, name: &str) -> bool {
        self.0.iter().any(|listed| listed == name)
    }
}

/// The databases in which the worker is to run; nothing if the setting cannot be read.
pub fn databases() -> Option<Names> {
    names(&DATABASES)
}

/// The roles whose migrations everybody trusts, because somebody reviews them. Nobody, if the setting cannot be read.
pub fn trusted_authors() -> Names {
    names(&TRUSTED_AUTHORS).unwrap_or(Names(Vec::new()))
}

fn names(setting: &GucSetting<Option<CString>>) -> Option<Names> {
    let list = setting.get().unwrap_or_default();
    let text = list.into_bytes_with_nul();
    // SAFETY: the server cuts a copy, which lives as long as the memory context, into the names that its list points to.
    unsafe {
        let copy = pg_sys::pstrdup(text.as_ptr().cast());
        let mut names = std::ptr::null_mut();
        if !pg_sys::SplitIdentifierString(copy, b',' as std::ffi::c_char, &mut names) {
            return None;
        }
        let names = pgrx::PgList::<std::ffi::c_char>::from_pg(names);
        let names = names.iter_ptr().map(|name| CStr::from_ptr(name).to_string_lossy().into_owned());
        Some(Names(names.collect()))
    }
}

/// How long the worker waits from one look to the next; nothing if it is to look only once.
pub fn check_interval() -> Option<Duration> {
    u64::try_from(CHECK_INTERVAL.get()).ok().filter(|&seconds| seconds > 0).map(Duration::from_secs)
}

pub fn migrate_on_start() -> bool {
    MIGRATE_ON_START.get()
}

/// The file for a line of each run, from the server's data directory if it is relative.
pub fn schema_heal_log() -> Option<PathBuf> {
    let file = SCHEMA_HEAL_LOG.get()?.into_string().ok()?;
    // SAFETY: the setting is a text of the server's.
    let folder = unsafe { CStr::from_ptr(pg_sys::Log_directory) }.to_string_lossy().into_owned();
    (!file.is_empty()).then(|| PathBuf::from(folder).join(file))
}

/// How old a row of nself.ddl_log may become, in minutes.
pub fn ddl_log_keep() -> Option<i32> {
    Some(DDL_LOG_KEEP.get()).filter(|&minutes| minutes >= 0)
}

/// In milliseconds; zero for none of its own.
pub fn heal_lock_timeout() -> i32 {
    HEAL_LOCK_TIMEOUT.get()
}

/// In milliseconds; zero for none of its own.
pub fn migrate_lock_timeout() -> i32 {
    MIGRATE_LOCK_TIMEOUT.get()
}

pub fn tenant_workers() -> usize {
    usize::try_from(TENANT_WORKERS.get()).unwrap_or(1)
}

pub fn mirrors_tracker() -> bool {
    MIRROR_TRACKER.get()
}

/// In bytes.
pub fn heal_rewrite_limit() -> u64 {
    HEAL_REWRITE_LIMIT.get() as u64 * 1024
}

/// How long a replay takes whose shadow is kept, if any is.
pub fn shadow_keep_from() -> Option<Duration> {
    u64::try_from(SHADOW_KEEP_FROM.get()).ok().map(Duration::from_millis)
}
