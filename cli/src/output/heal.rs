//! What `nself self-heal` says of its runs, its state and its past.

use serde::Serialize;

use super::table::{cell, table};
use super::wrap::item;
use crate::rows::{HealEvent, HealStatus, HealStep};
use crate::terminal::hints::in_commands;
use crate::terminal::style::{ERROR, GOOD, HEADING, WARNING, paint};
use nself_report::names::{count, object};
use nself_report::time::{duration, moment};

/// What a dry run found and would do.
pub fn planned(steps: &[HealStep]) -> String {
    if steps.is_empty() {
        return no_drift();
    }
    format!(
        "{}\n{}Dry run: {} to apply{}. Nothing was changed. Run with --confirm to heal.\n",
        overview(steps.iter()),
        statements(steps),
        count(number(steps, "planned"), "step"),
        others(steps),
    )
}

/// What a heal did, and what it left.
pub fn healed(steps: &[HealStep]) -> String {
    if steps.is_empty() { no_drift() } else { ended(steps, paint(GOOD, "Healed:")) }
}

/// What a heal did that did not come to its end.
pub fn cut_short(steps: &[HealStep]) -> String {
    if steps.is_empty() { String::new() } else { ended(steps, paint(WARNING, "Healed in part:")) }
}

/// Each step is told once: what was applied in the table, the rest with its reason below.
fn ended(steps: &[HealStep], how: String) -> String {
    let failed = section(steps, paint(ERROR, "Failed:"), &["failed"]);
    let left = section(steps, paint(HEADING, "Left for a person:"), &["blocked", "manual"]);
    let applied = number(steps, "applied");
    let (table, summary) = match applied {
        0 => {
            let others = others(steps);
            let said = paint(WARNING, "Nothing could be healed:");
            (String::new(), format!("{said} {}", others.trim_start_matches(", ")))
        }
        _ => {
            let done = steps.iter().filter(|step| step.status == "applied");
            (overview(done), format!("{how} {applied} applied{}", others(steps)))
        }
    };
    format!("{table}{failed}{left}{summary}.\n")
}

/// How many steps ended in each way.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Totals {
    planned: usize,
    applied: usize,
    blocked: usize,
    manual: usize,
    failed: usize,
}

impl Totals {
    pub fn of(steps: &[HealStep]) -> Self {
        Self {
            planned: number(steps, "planned"),
            applied: number(steps, "applied"),
            blocked: number(steps, "blocked"),
            manual: number(steps, "manual"),
            failed: number(steps, "failed"),
        }
    }

    /// Whether something differs still that could be told.
    pub fn leaves_something(&self) -> bool {
        self.blocked + self.manual + self.failed > 0
    }
}

/// Whether a part of the heal failed.
pub fn has_failed(steps: &[HealStep]) -> bool {
    number(steps, "failed") > 0
}

/// Whether self-heal is on and what it last did.
pub fn status(status: &HealStatus) -> String {
    let mut text = String::new();
    let mut line =
        |label: &str, value: String| text.push_str(&format!("{:<15} {value}\n", format!("{label}:")));
    let on = |on: bool| if on { paint(GOOD, "enabled") } else { paint(WARNING, "disabled") };
    let by = status.enabled_by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    line("Self-heal", format!("{}{by}", on(status.enabled)));
    if let Some(auto_run) = status.auto_run {
        line("Runs by itself", if auto_run { "yes" } else { "no" }.to_owned());
    }
    if let Some(note) = &status.note {
        line("Note", in_commands(note));
    }
    let last = status.last_run_at.as_deref().map_or("never".to_owned(), moment);
    let outcome = status.last_outcome.as_deref().map(|outcome| format!(" ({outcome})")).unwrap_or_default();
    line("Last run", format!("{last}{outcome}"));
    if let Some(items) = status.drift_items {
        line(
            "Drift",
            if items == 0 { "none".to_owned() } else { count(usize::try_from(items).unwrap_or(0), "item") },
        );
    }
    if let Some(age) = &status.expected_state_age {
        line("Expected state", format!("computed {} ago", whole_seconds(age)));
    }
    text
}

/// The last runs.
pub fn history(events: &[HealEvent]) -> String {
    if events.is_empty() {
        return "Self-heal has not run yet.\n".to_owned();
    }
    let rows = events.iter().map(|event| {
        let how = event.confirmed.map(|confirmed| if confirmed { "confirmed" } else { "dry run" });
        let how = [event.trigger.as_deref(), how].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let steps = [(event.applied, "applied"), (event.blocked, "blocked"), (event.manual, "manual")];
        let steps = steps.iter().filter_map(|(number, status)| {
            number.filter(|number| *number > 0).map(|number| format!("{number} {status}"))
        });
        [
            event.event.to_string(),
            cell(event.at.as_deref().map(moment)),
            how,
            cell(event.outcome.as_ref()),
            cell(event.drift_items),
            steps.collect::<Vec<_>>().join(", "),
            cell(event.duration_ms.map(duration)),
            cell(event.detail.as_deref()),
        ]
    });
    table(["event", "at", "by", "outcome", "drift", "steps", "took", "note"], rows)
}

/// What the switch is set to now, and which variable says so in which file, if there is one.
pub fn switched(enabled: bool, file: Option<(&str, &str)>) -> String {
    let said = format!("Self-heal is {} for this database.\n", if enabled { "enabled" } else { "disabled" });
    match file {
        Some((variable, file)) => format!("{said}{variable}={enabled} is set in {file}.\n"),
        None => said,
    }
}

fn no_drift() -> String {
    format!("{}\n", paint(GOOD, "No drift."))
}

fn number(steps: &[HealStep], status: &str) -> usize {
    steps.iter().filter(|step| step.status == status).count()
}

/// `, 1 blocked, 2 manual`: whatever there is besides what was asked for.
fn others(steps: &[HealStep]) -> String {
    let counts = ["failed", "blocked", "manual"].map(|status| (number(steps, status), status));
    counts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, status)| format!(", {number} {status}"))
        .collect()
}

fn overview<'a>(steps: impl Iterator<Item = &'a HealStep>) -> String {
    let rows = steps.map(|step| {
        let object = object(&step.object_type, &step.identity);
        [cell(step.step), step.status.clone(), object, cell(step.detail.as_deref().map(in_commands))]
    });
    table(["step", "status", "object", "detail"], rows)
}

/// The statements of a plan, ready to be read or copied.
fn statements(steps: &[HealStep]) -> String {
    let planned = steps.iter().filter(|step| step.status == "planned");
    let ddl: Vec<_> = planned.filter_map(|step| step.ddl.as_deref()).map(terminated).collect();
    if ddl.is_empty() { String::new() } else { format!("{}\n\n", ddl.join("\n")) }
}

fn terminated(statement: &str) -> String {
    let statement = statement.trim_end();
    if statement.ends_with(';') { statement.to_owned() } else { format!("{statement};") }
}

fn section(steps: &[HealStep], heading: String, statuses: &[&str]) -> String {
    let mut steps = steps.iter().filter(|step| statuses.contains(&step.status.as_str())).peekable();
    if steps.peek().is_none() {
        return String::new();
    }
    let mut text = format!("{heading}\n");
    for step in steps {
        let reason = step.detail.as_deref().map_or(step.status.clone(), in_commands);
        text.push_str(&item(&format!("{}: {reason}", object(&step.object_type, &step.identity))));
    }
    text
}

/// The server's `2 days 03:04:05.678` without the fraction.
fn whole_seconds(interval: &str) -> &str {
    interval.split('.').next().unwrap_or(interval)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::style::plain;

    fn step(number: i32, identity: &str, status: &str, detail: Option<&str>) -> HealStep {
        HealStep {
            step: Some(number),
            object_type: "table column".into(),
            identity: format!("public.t.{identity}"),
            ddl: Some(format!("ALTER TABLE public.t ADD COLUMN {identity} int")),
            status: status.into(),
            detail: detail.map(str::to_owned),
        }
    }

    #[test]
    fn a_dry_run_shows_the_statements_and_how_to_go_on() {
        let steps = [step(1, "a", "planned", None), step(2, "b", "blocked", Some("3 rows are in the way"))];
        let text = plain(&planned(&steps));
        assert!(text.contains("\nALTER TABLE public.t ADD COLUMN a int;\n\n"), "{text}");
        assert!(!text.contains("COLUMN b int"), "{text}");
        let end = "Dry run: 1 step to apply, 1 blocked. Nothing was changed. Run with --confirm to heal.\n";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn what_is_left_is_named_with_its_reason() {
        let steps = [
            step(1, "a", "applied", None),
            step(2, "b", "blocked", Some("3 rows are in the way:\nselect * from t")),
            step(3, "c", "manual", Some("drops a column")),
        ];
        let end = "\
Left for a person:
  Column: t.b: 3 rows are in the way:
    select * from t
  Column: t.c: drops a column
Healed: 1 applied, 1 blocked, 1 manual.
";
        assert!(plain(&healed(&steps)).ends_with(end));
        assert!(!has_failed(&steps));
    }

    #[test]
    fn failures_are_told_apart() {
        let steps = [step(1, "a", "failed", Some("permission denied"))];
        let text = plain(&healed(&steps));
        assert!(
            text.ends_with("Failed:\n  Column: t.a: permission denied\nNothing could be healed: 1 failed.\n"),
            "{text}"
        );
        assert!(has_failed(&steps));
    }

    #[test]
    fn a_heal_that_was_cut_short_does_not_say_that_there_is_no_drift() {
        let text = plain(&cut_short(&[step(1, "a", "applied", None)]));
        assert!(text.contains("Column: t.a") && text.ends_with("\nHealed in part: 1 applied.\n"), "{text}");
        assert_eq!(cut_short(&[]), "");
    }

    #[test]
    fn each_step_is_told_once_and_nothing_healed_is_not_called_healed() {
        let steps =
            [step(1, "a", "blocked", Some("3 rows are in the way")), step(2, "b", "manual", Some("x"))];
        let expected = "\
Left for a person:
  Column: t.a: 3 rows are in the way
  Column: t.b: x
Nothing could be healed: 1 blocked, 1 manual.
";
        assert_eq!(plain(&healed(&steps)), expected);
        assert_eq!(plain(&cut_short(&steps)), expected);
        let some = [step(1, "a", "applied", None), step(2, "b", "manual", Some("x"))];
        assert_eq!(plain(&healed(&some)).matches("t.b").count(), 1);
    }

    #[test]
    fn totals_tell_whether_something_is_left() {
        let all = [step(1, "a", "applied", None), step(2, "b", "blocked", None)];
        let totals = Totals { planned: 0, applied: 1, blocked: 1, manual: 0, failed: 0 };
        assert_eq!(Totals::of(&all), totals);
        assert!(totals.leaves_something() && !Totals::of(&all[..1]).leaves_something());
    }

    #[test]
    fn the_history_has_a_line_a_run_and_its_reason() {
        let event = HealEvent {
            event: 7,
            at: Some("2026-05-07T12:00:00.5+00:00".into()),
            trigger: Some("call".into()),
            drift_items: Some(3),
            applied: Some(2),
            blocked: Some(0),
            manual: Some(1),
            confirmed: Some(true),
            outcome: Some("healed in part".into()),
            duration_ms: Some(42),
            detail: None,
        };
        let expected = "\
event  at                         by               outcome         drift  steps                took
7      2026-05-07 12:00:00+00:00  call, confirmed  healed in part  3      2 applied, 1 manual  42ms
";
        assert_eq!(plain(&history(&[event])), expected);
    }

    #[test]
    fn no_steps_is_no_drift() {
        assert_eq!(plain(&planned(&[])), "No drift.\n");
        assert_eq!(plain(&healed(&[])), "No drift.\n");
    }

    #[test]
    fn status_leaves_out_what_is_not_known() {
        let known = HealStatus {
            enabled: true,
            auto_run: Some(false),
            last_run_at: Some("2026-05-07T12:00:00.5+00:00".into()),
            last_outcome: Some("healed".into()),
            drift_items: Some(1),
            expected_state_age: Some("1 day 02:03:04.5".into()),
            enabled_by: Some("nself.schema_heal_enabled (environment variable)".into()),
            note: Some(
                "this database is a copy: call nself_heal_enable() here to let the worker heal it".into(),
            ),
        };
        let expected = "\
Self-heal:      enabled by nself.schema_heal_enabled (environment variable)
Runs by itself: no
Note:           this database is a copy: run nself self-heal enable here to let the worker heal it
Last run:       2026-05-07 12:00:00+00:00 (healed)
Drift:          1 item
Expected state: computed 1 day 02:03:04 ago
";
        assert_eq!(plain(&status(&known)), expected);
        let unknown = HealStatus {
            enabled: false,
            auto_run: None,
            last_run_at: None,
            last_outcome: None,
            drift_items: None,
            expected_state_age: None,
            enabled_by: None,
            note: None,
        };
        assert_eq!(plain(&status(&unknown)), "Self-heal:      disabled\nLast run:       never\n");
    }
}
