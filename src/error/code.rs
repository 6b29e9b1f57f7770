//! SQLSTATEs that are none of the server's own.

use pgrx::pg_sys;

unsafe extern "C-unwind" {
    /// Gives the error that the server makes right now its SQLSTATE.
    fn errcode(code: std::ffi::c_int) -> std::ffi::c_int;
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn set_code(code: *mut std::ffi::c_void) {
    // SAFETY: the server calls this while it makes an error. The callback is on the top of the stack, and served once.
    unsafe {
        errcode(code as std::ffi::c_int);
        pg_sys::error_context_stack = (*pg_sys::error_context_stack).previous;
    }
}

/// pgrx has names for the SQLSTATEs of the server alone, and raises an error under one of them. One that a user made
/// up, as RAISE … USING ERRCODE can, is set when the server makes the next error, which is the one about to be raised.
pub fn set_of_next_error(code: i32) {
    // SAFETY: the callback lives as long as the transaction that the error ends. Whoever catches the error puts the
    // stack back as it was.
    unsafe {
        let context = pg_sys::TopTransactionContext;
        let callback: *mut pg_sys::ErrorContextCallback =
            pg_sys::MemoryContextAlloc(context, size_of::<pg_sys::ErrorContextCallback>()).cast();
        callback.write(pg_sys::ErrorContextCallback {
            previous: pg_sys::error_context_stack,
            callback: Some(set_code),
            arg: code as *mut std::ffi::c_void,
        });
        pg_sys::error_context_stack = callback;
    }
}
