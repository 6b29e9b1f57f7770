//! After a migration or a heal that changed the schema, Hasura is told: it reads the schema anew. That it could not be told,
//! or cannot serve what it has now, is a warning: what was done to the database is done.

use std::path::Path;
use std::time::Duration;

use nself_hasura::metadata::Project;
use nself_hasura::metadata::api::{Inconsistent, Reload};

use super::{client_at, environment};
use crate::args::Global;
use crate::dotenv::HASURA_ENDPOINT;
use crate::error::Error;
use crate::server::Server;
use crate::terminal::messages;

/// Whoever has migrated waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tells Hasura, if the database says where it is.
pub fn of_change(global: &Global, server: &mut Server, skip: bool) {
    if skip {
        return;
    }
    match reload(global, server) {
        Ok(None) => {}
        Ok(Some((endpoint, objects))) if objects.is_empty() => {
            messages::note(&format!("Hasura at {endpoint} has read the schema anew"));
        }
        Ok(Some((endpoint, objects))) => {
            let list: Vec<String> = objects.iter().map(Inconsistent::to_string).collect();
            let what = if objects.len() == 1 { "object that is" } else { "objects that are" };
            messages::warning(
                &format!(
                    "the metadata of Hasura at {endpoint} has {} {what} inconsistent now",
                    objects.len()
                ),
                Some(list.join("\n")),
                Some("nself db hasura metadata validate tells what of the folder does not fit the database."),
            );
        }
        Err(error) => messages::warning(
            &format!("Hasura was not told that the schema has changed: {error}"),
            error.detail(),
            Some("Once it can be reached: nself db hasura metadata reload."),
        ),
    }
}

fn reload(global: &Global, server: &mut Server) -> Result<Option<(String, Vec<Inconsistent>)>, Error> {
    let mut session = server.begin()?;
    let said = session.hasura_endpoint()?;
    session.undo()?;
    let Some(said) = said else { return Ok(None) };
    let environment = environment(global)?;
    // The server may know Hasura by another name than this machine.
    let endpoint = environment.get(HASURA_ENDPOINT).unwrap_or(&said);
    // Only for the secret: what is wrong in a folder is not for a migration to say.
    let project = Project::find(Path::new("")).unwrap_or(None);
    let client = client_at(endpoint, &environment, project.as_ref(), PATIENCE)?;
    let objects = client.reload(&Reload::default())?;
    Ok(Some((client.endpoint().to_owned(), objects)))
}
