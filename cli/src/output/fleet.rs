//! What `nself fleet` says: a line for each environment.

use serde_json::Value;

use super::table::table;
use crate::args::fleet::Fleet;
use crate::commands::fleet::Ran;
use nself_report::names::count;

pub fn report(fleet: &Fleet, all: &[Ran]) -> String {
    let rows = all.iter().map(|ran| {
        let (found, more) = match (fleet, &ran.result) {
            (_, Value::Null) => ("could not run".to_owned(), String::new()),
            (Fleet::Status(_), Value::Array(rows)) => status(rows),
            (Fleet::Drift(_), Value::Object(report)) => drift(report.get("drift")),
            (Fleet::Up(up), Value::Array(rows)) => (applied(rows, up.dry_run), String::new()),
            _ => ("an answer that this nself does not understand".to_owned(), String::new()),
        };
        [ran.env.clone(), found, more, ran.errors.join("; ")]
    });
    let table = table(["environment", "result", "last version", "note"], rows);
    let worst = all.iter().filter(|ran| ran.exit != 0).count();
    let last = match (worst, fleet) {
        (0, _) => format!("{}, none with an exit code other than 0.", count(all.len(), "environment")),
        (worst, _) => {
            format!("{worst} of {} with an exit code other than 0.", count(all.len(), "environment"))
        }
    };
    format!("{table}{last}\n")
}

fn status(rows: &[Value]) -> (String, String) {
    let of = |row: &Value, key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let many = |state: &str| rows.iter().filter(|row| of(row, "state") == state).count();
    let applied = many("applied") + many("cosmetic");
    let others: Vec<String> = ["pending", "partial", "edited", "missing"]
        .into_iter()
        .filter_map(|state| Some(many(state)).filter(|many| *many > 0).map(|many| format!("{many} {state}")))
        .collect();
    let last = rows.iter().rfind(|row| of(row, "state") != "pending").map(|row| of(row, "version"));
    let found = match others.is_empty() {
        true => format!("up to date, {applied} applied"),
        false => format!("{applied} applied, {}", others.join(", ")),
    };
    (found, last.unwrap_or_default())
}

fn drift(found: Option<&Value>) -> (String, String) {
    let many = found.and_then(Value::as_array).map_or(0, Vec::len);
    let said = match many {
        0 => "no drift".to_owned(),
        many => count(many, "difference"),
    };
    (said, String::new())
}

fn applied(rows: &[Value], dry_run: bool) -> String {
    match (rows.len(), dry_run) {
        (0, _) => "up to date".to_owned(),
        (many, true) => format!("{} to apply", count(many, "migration")),
        (many, false) => format!("{} applied", count(many, "migration")),
    }
}
