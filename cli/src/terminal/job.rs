//! What is shown while a job runs.

use crate::rows::Job;

/// `step 2 of 5`, once that is known, with the number of the steps before it and of all.
pub fn steps(job: &Job) -> Option<(u64, u64, String)> {
    let (step, steps) = (job.step?, job.steps?);
    let number = |number: i32| u64::try_from(number).unwrap_or(0);
    Some((number(step).saturating_sub(1), number(steps), format!("step {step} of {steps}")))
}

/// What the job waits for, if it does, and its statement in one line; else `doing`.
pub fn now(doing: &str, job: &Job) -> String {
    let statement = match &job.statement {
        Some(statement) => statement.split_whitespace().collect::<Vec<_>>().join(" "),
        None => doing.to_owned(),
    };
    if let Some(process) = job.blocked_by.as_deref().and_then(|process| process.split(": ").next()) {
        return format!("[waits for {process}] {statement}");
    }
    match (&job.wait_event_type, &job.wait_event) {
        (Some(kind), Some(event)) => format!("[{kind}: {event}] {statement}"),
        _ => statement,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(step: Option<i32>, statement: Option<&str>, wait_event: Option<&str>) -> Job {
        Job {
            state: "running".into(),
            step,
            steps: step.map(|_| 5),
            statement: statement.map(str::to_owned),
            wait_event_type: wait_event.map(|_| "Lock".to_owned()),
            wait_event: wait_event.map(str::to_owned),
            blocked_by: None,
            error: None,
            sqlstate: None,
            hint: None,
            event: None,
        }
    }

    #[test]
    fn a_step_that_runs_is_not_done_yet() {
        assert_eq!(steps(&job(Some(2), None, None)), Some((1, 5, "step 2 of 5".to_owned())));
        assert_eq!(steps(&job(None, None, None)), None);
    }

    #[test]
    fn the_statement_is_one_line_behind_what_it_waits_for() {
        let statement = Some("CREATE INDEX CONCURRENTLY i\n    ON t (a)");
        assert_eq!(now("Healing", &job(Some(1), statement, None)), "CREATE INDEX CONCURRENTLY i ON t (a)");
        let waits = job(Some(1), statement, Some("virtualxid"));
        assert_eq!(now("Healing", &waits), "[Lock: virtualxid] CREATE INDEX CONCURRENTLY i ON t (a)");
        let blocked_by = Some("process 7 (ann, psql): SELECT 1".to_owned());
        let waits = Job { blocked_by, ..waits };
        assert_eq!(
            now("Healing", &waits),
            "[waits for process 7 (ann, psql)] CREATE INDEX CONCURRENTLY i ON t (a)"
        );
        assert_eq!(now("Healing", &job(None, None, None)), "Healing");
    }
}
