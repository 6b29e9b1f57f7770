//! What Hasura sends: the body of an action's webhook, and those of event triggers and scheduled triggers.

use axum::http::StatusCode;
use serde_json::{Map, Value};

use crate::refusal::Refusal;

const ROLE: &str = "x-hasura-role";

/// A call of an action.
#[derive(Debug)]
pub struct ActionCall {
    pub name: String,
    pub input: Map<String, Value>,
    pub role: String,
}

/// A call of a trigger.
#[derive(Debug, PartialEq, Eq)]
pub enum TriggerCall {
    Event,
    Scheduled,
}

/// Reads the body of an action. Keys that are not known are passed over: other versions of Hasura send others.
pub fn action(body: &[u8]) -> Result<ActionCall, Refusal> {
    let mut body = object(body)?;
    let name = match body.get("action").and_then(|action| action.get("name")) {
        Some(Value::String(name)) => name.clone(),
        _ if is_trigger(&body).is_some() => {
            return Err(Refusal::bad_request("this is the body of a trigger: those go to /triggers"));
        }
        _ => return Err(Refusal::bad_request("the body has no action.name: it is not that of an action")),
    };
    let input = match body.remove("input") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(input)) => input,
        Some(_) => return Err(Refusal::bad_request("input must be an object")),
    };
    Ok(ActionCall { name, input, role: role(&body)? })
}

/// Reads the body of a trigger.
pub fn trigger(body: &[u8]) -> Result<TriggerCall, Refusal> {
    let body = object(body)?;
    if body.contains_key("action") {
        return Err(Refusal::bad_request("this is the body of an action: those go to /actions"));
    }
    is_trigger(&body).ok_or_else(|| {
        Refusal::bad_request("the body has neither event nor scheduled_time: it is not that of a trigger")
    })
}

fn is_trigger(body: &Map<String, Value>) -> Option<TriggerCall> {
    if body.get("event").is_some_and(Value::is_object) {
        Some(TriggerCall::Event)
    } else if body.get("scheduled_time").is_some_and(Value::is_string) {
        Some(TriggerCall::Scheduled)
    } else {
        None
    }
}

/// The parser's own words may hold a piece of the body, so they are not passed on.
fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err(Refusal::bad_request("the body must be a JSON object")),
        Err(error) => Err(Refusal::bad_request(format!(
            "the body is not JSON: see line {}, column {}",
            error.line(),
            error.column()
        ))),
    }
}

fn role(body: &Map<String, Value>) -> Result<String, Refusal> {
    let variables = body.get("session_variables").and_then(Value::as_object);
    let named = |(name, _): &(&String, &Value)| name.eq_ignore_ascii_case(ROLE);
    let mut roles = variables.into_iter().flatten().filter(named).map(|(_, value)| value);
    match (roles.next(), roles.next()) {
        (Some(Value::String(role)), None) => Ok(role.clone()),
        _ => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "the body has no x-hasura-role among its session_variables",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_read_as_hasura_sends_it() {
        let body = br#"{"action": {"name": "nself_heal"}, "input": {"confirm": true}, "request_query": "mutation {}",
            "session_variables": {"x-hasura-role": "admin", "x-hasura-user-id": "1"}, "new": 1}"#;
        let call = action(body).unwrap();
        assert_eq!((call.name.as_str(), call.role.as_str(), call.input.len()), ("nself_heal", "admin", 1));
        let body = br#"{"action": {"name": "a"}, "session_variables": {"X-Hasura-Role": "admin"}}"#;
        assert!(action(body).unwrap().input.is_empty());
    }

    #[test]
    fn what_is_no_action_is_told_apart() {
        let cases: [(&[u8], &str); 8] = [
            (b"", "the body is not JSON: see line 1, column 0"),
            (b"{\"secret\": oops}", "the body is not JSON: see line 1, column 12"),
            (b"[]", "the body must be a JSON object"),
            (b"{}", "the body has no action.name: it is not that of an action"),
            (b"{\"action\": {\"name\": 1}}", "the body has no action.name: it is not that of an action"),
            (b"{\"event\": {}, \"trigger\": {}}", "this is the body of a trigger: those go to /triggers"),
            (b"{\"action\": {\"name\": \"a\"}, \"input\": []}", "input must be an object"),
            (
                b"{\"action\": {\"name\": \"a\"}, \"session_variables\": {\"x-hasura-role\": 1}}",
                "the body has no x-hasura-role among its session_variables",
            ),
        ];
        for (body, message) in cases {
            assert_eq!(action(body).unwrap_err().message, message);
        }
        assert!(action("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn a_role_that_is_said_twice_is_none() {
        let body = br#"{"action": {"name": "a"}, "session_variables": {"x-hasura-role": "a", "X-Hasura-Role": "b"}}"#;
        assert_eq!(action(body).unwrap_err().code, "forbidden");
    }

    #[test]
    fn both_kinds_of_triggers_are_understood() {
        let event = br#"{"id": "1", "created_at": "x", "trigger": {"name": "t"}, "table": {"schema": "s", "name": "t"},
            "event": {"op": "INSERT", "session_variables": null, "data": {"old": null, "new": {}}}}"#;
        assert_eq!(trigger(event).unwrap(), TriggerCall::Event);
        let cron = br#"{"id": "1", "name": "c", "scheduled_time": "2026-01-01T00:00:00Z", "payload": {}}"#;
        assert_eq!(trigger(cron).unwrap(), TriggerCall::Scheduled);
        assert!(trigger(b"{}").is_err());
        assert!(trigger(br#"{"action": {"name": "a"}}"#).is_err());
    }
}
