//! What this program has heard of: rows of the catalogs whose kind or state a later server may have added are counted
//! as not compared, so that they are never silence.

use std::collections::BTreeMap;

use crate::catalog::digest::rows::{CatalogRow, Column, position};

/// The values of a column that are known.
enum Values {
    /// One character each.
    Of(&'static [u8]),
    /// Sums of these.
    SumsOf(i64),
    /// Lists of these characters.
    ListsOf(&'static [u8]),
}

use Values::{ListsOf, Of, SumsOf};

/// What a row is counted as that has another value: {} stands for the value.
struct Kind {
    catalog: &'static str,
    counted_as: &'static str,
    columns: &'static [(&'static str, Values)],
}

const fn kind(
    catalog: &'static str,
    counted_as: &'static str,
    columns: &'static [(&'static str, Values)],
) -> Kind {
    Kind { catalog, counted_as, columns }
}

const KINDS: [Kind; 18] = [
    kind("pg_class", "relation of kind \"{}\"", &[("relkind", Of(b"rpfvmSiIct"))]),
    kind(
        "pg_class",
        "relation in an unknown state",
        &[("relpersistence", Of(b"pu")), ("relreplident", Of(b"dnfi"))],
    ),
    kind(
        "pg_attribute",
        "column in an unknown state",
        &[
            ("attgenerated", Of(b"\0sv")),
            ("attidentity", Of(b"\0ad")),
            ("attstorage", Of(b"pexm")),
            ("attcompression", Of(b"\0pl")),
        ],
    ),
    kind("pg_type", "type of kind \"{}\"", &[("typtype", Of(b"bcdeprm"))]),
    kind("pg_constraint", "constraint of kind \"{}\"", &[("contype", Of(b"cfpuxtn"))]),
    kind("pg_proc", "routine of kind \"{}\"", &[("prokind", Of(b"fpaw"))]),
    kind(
        "pg_proc",
        "routine in an unknown state",
        &[("proparallel", Of(b"sru")), ("provolatile", Of(b"isv"))],
    ),
    kind(
        "pg_aggregate",
        "aggregate in an unknown state",
        &[("aggkind", Of(b"noh")), ("aggfinalmodify", Of(b"rsw")), ("aggmfinalmodify", Of(b"rsw"))],
    ),
    kind("pg_trigger", "trigger in an unknown state", &[("tgtype", SumsOf(127)), ("tgenabled", Of(b"ODRA"))]),
    kind("pg_rewrite", "rule in an unknown state", &[("ev_type", Of(b"1234")), ("ev_enabled", Of(b"ODRA"))]),
    kind("pg_event_trigger", "event trigger in an unknown state", &[("evtenabled", Of(b"ODRA"))]),
    kind("pg_policy", "policy for an unknown command", &[("polcmd", Of(b"rawd*"))]),
    kind("pg_collation", "collation of an unknown provider", &[("collprovider", Of(b"cib"))]),
    kind("pg_cast", "cast of an unknown method", &[("castmethod", Of(b"fbi")), ("castcontext", Of(b"eai"))]),
    kind("pg_am", "access method of an unknown type", &[("amtype", Of(b"ti"))]),
    kind("pg_amop", "operator class member of an unknown purpose", &[("amoppurpose", Of(b"so"))]),
    kind("pg_statistic_ext", "statistics object of an unknown kind", &[("stxkind", ListsOf(b"dfme"))]),
    kind("pg_default_acl", "default privileges of an unknown kind", &[("defaclobjtype", Of(b"rSfTnL"))]),
];

/// The catalogs whose objects are compared, or counted on their own.
pub const OF_OBJECTS: [&str; 36] = [
    "pg_am",
    "pg_amop",
    "pg_amproc",
    "pg_attrdef",
    "pg_cast",
    "pg_class",
    "pg_collation",
    "pg_constraint",
    "pg_conversion",
    "pg_default_acl",
    "pg_event_trigger",
    "pg_extension",
    "pg_foreign_data_wrapper",
    "pg_foreign_server",
    "pg_language",
    "pg_largeobject",
    "pg_namespace",
    "pg_opclass",
    "pg_operator",
    "pg_opfamily",
    "pg_policy",
    "pg_proc",
    "pg_publication",
    "pg_publication_namespace",
    "pg_publication_rel",
    "pg_rewrite",
    "pg_statistic_ext",
    "pg_subscription",
    "pg_transform",
    "pg_trigger",
    "pg_ts_config",
    "pg_ts_dict",
    "pg_ts_parser",
    "pg_ts_template",
    "pg_type",
    "pg_user_mapping",
];

/// The kinds of one catalog, with the places of their columns.
pub struct Known(Vec<(&'static Kind, Vec<(usize, &'static Values)>)>);

impl Known {
    pub fn of(catalog: &str, columns: &[Column]) -> Self {
        let places = |kind: &'static Kind| {
            let place = |(name, values): &'static (&str, Values)| Some((position(columns, name)?, values));
            (kind, kind.columns.iter().filter_map(place).collect())
        };
        Known(KINDS.iter().filter(|kind| kind.catalog == catalog).map(places).collect())
    }

    /// What a row is counted as, if it is of no known kind.
    pub fn unknown(&self, row: &CatalogRow) -> Option<String> {
        self.0.iter().find_map(|(kind, columns)| {
            let (place, values) = columns.iter().find(|(place, values)| !values.hold(row, *place))?;
            let value = match values {
                Of(_) => char::from(row.character(*place)).to_string(),
                SumsOf(_) | ListsOf(_) => String::new(),
            };
            Some(kind.counted_as.replace("{}", &value))
        })
    }
}

/// Counts what a row is counted as.
pub fn count(unknown: &mut BTreeMap<String, u64>, counted_as: Option<String>) {
    if let Some(counted_as) = counted_as {
        *unknown.entry(counted_as).or_default() += 1;
    }
}

impl Values {
    fn hold(&self, row: &CatalogRow, column: usize) -> bool {
        match self {
            Of(known) => known.contains(&row.character(column)),
            SumsOf(known) => row.number(column) & !known == 0,
            ListsOf(known) => row.numbers::<u8>(column).iter().all(|one| known.contains(one)),
        }
    }
}
