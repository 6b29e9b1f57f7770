//! Work that goes on whatever becomes of the request that asked for it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::database::Database;
use crate::refusal::Refusal;
use crate::server::Server;

/// How much longer than its time in the database a call may take as a whole: for a new connection, and for a cancel.
const GRACE: Duration = Duration::from_secs(15);

/// The place that a call has until it has ended.
pub type Place = Option<Arc<OwnedSemaphorePermit>>;

/// Takes a place among the calls that may be under way.
pub fn take_place(server: &Server) -> Result<Arc<OwnedSemaphorePermit>, Refusal> {
    Arc::clone(&server.places).try_acquire_owned().map(Arc::new).map_err(|_| Refusal::busy())
}

/// The place that a request was let in with.
pub fn place(request: &Request) -> Place {
    request.extensions().get().cloned()
}

/// Runs it apart from the request: what has begun in the database is not given up because somebody hung up. It keeps its
/// place until it has ended.
pub fn begin<Work>(
    server: &Arc<Server>,
    place: Place,
    work: impl FnOnce(Arc<Server>, Database) -> Work,
) -> JoinHandle<Work::Output>
where
    Work: Future<Output: Send + 'static> + Send + 'static,
{
    let work = work(Arc::clone(server), server.database.for_one_call());
    tokio::spawn(async move {
        let _place = place;
        work.await
    })
}

/// Runs it so, and waits for its end, with a deadline of its own.
pub async fn to_its_end<Work>(
    server: &Arc<Server>,
    place: Place,
    work: impl FnOnce(Arc<Server>, Database) -> Work,
) -> Result<String, Refusal>
where
    Work: Future<Output = Result<String, Refusal>> + Send + 'static,
{
    match timeout(server.limits.call + GRACE, begin(server, place, work)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => {
            Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "failed", "this server had an internal error"))
        }
        Err(_) => Err(Refusal::timeout()),
    }
}
