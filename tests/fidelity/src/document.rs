//! The figures as a document. Nothing in it changes from run to run: no times, no places.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::args::Args;
use crate::corpus::Findings;
use crate::figures::Figures;
use crate::server::Server;

const INTRODUCTION: &str = "\
A program (`tests/fidelity`) damages schemas and has `pg_dump --schema-only`, read object by object, judge whether
`nself_drift()` names exactly what changed, and whether `nself_heal(true)` restores exactly that and harms nothing. What
the dump is silent about is asked of the catalogs: triggers of constraints that are switched, privileges that scripts of
extensions gave, and the order of columns. It shares no code with the product.

1. **No false drift**: after the migrations, in a database restored by `pg_dump | psql`, and for each pair of schemas
   that are the same.
2. **One mutation at a time**: each object is dropped, altered, renamed or joined by another one. *items* are the
   differences that the judge sees; drift has *named* them, *missed* them, or named others (*false*). What goes with its
   container (a table's columns with the table) counts once, on both sides. One login does the damage, another one touches
   the same tables and changes nothing: *culprits* are the items that name who did it. An item that names somebody else, or
   a command that is none of the damage, is *wrong*; so is a table whose columns have another order if
   `nself_drift_not_compared()` does not list it, or one that it lists and that has the same.
3. **Heal is exact**: afterwards the judge sees no difference but those that the heal called *manual* or *blocked*; a
   second heal does nothing. What else is left is *wrong*. Where only texts differ, both schemas are restored from their
   dumps first, because the server prints some expressions in another form once they were read from their own text.
4. **Heal is harmless**: rows, values, OIDs and files of tables are as before, but for the files of tables of which a
   step said that it rewrites them. What is not is *wrong*, or *lost rows*.
5. **Storms**: 2 to 30 random mutations, healed in one go.
6. **Pairs**: the live schema is the old one of a pair, the expected one is the new one. Nothing of the old one may be
   gone or changed by the heal, and what it did not close is manual or blocked.

Targets: missed 0, false 0, wrong 0, lost rows 0. A case about which nothing can be said is *unjudged*, with its reason
below, and never passed.
";

/// The whole document.
pub fn document(server: &Server, args: &Args, all: &[Findings]) -> String {
    let mut text = format!("# Fidelity\n\n{INTRODUCTION}\n");
    let properties: Vec<String> = args.properties.iter().map(u8::to_string).collect();
    let sample = match args.sample {
        Some(count) => format!("at most {count} mutations of each kind"),
        None => "every mutation".to_owned(),
    };
    let only = if args.kind.is_empty() {
        String::new()
    } else {
        format!(" of kinds named {}", args.kind.join(", "))
    };
    let storms = if args.asks_for(5) { format!(", {} storms a corpus", args.storms) } else { String::new() };
    let _ = writeln!(
        text,
        "Made by `{}` on PostgreSQL {}: properties {}, seed {}, {sample}{only}{storms}, {} rows a table.\n",
        args.command,
        server.version,
        properties.join(", "),
        args.seed,
        args.rows
    );
    let _ = writeln!(text, "## All\n\n{}", summary(all));
    for findings in all {
        let _ = writeln!(text, "## {}\n", findings.name);
        for note in &findings.notes {
            let _ = writeln!(text, "- {note}");
        }
        let rows: Vec<(&str, Figures)> =
            findings.kinds.iter().map(|(kind, figures)| (kind.as_str(), *figures)).collect();
        let _ = writeln!(text, "\n{}", table("kind", &rows, Some(findings.total())));
    }
    let mut types: BTreeMap<&str, Figures> = BTreeMap::new();
    for (object_type, figures) in all.iter().flat_map(|findings| &findings.types) {
        *types.entry(object_type).or_default() += *figures;
    }
    let _ = writeln!(
        text,
        "## By type of object\n\n| type | items | named | missed | false |\n|---|--:|--:|--:|--:|"
    );
    for (object_type, Figures { items, named, missed, false_items, .. }) in types {
        let _ = writeln!(text, "| {object_type} | {items} | {named} | {missed} | {false_items} |");
    }
    let _ = writeln!(text, "\n## Unjudged\n\n| corpus | kind | cases | reason |\n|---|---|--:|---|");
    for findings in all {
        for ((kind, reason), count) in &findings.unjudged {
            let reason = reason.replace('|', "\\|").replace('\n', " ");
            let _ = writeln!(text, "| {} | {kind} | {count} | {reason} |", findings.name);
        }
    }
    text
}

/// One line a corpus.
pub fn summary(all: &[Findings]) -> String {
    let rows: Vec<(&str, Figures)> =
        all.iter().map(|findings| (findings.name.as_str(), findings.total())).collect();
    let mut total = Figures::default();
    for (_, figures) in &rows {
        total += *figures;
    }
    table("corpus", &rows, Some(total))
}

fn table(first: &str, rows: &[(&str, Figures)], total: Option<Figures>) -> String {
    let mut text = format!(
        "| {first} | {} |\n|---|{}\n",
        Figures::HEADING.join(" | "),
        "--:|".repeat(Figures::HEADING.len())
    );
    for (name, figures) in rows.iter().copied().chain(total.map(|total| ("**total**", total))) {
        let _ = writeln!(text, "| {name} | {} |", figures.cells().join(" | "));
    }
    text
}
