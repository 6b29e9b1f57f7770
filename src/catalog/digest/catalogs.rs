//! The catalogs of a database, and what each of them is to a schema.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::thread::LocalKey;

use pgrx::pg_sys;

use crate::error::Error;
use crate::server::spi;

pub const PG_CLASS: u32 = pg_sys::RelationRelationId.to_u32();
pub const PG_TYPE: u32 = pg_sys::TypeRelationId.to_u32();
pub const PG_NAMESPACE: u32 = pg_sys::NamespaceRelationId.to_u32();

/// Catalogs whose rows have a name that holds in every database, and its columns. What stands first is named first, for
/// those behind speak of it. Of a type and an operator class also that which the texts that name it depend on.
pub const NAMED: [(&str, &[&str]); 28] = [
    ("pg_collation", &["collnamespace", "collname", "collencoding"]),
    ("pg_type", &["typnamespace", "typname", "typstorage", "typcollation", "typtype"]),
    ("pg_proc", &["pronamespace", "proname", "proargtypes"]),
    ("pg_operator", &["oprnamespace", "oprname", "oprleft", "oprright"]),
    ("pg_conversion", &["connamespace", "conname"]),
    ("pg_am", &["amname"]),
    ("pg_opfamily", &["opfnamespace", "opfname", "opfmethod"]),
    ("pg_opclass", &["opcnamespace", "opcname", "opcmethod", "opcdefault"]),
    ("pg_language", &["lanname"]),
    ("pg_cast", &["castsource", "casttarget"]),
    ("pg_transform", &["trftype", "trflang"]),
    ("pg_ts_parser", &["prsnamespace", "prsname"]),
    ("pg_ts_template", &["tmplnamespace", "tmplname"]),
    ("pg_ts_dict", &["dictnamespace", "dictname"]),
    ("pg_ts_config", &["cfgnamespace", "cfgname"]),
    ("pg_foreign_data_wrapper", &["fdwname"]),
    ("pg_foreign_server", &["srvname"]),
    ("pg_extension", &["extname"]),
    ("pg_event_trigger", &["evtname"]),
    ("pg_publication", &["pubname"]),
    ("pg_publication_rel", &["prpubid", "prrelid"]),
    ("pg_publication_namespace", &["pnpubid", "pnnspid"]),
    ("pg_enum", &["enumtypid", "enumlabel"]),
    ("pg_statistic_ext", &["stxnamespace", "stxname"]),
    ("pg_constraint", &["conrelid", "contypid", "conname"]),
    ("pg_trigger", &["tgrelid", "tgname"]),
    ("pg_policy", &["polrelid", "polname"]),
    ("pg_rewrite", &["ev_class", "rulename"]),
];

/// Catalogs whose rows are parts of a relation, and the column that holds it.
pub const PARTS: [(&str, &str); 13] = [
    ("pg_attribute", "attrelid"),
    ("pg_attrdef", "adrelid"),
    ("pg_class", "oid"),
    ("pg_constraint", "conrelid"),
    ("pg_foreign_table", "ftrelid"),
    ("pg_index", "indrelid"),
    ("pg_inherits", "inhrelid"),
    ("pg_partitioned_table", "partrelid"),
    ("pg_policy", "polrelid"),
    ("pg_rewrite", "ev_class"),
    ("pg_sequence", "seqrelid"),
    ("pg_statistic_ext", "stxrelid"),
    ("pg_trigger", "tgrelid"),
];

/// Catalogs whose rows are no objects by themselves, and the catalog and column of the object that they are a part of.
pub const DETAILS: [(&str, &str, &str); 4] = [
    ("pg_aggregate", "pg_proc", "aggfnoid"),
    ("pg_enum", "pg_type", "enumtypid"),
    ("pg_range", "pg_type", "rngtypid"),
    ("pg_ts_config_map", "pg_ts_config", "mapcfg"),
];

/// Catalogs that are read on their own, or of which nothing is compared: that is counted.
pub const ELSEWHERE: [&str; 5] =
    ["pg_depend", "pg_description", "pg_init_privs", "pg_largeobject_metadata", "pg_seclabel"];

/// Catalogs that say nothing about a schema: nothing is read of them at all.
pub const SAY_NOTHING: [&str; 4] =
    ["pg_largeobject", "pg_statistic", "pg_statistic_ext_data", "pg_subscription_rel"];

/// Catalogs of the whole server: whether a role may see all options of a user mapping depends on the roles, too.
/// pg_authid, pg_auth_members and pg_subscription.
pub const SHARED: [u32; 3] = [1260, 1261, 6100];

/// The catalogs of this database: their numbers by name.
pub fn by_name() -> Result<Rc<BTreeMap<String, u32>>, Error> {
    thread_local! {
        static KNOWN: OnceCell<Rc<BTreeMap<String, u32>>> = const { OnceCell::new() };
    }
    once(&KNOWN, || {
        spi::read_json(
            "catalogs",
            "SELECT json_object_agg(relname, oid::int8)::text FROM pg_class \
              WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND NOT relisshared",
            &[],
        )
    })
}

/// Reads for the first time, and has at hand from then on, what stays as it is while a server runs: no catalog comes or
/// goes, and none gets another column.
pub fn once<T>(
    known: &'static LocalKey<OnceCell<Rc<T>>>,
    read: impl FnOnce() -> Result<T, Error>,
) -> Result<Rc<T>, Error> {
    known.with(|known| match known.get() {
        Some(value) => Ok(value.clone()),
        None => {
            let value = Rc::new(read()?);
            Ok(known.get_or_init(|| value).clone())
        }
    })
}
