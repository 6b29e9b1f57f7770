//! Running the binary as a person would: in a folder, with an environment that holds nothing but what the test says.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// What a run of `nself` left.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("nself was not killed"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// Fails unless the exit code is this one, and shows what was said.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// A folder to run `nself` in.
pub struct Project {
    dir: TempDir,
    environment: Vec<(String, String)>,
}

impl Project {
    pub fn new<K: Into<String>, V: Into<String>>(environment: impl IntoIterator<Item = (K, V)>) -> Self {
        let environment = environment.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { dir: tempfile::tempdir().unwrap(), environment }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file, with the folders above it.
    pub fn file(&self, path: &str, content: &str) -> &Self {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Runs `nself` with the words of `line`.
    pub fn nself(&self, line: &str) -> Ran {
        self.nself_with(line.split_whitespace())
    }

    pub fn nself_with(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
        self.command().args(arguments).output().unwrap().into()
    }

    /// `nself` without arguments, to be started in whatever way. Ctrl-C ends it unless it says otherwise: in a background job of
    /// a shell SIGINT is ignored, and whatever is started there inherits that.
    pub fn command(&self) -> Command {
        let mut command = Command::new("/usr/bin/env");
        command
            .args(["--default-signal=INT", env!("CARGO_BIN_EXE_nself")])
            .current_dir(self.dir.path())
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}
