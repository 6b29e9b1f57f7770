//! Tenants: which names they can have, which schema a name stands for, and how far each of them is.

pub mod chains;
pub mod matrix;
pub mod schema;
#[cfg(test)]
mod tests;

use serde::Deserialize;

use crate::migrations::{State, Status};

/// A tenant that is managed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Tenant {
    pub name: String,
    pub schema: String,
    /// The schema as the server prints its name.
    pub quoted: String,
    /// Whether the schema is there.
    pub is_here: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("{function} was not told which tenant")]
    WhichTenant { function: &'static str },
    #[error("there is a tenant {name:?} already, with schema {schema:?}")]
    NameTaken { name: String, schema: String },
    #[error("schema {schema:?} belongs to tenant {name:?} already")]
    SchemaTaken { schema: String, name: String },
    /// What is both could mean two tenants.
    #[error("a tenant cannot be called {name:?}: that is the schema of tenant {other:?}")]
    NameIsSchema { name: String, other: String },
    #[error("tenant {name:?} cannot have the schema {schema:?}: another tenant is called so")]
    SchemaIsName { name: String, schema: String },
    #[error("there is no tenant {name:?}")]
    NoSuchTenant { name: String },
    #[error("tenant {name:?} alone was asked for, and all tenants")]
    OneOrAll { name: String },
    #[error("pending migrations of tenants are compared with nothing")]
    PendingOfTenant,
    #[error("there are no tenants")]
    NoTenants,
    #[error("{failed} of {of} tenants failed{}, the first of them {first}", if *stopped { ", one of the first, so that the rest did not run" } else { "" })]
    SomeFailed { failed: usize, of: usize, first: String, stopped: bool },
    #[error("the schema {schema:?} of a tenant is gone, although migrations are applied in it")]
    SchemaGone { schema: String },
}

impl Error {
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::WhichTenant { .. } | Self::NoSuchTenant { .. } => {
                "SELECT name, schema FROM nself.tenants lists them."
            }
            Self::NameTaken { .. } | Self::SchemaTaken { .. } => {
                "Give another one, or call nself_tenant_remove() first: it leaves the schema as it is."
            }
            Self::NameIsSchema { .. } | Self::SchemaIsName { .. } => {
                "Give another name: a call could mean either of the two tenants."
            }
            Self::SomeFailed { .. } => {
                "Remove the causes and start it again: tenants that are up to date are passed over. nself_tenant_status() tells which are not."
            }
            Self::OneOrAll { .. } => "Give tenant or all_tenants.",
            Self::PendingOfTenant => {
                "Leave against out: a tenant's schema is compared with its applied migrations."
            }
            Self::NoTenants => "Call nself_tenant_add() for each of them.",
            Self::SchemaGone { schema } => {
                return Some(format!(
                    "If it was renamed, give it its name again with ALTER SCHEMA … RENAME TO {}; if it was dropped, restore it. nself_tenant_remove() takes the tenant out of the list.",
                    crate::quote::ident(schema)
                ));
            }
        };
        Some(hint.to_owned())
    }
}

/// Fails if a tenant of this name with this schema could be taken for another one.
pub fn check_new(all: &[Tenant], name: &str, schema: &str) -> Result<(), Error> {
    let (name_of, schema_of) = (|of: &Tenant| of.name.clone(), |of: &Tenant| of.schema.clone());
    if let Some(of) = all.iter().find(|of| of.name == name) {
        return Err(Error::NameTaken { name: name.to_owned(), schema: schema_of(of) });
    }
    if let Some(of) = all.iter().find(|of| of.schema == schema) {
        return Err(Error::SchemaTaken { schema: schema.to_owned(), name: name_of(of) });
    }
    if let Some(of) = all.iter().find(|of| of.schema == name) {
        return Err(Error::NameIsSchema { name: name.to_owned(), other: name_of(of) });
    }
    if all.iter().any(|of| of.name == schema) {
        return Err(Error::SchemaIsName { name: name.to_owned(), schema: schema.to_owned() });
    }
    Ok(())
}

/// How far a tenant is, in one line of a list.
#[derive(Debug, PartialEq, Eq)]
pub struct Standing {
    pub state: &'static str,
    pub applied: usize,
    pub pending: usize,
    /// The version that was applied last, in the order of the journal.
    pub last: Option<String>,
}

/// What there is to say of a tenant by the state of each migration in it. What keeps it from going on comes first.
pub fn standing(all: &[Status], is_here: bool) -> Standing {
    let count = |which: &dyn Fn(&Status) -> bool| all.iter().filter(|status| which(status)).count();
    let pending = count(&|status| status.is_pending());
    let applied = count(&|status| status.ledger.is_some() && status.state != State::Partial);
    let is = |state: State| all.iter().any(|status| status.state == state);
    let state = if !is_here && all.iter().any(|status| status.ledger.is_some()) {
        "schema gone"
    } else if is(State::Edited) {
        "edited"
    } else if is(State::Missing) {
        "missing"
    } else if is(State::Partial) {
        "partial"
    } else if pending > 0 {
        "pending"
    } else {
        "up to date"
    };
    let last = all.iter().rfind(|status| status.holds_place()).map(|status| status.version.clone());
    Standing { state, applied, pending, last }
}

/// Whether a run over all tenants goes on: with a canary it stops as soon as one of the first few fails that have
/// something to do.
#[derive(Debug, Default)]
pub struct Canary {
    /// How many there are still to watch.
    left: usize,
    stopped_by: Option<String>,
}

impl Canary {
    pub fn new(first: usize) -> Self {
        Self { left: first, stopped_by: None }
    }

    /// Whether there are still some to watch.
    pub fn watches(&self) -> bool {
        self.left > 0
    }

    /// Notes what became of a tenant.
    pub fn note(&mut self, tenant: &str, outcome: Outcome) {
        match outcome {
            Outcome::Nothing => {}
            Outcome::Ran => self.left = self.left.saturating_sub(1),
            Outcome::Failed if self.left > 0 => self.stopped_by = Some(tenant.to_owned()),
            Outcome::Failed => {}
        }
    }

    /// The tenant whose failure stopped the run.
    pub fn stopped_by(&self) -> Option<&str> {
        self.stopped_by.as_deref()
    }
}

/// What became of a tenant in a run over all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It had nothing to do.
    Nothing,
    Ran,
    Failed,
}
