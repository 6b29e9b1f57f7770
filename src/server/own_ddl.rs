//! DDL of this program's own, which is not noted as somebody's: migrations and heals have books of their own.

use std::cell::Cell;

thread_local! {
    static OWN: Cell<u32> = const { Cell::new(0) };
}

/// Runs `work`, whose DDL is this program's own: a migration or a heal, which have books of their own.
pub fn run<T>(work: impl FnOnce() -> T) -> T {
    struct Within;
    impl Drop for Within {
        fn drop(&mut self) {
            OWN.set(OWN.get() - 1);
        }
    }
    OWN.set(OWN.get() + 1);
    let _within = Within;
    work()
}

/// Whether the DDL that runs now is this program's own.
pub fn is_running() -> bool {
    OWN.get() > 0
}
