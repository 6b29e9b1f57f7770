//! The latest jobs, with how far they are.

use maud::{Markup, html};
use nself_report::time::duration;

use super::reading::{JOBS, Job};
use super::session::Visitor;
use super::time;

pub fn section(jobs: &[Job], visitor: &Visitor) -> Markup {
    html! {
        section aria-labelledby="jobs" {
            div.head {
                h2 #jobs tabindex="-1" { "Jobs" }
                @if !jobs.is_empty() { p.faint { "the latest, at most " (JOBS) } }
            }
            @if jobs.is_empty() { p { "There are no jobs." } }
            @else { ul.items { @for job in jobs { li class={ "item " (class(&job.state)) } { (one(job, visitor)) } } } }
        }
    }
}

fn class(state: &str) -> &'static str {
    match state {
        "done" => "applied",
        "failed" | "interrupted" => "failed",
        "waiting" | "running" => "planned",
        _ => "other",
    }
}

fn one(job: &Job, visitor: &Visitor) -> Markup {
    let is_over = !matches!(job.state.as_str(), "waiting" | "running");
    html! {
        p.what {
            span class={ "mark " (class(&job.state)) } { (job.state) }
            " " strong { "Job " (job.job) ", " (job.kind) }
            " " span.faint {
                (time::ago(time::of_epoch(job.created_at)))
                @if let Some(ended) = job.ended_at { ", took " (duration(((ended - job.created_at) * 1000.0) as i64)) }
            }
        }
        @if let (Some(step), Some(steps)) = (job.step, job.steps) {
            @if is_over { p.faint { "step " (step) " of " (steps) } }
            @else {
                p.progress {
                    progress value=(step) max=(steps.max(1)) aria-label={ "Progress of job " (job.job) } {}
                    " step " (step) " of " (steps)
                }
            }
        }
        @if !is_over {
            @if let Some(statement) = &job.statement { pre { code { (statement) } } }
            @if let (Some(kind), Some(event)) = (&job.wait_event_type, &job.wait_event) {
                p.detail { "waits: " (kind) ", " (event) }
            }
            // That names what others run.
            @if visitor.is_admin() { @if let Some(blocked_by) = &job.blocked_by { p.detail { "behind " (blocked_by) } } }
        }
        @if let Some(error) = &job.error {
            p.detail { (error) @if let Some(sqlstate) = &job.sqlstate { " (" (sqlstate) ")" } }
        }
        @if let Some(hint) = &job.hint { p.detail { (hint) } }
    }
}
