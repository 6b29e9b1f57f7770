//! The memory of a process of this machine, as its kernel tells it.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Short beside any call that is measured, long beside one look.
const EVERY: Duration = Duration::from_millis(3);

/// Which of a process's figures.
#[derive(Clone, Copy)]
pub enum Figure {
    /// What it has of its own now: without the server's shared memory and without files.
    Own,
    /// The most that it ever had, with all that is shared.
    Peak,
}

/// In kilobytes; nothing where there is no such process (any more).
pub fn of(pid: u32, figure: Figure) -> Option<u64> {
    let label = match figure {
        Figure::Own => "RssAnon:",
        Figure::Peak => "VmHWM:",
    };
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(label))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Looks at a process again and again until it is asked for the largest figure it saw.
pub struct Watch {
    ends: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Watch {
    pub fn start(pid: u32, figure: Figure) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&ends);
        let thread = thread::spawn(move || {
            let mut largest = 0;
            loop {
                // One more look after the end, because memory that was taken is seldom given back at once.
                let last = ended.load(Ordering::Relaxed);
                largest = largest.max(of(pid, figure).unwrap_or(0));
                if last {
                    return largest;
                }
                thread::park_timeout(EVERY);
            }
        });
        Self { ends, thread }
    }

    pub fn largest(self) -> u64 {
        self.ends.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        self.thread.join().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Figure, Watch, of};

    #[test]
    fn this_process_has_memory() {
        let pid = std::process::id();
        let now = of(pid, Figure::Own).expect("a figure");
        assert!(now > 0);
        assert!(Watch::start(pid, Figure::Peak).largest() >= now);
    }

    #[test]
    fn a_process_that_is_not_there_has_none() {
        assert_eq!(of(u32::MAX, Figure::Own), None);
    }
}
