//! Changes several files of a folder in one go, or none of them, also if this program is killed in the middle.
//!
//! 1. What is to be written is written beside, into a folder `.nself-rewrite.new`, with the list of changes. Until then
//!    nothing is changed: whoever finds it takes it away.
//! 2. That folder gets its name `.nself-rewrite`. From then on it is to be done: whoever finds it goes on.
//! 3. The old files go there, then the new ones to their places. Each step sees whether it was done before.
//!
//! Whoever works on it holds a lock on the list, which ends with the process.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::rows::FileChange;

const NEW: &str = ".nself-rewrite.new";
const WORK: &str = ".nself-rewrite";
const DONE: &str = ".nself-rewrite.done";
const LIST: &str = "list.json";
const ASIDE: &str = "aside";

/// One change, as the list has it.
#[derive(Debug, Serialize, Deserialize)]
struct Move {
    path: String,
    new_path: String,
    is_written: bool,
}

/// A step of the work. Done twice it does no more than done once.
#[derive(Debug)]
enum Step {
    Aside { from: PathBuf, to: PathBuf, unless: PathBuf },
    AllAside(PathBuf),
    Place { from: PathBuf, to: PathBuf },
    Clear { work: PathBuf, done: PathBuf },
}

/// Makes the changes.
pub fn apply(dir: &Path, changes: &[FileChange]) -> Result<(), Error> {
    if changes.is_empty() {
        return Ok(());
    }
    check(dir, changes)?;
    let list = stage(dir, changes)?;
    let (new, work) = (dir.join(NEW), dir.join(WORK));
    rename(&new, &work)?;
    sync(dir);
    carry_out(dir)?;
    drop(list);
    Ok(())
}

/// Ends what was begun by a run that was killed: finishes it if it was decided, or else takes it back. Says what it did.
pub fn settle(dir: &Path) -> Result<Option<&'static str>, Error> {
    let mut said = None;
    if dir.join(WORK).is_dir() {
        let _list = lock(&dir.join(WORK))?;
        carry_out(dir)?;
        said = Some("a change of the folder was interrupted before: it is finished now");
    }
    if dir.join(NEW).is_dir() {
        let _list = lock(&dir.join(NEW))?;
        remove(&dir.join(NEW))?;
        said = Some("a change of the folder was interrupted before it began: nothing of it is left");
    }
    if dir.join(DONE).is_dir() {
        remove(&dir.join(DONE))?;
    }
    Ok(said)
}

/// The list, locked; nothing if it is not there yet, or not any more.
fn lock(work: &Path) -> Result<Option<File>, Error> {
    let path = work.join(LIST);
    let Ok(list) = File::open(&path) else { return Ok(None) };
    match list.try_lock() {
        Ok(()) => Ok(Some(list)),
        Err(TryLockError::WouldBlock) => Err(Error::BeingRewritten { path: work.to_owned() }),
        // Some file systems of networks have no locks.
        Err(TryLockError::Error(_)) => Ok(Some(list)),
    }
}

/// Paths stay in the folder, and nothing that is there is overwritten.
fn check(dir: &Path, changes: &[FileChange]) -> Result<(), Error> {
    for change in changes {
        for path in [&change.path, &change.new_path] {
            let is_plain = |part: Component<'_>| matches!(part, Component::Normal(name) if !name.to_string_lossy().starts_with('.'));
            if path.is_empty() || !Path::new(path).components().all(is_plain) {
                return Err(Error::LeavesFolder { path: path.clone() });
            }
        }
        let is_left = |path: &str| changes.iter().any(|other| other.path == path);
        let target = dir.join(&change.new_path);
        if !is_left(&change.new_path) && target.symlink_metadata().is_ok() {
            return Err(Error::InTheWay { path: target });
        }
        if let Err(source) = dir.join(&change.path).symlink_metadata() {
            return Err(Error::Read { path: dir.join(&change.path), source });
        }
    }
    Ok(())
}

/// Writes beside what is to be written, and the list. Returns the list, locked.
fn stage(dir: &Path, changes: &[FileChange]) -> Result<File, Error> {
    let new = dir.join(NEW);
    fs::create_dir(&new).map_err(|source| Error::Write { path: new.clone(), source })?;
    let moves: Vec<Move> = changes
        .iter()
        .map(|change| Move {
            path: change.path.clone(),
            new_path: change.new_path.clone(),
            is_written: change.content.is_some(),
        })
        .collect();
    let list = serde_json::to_string(&moves).expect("paths are JSON");
    let list = write(&new.join(LIST), &list)?;
    let _ = list.try_lock();
    for (number, change) in changes.iter().enumerate() {
        if let Some(content) = &change.content {
            write(&written(&new, number), content)?;
        }
    }
    sync(&new);
    Ok(list)
}

fn write(path: &Path, text: &str) -> Result<File, Error> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        Ok(file)
    };
    write().map_err(|source| Error::Write { path: path.to_owned(), source })
}

fn written(work: &Path, number: usize) -> PathBuf {
    work.join(format!("new-{number}"))
}

fn carry_out(dir: &Path) -> Result<(), Error> {
    steps(dir)?.iter().try_for_each(run)
}

fn steps(dir: &Path) -> Result<Vec<Step>, Error> {
    let work = dir.join(WORK);
    let list = work.join(LIST);
    let text = fs::read_to_string(&list).map_err(|source| Error::Read { path: list.clone(), source })?;
    let moves: Vec<Move> =
        serde_json::from_str(&text).map_err(|source| Error::Read { path: list, source: source.into() })?;
    let old = |number: usize| work.join(format!("old-{number}"));
    let all_aside = work.join(ASIDE);
    let mut steps: Vec<Step> = moves
        .iter()
        .enumerate()
        .map(|(number, of)| Step::Aside {
            from: dir.join(&of.path),
            to: old(number),
            unless: all_aside.clone(),
        })
        .collect();
    steps.push(Step::AllAside(all_aside));
    steps.extend(moves.iter().enumerate().map(|(number, of)| Step::Place {
        from: if of.is_written { written(&work, number) } else { old(number) },
        to: dir.join(&of.new_path),
    }));
    steps.push(Step::Clear { work, done: dir.join(DONE) });
    Ok(steps)
}

fn run(step: &Step) -> Result<(), Error> {
    match step {
        Step::Aside { from, to, unless } => match unless.exists() || to.symlink_metadata().is_ok() {
            true => Ok(()),
            false => rename(from, to),
        },
        Step::AllAside(marker) => match marker.exists() {
            true => Ok(()),
            false => {
                sync(marker.parent().unwrap_or(marker));
                write(marker, "").map(drop)
            }
        },
        Step::Place { from, to } => match from.symlink_metadata() {
            Ok(_) => rename(from, to),
            Err(_) => Ok(()),
        },
        Step::Clear { work, done } => {
            if work.exists() {
                sync(work.parent().unwrap_or(work));
                rename(work, done)?;
            }
            remove(done)
        }
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(|source| Error::Write { path: to.to_owned(), source })
}

fn remove(dir: &Path) -> Result<(), Error> {
    fs::remove_dir_all(dir).map_err(|source| Error::Write { path: dir.to_owned(), source })
}

/// Has the names in a folder written to the disk, where the system can.
fn sync(dir: &Path) {
    if let Ok(dir) = File::open(dir) {
        let _ = dir.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const BEFORE: [(&str, &str); 4] =
        [("meta/_journal.json", "old journal"), ("1_a.sql", "a"), ("2_b.sql", "b"), ("3_c/up.sql", "c")];

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in BEFORE {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    /// Two files change places, a folder moves, and a file is written anew.
    fn changes() -> Vec<FileChange> {
        let change = |path: &str, new_path: &str, content: Option<&str>| FileChange {
            path: path.to_owned(),
            new_path: new_path.to_owned(),
            content: content.map(str::to_owned),
        };
        vec![
            change("meta/_journal.json", "meta/_journal.json", Some("new journal")),
            change("1_a.sql", "2_b.sql", None),
            change("2_b.sql", "1_a.sql", Some("b, written anew")),
            change("3_c", "4_c", None),
        ]
    }

    fn all_of(dir: &Path) -> BTreeMap<String, String> {
        let folder = nself_folder::read(dir, || ()).unwrap();
        assert_eq!(folder.passed_over, Vec::<String>::new(), "nothing is left beside");
        let text = |file: &nself_folder::File| String::from_utf8(file.bytes.clone()).unwrap();
        folder.files.iter().map(|file| (file.path.clone(), text(file))).collect()
    }

    fn files(files: [(&str, &str); 4]) -> BTreeMap<String, String> {
        files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
    }

    fn after() -> BTreeMap<String, String> {
        files([
            ("meta/_journal.json", "new journal"),
            ("2_b.sql", "a"),
            ("1_a.sql", "b, written anew"),
            ("4_c/up.sql", "c"),
        ])
    }

    #[test]
    fn all_changes_are_made_in_one_go() {
        let dir = folder();
        apply(dir.path(), &changes()).unwrap();
        assert_eq!(all_of(dir.path()), after());
        assert_eq!(settle(dir.path()).unwrap(), None);
    }

    #[test]
    fn killed_before_the_decision_it_leaves_nothing() {
        let dir = folder();
        drop(stage(dir.path(), &changes()).unwrap());
        assert!(settle(dir.path()).unwrap().unwrap().contains("before it began"));
        assert_eq!(all_of(dir.path()), files(BEFORE));
    }

    #[test]
    fn killed_after_any_step_it_is_finished_by_the_next_run() {
        let mut number = 0;
        loop {
            let dir = folder();
            drop(stage(dir.path(), &changes()).unwrap());
            rename(&dir.path().join(NEW), &dir.path().join(WORK)).unwrap();
            let steps = steps(dir.path()).unwrap();
            let is_last = number == steps.len();
            steps[..number].iter().for_each(|step| run(step).unwrap());
            assert_eq!(settle(dir.path()).unwrap().is_some(), !is_last, "after {number} steps");
            assert_eq!(all_of(dir.path()), after(), "after {number} steps");
            if is_last {
                break;
            }
            number += 1;
        }
        assert_eq!(number, 10);
    }

    #[test]
    fn another_one_at_work_is_left_alone() {
        let dir = folder();
        let list = stage(dir.path(), &changes()).unwrap();
        assert!(matches!(settle(dir.path()), Err(Error::BeingRewritten { .. })));
        drop(list);
        settle(dir.path()).unwrap();
    }

    #[test]
    fn nothing_is_overwritten_and_nothing_leaves_the_folder() {
        let dir = folder();
        let mut all = changes();
        all.remove(2);
        assert!(matches!(apply(dir.path(), &all), Err(Error::InTheWay { .. })));
        for path in ["../x.sql", "/tmp/x.sql", "a/../../x.sql", ".git/config", ""] {
            let mut all = changes();
            all[1].new_path = path.to_owned();
            assert!(matches!(apply(dir.path(), &all), Err(Error::LeavesFolder { .. })), "{path}");
        }
        assert_eq!(all_of(dir.path()), files(BEFORE));
    }
}
