//! The last runs of self-heal: a small chart, and the same as a table.

use maud::{Markup, html};
use nself_report::names::count;

use super::time;
use crate::figures::Run;

/// How many runs the chart has room for, and the table is read with.
const MOST: usize = 30;
const HEIGHT: f64 = 80.0;
const BAR: f64 = 14.0;
const STEP: f64 = 20.0;

pub fn section(runs: &[Run]) -> Markup {
    let shown = &runs[..runs.len().min(MOST)];
    html! {
        section aria-labelledby="history" {
            div.head { h2 #history tabindex="-1" { "History" } }
            @if shown.is_empty() { p { "Self-heal has not run yet." } }
            @else {
                (chart(shown))
                (table(shown))
            }
        }
    }
}

/// A bar for each run, the oldest on the left: what it applied below, what it left above.
fn chart(runs: &[Run]) -> Markup {
    let most = runs.iter().map(|run| run.drift_items.max(run.applied)).fold(1.0, f64::max);
    let width = STEP * runs.len() as f64;
    let summary = summary(runs);
    html! {
        figure.chart {
            svg role="img" aria-label=(summary) viewBox={ "0 0 " (width) " " (HEIGHT) } width=(width) height=(HEIGHT) {
                @for (run, number) in runs.iter().rev().zip(0..) { (bar(run, f64::from(number) * STEP, most)) }
                line.axis x1="0" x2=(width) y1=(HEIGHT) y2=(HEIGHT);
            }
            figcaption {
                span.key { span.swatch.applied {} " applied" }
                span.key { span.swatch.left {} " left or found" }
                span.key { span.swatch.none {} " no drift" }
                span.faint { (count(runs.len(), "run")) ", the oldest on the left" }
            }
        }
    }
}

fn bar(run: &Run, x: f64, most: f64) -> Markup {
    let height = |items: f64| (items / most * (HEIGHT - 4.0)).max(if items > 0.0 { 2.0 } else { 0.0 });
    let applied = height(run.applied);
    let left = height((run.drift_items - run.applied).max(0.0)).min(HEIGHT - applied);
    html! {
        g {
            title { "Run " (run.event) ": " (run.outcome) ", " (run.drift_items) " items" }
            @if run.drift_items == 0.0 && run.applied == 0.0 {
                rect.none x=(x) y=(HEIGHT - 3.0) width=(BAR) height="3" {}
            }
            rect.applied x=(x) y=(HEIGHT - applied) width=(BAR) height=(applied) {}
            rect.left x=(x) y=(HEIGHT - applied - left) width=(BAR) height=(left) {}
        }
    }
}

/// What the chart shows, for who cannot see it.
fn summary(runs: &[Run]) -> String {
    let healed: f64 = runs.iter().map(|run| run.applied).sum();
    let failed = runs.iter().filter(|run| run.outcome == "failed").count();
    let latest = runs.first().map_or(0.0, |run| run.drift_items);
    format!(
        "Drift items of the last {}: {latest} in the latest, {healed} applied in all, {failed} failed. The table has the figures.",
        count(runs.len(), "run")
    )
}

fn table(runs: &[Run]) -> Markup {
    html! {
        details {
            summary { "The last " (count(runs.len(), "run")) " as a table" }
            div.scroll role="region" aria-label="The last runs" tabindex="0" {
                table.rows {
                    thead {
                        tr {
                            @for column in ["Run", "At", "By", "Outcome"] { th scope="col" { (column) } }
                            @for column in ["Drift", "Applied", "Left", "Took"] { th.number scope="col" { (column) } }
                        }
                    }
                    tbody {
                        @for run in runs {
                            tr {
                                th scope="row" { (run.event) }
                                td { (time::moment(time::of_epoch(run.at))) }
                                td { (run.trigger) @if !run.confirmed { ", dry" } }
                                td { (run.outcome) @if let Some(detail) = &run.detail { p.detail { (detail) } } }
                                td.number { (run.drift_items) }
                                td.number { (run.applied) }
                                td.number { (run.blocked + run.manual) }
                                td.number { (time::took(run.duration_ms)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chart_has_a_bar_for_each_run_and_a_text() {
        let run = |event: i64, drift_items: f64, applied: f64| Run {
            event,
            at: 0.0,
            trigger: "call".to_owned(),
            drift_items,
            applied,
            blocked: 0.0,
            manual: 0.0,
            confirmed: true,
            outcome: "<healed>".to_owned(),
            duration_ms: 1.0,
            detail: None,
        };
        let html = section(&[run(3, 4.0, 3.0), run(2, 0.0, 0.0)]).into_string();
        assert!(html.contains("Drift items of the last 2 runs: 4 in the latest, 3 applied in all"), "{html}");
        assert!(html.contains("viewBox=\"0 0 40 80\""), "{html}");
        assert_eq!(html.matches("<g>").count(), 2);
        assert!(html.contains("height=\"57\"") && html.contains("height=\"19\""), "{html}");
        assert!(!html.contains("<healed>"), "{html}");
    }
}
