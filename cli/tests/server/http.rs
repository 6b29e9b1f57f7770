//! `nself serve` as a process, and a client that can also behave badly.

use std::fmt::Display;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::Project;

pub const SECRET: &str = "a secret for these tests";
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that runs.
pub struct Serving {
    child: Child,
    pub address: String,
    log: Arc<Mutex<Vec<Value>>>,
}

/// What it answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Fails unless it is this status, and for an error this code.
    #[track_caller]
    pub fn is(self, status: u16, code: &str) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        if status != 200 {
            let told = self.json();
            assert_eq!(told["extensions"]["code"], code, "{}", self.text);
            assert!(!told["message"].as_str().unwrap().is_empty());
        }
        self
    }

    fn read(stream: &mut impl Read) -> Self {
        let mut bytes = Vec::new();
        match stream.read_to_end(&mut bytes) {
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => panic!("{error}"),
            _ => {}
        }
        let text = String::from_utf8(bytes).unwrap();
        let (head, text) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Self {
            status: status.unwrap_or_else(|| panic!("no status: {head}")),
            head: head.to_lowercase(),
            text: text.to_owned(),
        }
    }
}

impl Serving {
    /// Starts it with the secret, on a port of its own.
    pub fn start(project: &Project, line: &str) -> Self {
        Self::spawn(project.command().env("NSELF_ACTIONS_SECRET", SECRET), line)
    }

    pub fn spawn(command: &mut Command, line: &str) -> Self {
        let arguments = ["serve", "--listen", "127.0.0.1:0"];
        let mut child = command
            .args(arguments)
            .args(line.split_whitespace())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log: Arc<Mutex<Vec<Value>>> = Arc::default();
        let (lines, written) = (BufReader::new(child.stderr.take().unwrap()).lines(), Arc::clone(&log));
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or_else(|_| json!({"no json": line}));
                written.lock().unwrap().push(line);
            }
        });
        let mut serving = Self { child, address: String::new(), log };
        let listening = serving.logged(|line| line["event"] == "listening");
        let url = listening["message"].as_str().unwrap();
        serving.address = url.split_once("://").unwrap().1.to_owned();
        serving
    }

    /// The first line of the log that is so; waits for it.
    #[track_caller]
    pub fn logged(&self, is: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let found = self.log.lock().unwrap().iter().find(|line| is(line)).cloned();
            match found {
                Some(line) => return line,
                None => assert!(began.elapsed() < PATIENCE, "no such line: {:#?}", self.log.lock().unwrap()),
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The line of a request that was refused so.
    #[track_caller]
    pub fn logged_code(&self, code: &str) -> Value {
        self.logged(|line| line["code"] == code)
    }

    /// All that is in the log by now.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends a request and takes the answer, over a connection of its own.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        exchange(&mut self.connect(), method, path, headers, body)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// Sends what Hasura would.
    pub fn post(&self, path: &str, body: impl Display) -> Answer {
        let headers = [("content-type", "application/json"), ("X-Nself-Secret", SECRET)];
        self.send("POST", path, &headers, &body.to_string())
    }

    /// Calls an action as a role.
    pub fn act_as(&self, role: &str, name: &str, input: Value) -> Answer {
        self.post("/actions", payload(role, name, input))
    }

    /// The same as the administrator.
    pub fn act(&self, name: &str, input: Value) -> Answer {
        self.act_as("admin", name, input)
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for its end and returns the exit code.
    pub fn ends(mut self) -> i32 {
        self.child.wait().unwrap().code().expect("it was not killed")
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of an action's webhook.
pub fn payload(role: &str, name: &str, input: Value) -> Value {
    json!({
        "action": {"name": name},
        "input": input,
        "session_variables": {"x-hasura-role": role, "x-hasura-user-id": "1"},
        "request_query": "mutation { it }",
    })
}

/// Over any connection, which ends with it.
pub fn exchange(
    stream: &mut (impl Read + Write),
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    stream.write_all(request(method, path, headers, body).as_bytes()).unwrap();
    Answer::read(stream)
}

pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
}

/// The answer to what was written before.
pub fn answer(mut stream: TcpStream) -> Answer {
    Answer::read(&mut stream)
}
