//! Why metadata cannot be read or written.

/// Paths are relative to the metadata folder.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}, line {line}: {message}")]
    Yaml { path: String, line: usize, message: String },
    #[error("{path} includes {include:?}, which is outside the metadata folder")]
    Outside { path: String, include: String },
    #[error("{path} includes {include}, which is not there")]
    Missing { path: String, include: String },
    #[error("{path} includes itself: {chain}")]
    Circle { path: String, chain: String },
    #[error("{path} stands more than {limit} includes deep")]
    TooDeep { path: String, limit: usize },
    #[error("{path} is larger than {limit} bytes")]
    TooLarge { path: String, limit: u64 },
    #[error("{path} is no UTF-8 text")]
    NotText { path: String },
    #[error("actions.graphql cannot be read: {message}")]
    Sdl { message: String },
    #[error("action {0} is in actions.yaml, and actions.graphql does not declare it")]
    ActionWithoutType(String),
    #[error("actions.graphql declares the action {0}, which is not in actions.yaml")]
    TypeWithoutAction(String),
    #[error("version.yaml says {0}, and only version 3 of the metadata folder can be read")]
    Version(String),
    #[error("there is no metadata in the folder: version.yaml is missing")]
    NoVersion,
    #[error("{path} is not {expected}")]
    Shape { path: String, expected: &'static str },
    #[error("cannot read {path}: {source}")]
    Read { path: String, source: std::io::Error },
    #[error("cannot write {path}: {source}")]
    Write { path: String, source: std::io::Error },
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Error::Outside { .. } => {
                Some("Move the file into the metadata folder, and include it by a path without .. out of it.")
            }
            Error::Version(_) => Some("hasura scripts update-project-v3 makes version 3 of it."),
            Error::NoVersion => Some(
                "Name the folder of the project with --project, or make one: nself db hasura metadata export.",
            ),
            Error::ActionWithoutType(_) => {
                Some("Declare it in actions.graphql: type Mutation { name(argument: Type): Type }.")
            }
            Error::TypeWithoutAction(_) => Some("Add it to actions.yaml, or take it out of actions.graphql."),
            _ => None,
        }
    }
}
