//! Ctrl-C while the server does a job: the first one is noted, so that the job can be cancelled, and the second one ends
//! this program at once. As long as nobody watches for it, Ctrl-C ends this program as it would any other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;
use signal_hook::flag;

use crate::terminal::messages;

/// A second Ctrl-C often follows quickly, and the first one should have had its effect by then.
const GLANCE: Duration = Duration::from_millis(20);

pub struct Interrupt {
    came: Arc<AtomicBool>,
}

impl Interrupt {
    /// Watches from now on. `code` is the exit code of a program that a second Ctrl-C ends.
    pub fn watch(code: u8) -> Self {
        let came = Arc::new(AtomicBool::new(false));
        // They are called in this order, so that the first Ctrl-C does not end the program yet.
        let watched = flag::register_conditional_shutdown(SIGINT, i32::from(code), Arc::clone(&came))
            .and_then(|_| flag::register(SIGINT, Arc::clone(&came)));
        if let Err(error) = watched {
            messages::note(&format!("Ctrl-C does not cancel the job: {error}"));
        }
        Self { came }
    }

    pub fn has_come(&self) -> bool {
        self.came.load(Ordering::Relaxed)
    }

    /// Sleeps for that long, or until Ctrl-C is pressed for the first time.
    pub fn sleep(&self, time: Duration) {
        let end = Instant::now() + time;
        let had_come = self.has_come();
        while Instant::now() < end && self.has_come() == had_come {
            thread::sleep(GLANCE);
        }
    }
}
