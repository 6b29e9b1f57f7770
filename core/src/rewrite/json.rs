//! JSON whose keys stay in the order in which they were written, so that a file that is rewritten differs where it has to.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

/// A value. Objects are equal in whatever order their keys are.
#[derive(Debug, Clone)]
pub enum Json {
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    Plain(Value),
}

impl Json {
    pub fn get(&self, key: &str) -> Option<&Json> {
        let Self::Object(fields) = self else { return None };
        fields.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Sets the field of an object, in its old place if it is there.
    pub fn set(&mut self, key: &str, value: Value) {
        let Self::Object(fields) = self else { return };
        let value = Self::Plain(value);
        match fields.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = value,
            None => fields.push((key.to_owned(), value)),
        }
    }

    /// Without a field, if it is an object.
    pub fn without(&self, keys: &[&str]) -> Self {
        match self {
            Self::Object(fields) => Self::Object(
                fields.iter().filter(|(name, _)| !keys.contains(&name.as_str())).cloned().collect(),
            ),
            other => other.clone(),
        }
    }

    /// As drizzle-kit writes it.
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a value with text for keys is JSON")
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Object(a), Self::Object(b)) => {
                a.len() == b.len() && a.iter().all(|(name, value)| other.get(name) == Some(value))
            }
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Plain(a), Self::Plain(b)) => a == b,
            _ => false,
        }
    }
}

/// What two sides made of a base, both kept. The error is where they both changed one thing, each in its own way.
pub fn merge(
    base: Option<&Json>,
    ours: Option<&Json>,
    theirs: Option<&Json>,
    at: &str,
) -> Result<Option<Json>, String> {
    if ours == theirs || theirs == base {
        return Ok(ours.cloned());
    }
    if ours == base {
        return Ok(theirs.cloned());
    }
    let (Some(a @ Json::Object(first)), Some(b @ Json::Object(second))) = (ours, theirs) else {
        return Err(at.to_owned());
    };
    let names = first.iter().chain(second.iter().filter(|(name, _)| a.get(name).is_none()));
    let mut fields = Vec::with_capacity(first.len());
    for (name, _) in names {
        let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        if let Some(value) = merge(base.and_then(|base| base.get(name)), a.get(name), b.get(name), &at)? {
            fields.push((name.clone(), value));
        }
    }
    Ok(Some(Json::Object(fields)))
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(fields) => {
                let mut map = to.serialize_map(Some(fields.len()))?;
                fields.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
                map.end()
            }
            Self::Array(values) => {
                let mut list = to.serialize_seq(Some(values.len()))?;
                values.iter().try_for_each(|value| list.serialize_element(value))?;
                list.end()
            }
            Self::Plain(value) => value.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Plain(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Plain(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Plain(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Plain(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Plain(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Plain(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = from.next_element()? {
            values.push(value);
        }
        Ok(Json::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = from.next_entry()? {
            fields.push(field);
        }
        Ok(Json::Object(fields))
    }
}
