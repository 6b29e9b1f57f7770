//! How plain scalars of YAML are read, and which strings must not be written plain. The rules are those of Go's yaml.v3,
//! with which Hasura's own command writes the folder.

use serde_json::Number;

use super::value::Value;

/// What a plain scalar means.
pub fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    match number(text) {
        Some(number) => Value::Number(number),
        None => Value::String(text.to_owned()),
    }
}

/// Whether a string, written plain, would be read as something else, by YAML 1.2 or by an older reader.
pub fn is_ambiguous(text: &str) -> bool {
    !matches!(resolve(text), Value::String(_))
        || matches!(text, "<<" | "=")
        || is_infinite(text)
        || is_old_bool(text)
        || is_base_60(text)
        || is_date(text)
}

fn is_old_bool(text: &str) -> bool {
    let words =
        ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF"];
    words.contains(&text)
}

fn is_infinite(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(text, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
}

/// The number that a plain scalar is, if it is one.
fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        return None;
    }
    let plain = text.replace('_', "");
    if let Some(integer) = integer(&plain) {
        return Some(integer);
    }
    if is_float(&plain) { Number::from_f64(plain.parse().ok()?) } else { None }
}

fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (digits, radix) = match lower.get(..2) {
        Some("0x") => (&lower[2..], 16),
        Some("0o") => (&lower[2..], 8),
        Some("0b") => (&lower[2..], 2),
        _ if lower.len() > 1 && lower.starts_with('0') => (&lower[1..], 8),
        _ => (lower.as_str(), 10),
    };
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    let size = u64::from_str_radix(digits, radix).ok()?;
    if negative { 0_i64.checked_sub_unsigned(size).map(Number::from) } else { Some(Number::from(size)) }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let is_exponent = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    is_mantissa && is_exponent
}

/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`, a number of YAML 1.1 such as 12:30:45.
fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let is_part = |part: &&str| match part.as_bytes() {
        [one] => one.is_ascii_digit(),
        [ten, one] => (b'0'..=b'5').contains(ten) && one.is_ascii_digit(),
        _ => false,
    };
    first.starts_with(|c: char| c.is_ascii_digit())
        && are_digits(first)
        && !rest.is_empty()
        && rest.iter().all(is_part)
        && are_digits(fraction)
}

/// `2006-1-2`, alone or with a time of day behind it.
fn is_date(text: &str) -> bool {
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some(text[at + 1..].trim_start())),
        None => (text, None),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let is_number = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let [year, month, day] = parts.as_slice() else { return false };
    let is_day = year.len() == 4 && is_number(year, 4) && is_number(month, 2) && is_number(day, 2);
    is_day && time.is_none_or(|time| time.contains(':') && time.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_go_takes_them_for() {
        let number = |text: &str| match resolve(text) {
            Value::Number(number) => number.to_string(),
            other => panic!("{text}: {other:?}"),
        };
        for (text, is) in
            [("10", "10"), ("-3", "-3"), ("+4", "4"), ("0x1F", "31"), ("017", "15"), ("1_000", "1000")]
        {
            assert_eq!(number(text), is);
        }
        assert_eq!(number("1.5"), "1.5");
        assert_eq!(number("1e3"), "1000.0");
        assert_eq!(resolve("~"), Value::Null);
        assert_eq!(resolve("True"), Value::Bool(true));
        for text in ["a", "-", ".", "1a", "0x", "1.2.3", "yes", "e1", "--1", "12:30"] {
            assert_eq!(resolve(text), Value::from(text), "{text}");
        }
    }

    #[test]
    fn strings_that_would_be_read_as_something_else_are_known() {
        for text in [
            "",
            "null",
            "true",
            "yes",
            "off",
            "n",
            "12",
            "1.5",
            ".inf",
            "12:30:45",
            "2020-01-02",
            "2020-1-2T03:04:05Z",
            "<<",
            "0o7",
        ] {
            assert!(is_ambiguous(text), "{text}");
        }
        for text in ["a", "nothing", "12 apples", "2020-01", "1.2.3", "yes!", "10:75", "user"] {
            assert!(!is_ambiguous(text), "{text}");
        }
    }
}
