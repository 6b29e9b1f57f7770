//! Hasura's metadata between a stand-in for its server, the folder, and git.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::common::Project;
use crate::stand_in::{ADMIN_SECRET, Instead, StandIn, inconsistent_table};

fn metadata() -> Value {
    json!({
        "version": 3,
        "sources": [{
            "name": "default", "kind": "postgres",
            "tables": [
                {"table": {"name": "users", "schema": "public"},
                 "select_permissions": [{"role": "user", "permission": {"columns": ["id"], "filter": {"id": {"_eq": "X-Hasura-User-Id"}}}, "comment": ""}]},
                {"table": {"name": "notes", "schema": "public"}},
            ],
            "functions": [{"function": {"name": "search", "schema": "public"}}],
            "configuration": {"connection_info": {"database_url": {"from_env": "DATABASE_URL"}}},
        }],
        "actions": [{"name": "heal", "definition": {"kind": "synchronous", "handler": "{{HOOK}}", "type": "mutation",
                     "arguments": [{"name": "confirm", "type": "Boolean"}], "output_type": "Healed"}}],
        "custom_types": {"objects": [{"name": "Healed", "fields": [{"name": "job", "type": "bigint"}]}],
                         "scalars": [{"name": "bigint"}]},
        "query_collections": [{"name": "c", "definition": {"queries": [{"name": "q", "query": "query q {\n  users { id }\n}"}]}}],
    })
}

/// A project beside a server, with the secret in a file.
fn project(server: &StandIn) -> Project {
    let project = Project::new::<&str, &str>([]);
    project
        .file(
            "hasura/config.yaml",
            &format!("version: 3\nendpoint: {}\nmetadata_directory: metadata\n", server.endpoint),
        )
        .file(".env.secrets", &format!("HASURA_GRAPHQL_ADMIN_SECRET={ADMIN_SECRET}\n"));
    project
}

fn exported() -> (StandIn, Project) {
    let server = StandIn::start(metadata());
    let project = project(&server);
    project.nself("db hasura metadata export").exits(0);
    server.asked();
    (server, project)
}

const FOLDER: &str = "hasura/metadata";
const USERS: &str = "hasura/metadata/databases/default/tables/public_users.yaml";

/// All files of the folder with their text.
fn files(project: &Project) -> BTreeMap<String, String> {
    fn add(dir: &Path, all: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => add(&path, all),
                false => _ = all.insert(path.display().to_string(), fs::read_to_string(&path).unwrap()),
            }
        }
    }
    let mut all = BTreeMap::new();
    add(&project.path().join(FOLDER), &mut all);
    all
}

fn read(project: &Project, path: &str) -> String {
    fs::read_to_string(project.path().join(path)).unwrap()
}

#[test]
fn an_export_writes_the_folder_and_again_writes_nothing() {
    let server = StandIn::start(metadata());
    let project = project(&server);
    let would = project.nself("db hasura metadata export --dry-run").exits(0);
    assert!(would.stdout.contains("Would write actions.graphql\n"), "{}", would.stdout);
    assert!(!project.path().join(FOLDER).exists());
    project.nself("db hasura metadata export").exits(0);
    let first = files(&project);
    assert_eq!(first.len(), 21);
    assert_eq!(read(&project, "hasura/metadata/version.yaml"), "version: 3\n");
    let tables = "- \"!include public_users.yaml\"\n- \"!include public_notes.yaml\"\n";
    assert_eq!(read(&project, "hasura/metadata/databases/default/tables/tables.yaml"), tables);
    assert!(read(&project, "hasura/metadata/query_collections.yaml").contains("query: |-\n"));
    let again = project.nself("db hasura metadata export").exits(0);
    assert!(again.stdout.contains("no file changed"), "{}", again.stdout);
    assert_eq!(files(&project), first);
    for request in server.asked() {
        assert_eq!(request.line, "POST /v1/metadata HTTP/1.1");
        assert_eq!(request.secret.as_deref(), Some(ADMIN_SECRET));
        assert_eq!(request.body, json!({"type": "export_metadata", "version": 2, "args": {}}));
    }
}

#[test]
fn an_export_keeps_what_a_person_wrote_where_nothing_changed() {
    let (server, project) = exported();
    let by_hand = "# users of the shop\ntable: {schema: public, name: users}\nselect_permissions:\n- {role: user, comment: '', permission: {columns: [id], filter: {id: {_eq: X-Hasura-User-Id}}}}\n";
    project.file(USERS, by_hand);
    project.nself("db hasura metadata export").exits(0);
    assert_eq!(read(&project, USERS), by_hand);
    server.state().metadata["sources"][0]["tables"][0]["select_permissions"][0]["permission"]["columns"] =
        json!(["id", "name"]);
    server.state().metadata["sources"][0]["tables"].as_array_mut().unwrap().remove(1);
    let ran = project.nself("db hasura metadata export").exits(0);
    assert!(ran.stderr.contains("public_users.yaml was written anew"), "{}", ran.stderr);
    assert!(ran.stdout.contains("Removed databases/default/tables/public_notes.yaml\n"), "{}", ran.stdout);
    assert!(!project.path().join("hasura/metadata/databases/default/tables/public_notes.yaml").exists());
    let keeps_order =
        "table:\n  schema: public\n  name: users\nselect_permissions:\n  - role: user\n    comment: \"\"\n";
    assert!(read(&project, USERS).starts_with(keeps_order), "{}", read(&project, USERS));
}

#[test]
fn an_apply_shows_what_changes_and_sends_it_with_the_version() {
    let (server, project) = exported();
    let same = project.nself("db hasura metadata apply").exits(0);
    assert!(same.stdout.starts_with("Nothing to apply"), "{}", same.stdout);
    assert_eq!(server.types(), ["export_metadata"]);

    project.file(USERS, &read(&project, USERS).replace("        - id\n", "        - id\n        - name\n"));
    let at = "sources[default].tables[public.users].select_permissions[user].permission.columns";
    let line = format!("~ {at}: [\"id\"] -> [\"id\",\"name\"]\n");
    let diff = project.nself("db hasura metadata diff").exits(1);
    assert_eq!(diff.stdout, line);
    let dry = project.nself("db hasura metadata apply --dry-run").exits(1);
    assert_eq!(dry.stdout, format!("{line}Dry run: 1 change to apply. Nothing was changed.\n"));
    assert_eq!(server.types(), ["export_metadata"; 2]);

    let ran = project.nself("db hasura metadata apply").exits(0);
    assert!(ran.stdout.starts_with(&line) && ran.stdout.contains("Applied 1 change"), "{}", ran.stdout);
    let asked = server.asked();
    let sent = &asked[1].body;
    assert_eq!(
        (&sent["type"], &sent["version"], &sent["resource_version"]),
        (&json!("replace_metadata"), &json!(2), &json!(1))
    );
    assert_eq!(sent["args"]["allow_inconsistent_metadata"], false);
    let mut expected = metadata();
    expected["sources"][0]["tables"][0]["select_permissions"][0]["permission"]["columns"] =
        json!(["id", "name"]);
    assert_eq!(sent["args"]["metadata"], expected);
    project.nself("db hasura metadata diff").exits(0);
}

#[test]
fn nothing_is_removed_from_a_server_without_a_yes() {
    let (server, project) = exported();
    project
        .file("hasura/metadata/databases/default/tables/tables.yaml", "- \"!include public_users.yaml\"\n");
    let ran = project.nself("db hasura metadata apply").exits(2);
    assert!(ran.stderr.contains("sources[default].tables[public.notes] would be removed"), "{}", ran.stderr);
    assert_eq!(server.types(), ["export_metadata"]);
    let ran = project.nself("db hasura metadata apply --yes").exits(0);
    assert!(ran.stdout.starts_with("- sources[default].tables[public.notes]\n"), "{}", ran.stdout);
    assert_eq!(server.state().metadata["sources"][0]["tables"].as_array().unwrap().len(), 1);
}

#[test]
fn a_server_that_changed_meanwhile_is_looked_at_once_more() {
    let (server, project) = exported();
    project.file(USERS, &read(&project, USERS).replace("        - id\n", "        - id\n        - name\n"));
    let mut other = metadata();
    other["sources"][0]["tables"][1]["comment"] = json!("of others");
    server.instead("replace_metadata", Instead::ChangedBy(other.clone()));
    // The other's comment would be removed, which nobody agreed to.
    let ran = project.nself("db hasura metadata apply").exits(2);
    assert!(
        ran.stderr.contains("+ sources[default].tables[public.notes].comment: \"of others\""),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("has more that would be removed"), "{}", ran.stderr);
    assert_eq!(server.types(), ["export_metadata", "replace_metadata", "export_metadata"]);
    server.instead("replace_metadata", Instead::ChangedBy(other.clone()));
    project.nself("db hasura metadata apply --yes").exits(0);
    let asked = server.asked();
    assert_eq!(asked.len(), 4);
    assert_eq!(
        (&asked[1].body["resource_version"], &asked[3].body["resource_version"]),
        (&json!(2), &json!(3))
    );
    // Twice is enough.
    project.file(USERS, &read(&project, USERS).replace("        - name\n", "        - mail\n"));
    for number in [1, 2] {
        other["sources"][0]["tables"][0]["comment"] = json!(number);
        server.instead("replace_metadata", Instead::ChangedBy(other.clone()));
    }
    let ran = project.nself("db hasura metadata apply --yes").exits(2);
    assert!(ran.stderr.contains("did not match current version"), "{}", ran.stderr);
}

#[test]
fn inconsistent_objects_are_told_by_name() {
    let (server, project) = exported();
    project.file(USERS, &read(&project, USERS).replace("        - id\n", "        - id\n        - name\n"));
    server.state().inconsistent = vec![inconsistent_table("public.gone")];
    let ran = project.nself("db hasura metadata apply").exits(2);
    assert!(ran.stdout.starts_with("~ sources[default].tables[public.users]"), "{}", ran.stdout);
    let told = "table public.gone in source default: no such table/view exists in source: \"public.gone\"";
    assert!(
        ran.stderr.contains("Hasura refused replace_metadata: cannot continue due to inconsistent metadata"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    let ran = project.nself("db hasura metadata apply --allow-inconsistent").exits(1);
    assert!(
        ran.stdout.contains(&format!("1 inconsistent object in the metadata:\n  table: {told}\n")),
        "{}",
        ran.stdout
    );
    assert_eq!(server.asked().last().unwrap().body["args"]["allow_inconsistent_metadata"], true);

    let ran = project.nself("db hasura metadata reload --source default --json").exits(1);
    let said: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&said["is_consistent"], &said["inconsistent_objects"][0]["type"]),
        (&json!(false), &json!("table"))
    );
    server.state().inconsistent.clear();
    project.nself("db hasura metadata reload --remote-schemas").exits(0);
    let asked: Vec<Value> = server.asked().into_iter().map(|request| request.body["args"].clone()).collect();
    let args = |sources: Value, remote: bool| json!({"reload_sources": sources, "reload_remote_schemas": remote, "recreate_event_triggers": false});
    assert_eq!(asked, [args(json!(["default"]), false), args(json!(true), true)]);
    // An old server answers a message alone, so it is asked.
    server.instead("reload_metadata", Instead::Answer(200, r#"{"message": "success"}"#.to_owned()));
    project.nself("db hasura metadata reload").exits(0);
    assert_eq!(server.types(), ["reload_metadata", "get_inconsistent_metadata"]);
}

#[test]
fn whatever_a_server_answers_is_told_in_a_sentence() {
    let (server, project) = exported();
    let answer = |status, text: &str| Instead::Answer(status, text.to_owned());
    let cases = [
        (answer(500, "<html>\nboom</html>"), "is not Hasura's metadata API: status 500, \"<html>\""),
        (answer(404, ""), "is not Hasura's metadata API: status 404"),
        (answer(302, ""), "status 302"),
        (answer(200, "[]"), "is not Hasura's metadata API"),
        (answer(200, r#"{"metadata": {}}"#), "is not Hasura's metadata API"),
        (
            answer(500, r#"{"error": "no", "code": "unexpected", "path": "$"}"#),
            "Hasura refused export_metadata: no",
        ),
        (Instead::HangUp, "cannot be reached"),
    ];
    for (instead, told) in cases {
        server.instead("export_metadata", instead);
        let ran = project.nself("db hasura metadata diff").exits(2);
        assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
        assert!(!ran.stderr.contains(ADMIN_SECRET), "{}", ran.stderr);
    }
    server.instead("export_metadata", Instead::Silence);
    let ran = project.nself("db hasura metadata diff --timeout 1").exits(2);
    assert!(ran.stderr.contains("did not answer within 1 s"), "{}", ran.stderr);
    project.file(".env.secrets", "HASURA_GRAPHQL_ADMIN_SECRET=another\n");
    let ran = project.nself("db hasura metadata diff").exits(2);
    assert!(
        ran.stderr.contains("refuses the admin secret") && !ran.stderr.contains("another"),
        "{}",
        ran.stderr
    );
    let ran = project.nself("db hasura metadata diff --endpoint localhost:8080").exits(2);
    assert!(ran.stderr.contains("is no address of a Hasura server"), "{}", ran.stderr);
}

#[test]
fn the_server_and_the_secret_come_from_the_first_that_has_them() {
    let (server, project) = exported();
    let other = StandIn::start(json!({"version": 3, "sources": []}));
    let secret = format!("version: 3\nendpoint: {}\nadmin-secret: {ADMIN_SECRET}\n", server.endpoint);
    project.file("hasura/config.yaml", &secret).file(".env.secrets", "");
    project.nself("db hasura metadata diff").exits(0);
    project.file(".env.dev", &format!("HASURA_GRAPHQL_ENDPOINT={}/\n", other.endpoint));
    project.nself("db hasura metadata diff --env dev").exits(1);
    assert_eq!((server.asked().len(), other.asked().len()), (1, 1));
    project.nself(&format!("db hasura metadata diff --env dev --endpoint {}", server.endpoint)).exits(0);
    let nothing = Project::new::<&str, &str>([]);
    let ran = nothing.nself("db hasura metadata diff").exits(2);
    assert!(ran.stderr.contains("no Hasura project was found"), "{}", ran.stderr);
    nothing.file("config.yaml", "version: 3\nmetadata_directory: metadata\n");
    let ran = nothing.nself("db hasura metadata export").exits(2);
    assert!(ran.stderr.contains("no Hasura server is named"), "{}", ran.stderr);
}

#[test]
fn a_folder_that_leads_outside_is_not_sent() {
    let (server, project) = exported();
    project.file("secret.yaml", "- table: {name: x, schema: public}\n");
    project.file("hasura/metadata/databases/databases.yaml", "- \"!include ../../../secret.yaml\"\n");
    let ran = project.nself("db hasura metadata apply --yes").exits(2);
    assert!(
        ran.stderr.contains(
            "hasura/metadata: databases/databases.yaml includes \"../../../secret.yaml\", which is outside"
        ),
        "{}",
        ran.stderr
    );
    assert_eq!(server.types(), Vec::<String>::new());
}

#[test]
fn lint_looks_at_the_folder_alone() {
    let (_, project) = exported();
    project.nself("db hasura metadata lint").exits(0);
    project.file(USERS, "table:\n  name: users\n  schema: public\nselect_permissions:\n  - role: user\n    permission:\n      columns: '*'\n      filter: {}\n");
    let ran = project.nself("db hasura metadata lint").exits(0);
    assert!(
        ran.stdout.contains(
            "warning: source default, table public.users, select permission of user: it is for all columns"
        ),
        "{}",
        ran.stdout
    );
    project.nself("db hasura metadata lint --fail-on-warning").exits(1);
    project.file("hasura/metadata/allow_list.yaml", "- collection: missing\n");
    let ran = project.nself("db hasura metadata lint --json").exits(1);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(found[1]["object"], "allow list");
}

fn git(project: &Project, line: &str) {
    let who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"];
    let ran =
        Command::new("git").args(who).args(line.split(' ')).current_dir(project.path()).output().unwrap();
    assert!(ran.status.success(), "git {line}: {}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn server_folder_and_commit_are_kept_together() {
    let (server, project) = exported();
    let ran = project.nself("db hasura git status").exits(2);
    assert!(ran.stderr.contains("is not in a git checkout with a commit"), "{}", ran.stderr);
    git(&project, "init -q");
    git(&project, "add hasura");
    git(&project, "commit -qm first");
    let clean = project.nself("db hasura git status").exits(0);
    assert_eq!(clean.stdout, "Server, folder and last commit say the same.\n");

    project.file(USERS, &read(&project, USERS).replace("        - id\n", "        - id\n        - name\n"));
    let ran = project.nself("db hasura git status").exits(1);
    for told in [
        "From the server to the folder:\n~ ",
        "Not committed: hasura/metadata/databases/default/tables/public_users.yaml",
        "The server says what the last commit says.",
    ] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
    for line in ["db hasura git pull", "db hasura git push"] {
        let ran = project.nself(line).exits(2);
        assert!(ran.stderr.contains("public_users.yaml"), "{}", ran.stderr);
    }
    server.asked();
    // What is committed is what is pushed.
    project.nself("db hasura git push --ignore-uncommitted").exits(0);
    assert_eq!(server.types(), ["export_metadata"]);
    git(&project, "commit -qam second");
    project.nself("db hasura git push").exits(0);
    assert_eq!(server.types(), ["export_metadata", "replace_metadata"]);
    project.nself("db hasura git status").exits(0);

    server.state().metadata["sources"][0]["tables"][1]["comment"] = json!("from the console");
    project.nself("db hasura git pull").exits(0);
    assert!(
        read(&project, "hasura/metadata/databases/default/tables/public_notes.yaml")
            .contains("comment: from the console")
    );
    project.file(USERS, "table:\n  name: users\n  schema: public\n");
    project.nself("db hasura git pull").exits(2);
    project.nself("db hasura git pull --force").exits(0);
    assert!(read(&project, USERS).contains("- name\n"));
}

#[test]
fn the_console_is_that_of_hasuras_command_or_of_the_server() {
    let (server, project) = exported();
    let ran = project.nself("db hasura console").exits(0);
    assert_eq!(ran.stdout, format!("{}/console\n", server.endpoint));
    assert!(ran.stderr.contains("hasura-cli"), "{}", ran.stderr);
    // In its place a program that says how it was called.
    let bin = project.path().join("bin");
    project.file(
        "bin/hasura",
        "#!/bin/sh\necho \"$@ $HASURA_GRAPHQL_ENDPOINT ${#HASURA_GRAPHQL_ADMIN_SECRET}\"\n",
    );
    std::process::Command::new("chmod").arg("755").arg(bin.join("hasura")).status().unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let output = project
        .command()
        .env("PATH", path)
        .args(["db", "hasura", "console", "--port", "9700"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let expected = format!(
        "console --project hasura --console-port 9700 --skip-update-check {} {}\n",
        server.endpoint,
        ADMIN_SECRET.len()
    );
    assert_eq!(said, expected);
}
