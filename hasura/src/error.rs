//! Why the server could not start. What happens later is told to the caller (`refusal.rs`) and logged.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no secret is set: anybody who reaches the port could claim any role")]
    NoSecret,
    #[error("{address} is not an address of this machine alone, and without a secret no other is served")]
    OpenToOthers { address: SocketAddr },
    #[error("the secret has {length} characters: one that is so short can be guessed")]
    ShortSecret { length: usize },
    #[error(
        "the secret cannot be sent in a header: it is not printable ASCII, or begins or ends with a blank"
    )]
    UnfitSecret,
    #[error(
        "NSELF_OPERATOR_SECRET is set, and NSELF_ACTIONS_SECRET is not: the operator's would be the only one that is asked for"
    )]
    OperatorAlone,
    #[error("NSELF_OPERATOR_SECRET and NSELF_ACTIONS_SECRET are the same: who may only read could heal")]
    SameSecret,
    #[error("\"{0}\" is not the name of a header")]
    Header(String),
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("cannot read {}: {source}", .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}: {message}", .path.display())]
    Certificate { path: PathBuf, message: String },
    #[error("the certificate in {} expired at {at}", .path.display())]
    Expired { path: PathBuf, at: String },
    #[error("the server stopped: {0}")]
    Stopped(#[source] std::io::Error),
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Error::NoSecret => Some(
                "Set NSELF_ACTIONS_SECRET in the environment or in .env.secrets, and give Hasura the same. For a trial on this machine: --insecure-no-secret.",
            ),
            Error::OpenToOthers { .. } => Some(
                "Listen on 127.0.0.1 or ::1, or set NSELF_ACTIONS_SECRET instead of --insecure-no-secret.",
            ),
            Error::ShortSecret { .. } | Error::UnfitSecret => Some("openssl rand -hex 32 makes a good one."),
            Error::OperatorAlone => Some("Set NSELF_ACTIONS_SECRET, too, or neither of them."),
            Error::SameSecret => Some("Make another one: openssl rand -hex 32"),
            Error::Expired { .. } => Some("Renew it, or leave out --tls-cert and --tls-key."),
            Error::Listen { .. } => Some("Choose another address with --listen."),
            Error::Header(_) | Error::Read { .. } | Error::Certificate { .. } | Error::Stopped(_) => None,
        }
    }
}
