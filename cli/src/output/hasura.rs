//! What is printed of Hasura's metadata.

use std::path::Path;

use nself_hasura::metadata::api::Inconsistent;
use nself_hasura::metadata::diff::{Difference, Kind};
use nself_hasura::metadata::layout::Changes;
use nself_hasura::metadata::{Finding, Level};

use super::wrap::{item, sentence};
use crate::commands::hasura::{Report, Status};
use crate::terminal::style::{ERROR, GOOD, WARNING, paint};
use nself_report::names::count;

/// What an apply would change.
pub fn differences(found: &[Difference]) -> String {
    match found {
        [] => "The server's metadata is what the folder says.\n".to_owned(),
        found => lines(found),
    }
}

/// One line for each difference.
pub fn lines(found: &[Difference]) -> String {
    let style = |kind| match kind {
        Kind::Added => GOOD,
        Kind::Removed => ERROR,
        Kind::Changed => WARNING,
    };
    found.iter().map(|of| format!("{}\n", paint(style(of.kind), of))).collect()
}

/// What an apply did with its changes, or would do.
pub fn applied(endpoint: &str, changes: usize, dry_run: bool, objects: &[Inconsistent]) -> String {
    match changes {
        0 => format!("Nothing to apply: the metadata of {endpoint} is what the folder says.\n"),
        _ if dry_run => format!("Dry run: {} to apply. Nothing was changed.\n", count(changes, "change")),
        _ => {
            let done = count(changes, "change");
            format!("Applied {done} to the metadata of {endpoint}.\n{}", inconsistent(objects))
        }
    }
}

/// What a reload found.
pub fn reloaded(endpoint: &str, objects: &[Inconsistent]) -> String {
    match objects {
        [] => format!("Hasura at {endpoint} has read the schema anew. Its metadata is consistent.\n"),
        objects => format!("Hasura at {endpoint} has read the schema anew.\n{}", inconsistent(objects)),
    }
}

fn inconsistent(objects: &[Inconsistent]) -> String {
    match objects {
        [] => String::new(),
        objects => {
            let items: String = objects.iter().map(|of| item(&format!("{}: {of}", of.kind))).collect();
            let are = format!("{} in the metadata:", count(objects.len(), "inconsistent object"));
            format!("{}\n{items}", paint(ERROR, are))
        }
    }
}

/// Which files an export wrote and removed.
pub fn written(dir: &Path, changes: &Changes, dry_run: bool) -> String {
    let dir = dir.display();
    if changes.write.is_empty() && changes.remove.is_empty() {
        return format!("{dir} is what the server says: no file changed.\n");
    }
    let (write, remove) = if dry_run { ("Would write", "Would remove") } else { ("Wrote", "Removed") };
    let written = changes.write.keys().map(|path| format!("{write} {path}\n"));
    let removed = changes.remove.iter().map(|path| format!("{remove} {path}\n"));
    let lines: String = written.chain(removed).collect();
    let number = changes.write.len() + changes.remove.len();
    let end = if dry_run { "would change" } else { "changed" };
    format!("{lines}{} in {dir} {end}.\n", count(number, "file"))
}

/// What lint found.
pub fn lint(found: &[Finding]) -> String {
    match found {
        [] => format!("{}\n", paint(GOOD, "Nothing found.")),
        found => format!("{}{}", findings(found), totals(found)),
    }
}

/// One item for each finding.
pub fn findings(found: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let (word, style) = match finding.level {
            Level::Error => ("error", ERROR),
            Level::Warning => ("warning", WARNING),
        };
        item(&format!("{word}: {finding}")).replacen(word, &paint(style, word), 1)
    };
    found.iter().map(line).collect()
}

fn totals(found: &[Finding]) -> String {
    let errors = found.iter().filter(|finding| finding.level == Level::Error).count();
    format!("{}, {}.\n", count(errors, "error"), count(found.len() - errors, "warning"))
}

/// How far server, folder and commit are from each other.
pub fn git_status(status: &Status) -> String {
    if status.is_clean() {
        return "Server, folder and last commit say the same.\n".to_owned();
    }
    let part = |heading: &str, same: &str, found: &[Difference]| match found {
        [] => format!("{same}\n"),
        found => format!("{heading}\n{}", lines(found)),
    };
    let files = match status.uncommitted.as_slice() {
        [] => String::new(),
        paths => sentence(&format!("Not committed: {}", paths.join(", "))),
    };
    [
        part(
            "From the server to the folder:",
            "The server says what the folder says.",
            &status.server_to_folder,
        ),
        part(
            "From the last commit to the folder:",
            "The folder says what the last commit says.",
            &status.commit_to_folder,
        ),
        files,
        part(
            "From the server to the last commit:",
            "The server says what the last commit says.",
            &status.server_to_commit,
        ),
    ]
    .concat()
}

/// What validate looked at, and what it found.
pub fn validated(report: &Report) -> String {
    let Report { source, database, tables, functions, findings: found, migrations, not_checked } = report;
    let mut out = findings(found);
    let part = |verb: &str, migration: &str, of: &[Finding]| match of {
        [] => String::new(),
        of => format!("Pending {migration} {verb}:\n{}", findings(of)),
    };
    for effect in migrations {
        out.push_str(&part("breaks", &effect.migration, &effect.breaks));
        out.push_str(&part("mends", &effect.migration, &effect.mends));
    }
    for left in not_checked {
        out.push_str(&sentence(&format!("Not checked: {left}.")));
    }
    let (tables, functions) = (count(*tables, "table"), count(*functions, "function"));
    let checked = format!("Checked {tables} and {functions} of source {source} in database {database}");
    let broken: usize = migrations.iter().map(|effect| effect.breaks.len()).sum();
    let verdict = match (found.len(), broken) {
        (0, 0) => paint(GOOD, "nothing found."),
        (now, 0) => paint(ERROR, format!("{} now.", count(now, "problem"))),
        (now, broken) => paint(
            ERROR,
            format!("{} now, {} by pending migrations.", count(now, "problem"), count(broken, "problem")),
        ),
    };
    format!("{out}{checked}: {verdict}\n")
}
