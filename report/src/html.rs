//! Drift as HTML: by table, with what is expected beside what is there. All texts are escaped by `maud`.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::comparison::{Comparison, Totals};
use crate::home;
use crate::item::DriftItem;
use crate::lines::{Line, Row, beside, shown};
use crate::names::{count, kind, object, without_public};
use crate::time::moment;

/// A browser shows so many items well.
pub const MOST: usize = 1_000;
/// With more than these, tables are closed at first.
const OPEN: usize = 30;
/// A longer statement is closed at first.
const LINES: usize = 5;
/// What does not belong to a table comes last.
const NO_TABLE: &str = "Other objects";

/// The report.
pub fn drift(of: &Comparison<'_>) -> Markup {
    let shown = &of.items[..of.items.len().min(MOST)];
    let is_open = shown.len() <= OPEN;
    html! {
        @if let Some(departed) = of.departed {
            p.notice.warning { strong { "The folder is not what was applied: " } (departed) ". These are compared as they were applied." }
        }
        (summary(of))
        @if shown.len() < of.items.len() {
            p.notice.warning {
                "Shown are the first " (shown.len()) " of " (of.items.len()) " items. "
                code { "nself db migrate diff --format json" } " lists all."
            }
        }
        @for (table, items) in by_table(shown) {
            (group(of, table, &items, is_open))
        }
        @if let Some(not_compared) = of.not_compared {
            p.faint { "Not compared: " (not_compared) "." }
        }
    }
}

fn summary(of: &Comparison<'_>) -> Markup {
    let totals = Totals::of(of.items, &of.pending);
    html! {
        @if of.items.is_empty() {
            p.lead.good {
                @if of.departed.is_none() { "No schema drift detected." }
                @else { "The live schema is as the migrations were applied." }
            }
        } @else {
            p.lead {
                (count(of.items.len(), "difference")) ": "
                (counts([(totals.missing, "missing"), (totals.extra, "extra"), (totals.changed, "changed")]))
                @if totals.pending > 0 { "; " (totals.pending) " of them come with pending migrations" }
                "."
            }
        }
    }
}

/// `2 missing, 1 extra`
fn counts(of: [(usize, &str); 3]) -> String {
    let parts: Vec<_> = of
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    parts.join(", ")
}

/// The tables in the order of their names, and last what belongs to none.
fn by_table(items: &[DriftItem]) -> Vec<(Option<&str>, Vec<&DriftItem>)> {
    let mut groups: BTreeMap<(bool, Option<&str>), Vec<&DriftItem>> = BTreeMap::new();
    for item in items {
        let table = home::table(item);
        groups.entry((table.is_none(), table)).or_default().push(item);
    }
    groups.into_iter().map(|((_, table), items)| (table, items)).collect()
}

fn group(of: &Comparison<'_>, table: Option<&str>, items: &[&DriftItem], is_open: bool) -> Markup {
    let number = |kind: &str| items.iter().filter(|item| item.kind == kind).count();
    let totals = ["missing", "extra", "changed"].map(|kind| (number(kind), kind));
    html! {
        details.group open[is_open] {
            summary {
                h3 { @match table { Some(table) => code { (without_public(table)) }, None => (NO_TABLE) } }
                " " span.faint { (counts(totals)) }
            }
            ul.items {
                @for item in items { li class={ "item " (class(&item.kind)) } { (one(of, item)) } }
            }
        }
    }
}

/// A word of the server's as the name of a class; never anything else of its.
fn class(kind: &str) -> &'static str {
    ["missing", "extra", "changed"].into_iter().find(|known| *known == kind).unwrap_or("other")
}

fn one(of: &Comparison<'_>, item: &DriftItem) -> Markup {
    html! {
        p.what {
            span class={ "mark " (class(&item.kind)) } { (kind(&item.kind)) }
            " " strong { (object_words(item)) }
            @if of.pending.has(item) { " " span.mark.pending { "pending" } }
            @else if let Some(safety) = &item.safety { " " span.safety { (what_heal_does(safety)) } }
        }
        (definitions(item))
        (facts(item))
    }
}

fn object_words(item: &DriftItem) -> Markup {
    let name = object(&item.object_type, &item.identity);
    let (word, name) = name.split_once(": ").unwrap_or(("", &name));
    html! { (word) " " code { (name) } }
}

/// What becomes of it in a heal.
fn what_heal_does(safety: &str) -> &str {
    match safety {
        "additive" => "heal adds it",
        "blocked" => "blocked: something is in the way",
        "manual" => "for a person to decide",
        other => other,
    }
}

/// The two texts beside each other, or the one that there is.
fn definitions(item: &DriftItem) -> Markup {
    html! {
        @match (&item.expected, &item.actual) {
            (Some(_), Some(_)) if item.differs_in_line_ends_alone() => {
                p { "Expected and actual differ in line ends (CR) alone." }
            }
            (Some(expected), Some(actual)) => { (both(expected, actual)) }
            (Some(text), None) if is_long(text) => { (alone("Expected", text)) }
            (None, Some(text)) if is_long(text) => { (alone("Actual", text)) }
            _ => {}
        }
    }
}

fn alone(side: &str, text: &str) -> Markup {
    let (text, is_cut) = shown(text);
    html! {
        div.alone class=(side.to_lowercase()) {
            p.side { (side) }
            pre { code { (text.trim_end()) } }
        }
        @if is_cut { (cut()) }
    }
}

fn cut() -> Markup {
    html! { p.faint { "The text is longer: this is its beginning." } }
}

/// A table of two columns; the roles say so where a narrow screen shows one below the other.
fn both(expected: &str, actual: &str) -> Markup {
    let ((expected, is_cut), (actual, is_cut_too)) = (shown(expected), shown(actual));
    let rows = beside(expected, actual);
    html! {
        @if rows.is_empty() {
            p { "The beginnings of the two texts are the same." }
        } @else {
            table.diff role="table" {
                thead role="rowgroup" {
                    tr role="row" {
                        th scope="col" role="columnheader" { "Expected" }
                        th scope="col" role="columnheader" { "Actual" }
                    }
                }
                tbody role="rowgroup" { @for row in &rows { (line(row)) } }
            }
        }
        @if is_cut || is_cut_too { (cut()) }
    }
}

fn line(row: &Row<'_>) -> Markup {
    html! {
        @match row {
            Row::Same(text) => {
                tr.same role="row" { @for _ in 0..2 { td role="cell" { code { (text) } } } }
            }
            Row::Gap(number) => {
                tr.gap role="row" { td role="cell" colspan="2" { "… " (count(*number, "line")) " the same" } }
            }
            Row::Differs { expected, actual } => {
                tr role="row" {
                    td role="cell" class=(side_class("expected", expected)) { (side(expected)) }
                    td role="cell" class=(side_class("actual", actual)) { (side(actual)) }
                }
            }
        }
    }
}

fn side_class(name: &'static str, line: &Option<Line<'_>>) -> &'static str {
    if line.is_some() { name } else { "none" }
}

fn side(line: &Option<Line<'_>>) -> Markup {
    html! {
        @if let Some(line) = line {
            code { @for piece in line { @if piece.differs { mark { (piece.text) } } @else { (piece.text) } } }
        }
    }
}

fn is_long(text: &str) -> bool {
    text.trim_end().contains('\n')
}

/// What is on one side alone and short, why, by whom, and what to do.
fn facts(item: &DriftItem) -> Markup {
    let DriftItem { expected, actual, remedy, safety, reason, changed_by, changed_at, command, .. } = item;
    let short = match (expected, actual) {
        (Some(text), None) => Some(("Expected", text)),
        (None, Some(text)) => Some(("Actual", text)),
        _ => None,
    };
    let short = short.filter(|(_, text)| !is_long(text));
    let is_known = changed_by.is_some() || command.is_some();
    html! {
        @if short.is_some() || reason.is_some() || is_known || remedy.is_some() {
            dl.facts {
                @if let Some((side, text)) = short { div { dt { (side) } dd { code { (shown(text).0) } } } }
                @if let Some(reason) = reason { div { dt { "Why" } dd { (reason) } } }
                @if is_known {
                    div {
                        dt { "Who" }
                        dd {
                            @if let Some(by) = changed_by { strong { (by) } }
                            @if let Some(at) = changed_at { ", " time datetime=(at) { (moment(at)) } }
                            @if let Some(command) = command { (statement(command)) }
                        }
                    }
                }
                @if let Some(remedy) = remedy {
                    div {
                        dt { "Remedy" }
                        dd {
                            (statement(remedy))
                            @if safety.as_deref() == Some("manual") { p.faint { "A suggestion: nself does not run it." } }
                        }
                    }
                }
            }
        }
    }
}

/// A statement; of many lines, it is shown to who wants to see it.
fn statement(text: &str) -> Markup {
    let text = shown(text).0.trim_end();
    let lines = text.lines().count();
    html! {
        @if lines > LINES { details { summary { (count(lines, "line")) } pre { code { (text) } } } }
        @else { pre { code { (text) } } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::Pending;

    fn item(kind: &str, object_type: &str, identity: &str, texts: [Option<&str>; 2]) -> DriftItem {
        let [expected, actual] = texts.map(|text| text.map(str::to_owned));
        let [kind, object_type, identity] = [kind, object_type, identity].map(str::to_owned);
        DriftItem { kind, object_type, identity, expected, actual, ..DriftItem::default() }
    }

    fn of(items: &[DriftItem]) -> String {
        let comparison =
            Comparison { items, pending: Pending::default(), not_compared: None, departed: None };
        drift(&comparison).into_string()
    }

    #[test]
    fn whatever_a_name_or_a_text_holds_is_text() {
        let evil = "</code><script>alert(1)</script>\"'&";
        let mut of_all = item("changed", "function", evil, [Some(evil), Some("x")]);
        of_all.reason = Some(evil.to_owned());
        of_all.changed_by = Some(evil.to_owned());
        of_all.changed_at = Some(evil.to_owned());
        of_all.command = Some(evil.to_owned());
        of_all.remedy = Some(evil.to_owned());
        of_all.safety = Some(evil.to_owned());
        let odd = item(evil, evil, evil, [None, Some(evil)]);
        let html = of(&[of_all, odd]);
        assert!(!html.contains("<script") && html.contains("&lt;script&gt;"), "{html}");
        assert!(html.matches("datetime=\"&lt;/code&gt;").count() == 1, "{html}");
    }

    #[test]
    fn items_stand_by_table_with_expected_beside_actual() {
        let html = of(&[
            item("changed", "table column", "public.t.a", [Some("text"), Some("int")]),
            item("extra", "function", "app.f()", [None, Some("x")]),
            item("missing", "not null", "public.t.b", [Some("NOT NULL"), None]),
        ]);
        let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("no {text} in {html}"));
        assert!(at("3 differences: 1 missing, 1 extra, 1 changed.") < at("<h3><code>t</code></h3>"));
        assert!(at("1 missing, 1 changed</span>") < at("Column <code>t.a</code>"));
        assert!(at("Not null <code>t.b</code>") < at("<h3>Other objects</h3>"));
        at(
            "<td role=\"cell\" class=\"expected\"><code>text</code></td><td role=\"cell\" class=\"actual\"><code>int</code></td>",
        );
    }

    #[test]
    fn what_is_too_much_is_told() {
        let items: Vec<_> =
            (0..=MOST).map(|n| item("extra", "table", &format!("public.t{n}"), [None, None])).collect();
        let html = of(&items);
        assert_eq!(html.matches("<li ").count(), MOST);
        assert!(html.contains("Shown are the first 1000 of 1001 items."), "{html}");
    }
}
