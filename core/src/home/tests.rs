//! History files as servers write them, and places.

use super::*;

fn target(timeline: u32, point: &str) -> Option<Target> {
    Some(Target { timeline, point: Some(point.to_owned()) })
}

#[test]
fn a_failover_is_no_target_and_all_else_is_one() {
    assert_eq!(Target::last(1, None), None);
    assert_eq!(Target::last(2, Some("1\t0/3000148\tno recovery target specified\n")), None);
    // As getRecoveryStopReason() of 15 to 18 says it; two of them end in a line of their own.
    for (why, point) in [
        ("before transaction 743", "before transaction 743"),
        ("after 2026-05-07 12:00:00.5+00\n", "after 2026-05-07 12:00:00.5+00"),
        ("before LSN 0/3000148\n", "before LSN 0/3000148"),
        ("at restore point \"before\"", "at restore point \"before\""),
        (
            "at restore point \"no recovery target specified\"",
            "at restore point \"no recovery target specified\"",
        ),
        ("reached consistency", "reached consistency"),
        // Nobody knows what it means.
        ("another reason", "another reason"),
        ("", ""),
    ] {
        assert_eq!(Target::last(2, Some(&format!("1\t0/3000148\t{why}\n"))), target(2, point));
    }
}

#[test]
fn the_last_target_of_a_long_history_counts() {
    let history = "1\t0/3000148\tno recovery target specified\n\n\
                   2\t0/4000148\tbefore 2026-05-07 12:00:00+00\n\n\n\
                   4\t0/5000148\tat restore point \"before\"\n\n\
                   5\t0/6000148\tno recovery target specified\n";
    assert_eq!(Target::last(7, Some(history)), target(5, "at restore point \"before\""));
    let (before, _) = history.split_once("\n\n5").unwrap();
    assert_eq!(Target::last(5, Some(before)), target(5, "at restore point \"before\""));
    let (before, _) = before.split_once("\n\n4").unwrap();
    assert_eq!(Target::last(4, Some(before)), target(4, "before 2026-05-07 12:00:00+00"));
    // A failover after it does not make it another place.
    let after = format!("{before}\n\n4\t0/5000148\tno recovery target specified\n");
    assert_eq!(Target::last(9, Some(&after)), target(4, "before 2026-05-07 12:00:00+00"));
}

#[test]
fn comments_and_lines_of_a_name_are_passed_over() {
    let history = "# a comment\n  \n 1\t0/3000148\tno recovery target specified\r\n";
    assert_eq!(Target::last(2, Some(history)), None);
    let history = "1\t0/3000148\tat restore point \"two\nlines\n7 of them\"\n";
    assert_eq!(Target::last(2, Some(history)), target(2, "at restore point \"two"));
}

#[test]
fn a_timeline_of_which_nothing_is_known_counts_as_a_target() {
    for history in [None, Some(""), Some("garbage\n"), Some("1 0/3000148 no recovery target specified\n")] {
        assert_eq!(Target::last(3, history), Some(Target { timeline: 3, point: None }), "{history:?}");
    }
}

fn place(system_identifier: i64, database_oid: u32, timeline: u32) -> Place {
    let target = (timeline > 0).then(|| Target { timeline, point: Some("reached consistency".to_owned()) });
    Place { system_identifier, database_oid, target }
}

fn home(system_identifier: i64, database_oid: u32, target_timeline: u32, database: &str) -> Home {
    Home { system_identifier, database_oid, target_timeline, database: database.to_owned() }
}

#[test]
fn it_is_at_home_where_it_says_so_and_nothing_else() {
    let here = home(7, 5, 0, "app");
    assert_eq!(away(std::slice::from_ref(&here), &place(7, 5, 0)), None);
    assert_eq!(away(&[here.clone(), here.clone()], &place(7, 5, 0)), Some(Away::Restored));
    assert_eq!(away(&[], &place(7, 5, 0)), Some(Away::Unknown));
    // A restore creates the extension in its own place, and brings the original's.
    let other = Away::OtherServer { database: "shop".to_owned(), system_identifier: 8 };
    assert_eq!(away(&[here.clone(), home(8, 5, 0, "shop")], &place(7, 5, 0)), Some(other));
    let older = [home(7, 6, 0, "newer"), home(8, 5, 0, "older")];
    assert_eq!(away(&older, &place(7, 5, 0)), Some(Away::OtherDatabase { database: "newer".to_owned() }));
}

#[test]
fn another_moment_of_the_same_server_is_another_place() {
    let restored = place(7, 5, 3);
    let moment = Away::OtherMoment { target: restored.target.clone().unwrap() };
    assert_eq!(away(&[home(7, 5, 0, "app")], &restored), Some(moment.clone()));
    assert_eq!(away(&[home(7, 5, 2, "app")], &restored), Some(moment));
    assert_eq!(away(&[home(7, 5, 3, "app")], &restored), None);
    assert_eq!(away(&[home(7, 5, 3, "app")], &place(7, 5, 0)), Some(Away::Before { timeline: 3 }));
}

#[test]
fn each_reason_is_a_sentence_with_the_way_out() {
    let unknown = Target { timeline: 3, point: None };
    let said = [
        Away::OtherServer { database: "app".to_owned(), system_identifier: 7 },
        Away::OtherDatabase { database: "app".to_owned() },
        Away::OtherMoment { target: target(2, "reached consistency").unwrap() },
        Away::OtherMoment { target: unknown },
        Away::Before { timeline: 3 },
        Away::Restored,
        Away::Unknown,
    ]
    .map(|away| away.to_string());
    let end = ": call nself_heal_enable() here to let the worker heal and migrate it";
    assert_eq!(
        said.each_ref().map(|said| said.strip_suffix(end).unwrap()),
        [
            "this database is a copy of database app of another server (system identifier 7)",
            "this database is a copy of another one of this server, which was called app",
            "this server was restored to a point in time (timeline 2: reached consistency), so this database is a copy",
            "this server may have been restored to a point in time (pg_wal has no history file of timeline 3 that says \
             why it began), so this database counts as a copy",
            "this database was at home on timeline 3, which this server does not know, so it is a copy",
            "this database was restored from an earlier dump of it, so it counts as a copy",
            "nself.home does not say where this database is at home, so it counts as a copy",
        ]
    );
}
