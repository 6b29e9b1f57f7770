//! Signing in and out.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::{Markup, html};

use super::answer;
use super::form::Form;
use super::{address, called};
use crate::refusal::{Refusal, Told};
use crate::request::Called;
use crate::roles::Level;
use crate::server::{Server, Shared};

pub async fn show(State(server): Shared, headers: HeaderMap) -> Response {
    match server.page.sessions.visitor(&headers) {
        Some(_) => answer::to("/"),
        None => answer::page(StatusCode::OK, "nself: sign in", &form(&server, None)),
    }
}

pub async fn sign_in(State(server): Shared, request: Request) -> Response {
    let from = address(&request);
    if server.page.guesses.are_too_many(from) {
        return answer::refused(too_many());
    }
    // Behind a proxy that encrypts, the browser alone knows that it is so.
    let is_encrypted = request.headers().get(header::ORIGIN).is_some_and(is_https);
    let form = match Form::read(&server, request).await {
        Ok(form) => form,
        Err(refusal) => return answer::refused(refusal),
    };
    let Some(level) = level(&server, form.field("secret")) else {
        server.page.guesses.count(from);
        return wrong(&server);
    };
    let Some(cookie) = server.page.sessions.begin(level, is_encrypted) else {
        let message = "this machine gives no random numbers";
        return answer::refused(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "failed", message));
    };
    let mut response = with_cookie(answer::to("/"), cookie);
    let role = Some(level.word().to_owned());
    response.extensions_mut().insert(Called { action: Some("page: sign in"), role });
    response
}

pub async fn sign_out(State(server): Shared, request: Request) -> Response {
    match Form::of_visitor(&server, request).await {
        Ok((visitor, _)) => {
            let mut response = with_cookie(answer::to("/sign-in"), server.page.sessions.end(&visitor));
            response.extensions_mut().insert(called("page: sign out", &visitor));
            response
        }
        Err(_) => answer::to("/sign-in"),
    }
}

pub fn too_many() -> Refusal {
    let message = "too many wrong secrets came from this address: try again in a minute";
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too-many-guesses", message)
}

/// What a secret opens. All are compared, whichever is right.
fn level(server: &Server, text: &str) -> Option<Level> {
    let Some(secret) = &server.secret else { return Some(Level::Admin) };
    let is_admin = secret.is(text.as_bytes());
    let is_operator = server.page.operator_secret.as_ref().is_some_and(|secret| secret.is(text.as_bytes()));
    match (is_admin, is_operator) {
        (true, _) => Some(Level::Admin),
        (false, true) => Some(Level::Look),
        (false, false) => None,
    }
}

fn is_https(origin: &HeaderValue) -> bool {
    origin.as_bytes().starts_with(b"https://")
}

fn with_cookie(mut response: Response, cookie: String) -> Response {
    let cookie = HeaderValue::try_from(cookie).expect("a cookie of hexadecimal digits is plain ASCII");
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

fn wrong(server: &Server) -> Response {
    let message = "That is not the secret.";
    let mut response = answer::page(StatusCode::UNAUTHORIZED, "nself: sign in", &form(server, Some(message)));
    response.extensions_mut().insert(Told { code: "wrong-secret", sqlstate: None, cause: None });
    response
}

fn form(server: &Server, error: Option<&str>) -> Markup {
    let needs_secret = server.secret.is_some();
    html! {
        (answer::top(None))
        main #main .narrow {
            h1 { "Sign in" }
            form.card method="post" action="/sign-in" {
                @if needs_secret {
                    label for="secret" { "Secret" }
                    p.hint #about-secret { "The operator's, for reading, or the admin's." }
                    @if let Some(error) = error { p.notice.bad #wrong role="alert" { (error) } }
                    input #secret type="password" name="secret" required autocomplete="current-password"
                        aria-describedby={ "about-secret" @if error.is_some() { " wrong" } }
                        aria-invalid=[error.map(|_| "true")] autofocus;
                } @else {
                    p { "This server was started without a secret: whoever is on this machine may look and heal." }
                }
                button.primary type="submit" { "Sign in" }
            }
        }
    }
}
