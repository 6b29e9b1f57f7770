//! Settings from the environment and from `.env` files. The files are read into a map, never into the process's
//! environment: nothing that is started later can inherit a password from them.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::error::Error;
use crate::terminal::messages;

/// What only this machine knows, in any environment.
const SECRETS: &str = ".env.secrets";

/// The files that are read for an environment, the more important first. What somebody set for the work on one machine
/// says nothing about another environment that is named.
pub fn files(env: Option<&str>) -> [String; 3] {
    [SECRETS.to_owned(), format!(".env.{}", env.unwrap_or("local")), ".env".to_owned()]
}

/// What Hasura and `nself serve` both know.
pub const ACTIONS_SECRET: &str = "NSELF_ACTIONS_SECRET";
/// What opens the page of `nself serve` for reading.
pub const OPERATOR_SECRET: &str = "NSELF_OPERATOR_SECRET";

/// Where Hasura is, and what proves who asks it.
pub const HASURA_ENDPOINT: &str = "HASURA_GRAPHQL_ENDPOINT";
pub const HASURA_SECRET: &str = "HASURA_GRAPHQL_ADMIN_SECRET";

/// Only these are taken: a `.env` file holds the settings of many programs.
fn is_ours(name: &str) -> bool {
    name == "DATABASE_URL"
        || [ACTIONS_SECRET, OPERATOR_SECRET, HASURA_ENDPOINT, HASURA_SECRET].contains(&name)
        || name.starts_with("POSTGRES_")
        || name.starts_with("PG")
}

/// Whether a variable says where a database or its Hasura is, and not only who asks and how.
pub fn says_where(name: &str) -> bool {
    const OF_LIBPQ: [&str; 5] = ["PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE"];
    ["DATABASE_URL", HASURA_ENDPOINT].contains(&name)
        || name.starts_with("POSTGRES_")
        || OF_LIBPQ.contains(&name)
}

/// The variables that say which database to talk to, and what this program shares with others.
#[derive(Default)]
pub struct Environment {
    variables: HashMap<String, String>,
}

impl Environment {
    /// Reads the process's environment and the `.env` files in `dir` of the environment `env`; the process's own wins.
    pub fn load(dir: &Path, env: Option<&str>) -> Result<Self, Error> {
        let mut environment = Self::default();
        // Empty is unset (`POSTGRES_PASSWORD=` in a template), so an empty variable hides nothing.
        let set = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        environment.add(set);
        for file in files(env) {
            let variables = read(&dir.join(&file))?;
            if !variables.is_empty() {
                messages::verbose(&format!("read {file}"));
            }
            environment.add(variables);
        }
        Ok(environment)
    }

    /// The same for one of several environments: what the process says of where a database is would be said of all of them.
    pub fn of_files(dir: &Path, env: &str) -> Result<Self, Error> {
        let mut environment = Self::default();
        let of_process = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        environment.add(of_process.filter(|(name, _)| !says_where(name)));
        for file in files(Some(env)) {
            environment.add(read(&dir.join(&file))?);
        }
        Ok(environment)
    }

    /// A variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Adds what is not there yet.
    fn add(&mut self, variables: impl IntoIterator<Item = (String, String)>) {
        for (name, value) in variables {
            if is_ours(&name) && !value.is_empty() {
                self.variables.entry(name).or_insert(value);
            }
        }
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        let mut environment = Self::default();
        environment.add(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        environment
    }
}

/// The variables of one file; none when there is no such file.
fn read(file: &Path) -> Result<Vec<(String, String)>, Error> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(source) if source.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(Error::Read { path: file.to_owned(), source }),
    };
    let text = text.trim_start_matches('\u{feff}');
    let mut variables = Vec::new();
    for line in dotenvy::from_read_iter(text.as_bytes()) {
        match line {
            Ok(variable) => variables.push(variable),
            Err(dotenvy::Error::LineParse(part, _)) => {
                if let Some(variable) = ours_with(text, &part) {
                    return Err(Error::EnvFile { path: file.to_owned(), variable });
                }
            }
            // Of bytes in memory there is no other.
            Err(_) => {}
        }
    }
    Ok(variables)
}

/// Which of our variables has a line with this part in it. The part itself is never shown: it may be a password.
fn ours_with(text: &str, part: &str) -> Option<String> {
    let names = text.lines().filter(|line| line.contains(part)).map(|line| {
        let line = line.trim_start();
        line.strip_prefix("export ").unwrap_or(line).split('=').next().unwrap_or_default().trim()
    });
    names.filter(|name| is_ours(name)).map(str::to_owned).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(&dir.path().join(".env")).unwrap(), []);
    }

    #[test]
    fn the_first_value_wins_and_empty_is_unset() {
        let mut environment = Environment::from([("PGHOST", "first"), ("PGUSER", "")]);
        environment.add([("PGHOST".into(), "second".into()), ("PGUSER".into(), "me".into())]);
        assert_eq!(environment.get("PGHOST"), Some("first"));
        assert_eq!(environment.get("PGUSER"), Some("me"));
    }

    #[test]
    fn lines_of_other_programs_may_be_anything() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(".env");
        fs::write(&file, "GREETING=hello big world\nexport PGHOST='db.local'\n# a comment\n").unwrap();
        assert!(read(&file).unwrap().contains(&("PGHOST".into(), "db.local".into())));
    }

    #[test]
    fn a_broken_line_of_ours_is_an_error_that_does_not_show_the_value() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(".env");
        fs::write(&file, "PGPASSWORD=very secret word\n").unwrap();
        let error = read(&file).unwrap_err().to_string();
        assert!(error.contains("PGPASSWORD") && !error.contains("secret"), "{error}");
    }
}
