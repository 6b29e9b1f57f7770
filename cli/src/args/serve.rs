//! The arguments of `nself serve`. The secret is none of them: others see the list of processes.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use clap::builder::RangedU64ValueParser;
use nself_hasura::Grant;

const SERVE_HELP: &str = "\
Hasura proves itself by a secret, in NSELF_ACTIONS_SECRET of the environment, .env.secrets, .env.NAME or .env.
The page at / is opened by that secret, or for reading alone by another one, in NSELF_OPERATOR_SECRET.
Paths: GET /, POST /actions, POST /triggers, GET /healthz, GET /metrics. The log is on stderr, one line of JSON a request.
SIGTERM and Ctrl-C end it when the calls that are under way have ended; SIGHUP reads the certificate again.";

#[derive(Args)]
#[command(after_help = SERVE_HELP)]
pub struct Serve {
    /// The address to listen on
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8090")]
    pub listen: SocketAddr,
    /// The header in which Hasura sends the secret
    #[arg(long, value_name = "NAME", default_value = "x-nself-secret")]
    pub secret_header: String,
    /// Take calls without a secret, if none is set: only for a trial, and only on an address of this machine alone
    #[arg(long)]
    pub insecure_no_secret: bool,
    /// What a role of Hasura's may do: look, heal, migrate or admin (repeatable) [default: admin=admin and
    /// nself_operator=look]
    #[arg(long, value_name = "NAME=LEVEL")]
    pub role: Vec<Grant>,
    /// The certificate in a PEM file, with those that lead to its root: connections are then encrypted
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key in a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// How many connections to the database there may be
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = some(1_000))]
    pub connections: u64,
    /// How many calls may be under way, those that wait for a connection among them; more are refused as busy
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = some(100_000))]
    pub max_calls: u64,
    /// How large the body of a call may be
    #[arg(long, value_name = "BYTES", default_value_t = 65_536, value_parser = some(67_108_864))]
    pub max_body: u64,
    /// How long the body of a call may take to arrive
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = some(3_600))]
    pub body_timeout: u64,
    /// How long a call may take in the database; shorter than Hasura's timeout, which is 30 s
    #[arg(long, value_name = "SECONDS", default_value_t = 25, value_parser = some(86_400))]
    pub timeout: u64,
    /// How long a heal is waited for, before the number of its job is answered
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = RangedU64ValueParser::<u64>::new().range(..=3_600))]
    pub heal_wait: u64,
    /// How old the drift of /metrics may be: if it is older, a scrape begins a new one, and does not wait for it; 0 for never
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = RangedU64ValueParser::<u64>::new().range(..=31_536_000))]
    pub drift_age: u64,
}

/// A number from 1 to `most`.
fn some(most: u64) -> RangedU64ValueParser<u64> {
    RangedU64ValueParser::new().range(1..=most)
}
