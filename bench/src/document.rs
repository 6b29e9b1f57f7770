//! The tables, as they stand in bench/README.md between two markers.

use std::path::Path;

use crate::calls;
use crate::error::Error;
use crate::migrating::{CHAINS, NOT_NOTED, NOTED, OWN_TIME, REHEARSAL, REHEARSED};
use crate::peers;
use crate::results::{About, Results, Run};
use crate::targets::{self, Target};
use crate::tenants;

const BEGIN: &str = "<!-- figures: written by make bench -->\n";
const END: &str = "<!-- end of figures -->\n";
const SIZES: [usize; 3] = [100, 1000, 10_000];

/// The works on a large schema, in the order in which they are shown.
const WORKS: [(&str, &str); 9] = [
    ("drift equal", "`nself_drift()`, equal"),
    ("drift equal, new connection", "the same, on a new connection"),
    (
        "drift equal, restored from a dump",
        "`nself_drift()`, equal, in a database that was restored from a dump",
    ),
    ("drift 1 % drifted", "`nself_drift()`, 1 % drifted"),
    ("drift 1 % drifted, new connection", "the same, on a new connection"),
    ("drift unchanged", "`nself_drift()`, nothing changed since the last call"),
    ("heal, dry run", "`nself_heal()`, a dry run, 1 % drifted"),
    ("pg_dump -s", "`pg_dump -s`"),
    ("raw catalog read", "raw read of the catalogs' rows"),
];

/// Replaces what is between the markers of a file.
pub fn write(path: &Path, results: &Results) -> Result<(), Error> {
    let text = nself_harness::read(path)?;
    let missing = |marker: &'static str| Error::NoMarker { path: path.to_owned(), marker: marker.trim_end() };
    let (before, rest) = text.split_once(BEGIN).ok_or_else(|| missing(BEGIN))?;
    let (_, after) = rest.split_once(END).ok_or_else(|| missing(END))?;
    let text = format!("{before}{BEGIN}\n{}\n{END}{after}", document(results));
    Ok(nself_harness::write(path, &text)?)
}

/// All tables.
pub fn document(results: &Results) -> String {
    let parts = [
        section("Targets", targets_table(&targets::all(results))),
        section("A large schema: time, and its ratio to pg_dump -s", times(results)),
        section("A large schema: peak memory", memory(results)),
        section("The same comparison by other tools", other_tools(results)),
        section("Chains of migrations", results.migrations.as_ref().map(chains).unwrap_or_default()),
        section("A rehearsal", results.migrations.as_ref().map(rehearsal).unwrap_or_default()),
        section(
            "Two thousand tenants of 20 tables",
            results.migrations.as_ref().map(tenants).unwrap_or_default(),
        ),
        section("DDL in a loop", results.migrations.as_ref().map(noting).unwrap_or_default()),
        section("Real projects", results.migrations.as_ref().map(corpora).unwrap_or_default()),
        section("Many calls, cancels, and a load of DDL", lasting(results)),
        section(
            "500 action calls a second over HTTP",
            results.migrations.as_ref().map(calls).unwrap_or_default(),
        ),
        section("Runs", runs(results)),
    ];
    parts.concat().trim_end().to_owned() + "\n"
}

/// Nothing for an empty table.
fn section(title: &str, table: String) -> String {
    if table.is_empty() { table } else { format!("## {title}\n\n{table}\n") }
}

/// Nothing where there are no rows.
fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let rule = format!("|---|{}\n", "---:|".repeat(heads.len() - 1));
    line(&heads) + &rule + &rows.iter().map(|row| line(row)).collect::<String>()
}

/// A table with a column for each size. Rows that are empty at every size are left out.
fn by_size(
    results: &Results,
    rows: &[(String, &dyn Fn(&Run) -> Option<String>)],
    growth: &[String],
) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .enumerate()
        .filter_map(|(number, (label, cell))| {
            let cells: Vec<Option<String>> =
                SIZES.iter().map(|size| results.sizes.get(size).and_then(cell)).collect();
            cells.iter().any(Option::is_some).then(|| {
                let mut row = vec![label.clone()];
                row.extend(cells.into_iter().map(Option::unwrap_or_default));
                row.extend(growth.get(number).cloned());
                row
            })
        })
        .collect();
    let heads = ["", "100 tables", "1,000 tables", "10,000 tables", "10,000 : 1,000"];
    table(&heads[..if growth.is_empty() { 4 } else { 5 }], &rows)
}

fn times(results: &Results) -> String {
    let growth: Vec<String> = WORKS
        .iter()
        .map(|(work, _)| {
            let ratio = || Some(results.median(10_000, work)? / results.median(1000, work)?);
            ratio().map_or(String::new(), |ratio| format!("{ratio:.1}"))
        })
        .collect();
    let cells: Vec<_> = WORKS
        .iter()
        .map(|(work, _)| {
            move |run: &Run| {
                let ratio = run.ratio(work, "pg_dump -s")?;
                Some(format!("{} ({ratio:.2})", duration(run.median(work)?)))
            }
        })
        .collect();
    let rows =
        WORKS.iter().zip(&cells).map(|((_, label), cell)| ((*label).to_owned(), cell as &dyn Fn(&Run) -> _));
    by_size(results, &rows.collect::<Vec<_>>(), &growth)
}

fn memory(results: &Results) -> String {
    let cells: Vec<_> = WORKS
        .iter()
        .map(|(work, _)| move |run: &Run| Some(megabytes(run.figures.get(*work)?.peak_kb)))
        .collect();
    let rows =
        WORKS.iter().zip(&cells).map(|((_, label), cell)| ((*label).to_owned(), cell as &dyn Fn(&Run) -> _));
    by_size(results, &rows.collect::<Vec<_>>(), &[])
}

fn other_tools(results: &Results) -> String {
    let peers: Vec<(String, String)> = peers::all().collect();
    let own = |run: &Run| run.median("drift 1 % drifted").map(duration);
    let cells: Vec<_> = peers
        .iter()
        .map(|(work, _)| {
            move |run: &Run| {
                let figure = run.figures.get(work)?;
                if figure.over {
                    return Some(format!("> {}", duration(figure.median_ms.floor())));
                }
                let times = figure.median_ms / run.median("drift 1 % drifted")?;
                Some(format!("{} (× {times:.1}), {}", duration(figure.median_ms), megabytes(figure.peak_kb)))
            }
        })
        .collect();
    let mut rows: Vec<(String, &dyn Fn(&Run) -> Option<String>)> =
        peers.iter().zip(&cells).map(|((_, label), cell)| (label.clone(), cell as _)).collect();
    if !results.sizes.values().any(|run| peers.iter().any(|(work, _)| run.figures.contains_key(work))) {
        return String::new();
    }
    rows.insert(0, ("`nself_drift()`, 1 % drifted".to_owned(), &own));
    by_size(results, &rows, &[])
}

fn chains(run: &Run) -> String {
    let rows: Vec<Vec<String>> = CHAINS
        .iter()
        .filter_map(|length| {
            let prefix = format!("chain {length}: ");
            let mut row = vec![thousands(*length as f64)];
            row.extend(applied(run, &prefix)?);
            let (replay, more) = (
                run.median(&format!("{prefix}first drift, full replay"))?,
                run.median(&format!("{prefix}first drift after one more"))?,
            );
            row.extend([duration(replay), duration(more), format!("{:.2}", more / replay)]);
            Some(row)
        })
        .collect();
    let heads = [
        "migrations",
        "`nself_migrate_up()`",
        "`psql -1`",
        "ratio",
        "first drift, full replay",
        "after one more migration",
        "ratio",
    ];
    table(&heads, &rows)
}

fn rehearsal(run: &Run) -> String {
    let (Some(rehearsal), Some(own)) = (run.median(REHEARSAL), run.median(OWN_TIME)) else {
        return String::new();
    };
    let row = vec![thousands(REHEARSED as f64), duration(rehearsal), duration(own)];
    table(
        &["migrations", "`nself_migrate_rehearse()` of the last", "`nself_migrate_up()` of the last"],
        &[row],
    )
}

fn noting(run: &Run) -> String {
    let (Some(noted), Some(not)) = (run.median(NOTED), run.median(NOT_NOTED)) else { return String::new() };
    let row = vec![duration(noted), duration(not), format!("{:.2}", noted / not)];
    table(&["500 tables of 12 columns, noted", "with `nself.capture_ddl` off", "ratio"], &[row])
}

fn tenants(run: &Run) -> String {
    let rows: Vec<Vec<String>> = tenants::WORKS
        .iter()
        .filter_map(|(work, label)| {
            let figure = run.figures.get(*work)?;
            Some(vec![(*label).to_owned(), duration(figure.median_ms), megabytes(figure.peak_kb)])
        })
        .collect();
    if rows.is_empty() { String::new() } else { table(&["", "time", "peak memory"], &rows) }
}

fn corpora(run: &Run) -> String {
    let suffix = ": psql -1";
    let names = run.figures.keys().filter_map(|work| work.strip_prefix("corpus ")?.strip_suffix(suffix));
    let rows: Vec<Vec<String>> = names
        .filter_map(|name| {
            let prefix = format!("corpus {name}: ");
            let mut row = vec![name.to_owned()];
            row.extend(applied(run, &prefix)?);
            for work in ["first drift, full replay", "drift, expected schema known", "pg_dump -s"] {
                row.push(duration(run.median(&format!("{prefix}{work}"))?));
            }
            Some(row)
        })
        .collect();
    let heads = [
        "project",
        "`nself_migrate_up()`",
        "`psql -1`",
        "ratio",
        "first drift, full replay",
        "drift, expected schema known",
        "`pg_dump -s`",
    ];
    table(&heads, &rows)
}

/// How long the product and psql take to apply the same.
fn applied(run: &Run, prefix: &str) -> Option<[String; 3]> {
    let (up, psql) = (format!("{prefix}nself_migrate_up()"), format!("{prefix}psql -1"));
    let ratio = run.ratio(&up, &psql)?;
    Some([duration(run.median(&up)?), duration(run.median(&psql)?), format!("{ratio:.2}")])
}

fn calls(run: &Run) -> String {
    let rows: Vec<Vec<String>> = calls::FUNCTIONS
        .iter()
        .filter_map(|function| {
            let [sent, lost, http, pgbench] =
                calls::names(function).map(|name| run.counts.get(&name).copied());
            let ratio = format!("{:.2}", http? / pgbench?);
            let answered = format!("{} of {}", thousands(sent? - lost?), thousands(sent?));
            Some(vec![format!("`{function}`"), answered, duration(http?), duration(pgbench?), ratio])
        })
        .collect();
    table(&["action", "answered", "99th percentile", "that of pgbench", "ratio"], &rows)
}

fn lasting(results: &Results) -> String {
    let growth = |run: &Run| {
        let calls = run.counts.get("growth, calls")?;
        Some(format!("{} kB in {} calls", thousands(*run.counts.get("growth, kB")?), thousands(*calls)))
    };
    let cancel = |run: &Run| run.counts.get("cancel, expected schema known, ms").copied().map(duration);
    let replay = |run: &Run| run.counts.get("cancel, replay of 100 tables, ms").copied().map(duration);
    let load = |run: &Run| {
        let count = |name: &str| run.counts.get(name).copied().map(thousands);
        Some(format!(
            "{} of {} answered, {} right; {} statements",
            count("load, answered")?,
            count("load, calls")?,
            count("load, noticed")?,
            count("load, statements")?
        ))
    };
    let rows: [(&str, &dyn Fn(&Run) -> Option<String>); 4] = [
        ("growth of one backend's memory on 100 tables, after its 10th call", &growth),
        ("from a cancel to the error, the worst of 10 moments", &cancel),
        ("the same during a replay of 100 tables", &replay),
        ("calls under a load of DDL", &load),
    ];
    by_size(results, &rows.map(|(label, cell)| (label.to_owned(), cell)), &[])
}

fn runs(results: &Results) -> String {
    let sizes =
        results.sizes.iter().map(|(size, run)| (format!("{} tables", thousands(*size as f64)), &run.about));
    let migrations = results.migrations.iter().map(|run| ("chains, projects, calls".to_owned(), &run.about));
    let rows: Vec<Vec<String>> = sizes
        .chain(migrations)
        .map(|(what, About { date, command, server, product, machine })| {
            vec![
                what,
                date.clone(),
                format!("`{command}`"),
                format!("nself_heal {product}, PostgreSQL {server}"),
                format!(
                    "{}, {} cores, {} GB, load before {:.1}",
                    machine.cpu, machine.cores, machine.memory_gb, machine.load_before
                ),
            ]
        })
        .collect();
    table(&["", "date", "command", "versions", "machine"], &rows).replace("---:", "---")
}

fn targets_table(targets: &[Target]) -> String {
    let rows: Vec<Vec<String>> = targets.iter().map(target_row).collect();
    table(&["work", "tables", "at most", "measured", ""], &rows)
}

fn target_row(target: &Target) -> Vec<String> {
    let decimals = if target.unit.is_empty() { 2 } else { 0 };
    let number = |value: f64| format!("{value:.decimals$}{}", target.unit);
    let verdict = match target.is_met() {
        Some(true) => "met",
        Some(false) => "**missed**",
        None => "not measured",
    };
    vec![
        target.work.to_owned(),
        target.size.map_or(String::new(), |size| thousands(size as f64)),
        number(target.limit),
        target.value.map_or(String::new(), number),
        verdict.to_owned(),
    ]
}

/// How the targets fare, in a few lines.
pub fn verdict(results: &Results) -> String {
    let targets = targets::all(results);
    let count = |wanted| targets.iter().filter(|target| target.is_met() == wanted).count();
    let missed = targets.iter().filter(|target| target.is_met() == Some(false));
    let missed: String =
        missed.map(|target| format!("  missed: {}\n", target_row(target)[..4].join(" | "))).collect();
    format!(
        "{missed}targets: {} met, {} missed, {} not measured",
        count(Some(true)),
        count(Some(false)),
        count(None)
    )
}

fn duration(milliseconds: f64) -> String {
    match milliseconds {
        ..10.0 => format!("{milliseconds:.1} ms"),
        10.0..1000.0 => format!("{milliseconds:.0} ms"),
        1000.0..100_000.0 => format!("{:.2} s", milliseconds / 1000.0),
        _ => format!("{:.0} s", milliseconds / 1000.0),
    }
}

fn megabytes(kilobytes: u64) -> String {
    format!("{:.0} MB", kilobytes as f64 / 1024.0)
}

/// `12,345`
fn thousands(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0.0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::{document, duration, thousands};
    use crate::results::Results;

    #[test]
    fn figures_are_short() {
        assert_eq!(duration(2.52), "2.5 ms");
        assert_eq!(duration(252.0), "252 ms");
        assert_eq!(duration(2520.0), "2.52 s");
        assert_eq!(duration(120_000.0), "120 s");
        assert_eq!(
            [0.0, 12.0, 123.0, 1234.0, -1_234_567.0].map(thousands),
            ["0", "12", "123", "1,234", "-1,234,567"]
        );
    }

    #[test]
    fn without_results_there_are_only_targets() {
        let text = document(&Results::default());
        assert_eq!(text.matches("## ").count(), 1);
        assert!(text.contains("not measured"));
    }
}
