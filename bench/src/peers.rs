//! Other tools that do the same comparison: a live database with one that has the expected schema.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::args::Args;
use crate::drift;
use crate::error::Error;
use crate::product;
use crate::program::{self, Ended};
use crate::sample::Board;
use crate::server::Server;

/// Copies of the databases without the extension, so that these tools have no more to read than their task asks.
const LIVE: &str = "bench_peer_live";
const EXPECTED: &str = "bench_peer_expected";

/// They take long, and nobody compares hundredths of their times.
const MOST_ROUNDS: usize = 3;
/// What takes longer is not run again.
const LONG: f64 = 10_000.0;

struct Peer {
    /// As its package is called, which is where its version is looked up.
    package: &'static str,
    /// In the folder into which scripts/bench-peers installs.
    program: &'static str,
    needs: &'static str,
    arguments: fn(&Path, &str, &str) -> Vec<String>,
    /// The exit codes of a comparison that was done.
    done: &'static [i32],
}

const PEERS: [Peer; 4] = [
    Peer {
        package: "migra",
        program: "venv/bin/python",
        needs: "venv/bin/migra",
        arguments: |peers, live, expected| {
            let script = peers.join("venv/bin/migra").display().to_string();
            strings(&[&script, "--unsafe", "--with-privileges", live, expected])
        },
        done: &[0, 2],
    },
    Peer {
        package: "@pgkit/migra",
        program: "node",
        needs: "node_modules/@pgkit/migra/dist/command.js",
        arguments: |peers, live, expected| {
            let script = peers.join("node_modules/@pgkit/migra/dist/command.js").display().to_string();
            strings(&[&script, "run", live, expected, "--unsafe", "--with-privileges"])
        },
        done: &[0],
    },
    Peer {
        package: "@supabase/pg-delta",
        program: "node",
        needs: "node_modules/@supabase/pg-delta/dist/cli/main.js",
        arguments: |peers, live, expected| {
            let script = peers.join("node_modules/@supabase/pg-delta/dist/cli/main.js").display().to_string();
            strings(&[&script, "diff", "--source", live, "--desired", expected])
        },
        done: &[0],
    },
    Peer {
        package: "alembic",
        program: "venv/bin/python",
        needs: "venv/bin/alembic",
        arguments: |_, live, expected| {
            strings(&["-c", include_str!("../tools/alembic_compare.py"), live, expected])
        },
        done: &[0],
    },
];

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl Peer {
    fn work(&self) -> String {
        format!("peer {}", self.package)
    }

    fn command(&self, peers: &Path, server: &Server) -> Command {
        let inside = peers.join(self.program);
        let program = if inside.exists() { inside } else { PathBuf::from(self.program) };
        let mut command = Command::new(program);
        command.args((self.arguments)(peers, &server.url(LIVE), &server.url(EXPECTED)));
        command
    }
}

/// The tools by the names of their works, with their versions.
pub fn all() -> impl Iterator<Item = (String, String)> {
    PEERS.iter().map(|peer| (peer.work(), format!("{} {}", peer.package, version(peer.package))))
}

/// The version that scripts/bench-peers installs.
fn version(package: &str) -> &'static str {
    let python = include_str!("../tools/requirements.txt").lines();
    let python = python.filter_map(|line| line.split_once("=="));
    let node = include_str!("../tools/package.json").lines();
    let node = node.filter_map(|line| line.trim().trim_end_matches(',').split_once(": "));
    let mut versions =
        python.chain(node).map(|(name, version)| (name.trim_matches('"'), version.trim_matches('"')));
    versions.find(|(name, _)| *name == package).map_or("", |(_, version)| version)
}

/// Runs them all, one after the other in each round.
pub fn measure(server: &Server, args: &Args, board: &mut Board) -> Result<(), Error> {
    let Some(folder) = &args.peers else { return Ok(()) };
    let mut peers: Vec<&Peer> = Vec::new();
    for peer in &PEERS {
        if folder.join(peer.needs).exists() {
            peers.push(peer);
        } else {
            eprintln!("skipped: {} is not installed (make bench-peers)", peer.package);
        }
    }
    if peers.is_empty() {
        return Ok(());
    }
    for (copy, of) in [(LIVE, drift::DRIFTED), (EXPECTED, drift::EQUAL)] {
        server.create_anew(copy, of)?;
        server.execute(copy, &[product::REMOVE, "VACUUM (ANALYZE)"])?;
    }
    let limit = Duration::from_secs(args.peer_timeout);
    for _ in 0..args.rounds.min(MOST_ROUNDS) {
        peers.retain(|peer| {
            match program::run(&mut peer.command(folder, server), peer.package, Some(limit)) {
                Ok(Ended::Itself { sample, status, .. })
                    if status.code().is_some_and(|code| peer.done.contains(&code)) =>
                {
                    board.add(peer.work(), sample);
                    sample.milliseconds < LONG
                }
                Ok(Ended::Itself { complaints, .. }) => {
                    let last = complaints.lines().last().unwrap_or_default();
                    eprintln!("skipped: {} fails: {last}", peer.package);
                    board.forget(&peer.work());
                    false
                }
                Ok(Ended::Over { sample }) => {
                    board.add_over(peer.work(), sample);
                    false
                }
                Err(error) => {
                    eprintln!("skipped: {error}");
                    false
                }
            }
        });
    }
    server.drop(LIVE)?;
    Ok(server.drop(EXPECTED)?)
}

#[cfg(test)]
mod tests {
    use super::all;

    #[test]
    fn every_tool_has_a_version() {
        for (_, name) in all() {
            assert!(name.ends_with(|last: char| last.is_ascii_digit()), "{name}");
        }
    }
}
