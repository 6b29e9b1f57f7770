//! Who added a file, where its folder is in a checkout. Without git, or outside of a checkout, nobody is known.

use std::path::Path;
use std::process::{Command, Stdio};

/// `Ann Lee <ann@example.com>`. Nothing that a repository's own configuration names is run.
pub fn author(dir: &Path, path: &str) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(dir)
        .args([
            "--no-pager",
            "--literal-pathspecs",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "log.showSignature=false",
        ])
        .args(["log", "--no-color", "--max-count=1", "--diff-filter=A", "--format=%an <%ae>", "--", path])
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !said.is_empty()).then_some(said)
}
