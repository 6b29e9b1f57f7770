//! statement_timeout in a background worker. The server sees to it for what a client sends, and for nothing else.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::c_int;
use std::time::{Duration, Instant};

use pgrx::pg_sys;

use crate::error::Error;

unsafe extern "C-unwind" {
    fn enable_timeout_after(id: c_int, delay_ms: c_int);
    fn disable_timeout(id: c_int, keep_indicator: bool);
}

/// The same in all supported versions: of the server's timeouts only those behind it have moved.
const STATEMENT_TIMEOUT: c_int = 3;

thread_local! {
    static IS_OBEYED: Cell<bool> = const { Cell::new(false) };
    static HAS_ENDED_ONE: Cell<bool> = const { Cell::new(false) };
}

/// From now on each statement of a user's that this process runs obeys statement_timeout.
pub fn obey() {
    IS_OBEYED.set(true);
}

/// Runs one statement.
pub fn within<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // SAFETY: a plain read of a setting.
    let limit = unsafe { pg_sys::StatementTimeout };
    if !IS_OBEYED.get() || limit <= 0 {
        return work();
    }
    let began = Instant::now();
    // SAFETY: each process that is connected knows this timeout. Its handler sends this process the signal of a cancel, which
    // `work` returns as an error.
    let result = unsafe {
        enable_timeout_after(STATEMENT_TIMEOUT, limit);
        let result = work();
        disable_timeout(STATEMENT_TIMEOUT, false);
        result
    };
    let is_over = began.elapsed() >= Duration::from_millis(limit.unsigned_abs().into());
    HAS_ENDED_ONE.set(is_over && matches!(&result, Err(Error::Server(error)) if error.is_cancel()));
    result
}

/// Whether statement_timeout has ended the statement that ran last.
pub fn has_ended_one() -> bool {
    HAS_ENDED_ONE.get()
}
