//! This program's own objects, as they are now and as the script of the extension, or nself_api_install(), left them: who alters
//! them is told by drift, as of any other object.

use nself_heal_core::graphql::changes::Known;
use nself_heal_core::graphql::edition;
use nself_heal_core::own::{self, Own};
use nself_heal_core::plan::{Kind, Step};
use pgrx::pg_sys;

use crate::catalog::access::in_script;
use crate::catalog::digest::{Held, held};
use crate::catalog::older::{self, as_here};
use crate::error::Error;
use crate::server::session::as_extension_owner;
use crate::server::spi;

const OWN: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/own.sql"));

/// Whether a row of it is of schema nself_api.
const OF_API: &str =
    "(identity = 'nself_api' OR part_of = 'nself_api' OR starts_with(part_of, 'nself_api.')) IS TRUE";

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
        let columns = "object_type, identity, part_of, says, server";
        let of_others = format!("SELECT {columns} FROM ({OWN}) o WHERE NOT ({OF_API})");
        spi::write(&format!("INSERT INTO nself.installed ({columns}) {of_others}"), &[])
    })
}

/// Keeps what these objects of schema nself_api are, now that this edition of it is installed.
pub fn note_api(identities: &[String]) -> Result<(), Error> {
    const NOTED: &str = "(object_type = 'schema' OR identity = ANY ($1) OR part_of = ANY ($1))";
    let identities: Vec<&str> = identities.iter().map(String::as_str).collect();
    as_extension_owner(|| {
        let delete = format!("DELETE FROM nself.installed_api WHERE {NOTED}");
        spi::write(&delete, &[identities.clone().into()])?;
        let insert = format!(
            "INSERT INTO nself.installed_api (object_type, identity, part_of, says, server) \
             SELECT object_type, identity, part_of, CASE object_type WHEN 'schema' THEN $2 ELSE says END, server \
               FROM ({OWN}) o WHERE {NOTED} AND {OF_API}"
        );
        spi::write(&insert, &[identities.into(), current_edition()?.into()])
    })
}

/// Forgets schema nself_api.
pub fn forget_api() -> Result<(), Error> {
    as_extension_owner(|| spi::write("DELETE FROM nself.installed_api", &[]))
}

/// The rows that tell what schema nself_api was, in their versions. None where there is no such table, as in a shadow.
pub fn held_of_api() -> Option<Held> {
    older::api_table().map(|table| held(table.to_u32()))
}

/// The name of the schema that the extension was put into.
pub fn schema() -> Result<String, Error> {
    let query = "SELECT n.nspname::text FROM pg_catalog.pg_extension e \
                   JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace \
                  WHERE e.extname OPERATOR(pg_catalog.=) 'nself_heal'";
    Ok(spi::read_one(query, &[])?.unwrap_or_default())
}

fn current_edition() -> Result<String, Error> {
    Ok(format!("edition {}", &edition(&schema()?)[..12]))
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
    as_extension_owner(|| {
        let mut installed: Vec<Own> =
            list("installed", "SELECT * FROM nself.installed UNION ALL SELECT * FROM nself.installed_api a")?;
        let mut live: Vec<Own> = list("own", OWN)?;
        if installed.iter().any(Own::is_of_api) {
            own::expect_edition(&mut installed, &mut live, &current_edition()?);
        }
        Ok(own::steps(installed, live, pg_sys::PG_VERSION_NUM / 10_000))
    })
}

fn list(name: &'static str, from: &str) -> Result<Vec<Own>, Error> {
    spi::read_json(name, &format!("SELECT coalesce(json_agg(x), '[]')::text FROM ({}) x", as_here(from)), &[])
}

/// What an earlier call of nself_api_install() has made, and what of schema nself_api is not so, each in words.
pub fn known_of_api() -> Result<(Known, Vec<String>), Error> {
    as_extension_owner(|| {
        let of_api = |own: Vec<Own>| own.into_iter().filter(Own::is_of_api).collect::<Vec<_>>();
        let mut installed = of_api(list("installed", "SELECT * FROM nself.installed_api a")?);
        let mut live = of_api(list("own", OWN)?);
        let edition = installed.iter().find(|own| own.object_type == "schema").map(|own| own.says.clone());
        let Some(edition) = edition else { return Ok((Known::default(), Vec::new())) };
        let is_object = |own: &&Own| matches!(own.object_type.as_str(), "function" | "table");
        let made = installed.iter().filter(is_object).map(|own| own.identity.clone()).collect();
        let is_outdated = edition != current_edition()?;
        // What was made of an older edition is still what was made.
        own::expect_edition(&mut installed, &mut live, &edition);
        let steps = own::steps(installed, live, pg_sys::PG_VERSION_NUM / 10_000);
        let altered = steps.iter().map(|step| step.identity.clone()).collect();
        let stays = steps.iter().filter(|step| step.kind != Kind::Missing);
        let others = stays.map(|step| format!("{} {}", step.object_type, step.identity)).collect();
        Ok((Known { made, altered, is_outdated }, others))
    })
}
