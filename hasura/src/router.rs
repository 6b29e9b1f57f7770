//! Which path is what, who gets in, and one line of the log for each request. The routes of the page are in `page`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;
use tokio::time::timeout;

use crate::actions::{self, Action};
use crate::log;
use crate::page;
use crate::payload::{self, TriggerCall};
use crate::refusal::{Refusal, Told};
use crate::request::{self, Called, JSON, turn_away};
use crate::server::{Server, Shared};
use crate::work::{place, take_place, to_its_end};

/// The health of the database is known by then, or it is bad.
const HEALTH: Duration = Duration::from_secs(3);

pub fn router(server: Arc<Server>) -> Router {
    let closed = Router::new()
        .route("/actions", post(action))
        .route("/triggers", post(trigger))
        .route_layer(from_fn_with_state(Arc::clone(&server), admit));
    Router::new()
        .merge(closed)
        .merge(page::routes(&server))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .fallback(nothing_there)
        .method_not_allowed_fallback(other_method)
        .layer(from_fn_with_state(Arc::clone(&server), tell))
        .with_state(server)
}

/// Lets in who knows the secret, looked at before anything of the body, and no more at once than there are places.
async fn admit(State(server): Shared, mut request: Request, next: Next) -> Response {
    let knows = match &server.secret {
        Some(secret) => secret.is_in(request.headers(), &server.secret_header),
        // A name of somebody else's that leads here comes with a page of his in a browser on this machine.
        None => request::is_meant_for_this_machine(request.headers()),
    };
    if !knows {
        let message = match &server.secret {
            Some(_) => format!("the header {} does not hold the secret", server.secret_header),
            None => "without a secret, calls must be addressed to localhost".to_owned(),
        };
        let refusal = Refusal::new(StatusCode::UNAUTHORIZED, "wrong-secret", message);
        return turn_away(request, refusal).await;
    }
    match take_place(&server) {
        Ok(place) => {
            request.extensions_mut().insert(place);
            next.run(request).await
        }
        Err(refusal) => turn_away(request, refusal).await,
    }
}

async fn action(State(server): Shared, request: Request) -> Response {
    let began = Instant::now();
    let mut called = Called::default();
    let answer = answer_action(&server, request, &mut called).await;
    finish(&server, called, answer, began)
}

async fn answer_action(
    server: &Arc<Server>,
    request: Request,
    called: &mut Called,
) -> Result<String, Refusal> {
    let place = place(&request);
    let body = request::body(&server.limits, request, JSON).await?;
    let call = payload::action(&body)?;
    called.role = Some(call.role.clone());
    let forbidden = |message| Refusal::new(StatusCode::FORBIDDEN, "forbidden", message);
    let Some(level) = server.roles.level(&call.role) else {
        return Err(forbidden(format!("the role {:?} may not call actions of nself", log::word(&call.role))));
    };
    let name = actions::named(&call.name)?;
    called.action = Some(name);
    let action = Action::read(name, call.input)?;
    if level < action.level() {
        let needed = action.level().word();
        return Err(forbidden(format!(
            "this call of {name} needs level {needed}, and the role {:?} has level {}",
            log::word(&call.role),
            level.word()
        )));
    }
    to_its_end(server, place, |server, database| async move {
        match action {
            Action::Drift { against: None } => server.last_drift.ask(&database).await?.answer.json(),
            action => {
                let change = action.change();
                let answer = action.run(&database, server.limits.heal_wait).await?;
                server.tell_hasura(change.and_then(|change| change(&answer)));
                Ok(answer)
            }
        }
    })
    .await
}

async fn trigger(State(server): Shared, request: Request) -> Response {
    let began = Instant::now();
    let mut called = Called::default();
    let answer = answer_trigger(&server, request, &mut called).await;
    finish(&server, called, answer, began)
}

/// No role is asked for: a trigger has none, and can do no more than look.
async fn answer_trigger(
    server: &Arc<Server>,
    request: Request,
    called: &mut Called,
) -> Result<String, Refusal> {
    let place = place(&request);
    let body = request::body(&server.limits, request, JSON).await?;
    called.action = Some(match payload::trigger(&body)? {
        TriggerCall::Event => "event trigger",
        TriggerCall::Scheduled => "scheduled trigger",
    });
    to_its_end(server, place, |server, database| async move {
        let drift = &server.last_drift.ask(&database).await?.answer;
        Ok(json!({"drift_items": drift.items.len(), "not_compared": drift.not_compared}).to_string())
    })
    .await
}

fn finish(server: &Server, called: Called, answer: Result<String, Refusal>, began: Instant) -> Response {
    let code = answer.as_ref().map_or_else(|refusal| refusal.code, |_| "ok");
    server.metrics.count(called.action.unwrap_or("none"), code, began.elapsed());
    let mut response = match answer {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(refusal) => refusal.into_response(),
    };
    response.extensions_mut().insert(called);
    response
}

async fn health(State(server): Shared) -> Response {
    let (status, word, cause) = match timeout(HEALTH, server.database.answers()).await {
        Ok(Ok(())) => (StatusCode::OK, "ok", None),
        Ok(Err(failure)) => {
            let refusal = Refusal::from(failure);
            (StatusCode::SERVICE_UNAVAILABLE, refusal.code, refusal.cause)
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "timeout", None),
    };
    let body = json!({"status": word}).to_string();
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    if status != StatusCode::OK {
        response.extensions_mut().insert(Told { code: word, sqlstate: None, cause });
    }
    response
}

async fn metrics(State(server): Shared) -> Response {
    const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, KIND)], server.metrics.text(&server.database).await).into_response()
}

async fn nothing_there(request: Request) -> Response {
    let message = "there are /, /actions, /triggers, /healthz and /metrics here";
    turn_away(request, Refusal::new(StatusCode::NOT_FOUND, "not-found", message)).await
}

async fn other_method(request: Request) -> Response {
    let allowed = match request.uri().path() {
        "/actions" | "/triggers" => "POST",
        path if page::takes_post(path) => "GET, HEAD, POST",
        _ => "GET, HEAD",
    };
    let message = format!("this path takes {allowed}");
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", message);
    let mut response = turn_away(request, refusal).await;
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// Writes one line of the log when a request is answered.
async fn tell(State(_): Shared, request: Request, next: Next) -> Result<Response, Infallible> {
    let began = Instant::now();
    let from = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|of| of.0.to_string());
    let (method, path) = (request.method().clone(), log::word(request.uri().path()).to_owned());
    let response = next.run(request).await;
    let told = response.extensions().get::<Told>();
    let called = response.extensions().get::<Called>();
    log::request(log::Request {
        from: from.unwrap_or_default(),
        method: log::word(method.as_str()),
        path: &path,
        status: response.status().as_u16(),
        ms: began.elapsed().as_millis().try_into().unwrap_or(u64::MAX),
        action: called.and_then(|of| of.action),
        role: called.and_then(|of| of.role.as_deref()).map(log::word),
        code: told.map(|of| of.code),
        sqlstate: told.and_then(|of| of.sqlstate.as_deref()),
        cause: told.and_then(|of| of.cause.as_deref()),
    });
    Ok(response)
}
