//! Which database to talk to, and the way to it. The first source that names a database is taken; `PG*` fill
//! in what a URL leaves out, as they do for psql.

mod tls;

use std::path::Path;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode as Encryption};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::dotenv::Environment;
use crate::error::Error;
use tls::SslMode;

const APPLICATION_NAME: &str = "nself";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
const PORT: u16 = 5432;
/// Where servers put their sockets: Debian's place and PostgreSQL's own.
const SOCKET_DIRS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// A database and how to reach it.
pub struct Target {
    config: Config,
    ssl_mode: Option<SslMode>,
    ssl_root: Option<String>,
}

/// Finds the database to talk to: the URL, else `DATABASE_URL`, else `POSTGRES_*`, else `PG*`.
pub fn target(url: Option<&str>, environment: &Environment) -> Result<Target, Error> {
    let names = |variables: &[&str]| variables.iter().any(|name| environment.get(name).is_some());
    let mut target = match url.or(environment.get("DATABASE_URL")) {
        Some(url) => from_url(url, environment)?,
        None if names(&["POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_DB"]) => {
            from_postgres_variables(environment)?
        }
        None if names(&["PGHOST", "PGUSER", "PGDATABASE"]) => {
            from_pg_variables(Target::new(Config::new()), environment)?
        }
        None => return Err(Error::NoDatabase),
    };
    fill_in(&mut target, environment)?;
    Ok(target)
}

/// A database in the driver's words, and what it encrypts with: all that it takes to connect, once or by a pool.
pub struct Way {
    pub config: Config,
    pub connector: MakeRustlsConnect,
}

/// How to get there.
pub fn way(target: Target) -> Result<Way, Error> {
    let Target { mut config, ssl_mode, ssl_root } = target;
    let local = config.get_hostaddrs().is_empty()
        && config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
    // Like libpq: a socket on this machine is not encrypted, whatever was asked for.
    let mode = if local { SslMode::Disable } else { ssl_mode.unwrap_or(SslMode::Prefer) };
    config.ssl_mode(match mode {
        SslMode::Disable => Encryption::Disable,
        SslMode::Prefer => Encryption::Prefer,
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => Encryption::Require,
    });
    Ok(Way { connector: tls::connector(mode, ssl_root.as_deref())?, config })
}

impl Target {
    /// Where the database is, for a comparison.
    pub fn place(&self) -> String {
        let Self { config, ssl_mode: _, ssl_root: _ } = self;
        format!(
            "{:?} {:?} {:?} {:?}",
            config.get_hosts(),
            config.get_hostaddrs(),
            config.get_ports(),
            config.get_dbname()
        )
    }

    fn new(config: Config) -> Self {
        Self { config, ssl_mode: None, ssl_root: None }
    }
}

/// The driver knows neither `verify-ca` and `verify-full` nor `sslrootcert`: they are taken out of the URL first.
fn from_url(url: &str, environment: &Environment) -> Result<Target, Error> {
    let (base, query) = match url.split_once('?') {
        Some((base, query)) if base.contains("://") => (base, query),
        _ => (url, ""),
    };
    let (mut mode, mut root, mut others) = (None, None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(SslMode::named("sslmode", value)?),
            Some(("sslrootcert", value)) => {
                root = Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
            }
            _ => others.push(pair),
        }
    }
    let rest = if others.is_empty() { base.to_owned() } else { format!("{base}?{}", others.join("&")) };
    let config: Config = rest.parse().map_err(Error::ConnectionString)?;
    // A key=value string is parsed by the driver alone.
    let mode = mode.or(match config.get_ssl_mode() {
        Encryption::Disable => Some(SslMode::Disable),
        Encryption::Require => Some(SslMode::Require),
        _ => None,
    });
    from_pg_variables(Target { config, ssl_mode: mode, ssl_root: root }, environment)
}

/// What is left out is what the official container image takes.
fn from_postgres_variables(environment: &Environment) -> Result<Target, Error> {
    let mut config = Config::new();
    let user = environment.get("POSTGRES_USER").unwrap_or("postgres");
    config.host(environment.get("POSTGRES_HOST").unwrap_or("localhost"));
    config.port(port(environment, "POSTGRES_PORT")?.unwrap_or(PORT));
    config.user(user);
    config.dbname(environment.get("POSTGRES_DB").unwrap_or(user));
    if let Some(password) = environment.get("POSTGRES_PASSWORD") {
        config.password(password);
    }
    Ok(Target::new(config))
}

/// Fills in what a URL does not say, or everything, from `PG*` and then from libpq's defaults.
fn from_pg_variables(mut target: Target, environment: &Environment) -> Result<Target, Error> {
    let config = &mut target.config;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        if config.get_ports().is_empty() {
            config.port(port(environment, "PGPORT")?.unwrap_or(PORT));
        }
        let port = config.get_ports()[0];
        config.host(environment.get("PGHOST").unwrap_or_else(|| default_host(port)));
    }
    if let (None, Some(user)) = (config.get_user(), environment.get("PGUSER")) {
        config.user(user);
    }
    if let (None, Some(database)) = (config.get_dbname(), environment.get("PGDATABASE")) {
        config.dbname(database);
    }
    if let (None, Some(password)) = (config.get_password(), environment.get("PGPASSWORD")) {
        config.password(password);
    }
    Ok(target)
}

/// Fills in what has nothing to do with which database it is.
fn fill_in(target: &mut Target, environment: &Environment) -> Result<(), Error> {
    let config = &mut target.config;
    if let (None, Some(options)) = (config.get_options(), environment.get("PGOPTIONS")) {
        config.options(options);
    }
    if config.get_application_name().is_none() {
        config.application_name(APPLICATION_NAME);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if let (None, Some(mode)) = (target.ssl_mode, environment.get("PGSSLMODE")) {
        target.ssl_mode = Some(SslMode::named("PGSSLMODE", mode)?);
    }
    if target.ssl_root.is_none() {
        target.ssl_root = environment.get("PGSSLROOTCERT").map(str::to_owned);
    }
    Ok(())
}

/// The folder in which a server listens on this machine, else the machine itself.
fn default_host(port: u16) -> &'static str {
    let listens = |dir: &&str| Path::new(dir).join(format!(".s.PGSQL.{port}")).exists();
    SOCKET_DIRS.into_iter().find(listens).unwrap_or("localhost")
}

fn port(environment: &Environment, name: &'static str) -> Result<Option<u16>, Error> {
    let parse = |value: &str| {
        value.parse().map_err(|_| Error::Setting { name, value: value.to_owned(), expected: "a port number" })
    };
    environment.get(name).map(parse).transpose()
}

/// Where the connection goes, for a message.
pub fn address(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| {
        let port = ports.get(at).or(ports.first()).unwrap_or(&PORT);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(dir) => format!("{}/.s.PGSQL.{port}", dir.display()),
        }
    });
    hosts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: Option<&str>, environment: impl Into<Environment>) -> Target {
        target(url, &environment.into()).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn the_flag_goes_before_every_variable() {
        let environment = [("DATABASE_URL", "postgres://b/b"), ("POSTGRES_HOST", "c"), ("PGHOST", "d")];
        assert_eq!(address(&of(Some("postgres://a/a"), environment).config), "a:5432");
        assert_eq!(address(&of(None, environment).config), "b:5432");
        assert_eq!(address(&of(None, [environment[1], environment[2]]).config), "c:5432");
        assert_eq!(address(&of(None, [environment[2]]).config), "d:5432");
    }

    #[test]
    fn nothing_named_is_an_error() {
        assert!(matches!(target(None, &[("PGPASSWORD", "x")].into()), Err(Error::NoDatabase)));
    }

    #[test]
    fn a_url_without_a_password_takes_pgpassword_and_the_container_variables_do_not() {
        let password = ("PGPASSWORD", "x");
        let config = of(Some("postgres://me@a/a"), [password]).config;
        assert_eq!(config.get_password(), Some("x".as_bytes()));
        assert_eq!(of(None, [("POSTGRES_HOST", "c"), password]).config.get_password(), None);
    }

    #[test]
    fn the_container_variables_have_the_containers_defaults() {
        let config =
            of(None, [("POSTGRES_HOST", "c"), ("POSTGRES_PORT", "5433"), ("POSTGRES_USER", "me")]).config;
        assert_eq!(address(&config), "c:5433");
        assert_eq!((config.get_user(), config.get_dbname()), (Some("me"), Some("me")));
    }

    #[test]
    fn a_folder_is_a_socket() {
        let config = of(None, [("PGHOST", "/tmp/dir"), ("PGPORT", "7")]).config;
        assert_eq!(address(&config), "/tmp/dir/.s.PGSQL.7");
        assert_eq!(config.get_application_name(), Some("nself"));
    }

    #[test]
    fn a_url_without_a_host_takes_the_rest_from_the_environment() {
        let config =
            of(Some("postgres:///shop"), [("PGHOST", "/tmp/dir"), ("PGUSER", "me"), ("PGDATABASE", "x")])
                .config;
        assert_eq!((config.get_user(), config.get_dbname()), (Some("me"), Some("shop")));
        assert_eq!(address(&config), "/tmp/dir/.s.PGSQL.5432");
    }

    #[test]
    fn the_url_may_ask_for_a_verified_certificate() {
        let target =
            of(Some("postgres://a/a?sslmode=verify-full&connect_timeout=3&sslrootcert=%2Fetc%2Fca.pem"), []);
        assert_eq!(target.ssl_mode, Some(SslMode::VerifyFull));
        assert_eq!(target.ssl_root.as_deref(), Some("/etc/ca.pem"));
        assert_eq!(target.config.get_connect_timeout(), Some(&Duration::from_secs(3)));
        assert_eq!(of(Some("host=a sslmode=require"), []).ssl_mode, Some(SslMode::Require));
        assert_eq!(of(Some("postgres://a/a"), [("PGSSLMODE", "require")]).ssl_mode, Some(SslMode::Require));
    }

    #[test]
    fn what_is_not_a_port_or_a_mode_is_named() {
        let error = target(None, &[("PGHOST", "a"), ("PGPORT", "many")].into()).err().unwrap();
        assert_eq!(error.to_string(), "PGPORT is \"many\", which is not a port number");
        assert!(target(Some("postgres://a/a?sslmode=maybe"), &[].into()).is_err());
    }
}
