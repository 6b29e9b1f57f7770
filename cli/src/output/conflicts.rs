//! What `nself db migrate status --check-conflicts`, `renumber` and `journal rebase` say.

use crate::rows::{Conflict, FileChange};
use crate::terminal::style::{ERROR, paint};
use nself_report::names::count;

/// Each conflict with its files, what they hold by its hash, and who added them.
pub fn conflicts(rows: &[Conflict]) -> String {
    let text: String = rows.iter().map(conflict).collect();
    text + &match rows.len() {
        0 => "No conflicts.\n".to_owned(),
        number => format!("{} found.\n", count(number, "conflict")),
    }
}

fn conflict(row: &Conflict) -> String {
    let mut text = format!("{} {}\n", paint(ERROR, "CONFLICT detected:"), row.detail);
    let other = row.other_file.as_ref().map(|file| (file, &row.other_checksum, &row.other_author));
    for (file, checksum, author) in [(&row.file, &row.checksum, &row.author)].into_iter().chain(other) {
        text.push_str(&format!("  {file}\n"));
        if let Some(checksum) = checksum {
            text.push_str(&format!("    SHA-256: {checksum}\n"));
        }
        if let Some(author) = author {
            text.push_str(&format!("    Author:  {author}\n"));
        }
    }
    text
}

/// What was changed in the folder, or would be.
pub fn changes(rows: &[FileChange], dry_run: bool) -> String {
    let line = |row: &FileChange| match (row.path == row.new_path, &row.content) {
        (true, _) => format!("  {}: written anew\n", row.path),
        (false, None) => format!("  {} -> {}\n", row.path, row.new_path),
        (false, Some(_)) => format!("  {} -> {}, written anew\n", row.path, row.new_path),
    };
    let lines: String = rows.iter().map(line).collect();
    let number = count(rows.len(), "file");
    match (rows.len(), dry_run) {
        (0, _) => "Nothing to change: the folder is in order.\n".to_owned(),
        (_, true) => format!("Would change:\n{lines}Dry run: {number}. Nothing was changed.\n"),
        (_, false) => format!("Changed:\n{lines}{number} changed.\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::style::plain;

    #[test]
    fn a_conflict_has_the_documented_words() {
        let text = |text: &str| Some(text.to_owned());
        let row = Conflict {
            kind: "same number".to_owned(),
            version: text("0003"),
            file: "0003_a.sql".to_owned(),
            checksum: text("abc"),
            other_file: text("0003_b.sql"),
            other_checksum: text("def"),
            detail: "two migrations have the number 0003".to_owned(),
            author: text("Ann <ann@example.com>"),
            other_author: None,
        };
        let expected = "\
CONFLICT detected: two migrations have the number 0003
  0003_a.sql
    SHA-256: abc
    Author:  Ann <ann@example.com>
  0003_b.sql
    SHA-256: def
1 conflict found.
";
        assert_eq!(plain(&conflicts(&[row])), expected);
        assert_eq!(conflicts(&[]), "No conflicts.\n");
    }

    #[test]
    fn changes_are_told_file_by_file() {
        let row = |path: &str, new_path: &str, content: Option<&str>| FileChange {
            path: path.to_owned(),
            new_path: new_path.to_owned(),
            content: content.map(str::to_owned),
        };
        let rows = [row("a", "b", None), row("j", "j", Some("{}")), row("s", "t", Some("{}"))];
        let lines = "  a -> b\n  j: written anew\n  s -> t, written anew\n";
        assert_eq!(changes(&rows, false), format!("Changed:\n{lines}3 files changed.\n"));
        assert!(changes(&rows, true).ends_with("Dry run: 3 files. Nothing was changed.\n"));
        assert_eq!(changes(&[], false), "Nothing to change: the folder is in order.\n");
    }
}
