//! Requests: their bodies, whom they are meant for, and how they are turned away.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use crate::refusal::Refusal;
use crate::serve::Limits;

/// Of a body that is not wanted, so much is read and thrown away, in so much time: many clients read the answer only when
/// they have sent everything, and a connection that is closed on them loses it.
const UNWANTED: usize = 16 * 1024 * 1024;
const UNWANTED_TIME: Duration = Duration::from_secs(2);

pub const JSON: &str = "application/json";
pub const FORM: &str = "application/x-www-form-urlencoded";

/// What the log says of a call beside its answer; it travels with the response.
#[derive(Clone, Default)]
pub struct Called {
    pub action: Option<&'static str>,
    pub role: Option<String>,
}

/// Whether it is addressed to this machine by a name that nobody else can have.
pub fn is_meant_for_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Refuses a request that may still be on its way.
pub async fn turn_away(request: Request, refusal: Refusal) -> Response {
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

/// The body: of this content type, not too long, and not too slow.
pub async fn body(limits: &Limits, request: Request, wanted: &str) -> Result<Bytes, Refusal> {
    let is_wanted = |value: &HeaderValue| {
        let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case(wanted)
    };
    if !request.headers().get(header::CONTENT_TYPE).is_some_and(is_wanted) {
        throw_away(request.into_body()).await;
        let message = format!("the content-type must be {wanted}");
        let code = if wanted == JSON { "not-json" } else { "not-form" };
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code, message));
    }
    let longest = limits.body;
    let mut body = request.into_body();
    let read = timeout(limits.body_wait, Limited::new(&mut body, longest).collect()).await;
    match read {
        Ok(Ok(bytes)) => Ok(bytes.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            throw_away(body).await;
            let message = format!("the body is longer than {longest} bytes");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", message))
        }
        Ok(Err(_)) => Err(Refusal::bad_request("the body was cut off")),
        Err(_) => {
            let seconds = limits.body_wait.as_secs();
            let message = format!("the body was not here after {seconds} s");
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "slow-body", message))
        }
    }
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
