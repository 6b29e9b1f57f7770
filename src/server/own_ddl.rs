//! DDL of this program's own, which is not noted as somebody's: migrations and heals have books of their own. What a
//! migration touches is collected for those.

use std::cell::{Cell, RefCell};

use nself_heal_core::evidence::Touched;

thread_local! {
    static OWN: Cell<u32> = const { Cell::new(0) };
    static COLLECTED: RefCell<Option<Touched>> = const { RefCell::new(None) };
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

/// From now on what migrations touch is collected, until it is taken.
pub fn collect() {
    COLLECTED.set(Some(Touched::default()));
}

pub fn is_collecting() -> bool {
    COLLECTED.with_borrow(Option::is_some)
}

/// What a command does to what it touches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Does {
    Alter,
    /// Gives it another name, or puts it into another schema.
    Rename,
    Drop,
}

/// Notes what a command of a migration has touched.
pub fn note(names: impl IntoIterator<Item = String>, does: Does) {
    COLLECTED.with_borrow_mut(|collected| {
        let Some(collected) = collected else { return };
        for name in names {
            if does == Does::Drop {
                collected.dropped.insert(name.clone());
            }
            collected.names.insert(name);
        }
        collected.renames |= does == Does::Rename;
    });
}

/// What was collected, if anything was to be.
pub fn take() -> Option<Touched> {
    COLLECTED.take()
}
