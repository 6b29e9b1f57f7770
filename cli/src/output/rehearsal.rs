//! What is printed of a rehearsal: for people, as annotations of GitHub Actions, and as SARIF.

use std::path::Path;

use serde_json::{Value, json};

use super::wrap::{below_item, item, sentence};
use crate::rows::{FoundHazard, RehearsedStatement};
use crate::terminal::hints::in_commands;
use crate::terminal::style::{ERROR, GOOD, WARNING, paint};
use nself_report::names::{count, migration};

/// Something that lint tells, with its place.
pub struct Finding<'a> {
    /// The name of the hazard, or `fails`.
    rule: &'a str,
    /// Relative to the current folder, where that is known.
    path: String,
    line: i32,
    text: String,
    /// Why it is accepted, if the file says so.
    allowed: Option<&'a str>,
    /// Whether its name was given to `--fail-on`, or the migration fails.
    is_asked: bool,
}

/// What lint calls a migration that fails in the rehearsal.
const FAILS: &str = "fails";

impl Finding<'_> {
    /// Whether lint fails for it.
    pub fn is_failure(&self) -> bool {
        self.is_asked && self.allowed.is_none()
    }
}

/// All findings, in the order of the statements.
pub fn findings<'a>(
    rows: &'a [RehearsedStatement],
    fail_on: &[String],
    dir: Option<&Path>,
) -> Vec<Finding<'a>> {
    let mut all = Vec::new();
    for row in rows {
        let path = dir.map_or_else(|| row.path.clone(), |dir| format!("{}/{}", dir.display(), row.path));
        let line = row.line.unwrap_or(1);
        if let Some(note) = row.note.as_ref().filter(|_| row.status == "failed") {
            let text = note.clone();
            all.push(Finding { rule: FAILS, path: path.clone(), line, text, allowed: None, is_asked: true });
        }
        all.extend(row.found.iter().map(|found| Finding {
            rule: &found.hazard,
            path: path.clone(),
            line,
            text: in_commands(&format!("{} {}", found.sentence, found.gentler)),
            allowed: found.allowed.as_deref(),
            is_asked: fail_on.contains(&found.hazard),
        }));
    }
    all
}

/// What lint says to a person.
pub fn lint(rows: &[RehearsedStatement], findings: &[Finding<'_>]) -> String {
    if rows.is_empty() {
        return "Nothing is pending: there is nothing to rehearse.\n".to_owned();
    }
    let failures = findings.iter().filter(|finding| finding.is_failure()).count();
    let accepted = findings.iter().filter(|finding| finding.allowed.is_some()).count();
    let hazards = findings.iter().filter(|finding| finding.rule != FAILS).count();
    let mut end = match hazards {
        0 => paint(GOOD, "No hazards."),
        _ => format!("{}, {accepted} accepted.", count(hazards, "hazard")),
    };
    if failures > 0 {
        end.push_str(&format!(" {}", paint(ERROR, format!("{failures} not accepted here."))));
    }
    format!("{}{end}\n", statements(rows))
}

/// What a dry run says beyond the plan.
pub fn beside_plan(rows: &[RehearsedStatement]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let hazards: usize = rows.iter().map(|row| row.found.len()).sum();
    let end = match hazards {
        0 => "no hazards".to_owned(),
        _ => count(hazards, "hazard"),
    };
    format!("{}Rehearsed in a shadow database: {end}.\n", statements(rows))
}

/// Each statement of which there is something to say.
fn statements(rows: &[RehearsedStatement]) -> String {
    let mut text = String::new();
    for row in rows.iter().filter(|row| row.note.is_some() || !row.found.is_empty()) {
        let place = row.line.map(|line| format!(", line {line}")).unwrap_or_default();
        let mut heading = format!("{}{place}", migration(&row.version, &row.name));
        if let Some(first) = row.sql.as_deref().and_then(|sql| sql.lines().next()) {
            heading.push_str(&format!(": {first}"));
        }
        text.push_str(&sentence(&heading));
        // What is painted would count as longer than it is.
        let painted = |word: &str, style, says: &str| {
            item(&format!("{word}: {}", in_commands(says))).replacen(word, &paint(style, word), 1)
        };
        if let Some(note) = &row.note {
            let style = if row.status == "failed" { ERROR } else { WARNING };
            text.push_str(&painted(&row.status, style, note));
        }
        for FoundHazard { hazard, sentence, gentler, allowed } in &row.found {
            match allowed {
                Some(why) => text.push_str(&item(&format!("{hazard}, accepted because {why}: {sentence}"))),
                None => {
                    text.push_str(&painted(hazard, WARNING, sentence));
                    text.push_str(&below_item(&in_commands(gentler)));
                }
            }
        }
    }
    text
}

/// One workflow command of GitHub Actions a finding.
pub fn github(findings: &[Finding<'_>]) -> String {
    let line = |finding: &Finding<'_>| {
        let level = match finding {
            finding if finding.is_failure() => "error",
            Finding { allowed: Some(_), .. } => "notice",
            _ => "warning",
        };
        let Finding { rule, path, line, text, allowed, .. } = finding;
        let text = match allowed {
            Some(why) => format!("accepted because {why}: {text}"),
            None => text.clone(),
        };
        format!("::{level} file={},line={line},title={rule}::{}\n", property(path), escaped(&text))
    };
    findings.iter().map(line).collect()
}

/// A text as the runner of GitHub reads it.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

/// A log in the form SARIF 2.1.0.
pub fn sarif(findings: &[Finding<'_>]) -> Value {
    let mut rules: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    let rules: Vec<Value> = rules.into_iter().map(|id| json!({ "id": id })).collect();
    let result = |finding: &Finding<'_>| {
        let Finding { rule, path, line, text, allowed, .. } = finding;
        let mut result = json!({
            "ruleId": rule,
            "level": if finding.is_failure() { "error" } else { "warning" },
            "message": { "text": text },
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": { "uri": path },
                    "region": { "startLine": line },
                },
            }],
        });
        if let Some(why) = allowed {
            result["suppressions"] = json!([{ "kind": "inSource", "justification": why }]);
        }
        result
    };
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "nself", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::style::plain;

    fn found(hazard: &str, allowed: Option<&str>) -> FoundHazard {
        FoundHazard {
            hazard: hazard.into(),
            sentence: "It does 100% of it.".into(),
            gentler: "Do less.".into(),
            allowed: allowed.map(str::to_owned),
        }
    }

    fn row(line: i32, found: Vec<FoundHazard>) -> RehearsedStatement {
        RehearsedStatement {
            version: "0002".into(),
            name: "x".into(),
            line: Some(line),
            sql: Some("DROP TABLE a;\n-- gone".into()),
            status: "ran".into(),
            note: None,
            path: "0002_x.sql".into(),
            found,
        }
    }

    #[test]
    fn only_what_is_asked_for_and_not_accepted_fails() {
        let rows = [row(3, vec![found("deletes-data", None), found("blocks-reads", Some("it is night"))])];
        let fails = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            findings(&rows, &names, None).iter().filter(|finding| finding.is_failure()).count()
        };
        assert_eq!((fails(&[]), fails(&["deletes-data"]), fails(&["blocks-reads"])), (0, 1, 0));
        let broken =
            RehearsedStatement { status: "failed".into(), note: Some("no".into()), ..row(1, vec![]) };
        assert!(findings(&[broken], &[], None)[0].is_failure());
    }

    #[test]
    fn a_person_reads_the_statement_and_its_hazards() {
        let rows = [row(3, vec![found("deletes-data", None), found("blocks-reads", Some("it is night"))])];
        let expected = "\
0002_x.sql, line 3: DROP TABLE a;
  deletes-data: It does 100% of it.
    Do less.
  blocks-reads, accepted because it is night: It does 100% of it.
2 hazards, 1 accepted. 1 not accepted here.
";
        let names = ["deletes-data".to_owned()];
        assert_eq!(plain(&lint(&rows, &findings(&rows, &names, None))), expected);
        assert!(plain(&beside_plan(&rows)).ends_with("Rehearsed in a shadow database: 2 hazards.\n"));
        assert_eq!(beside_plan(&[]), "");
    }

    #[test]
    fn programs_read_the_place_and_the_level() {
        let rows = [row(3, vec![found("deletes-data", None), found("blocks-reads", Some("a, b"))])];
        let names = ["deletes-data".to_owned()];
        let all = findings(&rows, &names, Some("migrations".as_ref()));
        let expected = "\
::error file=migrations/0002_x.sql,line=3,title=deletes-data::It does 100%25 of it. Do less.
::notice file=migrations/0002_x.sql,line=3,title=blocks-reads::accepted because a, b: It does 100%25 of it. Do less.
";
        assert_eq!(github(&all), expected);
        let sarif = sarif(&all);
        let results = &sarif["runs"][0]["results"];
        assert_eq!(results[0]["level"], "error");
        assert_eq!(results[0]["locations"][0]["physicalLocation"]["region"]["startLine"], 3);
        assert_eq!(results[1]["suppressions"][0]["justification"], "a, b");
        assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"][0]["id"], "blocks-reads");
    }
}
