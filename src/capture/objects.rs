//! What a command was about, in the words of the drift: types and identities of objects, "comment" and "grant" before
//! those whose comment or privileges it changed.

use std::ffi::{CStr, c_char};

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::error::Error;
use crate::spi;

// The queries name everything in full and have no operators: they run with the rights of the extension's owner, under
// whatever search_path the user has.

/// What was made or altered, without what is temporary or an extension's.
pub fn altered() -> Result<Vec<String>, Error> {
    const QUERY: &str = "SELECT c.object_type, c.object_identity, c.schema_name, c.command_tag, c.command, c.in_extension, \
                                c.classid, c.objid, c.objsubid FROM pg_catalog.pg_event_trigger_ddl_commands() c";
    let mut objects = Vec::new();
    spi::with_prepared(
        "ddl commands",
        || QUERY.to_owned(),
        &[],
        |client, query| {
            for row in client.select(query, None, &[])? {
                let schema: Option<&str> = row.get(3)?;
                if schema == Some("pg_temp") || row.get(6)? == Some(true) {
                    continue;
                }
                if let (Some(of_type), Some(identity)) = (row.get::<&str>(1)?, row.get::<&str>(2)?) {
                    let is_comment = row.get::<&str>(4)? == Some("COMMENT");
                    objects.push(format!("{}{of_type} {identity}", if is_comment { "comment " } else { "" }));
                    // A column has a new name: so something happened to its table.
                    if !is_comment
                        && let (Some(class), Some(object), Some(1..)) =
                            (row.get(7)?, row.get(8)?, row.get::<i32>(9)?)
                    {
                        objects.extend(name(pg_sys::ObjectAddress {
                            classId: class,
                            objectId: object,
                            objectSubId: 0,
                        }));
                    }
                }
                if let Some(Command(command)) = row.get_datum_by_ordinal(5)?.value::<Command>()? {
                    // SAFETY: the server's own list of commands, valid while the event trigger runs.
                    unsafe { more(&*command, &mut objects) };
                }
            }
            Ok(())
        },
    )?;
    objects.sort();
    objects.dedup();
    Ok(objects)
}

/// What was dropped, also along with something else.
pub fn dropped() -> Result<Vec<String>, Error> {
    const QUERY: &str = "SELECT d.object_type, d.object_identity, d.schema_name, d.is_temporary \
                           FROM pg_catalog.pg_event_trigger_dropped_objects() d";
    let mut objects = Vec::new();
    spi::with_prepared(
        "dropped objects",
        || QUERY.to_owned(),
        &[],
        |client, query| {
            for row in client.select(query, None, &[])? {
                let is_toast = row.get::<&str>(3)? == Some("pg_toast");
                if let (false, Some(false), Some(of_type), Some(identity)) =
                    (is_toast, row.get(4)?, row.get::<&str>(1)?, row.get::<&str>(2)?)
                {
                    objects.push(format!("{of_type} {identity}"));
                }
            }
            Ok(())
        },
    )?;
    objects.sort();
    Ok(objects)
}

/// A value of type pg_ddl_command.
struct Command(*const pg_sys::CollectedCommand);

impl FromDatum for Command {
    unsafe fn from_polymorphic_datum(datum: pg_sys::Datum, is_null: bool, _: pg_sys::Oid) -> Option<Self> {
        (!is_null).then(|| Command(datum.cast_mut_ptr()))
    }
}

impl IntoDatum for Command {
    fn into_datum(self) -> Option<pg_sys::Datum> {
        Some(pg_sys::Datum::from(self.0))
    }

    fn type_oid() -> pg_sys::Oid {
        pg_sys::PG_DDL_COMMANDOID
    }
}

/// What the server's table of commands leaves out: the parts of ALTER TABLE, and what privileges are on.
unsafe fn more(command: &pg_sys::CollectedCommand, objects: &mut Vec<String>) {
    use pg_sys::{CollectedCommandType as Type, ObjectType};
    // SAFETY: the type says which of the union's fields is meant; lists are of what the server puts there.
    unsafe {
        match command.type_ {
            Type::SCT_AlterTable => {
                let parts = pgrx::PgList::<pg_sys::CollectedATSubcmd>::from_pg(command.d.alterTable.subcmds);
                objects.extend(parts.iter_ptr().filter_map(|part| name((*part).address)));
            }
            Type::SCT_Grant => {
                let grant = &*command.d.grant.istmt;
                let class = match grant.objtype {
                    ObjectType::OBJECT_TABLE | ObjectType::OBJECT_SEQUENCE => pg_sys::RelationRelationId,
                    ObjectType::OBJECT_FUNCTION => pg_sys::ProcedureRelationId,
                    ObjectType::OBJECT_SCHEMA => pg_sys::NamespaceRelationId,
                    ObjectType::OBJECT_TYPE | ObjectType::OBJECT_DOMAIN => pg_sys::TypeRelationId,
                    _ => return,
                };
                let granted = pgrx::PgList::<pg_sys::Oid>::from_pg(grant.objects);
                let names = granted.iter_oid().filter_map(|object| {
                    name(pg_sys::ObjectAddress { classId: class, objectId: object, objectSubId: 0 })
                });
                objects.extend(names.map(|name| format!("grant {name}")));
            }
            _ => {}
        }
    }
}

/// The type and the identity of an object that is there.
fn name(address: pg_sys::ObjectAddress) -> Option<String> {
    if address.objectId == pg_sys::InvalidOid {
        return None;
    }
    // SAFETY: looks into the catalogs; what is missing has no name.
    unsafe {
        // A column that was dropped has a name of the server's own.
        let identity =
            text(pg_sys::getObjectIdentity(&address, true)).filter(|of| !of.contains("..pg.dropped."))?;
        let of_type = text(pg_sys::getObjectTypeDescription(&address, true))?;
        Some(format!("{of_type} {identity}"))
    }
}

unsafe fn text(text: *const c_char) -> Option<String> {
    // SAFETY: a text of the server's, or nothing.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
