//! Other programs: how long one takes, and how much memory.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nself_harness::Error;

use crate::memory::{Figure, Watch};
use crate::sample::Sample;

/// How a program ended.
pub enum Ended {
    Itself {
        sample: Sample,
        status: ExitStatus,
        complaints: String,
    },
    /// It was ended, because its time was over.
    Over {
        sample: Sample,
    },
}

/// Runs a program that must succeed.
pub fn measure(command: &mut Command, name: &str) -> Result<Sample, Error> {
    match run(command, name, None)? {
        Ended::Itself { sample, status, .. } if status.success() => Ok(sample),
        Ended::Itself { complaints, .. } => Err(Error::Tool { what: name.to_owned(), message: complaints }),
        Ended::Over { .. } => Err(Error::Tool { what: name.to_owned(), message: "took too long".to_owned() }),
    }
}

/// Runs a program to its end, or to the end of its time.
pub fn run(command: &mut Command, name: &str, limit: Option<Duration>) -> Result<Ended, Error> {
    let failed = |error: std::io::Error| Error::Tool { what: name.to_owned(), message: error.to_string() };
    let start = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let watch = Watch::start(child.id(), Figure::Peak);
    // Read as it comes, because a program that nobody listens to stops when the pipe is full.
    let complaints = child.stderr.take().map(|mut pipe| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // What could be read of it is all there is to tell.
            let _ = pipe.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).trim().to_owned()
        })
    });
    let status = match limit {
        None => Some(child.wait().map_err(failed)?),
        Some(limit) => loop {
            if let Some(status) = child.try_wait().map_err(failed)? {
                break Some(status);
            }
            if start.elapsed() > limit {
                child.kill().map_err(failed)?;
                child.wait().map_err(failed)?;
                break None;
            }
            thread::sleep(Duration::from_millis(2));
        },
    };
    let sample = Sample::new(start.elapsed(), watch.largest());
    Ok(match status {
        None => Ended::Over { sample },
        Some(status) => Ended::Itself {
            sample,
            status,
            complaints: complaints.and_then(|thread| thread.join().ok()).unwrap_or_default(),
        },
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::{Ended, measure, run};

    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        let ended = run(Command::new("sleep").arg("60"), "sleep", Some(Duration::from_millis(50)));
        assert!(matches!(ended, Ok(Ended::Over { .. })));
    }

    #[test]
    fn a_program_that_fails_says_why() {
        let error = measure(Command::new("ls").arg("/there/is/no/such/file"), "ls").expect_err("it fails");
        assert!(error.to_string().starts_with("ls: "));
    }
}
