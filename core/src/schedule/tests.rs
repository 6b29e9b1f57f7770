//! Schedules, and the times at which they are asked.

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const INTERVAL: Option<Duration> = Some(Duration::from_secs(600));

/// A database whose visitor goes, and ends at once with that.
fn visited(finding: Finding, at: Instant) -> Schedule {
    let mut one = Schedule::new(at);
    one.begin(at);
    one.end(finding, at, INTERVAL);
    one
}

fn is_due(one: &Schedule, now: Instant) -> bool {
    due([(1, one)].into_iter(), now) == [1]
}

#[test]
fn a_new_database_is_visited_at_once_and_then_at_intervals() {
    let start = Instant::now();
    let mut one = Schedule::new(start);
    assert!(is_due(&one, start));
    one.begin(start);
    assert!(!is_due(&one, start + SECOND));
    let end = start + SECOND;
    assert_eq!(one.end(Finding::Looked, end, INTERVAL), Next { is_new: true, after: INTERVAL });
    assert!(!is_due(&one, end + 599 * SECOND));
    assert!(is_due(&one, end + 600 * SECOND));
    assert_eq!(one.end(Finding::Looked, end, None), Next { is_new: false, after: None });
    assert!(!is_due(&one, end + 100_000 * SECOND));
}

#[test]
fn each_error_doubles_the_time_to_the_next_visit() {
    let now = Instant::now();
    let mut one = Schedule::new(now);
    let mut after = || one.end(Finding::Failed, now, INTERVAL).after.unwrap().as_secs();
    assert_eq!([(); 8].map(|()| after()), [10, 20, 40, 80, 160, 300, 300, 300]);
    one.end(Finding::Looked, now, INTERVAL);
    assert_eq!(one.end(Finding::Failed, now, INTERVAL).after, Some(10 * SECOND));
}

#[test]
fn news_hurries_where_nothing_was_done_for_a_reason() {
    let (start, later) = (Instant::now(), Instant::now() + SECOND);
    for (finding, hurries) in [
        (Finding::Looked, false),
        (Finding::Disabled, true),
        (Finding::Copy, true),
        (Finding::NoExtension, true),
        (Finding::OtherVersion, true),
        (Finding::PutOff, true),
        (Finding::Failed, true),
    ] {
        let mut one = visited(finding, start);
        assert!(!is_due(&one, later));
        one.look_again(later);
        assert_eq!(is_due(&one, later), hurries, "{finding:?}");
    }
}

#[test]
fn news_during_a_visit_is_looked_for_after_it() {
    let now = Instant::now();
    for (finding, again) in [(Finding::Disabled, true), (Finding::Looked, false)] {
        let mut one = Schedule::new(now);
        one.begin(now);
        one.look_again(now);
        assert!(!is_due(&one, now));
        assert_eq!(one.end(finding, now + SECOND, INTERVAL).after, INTERVAL);
        assert_eq!(is_due(&one, now + SECOND), again, "{finding:?}");
        // Once is enough.
        one.begin(now + SECOND);
        one.end(finding, now + 2 * SECOND, INTERVAL);
        assert!(!is_due(&one, now + 2 * SECOND));
    }
}

#[test]
fn another_interval_counts_from_the_last_look() {
    let now = Instant::now();
    let mut looked = visited(Finding::Looked, now);
    looked.keep_to_interval(Some(5 * SECOND));
    assert!(is_due(&looked, now + 5 * SECOND));
    looked.keep_to_interval(None);
    assert!(!is_due(&looked, now + 100_000 * SECOND));
    let mut without = visited(Finding::NoExtension, now);
    without.keep_to_interval(Some(5 * SECOND));
    assert!(!is_due(&without, now + 5 * SECOND));
}

#[test]
fn who_has_waited_longest_goes_first_and_only_two_go() {
    let now = Instant::now();
    let all = [Schedule::new(now), Schedule::new(now - 2 * SECOND), Schedule::new(now - SECOND)];
    assert_eq!(due((1..).zip(&all), now), [2, 3]);
}

#[test]
fn a_long_visit_leaves_its_place_until_there_are_many() {
    let now = Instant::now();
    let began = |ages: &[u64]| {
        let began: Vec<_> = ages.iter().map(|age| now - Duration::from_secs(*age)).collect();
        free(began.into_iter(), now)
    };
    assert_eq!(began(&[]), 2);
    assert_eq!(began(&[1]), 1);
    assert_eq!(began(&[1, 59]), 0);
    assert_eq!(began(&[1, 60]), 1);
    assert_eq!(began(&[60, 60, 60]), 1);
    assert_eq!(began(&[60, 60, 60, 60]), 0);
}

#[test]
fn the_worker_sleeps_until_the_next_visit_or_list() {
    let now = Instant::now();
    let until = |all: &[Schedule]| until_next(all.iter(), now).as_secs();
    let later = |seconds: u64| Schedule::new(now + Duration::from_secs(seconds));
    assert_eq!(until(&[]), 5);
    assert_eq!(until(&[later(3), later(60)]), 3);
    assert_eq!(until(&[later(60)]), 5);
    // It waits for a place.
    assert_eq!(until(&[later(0), later(3)]), 5);
    let mut there = later(0);
    there.begin(now);
    assert_eq!(until(&[there, later(3)]), 3);
    let mut put_off = later(0);
    put_off.put_off(now - 8 * SECOND);
    assert_eq!(until(&[put_off]), 2);
}
