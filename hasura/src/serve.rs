//! Starting the server, and ending it.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderName;
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::TokioTimer;
use rustls::pki_types::UnixTime;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::certificate::{self, Loaded};
use crate::database::{Database, Source};
use crate::drift::LastDrift;
use crate::error::Error;
use crate::log;
use crate::metrics::Metrics;
use crate::page::Page;
use crate::refusal::Refusal;
use crate::rehearsal::LastRehearsal;
use crate::roles::{Grant, Roles};
use crate::router::router;
use crate::secret::Secret;
use crate::server::Server;
use crate::told::Hasura;

/// How long the head of a request may take, and a connection may be silent between two of them.
const HEAD_WAIT: Duration = Duration::from_secs(75);
/// A certificate that ends so soon is warned of.
const SOON: u64 = 14 * 24 * 60 * 60;
/// What a call may take beside its time in the database, at the end of the server.
const GRACE: Duration = Duration::from_secs(20);

/// What `nself serve` was told.
pub struct Config {
    pub listen: SocketAddr,
    pub secret: Option<Secret>,
    /// Opens the page for reading alone.
    pub operator_secret: Option<Secret>,
    /// Whether somebody said that there need not be a secret.
    pub insecure_no_secret: bool,
    pub secret_header: String,
    pub roles: Vec<Grant>,
    pub certificate: Option<Certificate>,
    pub limits: Limits,
    pub database: Source,
    pub hasura: Hasura,
}

/// Files in PEM form.
pub struct Certificate {
    pub chain: PathBuf,
    pub key: PathBuf,
}

/// How much, and for how long.
pub struct Limits {
    /// Connections to the database.
    pub connections: usize,
    /// Calls under way, those that wait for a connection among them.
    pub calls: usize,
    /// Bytes of a body.
    pub body: usize,
    /// How long a body may take to arrive.
    pub body_wait: Duration,
    /// How long a statement may take.
    pub call: Duration,
    /// How long a heal is waited for before the number of its job is answered.
    pub heal_wait: Duration,
    /// When a scrape begins a new drift behind it. None: never.
    pub drift_age: Option<Duration>,
}

/// Serves until SIGTERM or SIGINT, and then ends what is under way.
pub fn serve(config: Config) -> Result<(), Error> {
    Runtime::new().map_err(Error::Stopped)?.block_on(run(config))
}

async fn run(config: Config) -> Result<(), Error> {
    let Config {
        listen,
        secret,
        operator_secret,
        insecure_no_secret,
        secret_header,
        roles,
        certificate,
        limits,
        database,
        hasura,
    } = config;
    match secret {
        None if !insecure_no_secret => return Err(Error::NoSecret),
        None if !listen.ip().is_loopback() => return Err(Error::OpenToOthers { address: listen }),
        _ => {}
    }
    match (&secret, &operator_secret) {
        (None, Some(_)) => return Err(Error::OperatorAlone),
        (Some(secret), Some(operator)) if secret.is_same(operator) => return Err(Error::SameSecret),
        _ => {}
    }
    let header = HeaderName::try_from(&secret_header).map_err(|_| Error::Header(secret_header))?;
    let loaded = certificate.as_ref().map(certificate::load).transpose()?;
    // Before the listener is: who can connect can also rely on the signals.
    let ending = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    let [terminate, interrupt] = ending;
    let (terminate, interrupt) = (terminate.map_err(Error::Stopped)?, interrupt.map_err(Error::Stopped)?);

    let failed = |source| Error::Listen { address: listen, source };
    let listener = TcpListener::bind(listen).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;

    let patience = limits.call + GRACE;
    let (calls, drift_age) = (limits.calls, limits.drift_age);
    let has_secret = secret.is_some();
    let database = Arc::new(Database::new(database, &limits));
    let places = Arc::new(Semaphore::new(calls));
    let last_drift = Arc::new(LastDrift::default());
    let last_rehearsal = Arc::new(LastRehearsal::default());
    let server = Server {
        secret,
        secret_header: header,
        roles: Roles::new(roles),
        limits,
        database: Arc::clone(&database),
        metrics: Arc::new(Metrics::new(Arc::clone(&last_drift), Arc::clone(&last_rehearsal), drift_age)),
        last_drift,
        page: Page::new(operator_secret, last_rehearsal),
        hasura,
        places: Arc::clone(&places),
    };
    say_what_is_odd(&address, has_secret, loaded.as_ref());

    let handle = Handle::new();
    let ended = tokio::spawn(end(handle.clone(), terminate, interrupt, patience));
    let service = router(Arc::new(server)).into_make_service_with_connect_info::<SocketAddr>();
    let mut plain = axum_server::from_tcp(listener)
        .map_err(failed)?
        .handle(handle)
        .http1_only()
        .acceptor(NoDelayAcceptor::new())
        .accept_error_handler(|from, error| {
            let from = from.map_or_else(String::new, |from| format!("{from}: "));
            log::event("connection-refused", &format!("{from}{error}"));
        });
    plain.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT);
    let scheme = if loaded.is_some() { "https" } else { "http" };
    log::event("listening", &format!("{scheme}://{address}"));
    tokio::spawn(async move { say_how_the_database_is(&database).await });
    let served = match (loaded, certificate) {
        (Some(loaded), Some(files)) => {
            let tls = RustlsConfig::from_config(loaded.config);
            tokio::spawn(renew(files, tls.clone()));
            let acceptor = RustlsAcceptor::new(tls).acceptor(NoDelayAcceptor::new());
            plain.acceptor(acceptor).serve(service).await
        }
        _ => plain.serve(service).await,
    };
    served.map_err(Error::Stopped)?;
    // Whoever has hung up does not end what was begun for him: that has a place until it is done.
    let all = u32::try_from(calls).unwrap_or(u32::MAX);
    let is_done = timeout(patience, places.acquire_many(all)).await.is_ok();
    ended.abort();
    log::event("stopped", if is_done { "all calls have ended" } else { "a call has not ended in time" });
    Ok(())
}

/// Waits for a signal that ends the server, and then for what is under way. A second signal ends it at once.
async fn end(handle: Handle<SocketAddr>, mut terminate: Signal, mut interrupt: Signal, patience: Duration) {
    for first in [true, false] {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if first {
            log::event("stopping", "no new calls are taken; those under way are ended");
            handle.graceful_shutdown(Some(patience));
        }
    }
    log::event("stopped", "at once, by a second signal");
    std::process::exit(1);
}

/// Reads the certificate again on SIGHUP. If that fails, the old one stays.
async fn renew(files: Certificate, tls: RustlsConfig) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    while hangup.recv().await.is_some() {
        match certificate::load(&files) {
            Ok(loaded) => {
                tls.reload_from_config(loaded.config);
                log::event("certificate", "it was read again");
            }
            Err(error) => log::event("certificate", &format!("the old one stays in use: {error}")),
        }
    }
}

fn say_what_is_odd(address: &SocketAddr, has_secret: bool, loaded: Option<&Loaded>) {
    if !has_secret {
        log::event("warning", "there is no secret: whoever can reach this port can claim any role");
    }
    if loaded.is_none() && !address.ip().is_loopback() {
        log::event(
            "warning",
            "there is no certificate: the secret is sent in clear to an address of other machines",
        );
    }
    if let Some(expires) = loaded.and_then(|loaded| loaded.expires)
        && expires.as_secs() < UnixTime::now().as_secs() + SOON
    {
        let message = format!("the certificate expires at {}", certificate::moment(expires));
        log::event("warning", &message);
    }
}

/// The database may come later, so this ends nothing.
async fn say_how_the_database_is(database: &Database) {
    match database.answers().await {
        Ok(()) => log::event("database", "ok"),
        Err(failure) => {
            let Refusal { code, message, cause, .. } = failure.into();
            log::event("database", &format!("{code}: {}", cause.unwrap_or(message)));
        }
    }
}
