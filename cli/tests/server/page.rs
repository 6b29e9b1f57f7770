//! The page of `nself serve`: who gets in, what it shows, and what it never does.

use std::io::Write;
use std::thread;
use std::time::Instant;

use serde_json::json;

use crate::common::Project;
use crate::http::{Answer, SECRET, Serving, answer, request};
use crate::shop::{Shop, connect};

const OPERATOR: &str = "the operator of these tests";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const HERE: (&str, &str) = ("origin", "http://localhost");

fn serve(project: &Project, line: &str) -> Serving {
    let mut command = project.command();
    command.env("NSELF_ACTIONS_SECRET", SECRET).env("NSELF_OPERATOR_SECRET", OPERATOR);
    // Time enough on a busy machine.
    let patience = if line.contains("--heal-wait") { "" } else { "--heal-wait 60 --timeout 60" };
    Serving::spawn(&mut command, &format!("{line} {patience}"))
}

/// A browser that has signed in.
struct Visitor<'a> {
    serving: &'a Serving,
    cookie: String,
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let bytes = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", bytes(value))).collect();
    pairs.join("&")
}

fn sign_in(serving: &Serving, secret: &str) -> Answer {
    serving.send("POST", "/sign-in", &[FORM, HERE], &encoded(&[("secret", secret)]))
}

impl<'a> Visitor<'a> {
    #[track_caller]
    fn new(serving: &'a Serving, secret: &str) -> Self {
        let answer = sign_in(serving, secret);
        assert_eq!((answer.status, header(&answer, "location")), (303, Some("/")), "{}", answer.text);
        let cookie = header(&answer, "set-cookie").unwrap().split(';').next().unwrap().to_owned();
        Self { serving, cookie }
    }

    fn get(&self, path: &str) -> Answer {
        self.serving.send("GET", path, &[("cookie", &self.cookie)], "")
    }

    #[track_caller]
    fn page(&self) -> String {
        let answer = self.get("/");
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.text
    }

    /// What stands in the forms of the page.
    fn token(&self) -> String {
        let page = self.page();
        let (_, rest) =
            page.split_once("name=\"token\" value=\"").unwrap_or_else(|| panic!("no token: {page}"));
        rest.split('"').next().unwrap().to_owned()
    }

    fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token();
        let mut all = vec![("token", token.as_str())];
        all.extend(fields);
        self.serving.send("POST", path, &[FORM, HERE, ("cookie", &self.cookie)], &encoded(&all))
    }

    /// Presses a button, and returns the page that it leads to.
    #[track_caller]
    fn press(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.post(path, fields);
        assert_eq!(answer.status, 303, "{}", answer.text);
        self.page()
    }

    #[track_caller]
    fn heal(&self, secret: &str, confirm: &str) -> String {
        self.press("/heal", &[("secret", secret), ("confirm", confirm)])
    }
}

/// The part of the page under this heading.
#[track_caller]
fn section<'a>(page: &'a str, id: &str) -> &'a str {
    let start = format!("<section aria-labelledby=\"{id}\">");
    let (_, rest) = page.split_once(&start).unwrap_or_else(|| panic!("no section {id}: {page}"));
    rest.split("</section>").next().unwrap()
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
}

#[test]
fn nobody_sees_anything_without_a_secret() {
    let shop = Shop::migrated();
    let serving = serve(&shop, "");
    let away = serving.get("/");
    assert_eq!((away.status, header(&away, "location"), away.text.as_str()), (303, Some("/sign-in"), ""));
    let form = serving.get("/sign-in");
    assert_eq!(form.status, 200);
    assert!(!form.text.contains(&shop.database), "{}", form.text);
    for wrong in ["", "wrong", &SECRET[1..], &format!("{OPERATOR}x")] {
        let answer = sign_in(&serving, wrong);
        assert_eq!((answer.status, header(&answer, "set-cookie")), (401, None));
        has(&answer.text, &["role=\"alert\">That is not the secret.", "aria-invalid=\"true\""]);
    }
    serving.logged_code("wrong-secret");
    for path in ["/look", "/plan", "/rehearse", "/heal"] {
        let answer = serving.send("POST", path, &[FORM, HERE], &encoded(&[("secret", SECRET)]));
        assert_eq!(answer.status, 403, "{path}: {}", answer.text);
        assert_eq!(header(&serving.get(path), "location"), Some("/"), "{path}");
    }
    let forged = serving.send("GET", "/", &[("cookie", "nself_session=00")], "");
    assert_eq!(forged.status, 303);

    let visitor = Visitor::new(&serving, OPERATOR);
    has(&visitor.page(), &["Operator", &shop.database]);
    let line = serving.logged(|line| line["action"] == "page");
    assert_eq!(line["role"], "look");
    let answer = visitor.post("/sign-out", &[]);
    assert_eq!(header(&answer, "location"), Some("/sign-in"));
    assert_eq!(visitor.get("/").status, 303, "the server has forgotten the session");
    assert!(!serving.log().contains(SECRET) && !serving.log().contains(OPERATOR), "{}", serving.log());
}

#[test]
fn the_answers_are_kept_nowhere_and_load_nothing() {
    let shop = Shop::migrated();
    let serving = serve(&shop, "");
    let answer = sign_in(&serving, SECRET);
    let cookie = header(&answer, "set-cookie").unwrap();
    has(cookie, &["; httponly", "; samesite=strict", "; path=/"]);
    assert!(!cookie.contains("secure"), "{cookie}");
    let origin = ("origin", "https://localhost");
    let answer = serving.send("POST", "/sign-in", &[FORM, origin], &encoded(&[("secret", SECRET)]));
    has(header(&answer, "set-cookie").unwrap(), &["; secure"]);

    let visitor = Visitor::new(&serving, SECRET);
    for answer in [visitor.get("/"), serving.get("/sign-in"), serving.get("/"), sign_in(&serving, "wrong")] {
        assert_eq!(header(&answer, "cache-control"), Some("no-store"));
        assert_eq!(header(&answer, "x-content-type-options"), Some("nosniff"));
        assert_eq!(header(&answer, "x-frame-options"), Some("deny"));
        if answer.status == 303 {
            continue;
        }
        let policy = header(&answer, "content-security-policy").unwrap();
        has(
            policy,
            &["default-src 'none'", "style-src 'sha256-", "form-action 'self'", "frame-ancestors 'none'"],
        );
        assert!(!policy.contains("unsafe") && !policy.contains("script"), "{policy}");
        for loads in ["<script", " style=\"", " onclick", "http://", "url("] {
            // The icon's name space is no address.
            let text = answer.text.replace("xmlns='http://www.w3.org/2000/svg'", "");
            assert!(!text.contains(loads), "{loads}: {text}");
        }
    }
    assert!(!visitor.page().contains(SECRET));
    assert_eq!(header(&visitor.get("/"), "refresh"), None);
    assert_eq!(header(&visitor.get("/?keep-current"), "refresh"), Some("30"));
}

#[test]
fn a_form_of_somebody_elses_page_is_refused() {
    let shop = Shop::migrated();
    let serving = serve(&shop, "");
    let visitor = Visitor::new(&serving, SECRET);
    let token = visitor.token();
    let body = encoded(&[("token", &token), ("secret", SECRET), ("confirm", &shop.database)]);
    let cookie = ("cookie", visitor.cookie.as_str());
    shop.sql("ALTER TABLE np_users DROP COLUMN name");
    let elsewhere = [("origin", "http://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")];
    for from in elsewhere {
        let answer = serving.send("POST", "/heal", &[FORM, from, cookie], &body);
        assert_eq!(answer.status, 403, "{}", answer.text);
        has(&answer.text, &["the form was not sent from a page of this server"]);
    }
    assert_eq!(serving.send("POST", "/heal", &[FORM, cookie], &body).status, 403, "no browser");
    let other = Visitor::new(&serving, SECRET);
    let answer = serving.send("POST", "/heal", &[FORM, HERE, ("cookie", &other.cookie)], &body);
    assert_eq!(answer.status, 403);
    has(&answer.text, &["the form is of another session"]);
    let answer = serving.send("POST", "/heal", &[("content-type", "text/plain"), HERE, cookie], &body);
    assert_eq!(answer.status, 415);
    assert!(!shop.has_column("np_users", "name"));
}

#[test]
fn who_guesses_has_to_wait() {
    let shop = Shop::migrated();
    let serving = serve(&shop, "");
    let visitor = Visitor::new(&serving, OPERATOR);
    for number in 0..10 {
        assert_eq!(sign_in(&serving, &format!("guess {number} of the secret")).status, 401);
    }
    let answer = sign_in(&serving, SECRET);
    assert_eq!((answer.status, header(&answer, "retry-after")), (429, Some("60")));
    serving.logged_code("too-many-guesses");
    has(&visitor.heal(SECRET, &shop.database), &["too many wrong secrets"]);
    // Who has signed in stays so.
    assert_eq!(visitor.get("/").status, 200);
}

#[test]
fn every_section_shows_what_there_is() {
    let shop = Shop::migrated();
    shop.sql("ALTER TABLE np_users DROP COLUMN name");
    shop.nself("self-heal run --confirm").exits(0);
    shop.file("migrations/0004_next.sql", "ALTER TABLE np_users ALTER COLUMN id TYPE bigint;");
    shop.nself("tenants add acme").exits(0);
    shop.nself("db migrate up --tenant acme --to 0003").exits(0);
    shop.sql(
        "ALTER TABLE np_users ALTER COLUMN email TYPE varchar(10); CREATE TABLE acme.stray (id int);
         CREATE TABLE \"<script>alert('x')</script>\" (\"<b>\" int)",
    );
    let serving = serve(&shop, "--drift-age 0");
    let visitor = Visitor::new(&serving, OPERATOR);
    let page = visitor.page();
    has(section(&page, "drift"), &["This server has not looked since it started."]);
    has(
        section(&page, "history"),
        &["<svg role=\"img\" aria-label=\"Drift items of the last", "<th scope=\"row\">1</th>", "healed"],
    );
    has(section(&page, "jobs"), &["There are no jobs."]);
    has(
        section(&page, "migrations"),
        &["0004_next.sql", ">pending</span>", "0001_users.sql", ">applied</span>"],
    );
    has(section(&page, "tenants"), &["acme", "3 applied, 1 pending", "not applied", "unknown"]);
    // A drift, a plan and a rehearsal are for who asks: nobody has.
    let calls = serving.get("/metrics").text;
    assert!(!calls.contains("nself_drift_items") && !calls.contains("action=\"page"), "{calls}");

    let page = visitor.press("/look", &[]);
    has(
        section(&page, "drift"),
        &[
            "3 differences: 2 extra, 1 changed.",
            "<h3><code>np_users</code></h3>",
            "<code>text</code></td>",
            "<code>character varying(10)</code></td>",
            "<strong>postgres</strong>",
            "CREATE TABLE acme.stray (id int)",
            "&lt;script&gt;alert('x')&lt;/script&gt;",
        ],
    );
    has(section(&page, "tenants"), &["<strong class=\"bad\">1</strong>"]);
    assert!(!page.contains("<script"), "{page}");
    // What an action finds is what the page shows.
    shop.sql("DROP TABLE acme.stray");
    serving.act("nself_drift", json!({})).is(200, "");
    has(section(&visitor.page(), "drift"), &["2 differences"]);

    shop.sql("ALTER TABLE np_users DROP COLUMN name");
    let page = visitor.press("/plan", &[]);
    has(
        section(&page, "plan"),
        &["1 step to apply, 2 left for a person.", "ADD COLUMN &quot;name&quot; text", "manual"],
    );
    assert!(!shop.has_column("np_users", "name"));
    let page = visitor.press("/rehearse", &[]);
    let migrations = section(&page, "migrations");
    has(migrations, &["rewrites-table", "not-reversible"]);
    assert!(!migrations.contains("ALTER TABLE"), "the SQL of migrations is not shown: {migrations}");
    assert_eq!(shop.ask("SELECT count(*) FROM nself_migrate_status() WHERE state = 'pending'"), "1");
    for action in ["page: drift", "page: plan", "page: rehearsal"] {
        let line = serving.logged(|line| line["action"] == action);
        assert_eq!((&line["role"], &line["status"]), (&json!("look"), &json!(303)));
    }
}

#[test]
fn a_heal_needs_the_admins_secret_and_the_name_of_the_database() {
    let shop = Shop::migrated();
    shop.sql("ALTER TABLE np_users DROP COLUMN name; CREATE TABLE stray (id int)");
    let serving = serve(&shop, "");
    let name = shop.database.as_str();
    for visitor in [Visitor::new(&serving, OPERATOR), Visitor::new(&serving, SECRET)] {
        for secret in ["", OPERATOR] {
            has(&visitor.heal(secret, name), &["Nothing was healed: that is not the admin's secret."]);
        }
        for confirm in ["", "yes", &name.to_uppercase()] {
            has(&visitor.heal(SECRET, confirm), &["Nothing was healed: type the name of the database"]);
        }
    }
    serving.logged_code("not-confirmed");
    assert!(!shop.has_column("np_users", "name"));
    assert_eq!(shop.ask("SELECT count(*) FROM nself.jobs"), "0");

    let visitor = Visitor::new(&serving, OPERATOR);
    has(section(&visitor.press("/plan", &[]), "plan"), &["1 step to apply"]);
    let page = visitor.heal(SECRET, name);
    assert!(!section(&page, "plan").contains("1 step to apply"), "the plan is of before");
    has(&page, &["role=\"alert\" tabindex=\"-1\">Healed as job 1: 1 applied, 1 left."]);
    has(section(&page, "jobs"), &["Job 1, heal", ">done</span>"]);
    has(section(&page, "drift"), &["1 difference: 1 extra."]);
    assert!(shop.has_column("np_users", "name") && shop.has_table("stray"));
    assert!(!visitor.page().contains("Healed as job"), "it is told once");
    assert!(!serving.log().contains(SECRET) && !serving.log().contains("CREATE"), "{}", serving.log());

    // The role of the server has no level for it.
    shop.sql(&format!(
        "ALTER TABLE np_users DROP COLUMN name; CREATE ROLE looker_{name} LOGIN; SELECT nself_grant_access('looker_{name}', 'look')"
    ));
    let mut command = shop.command();
    command.env("NSELF_ACTIONS_SECRET", SECRET).env("PGUSER", format!("looker_{name}"));
    let limited = Serving::spawn(&mut command, "");
    has(&Visitor::new(&limited, SECRET).heal(SECRET, name), &["role=\"alert\"", "class=\"notice bad\""]);
    assert!(!shop.has_column("np_users", "name"));
    drop(limited);
    shop.sql(&format!("SELECT nself_revoke_access('looker_{name}')"));
    connect("postgres").batch_execute(&format!("DROP ROLE looker_{name}")).unwrap();
}

#[test]
fn a_job_at_work_shows_how_far_it_is() {
    let shop = Shop::migrated();
    shop.sql("ALTER TABLE np_users DROP COLUMN name");
    let serving = serve(&shop, "--heal-wait 0");
    let mut other = connect(&shop.database);
    let mut lock = other.transaction().unwrap();
    lock.batch_execute("LOCK np_users IN ACCESS SHARE MODE").unwrap();
    let visitor = Visitor::new(&serving, OPERATOR);
    has(&visitor.heal(SECRET, &shop.database), &["The heal goes on as job 1"]);
    shop.until("SELECT step = 1 AND state = 'running' FROM nself.jobs");
    let page = visitor.page();
    has(
        section(&page, "jobs"),
        &["<progress value=\"1\" max=\"1\" aria-label=\"Progress of job 1\">", ">running</span>"],
    );
    lock.commit().unwrap();
    shop.until("SELECT state = 'done' FROM nself.jobs");
    has(section(&visitor.page(), "jobs"), &[">done</span>"]);
}

#[test]
fn while_the_database_is_away_the_page_shows_what_was_kept() {
    let shop = Shop::migrated();
    shop.sql("CREATE TABLE stray (id int)");
    let serving = serve(&shop, "");
    let visitor = Visitor::new(&serving, OPERATOR);
    visitor.press("/look", &[]);
    let elsewhere = |sql: &str| connect("postgres").batch_execute(sql).unwrap();
    let name = &shop.database;
    elsewhere(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    elsewhere(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
    let page = visitor.page();
    has(
        &page,
        &[
            "The database gave no answer: </strong>the database cannot be reached",
            "What follows is as it was <time",
        ],
    );
    has(section(&page, "drift"), &["stray"]);
    has(section(&page, "migrations"), &["0001_users.sql"]);
    has(
        section(&visitor.press("/look", &[]), "drift"),
        &["The attempt <time", "the database cannot be reached", "stray"],
    );
    elsewhere(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    assert!(!visitor.page().contains("gave no answer"));

    let project = Project::new([("PGHOST", "/nowhere"), ("PGUSER", "me")]);
    let serving = serve(&project, "");
    has(&Visitor::new(&serving, OPERATOR).page(), &["Nothing was read since this server started."]);
}

#[test]
fn a_huge_drift_is_cut_and_says_so() {
    let shop = Shop::migrated();
    shop.sql(
        "DO $$ BEGIN FOR n IN 1..1100 LOOP EXECUTE format('CREATE TABLE stray_%s ()', n); END LOOP; END $$",
    );
    let serving = serve(&shop, "");
    let page = Visitor::new(&serving, OPERATOR).press("/look", &[]);
    has(section(&page, "drift"), &["1100 differences", "Shown are the first 1000 of 1100 items."]);
}

#[test]
fn who_sends_a_form_slowly_keeps_nobody_from_calling() {
    let shop = Shop::migrated();
    let serving = serve(&shop, "--max-calls 1 --body-timeout 60");
    let whole = request("POST", "/sign-in", &[FORM, HERE], &encoded(&[("secret", SECRET)]));
    // More than there are places: a look below may have one just when one of these comes, which is then turned away for good.
    let slow: Vec<_> = (0..80)
        .map(|_| {
            let mut stream = serving.connect();
            stream.write_all(&whole.as_bytes()[..whole.len() - 10]).unwrap();
            stream
        })
        .collect();
    let began = Instant::now();
    while serving.get("/sign-in").status != 429 {
        assert!(began.elapsed().as_secs() < 60, "{}", serving.log());
    }
    serving.act("nself_migrate_status", json!({})).is(200, "");
    drop(slow);
    let began = Instant::now();
    while serving.get("/sign-in").status != 200 {
        assert!(began.elapsed().as_secs() < 60, "{}", serving.log());
    }
}

#[test]
fn views_at_once_are_all_answered() {
    let shop = Shop::migrated();
    shop.sql("CREATE TABLE stray (id int)");
    let serving = serve(&shop, "");
    let visitor = Visitor::new(&serving, OPERATOR);
    let pages: Vec<u16> = thread::scope(|scope| {
        let views: Vec<_> = (0..50).map(|_| scope.spawn(|| visitor.get("/").status)).collect();
        views.into_iter().map(|view| view.join().unwrap()).collect()
    });
    assert_eq!(pages, [200; 50]);
    has(section(&visitor.press("/look", &[]), "drift"), &["stray"]);
}

#[test]
fn secrets_that_open_too_much_are_no_secrets() {
    let shop = Shop::migrated();
    let with = |secrets: &[(&str, &str)], line: &str| {
        let mut command = shop.command();
        command.arg("serve").args(line.split_whitespace()).envs(secrets.iter().copied());
        crate::common::Ran::from(command.output().unwrap()).exits(2).stderr
    };
    let same = with(&[("NSELF_ACTIONS_SECRET", SECRET), ("NSELF_OPERATOR_SECRET", SECRET)], "");
    has(&same, &["NSELF_OPERATOR_SECRET and NSELF_ACTIONS_SECRET are the same"]);
    let alone = with(&[("NSELF_OPERATOR_SECRET", OPERATOR)], "--insecure-no-secret");
    has(&alone, &["NSELF_ACTIONS_SECRET is not"]);
    let short = with(&[("NSELF_ACTIONS_SECRET", SECRET), ("NSELF_OPERATOR_SECRET", "short")], "");
    has(&short, &["the secret has 5 characters"]);

    // Without any, the page is for this machine.
    let serving = Serving::spawn(&mut shop.command(), "--insecure-no-secret");
    let visitor = Visitor::new(&serving, "");
    has(&visitor.page(), &["Admin"]);
    shop.sql("ALTER TABLE np_users DROP COLUMN name");
    has(&visitor.heal("", "wrong"), &["Nothing was healed"]);
    has(&visitor.heal("", &shop.database), &["Healed as job"]);
    let mut stream = serving.connect();
    let meant = request("GET", "/sign-in", &[], "").replace("host: localhost", "host: evil.example");
    stream.write_all(meant.as_bytes()).unwrap();
    assert_eq!(answer(stream).status, 403);
}

#[test]
fn diff_writes_a_file_and_a_comment() {
    let shop = Shop::migrated();
    let diff = |line: &str, code: i32| shop.nself(&format!("db migrate diff {line}")).exits(code).stdout;
    has(&diff("--format html", 0), &["<!DOCTYPE html>", "No schema drift detected."]);
    assert_eq!(
        diff("--format markdown --fail-on-drift", 0),
        "### Schema drift\n\nNo schema drift detected.\n"
    );
    shop.sql("ALTER TABLE np_users ALTER COLUMN email TYPE varchar(10); CREATE TABLE \"<b>|`\" ()");
    shop.file("migrations/0004_next.sql", "CREATE TABLE next (id int);");
    let html = diff("--format html --fail-on-drift --env dev", 1);
    has(
        &html,
        &[
            "<title>Schema drift of dev</title>",
            "http-equiv=\"Content-Security-Policy\"",
            "&lt;b&gt;|`",
            ">pending</span>",
        ],
    );
    assert!(!html.contains("<script") && !html.contains("src=\""), "{html}");
    let markdown = diff("--format markdown --fail-on-drift", 1);
    has(
        &markdown,
        &[
            "**3 differences:** 1 missing, 1 extra, 1 changed; 1 of them come with pending migrations.",
            "| changed | Column `np_users.email` | manual |",
            "| extra | Table ``\"<b>\\|`\"`` | manual |",
            "| missing | Table `next` | pending |",
            "- text\n+ character varying(10)\n",
        ],
    );
    let told = shop.nself("db migrate status --format html").exits(2).stderr;
    has(&told, &["only diff has the formats html and markdown", "--format json"]);
}
