//! The state at a glance.

use maud::{Markup, html};
use nself_report::names::count;

use super::reading::Reading;
use super::time;
use crate::drift::Drift;
use crate::kept::View;

/// A figure of the overview: a link to the section that tells more.
struct Card<'a> {
    href: &'a str,
    label: &'a str,
    /// good, warning, bad or nothing
    class: &'static str,
    value: String,
    below: Markup,
}

pub fn cards(read: Option<&Reading>, is_away: bool, drift: &View<Drift>) -> Markup {
    let mut cards = vec![of_drift(drift)];
    if let Some(read) = read {
        cards.push(of_heal(read));
        cards.push(of_migrations(read));
        cards.push(of_jobs(read));
        if !read.tenants.is_empty() {
            cards.push(of_tenants(read));
        }
    }
    html! {
        section aria-label="State" {
            ul.cards .old[is_away] {
                @for Card { href, label, class, value, below } in cards {
                    li class={ "card " (class) } {
                        a href=(href) {
                            span.label { (label) }
                            span.value { (value) }
                            span.below { (below) }
                        }
                    }
                }
            }
        }
    }
}

fn of_drift(drift: &View<Drift>) -> Card<'static> {
    let (class, value, below) = match &drift.last {
        None if drift.is_under_way => ("", "looking".to_owned(), html! { "the first look is under way" }),
        None => ("warning", "unknown".to_owned(), html! { "nobody has looked yet" }),
        Some(last) => {
            let value = match last.answer.items.len() {
                0 => "none".to_owned(),
                items => items.to_string(),
            };
            let class = if last.answer.items.is_empty() { "good" } else { "bad" };
            (class, value, html! { "looked " (time::ago(last.at)) })
        }
    };
    Card { href: "#drift", label: "Drift", class, value, below }
}

fn of_heal(read: &Reading) -> Card<'static> {
    let status = &read.figures.status;
    let value = match (status.enabled, status.auto_run) {
        (true, true) => "by itself",
        (true, false) => "on",
        (false, _) => "off",
    };
    let below = html! {
        @match (status.last_run, &status.last_outcome) {
            (Some(at), Some(outcome)) => { "last run " (time::ago(time::of_epoch(at))) ": " (outcome) }
            _ => { "has not run yet" }
        }
        @if let Some(by) = &status.enabled_by { br; "by " (by) }
        @if let Some(note) = &status.note { br; (note) }
    };
    let class = if status.last_outcome.as_deref() == Some("failed") { "bad" } else { "" };
    Card { href: "#history", label: "Self-heal", class, value: value.to_owned(), below }
}

fn of_migrations(read: &Reading) -> Card<'static> {
    let all = &read.figures.migrations;
    let pending = all.iter().filter(|migration| migration.state == "pending").count();
    let applied =
        all.iter().filter(|migration| matches!(migration.state.as_str(), "applied" | "cosmetic")).count();
    let others = all.len() - pending - applied;
    let (class, value) = match (others, pending) {
        (0, 0) => ("good", "all applied".to_owned()),
        (0, _) => ("warning", format!("{pending} pending")),
        _ => ("bad", format!("{others} to look at")),
    };
    let below = html! { (applied) " applied" @if pending > 0 && others > 0 { ", " (pending) " pending" } };
    Card { href: "#migrations", label: "Migrations", class, value, below }
}

fn of_jobs(read: &Reading) -> Card<'static> {
    let number = |states: &[&str]| -> u32 {
        let jobs = read.figures.jobs.iter().filter(|jobs| states.contains(&jobs.state.as_str()));
        jobs.map(|jobs| jobs.number).sum()
    };
    let at_work = number(&["running", "waiting"]);
    let (done, failed) = (number(&["done"]), number(&["failed", "interrupted"]));
    let value = if at_work > 0 { format!("{at_work} at work") } else { "none at work".to_owned() };
    let below = html! { (done) " done, " (failed) " failed" };
    Card { href: "#jobs", label: "Jobs", class: "", value, below }
}

fn of_tenants(read: &Reading) -> Card<'static> {
    let behind = read.tenants.iter().filter(|tenant| !tenant.is_up_to_date()).count();
    let (class, value) = match behind {
        0 => ("good", "up to date".to_owned()),
        behind => ("warning", format!("{behind} behind")),
    };
    let below = html! { (count(read.tenants.len(), "tenant")) };
    Card { href: "#tenants", label: "Tenants", class, value, below }
}
