//! `nself serve`: what Hasura asks, and what nobody should.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

use crate::common::Project;
use crate::http::{SECRET, Serving, answer, exchange, payload, request};
use crate::shop::{Shop, column};

const JSON: (&str, &str) = ("content-type", "application/json");
const RIGHT: (&str, &str) = ("x-nself-secret", SECRET);
/// Whether a call of this server's is at work in the database.
const AT_WORK: &str = "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() \
                       AND application_name = 'nself serve' AND wait_event = 'PgSleep'";

/// Puts a migration into the journal behind those that are there, and applies it not.
fn add(shop: &Shop, sql: &str) {
    shop.file("migrations/0004_next.sql", sql);
    let folder =
        std::fs::read_dir(shop.path().join("migrations")).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<Value> = folder
        .map(|path| {
            let content = std::fs::read_to_string(&path).unwrap();
            json!({"path": path.file_name().unwrap().to_str(), "content": content})
        })
        .collect();
    shop.sql(&format!("SELECT nself_journal_put($files${}$files$)", Value::from(files)));
}

/// Its next migration takes so many seconds.
fn slow(seconds: u32) -> Shop {
    let shop = Shop::migrated();
    add(&shop, &format!("CREATE TABLE slow (id int); SELECT pg_sleep({seconds});"));
    shop
}

#[test]
fn actions_are_answered_by_the_functions_with_the_fields_that_are_declared() {
    let shop = Shop::migrated();
    add(&shop, "CREATE TABLE more (id int);");
    shop.sql("ALTER TABLE np_users DROP COLUMN name; CREATE TABLE stray (id int)");
    let serving = Serving::start(&shop, "");

    let drift = serving.act("nself_drift", json!({})).is(200, "").json();
    assert_eq!(column(&drift["items"], "identity"), ["public.stray", "public.np_users.name"]);
    assert_eq!(column(&drift["items"], "safety"), ["manual", "additive"]);
    let fields = [
        "actual",
        "changed_at",
        "changed_by",
        "command",
        "expected",
        "identity",
        "kind",
        "object_type",
        "reason",
        "remedy",
        "safety",
    ];
    assert_eq!(fields_of(&drift["items"][0]), fields);
    assert_eq!(drift["not_compared"], Value::Null);

    let status = serving.act("nself_migrate_status", json!({"tenant": null})).is(200, "").json();
    assert_eq!(column(&status, "state"), ["applied", "applied", "applied", "pending"]);
    let planned = serving.act("nself_migrate_up", json!({"dry_run": true})).is(200, "").json();
    assert_eq!(
        (column(&planned, "version"), column(&planned, "status")),
        (vec!["0004".to_owned()], vec!["planned".to_owned()])
    );
    // The SQL of a migration may hold a password.
    assert_eq!(fields_of(&planned[0]), ["duration_ms", "name", "status", "version"]);
    assert!(!shop.has_table("more"));

    let planned = serving.act("nself_heal", json!({})).is(200, "").json();
    assert_eq!((&planned["job"], &planned["state"]), (&Value::Null, &json!("planned")));
    assert_eq!(column(&planned["steps"], "status"), ["manual", "planned"]);
    assert!(!shop.has_column("np_users", "name"));
    let healed = serving.act("nself_heal", json!({"confirm": true})).is(200, "").json();
    assert_eq!((healed["job"].is_i64(), &healed["state"]), (true, &json!("done")));
    assert!(column(&healed["steps"], "status").contains(&"applied".to_owned()), "{healed}");
    assert!(shop.has_column("np_users", "name") && shop.has_table("stray"));
    let job = serving.act("nself_job", json!({"job": healed["job"]})).is(200, "").json();
    assert_eq!((&job["kind"], &job["state"]), (&json!("heal"), &json!("done")));
    let history = serving.act("nself_heal_history", json!({"max_events": 1})).is(200, "").json();
    assert_eq!((history.as_array().unwrap().len(), &history[0]["trigger"]), (1, &json!("job")));

    serving.act("nself_migrate_up", json!({"max_count": 1})).is(200, "");
    assert!(shop.has_table("more"));
    assert!(!serving.log().contains("CREATE") && !serving.log().contains(SECRET), "{}", serving.log());
    let line = serving.logged(|line| line["action"] == "nself_migrate_up");
    assert_eq!(
        (&line["role"], &line["status"], &line["path"]),
        (&json!("admin"), &json!(200), &json!("/actions"))
    );
}

fn fields_of(row: &Value) -> Vec<&str> {
    row.as_object().unwrap_or_else(|| panic!("no object: {row}")).keys().map(String::as_str).collect()
}

#[test]
fn a_heal_that_takes_longer_than_it_is_waited_for_goes_on_as_a_job() {
    let shop = Shop::migrated();
    shop.sql("ALTER TABLE np_users DROP COLUMN name");
    let serving = Serving::start(&shop, "--heal-wait 0");
    let mut other = crate::shop::connect(&shop.database);
    let mut lock = other.transaction().unwrap();
    lock.batch_execute("LOCK np_users IN ACCESS SHARE MODE").unwrap();
    let started = serving.act("nself_heal", json!({"confirm": true})).is(200, "").json();
    assert!(["waiting", "running"].contains(&started["state"].as_str().unwrap()), "{started}");
    assert_eq!(started["steps"], json!([]));
    lock.commit().unwrap();
    shop.until(&format!("SELECT state = 'done' FROM nself.jobs WHERE job = {}", started["job"]));
    assert!(shop.has_column("np_users", "name"));
}

#[test]
fn what_triggers_send_is_understood() {
    let shop = Shop::migrated();
    shop.sql("CREATE TABLE stray (id int)");
    let serving = Serving::start(&shop, "");
    let event = json!({
        "id": "1", "created_at": "2026-01-01T00:00:00Z", "trigger": {"name": "np_users_changed"},
        "table": {"schema": "public", "name": "np_users"}, "delivery_info": {"max_retries": 0, "current_retry": 0},
        "event": {"op": "MANUAL", "session_variables": null, "data": {"old": null, "new": {"id": 1}}},
    });
    let cron = json!({"id": "2", "name": "nightly", "scheduled_time": "2026-01-01T00:00:00Z", "payload": {}});
    for body in [event, cron] {
        let told = serving.post("/triggers", &body).is(200, "").json();
        assert_eq!(told, json!({"drift_items": 1, "not_compared": null}));
        serving.post("/actions", &body).is(400, "bad-request");
    }
    serving.post("/triggers", payload("admin", "nself_drift", json!({}))).is(400, "bad-request");
    serving.send("POST", "/triggers", &[JSON], "{}").is(401, "wrong-secret");
    serving.logged(|line| line["action"] == "event trigger");
    serving.logged(|line| line["action"] == "scheduled trigger");
}

#[test]
fn who_does_not_know_the_secret_or_has_no_role_gets_nothing() {
    let shop = Shop::migrated();
    shop.sql("CREATE TABLE stray (id int)");
    let serving = Serving::start(&shop, "--role boss=admin --role healer=heal --role viewer=look");
    let body = payload("boss", "nself_drift", json!({})).to_string();
    for secret in ["", "wrong", &SECRET[1..], &format!("{SECRET}x")] {
        // The body is not looked at.
        for body in [&body, "no json"] {
            serving
                .send("POST", "/actions", &[JSON, ("x-nself-secret", secret)], body)
                .is(401, "wrong-secret");
        }
    }
    serving.send("POST", "/actions", &[JSON], &body).is(401, "wrong-secret");
    serving.send("POST", "/actions", &[JSON, RIGHT, RIGHT], &body).is(401, "wrong-secret");
    let said = serving.logged_code("wrong-secret");
    assert_eq!((&said["status"], &said["path"]), (&json!(401), &json!("/actions")));

    let cases = [
        ("boss", "nself_migrate_up", json!({}), 200),
        ("healer", "nself_heal", json!({"confirm": true}), 200),
        ("healer", "nself_migrate_up", json!({}), 403),
        ("healer", "nself_migrate_up", json!({"dry_run": true}), 200),
        ("viewer", "nself_drift", json!({}), 200),
        ("viewer", "nself_heal", json!({"confirm": false}), 200),
        ("viewer", "nself_heal", json!({"confirm": true}), 403),
        // The list that is given replaces the default.
        ("admin", "nself_drift", json!({}), 403),
        ("", "nself_drift", json!({}), 403),
        ("Boss", "nself_drift", json!({}), 403),
    ];
    for (role, name, input, status) in cases {
        serving.act_as(role, name, input).is(status, "forbidden");
    }
    serving.post("/actions", json!({"action": {"name": "nself_drift"}})).is(403, "forbidden");
    assert_eq!(serving.logged_code("forbidden")["role"], "healer");
    assert!(!serving.log().contains(SECRET), "{}", serving.log());
}

#[test]
fn bad_input_is_refused_with_its_own_code_and_the_server_goes_on() {
    let shop = Shop::migrated();
    let serving = Serving::start(&shop, "--body-timeout 1");
    let good = payload("admin", "nself_drift", json!({})).to_string();

    let other = serving.get("/actions").is(405, "method-not-allowed");
    assert!(other.head.contains("\r\nallow: post"), "{}", other.head);
    serving.get("/no/such/path").is(404, "not-found");
    serving.send("POST", "/actions", &[RIGHT, ("content-type", "text/plain")], &good).is(415, "not-json");
    serving.send("POST", "/actions", &[RIGHT], &good).is(415, "not-json");
    for body in ["", "{", "[]", "null", "{}", "\u{0}", "{\"action\": {\"name\": []}}"] {
        serving.post("/actions", body).is(400, "bad-request");
    }
    let large = "x".repeat(10 * 1024 * 1024);
    serving.post("/actions", &large).is(413, "body-too-large");
    serving.send("POST", "/actions", &[JSON], &large).is(401, "wrong-secret");
    let mut stream = serving.connect();
    let whole = request("POST", "/actions", &[JSON, RIGHT], &good);
    stream.write_all(&whole.as_bytes()[..whole.len() - 10]).unwrap();
    answer(stream).is(408, "slow-body");
    let mut cut_off = serving.connect();
    cut_off.write_all(&whole.as_bytes()[..whole.len() - 10]).unwrap();
    cut_off.shutdown(Shutdown::Both).unwrap();
    // Bytes that are no HTTP at all.
    serving.connect().write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").unwrap();

    let unknown = serving.act("nself_reset", json!({})).is(404, "unknown-action").json();
    assert!(unknown["message"].as_str().unwrap().contains("nself_heal_history"), "{unknown}");
    let unknown = serving.act("nself_heal", json!({"confrim": true})).is(400, "unknown-argument").json();
    assert_eq!(unknown["message"], "the action has no argument \"confrim\": it has confirm, not_renamed");
    let wrong = serving.act("nself_heal", json!({"confirm": "true"})).is(400, "wrong-type").json();
    assert_eq!(wrong["message"], "the argument confirm must be a boolean, and is text");
    serving.act("nself_heal_history", json!({"max_events": 1.5})).is(400, "wrong-type");
    serving.act("nself_heal_history", json!({"max_events": -1})).is(400, "invalid-argument");
    serving.act("nself_job", json!({"job": 99})).is(422, "failed");

    let codes = [
        "method-not-allowed",
        "not-found",
        "not-json",
        "bad-request",
        "body-too-large",
        "slow-body",
        "unknown-action",
        "unknown-argument",
        "wrong-type",
        "invalid-argument",
        "failed",
    ];
    for code in codes {
        serving.logged_code(code);
    }
    serving.act("nself_drift", json!({})).is(200, "");
}

#[test]
fn sql_in_a_string_is_a_string() {
    let shop = Shop::migrated();
    let serving = Serving::start(&shop, "");
    let evil = "'); DROP TABLE np_users; SELECT $1 --";
    let quoted = format!("\"{evil}\u{1f980}\\");
    for text in [evil, &quoted] {
        let cases = [
            ("nself_drift", json!({"against": text}), "invalid-argument"),
            ("nself_migrate_up", json!({"target": text}), "invalid-argument"),
            ("nself_heal", json!({"confirm": text}), "wrong-type"),
            ("nself_job", json!({"job": text}), "wrong-type"),
            (text, json!({}), "unknown-action"),
        ];
        for (name, input, code) in cases {
            let told = serving.act(name, input.clone()).json();
            assert_eq!(told["extensions"]["code"], code, "{name} {input}: {told}");
        }
        serving.act("nself_heal", json!({"not_renamed": [text]})).is(200, "");
        // The name of a schema can be anything.
        serving.act("nself_migrate_status", json!({"tenant": text})).is(200, "");
        serving.act("nself_migrate_up", json!({"tenant": text, "dry_run": true})).is(200, "");
        serving.act("nself_heal", json!({text: true})).is(400, "unknown-argument");
        serving.act_as(text, "nself_drift", json!({})).is(403, "forbidden");
        serving.send("GET", "/';%20DROP%20TABLE%20np_users", &[], "").is(404, "not-found");
    }
    assert!(shop.has_table("np_users"));
    // A zero byte is text in JSON and none in the database.
    let told = serving.act("nself_drift", json!({"against": "\u{0}"}));
    assert!((400..500).contains(&told.status), "{}", told.text);
    serving.act("nself_drift", json!({})).is(200, "");
}

#[test]
fn many_calls_at_once_are_all_answered_and_too_many_are_told_so() {
    let shop = Shop::migrated();
    let serving = Serving::start(&shop, "");
    let statuses: Vec<u16> = thread::scope(|scope| {
        let calls: Vec<_> =
            (0..200).map(|_| scope.spawn(|| serving.act("nself_migrate_status", json!({})).status)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(statuses, [200; 200]);

    let shop = slow(2);
    let serving = Serving::start(&shop, "--max-calls 1");
    thread::scope(|scope| {
        let first = scope.spawn(|| serving.act("nself_migrate_up", json!({})));
        shop.until(AT_WORK);
        let busy = serving.act("nself_drift", json!({})).is(429, "busy");
        assert!(busy.head.contains("\r\nretry-after: "), "{}", busy.head);
        first.join().unwrap().is(200, "");
    });
    serving.logged_code("busy");
    serving.act("nself_drift", json!({})).is(200, "");
}

#[test]
fn a_database_that_was_away_is_found_again() {
    let shop = Shop::migrated();
    let serving = Serving::start(&shop, "");
    serving.act("nself_drift", json!({})).is(200, "");
    assert_eq!(serving.get("/healthz").json(), json!({"status": "ok"}));
    let elsewhere = |sql: &str| crate::shop::connect("postgres").batch_execute(sql).unwrap();
    let name = &shop.database;
    elsewhere(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    elsewhere(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
    let told = serving.act("nself_drift", json!({})).is(424, "database-unavailable");
    assert!(told.head.contains("\r\nretry-after: ") && !told.text.contains(name), "{}", told.text);
    let line = serving.logged(|line| line["code"] == "database-unavailable");
    assert!(line["cause"].is_string(), "{line}");
    let health = serving.get("/healthz");
    assert_eq!((health.status, health.json()), (503, json!({"status": "database-unavailable"})));
    assert!(serving.get("/metrics").is(200, "").text.contains("nself_database_up 0"));
    elsewhere(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    serving.act("nself_drift", json!({})).is(200, "");
    assert_eq!(serving.get("/healthz").status, 200);

    shop.sql("DROP EXTENSION nself_heal CASCADE");
    serving.act("nself_drift", json!({})).is(424, "extension-missing");
    shop.sql("CREATE SCHEMA tools; CREATE EXTENSION nself_heal SCHEMA tools");
    serving.act("nself_migrate_status", json!({})).is(200, "");
}

#[test]
fn a_server_can_start_before_its_database() {
    let project = Project::new([("PGHOST", "/nowhere"), ("PGUSER", "me")]);
    let serving = Serving::start(&project, "");
    let line = serving.logged(|line| line["event"] == "database");
    assert!(line["message"].as_str().unwrap().starts_with("database-unavailable: "), "{line}");
    serving.act("nself_drift", json!({})).is(424, "database-unavailable");
}

#[test]
fn a_migration_that_fails_is_told_without_its_sql() {
    let shop = Shop::migrated();
    let serving = Serving::start(&shop, "");
    for (sql, sqlstate) in [
        ("SELECT no_such_function('a password');", "42883"),
        ("CREATE TABLE no_such_schema.t (id int);", "3F000"),
        ("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '22023'; END $$;", "22023"),
    ] {
        add(&shop, sql);
        let told = serving.act("nself_migrate_up", json!({})).is(422, "migration-failed");
        assert_eq!(told.json()["extensions"]["sqlstate"], sqlstate, "{}", told.text);
        assert!(
            told.text.contains("line 1 of 0004_next.sql") && !told.text.contains("password"),
            "{}",
            told.text
        );
    }
    assert!(!serving.log().contains("password"), "{}", serving.log());
}

#[test]
fn a_call_that_takes_too_long_is_undone() {
    let shop = slow(60);
    let serving = Serving::start(&shop, "--timeout 1");
    let told = serving.act("nself_migrate_up", json!({})).is(422, "timeout").json();
    assert_eq!(told["extensions"]["sqlstate"], "57014");
    assert!(!shop.has_table("slow"));
    serving.logged_code("timeout");
    serving.act("nself_migrate_status", json!({})).is(200, "");
}

#[test]
fn sigterm_lets_calls_end_also_of_those_who_hung_up() {
    let shop = slow(2);
    let serving = Serving::start(&shop, "");
    thread::scope(|scope| {
        let call = scope.spawn(|| serving.act("nself_migrate_up", json!({})));
        shop.until(AT_WORK);
        serving.signal("TERM");
        serving.logged(|line| line["event"] == "stopping");
        assert_eq!(column(&call.join().unwrap().is(200, "").json(), "status"), ["applied"]);
    });
    serving.logged(|line| line["event"] == "stopped");
    assert!(TcpStream::connect(&serving.address).is_err());
    assert_eq!(serving.ends(), 0);

    let shop = slow(2);
    let serving = Serving::start(&shop, "");
    let body = payload("admin", "nself_migrate_up", json!({})).to_string();
    let mut stream = serving.connect();
    stream.write_all(request("POST", "/actions", &[JSON, RIGHT], &body).as_bytes()).unwrap();
    shop.until(AT_WORK);
    drop(stream);
    serving.signal("INT");
    assert_eq!(serving.ends(), 0);
    assert!(shop.has_table("slow"));
}

#[test]
fn metrics_say_what_the_database_keeps_and_never_wait_for_a_drift() {
    let shop = Shop::migrated();
    add(&shop, "CREATE TABLE more (id int);");
    shop.sql("ALTER TABLE np_users DROP COLUMN name");
    shop.nself("self-heal run --confirm").exits(0);
    shop.sql("CREATE TABLE stray (id int)");
    let serving = Serving::start(&shop, "--drift-age 0");
    let text = serving.get("/metrics").is(200, "").text;
    let said = [
        "nself_database_up 1.0",
        "nself_last_heal_steps{status=\"applied\"} 1.0",
        "nself_last_heal_outcome{outcome=\"healed\"} 1.0",
        "nself_migrations{state=\"pending\"} 1.0",
        "nself_migrations{state=\"applied\"} 3.0",
        "nself_last_check_drift_items 1.0",
    ];
    for line in said {
        assert!(text.contains(line), "{line} is missing: {text}");
    }
    assert!(!text.contains("nself_drift_items") && text.ends_with("# EOF\n"), "{text}");
    assert!(!text.contains("np_users"), "{text}");
    serving.act("nself_drift", json!({})).is(200, "");
    let text = serving.get("/metrics").text;
    assert!(text.contains("nself_drift_items{kind=\"extra\",safety=\"manual\"} 1.0"), "{text}");
    assert!(text.contains("nself_calls_total{action=\"nself_drift\",code=\"ok\"} 1"), "{text}");

    // A scrape begins a drift behind it where there is none, and a rehearsal of what is pending.
    assert!(!text.contains("nself_hazards"), "{text}");
    let serving = Serving::start(&shop, "");
    let found = || {
        let text = serving.get("/metrics").text;
        text.contains("nself_drift_items{kind=\"extra\",safety=\"manual\"} 1.0")
            && text.contains("nself_hazards{hazard=\"not-reversible\",accepted=\"false\"} 1.0")
            && text.contains("nself_rehearsal_failures 0.0")
    };
    let began = std::time::Instant::now();
    while !found() {
        assert!(began.elapsed().as_secs() < 60, "no drift or no rehearsal was begun: {}", serving.log());
        thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn production_is_migrated_by_a_server_that_is_said_to_be_for_it() {
    let shop = Shop::migrated();
    add(&shop, "CREATE TABLE more (id int);");
    shop.sql(&format!("ALTER DATABASE {} SET nself.env = 'prod'", shop.database));
    let serving = Serving::start(&shop, "");
    serving.act("nself_migrate_up", json!({"dry_run": true})).is(200, "");
    serving.act("nself_migrate_up", json!({})).is(403, "production");
    assert!(!shop.has_table("more"));
    Serving::start(&shop, "--env prod").act("nself_migrate_up", json!({})).is(200, "");
    assert!(shop.has_table("more"));
    let wrong = Serving::start(&shop, "--env dev");
    wrong.act("nself_drift", json!({})).is(400, "invalid-argument");
}

#[test]
fn without_a_secret_only_this_machine_is_served() {
    let shop = Shop::migrated();
    let serving = Serving::spawn(&mut shop.command(), "--insecure-no-secret");
    serving.logged(|line| line["event"] == "warning");
    let body = payload("admin", "nself_drift", json!({})).to_string();
    serving.send("POST", "/actions", &[JSON], &body).is(200, "");
    // A page elsewhere that a browser on this machine shows can send neither of these.
    serving.send("POST", "/actions", &[("content-type", "text/plain")], &body).is(415, "not-json");
    let mut stream = serving.connect();
    let meant = request("POST", "/actions", &[JSON], &body).replace("host: localhost", "host: evil.example");
    stream.write_all(meant.as_bytes()).unwrap();
    answer(stream).is(401, "wrong-secret");
}

/// A certificate of its own for localhost, in two files.
fn certificate(project: &Project, until: i32) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let pem = params.self_signed(&key).unwrap().pem();
    project.file("cert.pem", &pem).file("key.pem", &key.serialize_pem());
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn encrypted(serving: &Serving, root: CertificateDer<'static>) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), serving.connect())
}

#[test]
fn a_certificate_encrypts_and_one_that_has_expired_is_told() {
    let shop = Shop::migrated();
    let line = "--tls-cert cert.pem --tls-key key.pem";
    certificate(&shop, 2024);
    let ran =
        shop.command().args(["serve"]).args(line.split(' ')).env("NSELF_ACTIONS_SECRET", SECRET).output();
    let ran = crate::common::Ran::from(ran.unwrap()).exits(2);
    let said = "error: the certificate in cert.pem expired at 2024-01-01T00:00:00Z\n";
    assert!(ran.stderr.starts_with(said), "{}", ran.stderr);

    let root = certificate(&shop, 4000);
    let serving = Serving::start(&shop, line);
    let body = payload("admin", "nself_drift", json!({})).to_string();
    let call = || {
        let mut stream = encrypted(&serving, root.clone());
        exchange(&mut stream, "POST", "/actions", &[JSON, RIGHT], &body).is(200, "")
    };
    call();
    // A client that speaks no TLS, and one that has read nothing of an expired certificate that came later.
    serving.connect().write_all(b"GET /healthz HTTP/1.1\r\n\r\n").unwrap();
    serving.logged(|line| line["event"] == "connection-refused");
    certificate(&shop, 2024);
    serving.signal("HUP");
    let line = serving.logged(|line| line["event"] == "certificate");
    let said = "the old one stays in use: the certificate in cert.pem expired at 2024-01-01T00:00:00Z";
    assert_eq!(line["message"], said);
    call();
    let renewed = certificate(&shop, 4000);
    serving.signal("HUP");
    serving.logged(|line| line["message"] == "it was read again");
    exchange(&mut encrypted(&serving, renewed), "POST", "/actions", &[JSON, RIGHT], &body).is(200, "");
}

#[test]
fn the_examples_of_the_document_run_as_they_stand() {
    let document = include_str!("../../../docs/hasura.md");
    let script: String =
        document.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(script.matches("curl ").count() >= 4, "{script}");
    let shop = Shop::migrated();
    shop.sql("ALTER TABLE np_users DROP COLUMN name");
    let serving = Serving::start(&shop, "");
    let script = script.replace("localhost:8090", &serving.address).replace("curl -sS", "curl -sSf");
    let ran = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .env("NSELF_ACTIONS_SECRET", SECRET)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(shop.has_column("np_users", "name"));
    // The table of codes has all that the others of these tests have met.
    for code in
        ["wrong-secret", "slow-body", "database-unavailable", "migration-failed", "production", "busy"]
    {
        assert!(document.contains(&format!("`{code}`")), "{code}");
    }
}
