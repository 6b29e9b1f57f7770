//! What a migration says of deferrable constraints holds for that migration. Several run in one transaction of the
//! caller's, and each begins and ends with the constraints as they were before it.
//!
//! The server cannot take SET CONSTRAINTS ALL back before the end of the transaction, and then it holds for constraints
//! that later migrations make, too. So while a migration runs, a hook turns that statement into one that names all
//! constraints; what is named can be set back. A schema that the role in force may not use cannot be named: what is
//! deferred there is checked when the transaction ends.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, c_char, c_void};

use nself_heal_core::quote;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::Error;
use crate::server::session::{c_string, with_pinned_settings};
use crate::server::spi;

/// What the migration that runs has said of deferrable constraints.
#[derive(Default)]
struct Said {
    /// It has said ALL.
    all: bool,
    /// The constraints that it has named, with their schema if it named that.
    names: BTreeSet<(Option<String>, String)>,
    /// What ALL means for constraints that are made later, true for DEFERRED, with the subtransaction in which it was
    /// said. The last one counts.
    of_new: Vec<(pg_sys::SubTransactionId, bool)>,
    /// The constraints for which that is done.
    known: BTreeSet<u32>,
}

/// The schema and the name of constraints. There may be several of one name, on several tables.
type Names = BTreeSet<(String, String)>;

/// A deferrable constraint.
struct Constraint {
    oid: u32,
    name: (String, String),
    initially_deferred: bool,
    /// One of the same name is not deferrable, so the server refuses to defer that name.
    shares_name: bool,
}

thread_local! {
    /// Nothing while no migration runs.
    static SAID: RefCell<Option<Said>> = const { RefCell::new(None) };
    /// The next SET CONSTRAINTS is this program's own. Those of triggers that it runs are not.
    static IS_OWN: Cell<bool> = const { Cell::new(false) };
    static NEXT_HOOK: Cell<pg_sys::ProcessUtility_hook_type> = const { Cell::new(None) };
}

/// Runs a migration, or one of its statements, and minds what it says of constraints. `check` is to be called at its end.
pub fn watched<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    struct Watch;
    impl Drop for Watch {
        fn drop(&mut self) {
            SAID.set(None);
        }
    }
    install();
    SAID.set(Some(Said::default()));
    IS_OWN.set(false);
    let _watch = Watch;
    work()
}

/// How often checks are run that other checks have deferred.
const ROUNDS: usize = 10;

/// Runs the checks that wait for the end of the transaction, then lets all constraints be as they were before the
/// migration: as defined, or as the caller has set them, but for those that the migration has set, which are as defined.
pub fn check() -> Result<(), Error> {
    let mut fired = Names::new();
    for _ in 0..ROUNDS {
        let tables = pending()?;
        if tables.is_empty() {
            break;
        }
        let names: Names = constraints(Some(tables))?.into_iter().map(|one| one.name).collect();
        if names.is_empty() {
            break;
        }
        set(&names, false)?;
        fired.extend(names);
    }
    let said = SAID.take().unwrap_or_default();
    if fired.is_empty() && !said.all && said.names.is_empty() {
        return Ok(());
    }
    // Whether those of a name are deferred. Where they are defined in two ways, deferred fails less often.
    let mut before: BTreeMap<(String, String), bool> = BTreeMap::new();
    let mut refused = Names::new();
    for one in constraints(None)? {
        let deferred = match (said.has_set(&one.name), fired.contains(&one.name)) {
            (true, _) => one.initially_deferred,
            // What has waited was deferred.
            (false, true) => true,
            (false, false) => continue,
        };
        if one.shares_name {
            refused.insert(one.name.clone());
        }
        *before.entry(one.name).or_default() |= deferred;
    }
    let which = |deferred: bool| {
        let wanted =
            before.iter().filter(|(name, is)| **is == deferred && !(deferred && refused.contains(*name)));
        wanted.map(|(name, _)| name.clone()).collect::<Names>()
    };
    set(&which(false), false)?;
    set(&which(true), true)
}

impl Said {
    fn has_set(&self, (schema, name): &(String, String)) -> bool {
        let named = |schema: Option<&String>| self.names.contains(&(schema.cloned(), name.clone()));
        self.all || named(None) || named(Some(schema))
    }
}

/// The tables with checks that wait.
pub fn pending() -> Result<Vec<pg_sys::Oid>, Error> {
    let tables: Option<Vec<pg_sys::Oid>> = with_pinned_settings(|| {
        spi::read_one("SELECT array_agg(DISTINCT tgrelid) FROM pg_trigger WHERE tgdeferrable", &[])
    })?;
    // SAFETY: a look at this transaction's own list of events.
    let waits = |table: &pg_sys::Oid| unsafe { pg_sys::AfterTriggerPendingOnRel(*table) };
    Ok(tables.unwrap_or_default().into_iter().filter(waits).collect())
}

/// The deferrable constraints that can be named, all of them or those that are checked by triggers of these tables.
fn constraints(tables: Option<Vec<pg_sys::Oid>>) -> Result<Vec<Constraint>, Error> {
    let rows: Vec<(u32, String, String, bool, bool)> = with_pinned_settings(|| {
        spi::read_json(
            "constraints",
            "SELECT coalesce(json_agg(json_build_array( \
                        c.oid::int8, n.nspname, c.conname, c.condeferred, \
                        EXISTS (SELECT FROM pg_constraint o WHERE o.conname = c.conname \
                                   AND o.connamespace = c.connamespace AND NOT o.condeferrable))), '[]')::text \
               FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace \
              WHERE c.condeferrable AND has_schema_privilege(n.oid, 'USAGE') AND NOT pg_is_other_temp_schema(n.oid) \
                AND ($1 IS NULL OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgconstraint = c.oid AND t.tgdeferrable \
                                              AND t.tgrelid = ANY ($1)))",
            &[tables.into()],
        )
    })?;
    let constraint = |(oid, schema, name, initially_deferred, shares_name)| Constraint {
        oid,
        name: (schema, name),
        initially_deferred,
        shares_name,
    };
    Ok(rows.into_iter().map(constraint).collect())
}

/// Sets constraints by their names. Those that are made immediate and wait are checked, as whoever's rights are in force.
fn set(names: &Names, deferred: bool) -> Result<(), Error> {
    if names.is_empty() {
        return Ok(());
    }
    let listed: Vec<String> = names.iter().map(|(schema, name)| quote::qualified(schema, name)).collect();
    let how = if deferred { "DEFERRED" } else { "IMMEDIATE" };
    IS_OWN.set(true);
    spi::write(&format!("SET CONSTRAINTS {} {how}", listed.join(", ")), &[])
}

fn install() {
    thread_local! {
        static IS_INSTALLED: Cell<bool> = const { Cell::new(false) };
    }
    if !IS_INSTALLED.replace(true) {
        // SAFETY: this is a process of one thread; both functions are there as long as it is. The hook of another library
        // is called from this one.
        unsafe {
            NEXT_HOOK.set(pg_sys::ProcessUtility_hook);
            pg_sys::ProcessUtility_hook = Some(process_utility);
            pg_sys::RegisterSubXactCallback(Some(at_end_of_part), std::ptr::null_mut());
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn at_end_of_part(
    event: pg_sys::SubXactEvent::Type,
    part: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _arg: *mut c_void,
) {
    if event == pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB {
        // What was said within that part has a larger number.
        with_said(|said| said.of_new.retain(|(within, _)| *within < part));
    }
}

fn with_said<T>(work: impl FnOnce(&mut Said) -> T) -> Option<T> {
    SAID.with_borrow_mut(|said| said.as_mut().map(work))
}

unsafe extern "C-unwind" {
    // The server's own, and not a call of it that is guarded, for which see below.
    fn standard_ProcessUtility(
        planned: *mut pg_sys::PlannedStmt,
        query: *const c_char,
        read_only: bool,
        context: pg_sys::ProcessUtilityContext::Type,
        params: pg_sys::ParamListInfo,
        environment: *mut pg_sys::QueryEnvironment,
        receiver: *mut pg_sys::DestReceiver,
        completion: *mut pg_sys::QueryCompletion,
    );
}

/// It has no guard, and nothing to tidy up: an error of the statement passes over it as the server made it. A guard would
/// take its context, its position and a SQLSTATE that a user made up away from it.
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
    // SAFETY: the server hands over a planned utility statement; it is passed on as it came, or as a copy.
    unsafe {
        let tag = (*(*planned).utilityStmt).type_;
        let planned = before(planned);
        if planned.is_null() {
            return;
        }
        let next = NEXT_HOOK.get().unwrap_or(standard_ProcessUtility);
        next(planned, query, read_only, context, params, environment, receiver, completion);
        if context != pg_sys::ProcessUtilityContext::PROCESS_UTILITY_SUBCOMMAND {
            after(tag);
        }
    }
}

/// What is to run in place of a statement; null for nothing.
#[pg_guard]
unsafe extern "C-unwind" fn before(planned: *mut pg_sys::PlannedStmt) -> *mut pg_sys::PlannedStmt {
    // SAFETY: the tag tells the type that the node is cast to.
    unsafe {
        let node = (*planned).utilityStmt;
        if (*node).type_ != pg_sys::NodeTag::T_ConstraintsSetStmt || IS_OWN.take() || !is_watched() {
            return planned;
        }
        raised(named(planned, &*node.cast::<pg_sys::ConstraintsSetStmt>()))
    }
}

/// Minds what a statement has made.
#[pg_guard]
unsafe extern "C-unwind" fn after(tag: pg_sys::NodeTag) {
    if makes_constraints(tag) && is_watched() {
        raised(set_new());
    }
}

fn is_watched() -> bool {
    SAID.with_borrow(Option::is_some)
}

/// Inside a statement of the server an error is the server's to raise.
fn raised<T>(result: Result<T, Error>) -> T {
    result.unwrap_or_else(|error| {
        ErrorReport::from(error).report(PgLogLevel::ERROR);
        unreachable!("an error does not return")
    })
}

fn makes_constraints(tag: pg_sys::NodeTag) -> bool {
    use pg_sys::NodeTag::*;
    matches!(
        tag,
        T_CreateStmt | T_CreateForeignTableStmt | T_AlterTableStmt | T_CreateTrigStmt | T_CreateSchemaStmt
    )
}

/// Notes a SET CONSTRAINTS. Returns what is to run in its place, which for ALL names all constraints; null if there
/// are none.
///
/// # Safety
/// `planned` is the statement, `set` what it holds.
unsafe fn named(
    planned: *mut pg_sys::PlannedStmt,
    set: &pg_sys::ConstraintsSetStmt,
) -> Result<*mut pg_sys::PlannedStmt, Error> {
    // SAFETY: the constraints are a list of names, with texts of their own. The statement may belong to a plan that is
    // kept, and stays as it is: the copy lives in the current memory context, with all that is put into it.
    unsafe {
        let listed = pgrx::PgList::<pg_sys::RangeVar>::from_pg(set.constraints);
        if !listed.is_empty() {
            let text = |text: *const c_char| CStr::from_ptr(text).to_string_lossy().into_owned();
            let name = |of: *mut pg_sys::RangeVar| {
                let schema = (*of).schemaname;
                ((!schema.is_null()).then(|| text(schema)), text((*of).relname))
            };
            with_said(|said| said.names.extend(listed.iter_ptr().map(name)));
            return Ok(planned);
        }
        let all = constraints(None)?;
        with_said(|said| {
            said.all = true;
            said.of_new.push((pg_sys::GetCurrentSubTransactionId(), set.deferred));
            said.known = all.iter().map(|one| one.oid).collect();
        });
        if set.deferred && all.iter().any(|one| one.shares_name) {
            // They can only be deferred all together. Then ALL holds for the rest of the transaction, for constraints that
            // are not there yet.
            return Ok(planned);
        }
        let names: Names = all.into_iter().map(|one| one.name).collect();
        if names.is_empty() {
            return Ok(std::ptr::null_mut());
        }
        let mut list = pgrx::PgList::<pg_sys::RangeVar>::new();
        for (schema, name) in &names {
            let copy = |text: &str| pg_sys::pstrdup(c_string(text).as_ptr());
            list.push(pg_sys::makeRangeVar(copy(schema), copy(name), -1));
        }
        let planned = pg_sys::copyObjectImpl(planned.cast()).cast::<pg_sys::PlannedStmt>();
        (*(*planned).utilityStmt.cast::<pg_sys::ConstraintsSetStmt>()).constraints = list.into_pg();
        Ok(planned)
    }
}

/// Sets the constraints that have been made since the migration said ALL, as it said.
fn set_new() -> Result<(), Error> {
    let Some(deferred) = with_said(|said| said.of_new.last().map(|(_, deferred)| *deferred)).flatten() else {
        return Ok(());
    };
    let mut new = constraints(None)?;
    with_said(|said| new.retain(|one| said.known.insert(one.oid)));
    new.retain(|one| !(deferred && one.shares_name));
    let names: Names = new.into_iter().map(|one| one.name).collect();
    set(&names, deferred)
}
