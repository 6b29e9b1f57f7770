//! What a platform brings to a database before the first migration, made where the platform is not.

use super::{is_json, open};
use crate::args::{Global, Ground};
use crate::error::Error;
use crate::exit::Outcome;
use crate::output;
use crate::rows::PlatformObject;
use crate::server::{Call, Rows};

pub fn make(global: &Global, ground: &Ground) -> Result<Outcome, Error> {
    let call = Call::to("nself_ground_platform")
        .with("platform", "text", Some(ground.platform.clone()))
        .with("confirm", "bool", Some(ground.confirm));
    let mut server = open(global)?;
    let mut session = server.begin()?;
    let rows: Rows<PlatformObject> = session.rows("Making what the platform brings", &call)?;
    session.keep()?;
    if is_json(global) {
        output::json_rows(&rows.raw);
    } else {
        output::text(&output::ground::platform(&ground.platform, &rows.items, ground.confirm));
    }
    Ok(Outcome::Done)
}
