//! The page as a whole.

use axum::http::HeaderValue;
use maud::{Markup, html};

use super::session::{Notice, Visitor};
use super::{answer, drift, figures, form, history, jobs, migrations, plan, tenants, time};
use crate::kept::View;
use crate::server::Server;

/// The query of a page that the browser loads again by itself.
pub const KEPT_CURRENT: &str = "keep-current";
pub const RELOAD: HeaderValue = HeaderValue::from_static("30");

/// The whole page, from what is kept now.
pub fn page(server: &Server, visitor: &Visitor, notice: Option<&Notice>, is_kept_current: bool) -> Markup {
    let reading = server.page.reading.view();
    let (drift, plan) = (server.last_drift.kept().view(), server.page.plan.view());
    let rehearsal = server.page.rehearsal.kept().view();
    let read = reading.last.as_deref().map(|moment| &moment.answer);
    let has_tenants = read.is_some_and(|of| !of.tenants.is_empty());
    let top = html! {
        @if let Some(of) = read {
            p.where { code { (of.identity.database) } @if let Some(env) = &of.environment.name { " " span.env { (env) } } }
        }
        p.who { (role(visitor)) }
        form method="post" action="/sign-out" { (token(visitor)) button.quiet type="submit" { "Sign out" } }
    };
    html! {
        (answer::top(Some(&top)))
        nav.sections aria-label="Sections" {
            ul {
                @for (id, name) in SECTIONS {
                    @if id != "tenants" || has_tenants { li { a href={ "#" (id) } { (name) } } }
                }
            }
            (keeps_current(is_kept_current))
        }
        main #main {
            h1.hidden { "Schema of " (read.map_or("the database", |of| of.identity.database.as_str())) }
            @if let Some(Notice { is_good, text }) = notice {
                p #notice .notice .good[*is_good] .bad[!*is_good] role="alert" tabindex="-1" { (text) }
            }
            (away(&reading))
            (figures::cards(read, reading.failed.is_some(), &drift))
            (drift::section(&drift, visitor))
            (plan::section(server, &plan, read, visitor))
            @if let Some(read) = read {
                (history::section(&read.figures.runs))
                (jobs::section(&read.jobs, visitor))
                (migrations::section(&read.figures.migrations, &rehearsal, visitor))
                @if has_tenants { (tenants::section(read, drift.last.as_deref().map(|of| &of.answer))) }
            }
        }
        footer { p { "nself " (env!("CARGO_PKG_VERSION")) @if let Some(of) = read { ", PostgreSQL " (of.identity.server_version) } } }
    }
}

const SECTIONS: [(&str, &str); 6] = [
    ("drift", "Drift"),
    ("plan", "Plan"),
    ("history", "History"),
    ("jobs", "Jobs"),
    ("migrations", "Migrations"),
    ("tenants", "Tenants"),
];

fn role(visitor: &Visitor) -> &'static str {
    if visitor.is_admin() { "Admin" } else { "Operator" }
}

/// The field without which a form is refused.
pub fn token(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name=(form::TOKEN) value=(visitor.token); }
}

/// A form of one button.
pub fn button(visitor: &Visitor, action: &str, text: &str) -> Markup {
    html! { form method="post" action=(action) { (token(visitor)) button type="submit" { (text) } } }
}

/// Whether the page is loaded again by itself is for the reader to say.
fn keeps_current(is_kept_current: bool) -> Markup {
    html! {
        @if is_kept_current {
            p.current { "Reloads every 30 s. " a href="/" { "Stop" } }
        } @else {
            p.current { a href="/" { "Reload" } a href={ "/?" (KEPT_CURRENT) } { "Reload every 30 s" } }
        }
    }
}

/// That the database does not answer, and of when the rest is.
fn away<T>(reading: &View<T>) -> Markup {
    html! {
        @if let Some((_, message)) = &reading.failed {
            p.notice.bad role="alert" {
                strong { "The database gave no answer: " } (message) ". "
                @match &reading.last {
                    Some(last) => { "What follows is as it was " (time::ago(last.at)) "." }
                    None => { "Nothing was read since this server started." }
                }
            }
        }
    }
}

/// What there is to say of a question beside its last answer.
pub fn state<T>(of: &View<T>) -> Markup {
    html! {
        @if of.is_under_way {
            p.notice role="status" { "A new answer is under way. " a href="/" { "Reload" } " to see it." }
        }
        @if let Some((at, message)) = &of.failed {
            p.notice.bad { "The attempt " (time::ago(*at)) " failed: " (message) }
        }
    }
}

/// The head of a section, with its button, and when what it shows was asked for; `asked` is the word for that.
pub fn head<T>(id: &str, title: &str, asked: &str, of: &View<T>, button: Option<Markup>) -> Markup {
    html! {
        div.head {
            h2 id=(id) tabindex="-1" { (title) }
            @if let Some(last) = &of.last {
                p.faint { (asked) " " (time::ago(last.at)) ", took " (time::took(last.took.as_millis() as f64)) }
            }
            @if let Some(button) = button { (button) }
        }
        (state(of))
    }
}
