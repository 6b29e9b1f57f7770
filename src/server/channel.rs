//! Messages between a backend and a background worker: a segment of dynamic shared memory with a queue for each
//! direction. When one side ends, however it ends, the other side is told.

use std::ffi::c_void;
use std::time::{Duration, Instant};

use pgrx::pg_sys;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::server::worker::Handle;

const QUEUE: usize = 64 * 1024;

/// One end of a pair of queues. The segment belongs to the resource owner that was current when it was mapped, so an
/// error lets go of it by itself; that is how a worker learns that it is alone.
pub struct Channel {
    segment: *mut pg_sys::dsm_segment,
    outgoing: *mut pg_sys::shm_mq_handle,
    incoming: *mut pg_sys::shm_mq_handle,
}

impl Channel {
    /// The backend's end.
    pub fn create() -> Self {
        // SAFETY: the segment has room for both queues; this process becomes sender of the first and receiver of the
        // second, and attaches to them once.
        unsafe {
            let segment = pg_sys::dsm_create(2 * QUEUE, 0);
            let base = pg_sys::dsm_segment_address(segment);
            let there = pg_sys::shm_mq_create(base, QUEUE);
            let back = pg_sys::shm_mq_create(base.byte_add(QUEUE), QUEUE);
            pg_sys::shm_mq_set_sender(there, pg_sys::MyProc);
            pg_sys::shm_mq_set_receiver(back, pg_sys::MyProc);
            Self::over(segment, there, back)
        }
    }

    /// The worker's end, or nothing if the backend is gone.
    pub fn attach(handle: pg_sys::dsm_handle) -> Option<Self> {
        // SAFETY: a segment that this program made has two queues at these places; the roles are those that `create`
        // left open.
        unsafe {
            let segment = pg_sys::dsm_attach(handle);
            if segment.is_null() {
                return None;
            }
            pg_sys::dsm_pin_mapping(segment);
            let base = pg_sys::dsm_segment_address(segment);
            let there = base.cast::<pg_sys::shm_mq>();
            let back = base.byte_add(QUEUE).cast::<pg_sys::shm_mq>();
            pg_sys::shm_mq_set_receiver(there, pg_sys::MyProc);
            pg_sys::shm_mq_set_sender(back, pg_sys::MyProc);
            Some(Self::over(segment, back, there))
        }
    }

    unsafe fn over(
        segment: *mut pg_sys::dsm_segment,
        outgoing: *mut pg_sys::shm_mq,
        incoming: *mut pg_sys::shm_mq,
    ) -> Self {
        // SAFETY: the queues lie in the segment. The handles must outlive a transaction of a worker.
        unsafe {
            let context = pg_sys::MemoryContextSwitchTo(pg_sys::TopMemoryContext);
            let channel = Self {
                segment,
                outgoing: pg_sys::shm_mq_attach(outgoing, segment, std::ptr::null_mut()),
                incoming: pg_sys::shm_mq_attach(incoming, segment, std::ptr::null_mut()),
            };
            pg_sys::MemoryContextSwitchTo(context);
            channel
        }
    }

    pub fn handle(&self) -> pg_sys::dsm_handle {
        // SAFETY: the segment is mapped as long as this value lives.
        unsafe { pg_sys::dsm_segment_handle(self.segment) }
    }

    /// Makes waiting end when the worker dies before it has attached.
    pub fn expect(&self, worker: &Handle) {
        // SAFETY: both handles are alive.
        unsafe {
            pg_sys::shm_mq_set_handle(self.outgoing, worker.raw());
            pg_sys::shm_mq_set_handle(self.incoming, worker.raw());
        }
    }

    /// Sends a message. `to` is what an error calls the other side.
    pub fn send<T: Serialize>(&self, message: &T, to: &'static str) -> Result<(), Error> {
        let bytes = serde_json::to_vec(message)
            .map_err(|error| Error::BadAnswer { query: to, reason: error.to_string() })?;
        // SAFETY: the bytes live through the call, which waits until they are in the queue or the other side is gone.
        let result = unsafe {
            pg_sys::shm_mq_send(self.outgoing, bytes.len(), bytes.as_ptr().cast::<c_void>(), false, true)
        };
        match result {
            pg_sys::shm_mq_result::SHM_MQ_SUCCESS => Ok(()),
            _ => Err(Error::WorkerLost { what: to }),
        }
    }

    /// Waits for a message. `from` is what an error calls the other side.
    pub fn receive<T: DeserializeOwned>(&self, from: &'static str) -> Result<T, Error> {
        self.receive_unless(from, None, || false)
    }

    /// Waits for a message, until this moment at most, or until `is_to_end` says that it is not to be waited for any
    /// longer; it is asked again whenever the latch of this process is set.
    pub fn receive_unless<T: DeserializeOwned>(
        &self,
        from: &'static str,
        until: Option<Instant>,
        is_to_end: impl Fn() -> bool,
    ) -> Result<T, Error> {
        loop {
            match self.take(from)? {
                Some(message) => return Ok(message),
                None if !is_to_end() && wait(until) => {}
                None => return Err(Error::WorkerLost { what: from }),
            }
        }
    }

    /// Waits for a message, however long that takes, and calls `watch` once in so long a time meanwhile.
    pub fn receive_watching<T: DeserializeOwned>(
        &self,
        from: &'static str,
        every: Duration,
        mut watch: impl FnMut() -> Result<(), Error>,
    ) -> Result<T, Error> {
        let mut next = Instant::now() + every;
        loop {
            if let Some(message) = self.take(from)? {
                return Ok(message);
            }
            if !wait(Some(next)) {
                watch()?;
                next = Instant::now() + every;
            }
        }
    }

    /// The next message, if it has come whole.
    fn take<T: DeserializeOwned>(&self, from: &'static str) -> Result<Option<T>, Error> {
        let (mut length, mut data) = (0, std::ptr::null_mut::<c_void>());
        // SAFETY: on success the server points to a whole message, valid until the next call on this queue.
        let bytes = unsafe {
            match pg_sys::shm_mq_receive(self.incoming, &mut length, &mut data, true) {
                pg_sys::shm_mq_result::SHM_MQ_SUCCESS => {
                    std::slice::from_raw_parts(data.cast::<u8>().cast_const(), length)
                }
                pg_sys::shm_mq_result::SHM_MQ_WOULD_BLOCK => return Ok(None),
                _ => return Err(Error::WorkerLost { what: from }),
            }
        };
        let message = serde_json::from_slice(bytes);
        message.map(Some).map_err(|error| Error::BadAnswer { query: from, reason: error.to_string() })
    }

    /// Keeps the segment after the end of this transaction, until it is let go of.
    pub fn keep(&self) {
        // SAFETY: the segment is mapped, and belongs to a resource owner.
        unsafe { pg_sys::dsm_pin_mapping(self.segment) };
    }

    /// Lets the segment, which was kept, belong to what is being done now: an error lets go of it again.
    pub fn take_back(&self) {
        // SAFETY: the segment is mapped, and belongs to nobody.
        unsafe { pg_sys::dsm_unpin_mapping(self.segment) };
    }

    /// Lets go of the segment, which tells the other side.
    pub fn close(&self) {
        // SAFETY: it is called once, and the channel is not used afterwards.
        unsafe { pg_sys::dsm_detach(self.segment) };
    }
}

/// Waits until the latch of this process is set: by the other side, or by a signal. False if this moment has come.
fn wait(until: Option<Instant>) -> bool {
    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
    if left.is_some_and(|left| left.is_zero()) {
        return false;
    }
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_EXIT_ON_PM_DEATH;
    let (events, timeout) = match left {
        Some(left) => (events | pg_sys::WL_TIMEOUT, left.as_millis() as i64 + 1),
        None => (events, 0),
    };
    // SAFETY: the latch is this process's own.
    unsafe {
        pg_sys::WaitLatch(pg_sys::MyLatch, events as i32, timeout, pg_sys::PG_WAIT_EXTENSION);
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    pgrx::check_for_interrupts!();
    true
}
