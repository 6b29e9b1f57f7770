//! Something that moves while the server works. It is on stderr and only on a terminal.

use std::time::Duration;

use indicatif::ProgressBar;

const TICK: Duration = Duration::from_millis(100);

/// A spinner that can be shared with the callback for notices.
#[derive(Clone)]
pub struct Progress {
    spinner: ProgressBar,
}

impl Progress {
    pub fn new() -> Self {
        Self { spinner: ProgressBar::no_length().with_style(indicatif::ProgressStyle::default_spinner()) }
    }

    /// Shows `message` while `work` runs.
    pub fn during<T>(&self, message: &str, work: impl FnOnce() -> T) -> T {
        self.spinner.reset();
        self.spinner.set_message(message.to_owned());
        self.spinner.enable_steady_tick(TICK);
        let result = work();
        self.spinner.disable_steady_tick();
        self.spinner.finish_and_clear();
        result
    }

    /// Lets `print` write to the terminal without the spinner in its way.
    pub fn aside(&self, print: impl FnOnce()) {
        self.spinner.suspend(print);
    }
}
