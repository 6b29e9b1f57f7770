//! Drift as Markdown, for a comment of a pull request: a table of the items, and below it each one with its texts.

use std::fmt::Write;

use crate::comparison::{Comparison, Totals};
use crate::item::DriftItem;
use crate::lines::{Line, Row, beside, shown};
use crate::names::{count, kind, object};

/// GitHub takes 65,536 characters; what stands around the report has room, too.
const LONGEST: usize = 60_000;
/// A table of more rows is not read.
const ROWS: usize = 100;

/// The report.
pub fn drift(of: &Comparison<'_>) -> String {
    let mut text = String::from("### Schema drift\n\n");
    if let Some(departed) = of.departed {
        let departed = escaped(departed);
        text += &format!(
            "**The folder is not what was applied:** {departed}. These are compared as they were applied.\n\n"
        );
    }
    match (of.items, of.departed) {
        ([], None) => text += "No schema drift detected.\n",
        ([], Some(_)) => text += "The live schema is as the migrations were applied.\n",
        _ => {
            let Totals { missing, extra, changed, pending } = Totals::of(of.items, &of.pending);
            text += &format!(
                "**{}:** {missing} missing, {extra} extra, {changed} changed",
                count(of.items.len(), "difference")
            );
            if pending > 0 {
                text += &format!("; {pending} of them come with pending migrations");
            }
            text += ".\n\n";
            table(&mut text, of);
            details(&mut text, of.items);
        }
    }
    if let Some(not_compared) = of.not_compared {
        text += &format!("\nNot compared: {}.\n", escaped(not_compared));
    }
    text
}

fn table(text: &mut String, of: &Comparison<'_>) {
    *text += "| | Object | Heal |\n|---|---|---|\n";
    let mut told = 0;
    for item in of.items.iter().take(ROWS) {
        let (word, name) = name(item);
        let heal = match item.safety.as_deref() {
            _ if of.pending.has(item) => "pending",
            Some(safety) => safety,
            None => "",
        };
        let line = format!(
            "| {} | {} {} | {} |\n",
            escaped(&item.kind),
            escaped(&word),
            in_cell(&code(&name)),
            escaped(heal)
        );
        if text.len() + line.len() > LONGEST / 2 {
            break;
        }
        *text += &line;
        told += 1;
    }
    if told < of.items.len() {
        *text += &format!("\n{} more: `nself db migrate diff` lists all.\n", of.items.len() - told);
    }
}

/// The word for the object's type, and its name.
fn name(item: &DriftItem) -> (String, String) {
    let whole = object(&item.object_type, &item.identity);
    match whole.split_once(": ") {
        Some((word, name)) => (word.to_owned(), name.to_owned()),
        None => (String::new(), whole),
    }
}

/// Each item with its texts, as long as there is room.
fn details(text: &mut String, items: &[DriftItem]) {
    let with_texts = items.iter().filter(|item| item.expected.is_some() || item.actual.is_some());
    for item in with_texts {
        let one = one(item);
        if text.len() + one.len() > LONGEST {
            *text += "\nThe other texts are left out: a comment has no room for them. `nself db migrate diff --format html` has all.\n";
            return;
        }
        *text += &one;
    }
}

fn one(item: &DriftItem) -> String {
    let (word, name) = name(item);
    let mut text = format!(
        "\n<details><summary>{}: {} <code>{}</code></summary>\n\n",
        in_html(&kind(&item.kind)),
        in_html(&word),
        in_html(&name)
    );
    let diff = diff(item);
    let fence = fence(&diff, 3);
    text += &format!("{fence}diff\n{diff}{fence}\n\n");
    if let Some(reason) = &item.reason {
        text += &format!("Why: {}\n\n", escaped(reason));
    }
    if let Some(by) = &item.changed_by {
        let command = item.command.as_deref().map(|command| format!(": {}", code(shown(command).0)));
        text += &format!("Who: {}{}\n\n", code(by), command.unwrap_or_default());
    }
    text + "</details>\n"
}

/// What is expected with `-`, what is there with `+`.
fn diff(item: &DriftItem) -> String {
    let (expected, actual) = (item.expected.as_deref(), item.actual.as_deref());
    let mut text = String::from("--- expected\n+++ actual\n");
    if item.differs_in_line_ends_alone() {
        return text + "  The two differ in line ends (CR) alone.\n";
    }
    let (expected, actual) = (shown(expected.unwrap_or_default()).0, shown(actual.unwrap_or_default()).0);
    let rows = beside(expected, actual);
    let plain = |line: &Line<'_>| line.iter().map(|piece| &*piece.text).collect::<String>();
    let mut added: Vec<String> = Vec::new();
    for row in &rows {
        let (removed, same) = match row {
            Row::Same(line) => (None, Some(format!("  {line}\n"))),
            Row::Gap(number) => (None, Some(format!("  … {} the same\n", count(*number, "line")))),
            Row::Differs { expected, actual } => {
                added.extend(actual.as_ref().map(|line| format!("+ {}\n", plain(line))));
                (expected.as_ref().map(|line| format!("- {}\n", plain(line))), None)
            }
        };
        text.extend(removed);
        if let Some(same) = same {
            text.extend(added.drain(..));
            text += &same;
        }
    }
    text.extend(added);
    text.replace('\r', "")
}

/// Backticks that are more than any in the text.
fn fence(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(least.max(longest + 1))
}

/// The text as code within a line.
fn code(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let fence = fence(&text, 1);
    // A blank keeps backticks of the text apart from those around it; it is not shown.
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// A bar would end the cell, also in code.
fn in_cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The text with nothing in it that Markdown or GitHub would take for something else.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !safe.is_empty() {
            safe.push(' ');
        }
        for letter in word.chars() {
            match letter {
                // Otherwise it would call somebody.
                '@' => safe.push_str("@<!-- -->"),
                '.' | ',' | '-' | '/' | ':' | ';' | '(' | ')' | '\'' | '"' => safe.push(letter),
                _ if letter.is_ascii_punctuation() => write!(safe, "\\{letter}").expect("a string takes all"),
                _ => safe.push(letter),
            }
        }
    }
    safe
}

fn in_html(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('@', "&#64;<!-- -->")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::Pending;

    fn item(kind: &str, object_type: &str, identity: &str, texts: [Option<&str>; 2]) -> DriftItem {
        let [expected, actual] = texts.map(|text| text.map(str::to_owned));
        let [kind, object_type, identity] = [kind, object_type, identity].map(str::to_owned);
        let safety = Some("manual".to_owned());
        DriftItem { kind, object_type, identity, expected, actual, safety, ..DriftItem::default() }
    }

    fn of(items: &[DriftItem], departed: Option<&str>) -> String {
        drift(&Comparison { items, pending: Pending::default(), not_compared: None, departed })
    }

    #[test]
    fn the_report_is_a_table_and_a_diff_for_each_item() {
        let text = of(
            &[
                item("changed", "table column", "public.t.a", [Some("text"), Some("int")]),
                item("extra", "table", "public.u", [None, None]),
            ],
            None,
        );
        let expected = "\
### Schema drift

**2 differences:** 0 missing, 1 extra, 1 changed.

| | Object | Heal |
|---|---|---|
| changed | Column `t.a` | manual |
| extra | Table `u` | manual |

<details><summary>Changed: Column <code>t.a</code></summary>

```diff
--- expected
+++ actual
- text
+ int
```

</details>
";
        assert_eq!(text, expected);
        assert_eq!(of(&[], None), "### Schema drift\n\nNo schema drift detected.\n");
    }

    #[test]
    fn what_names_and_texts_hold_breaks_nothing() {
        let name = "app.\"a|b`c\n</summary>@all\"";
        let mut odd = item("changed", "function", name, [Some("```\n</details>"), Some("````x")]);
        odd.reason = Some("see #1 and @all | *now*\n# not a heading".to_owned());
        odd.changed_by = Some("eve`|".to_owned());
        let text = of(&[odd], Some("0001 <b> edited"));
        let row = text.lines().find(|line| line.starts_with("| changed")).unwrap();
        assert_eq!(row.replace("\\|", "").matches('|').count(), 4, "{row}");
        assert!(text.contains("\n`````diff\n") && text.contains("\n`````\n"), "{text}");
        assert!(text.contains("&lt;/summary&gt;&#64;<!-- -->all"), "{text}");
        assert!(text.contains("see \\#1 and @<!-- -->all \\| \\*now\\* \\# not a heading"), "{text}");
        assert!(text.contains("Who: ``eve`|``\n"), "{text}");
        assert!(text.contains("0001 \\<b\\> edited"), "{text}");
    }

    #[test]
    fn a_comment_has_room_for_it() {
        let long = "x ".repeat(3_000);
        let items: Vec<_> =
            (0..500).map(|n| item("extra", "view", &format!("public.v{n}"), [None, Some(&long)])).collect();
        let text = of(&items, None);
        assert!(text.chars().count() < 65_536, "{}", text.len());
        assert!(text.contains("400 more: `nself db migrate diff` lists all."), "{text}");
        assert!(text.contains("The other texts are left out"), "{text}");
    }
}
