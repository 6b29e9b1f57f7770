//! The arguments of an action: each is taken by its name and its type, and what is left over then is unknown.

use axum::http::StatusCode;
use serde_json::{Map, Value};

use crate::log::word;
use crate::refusal::Refusal;

pub struct Arguments {
    given: Map<String, Value>,
    known: Vec<&'static str>,
}

impl Arguments {
    pub fn new(given: Map<String, Value>) -> Self {
        Self { given, known: Vec::new() }
    }

    pub fn boolean(&mut self, name: &'static str) -> Result<Option<bool>, Refusal> {
        self.take(name, "a boolean", |value| value.as_bool())
    }

    pub fn integer(&mut self, name: &'static str) -> Result<Option<i32>, Refusal> {
        self.take(name, "an integer", |value| value.as_i64()?.try_into().ok())
    }

    /// A bigint: Hasura sends it as a number, or as text if it is set to.
    pub fn big_integer(&mut self, name: &'static str) -> Result<Option<i64>, Refusal> {
        self.take(name, "an integer", |value| match value {
            Value::String(text) => text.parse().ok(),
            value => value.as_i64(),
        })
    }

    pub fn text(&mut self, name: &'static str) -> Result<Option<String>, Refusal> {
        self.take(name, "text", |value| value.as_str().map(str::to_owned))
    }

    pub fn texts(&mut self, name: &'static str) -> Result<Option<Vec<String>>, Refusal> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        self.take(name, "a list of texts", |value| value.as_array()?.iter().map(text).collect())
    }

    /// Refuses what no one has asked for.
    pub fn end(self) -> Result<(), Refusal> {
        let Some(name) = self.given.keys().next() else { return Ok(()) };
        let known = match self.known[..] {
            [] => "it has none".to_owned(),
            _ => format!("it has {}", self.known.join(", ")),
        };
        let message = format!("the action has no argument {:?}: {known}", word(name));
        Err(Refusal::new(StatusCode::BAD_REQUEST, "unknown-argument", message))
    }

    /// null is an argument that is not given: Hasura sends it where a client does.
    fn take<T>(
        &mut self,
        name: &'static str,
        kind: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        self.known.push(name);
        match self.given.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(&value).map(Some).ok_or_else(|| {
                let message = format!("the argument {name} must be {kind}, and is {}", describe(&value));
                Refusal::new(StatusCode::BAD_REQUEST, "wrong-type", message)
            }),
        }
    }
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a fraction",
        Value::Number(_) => "a number out of range",
        Value::String(_) => "text",
        Value::Array(_) => "a list of something else",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arguments(value: Value) -> Arguments {
        let Value::Object(given) = value else { panic!("arguments are an object") };
        Arguments::new(given)
    }

    #[test]
    fn null_and_absent_are_one() {
        let mut of = arguments(json!({"a": null}));
        assert_eq!((of.boolean("a").unwrap(), of.text("b").unwrap()), (None, None));
        assert!(of.end().is_ok());
    }

    #[test]
    fn a_wrong_type_is_told_with_the_name_and_without_the_value() {
        let refusal = arguments(json!({"confirm": "true"})).boolean("confirm").unwrap_err();
        assert_eq!(refusal.message, "the argument confirm must be a boolean, and is text");
        assert_eq!(refusal.code, "wrong-type");
        for value in [json!(1.5), json!("1"), json!(4_294_967_296_i64), json!([1])] {
            assert!(arguments(json!({"n": value})).integer("n").is_err());
        }
        assert_eq!(arguments(json!({"n": "4294967296"})).big_integer("n").unwrap(), Some(4_294_967_296));
        assert!(arguments(json!({"n": ["a", 1]})).texts("n").is_err());
    }

    #[test]
    fn an_unknown_argument_is_named_with_those_that_there_are() {
        let mut of = arguments(json!({"confrim": true}));
        assert_eq!(of.boolean("confirm").unwrap(), None);
        let refusal = of.end().unwrap_err();
        assert_eq!(refusal.message, "the action has no argument \"confrim\": it has confirm");
    }
}
