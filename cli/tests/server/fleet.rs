//! One command for several environments.

use crate::common::Project;
use crate::shop::{Shop, column};

/// A folder with two databases and one that cannot be reached. The process's own variables lead to none of them.
fn fleet(one: &Shop, two: &Shop) -> Project {
    let fleet =
        Project::new([("PGHOST", "nowhere.invalid"), ("DATABASE_URL", "postgres://nowhere.invalid/x")]);
    fleet
        .file("migrations/0001_a.sql", "CREATE TABLE a (id int);")
        .file("migrations/0002_b.sql", "CREATE TABLE b (id int);")
        .file(".env.eu", &format!("DATABASE_URL={}\n", one.url()))
        .file(".env.us", &format!("DATABASE_URL={}\n", two.url()))
        .file(".env.far", "DATABASE_URL=postgres://me@127.0.0.1:1/x\n");
    fleet
}

fn json(ran: &str) -> serde_json::Value {
    serde_json::from_str(ran).unwrap()
}

#[test]
fn one_that_cannot_be_reached_stops_no_other_and_the_worst_exit_code_counts() {
    let (one, two) = (Shop::new(), Shop::new());
    let fleet = fleet(&one, &two);
    let up = fleet.nself("fleet up 1 --env eu,far,us --parallel 2").exits(1);
    let lines: Vec<&str> = up.stdout.lines().collect();
    assert!(lines[1].starts_with("eu") && lines[1].ends_with("1 migration applied"), "{}", up.stdout);
    assert!(
        lines[2].starts_with("far") && lines[2].contains("could not run        cannot connect to"),
        "{}",
        up.stdout
    );
    assert!(lines[3].starts_with("us") && lines[3].ends_with("1 migration applied"), "{}", up.stdout);
    assert_eq!(lines[4], "1 of 3 environments with an exit code other than 0.");
    assert!(one.has_table("a") && two.has_table("a") && !two.has_table("b"));

    let status = fleet.nself("fleet status --env us,eu").exits(0);
    assert!(status.stdout.contains("1 applied, 1 pending  0001"), "{}", status.stdout);
    two.sql("CREATE TABLE extra (id int)");
    fleet.nself("fleet drift --env eu").exits(0);
    let drift = fleet.nself("fleet drift --env eu,us,far --json").exits(2);
    let rows = json(&drift.stdout);
    assert_eq!(column(&rows, "env"), ["eu", "us", "far"]);
    let exits: Vec<i64> = rows.as_array().unwrap().iter().map(|row| row["exit"].as_i64().unwrap()).collect();
    assert_eq!(exits, [0, 1, 2]);
    assert_eq!(column(&rows[1]["result"]["drift"], "identity"), ["public.extra"]);
    assert!(rows[2]["errors"][0].as_str().unwrap().starts_with("cannot connect to"), "{rows}");
    assert_eq!(fleet.nself("fleet drift --env eu,us").exits(1).stdout.matches("1 difference").count(), 1);
}

#[test]
fn production_is_migrated_by_who_says_so_in_a_fleet_too() {
    let (one, two) = (Shop::new(), Shop::new());
    two.is_for("prod");
    let fleet = fleet(&one, &two);
    let refused = fleet.nself("fleet up --env eu,us").exits(2);
    assert!(refused.stdout.contains("is prod, and this is asked for us"), "{}", refused.stdout);
    assert!(one.has_table("b") && !two.has_table("a"));
    fleet.file(".env.prod", &format!("DATABASE_URL={}\n", two.url()));
    fleet.nself("fleet up --env eu,prod --dry-run").exits(0);
    assert!(!two.has_table("a"));
    fleet.nself("fleet up --env eu,prod").exits(0);
    assert!(two.has_table("b"));
}

#[test]
fn what_would_reach_one_database_twice_or_none_is_refused() {
    let (one, two) = (Shop::new(), Shop::new());
    let fleet = fleet(&one, &two);
    for (line, says) in [
        ("fleet status", "no environments are named"),
        ("fleet status --env eu,asia", "there is no file .env.asia here"),
        ("fleet status --env eu,us --database-url postgres://x/x", "a database is named"),
        ("db migrate status --env eu,us", "several environments are named"),
        ("fleet status --env eu,,us", "an environment has letters"),
        ("fleet status --env eu,us --parallel 0", "0 is not in 1..=64"),
    ] {
        let ran = fleet.nself(line).exits(2);
        assert!(ran.stderr.contains(says), "{line}: {}", ran.stderr);
    }
    // What is said for all environments makes one of them.
    fleet.file(".env.secrets", &format!("DATABASE_URL={}\n", one.url()));
    let ran = fleet.nself("fleet up --env eu,us").exits(2);
    assert!(ran.stderr.contains("the environments eu and us lead to the same database"), "{}", ran.stderr);
    assert!(!one.has_table("a") && !two.has_table("a"));
}
