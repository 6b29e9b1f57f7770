//! The drift report of `nself db migrate diff`.

use super::wrap::{item, sentence};
use crate::rows::{AllowedItem, NotCompared};
use crate::terminal::style::{GOOD, HEADING, WARNING, paint};
use nself_report::names::{count, is_column, object};
use nself_report::{DriftItem, Pending};

/// From this length on, two definitions are easier to compare one above the other.
const LONG: usize = 100;

const SECTIONS: [(&str, &str); 3] = [
    ("missing", "Missing in DB (in schema, not in DB):"),
    ("extra", "Extra in DB (in DB, not in schema):"),
    ("changed", "Changed in DB (differs from schema):"),
];

/// The report: what is missing, extra and changed, what pending migrations alone bring, and what was not looked at.
/// `departed` tells where the folder is not what was applied.
pub fn report(
    items: &[DriftItem],
    not_compared: &[NotCompared],
    pending: &Pending<'_>,
    departed: Option<&str>,
) -> String {
    let mut text = String::new();
    if let Some(departed) = departed {
        let said = paint(WARNING, "The folder is not what was applied:");
        text.push_str(&format!("{said} {departed}. These are compared as they were applied.\n"));
    }
    match (items, departed) {
        ([], None) => text.push_str(&format!("{}\n", paint(GOOD, "No schema drift detected."))),
        ([], Some(_)) => text.push_str("The live schema is as the migrations were applied.\n"),
        _ => text.push_str(&format!("{}\n\n", paint(HEADING, "Schema drift detected:"))),
    }
    let is_pending = |item: &&DriftItem| pending.has(item);
    text.push_str(&sections(items.iter().filter(|item| !is_pending(item))));
    let pending: Vec<_> = items.iter().filter(is_pending).collect();
    if !pending.is_empty() {
        text.push_str(&format!("{}\n", paint(HEADING, "Pending (not applied yet):")));
        pending.iter().for_each(|item| text.push_str(&line(item)));
    }
    if let Some(kinds) = uncompared(not_compared) {
        text.push_str(&format!("\n{}", sentence(&format!("Not compared: {kinds}."))));
    }
    text
}

/// What differs and is allowed now.
pub fn allowed(items: &[AllowedItem]) -> String {
    let lines =
        items.iter().map(|of| item(&format!("{} ({})", object(&of.object_type, &of.identity), of.kind)));
    let lines: String = lines.collect();
    format!(
        "{lines}{} allowed: self-heal leaves it, and diff does not show it.\n",
        count(items.len(), "difference")
    )
}

/// What is missing, extra and changed, each under its heading.
pub fn sections<'a>(items: impl Iterator<Item = &'a DriftItem> + Clone) -> String {
    let mut text = String::new();
    for (kind, heading) in SECTIONS {
        let mut items = items.clone().filter(|item| item.kind == kind).peekable();
        if items.peek().is_some() {
            text.push_str(&format!("{}\n", paint(HEADING, heading)));
            items.for_each(|item| text.push_str(&line(item)));
        }
    }
    text
}

/// One difference, with its line break.
fn line(of: &DriftItem) -> String {
    let name = object(&of.object_type, &of.identity);
    let expected = of.expected.as_deref().unwrap_or("nothing");
    let actual = of.actual.as_deref().unwrap_or("nothing");
    item(&match of.kind.as_str() {
        "changed" if of.differs_in_line_ends_alone() => {
            format!("{name}: differs in line ends (CR) alone")
        }
        "changed" if is_long(expected) || is_long(actual) => {
            // Definitions stay as they are, to be compared line by line.
            return format!("  {name}: expected\n{}\n    is\n{}\n", indent(expected), indent(actual));
        }
        "changed" => format!("{name}: expected {expected}, is {actual}"),
        "missing" if is_column(&of.object_type) => format!("{name} ({})", type_of(expected)),
        "extra" if is_column(&of.object_type) => format!("{name} ({})", type_of(actual)),
        _ => name,
    })
}

/// The type in a column's definition: `text` in `text COLLATE "C" NOT NULL DEFAULT …`. The rest is in the JSON.
fn type_of(column: &str) -> &str {
    let after = [" COLLATE ", " NOT NULL", " DEFAULT ", ", generated ", ", identity"];
    let end = after.iter().filter_map(|clause| column.find(clause)).min();
    &column[..end.unwrap_or(column.len())]
}

fn is_long(definition: &str) -> bool {
    definition.len() > LONG || definition.contains('\n')
}

fn indent(definition: &str) -> String {
    let lines: Vec<_> = definition.trim_end().lines().map(|line| format!("      {line}")).collect();
    lines.join("\n")
}

/// The kinds of objects that were not compared, with how many there are; none if all were.
pub fn uncompared(kinds: &[NotCompared]) -> Option<String> {
    // Of a kind that is missing in the database, there are as many as expected.
    let number = |kind: &NotCompared| usize::try_from(kind.live.max(kind.expected)).unwrap_or_default();
    let counts: Vec<_> = kinds.iter().map(|kind| count(number(kind), &kind.object_type)).collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}

#[cfg(test)]
mod tests {
    use nself_report::Totals;

    use super::*;
    use crate::terminal::style::plain;

    fn item(kind: &str, object_type: &str, identity: &str, texts: [Option<&str>; 2]) -> DriftItem {
        let [expected, actual] = texts.map(|text| text.map(str::to_owned));
        DriftItem {
            kind: kind.into(),
            object_type: object_type.into(),
            identity: identity.into(),
            expected,
            actual,
            ..DriftItem::default()
        }
    }

    #[test]
    fn the_report_has_the_documented_shape() {
        let items = [
            item("missing", "table column", "public.np_documents.fts_vector", [Some("tsvector"), None]),
            item("missing", "index", "public.idx_np_documents_fts", [Some("CREATE INDEX …"), None]),
            item("extra", "table", "public.temp_import_2026_05_07", [None, None]),
        ];
        let expected = "\
Schema drift detected:

Missing in DB (in schema, not in DB):
  Column: np_documents.fts_vector (tsvector)
  Index: idx_np_documents_fts
Extra in DB (in DB, not in schema):
  Table: temp_import_2026_05_07
";
        assert_eq!(plain(&report(&items, &[], &Pending::default(), None)), expected);
    }

    #[test]
    fn what_is_only_pending_has_a_place_of_its_own() {
        let column = item("missing", "table column", "public.t.a", [Some("text"), None]);
        let table = item("missing", "table", "public.new", [None, None]);
        let of_applied = [item("missing", "table column", "public.t.a", [Some("text"), None])];
        let items = [column, table];
        let pending = Pending::new(Some(&of_applied));
        let expected = "\
Schema drift detected:

Missing in DB (in schema, not in DB):
  Column: t.a (text)
Pending (not applied yet):
  Table: new
";
        assert_eq!(plain(&report(&items, &[], &pending, None)), expected);
        let totals = Totals { missing: 2, extra: 0, changed: 0, pending: 1 };
        assert_eq!(Totals::of(&items, &pending), totals);
        assert_eq!(Totals::of(&items, &Pending::default()), Totals { pending: 0, ..totals });
    }

    #[test]
    fn an_edited_folder_is_never_called_free_of_drift() {
        let expected = "\
The folder is not what was applied: 0001 edited. These are compared as they were applied.
The live schema is as the migrations were applied.
";
        assert_eq!(plain(&report(&[], &[], &Pending::default(), Some("0001 edited"))), expected);
    }

    #[test]
    fn changes_say_what_was_expected_and_long_ones_on_lines_of_their_own() {
        let view =
            item("changed", "view", "app.v", [Some("SELECT a\n FROM t;\n"), Some("SELECT b\n FROM t;")]);
        let items = [
            item("changed", "table column", "public.np_users.name", [Some("text"), Some("varchar(10)")]),
            view,
        ];
        let expected = "\
Schema drift detected:

Changed in DB (differs from schema):
  Column: np_users.name: expected text, is varchar(10)
  View: app.v: expected
      SELECT a
       FROM t;
    is
      SELECT b
       FROM t;
";
        assert_eq!(plain(&report(&items, &[], &Pending::default(), None)), expected);
    }

    #[test]
    fn texts_that_look_the_same_are_not_printed_twice() {
        let texts = [Some("begin\nend"), Some("begin\r\nend")];
        let text =
            plain(&report(&[item("changed", "function", "app.f()", texts)], &[], &Pending::default(), None));
        assert!(text.ends_with("  Function: app.f(): differs in line ends (CR) alone\n"), "{text}");
    }

    #[test]
    fn of_a_column_that_is_not_there_the_type_is_enough() {
        assert_eq!(type_of("numeric(10,2)"), "numeric(10,2)");
        assert_eq!(type_of("timestamp with time zone NOT NULL DEFAULT now()"), "timestamp with time zone");
        assert_eq!(type_of("tsvector, generated as (to_tsvector(title)) stored"), "tsvector");
        assert_eq!(type_of("text COLLATE pg_catalog.\"C\" NOT NULL"), "text");
    }

    #[test]
    fn what_was_not_compared_is_counted() {
        let kind = |object_type: &str, live, expected| NotCompared {
            object_type: object_type.into(),
            live,
            expected,
        };
        let text = report(&[], &[kind("function", 3, 3), kind("trigger", 1, 2)], &Pending::default(), None);
        assert_eq!(plain(&text), "No schema drift detected.\n\nNot compared: 3 functions, 2 triggers.\n");
    }
}
