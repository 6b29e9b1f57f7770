//! What must hold before a server is ever reached: usage errors, exit codes, and where settings come from.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::thread;

use common::Project;
use serde_json::Value;

fn nowhere() -> Project {
    Project::new::<&str, &str>([])
}

/// A database URL that nobody listens on.
fn refused() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("postgres://me:s3cret@127.0.0.1:{port}/shop")
}

#[test]
fn wrong_arguments_exit_with_two() {
    let lines = [
        "",
        "db",
        "db migrate",
        "db migrate sideways",
        "db migrate up --count many",
        "db migrate up --count -1",
        "db migrate down --confirm yes",
        "db migrate diff --against yesterday",
        "migrate run --steps 1",
        "self-heal run --dry-run --confirm",
        "self-heal run --online",
        "self-heal run --online --dry-run",
        "self-heal history --limit all",
        "self-heal status --format yaml",
    ];
    for line in lines {
        let ran = nowhere().nself(line).exits(2);
        assert_eq!(ran.stdout, "", "nself {line}");
        assert!(
            ran.stderr.contains("Usage:") || ran.stderr.contains("--help"),
            "nself {line}: {}",
            ran.stderr
        );
    }
}

#[test]
fn with_json_a_wrong_argument_is_told_in_json() {
    for line in ["self-heal history --limit all --format json", "--format=json db migrate sideways"] {
        let ran = nowhere().nself(line).exits(2);
        let said: Value = serde_json::from_str(&ran.stderr).unwrap();
        assert!(said["error"]["message"].as_str().unwrap().contains("--help"), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn the_help_tells_what_the_exit_codes_mean() {
    let help = nowhere().nself("--help").exits(0).stdout;
    for word in ["1 is drift", "2 could not run", "--fail-on-left-over", "2 failed or cancelled"] {
        assert!(help.contains(word), "{help}");
    }
}

#[test]
fn help_and_version_are_no_errors() {
    for line in ["--help", "--version", "db migrate up --help", "help self-heal"] {
        assert_ne!(nowhere().nself(line).exits(0).stdout, "", "nself {line}");
    }
}

#[test]
fn without_a_connection_questions_and_heals_exit_with_two_and_migrations_with_one() {
    let url = refused();
    for command in ["status", "run", "run --confirm", "history", "enable", "disable"] {
        nowhere().nself(&format!("self-heal {command} --database-url {url}")).exits(2);
    }
    let commands =
        [("up", 1), ("down --yes", 1), ("status", 2), ("verify-checksums", 2), ("diff --fail-on-drift", 2)];
    for (command, code) in commands {
        let project = nowhere();
        project.file("migrations/0001_a.sql", "select 1");
        let line = format!("db migrate {command} --database-url {url}");
        let ran = project.nself(&line).exits(code);
        assert_eq!(ran.stdout, "");
        assert!(ran.stderr.starts_with("error: cannot connect to 127.0.0.1:"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
        let ran = project.nself(&format!("{line} --format json")).exits(code);
        assert_eq!(ran.stdout, "");
        let said: Value = serde_json::from_str(&ran.stderr).unwrap();
        let message = said["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("cannot connect to 127.0.0.1:"), "{message}");
        assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
    }
}

#[test]
fn the_error_names_what_can_name_a_database() {
    let ran = nowhere().nself("self-heal status").exits(2);
    assert!(
        ran.stderr.starts_with("error: no database is named\n  hint: Set --database-url"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_broken_url_is_a_usage_error() {
    for url in ["postgres://h/d?sslmode=sometimes", "postgres://h/d?colour=blue", "nonsense"] {
        let ran = nowhere().nself(&format!("db migrate status --database-url {url}")).exits(2);
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    }
}

#[test]
fn a_missing_folder_is_named() {
    let project = nowhere();
    let ran = project.nself("db migrate up").exits(2);
    let parent = project.path().canonicalize().unwrap();
    assert!(ran.stderr.contains(parent.to_str().unwrap()), "{}", ran.stderr);
    for place in ["migrations", "backend/migrations", "nself/migrations", "drizzle"] {
        assert!(ran.stderr.contains(place), "{}", ran.stderr);
    }
    for command in ["up", "status", "verify-checksums", "diff", "down --yes"] {
        let ran = nowhere().nself(&format!("db migrate {command} --dir no/such/folder")).exits(2);
        assert!(ran.stderr.starts_with("error: no/such/folder is not a folder"), "{}", ran.stderr);
    }
}

#[test]
fn the_folder_that_is_passed_over_is_named() {
    let project = nowhere();
    project.file("migrations/0001_a.sql", "").file("drizzle/0000_a.sql", "");
    let ran = project.nself("db migrate status").exits(2);
    assert!(
        ran.stderr.contains("note: migrations are taken from migrations, not from drizzle"),
        "{}",
        ran.stderr
    );
}

#[test]
fn reverting_is_never_done_without_being_asked_for() {
    for line in ["db migrate down", "db migrate down --to 0001", "migrate rollback"] {
        let ran = nowhere().nself(line).exits(2);
        assert!(ran.stderr.contains("needs a confirmation"), "{}", ran.stderr);
    }
}

#[test]
fn env_files_name_the_database_and_the_environment_wins() {
    let project = nowhere();
    project.file(".env", "PGHOST=/nowhere/env\n");
    assert!(project.nself("self-heal status").exits(2).stderr.contains("/nowhere/env/.s.PGSQL.5432"));
    project.file(".env.local", "PGHOST=/nowhere/local\nPGPORT=7\n");
    assert!(project.nself("self-heal status").exits(2).stderr.contains("/nowhere/local/.s.PGSQL.7"));
    let project = Project::new([("PGHOST", "/nowhere/real")]);
    project.file(".env", "PGHOST=/nowhere/env\n");
    assert!(project.nself("self-heal status").exits(2).stderr.contains("/nowhere/real/"));
}

#[test]
fn what_would_serve_everybody_does_not_start() {
    let serve = |secret: &str, line: &str| {
        let project = nowhere();
        let mut command = project.command();
        command.args(["serve", "--database-url", &refused()]).args(line.split_whitespace());
        common::Ran::from(command.env("NSELF_ACTIONS_SECRET", secret).output().unwrap()).exits(2).stderr
    };
    let cases = [
        ("", "", "error: no secret is set: "),
        ("too short", "", "error: the secret has 9 characters: "),
        (
            "",
            "--insecure-no-secret --listen 0.0.0.0:0",
            "error: 0.0.0.0:0 is not an address of this machine alone",
        ),
        ("long enough for a secret", "--secret-header x:y", "error: \"x:y\" is not the name of a header"),
        ("long enough for a secret", "--tls-cert no.pem --tls-key no.pem", "error: cannot read no.pem: "),
        ("long enough for a secret", "--tls-cert no.pem", "error: the following required arguments"),
        ("", "--role admin", "error: invalid value 'admin'"),
        ("", "--connections 0", "error: invalid value '0'"),
    ];
    for (secret, line, message) in cases {
        let said = serve(secret, line);
        assert!(said.starts_with(message), "{line}: {said}");
        assert!(!said.contains("long enough"), "{said}");
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let line = format!("--listen {}", taken.local_addr().unwrap());
    assert!(serve("long enough for a secret", &line).starts_with("error: cannot listen on 127.0.0.1:"));
    // A secret may stand in a file, as the database does.
    let project = nowhere();
    project.file(".env.secrets", "NSELF_ACTIONS_SECRET=short\n");
    let said = project.nself(&format!("serve --database-url {}", refused())).exits(2).stderr;
    assert!(said.contains("hint: openssl rand -hex 32"), "{said}");
}

#[test]
fn a_connection_that_must_be_encrypted_never_goes_plain() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let modes = ["require", "verify-ca", "verify-full"];
    let server = thread::spawn(move || {
        for _ in modes {
            let (mut client, _) = listener.accept().unwrap();
            let mut request = [0; 8];
            client.read_exact(&mut request).unwrap();
            assert_eq!(request, [0, 0, 0, 8, 4, 210, 22, 47], "the client asks for TLS first");
            // "No": this server has none. Whatever came now would be readable by everyone.
            client.write_all(b"N").unwrap();
            let mut rest = Vec::new();
            match client.read_to_end(&mut rest) {
                Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
                _ => assert_eq!(rest, [0_u8; 0]),
            }
        }
    });
    for mode in modes {
        let url = format!("postgres://me@127.0.0.1:{port}/shop?sslmode={mode}");
        let ran = nowhere().nself(&format!("self-heal status --database-url {url}")).exits(2);
        assert!(ran.stderr.contains("server does not support TLS"), "{}", ran.stderr);
    }
    server.join().unwrap();
}
