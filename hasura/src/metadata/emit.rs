//! A value to YAML text, byte for byte as Hasura's own command writes it: that is Go's yaml.v3 with an indent of two.

use super::scalar::is_ambiguous;
use super::value::{Map, Value};
use crate::metadata::read::INCLUDE;

const INDENT: usize = 2;

/// The text of a file.
pub fn emit(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::List(items) if !items.is_empty() => list(&mut out, items, 0),
        Value::Map(entries) if !entries.is_empty() => map(&mut out, entries, 0),
        other => {
            out.push_str(&scalar(other, 0));
            out.push('\n');
        }
    }
    out
}

/// Items at this indent, the first one where the text stands now.
fn list(out: &mut String, items: &[Value], indent: usize) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            pad(out, indent);
        }
        out.push_str("- ");
        match item {
            Value::List(inner) if !inner.is_empty() => list(out, inner, indent + INDENT),
            Value::Map(inner) if !inner.is_empty() => map(out, inner, indent + INDENT),
            other => {
                out.push_str(&scalar(other, indent));
                out.push('\n');
            }
        }
    }
}

fn map(out: &mut String, entries: &Map, indent: usize) {
    for (at, (key, value)) in entries.iter().enumerate() {
        if at > 0 {
            pad(out, indent);
        }
        out.push_str(&on_one_line(key));
        out.push(':');
        match value {
            Value::List(inner) if !inner.is_empty() => {
                out.push('\n');
                pad(out, indent + INDENT);
                list(out, inner, indent + INDENT);
            }
            Value::Map(inner) if !inner.is_empty() => {
                out.push('\n');
                pad(out, indent + INDENT);
                map(out, inner, indent + INDENT);
            }
            other => {
                out.push(' ');
                out.push_str(&scalar(other, indent));
                out.push('\n');
            }
        }
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// What needs no lines of its own, and a block of text.
fn scalar(value: &Value, indent: usize) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => number.to_string(),
        Value::List(_) => "[]".to_owned(),
        Value::Map(_) => "{}".to_owned(),
        Value::Include(include) if include.is_tag => format!("{INCLUDE} {}", include.path),
        Value::Include(include) => double_quoted(&format!("{INCLUDE} {}", include.path)),
        Value::String(text) if text.contains('\n') && Shape::of(text).can_be_block => block(text, indent),
        Value::String(text) => on_one_line(text),
    }
}

fn on_one_line(text: &str) -> String {
    let shape = Shape::of(text);
    if text.is_empty() || text.starts_with('!') || is_ambiguous(text) || !shape.can_be_single_quoted {
        double_quoted(text)
    } else if shape.can_be_plain {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// A literal block, its lines two deeper than `indent`.
fn block(text: &str, indent: usize) -> String {
    let mut out = "|".to_owned();
    if text.starts_with([' ', '\n']) {
        out.push_str(&INDENT.to_string());
    }
    match text.strip_suffix('\n') {
        None => out.push('-'),
        Some(rest) if rest.is_empty() || rest.ends_with('\n') => out.push('+'),
        Some(_) => {}
    }
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            pad(&mut out, indent + INDENT);
            out.push_str(line);
        }
    }
    out
}

fn double_quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0' => out.push_str("\\0"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\x0b' => out.push_str("\\v"),
            '\x0c' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\x1b' => out.push_str("\\e"),
            '\u{85}' => out.push_str("\\N"),
            '\u{a0}' => out.push_str("\\_"),
            '\u{2028}' => out.push_str("\\L"),
            '\u{2029}' => out.push_str("\\P"),
            c if is_printable(c) => out.push(c),
            c if (c as u32) < 0x100 => out.push_str(&format!("\\x{:02X}", c as u32)),
            c if (c as u32) < 0x1_0000 => out.push_str(&format!("\\u{:04X}", c as u32)),
            c => out.push_str(&format!("\\U{:08X}", c as u32)),
        }
    }
    out.push('"');
    out
}

fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The styles that a string may have.
struct Shape {
    can_be_plain: bool,
    can_be_single_quoted: bool,
    can_be_block: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let mut has_indicator = text.starts_with("---") || text.starts_with("...");
        let (mut has_break, mut break_then_space, mut space_then_break, mut is_special, mut has_tab) =
            (false, false, false, false, false);
        let (mut after_space, mut after_break, mut after_blank) = (false, false, true);
        let mut chars = text.chars().peekable();
        let mut is_first = true;
        while let Some(c) = chars.next() {
            let before_blank = chars.peek().is_none_or(|next| is_break(*next) || matches!(next, ' ' | '\t'));
            has_indicator |= match c {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
                | '`'
                    if is_first =>
                {
                    true
                }
                '-' | '?' if is_first => before_blank,
                ':' => before_blank,
                '#' => after_blank,
                _ => false,
            };
            has_tab |= c == '\t';
            is_special |= c != '\t' && !is_break(c) && (c == '\u{feff}' || !is_printable(c));
            if c == ' ' {
                break_then_space |= after_break;
                (after_space, after_break) = (true, false);
            } else if is_break(c) {
                has_break = true;
                space_then_break |= after_space;
                (after_space, after_break) = (false, true);
            } else {
                (after_space, after_break) = (false, false);
            }
            after_blank = is_break(c) || matches!(c, ' ' | '\t');
            is_first = false;
        }
        let is_edge = |c: char| c == ' ' || is_break(c);
        let (starts, ends) = (text.starts_with(is_edge), text.ends_with(is_edge));
        let is_hard = space_then_break || is_special;
        Self {
            can_be_plain: !(has_indicator
                || starts
                || ends
                || break_then_space
                || is_hard
                || has_tab
                || has_break),
            can_be_single_quoted: !(break_then_space || is_hard || has_tab || has_break),
            can_be_block: !(text.ends_with(' ')
                || is_hard
                || text.contains(['\r', '\u{85}', '\u{2028}', '\u{2029}'])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::read::read;

    #[track_caller]
    fn same(text: &str) {
        assert_eq!(emit(&read("x.yaml", text).unwrap()), text);
    }

    #[test]
    fn what_the_command_of_hasura_writes_comes_back_byte_for_byte() {
        same("- \"!include public_a.yaml\"\n- \"!include public_b.yaml\"\n");
        same(
            "table:\n  name: users\n  schema: public\nselect_permissions:\n  - role: user\n    permission:\n      columns:\n        - id\n        - name\n      filter:\n        id:\n          _eq: X-Hasura-User-Id\n      allow_aggregations: true\n    comment: \"\"\n",
        );
        same("[]\n");
        same("{}\n");
        same("disabled_for_roles: []\n");
        same("a: null\nb: {}\nc: []\n");
        same("- - a\n  - b\n- - c\n");
        same("columns: '*'\n");
        same("handler: '{{HASURA_GRAPHQL_ACTIONS_HOOK}}'\n");
        same("query: |-\n  query a {\n    b\n  }\n");
        same("query: |\n  one\n\n  two\n");
        same("query: |+\n  one\n\n");
        same("query: |2-\n    indented\n  text\n");
    }

    #[test]
    fn each_rule_of_quoting_is_kept() {
        for text in [
            "a: \"yes\"\n",
            "a: \"1\"\n",
            "a: \"2020-01-02\"\n",
            "a: \"null\"\n",
            "a: \"12:30:45\"\n",
            "a: \"n\"\n",
        ] {
            same(text);
        }
        for text in [
            "a: '- x'\n",
            "a: 'x: y'\n",
            "a: 'x #y'\n",
            "a: ' x'\n",
            "a: '@x'\n",
            "a: '%x'\n",
            "a: 'x:'\n",
            "a: '#'\n",
            "a: '-'\n",
            "a: '''x'''\n",
        ] {
            same(text);
        }
        for text in [
            "a: x:y\n",
            "a: x#y\n",
            "a: -x\n",
            "a: x, y\n",
            "a: it's\n",
            "a: a\\b\n",
            "a: äöü\n",
            "a: X-Hasura-User-Id\n",
            "a: ?x\n",
            "a: x{y}\n",
        ] {
            same(text);
        }
        same("a: \"tab\\there\"\n");
        same("a: \"end \\nof line\"\n");
        same("a: \"\\r\\n\\e\\u2028\"\n".replace("\\u2028", "\\L").as_str());
        same("\"y\": 1\n'*': 2\n");
    }

    #[test]
    fn what_is_emitted_is_read_as_the_same_value() {
        let texts = [
            "",
            " ",
            "\n",
            "\n\n",
            "a\n b",
            " a\nb",
            "a\n",
            "a\n\n\n",
            "\t",
            "a\tb\nc",
            "---",
            "--- a",
            "...",
            "\u{feff}x",
            "a\rb",
            "🙂",
            "\u{7}",
            "? a",
            "a: b\nc",
            "x\u{2028}y",
            "trailing \nspace",
            "-",
            "!x",
            "\"",
            "'",
            "\\",
            "~",
            "é\u{85}è",
        ];
        for text in texts {
            let value = Value::List(vec![Value::from(text), super::super::value::map([("k", text.into())])]);
            let written = emit(&value);
            assert_eq!(read("x.yaml", &written).unwrap(), value, "{text:?}: {written}");
        }
    }
}
