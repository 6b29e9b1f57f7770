//! What a command was about, in the words of the drift: types and identities of objects, "comment" and "grant" before
//! those whose comment or privileges it changed.

use std::ffi::{CStr, c_char};
use std::ptr::null_mut;

use nself_heal_core::noted::{before_move, before_rename};
use pgrx::prelude::*;
use pgrx::{pg_sys, pg_sys::ffi::pg_guard_ffi_boundary};

use crate::capture::actions;
use crate::server::parser::{concurrent_detach, relation_of};

/// An object that a command was about.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touched {
    /// Its type and identity.
    pub name: String,
    /// The schema that it is in, or is; not for what is in none, nor for the parts of what is touched itself.
    pub schema: Option<String>,
}

impl Touched {
    fn part(name: String) -> Self {
        Self { name, schema: None }
    }
}

/// What a command was about, and what it did to that.
#[derive(Debug, Default)]
pub struct Touches {
    pub objects: Vec<Touched>,
    /// A word of `actions` and the name of an object, for each object of which that is known.
    pub actions: Vec<String>,
    /// What is now called otherwise, by the name that it had.
    pub renamed: Vec<String>,
}

impl From<Vec<Touched>> for Touches {
    fn from(objects: Vec<Touched>) -> Self {
        Self { objects, ..Self::default() }
    }
}

/// What a statement made or altered, without what is temporary or an extension's.
///
/// # Safety
/// The statement is the one that the event trigger was called for, and the tag is its.
pub unsafe fn altered(statement: *const pg_sys::Node, tag: &str) -> Touches {
    // SAFETY: as above.
    if let Some(table) = unsafe { table_alone(statement) } {
        return vec![table].into();
    }
    let (mut objects, mut actions) = (Vec::new(), Vec::new());
    for_each_row(pg_sys::F_PG_EVENT_TRIGGER_DDL_COMMANDS, |row| {
        if row.text(c"schema_name") == Some("pg_temp") || row.get(c"in_extension") == Some(true) {
            return;
        }
        if let (Some(of_type), Some(identity)) = (row.text(c"object_type"), row.text(c"object_identity")) {
            let is_comment = row.text(c"command_tag") == Some("COMMENT");
            let schema = match row.get(c"objid") {
                Some(schema) if of_type == "schema" => schema_of(pg_sys::NamespaceRelationId, schema),
                _ => row.text(c"schema_name").map(str::to_owned),
            };
            objects.push(Touched {
                name: format!("{}{of_type} {identity}", if is_comment { "comment " } else { "" }),
                schema,
            });
            // A column has a new name: so something happened to its table.
            if !is_comment
                && let (Some(class), Some(object), Some(1..)) =
                    (row.get(c"classid"), row.get(c"objid"), row.get::<i32>(c"objsubid"))
            {
                let table = pg_sys::ObjectAddress { classId: class, objectId: object, objectSubId: 0 };
                objects.extend(name(table).map(Touched::part));
            }
        }
        if let Some(Command(command)) = row.get(c"command") {
            // SAFETY: the server's own list of commands, valid while the event trigger runs.
            unsafe { more(&*command, &mut objects, &mut actions) };
        }
    });
    // SAFETY: as above.
    let renamed = unsafe { former_names(statement, &objects) };
    // SAFETY: as above.
    unsafe {
        objects.extend(default_privileges(statement));
        if let Some(action) = actions::of_statement(statement, tag) {
            actions.extend(objects.iter().map(|touched| format!("{action} {}", touched.name)));
        }
    }
    objects.sort();
    objects.dedup();
    actions.sort();
    actions.dedup();
    Touches { objects, actions, renamed }
}

/// What objects were called before a statement renamed them, or moved them from a schema that it names. The server tells the new
/// names alone.
unsafe fn former_names(statement: *const pg_sys::Node, objects: &[Touched]) -> Vec<String> {
    // SAFETY: a node says its type; the names in it are the parser's.
    unsafe {
        match statement.as_ref().map(|node| node.type_) {
            Some(pg_sys::NodeTag::T_RenameStmt) => {
                let rename = &*statement.cast::<pg_sys::RenameStmt>();
                let old = match rename.relation.as_ref() {
                    _ if !rename.subname.is_null() => rename.subname.cast_const(),
                    Some(relation) => relation.relname.cast_const(),
                    None => last_name(rename.object),
                };
                // Of a schema, too, the old name stands where those of parts do.
                let is_part =
                    !rename.subname.is_null() && rename.renameType != pg_sys::ObjectType::OBJECT_SCHEMA;
                names_before(objects, old, rename.newname, |name, old, new| {
                    before_rename(name, old, new, is_part)
                })
            }
            Some(pg_sys::NodeTag::T_AlterObjectSchemaStmt) => {
                let moved = &*statement.cast::<pg_sys::AlterObjectSchemaStmt>();
                let old = match moved.relation.as_ref() {
                    Some(relation) => relation.schemaname.cast_const(),
                    None => schema_name(moved.object),
                };
                names_before(objects, old, moved.newschema, before_move)
            }
            _ => Vec::new(),
        }
    }
}

/// The names of objects as `before` has them, for these parts of names, which are quoted as the server does it.
unsafe fn names_before(
    objects: &[Touched],
    old: *const c_char,
    new: *const c_char,
    before: impl Fn(&str, &str, &str) -> Option<String>,
) -> Vec<String> {
    // SAFETY: names of the parser's, or nothing.
    let quoted = |name: *const c_char| unsafe {
        (!name.is_null()).then(|| text(pg_sys::quote_identifier(name))).flatten()
    };
    let (Some(old), Some(new)) = (quoted(old), quoted(new)) else { return Vec::new() };
    objects.iter().filter_map(|touched| before(&touched.name, &old, &new)).collect()
}

/// The schema in the name of what is no relation, if it says one.
unsafe fn schema_name(object: *const pg_sys::Node) -> *const c_char {
    // SAFETY: as below.
    unsafe {
        let names = names_of(object);
        let first = names.head().filter(|_| names.len() == 2);
        first.map_or(std::ptr::null(), |name| (*name).sval.cast_const())
    }
}

/// The last part of the name of what is no relation.
unsafe fn last_name(object: *const pg_sys::Node) -> *const c_char {
    // SAFETY: as below.
    unsafe {
        match object.as_ref().map(|node| node.type_) {
            Some(pg_sys::NodeTag::T_String) => (*object.cast::<pg_sys::String>()).sval,
            _ => names_of(object).tail().map_or(std::ptr::null(), |name| (*name).sval.cast_const()),
        }
    }
}

/// The parts of a qualified name, or of a routine's.
unsafe fn names_of(object: *const pg_sys::Node) -> pgrx::PgList<pg_sys::String> {
    // SAFETY: a node says its type; a qualified name is a list of String, or of an operator and its types, which begins otherwise.
    unsafe {
        let list = match object.as_ref().map(|node| node.type_) {
            Some(pg_sys::NodeTag::T_ObjectWithArgs) => (*object.cast::<pg_sys::ObjectWithArgs>()).objname,
            Some(pg_sys::NodeTag::T_List) => object.cast::<pg_sys::List>().cast_mut(),
            _ => null_mut(),
        };
        let is_name = |name: *mut pg_sys::Node| (*name).type_ == pg_sys::NodeTag::T_String;
        let all = pgrx::PgList::<pg_sys::Node>::from_pg(list);
        let list = if all.iter_ptr().all(is_name) { list } else { null_mut() };
        pgrx::PgList::from_pg(list)
    }
}

/// The default privileges that a statement alters, for each role and schema that it names. The server tells only of those that
/// it removes as a whole. Those that are the built-in default again have no row by which it could be asked for their identity, so
/// that is made here.
unsafe fn default_privileges(statement: *const pg_sys::Node) -> Vec<Touched> {
    use pg_sys::ObjectType;
    // SAFETY: a node says its type; of its options `roles` is a list of RoleSpec, `schemas` one of String.
    unsafe {
        if statement.as_ref().is_none_or(|node| node.type_ != pg_sys::NodeTag::T_AlterDefaultPrivilegesStmt) {
            return Vec::new();
        }
        let alter = &*statement.cast::<pg_sys::AlterDefaultPrivilegesStmt>();
        let on = match (*alter.action).objtype {
            ObjectType::OBJECT_TABLE => "tables",
            ObjectType::OBJECT_SEQUENCE => "sequences",
            ObjectType::OBJECT_FUNCTION => "functions",
            ObjectType::OBJECT_TYPE => "types",
            ObjectType::OBJECT_SCHEMA => "schemas",
            _ => return Vec::new(),
        };
        let (mut roles, mut schemas) = (Vec::new(), Vec::new());
        for option in pgrx::PgList::<pg_sys::DefElem>::from_pg(alter.options).iter_ptr() {
            match CStr::from_ptr((*option).defname).to_bytes() {
                b"roles" => {
                    let named = pgrx::PgList::<pg_sys::RoleSpec>::from_pg((*option).arg.cast());
                    roles.extend(named.iter_ptr().map(|role| pg_sys::get_rolespec_oid(role, true)));
                }
                b"schemas" => {
                    let named = pgrx::PgList::<pg_sys::String>::from_pg((*option).arg.cast());
                    schemas.extend(named.iter_ptr().map(|name| (*name).sval.cast_const()));
                }
                _ => {}
            }
        }
        if roles.is_empty() {
            roles.push(pg_sys::GetUserId());
        }
        let mut touched = Vec::new();
        for role in roles {
            let role = pg_sys::GetUserNameFromId(role, true);
            let Some(role) = (!role.is_null()).then(|| text(pg_sys::quote_identifier(role))).flatten() else {
                continue;
            };
            let of = format!("grant default acl for role {role}");
            if schemas.is_empty() {
                touched.push(Touched::part(format!("{of} on {on}")));
            }
            touched.extend(schemas.iter().filter_map(|schema| {
                let name = format!("{of} in schema {} on {on}", text(pg_sys::quote_identifier(*schema))?);
                Some(Touched { name, schema: text(*schema) })
            }));
        }
        touched
    }
}

/// The table of a CREATE TABLE that makes nothing else which can drift by itself, as its text says it. To ask the server,
/// as for all other statements, takes longer than all the rest of noting, and of this one there are the most.
unsafe fn table_alone(statement: *const pg_sys::Node) -> Option<Touched> {
    // SAFETY: a node says its type; all that it points to lives as long as it does.
    unsafe {
        if statement.is_null() || (*statement).type_ != pg_sys::NodeTag::T_CreateStmt {
            return None;
        }
        let create = &*statement.cast::<pg_sys::CreateStmt>();
        let alone = pgrx::PgList::<pg_sys::Node>::from_pg(create.tableElts).iter_ptr().all(|part| {
            match (*part).type_ {
                pg_sys::NodeTag::T_Constraint => true,
                pg_sys::NodeTag::T_ColumnDef => !is_serial(&*part.cast()),
                _ => false,
            }
        });
        if create.if_not_exists || !alone {
            return None;
        }
        let schema = pg_sys::RangeVarGetCreationNamespace(create.relation);
        if pg_sys::isTempNamespace(schema) {
            return None;
        }
        let schema = pg_sys::get_namespace_name(schema);
        let identity = pg_sys::quote_qualified_identifier(schema, (*create.relation).relname);
        Some(Touched { name: format!("table {}", text(identity)?), schema: text(schema) })
    }
}

/// What a command is about that commits in the middle; nothing of other commands, nor where it would do nothing. Looks at
/// names alone, so it waits for no lock.
///
/// # Safety
/// The statement is the one that the event trigger was called for.
pub unsafe fn of_committing(statement: *const pg_sys::Node) -> Option<Touched> {
    // SAFETY: the tag tells the type that the node is cast to; names are the parser's. What is missing has no number.
    unsafe {
        let oid = match statement.as_ref()?.type_ {
            pg_sys::NodeTag::T_IndexStmt => {
                let create = &*statement.cast::<pg_sys::IndexStmt>();
                let table = relation_of(create.relation).filter(|_| create.concurrent)?;
                let is_there = create.if_not_exists
                    && !create.idxname.is_null()
                    && pg_sys::get_relname_relid(create.idxname, pg_sys::get_rel_namespace(table))
                        != pg_sys::InvalidOid;
                (!is_there).then_some(table)?
            }
            pg_sys::NodeTag::T_DropStmt => {
                let drop = &*statement.cast::<pg_sys::DropStmt>();
                let indexes = pgrx::PgList::<pg_sys::List>::from_pg(drop.objects);
                let index = indexes.head().filter(|_| drop.concurrent)?;
                relation_of(pg_sys::makeRangeVarFromNameList(index))?
            }
            pg_sys::NodeTag::T_AlterTableStmt => {
                let alter = &*statement.cast::<pg_sys::AlterTableStmt>();
                concurrent_detach(statement.cast_mut().cast()).and_then(|_| relation_of(alter.relation))?
            }
            _ => return None,
        };
        let class = pg_sys::RelationRelationId;
        let address = pg_sys::ObjectAddress { classId: class, objectId: oid, objectSubId: 0 };
        Some(Touched { name: name(address)?, schema: schema_of(class, oid) })
    }
}

/// Whether a column may have been given a sequence of its own by its type.
unsafe fn is_serial(column: &pg_sys::ColumnDef) -> bool {
    // SAFETY: as above; the names of a type are texts.
    unsafe {
        if column.typeName.is_null() {
            return false;
        }
        let names = pgrx::PgList::<pg_sys::String>::from_pg((*column.typeName).names);
        names.tail().is_none_or(|name| {
            CStr::from_ptr((*name).sval).to_bytes().windows(6).any(|part| part == b"serial")
        })
    }
}

/// What was dropped, also along with something else.
pub fn dropped() -> Vec<Touched> {
    let mut objects = Vec::new();
    for_each_row(pg_sys::F_PG_EVENT_TRIGGER_DROPPED_OBJECTS, |row| {
        let is_toast = row.text(c"schema_name") == Some("pg_toast");
        if let (false, Some(false), Some(of_type), Some(identity)) =
            (is_toast, row.get(c"is_temporary"), row.text(c"object_type"), row.text(c"object_identity"))
        {
            let schema = row.text(if of_type == "schema" { c"object_name" } else { c"schema_name" });
            objects
                .push(Touched { name: format!("{of_type} {identity}"), schema: schema.map(str::to_owned) });
        }
    });
    objects.sort();
    objects
}

/// A row of what a function of the server returned.
struct EventRow(*mut pg_sys::TupleTableSlot);

impl EventRow {
    fn text(&self, column: &CStr) -> Option<&str> {
        self.get(column)
    }

    fn get<T: FromDatum>(&self, column: &CStr) -> Option<T> {
        // SAFETY: the slot holds a row of which all columns were read out; a column that it does not have is none.
        unsafe {
            let slot = &*self.0;
            let place =
                usize::try_from(pg_sys::SPI_fnumber(slot.tts_tupleDescriptor, column.as_ptr()) - 1).ok()?;
            T::from_datum(*slot.tts_values.add(place), *slot.tts_isnull.add(place))
        }
    }
}

/// Calls a function of the server without arguments, and hands on each row that it returns. This is done at each DDL
/// command: a query would take several times as long, and would have to ask who may call the function.
fn for_each_row(function: u32, mut work: impl FnMut(&EventRow)) {
    // SAFETY: the function is one of the server's own that returns its rows in a store; all that is handed to it lives
    // in this frame, and all that it makes is freed here, or on an error with the memory and the resources of the caller.
    unsafe {
        let mut called = pg_sys::FmgrInfo::default();
        pg_sys::fmgr_info(pg_sys::Oid::from(function), &mut called);
        let context = pg_sys::CreateStandaloneExprContext();
        let mut returned = pg_sys::ReturnSetInfo {
            type_: pg_sys::NodeTag::T_ReturnSetInfo,
            econtext: context,
            expectedDesc: null_mut(),
            allowedModes: pg_sys::SetFunctionReturnMode::SFRM_Materialize as i32,
            returnMode: pg_sys::SetFunctionReturnMode::SFRM_Materialize,
            isDone: pg_sys::ExprDoneCond::ExprSingleResult,
            setResult: null_mut(),
            setDesc: null_mut(),
        };
        let mut call = pg_sys::FunctionCallInfoBaseData {
            flinfo: &mut called,
            resultinfo: (&raw mut returned).cast(),
            ..Default::default()
        };
        if let Some(address) = called.fn_addr {
            pg_guard_ffi_boundary(|| address(&mut call));
        }
        if !returned.setResult.is_null() {
            let slot =
                pg_sys::MakeSingleTupleTableSlot(returned.setDesc, &raw const pg_sys::TTSOpsMinimalTuple);
            while pg_sys::tuplestore_gettupleslot(returned.setResult, true, false, slot) {
                pg_sys::slot_getallattrs(slot);
                work(&EventRow(slot));
                pg_sys::ExecClearTuple(slot);
            }
            pg_sys::ExecDropSingleTupleTableSlot(slot);
            pg_sys::tuplestore_end(returned.setResult);
        }
        pg_sys::FreeExprContext(context, true);
    }
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
unsafe fn more(command: &pg_sys::CollectedCommand, objects: &mut Vec<Touched>, actions: &mut Vec<String>) {
    use pg_sys::{CollectedCommandType as Type, ObjectType};
    // SAFETY: the type says which of the union's fields is meant; lists are of what the server puts there.
    unsafe {
        match command.type_ {
            Type::SCT_AlterTable => {
                let alter = command.d.alterTable;
                let table = name(pg_sys::ObjectAddress {
                    classId: pg_sys::RelationRelationId,
                    objectId: alter.objectId,
                    objectSubId: 0,
                });
                for part in pgrx::PgList::<pg_sys::CollectedATSubcmd>::from_pg(alter.subcmds).iter_ptr() {
                    let of_part = (*part).parsetree.cast::<pg_sys::AlterTableCmd>();
                    let action = actions::of_part(of_part);
                    let address = match action {
                        // Of NOT NULL some servers tell the constraint.
                        "not null" => column(alter.objectId, (*of_part).name),
                        _ => (*part).address,
                    };
                    let own = name(address).filter(|own| Some(own) != table.as_ref());
                    if let Some(table) = &table {
                        // Through a part of its own nothing else of the table is altered, unless that is what the table has to
                        // do with another object.
                        let is_part = own.is_some() && !matches!(action, "cluster" | "inherit");
                        let action = if is_part { "part" } else { action };
                        actions.push(format!("{action} {table}"));
                    }
                    let partition = (action == "partition").then(|| partition_of(of_part)).flatten();
                    for name in [own, partition].into_iter().flatten() {
                        actions.push(format!("{action} {name}"));
                        objects.push(Touched::part(name));
                    }
                }
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
                let columns = granted_columns(grant);
                let is_of_whole = columns.is_empty() || grant.all_privs || grant.privileges != 0;
                for object in pgrx::PgList::<pg_sys::Oid>::from_pg(grant.objects).iter_oid() {
                    let whole = is_of_whole.then_some(0);
                    let parts = columns.iter().map(|column| i32::from(pg_sys::get_attnum(object, *column)));
                    for part in whole.into_iter().chain(parts) {
                        let address =
                            pg_sys::ObjectAddress { classId: class, objectId: object, objectSubId: part };
                        let schema = schema_of(class, object);
                        objects.extend(
                            name(address).map(|name| Touched { name: format!("grant {name}"), schema }),
                        );
                    }
                }
            }
            _ => {}
        }
    }
}

fn column(table: pg_sys::Oid, name: *const c_char) -> pg_sys::ObjectAddress {
    // SAFETY: looks into the catalogs; the name is the parser's, and what is missing is none of the table.
    let number = if name.is_null() { 0 } else { unsafe { pg_sys::get_attnum(table, name) } };
    pg_sys::ObjectAddress {
        classId: pg_sys::RelationRelationId,
        objectId: table,
        objectSubId: i32::from(number),
    }
}

/// The columns that a GRANT or REVOKE names.
unsafe fn granted_columns(grant: &pg_sys::InternalGrant) -> Vec<*const c_char> {
    // SAFETY: a list of AccessPriv, each with a list of String.
    unsafe {
        pgrx::PgList::<pg_sys::AccessPriv>::from_pg(grant.col_privs)
            .iter_ptr()
            .flat_map(|privilege| {
                let columns = pgrx::PgList::<pg_sys::String>::from_pg((*privilege).cols);
                columns.iter_ptr().map(|column| (*column).sval.cast_const()).collect::<Vec<_>>()
            })
            .collect()
    }
}

/// The partition that is attached or detached, if it is there.
unsafe fn partition_of(part: *const pg_sys::AlterTableCmd) -> Option<String> {
    // SAFETY: the definition of such a part is a PartitionCmd.
    unsafe {
        let partition = (*part).def.cast::<pg_sys::PartitionCmd>().as_ref()?;
        let oid = relation_of(partition.name)?;
        name(pg_sys::ObjectAddress { classId: pg_sys::RelationRelationId, objectId: oid, objectSubId: 0 })
    }
}

/// The schema that an object is in, or is.
fn schema_of(class: pg_sys::Oid, object: pg_sys::Oid) -> Option<String> {
    // SAFETY: looks into the catalogs; what is missing has no schema.
    unsafe {
        let schema = match class {
            pg_sys::NamespaceRelationId => object,
            pg_sys::RelationRelationId => pg_sys::get_rel_namespace(object),
            pg_sys::ProcedureRelationId => pg_sys::get_func_namespace(object),
            _ => return None,
        };
        text(pg_sys::get_namespace_name(schema))
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
