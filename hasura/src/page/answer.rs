//! Answers to a browser: HTML that loads nothing and is kept nowhere, and the way to another page.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::{Markup, html};
use nself_report::document;

use crate::refusal::{Refusal, Told};

const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    // Without any, the browser would not say where a form comes from.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

pub fn page(status: StatusCode, title: &str, body: &Markup) -> Response {
    let policy = format!("{}; form-action 'self'; frame-ancestors 'none'", document::policy());
    let policy = HeaderValue::try_from(policy).expect("the policy is plain ASCII");
    let html = document::document(title, &html! {}, body).into_string();
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let own = [(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, policy)];
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    response.headers_mut().extend(own.into_iter().chain(HEADERS));
    response
}

/// Sends the browser to a page of this server.
pub fn to(path: &'static str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let location = (header::LOCATION, HeaderValue::from_static(path));
    response.headers_mut().extend([location].into_iter().chain(HEADERS));
    response
}

/// A refusal as a page.
pub fn refused(refusal: Refusal) -> Response {
    let body = html! {
        (top(None))
        main.narrow {
            h1 { "That did not work" }
            p.notice.bad role="alert" { (refusal.message) }
            p { a href="/" { "To the page" } }
        }
    };
    let mut response = page(refusal.status, "nself: refused", &body);
    if refusal.status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    }
    let Refusal { code, sqlstate, cause, .. } = refusal;
    response.extensions_mut().insert(Told { code, sqlstate, cause });
    response
}

/// The band at the top; `rest` stands beside the name.
pub fn top(rest: Option<&Markup>) -> Markup {
    html! {
        a.skip href="#main" { "Skip to the content" }
        header.top {
            div.inner {
                p.brand { "nself" }
                @if let Some(rest) = rest { (rest) }
            }
        }
    }
}
