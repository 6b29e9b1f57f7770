//! `nself serve`: hands over what the command line and the environment say.

use std::time::Duration;

use nself_hasura::{Certificate, Config, Hasura, Limits, Secret, Source};

use crate::args::{Global, Serve};
use crate::connect::{self, Way};
use crate::dotenv::{ACTIONS_SECRET, Environment, HASURA_ENDPOINT, HASURA_SECRET, OPERATOR_SECRET};
use crate::error::Error;
use crate::exit::Outcome;

pub fn run(global: &Global, serve: &Serve) -> Result<Outcome, Error> {
    let env = global.env();
    let environment = Environment::load(".".as_ref(), env.as_deref())?;
    let secret = |name| environment.get(name).map(Secret::new).transpose();
    let (secret, operator_secret) = (secret(ACTIONS_SECRET)?, secret(OPERATOR_SECRET)?);
    let Way { mut config, connector } =
        connect::way(connect::target(global.database_url.as_deref(), &environment)?)?;
    config.application_name("nself serve");
    let certificate = match (&serve.tls_cert, &serve.tls_key) {
        (Some(chain), Some(key)) => Some(Certificate { chain: chain.clone(), key: key.clone() }),
        _ => None,
    };
    nself_hasura::serve(Config {
        listen: serve.listen,
        secret,
        operator_secret,
        insecure_no_secret: serve.insecure_no_secret,
        secret_header: serve.secret_header.clone(),
        roles: serve.role.clone(),
        certificate,
        limits: limits(serve),
        database: Source { config, connector, env },
        hasura: Hasura {
            endpoint: environment.get(HASURA_ENDPOINT).map(str::to_owned),
            admin_secret: environment.get(HASURA_SECRET).map(str::to_owned),
        },
    })?;
    Ok(Outcome::Done)
}

fn limits(serve: &Serve) -> Limits {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let seconds = Duration::from_secs;
    Limits {
        connections: number(serve.connections),
        calls: number(serve.max_calls),
        body: number(serve.max_body),
        body_wait: seconds(serve.body_timeout),
        call: seconds(serve.timeout),
        heal_wait: seconds(serve.heal_wait),
        drift_age: (serve.drift_age > 0).then(|| seconds(serve.drift_age)),
    }
}
