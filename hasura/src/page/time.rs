//! Times, as the page shows them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use maud::{Markup, html};
use nself_report::time::duration;

/// The moment, with how long ago it was.
pub fn ago(at: SystemTime) -> Markup {
    let iso = humantime::format_rfc3339_seconds(at).to_string();
    let age = at.elapsed().unwrap_or_default();
    html! { time datetime=(iso) title=(iso) { (since(age)) } }
}

/// The moment itself.
pub fn moment(at: SystemTime) -> Markup {
    let iso = humantime::format_rfc3339_seconds(at).to_string();
    let shown = iso.replace('T', " ").replace('Z', "");
    html! { time datetime=(iso) { (shown) span.unit { " UTC" } } }
}

/// Seconds of the server's as a moment; the beginning of time where it is none.
pub fn of_epoch(seconds: f64) -> SystemTime {
    let since = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}

/// `42ms`, `1.2s`
pub fn took(milliseconds: f64) -> String {
    duration(milliseconds as i64)
}

fn since(age: Duration) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "d"), (3_600, "h"), (60, "min")];
    let seconds = age.as_secs();
    match UNITS.into_iter().find(|(of, _)| seconds >= *of) {
        Some((of, unit)) => format!("{} {unit} ago", seconds / of),
        None if seconds < 5 => "just now".to_owned(),
        None => format!("{seconds} s ago"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_one_unit() {
        let ages =
            [(0, "just now"), (59, "59 s ago"), (60, "1 min ago"), (7_300, "2 h ago"), (200_000, "2 d ago")];
        for (seconds, shown) in ages {
            assert_eq!(since(Duration::from_secs(seconds)), shown);
        }
    }

    #[test]
    fn a_time_that_is_none_breaks_nothing() {
        for odd in [f64::NAN, f64::INFINITY, -1.0] {
            moment(of_epoch(odd));
        }
        let shown = moment(of_epoch(1_778_155_200.5)).into_string();
        assert!(shown.contains(">2026-05-07 12:00:00<"), "{shown}");
    }
}
