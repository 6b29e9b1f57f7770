//! What objects are called.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A schema-qualified name, unquoted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name {
    pub schema: String,
    pub name: String,
}

/// What an object is called: the type and the identity that the server's `pg_identify_object` has for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    pub object_type: String,
    pub identity: String,
}

impl Address {
    pub fn new(object_type: &str, identity: &str) -> Self {
        Address { object_type: object_type.to_string(), identity: identity.to_string() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} {}", self.object_type, self.identity)
    }
}
