//! Stands in for a Hasura server: it speaks the documented metadata API over one port of this machine, and notes what it is
//! asked.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use serde_json::{Value, json};

pub const ADMIN_SECRET: &str = "an-admin-secret-for-these-tests";

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub line: String,
    pub secret: Option<String>,
    pub body: Value,
}

/// What happens to one request instead of what usually does.
pub enum Instead {
    /// This answer.
    Answer(u16, String),
    /// None, for as long as the client waits.
    Silence,
    /// The connection ends.
    HangUp,
    /// Somebody else changes the metadata first.
    ChangedBy(Value),
}

#[derive(Default)]
pub struct State {
    pub metadata: Value,
    pub resource_version: u64,
    /// What is inconsistent from now on.
    pub inconsistent: Vec<Value>,
    pub instead: VecDeque<(&'static str, Instead)>,
    requests: Vec<Request>,
}

pub struct StandIn {
    pub endpoint: String,
    state: Arc<Mutex<State>>,
}

impl StandIn {
    pub fn start(metadata: Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { metadata, resource_version: 1, ..State::default() }));
        let shared = Arc::clone(&state);
        // It ends with the test.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &state));
            }
        });
        Self { endpoint, state }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn instead(&self, of: &'static str, what: Instead) {
        self.state().instead.push_back((of, what));
    }

    /// What it was asked since the last time.
    pub fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut self.state().requests)
    }

    /// The types of the requests since the last time.
    pub fn types(&self) -> Vec<String> {
        self.asked().iter().map(|request| request.body["type"].as_str().unwrap().to_owned()).collect()
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    let Some(request) = read(&mut reader) else { return };
    let kind = request.body["type"].as_str().unwrap_or_default().to_owned();
    let answer = {
        let mut state = state.lock().unwrap();
        state.requests.push(request.clone());
        let instead = match state.instead.iter().position(|(of, _)| *of == kind) {
            Some(at) => state.instead.remove(at).map(|(_, what)| what),
            None => None,
        };
        match instead {
            Some(Instead::Answer(status, text)) => Some((status, text)),
            Some(Instead::HangUp) => return,
            Some(Instead::Silence) => None,
            Some(Instead::ChangedBy(metadata)) => {
                state.metadata = metadata;
                state.resource_version += 1;
                Some(answer(&mut state, &kind, &request))
            }
            None => Some(answer(&mut state, &kind, &request)),
        }
    };
    let mut stream = reader.into_inner();
    match answer {
        Some((status, text)) => {
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                text.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(text.as_bytes()));
        }
        // Until the client has had enough.
        None => while matches!(stream.read(&mut [0; 64]), Ok(read) if read > 0) {},
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let (mut secret, mut length) = (None, 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "x-hasura-admin-secret" => secret = Some(value.to_owned()),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { line: line.trim_end().to_owned(), secret, body: serde_json::from_slice(&body).ok()? })
}

fn answer(state: &mut State, kind: &str, request: &Request) -> (u16, String) {
    let error = |status: u16, code: &str, message: &str, internal: Value| {
        (status, json!({"path": "$", "error": message, "code": code, "internal": internal}).to_string())
    };
    if request.secret.as_deref() != Some(ADMIN_SECRET) {
        let message = "invalid \"x-hasura-admin-secret\"/\"x-hasura-access-key\"";
        return error(401, "access-denied", message, Value::Null);
    }
    let (body, args) = (&request.body, &request.body["args"]);
    let objects = json!(state.inconsistent);
    let is_consistent = state.inconsistent.is_empty();
    match kind {
        "export_metadata" if body["version"] == 2 => {
            let answer = json!({"resource_version": state.resource_version, "metadata": state.metadata});
            (200, answer.to_string())
        }
        "replace_metadata" if body["version"] == 2 => {
            if body["resource_version"] != state.resource_version {
                let message = format!(
                    "metadata resource version referenced ({}) did not match current version",
                    body["resource_version"]
                );
                return error(409, "conflict", &message, Value::Null);
            }
            if !is_consistent && args["allow_inconsistent_metadata"] != true {
                let message = "cannot continue due to inconsistent metadata";
                return error(400, "unexpected", message, objects);
            }
            state.metadata = args["metadata"].clone();
            state.resource_version += 1;
            match is_consistent {
                true => (200, json!({"message": "success"}).to_string()),
                false => (200, json!({"is_consistent": false, "inconsistent_objects": objects}).to_string()),
            }
        }
        "reload_metadata" => {
            let mut answer = json!({"message": "success", "is_consistent": is_consistent});
            if !is_consistent {
                answer["inconsistent_objects"] = objects;
            }
            (200, answer.to_string())
        }
        "get_inconsistent_metadata" => {
            (200, json!({"is_consistent": is_consistent, "inconsistent_objects": objects}).to_string())
        }
        _ => error(400, "parse-failed", &format!("unknown metadata command {kind}"), Value::Null),
    }
}

/// An object as Hasura tells of it.
pub fn inconsistent_table(name: &str) -> Value {
    json!({
        "type": "table",
        "name": format!("table {name} in source default"),
        "reason": format!("Inconsistent object: no such table/view exists in source: \"{name}\""),
        "definition": {"name": name},
    })
}
