//! The shared memory in which a visitor tells the launcher what it found in a database.

use std::ffi::c_void;
use std::sync::atomic::{AtomicU32, Ordering};

use nself_heal_core::schedule::Finding;
use pgrx::pg_sys;

/// A piece of shared memory on which a visitor leaves what it found.
pub struct Slip(*mut pg_sys::dsm_segment);

impl Slip {
    pub fn new() -> Self {
        // SAFETY: the segment is this value's own, and mapped as long as it lives.
        unsafe {
            let segment = pg_sys::dsm_create(size_of::<AtomicU32>(), 0);
            pg_sys::dsm_pin_mapping(segment);
            let slip = Self(segment);
            slip.place().store(Finding::Failed as u32, Ordering::Relaxed);
            slip
        }
    }

    /// By which a visitor finds it.
    pub fn handle(&self) -> pg_sys::dsm_handle {
        // SAFETY: the segment is mapped.
        unsafe { pg_sys::dsm_segment_handle(self.0) }
    }

    pub fn attach(handle: pg_sys::dsm_handle) -> Option<Self> {
        // SAFETY: a handle that `new` made, or that of a segment which is gone.
        unsafe {
            let segment = pg_sys::dsm_attach(handle);
            if segment.is_null() {
                return None;
            }
            pg_sys::dsm_pin_mapping(segment);
            Some(Self(segment))
        }
    }

    fn place(&self) -> &AtomicU32 {
        // SAFETY: the segment is mapped as long as this value lives, and begins with such a number; new segments are
        // aligned.
        unsafe { &*pg_sys::dsm_segment_address(self.0).cast::<c_void>().cast::<AtomicU32>() }
    }

    pub fn write(&self, finding: Finding) {
        self.place().store(finding as u32, Ordering::Relaxed);
    }

    pub fn read(&self) -> Finding {
        use Finding::*;
        let left = self.place().load(Ordering::Relaxed);
        [Looked, Disabled, NoExtension, OtherVersion, PutOff, Copy]
            .into_iter()
            .find(|finding| *finding as u32 == left)
            .unwrap_or(Failed)
    }
}

impl Drop for Slip {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own.
        unsafe { pg_sys::dsm_detach(self.0) };
    }
}
