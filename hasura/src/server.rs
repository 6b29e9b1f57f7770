//! What all requests share.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderName;
use tokio::sync::Semaphore;

use crate::database::Database;
use crate::drift::LastDrift;
use crate::metrics::Metrics;
use crate::page::Page;
use crate::roles::Roles;
use crate::secret::Secret;
use crate::serve::Limits;
use crate::told::{Change, Hasura};

pub struct Server {
    /// Who knows it may do all that roles may.
    pub secret: Option<Secret>,
    pub secret_header: HeaderName,
    pub roles: Roles,
    pub limits: Limits,
    pub database: Arc<Database>,
    pub metrics: Arc<Metrics>,
    pub last_drift: Arc<LastDrift>,
    pub page: Page,
    pub hasura: Hasura,
    /// The calls that may be under way. Whoever has all places knows that none is.
    pub places: Arc<Semaphore>,
}

pub type Shared = State<Arc<Server>>;

impl Server {
    /// Tells Hasura of a change behind the answer, which nobody is to wait for.
    pub fn tell_hasura(self: &Arc<Self>, change: Option<Change>) {
        if let Some(change) = change {
            let server = Arc::clone(self);
            tokio::spawn(async move { server.hasura.tell(&server.database, change).await });
        }
    }
}
