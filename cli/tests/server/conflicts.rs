//! A folder in which two branches were merged: what does not go together is told, and settled on disk in one go.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use crate::shop::Shop;

const SQL: [(&str, &str); 3] = [
    ("0001_users.sql", "CREATE TABLE np_users (id int);\n"),
    ("0002_mail.sql", "ALTER TABLE np_users ADD COLUMN mail text;\n"),
    ("0002_phone.sql", "ALTER TABLE np_users ADD COLUMN phone text;\n"),
];

fn merged() -> Shop {
    let shop = Shop::new();
    for (path, sql) in &SQL[..2] {
        shop.file(&format!("migrations/{path}"), sql);
    }
    shop.nself("db migrate up").exits(0);
    let (path, sql) = SQL[2];
    shop.file(&format!("migrations/{path}"), sql);
    shop.file("migrations/0002_phone.down.sql", "ALTER TABLE np_users DROP COLUMN phone;\n");
    shop
}

/// All that is in the folder, hidden or not.
fn all_of(dir: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match path.is_dir() {
            true => {
                all.extend(all_of(&path).into_iter().map(|(below, text)| (format!("{name}/{below}"), text)))
            }
            false => drop(all.insert(name, fs::read_to_string(&path).unwrap())),
        }
    }
    all
}

fn git(dir: &Path, author: &str, arguments: &[&str]) {
    let done = Command::new("git")
        .arg("-C")
        .arg(dir)
        .args(["-c", &format!("user.name={author}"), "-c", "user.email=dev@example.com"])
        .args(["-c", "commit.gpgsign=false"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_number_taken_twice_is_told_with_files_hashes_and_authors() {
    let shop = merged();
    git(shop.path(), "Ann", &["init", "--quiet"]);
    git(shop.path(), "Ann", &["add", "migrations/0002_mail.sql"]);
    git(shop.path(), "Ann", &["commit", "--quiet", "--message", "mail"]);
    git(shop.path(), "Ben", &["add", "migrations/0002_phone.sql"]);
    git(shop.path(), "Ben", &["commit", "--quiet", "--message", "phone"]);
    let ran = shop.nself("db migrate status --check-conflicts").exits(1);
    let sum = |sql: &str| shop.ask(&format!("encode(sha256('{}'), 'hex')", sql.replace('\n', "\\012")));
    let expected = format!(
        "\
CONFLICT detected: two migrations have the number 0002
  0002_mail.sql
    SHA-256: {}
    Author:  Ann <dev@example.com>
  0002_phone.sql
    SHA-256: {}
    Author:  Ben <dev@example.com>
1 conflict found.
",
        sum(SQL[1].1),
        sum(SQL[2].1)
    );
    assert_eq!(ran.stdout, expected);
    let rows = shop.json("db migrate status --check-conflicts", 1);
    assert_eq!(
        (&rows[0]["kind"], &rows[0]["other_author"]),
        (&"same number".into(), &"Ben <dev@example.com>".into())
    );
    shop.nself("db migrate renumber migrations/0002_phone.sql --to 3").exits(0);
    assert_eq!(shop.nself("db migrate status --check-conflicts").exits(0).stdout, "No conflicts.\n");
}

#[test]
fn a_migration_gets_another_number_unless_it_is_applied_or_the_number_is_taken() {
    let shop = merged();
    let folder = shop.path().join("migrations");
    let before = all_of(&folder);
    for (line, said, code) in [
        ("0002_mail.sql --to 3", "0002_mail.sql is applied as migration 0002", 1),
        ("0002_phone.sql --to 1", "the number 1 is taken by 0001_users.sql", 1),
        ("0002_phone.sql --to x", "\"x\" cannot be the number of 0002_phone.sql", 2),
        ("0009_gone.sql --to 3", "there is no migration \"0009_gone.sql\"", 2),
    ] {
        let ran = shop.nself(&format!("db migrate renumber {line}")).exits(code);
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
    let ran = shop.nself("db migrate renumber 0002_phone.sql --to 3 --dry-run").exits(0);
    assert!(ran.stdout.contains("  0002_phone.sql -> 0003_phone.sql\n"), "{}", ran.stdout);
    assert_eq!(all_of(&folder), before);
    let ran = shop.nself("db migrate renumber 0002_phone.sql --to 3").exits(0);
    let expected = "\
Changed:
  0002_phone.sql -> 0003_phone.sql
  0002_phone.down.sql -> 0003_phone.down.sql
2 files changed.
";
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (expected, ""));
    let after: Vec<_> = all_of(&folder).into_keys().collect();
    assert_eq!(after, ["0001_users.sql", "0002_mail.sql", "0003_phone.down.sql", "0003_phone.sql"]);
    shop.nself("db migrate up").exits(0);
    assert!(shop.has_column("np_users", "phone"));
}

#[test]
fn what_comes_before_what_is_applied_needs_a_flag() {
    let shop = merged();
    shop.nself("db migrate renumber 0002_phone.sql --to 4").exits(0);
    shop.file("migrations/0003_zip.sql", "ALTER TABLE np_users ADD COLUMN zip text;\n");
    shop.nself("db migrate up --to 4").exits(0);
    shop.file("migrations/0003_a_late.sql", "ALTER TABLE np_users ADD COLUMN late text;\n");
    let ran = shop.nself("db migrate up").exits(1);
    assert!(ran.stderr.contains("nself db migrate up --out-of-order applies it now"), "{}", ran.stderr);
    shop.nself("db migrate up --out-of-order").exits(0);
    assert!(shop.has_column("np_users", "late"));
    shop.nself("db migrate diff --fail-on-drift").exits(0);
}

/// The example folder, and in it a migration of another branch that follows the last but one.
fn forked() -> Shop {
    let shop = Shop::new();
    let example = Path::new(crate::DRIZZLE);
    for (path, text) in all_of(example) {
        shop.file(&format!("drizzle/{path}"), &text);
    }
    let read = |path: &str| fs::read_to_string(shop.path().join(path)).unwrap();
    let json = |path: &str| serde_json::from_str::<serde_json::Value>(&read(path)).unwrap();
    let mut snapshot = json("drizzle/meta/0009_snapshot.json");
    snapshot["prevId"] = snapshot["id"].take();
    snapshot["id"] = "11111111-2222-4333-8444-555555555555".into();
    snapshot["tables"]["public.np_branches"] = serde_json::json!({"name": "np_branches", "columns": {}});
    let mut journal = json("drizzle/meta/_journal.json");
    let entry = serde_json::json!({"idx": 10, "version": "7", "when": 1795239726999_i64, "tag": "0010_branches", "breakpoints": true});
    journal["entries"].as_array_mut().unwrap().push(entry);
    // It was made before the other one, and has a number of its own: so both snapshots are there.
    shop.file("drizzle/meta/_journal.json", &journal.to_string().replace("0010_branches", "0011_branches"))
        .file("drizzle/meta/0011_snapshot.json", &snapshot.to_string())
        .file("drizzle/0011_branches.sql", "CREATE TABLE np_branches ();");
    shop
}

#[test]
fn a_rebase_puts_one_branch_of_a_drizzle_folder_behind_the_other() {
    let shop = forked();
    let ran = shop.nself("db migrate status --check-conflicts").exits(1);
    for said in ["have the idx 10", "its \"when\" does not", "two snapshots follow meta/0009_snapshot.json"] {
        assert!(ran.stdout.contains(said), "{}", ran.stdout);
    }
    let ran = shop.nself("db migrate journal rebase").exits(0);
    assert!(ran.stdout.ends_with("2 files changed.\n"), "{}", ran.stdout);
    assert_eq!(ran.stderr, "");
    let folder = shop.path().join("drizzle");
    let files = all_of(&folder);
    let json = |path: &str| serde_json::from_str::<serde_json::Value>(&files[path]).unwrap();
    let (last, before) = (json("meta/0011_snapshot.json"), json("meta/0010_snapshot.json"));
    assert_eq!(last["prevId"], before["id"]);
    assert!(last["tables"]["public.np_branches"].is_object());
    // The next generation starts from what both branches have made.
    let tables = |of: &serde_json::Value| of["tables"].as_object().unwrap().len();
    assert_eq!(tables(&last), tables(&before) + 1);
    assert_eq!(json("meta/_journal.json")["entries"][11]["idx"], 11);
    assert_eq!(shop.nself("db migrate status --check-conflicts").exits(0).stdout, "No conflicts.\n");
    let ran = shop.nself("db migrate journal rebase").exits(0);
    assert_eq!(ran.stdout, "Nothing to change: the folder is in order.\n");
    assert_eq!(all_of(&folder), files);
}

#[test]
fn a_nself_that_is_killed_in_the_middle_leaves_the_folder_whole() {
    let shop = forked();
    let folder = shop.path().join("drizzle");
    let before = all_of(&folder);
    // The system ends it when it has written a part of the snapshot.
    let mut command = Command::new("bash");
    command
        .args(["-c", "ulimit -c 0 -f 8; exec \"$@\"", "bash", env!("CARGO_BIN_EXE_nself")])
        .args(["db", "migrate", "journal", "rebase"])
        .current_dir(shop.path());
    for (name, value) in shop.command().get_envs() {
        command.env(name, value.unwrap());
    }
    let killed = command.output().unwrap();
    assert_eq!(killed.status.code(), None, "{}", String::from_utf8_lossy(&killed.stderr));
    assert!(folder.join(".nself-rewrite.new").is_dir());
    let ran = shop.nself("db migrate status --check-conflicts").exits(1);
    assert!(ran.stderr.contains("interrupted before it began: nothing of it is left"), "{}", ran.stderr);
    assert_eq!(all_of(&folder), before);
    // Killed later, it is finished by the next run, whatever that is for.
    shop.nself("db migrate journal rebase").exits(0);
    let after = all_of(&folder);
    for (path, _) in after.iter().filter(|(path, text)| before.get(*path) != Some(text)) {
        fs::copy(folder.join(path), shop.path().join("kept.json")).unwrap();
        fs::create_dir(folder.join(".nself-rewrite")).unwrap();
        let list = serde_json::json!([{"path": path, "new_path": path, "is_written": true}]);
        fs::write(folder.join(".nself-rewrite/list.json"), list.to_string()).unwrap();
        fs::rename(shop.path().join("kept.json"), folder.join(".nself-rewrite/new-0")).unwrap();
        fs::write(folder.join(path), "half").unwrap();
        let ran = shop.nself("db migrate status").exits(0);
        assert!(ran.stderr.contains("it is finished now"), "{}", ran.stderr);
        assert_eq!(all_of(&folder), after);
    }
}

/// Ends the program by SIGKILL in place of its rename() of this number.
const KILLER: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>

int rename(const char *from, const char *to) {
    static int done = 0;
    if (++done == atoi(getenv("KILLED_AT"))) raise(SIGKILL);
    int (*next)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    return next(from, to);
}
"#;

#[test]
fn a_renumber_that_is_killed_before_any_of_its_renames_is_undone_or_finished() {
    let shop = merged();
    let folder = shop.path().join("migrations");
    let before = all_of(&folder);
    shop.file("killer.c", KILLER);
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o", "killer.so", "killer.c", "-ldl"])
        .current_dir(shop.path())
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let after: BTreeMap<String, String> =
        before.iter().map(|(path, text)| (path.replace("0002_phone", "0003_phone"), text.clone())).collect();
    let (mut undone, mut finished) = (0, 0);
    for number in 1.. {
        fs::remove_dir_all(&folder).unwrap();
        for (path, text) in &before {
            shop.file(&format!("migrations/{path}"), text);
        }
        let mut command = shop.command();
        command
            .args(["db", "migrate", "renumber", "0002_phone.sql", "--to", "3"])
            .env("LD_PRELOAD", shop.path().join("killer.so"))
            .env("KILLED_AT", number.to_string());
        let ran = command.output().unwrap();
        if ran.status.success() {
            assert_eq!(all_of(&folder), after);
            break;
        }
        assert_eq!(ran.status.signal(), Some(9), "{}", String::from_utf8_lossy(&ran.stderr));
        // The next command, whatever it is for.
        shop.nself("db migrate status").exits(0);
        match all_of(&folder) {
            now if now == before => undone += 1,
            now => {
                assert_eq!(now, after);
                finished += 1;
            }
        }
    }
    // Each of the two files has a rename of its own, behind that of the plan.
    assert!(undone >= 1 && finished >= 2, "undone {undone}, finished {finished}");
}
