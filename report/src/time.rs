//! Times and durations as people read them.

/// `42ms`, `1.2s`, `3m 07s`
pub fn duration(milliseconds: i64) -> String {
    if milliseconds < 1_000 {
        format!("{milliseconds}ms")
    } else if milliseconds < 60_000 {
        format!("{:.1}s", milliseconds as f64 / 1000.0)
    } else {
        format!("{}m {:02}s", milliseconds / 60_000, milliseconds % 60_000 / 1000)
    }
}

/// The server's `2026-05-07T12:00:00.123456+00:00` without the letter and the fraction.
pub fn moment(iso: &str) -> String {
    let Some((date, time)) = iso.split_once('T') else { return iso.to_owned() };
    let (clock, rest) = time.split_at_checked(8).unwrap_or((time, ""));
    let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    format!("{date} {clock}{zone}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        assert_eq!([0, 42, 1_234, 59_900, 187_000].map(duration), ["0ms", "42ms", "1.2s", "59.9s", "3m 07s"]);
    }

    #[test]
    fn moments_have_no_fraction() {
        assert_eq!(moment("2026-05-07T12:00:00.123456+00:00"), "2026-05-07 12:00:00+00:00");
        assert_eq!(moment("2026-05-07T12:00:00-03:30"), "2026-05-07 12:00:00-03:30");
        assert_eq!(moment("infinity"), "infinity");
    }
}
