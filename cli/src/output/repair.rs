//! What `nself db migrate repair` says.

use super::wrap::{below_item, sentence};
use crate::rows::Repaired;
use crate::terminal::hints::in_commands;
use crate::terminal::style::{ERROR, GOOD, WARNING, paint};
use nself_report::names::count;

/// Each problem, what mends it or what a person can do, and how many there are.
pub fn report(rows: &[Repaired], is_confirmed: bool) -> String {
    if rows.is_empty() {
        return "Nothing to repair.\n".to_owned();
    }
    let text: String = rows.iter().map(problem).collect();
    let of = |status: &str| rows.iter().filter(|row| row.status == status).count();
    let manual = match of("manual") {
        0 => String::new(),
        1 => ", 1 is for a person".to_owned(),
        more => format!(", {more} are for a person"),
    };
    let failed = match of("failed") {
        0 => String::new(),
        number => format!(", {number} failed"),
    };
    let found = count(rows.len(), "problem");
    text + &match is_confirmed {
        true => format!("{found}: {} mended{failed}{manual}.\n", of("mended")),
        false if of("planned") == 0 => format!("{found}{manual}. Nothing was changed.\n"),
        false => format!(
            "{found}: {} can be mended{manual}. Nothing was changed: --confirm mends.\n",
            of("planned")
        ),
    }
}

fn problem(row: &Repaired) -> String {
    let version = row.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    let tenant = row.tenant.as_ref().map(|tenant| format!(" of tenant {tenant}")).unwrap_or_default();
    let mut head = row.problem.clone();
    if let Some(first) = head.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let style = if row.status == "manual" || row.status == "failed" { ERROR } else { WARNING };
    let title = format!("{head}{version}{tenant}:");
    let mut text = sentence(&format!("{} {}.", paint(style, &title), in_commands(&row.detail)));
    if let Some(mend) = &row.mend {
        let word = match row.status.as_str() {
            "mended" => paint(GOOD, "mended: "),
            _ => "mend: ".to_owned(),
        };
        text.push_str(&below_item(&format!("{word}{}.", in_commands(mend))));
    }
    if let Some(hint) = &row.hint {
        text.push_str(&below_item(&in_commands(hint)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::style::plain;

    fn row(problem: &str, status: &str, mend: Option<&str>, hint: Option<&str>) -> Repaired {
        Repaired {
            problem: problem.to_owned(),
            version: Some("0002".to_owned()),
            tenant: None,
            detail: "0002_a.sql is applied, and its file is 0003_a.sql now".to_owned(),
            mend: mend.map(str::to_owned),
            status: status.to_owned(),
            hint: hint.map(str::to_owned),
        }
    }

    #[test]
    fn each_problem_has_its_mend_or_what_to_do() {
        let planned = row("renamed migration", "planned", Some("Writes the row once more"), None);
        let manual = Repaired {
            tenant: Some("acme".to_owned()),
            ..row("partial migration", "manual", None, Some("nself_migrate_up_start() goes on."))
        };
        let text = plain(&report(&[planned, manual], false));
        assert_eq!(
            text,
            "Renamed migration 0002: 0002_a.sql is applied, and its file is 0003_a.sql now.\n    mend: Writes the row once more.\n\
             Partial migration 0002 of tenant acme: 0002_a.sql is applied, and its file is 0003_a.sql now.\n    \
             nself db migrate up goes on.\n\
             2 problems: 1 can be mended, 1 is for a person. Nothing was changed: --confirm mends.\n"
        );
        let failed = row("missing migration", "failed", Some("Retires it"), Some("It failed: no."));
        let text =
            plain(&report(&[row("missing migration", "mended", Some("Retires it"), None), failed], true));
        assert!(
            text.ends_with("    mend: Retires it.\n    It failed: no.\n2 problems: 1 mended, 1 failed.\n"),
            "{text}"
        );
        assert_eq!(report(&[], true), "Nothing to repair.\n");
    }
}
