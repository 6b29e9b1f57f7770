//! The page at `/`, for people with a browser: what the database keeps and the last drift, plan and rehearsal that somebody
//! asked for. It starts none of these by itself but a drift as old as that of a scrape may be. It needs no script.

mod answer;
mod ask;
mod drift;
mod figures;
mod form;
mod heal;
mod history;
mod jobs;
mod migrations;
mod plan;
mod reading;
mod session;
mod sign_in;
mod tenants;
mod time;
mod view;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use tokio::sync::Semaphore;

use crate::heal::Step;
use crate::kept::Kept;
use crate::refusal::Refusal;
use crate::rehearsal::LastRehearsal;
use crate::request::{Called, is_meant_for_this_machine};
use crate::secret::Secret;
use crate::server::{Server, Shared};
use reading::Reading;
use session::{Guesses, Sessions, Visitor};

/// A page that takes longer shows what was kept.
const PATIENCE: Duration = Duration::from_secs(6);
/// So many requests may be under way. They take no places of calls: whoever sends a form slowly, without a secret, keeps
/// nobody's call from being answered.
const VIEWS: usize = 64;
/// The paths of the forms.
const FORMS: [&str; 6] = ["/sign-in", "/sign-out", "/look", "/plan", "/rehearse", "/heal"];

/// What the page keeps between requests.
pub struct Page {
    views: Semaphore,
    operator_secret: Option<Secret>,
    sessions: Sessions,
    guesses: Guesses,
    reading: Kept<Reading>,
    plan: Kept<Vec<Step>>,
    rehearsal: Arc<LastRehearsal>,
}

impl Page {
    pub fn new(operator_secret: Option<Secret>, rehearsal: Arc<LastRehearsal>) -> Self {
        Self {
            views: Semaphore::new(VIEWS),
            operator_secret,
            sessions: Sessions::default(),
            guesses: Guesses::default(),
            reading: Kept::default(),
            plan: Kept::default(),
            rehearsal,
        }
    }
}

/// Whether a form is sent to this path.
pub fn takes_post(path: &str) -> bool {
    FORMS.contains(&path)
}

pub fn routes(server: &Arc<Server>) -> Router<Arc<Server>> {
    // Who loads the answer to a form again gets the page.
    let form = |handler| get(to_page).merge(handler);
    Router::new()
        .route("/", get(page))
        .route("/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/sign-out", form(post(sign_in::sign_out)))
        .route("/look", form(post(ask::look)))
        .route("/plan", form(post(ask::plan)))
        .route("/rehearse", form(post(ask::rehearse)))
        .route("/heal", form(post(heal::heal)))
        .route_layer(from_fn_with_state(Arc::clone(server), guard))
}

/// Turns away what no form of this page sends, and more at once than there may be.
async fn guard(State(server): Shared, request: Request, next: Next) -> Response {
    let forbidden = |message| Refusal::new(StatusCode::FORBIDDEN, "forbidden", message);
    let headers = request.headers();
    if server.secret.is_none() && !is_meant_for_this_machine(headers) {
        return answer::refused(forbidden("without a secret, the page is shown at localhost alone"));
    }
    if request.method() == Method::POST && !is_from_here(headers) {
        return answer::refused(forbidden("the form was not sent from a page of this server"));
    }
    let Ok(_view) = server.page.views.try_acquire() else {
        return answer::refused(Refusal::busy());
    };
    next.run(request).await
}

/// Whether a browser says that the form came from a page of this address. All of today's say so.
fn is_from_here(headers: &HeaderMap) -> bool {
    let value = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (value(header::ORIGIN.as_str()), value(header::HOST.as_str())) {
        (Some(origin), Some(host)) => {
            origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
        }
        (None, _) => value("sec-fetch-site") == Some("same-origin"),
        (Some(_), None) => false,
    }
}

async fn to_page() -> Response {
    answer::to("/")
}

async fn page(State(server): Shared, request: Request) -> Response {
    let Some(visitor) = server.page.sessions.visitor(request.headers()) else {
        return answer::to("/sign-in");
    };
    if let Some(longest_age) = server.limits.drift_age {
        server.last_drift.renew(&server.database, longest_age);
    }
    let read = reading::read(server.database.within(PATIENCE));
    // The view says why it failed.
    let _ = server.page.reading.ask(read).await;
    let is_kept_current = request.uri().query() == Some(view::KEPT_CURRENT);
    let notice = server.page.sessions.take_notice(&visitor);
    let body = view::page(&server, &visitor, notice.as_ref(), is_kept_current);
    let mut response = answer::page(StatusCode::OK, "nself", &body);
    if is_kept_current {
        response.headers_mut().insert(header::REFRESH, view::RELOAD);
    }
    response.extensions_mut().insert(called("page", &visitor));
    response
}

/// What the log says of it.
fn called(action: &'static str, visitor: &Visitor) -> Called {
    Called { action: Some(action), role: Some(visitor.level.word().to_owned()) }
}

/// Where a request comes from.
fn address(request: &Request) -> Option<std::net::IpAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|of| of.0.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_comes_from_a_page_of_this_address() {
        let from = |pairs: &[(&'static str, &str)]| {
            let headers = pairs
                .iter()
                .map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap()));
            is_from_here(&headers.collect())
        };
        let host = ("host", "db.example:8090");
        assert!(from(&[host, ("origin", "http://db.example:8090")]));
        assert!(from(&[host, ("origin", "https://DB.example:8090")]));
        assert!(from(&[host, ("sec-fetch-site", "same-origin")]));
        for origin in ["http://db.example", "http://evil.example:8090", "null", "", "db.example:8090"] {
            assert!(!from(&[host, ("origin", origin), ("sec-fetch-site", "same-origin")]), "{origin}");
        }
        assert!(!from(&[host, ("sec-fetch-site", "same-site")]));
        assert!(!from(&[host]));
        assert!(!from(&[("origin", "http://db.example:8090")]));
    }
}
