//! Which path is what, who gets in, and one line of the log for each request. A page at `/` would be a route beside these.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::actions::{self, Action, Drift};
use crate::database::Database;
use crate::log;
use crate::metrics::Metrics;
use crate::payload::{self, TriggerCall};
use crate::refusal::{Refusal, Told};
use crate::roles::Roles;
use crate::secret::Secret;
use crate::serve::Limits;
use crate::told::Hasura;

/// Of a body that is not wanted, so much is read and thrown away, in so much time: many clients read the answer only when
/// they have sent everything, and a connection that is closed on them loses it.
const UNWANTED: usize = 16 * 1024 * 1024;
const UNWANTED_TIME: Duration = Duration::from_secs(2);
/// How much longer than its time in the database a call may take as a whole: for a new connection, and for a cancel.
const GRACE: Duration = Duration::from_secs(15);
/// The health of the database is known by then, or it is bad.
const HEALTH: Duration = Duration::from_secs(3);

/// What all requests share.
pub struct Server {
    pub secret: Option<Secret>,
    pub secret_header: HeaderName,
    pub roles: Roles,
    pub limits: Limits,
    pub database: Arc<Database>,
    pub metrics: Arc<Metrics>,
    pub hasura: Hasura,
    /// The calls that may be under way. Whoever has all places knows that none is.
    pub places: Arc<Semaphore>,
}

type Shared = State<Arc<Server>>;

/// What the log says of a call beside its answer; it travels with the response.
#[derive(Clone, Default)]
struct Called {
    action: Option<&'static str>,
    role: Option<String>,
}

pub fn router(server: Arc<Server>) -> Router {
    let closed = Router::new()
        .route("/actions", post(action))
        .route("/triggers", post(trigger))
        .route_layer(from_fn_with_state(Arc::clone(&server), admit));
    Router::new()
        .merge(closed)
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .fallback(nothing_there)
        .method_not_allowed_fallback(other_method)
        .layer(from_fn_with_state(Arc::clone(&server), tell))
        .with_state(server)
}

/// Lets in who knows the secret, looked at before anything of the body, and no more at once than there are places.
async fn admit(State(server): Shared, request: Request, next: Next) -> Response {
    let knows = match &server.secret {
        Some(secret) => secret.is_in(request.headers(), &server.secret_header),
        // A name of somebody else's that leads here comes with a page of his in a browser on this machine.
        None => is_meant_for_this_machine(request.headers()),
    };
    if !knows {
        let message = match &server.secret {
            Some(_) => format!("the header {} does not hold the secret", server.secret_header),
            None => "without a secret, calls must be addressed to localhost".to_owned(),
        };
        let refusal = Refusal::new(StatusCode::UNAUTHORIZED, "wrong-secret", message);
        return turn_away(request, refusal).await;
    }
    let Ok(place) = Arc::clone(&server.places).try_acquire_owned() else {
        return turn_away(request, Refusal::busy()).await;
    };
    let mut request = request;
    request.extensions_mut().insert(Arc::new(place));
    next.run(request).await
}

fn is_meant_for_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Refuses a request that may still be on its way.
async fn turn_away(request: Request, refusal: Refusal) -> Response {
    throw_away(request.into_body()).await;
    let mut response = refusal.into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

async fn throw_away(body: Body) {
    let mut body = Limited::new(body, UNWANTED);
    // However it ends, the answer is sent then.
    let _ = timeout(UNWANTED_TIME, async { while let Some(Ok(_)) = body.frame().await {} }).await;
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
    let body = body(server, request).await?;
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
            Action::Drift { against: None } => Ok(server.metrics.drift(&database).await?.json),
            action => {
                let change = action.change();
                let answer = action.run(&database, server.limits.heal_wait).await?;
                if let Some(change) = change.and_then(|change| change(&answer)) {
                    tokio::spawn(async move { server.hasura.tell(&server.database, change).await });
                }
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
    let body = body(server, request).await?;
    called.action = Some(match payload::trigger(&body)? {
        TriggerCall::Event => "event trigger",
        TriggerCall::Scheduled => "scheduled trigger",
    });
    to_its_end(server, place, |server, database| async move {
        let Drift { items, not_compared, .. } = server.metrics.drift(&database).await?;
        Ok(json!({"drift_items": items.len(), "not_compared": not_compared}).to_string())
    })
    .await
}

/// Runs it apart from the request, with a deadline of its own: what has begun in the database is not given up because somebody hung
/// up. It keeps its place until it has ended.
async fn to_its_end<Work>(
    server: &Arc<Server>,
    place: Option<Arc<OwnedSemaphorePermit>>,
    work: impl FnOnce(Arc<Server>, Database) -> Work,
) -> Result<String, Refusal>
where
    Work: Future<Output = Result<String, Refusal>> + Send + 'static,
{
    let work = work(Arc::clone(server), server.database.for_one_call());
    let in_its_place = async move {
        let _place = place;
        work.await
    };
    match timeout(server.limits.call + GRACE, tokio::spawn(in_its_place)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => {
            Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "failed", "this server had an internal error"))
        }
        Err(_) => Err(Refusal::timeout()),
    }
}

fn place(request: &Request) -> Option<Arc<OwnedSemaphorePermit>> {
    request.extensions().get().cloned()
}

/// The body: JSON, not too long, and not too slow.
async fn body(server: &Server, request: Request) -> Result<Bytes, Refusal> {
    let is_json = |value: &HeaderValue| {
        let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("application/json")
    };
    if !request.headers().get(header::CONTENT_TYPE).is_some_and(is_json) {
        throw_away(request.into_body()).await;
        let message = "the content-type must be application/json";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", message));
    }
    let longest = server.limits.body;
    let mut body = request.into_body();
    let read = timeout(server.limits.body_wait, Limited::new(&mut body, longest).collect()).await;
    match read {
        Ok(Ok(bytes)) => Ok(bytes.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            throw_away(body).await;
            let message = format!("the body is longer than {longest} bytes");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", message))
        }
        Ok(Err(_)) => Err(Refusal::bad_request("the body was cut off")),
        Err(_) => {
            let seconds = server.limits.body_wait.as_secs();
            let message = format!("the body was not here after {seconds} s");
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "slow-body", message))
        }
    }
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
    let message = "there are /actions, /triggers, /healthz and /metrics here";
    turn_away(request, Refusal::new(StatusCode::NOT_FOUND, "not-found", message)).await
}

async fn other_method(request: Request) -> Response {
    let allowed = match request.uri().path() {
        "/actions" | "/triggers" => "POST",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_meant_for_it() {
        let meant = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            is_meant_for_this_machine(&headers)
        };
        for host in ["localhost", "LOCALHOST:8090", "127.0.0.1:8090", "127.0.0.1", "[::1]:8090", "[::1]"] {
            assert!(meant(host), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:8090", "10.0.0.1:8090", "", ":8090"] {
            assert!(!meant(host), "{host}");
        }
        assert!(!is_meant_for_this_machine(&HeaderMap::new()));
    }
}
