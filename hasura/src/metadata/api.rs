//! Hasura's metadata API: what is asked, and what the answers mean.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use serde::{Deserialize, Serialize};
use ureq::Agent;
use ureq::http::Uri;
use ureq::http::header::{CONTENT_TYPE, HeaderValue};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::value::{Value, map};

const SECRET_HEADER: &str = "x-hasura-admin-secret";
const CONNECT: Duration = Duration::from_secs(10);
/// How large an answer may be.
const LONGEST: u64 = 256 * 1024 * 1024;
/// How much of what is no answer of Hasura's is shown.
const SHOWN: usize = 200;

/// Why Hasura did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("{0} is no address of a Hasura server: it is not http:// or https:// with a host")]
    NotAnAddress(String),
    #[error("the address of Hasura has a name or a password in it")]
    HasPassword,
    #[error("the admin secret cannot be sent in a header")]
    UnfitSecret,
    #[error("Hasura at {endpoint} cannot be reached: {cause}")]
    Away { endpoint: String, cause: String },
    #[error("Hasura at {endpoint} did not answer within {seconds} s")]
    TooLate { endpoint: String, seconds: u64 },
    #[error("Hasura at {endpoint} refuses the admin secret: {message}")]
    Unauthorized { endpoint: String, message: String },
    #[error("the metadata on the server has changed meanwhile: {message}")]
    Conflict { message: String },
    #[error("Hasura refused {request}: {message}")]
    Refused { request: &'static str, message: String, code: String, path: String, objects: Vec<Inconsistent> },
    #[error("what answers at {endpoint} is not Hasura's metadata API: status {status}{shown}")]
    NotHasura { endpoint: String, status: u16, shown: String },
}

impl ApiError {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            ApiError::NotAnAddress(_) => Some("Name it as http://localhost:8080, without a path behind it."),
            ApiError::HasPassword | ApiError::Unauthorized { .. } => Some(
                "Set HASURA_GRAPHQL_ADMIN_SECRET in the environment or in .env.secrets to the secret of that server.",
            ),
            ApiError::Away { .. } => Some(
                "Is it running? The address is that of --endpoint, HASURA_GRAPHQL_ENDPOINT, config.yaml or nself.hasura_endpoint.",
            ),
            ApiError::TooLate { .. } => Some("It may be at work still. --timeout waits longer."),
            ApiError::Conflict { .. } => {
                Some("Somebody else changes it: see nself db hasura metadata diff, and try again.")
            }
            ApiError::NotHasura { .. } => {
                Some("Name the address of the server itself, without /v1/graphql behind it.")
            }
            ApiError::UnfitSecret | ApiError::Refused { .. } => None,
        }
    }
}

/// An object of the metadata that Hasura cannot serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inconsistent {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, deserialize_with = "text_of")]
    pub name: String,
    #[serde(default)]
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_text_of")]
    pub message: Option<String>,
}

/// Names and messages are text mostly, and now and then JSON.
fn text_of<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text,
        other => other.json(),
    })
}

fn optional_text_of<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    text_of(from).map(|text| (text != "null").then_some(text))
}

impl fmt::Display for Inconsistent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, reason, message } = self;
        write!(f, "{}", if name.is_empty() { kind } else { name })?;
        let reason = reason.strip_prefix("Inconsistent object: ").unwrap_or(reason);
        if !reason.is_empty() {
            write!(f, ": {reason}")?;
        }
        match message {
            Some(message) => write!(f, " ({message})"),
            None => Ok(()),
        }
    }
}

/// What is to be read anew by the server.
#[derive(Debug, Clone, Default)]
pub struct Reload {
    /// The names of sources. Empty: all of them.
    pub sources: Vec<String>,
    pub remote_schemas: bool,
}

/// The metadata on a server.
#[derive(Debug, Clone)]
pub struct Exported {
    pub resource_version: u64,
    pub metadata: Value,
}

/// A server, and how it is asked.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    endpoint: String,
    secret: Option<HeaderValue>,
    timeout: Duration,
}

impl Client {
    pub fn new(endpoint: &str, secret: Option<&str>, timeout: Duration) -> Result<Self, ApiError> {
        let endpoint = address(endpoint)?;
        let secret = secret.map(|secret| {
            let mut value = HeaderValue::from_str(secret).map_err(|_| ApiError::UnfitSecret)?;
            value.set_sensitive(true);
            Ok(value)
        });
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // The secret goes where it was sent, and nowhere else.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT.min(timeout)))
            .timeout_global(Some(timeout));
        if endpoint.starts_with("https") {
            config = config.tls_config(tls());
        }
        Ok(Self { agent: config.build().new_agent(), endpoint, secret: secret.transpose()?, timeout })
    }

    /// The address without a slash at its end.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Whether the secret travels in clear to another machine.
    pub fn sends_secret_in_clear(&self) -> bool {
        let uri: Option<Uri> = self.endpoint.parse().ok();
        let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
        let here = ["localhost", "127.0.0.1", "[::1]"].contains(&host) || host.ends_with(".localhost");
        self.secret.is_some() && self.endpoint.starts_with("http:") && !here
    }

    pub fn export(&self) -> Result<Exported, ApiError> {
        const REQUEST: &str = "export_metadata";
        let version = ("version", Value::Number(2.into()));
        let answer = self.ask(REQUEST, map([("type", REQUEST.into()), version, ("args", map([]))]))?;
        let version = answer.get("resource_version").and_then(|version| match version {
            Value::Number(number) => number.as_u64(),
            _ => None,
        });
        match (version, answer.get("metadata")) {
            (Some(resource_version), Some(metadata @ Value::Map(_))) => {
                Ok(Exported { resource_version, metadata: metadata.clone() })
            }
            _ => Err(self.not_hasura(200, &answer.json())),
        }
    }

    /// Makes the server's metadata what is given, if it is still what it was at `resource_version`. Answers the objects
    /// that are inconsistent, which there can be only where they are allowed.
    pub fn replace(
        &self,
        metadata: &Value,
        resource_version: u64,
        allow_inconsistent: bool,
    ) -> Result<Vec<Inconsistent>, ApiError> {
        const REQUEST: &str = "replace_metadata";
        let args = map([
            ("allow_inconsistent_metadata", Value::Bool(allow_inconsistent)),
            ("metadata", metadata.clone()),
        ]);
        let body = map([
            ("type", REQUEST.into()),
            ("version", Value::Number(2.into())),
            ("resource_version", Value::Number(resource_version.into())),
            ("args", args),
        ]);
        Ok(objects(&self.ask(REQUEST, body)?))
    }

    /// Lets the server read the schema of its sources anew, and answers the objects that are inconsistent then.
    pub fn reload(&self, reload: &Reload) -> Result<Vec<Inconsistent>, ApiError> {
        const REQUEST: &str = "reload_metadata";
        let sources = match reload.sources.as_slice() {
            [] => Value::Bool(true),
            names => Value::List(names.iter().map(|name| name.as_str().into()).collect()),
        };
        let args = map([
            ("reload_remote_schemas", Value::Bool(reload.remote_schemas)),
            ("reload_sources", sources),
            ("recreate_event_triggers", Value::Bool(false)),
        ]);
        let answer = self.ask(REQUEST, map([("type", REQUEST.into()), ("args", args)]))?;
        match answer.get("is_consistent") {
            Some(Value::Bool(false)) => Ok(objects(&answer)),
            Some(_) => Ok(Vec::new()),
            // Old servers answer a message alone.
            None => self.inconsistent(),
        }
    }

    /// The objects that are inconsistent now.
    pub fn inconsistent(&self) -> Result<Vec<Inconsistent>, ApiError> {
        const REQUEST: &str = "get_inconsistent_metadata";
        Ok(objects(&self.ask(REQUEST, map([("type", REQUEST.into()), ("args", map([]))]))?))
    }

    fn ask(&self, request: &'static str, body: Value) -> Result<Value, ApiError> {
        let mut call = self
            .agent
            .post(format!("{}/v1/metadata", self.endpoint))
            .header(CONTENT_TYPE, "application/json");
        if let Some(secret) = &self.secret {
            call = call.header(SECRET_HEADER, secret);
        }
        let mut answer = call.send(body.json()).map_err(|error| self.failed(error))?;
        let status = answer.status().as_u16();
        let text = answer.body_mut().with_config().limit(LONGEST).lossy_utf8(true).read_to_string();
        let text = text.map_err(|error| self.failed(error))?;
        let read: Option<Value> = serde_json::from_str(&text).ok();
        match (status, read) {
            (200, Some(value)) => Ok(value),
            (_, Some(value)) if value.text("error").is_some() => Err(self.refused(request, status, &value)),
            _ => Err(self.not_hasura(status, &text)),
        }
    }

    fn failed(&self, error: ureq::Error) -> ApiError {
        let endpoint = self.endpoint.clone();
        match error {
            ureq::Error::Timeout(_) => ApiError::TooLate { endpoint, seconds: self.timeout.as_secs() },
            error => ApiError::Away { endpoint, cause: error.to_string() },
        }
    }

    fn refused(&self, request: &'static str, status: u16, answer: &Value) -> ApiError {
        let of = |key: &str| answer.text(key).unwrap_or_default().to_owned();
        let (message, code, path) = (of("error"), of("code"), of("path"));
        match code.as_str() {
            "access-denied" => ApiError::Unauthorized { endpoint: self.endpoint.clone(), message },
            _ if status == 401 => ApiError::Unauthorized { endpoint: self.endpoint.clone(), message },
            "conflict" => ApiError::Conflict { message },
            _ => {
                let objects = answer.get("internal").map(objects_in).unwrap_or_default();
                ApiError::Refused { request, message, code, path, objects }
            }
        }
    }

    fn not_hasura(&self, status: u16, text: &str) -> ApiError {
        let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        let shown: String = first.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
        let shown = if shown.is_empty() { shown } else { format!(", {shown:?}") };
        ApiError::NotHasura { endpoint: self.endpoint.clone(), status, shown }
    }
}

/// The inconsistent objects that an answer lists.
fn objects(answer: &Value) -> Vec<Inconsistent> {
    answer.get("inconsistent_objects").map(objects_in).unwrap_or_default()
}

fn objects_in(list: &Value) -> Vec<Inconsistent> {
    list.items().iter().filter_map(|item| serde_json::from_str(&item.json()).ok()).collect()
}

/// The address of a server, as requests are built from it.
fn address(text: &str) -> Result<String, ApiError> {
    let plain = text.trim().trim_end_matches('/');
    if plain.split('/').nth(2).is_some_and(|authority| authority.contains('@')) {
        return Err(ApiError::HasPassword);
    }
    let uri: Uri = plain.parse().map_err(|_| ApiError::NotAnAddress(text.to_owned()))?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    match is_http && uri.host().is_some_and(|host| !host.is_empty()) && uri.query().is_none() {
        true => Ok(plain.to_owned()),
        false => Err(ApiError::NotAnAddress(text.to_owned())),
    }
}

/// The roots that this machine trusts, or those of SSL_CERT_FILE.
fn tls() -> TlsConfig {
    let roots = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<Certificate<'static>> =
        roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    TlsConfig::builder()
        .root_certs(RootCerts::from(roots))
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_no_password() {
        for (text, is) in [
            ("http://localhost:8080/", "http://localhost:8080"),
            (" https://h.example/hasura ", "https://h.example/hasura"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(address(text).unwrap(), is);
        }
        for text in ["", "localhost:8080", "ftp://x", "http://", "http:///x", "http://x/?a=b"] {
            assert!(matches!(address(text), Err(ApiError::NotAnAddress(_))), "{text}");
        }
        let error = address("http://me:hunter2@x/").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn a_secret_in_clear_is_known() {
        let client = |endpoint: &str, secret| Client::new(endpoint, secret, CONNECT).unwrap();
        assert!(client("http://hasura:8080", Some("x")).sends_secret_in_clear());
        for endpoint in
            ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:8080", "https://h.example"]
        {
            assert!(!client(endpoint, Some("x")).sends_secret_in_clear(), "{endpoint}");
        }
        assert!(!client("http://hasura:8080", None).sends_secret_in_clear());
        assert!(matches!(Client::new("http://x", Some("a\nb"), CONNECT), Err(ApiError::UnfitSecret)));
    }

    #[test]
    fn an_inconsistent_object_is_told_by_name_and_reason() {
        let list: Value = serde_json::from_str(
            r#"[{"type":"table","name":"table public.a in source default","reason":"Inconsistent object: no such table/view exists in source: \"public.a\"","definition":{"secret":1}},
                {"type":"source","name":{"a":1},"reason":"x","message":{"m":2}}]"#,
        )
        .unwrap();
        let told: Vec<String> = objects_in(&list).iter().map(Inconsistent::to_string).collect();
        assert_eq!(
            told,
            [
                "table public.a in source default: no such table/view exists in source: \"public.a\"",
                r#"{"a":1}: x ({"m":2})"#
            ]
        );
    }
}
