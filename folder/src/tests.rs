//! A test for each rule.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use super::*;

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    dir
}

fn read(dir: &Path) -> Result<Folder, Error> {
    super::read(dir, || ())
}

fn paths(dir: &Path) -> Vec<String> {
    read(dir).unwrap().files.into_iter().map(|file| file.path).collect()
}

fn passed_over(dir: &Path) -> Vec<String> {
    read(dir).unwrap().passed_over
}

fn content(dir: &Path, path: &str) -> Vec<u8> {
    read(dir).unwrap().files.into_iter().find(|file| file.path == path).unwrap().bytes
}

fn message(dir: &Path) -> String {
    read(dir).unwrap_err().to_string()
}

#[test]
fn files_are_sent_in_order_and_hidden_folders_are_not() {
    let dir = folder(&[
        ("meta/_journal.json", b"{}"),
        ("0001_b.sql", b"select 1"),
        ("0000_a.sql", b""),
        (".git/config", b""),
        ("node_modules/x/y.sql", b""),
    ]);
    assert_eq!(paths(dir.path()), ["0000_a.sql", "0001_b.sql", "meta/_journal.json"]);
}

#[test]
fn what_is_passed_over_is_named() {
    let dir = folder(&[
        ("0000_a.sql", b""),
        (".gitkeep", b"not read"),
        ("in/.0000_a.sql.swp", b"not read"),
        ("in/node_modules/x.sql", b"not read"),
        (".git/config", b"not read"),
    ]);
    assert_eq!(passed_over(dir.path()), [".git", ".gitkeep", "in/.0000_a.sql.swp", "in/node_modules"]);
    let all: Vec<(String, Vec<u8>)> =
        read(dir.path()).unwrap().into_files().map(|file| (file.path, file.bytes)).collect();
    assert_eq!(all.len(), 5);
    assert!(all.iter().all(|(_, bytes)| bytes.is_empty()));
}

#[test]
fn nobody_looks_where_a_link_leads_that_is_passed_over() {
    let dir = folder(&[("0000_a.sql", b"")]);
    let outside = folder(&[("x.sql", b"")]);
    symlink("me@host.123", dir.path().join(".#0000_a.sql")).unwrap();
    symlink(outside.path(), dir.path().join(".outside")).unwrap();
    symlink(outside.path(), dir.path().join("node_modules")).unwrap();
    assert_eq!(paths(dir.path()), ["0000_a.sql"]);
    assert_eq!(passed_over(dir.path()), [".#0000_a.sql", ".outside", "node_modules"]);
}

#[test]
fn the_folder_itself_may_be_hidden() {
    let dir = folder(&[(".migrations/0000_a.sql", b"")]);
    assert_eq!(paths(&dir.path().join(".migrations")), ["0000_a.sql"]);
}

#[test]
fn links_are_followed_inside_the_folder_only() {
    let dir = folder(&[("in/a.sql", b"select 1"), ("b.sql", b"")]);
    symlink("in/a.sql", dir.path().join("link.sql")).unwrap();
    symlink("..", dir.path().join("in/loop")).unwrap();
    symlink("me@host.123", dir.path().join(".#b.sql")).unwrap();
    assert_eq!(paths(dir.path()), ["b.sql", "in/a.sql", "link.sql"]);
    symlink("/dev/null", dir.path().join("out.sql")).unwrap();
    assert!(matches!(read(dir.path()), Err(Error::LinkOutside(_))));
}

#[test]
fn a_link_to_the_folder_itself_is_fine() {
    let dir = folder(&[("real/a.sql", b"")]);
    symlink("real", dir.path().join("migrations")).unwrap();
    assert_eq!(paths(&dir.path().join("migrations")), ["a.sql"]);
}

#[test]
fn a_link_to_a_folder_inside_is_read_under_its_own_name() {
    let dir = folder(&[("in/deep/a.sql", b"select 1")]);
    symlink("in", dir.path().join("link")).unwrap();
    assert_eq!(paths(dir.path()), ["in/deep/a.sql", "link/deep/a.sql"]);
    assert_eq!(content(dir.path(), "link/deep/a.sql"), b"select 1");
}

#[test]
fn a_link_to_a_folder_outside_is_an_error_whatever_is_there() {
    let outside = folder(&[("closed/x.sql", b"")]);
    fs::set_permissions(outside.path().join("closed"), fs::Permissions::from_mode(0o000)).unwrap();
    for target in ["", "closed", "closed/x.sql"] {
        let dir = folder(&[("in/a.sql", b"")]);
        let link = dir.path().join("in/out");
        symlink(outside.path().join(target), &link).unwrap();
        match read(dir.path()) {
            Err(Error::LinkOutside(path)) => assert_eq!(path, link),
            // Without the rights of root nobody knows where this one leads.
            Err(Error::Read { path, .. }) if target == "closed/x.sql" => assert_eq!(path, link),
            other => panic!("{target}: {other:?}"),
        }
    }
    fs::set_permissions(outside.path().join("closed"), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn links_that_lead_to_each_other_end() {
    let dir = folder(&[("a/1.sql", b""), ("b/2.sql", b"")]);
    symlink("../b", dir.path().join("a/to_b")).unwrap();
    symlink("../a", dir.path().join("b/to_a")).unwrap();
    assert_eq!(paths(dir.path()), ["a/1.sql", "a/to_b/2.sql", "b/2.sql", "b/to_a/1.sql"]);
}

#[test]
fn a_link_may_lead_to_what_is_hidden() {
    // Kubernetes mounts a ConfigMap like this.
    let dir = folder(&[("..2026_10_01/0000_a.sql", b"select 1")]);
    symlink("..2026_10_01", dir.path().join("..data")).unwrap();
    symlink("..data/0000_a.sql", dir.path().join("0000_a.sql")).unwrap();
    assert_eq!(content(dir.path(), "0000_a.sql"), b"select 1");
    assert_eq!(passed_over(dir.path()), ["..2026_10_01", "..data"]);
}

#[test]
fn a_link_counts_by_its_own_name() {
    let dir = folder(&[("a.txt", b"select 1"), ("b.sql", b"select 2")]);
    symlink("a.txt", dir.path().join("a.sql")).unwrap();
    symlink("b.sql", dir.path().join("b.txt")).unwrap();
    assert_eq!(content(dir.path(), "a.sql"), b"select 1");
    assert_eq!(content(dir.path(), "b.txt"), b"");
}

#[test]
fn a_link_to_nowhere_is_an_error() {
    let dir = folder(&[]);
    symlink("gone.sql", dir.path().join("a.sql")).unwrap();
    assert!(message(dir.path()).contains("a.sql: No such file"), "{}", message(dir.path()));
}

#[test]
fn folders_are_read_to_a_depth_and_deeper_ones_are_named() {
    let deepest = (1..=MAX_DEPTH).map(|depth| depth.to_string()).collect::<Vec<_>>().join("/");
    let dir = folder(&[(&format!("{deepest}/a.sql"), b"x"), (&format!("{deepest}/more.sql/b.sql"), b"x")]);
    assert_eq!(paths(dir.path()), [format!("{deepest}/a.sql")]);
    assert_eq!(passed_over(dir.path()), [format!("{deepest}/more.sql/*")]);
}

#[test]
fn what_a_link_leads_to_lies_as_deep_as_the_link() {
    let deepest = (1..=MAX_DEPTH).map(|depth| depth.to_string()).collect::<Vec<_>>().join("/");
    let dir = folder(&[("in/a.sql", b""), (&format!("{deepest}/b.sql"), b"")]);
    symlink(dir.path().join("in"), dir.path().join(&deepest).join("link")).unwrap();
    assert_eq!(paths(dir.path()), [format!("{deepest}/b.sql"), "in/a.sql".to_owned()]);
    assert_eq!(passed_over(dir.path()), [format!("{deepest}/link/*")]);
}

#[test]
fn only_sql_and_json_are_read_in_capitals_or_not() {
    let dir = folder(&[("a.SQL", b"1"), ("b.sql", b"2"), ("c.Json", b"3"), ("d.md", b"4"), ("sql", b"5")]);
    let contents: Vec<(String, Vec<u8>)> =
        read(dir.path()).unwrap().files.into_iter().map(|file| (file.path, file.bytes)).collect();
    let expected = [("a.SQL", "1"), ("b.sql", "2"), ("c.Json", "3"), ("d.md", ""), ("sql", "")];
    assert_eq!(contents, expected.map(|(path, bytes)| (path.to_owned(), bytes.as_bytes().to_vec())));
}

#[test]
fn a_pipe_is_an_error_where_a_migration_could_be_and_is_not_waited_for() {
    let dir = folder(&[]);
    let pipe = |name: &str| {
        let made = Command::new("mkfifo").arg(dir.path().join(name)).status().unwrap();
        assert!(made.success());
    };
    pipe("queue");
    assert_eq!(paths(dir.path()), ["queue"]);
    pipe("a.sql");
    let message = message(dir.path());
    assert!(message.ends_with("a.sql: it is not a regular file"), "{message}");
}

#[test]
fn a_folder_may_be_called_like_a_file() {
    let dir = folder(&[("0000_a.sql/b.sql", b"")]);
    assert_eq!(paths(dir.path()), ["0000_a.sql/b.sql"]);
}

#[test]
fn a_name_that_is_not_utf_8_is_an_error_unless_it_is_hidden() {
    let dir = folder(&[]);
    for hidden in [b".\xff".as_slice(), b".\xfe"] {
        fs::write(dir.path().join(OsStr::from_bytes(hidden)), "").unwrap();
    }
    assert_eq!(passed_over(dir.path()), [".\u{fffd}"]);
    fs::create_dir(dir.path().join(OsStr::from_bytes(b"a\xff"))).unwrap();
    assert!(matches!(read(dir.path()), Err(Error::FileName(_))));
}

#[test]
fn a_file_that_is_too_large_is_named() {
    let dir = folder(&[]);
    fs::File::create(dir.path().join("dump.sql")).unwrap().set_len(FILE_LIMIT + 1).unwrap();
    assert!(read(dir.path()).unwrap_err().to_string().contains("dump.sql has 67108865 bytes"));
}

#[test]
fn the_size_of_a_file_that_is_not_read_does_not_matter() {
    let dir = folder(&[]);
    fs::File::create(dir.path().join("dump.gz")).unwrap().set_len(FOLDER_LIMIT + 1).unwrap();
    assert_eq!(paths(dir.path()), ["dump.gz"]);
}

#[test]
fn all_files_together_have_a_limit() {
    let dir = folder(&[("a.sql", b"1234"), ("b.sql", b"1234")]);
    let read = |folder| walk::read(dir.path(), walk::Limits { file: 4, folder, names: 2 }, || ());
    assert!(read(8).is_ok());
    let error = read(7).unwrap_err();
    assert!(error.to_string().ends_with(" are more than 7 bytes together"), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn links_that_multiply_are_given_up() {
    let dir = folder(&[("a/1.sql", b""), ("b/2.sql", b""), ("c/3.sql", b"")]);
    let read = |names| walk::read(dir.path(), walk::Limits { file: 0, folder: 0, names }, || ());
    assert!(read(6).is_ok());
    for (link, target) in [("a/b", "b"), ("a/c", "c"), ("b/a", "a"), ("b/c", "c"), ("c/a", "a"), ("c/b", "b")]
    {
        symlink(dir.path().join(target), dir.path().join(link)).unwrap();
    }
    let error = read(20).unwrap_err();
    assert!(error.to_string().ends_with(" holds more than 20 files and folders"), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn what_is_not_a_folder_is_no_empty_folder() {
    let dir = folder(&[("a.sql", b"")]);
    assert!(matches!(read(&dir.path().join("a.sql")), Err(Error::NotFolder(_))));
    assert!(matches!(read(&dir.path().join("gone")), Err(Error::Read { .. })));
}

#[test]
fn the_caller_is_asked_at_each_name() {
    let dir = folder(&[("a.sql", b""), ("in/b.sql", b""), (".git/config", b"")]);
    let mut asked = 0;
    super::read(dir.path(), || asked += 1).unwrap();
    assert_eq!(asked, 4);
}

#[test]
fn a_manifest_is_of_paths_and_contents_and_not_of_their_order() {
    let of =
        |files: &[(&str, &str)]| manifest(files.iter().map(|(path, text)| (*path, sha256(text.as_bytes()))));
    let one = of(&[("a", "1"), ("b", "2")]);
    assert_eq!(one, of(&[("b", "2"), ("a", "1")]));
    for other in [&[("a", "2"), ("b", "1")][..], &[("a", "1"), ("b2", "")], &[("a", "1")], &[]] {
        assert_ne!(one, of(other));
    }
    assert_eq!(one.len(), 64);
}

#[test]
fn a_sum_is_read_from_its_own_digits_alone() {
    let sum = sha256(b"abc");
    let digits = hex(&sum);
    assert_eq!(from_hex(&digits), Some(sum));
    for other in [&digits[1..], &format!("{digits}0"), &digits.to_uppercase(), &"é".repeat(32), ""] {
        assert_eq!(from_hex(other), None);
    }
}
