//! The dry run of a heal, and the form that starts one.

use maud::{Markup, html};
use nself_report::names::{count, object};

use super::reading::Reading;
use super::session::Visitor;
use super::view;
use crate::heal::Step;
use crate::kept::View;
use crate::server::Server;

/// A browser shows so many steps well.
const MOST: usize = 500;

pub fn section(server: &Server, plan: &View<Vec<Step>>, read: Option<&Reading>, visitor: &Visitor) -> Markup {
    let button = view::button(visitor, "/plan", "Make the plan");
    html! {
        section aria-labelledby="plan" {
            (view::head("plan", "Plan of a heal", "made", plan, Some(button)))
            @match &plan.last {
                Some(last) => { (steps(&last.answer)) }
                None => { p { "A dry run tells what a heal would do, and changes nothing; the history keeps that it was made." } }
            }
            @if let Some(read) = read { (heal(server, &read.identity.database, visitor)) }
        }
    }
}

fn steps(steps: &[Step]) -> Markup {
    let number = |status: &str| steps.iter().filter(|step| step.status == status).count();
    let (planned, left) = (number("planned"), number("blocked") + number("manual"));
    html! {
        p.lead {
            @if steps.is_empty() { "There is nothing to heal." }
            @else { (count(planned, "step")) " to apply, " (left) " left for a person." }
        }
        @if steps.len() > MOST {
            p.notice.warning { "Shown are the first " (MOST) " of " (steps.len()) " steps. " code { "nself self-heal run" } " lists all." }
        }
        @if !steps.is_empty() {
            ol.items {
                @for step in steps.iter().take(MOST) {
                    li class={ "item " (class(&step.status)) } { (one(step)) }
                }
            }
        }
    }
}

fn class(status: &str) -> &'static str {
    ["planned", "applied", "blocked", "manual", "failed"]
        .into_iter()
        .find(|known| *known == status)
        .unwrap_or("other")
}

fn one(step: &Step) -> Markup {
    let name = object(&step.object_type, &step.identity);
    let (word, name) = name.split_once(": ").unwrap_or(("", &name));
    html! {
        p.what {
            span class={ "mark " (class(&step.status)) } { (step.status) }
            " " strong { (word) " " code { (name) } }
            @if let Some(step) = step.step { " " span.faint { "step " (step) } }
        }
        @if let Some(ddl) = &step.ddl { @if step.status == "planned" { pre { code { (ddl) } } } }
        @if let Some(detail) = &step.detail { p.detail { (detail) } }
    }
}

fn heal(server: &Server, database: &str, visitor: &Visitor) -> Markup {
    html! {
        details.heal {
            summary { h3 { "Heal now" } }
            form.card method="post" action="/heal" {
                (view::token(visitor))
                p { "A job adds what is missing. It drops, renames and replaces nothing." }
                @if server.secret.is_some() {
                    label for="admin-secret" { "The admin's secret" }
                    input #admin-secret type="password" name="secret" required autocomplete="off";
                }
                label for="confirm" { "To confirm, type the name of the database: " code { (database) } }
                input #confirm type="text" name="confirm" required autocomplete="off" autocapitalize="off" spellcheck="false";
                button.primary type="submit" { "Heal " (database) }
            }
        }
    }
}
