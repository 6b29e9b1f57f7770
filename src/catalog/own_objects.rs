//! This program's own objects, as they are now and as the script of the extension left them: who alters them is told by drift,
//! as of any other object.

use nself_heal_core::own::{self, Own};
use nself_heal_core::plan::Step;
use pgrx::pg_sys;

use crate::catalog::access::in_script;
use crate::error::Error;
use crate::server::session::as_extension_owner;
use crate::server::spi;

const OWN: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/own.sql"));

/// Keeps what the objects of this extension are. It is for the extension's own scripts, at their end.
#[pgrx::pg_extern(sql = false)]
fn nself_note_installed() -> Result<(), pg_sys::panic::ErrorReport> {
    Ok(note_installed()?)
}

fn note_installed() -> Result<(), Error> {
    if !in_script() {
        return Err(Error::OnlyInScript("note_installed"));
    }
    as_extension_owner(|| {
        spi::write("DELETE FROM nself.installed", &[])?;
        spi::write(
            &format!("INSERT INTO nself.installed (object_type, identity, part_of, says, server) {OWN}"),
            &[],
        )
    })
}

/// How this program's own objects differ from what was installed. None in a shadow, which has none of them.
pub fn steps() -> Result<Vec<Step>, Error> {
    // SAFETY: a look into the catalogs; with true it returns InvalidOid for what is not there.
    let (extension, schema) = unsafe {
        (
            pg_sys::get_extension_oid(c"nself_heal".as_ptr(), true),
            pg_sys::get_namespace_oid(c"nself".as_ptr(), true),
        )
    };
    if extension == pg_sys::InvalidOid || schema == pg_sys::InvalidOid {
        return Ok(Vec::new());
    }
    // SAFETY: as above.
    if unsafe { pg_sys::get_relname_relid(c"installed".as_ptr(), schema) } == pg_sys::InvalidOid {
        return Ok(vec![own::not_known()]);
    }
    let list = |from: &str| format!("SELECT coalesce(json_agg(x), '[]')::text FROM ({from}) x");
    let (installed, live): (Vec<Own>, Vec<Own>) = as_extension_owner(|| {
        Ok((
            spi::read_json("installed", &list("SELECT * FROM nself.installed"), &[])?,
            spi::read_json("own", &list(OWN), &[])?,
        ))
    })?;
    Ok(own::steps(installed, live, pg_sys::PG_VERSION_NUM / 10_000))
}
