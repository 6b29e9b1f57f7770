//! Something that moves while the server works. It is on stderr and only on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::job;
use super::messages::is_quiet;
use crate::rows::Job;

const TICK: Duration = Duration::from_millis(100);
/// What does not fit into the width is cut off.
const SPINNER: &str = "{spinner} {wide_msg}";
const BAR: &str = "{spinner} [{bar:20}] {prefix} {wide_msg}";

/// A spinner or bar that can be shared with the callback for notices.
#[derive(Clone)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub fn new() -> Self {
        Self { bar: if is_quiet() { ProgressBar::hidden() } else { ProgressBar::no_length() } }
    }

    /// Shows `message` while `work` runs.
    pub fn during<T>(&self, message: &str, work: impl FnOnce() -> T) -> T {
        self.show(SPINNER, message.to_owned());
        let result = work();
        self.clear();
        result
    }

    /// Shows how far a job is, until `clear`; `doing` is what it does before it says so itself.
    pub fn job(&self, doing: &str, job: &Job) {
        let message = job::now(doing, job);
        match job::steps(job) {
            Some((done, of, step)) => {
                self.bar.set_length(of);
                self.bar.set_position(done);
                self.bar.set_prefix(step);
                self.show(BAR, message);
            }
            None => self.show(SPINNER, message),
        }
    }

    pub fn clear(&self) {
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
    }

    /// Lets `print` write to the terminal without the spinner in its way.
    pub fn aside(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    fn show(&self, template: &str, message: String) {
        if self.bar.is_finished() {
            self.bar.reset();
        }
        self.bar.set_style(ProgressStyle::with_template(template).expect("the templates above are valid"));
        self.bar.set_message(message);
        self.bar.enable_steady_tick(TICK);
    }
}
