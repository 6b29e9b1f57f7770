//! The migrations, the pending ones first, and what a rehearsal said of these.

use maud::{Markup, html};
use nself_report::names::{count, migration};

use super::session::Visitor;
use super::{time, view};
use crate::figures::Migration;
use crate::kept::View;
use crate::rehearsal::{Hazard, Rehearsed};

/// How many are shown.
const MOST: usize = 50;

pub fn section(migrations: &[Migration], rehearsal: &View<Vec<Rehearsed>>, visitor: &Visitor) -> Markup {
    let is_open = migrations.iter().any(is_open);
    let button = is_open.then(|| view::button(visitor, "/rehearse", "Rehearse pending ones"));
    html! {
        section aria-labelledby="migrations" {
            (view::head("migrations", "Migrations", "rehearsed", rehearsal, button))
            @if is_open {
                @match &rehearsal.last {
                    Some(last) => { (hazards(&last.answer, visitor)) }
                    None => { p { "A rehearsal in a shadow database measures what pending migrations would do to those who work here." } }
                }
            }
            (table(migrations))
        }
    }
}

fn is_open(migration: &Migration) -> bool {
    matches!(migration.state.as_str(), "pending" | "partial")
}

fn table(migrations: &[Migration]) -> Markup {
    // The latest first, and what is open before all.
    let (open, others): (Vec<_>, Vec<_>) = migrations.iter().rev().partition(|migration| is_open(migration));
    html! {
        @if migrations.is_empty() { p { "There are no migrations." } }
        @else {
            @if migrations.len() > MOST {
                p.notice { "Shown are " (MOST) " of " (migrations.len()) ". " code { "nself db migrate status" } " lists all." }
            }
            div.scroll role="region" aria-label="Table of migrations" tabindex="0" {
                table.rows {
                    thead { tr { @for column in ["Migration", "State", "Applied", "By"] { th scope="col" { (column) } } th.number scope="col" { "Took" } } }
                    tbody { @for migration in open.into_iter().chain(others).take(MOST) { (row(migration)) } }
                }
            }
        }
    }
}

fn row(of: &Migration) -> Markup {
    html! {
        tr {
            th scope="row" { code { (migration(&of.version, &of.name)) } }
            td {
                span class={ "mark " (class(&of.state)) } { (of.state) }
                @if let Some(note) = &of.note { p.detail { (note) } }
            }
            td { @if let Some(at) = of.applied_at { (time::moment(time::of_epoch(at))) } }
            td { @if let Some(by) = &of.applied_by { (by) } }
            td.number { @if let Some(ms) = of.duration_ms { (time::took(ms)) } }
        }
    }
}

fn class(state: &str) -> &'static str {
    match state {
        "applied" | "cosmetic" => "applied",
        "pending" => "pending",
        "edited" | "missing" | "partial" => "failed",
        _ => "other",
    }
}

fn hazards(rows: &[Rehearsed], visitor: &Visitor) -> Markup {
    let number: usize = rows.iter().map(|row| row.found.len()).sum();
    let has_failed = rows.iter().any(|row| row.status == "failed");
    let told: Vec<_> = rows.iter().filter(|row| row.note.is_some() || !row.found.is_empty()).collect();
    html! {
        p.lead {
            @if rows.is_empty() { "Nothing was pending in the last rehearsal." }
            @else if number == 0 && !has_failed { "No hazards." }
            @else { (count(number, "hazard")) @if has_failed { ", and a migration fails" } "." }
        }
        @if !told.is_empty() {
            ul.items { @for row in told { li class={ "item " (if row.status == "failed" { "failed" } else { "blocked" }) } { (of_statement(row, visitor)) } } }
        }
    }
}

fn of_statement(row: &Rehearsed, visitor: &Visitor) -> Markup {
    html! {
        p.what {
            strong { code { (migration(&row.version, &row.name)) } @if let Some(line) = row.line { ", line " (line) } }
            @if row.status != "ran" { " " span.faint { (row.status) } }
        }
        @match &row.note {
            // What the server said may hold a piece of the migration.
            Some(_) if row.status == "failed" && !visitor.is_admin() => {
                p.detail { "It fails: " code { "nself db migrate lint" } " says why." }
            }
            Some(note) => { p.detail { (note) } }
            None => {}
        }
        @for hazard in &row.found { (one(hazard)) }
    }
}

fn one(Hazard { hazard, sentence, gentler, allowed }: &Hazard) -> Markup {
    html! {
        p.hazard { span.mark.blocked { (hazard) } " " (sentence) }
        @match allowed {
            Some(why) => { p.detail { "Accepted, because " (why) } }
            None => { p.detail { (gentler) } }
        }
    }
}
