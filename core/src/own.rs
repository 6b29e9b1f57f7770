//! This program's own objects: how they differ from what its extension's script left.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::ddl::script;
use crate::graphql::{self, SCHEMA};
use crate::model::Address;
use crate::noted::EventName;
use crate::plan::{Kind, Step, Verdict};

/// One of the objects, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Own {
    pub object_type: String,
    pub identity: String,
    /// The identity of the relation that it is on.
    pub part_of: Option<String>,
    /// What it is made of.
    pub says: String,
    /// The major version of the only servers that print it so.
    pub server: Option<u32>,
}

impl Own {
    fn is_api_schema(&self) -> bool {
        self.object_type == "schema" && self.identity == SCHEMA
    }

    /// Whether it is in schema nself_api, or that schema.
    pub fn is_of_api(&self) -> bool {
        let is_in = |of: &String| of == SCHEMA || of.starts_with(&format!("{SCHEMA}."));
        self.is_api_schema() || self.part_of.as_ref().is_some_and(is_in)
    }
}

type Key = (String, String, Option<u32>);

/// What differs, each for a person: `server` is the major version of this one.
pub fn steps(installed: Vec<Own>, live: Vec<Own>, server: u32) -> Vec<Step> {
    if installed.is_empty() {
        return vec![not_known()];
    }
    // After an upgrade of the server its texts are others.
    let is_of_this = |own: &Own| own.server.is_none_or(|of| of == server);
    let is_known = installed.iter().any(|own| own.server == Some(server));
    let by_key = |all: Vec<Own>| -> BTreeMap<Key, Own> {
        all.into_iter()
            .filter(|own| is_of_this(own) && (own.server.is_none() || is_known))
            .map(|own| ((own.object_type.clone(), own.identity.clone(), own.server), own))
            .collect()
    };
    let (installed, live) = (by_key(installed), by_key(live));
    // What was on a relation, or in schema nself_api, went, or came, with it.
    let whole = |all: &BTreeMap<Key, Own>| -> BTreeSet<String> {
        all.values().map(|own| own.identity.clone()).collect()
    };
    let (whole_then, whole_now) = (whole(&installed), whole(&live));
    let keys: BTreeSet<&Key> = installed.keys().chain(live.keys()).collect();
    keys.into_iter()
        .filter_map(|key| match (installed.get(key), live.get(key)) {
            (Some(then), None) if then.server.is_none() && stays(then, &whole_now) => {
                Some(step(Kind::Missing, then, Some(&then.says), None))
            }
            (None, Some(now)) if now.server.is_none() && stays(now, &whole_then) => {
                Some(step(Kind::Extra, now, None, Some(&now.says)))
            }
            (Some(then), Some(now)) if then.says != now.says => {
                Some(step(Kind::Changed, now, Some(&then.says), Some(&now.says)))
            }
            _ => None,
        })
        .collect()
}

fn stays(own: &Own, whole: &BTreeSet<String>) -> bool {
    own.part_of.as_ref().is_none_or(|of| whole.contains(of))
}

/// Compares what schema nself_api holds with this version, of which `edition` tells: the row of the schema says which edition
/// was installed.
pub fn expect_edition(installed: &mut [Own], live: &mut [Own], edition: &str) {
    let is_schema = |own: &&mut Own| own.is_api_schema();
    let Some(then) = installed.iter_mut().find(is_schema) else { return };
    let was = std::mem::replace(&mut then.says, edition.to_owned());
    if let Some(now) = live.iter_mut().find(is_schema) {
        now.says = was;
    }
}

/// Where nothing is known of what was installed.
pub fn not_known() -> Step {
    let own = Own {
        object_type: "table".to_string(),
        identity: "nself.installed".to_string(),
        part_of: None,
        says: "what nself_heal's own objects were when it was installed".to_string(),
        server: None,
    };
    step(Kind::Missing, &own, Some(&own.says), None)
}

fn step(kind: Kind, own: &Own, expected: Option<&String>, actual: Option<&String>) -> Step {
    let reason = match kind {
        Kind::Extra if own.is_of_api() => {
            "schema nself_api is nself_heal's own: nobody else has anything in it"
        }
        Kind::Extra => "schema nself is nself_heal's own: nobody else has anything in it",
        Kind::Changed if own.is_api_schema() => "its functions are those of another version of nself_heal",
        Kind::Missing | Kind::Changed => "it is a part of nself_heal itself, which relies on it",
    };
    let object_type = known_type(&own.object_type);
    let itself = EventName::own(Address::new(object_type, &own.identity));
    let name = match own.identity.split_once(" on ") {
        Some((name, _)) => name,
        None => own.identity.rsplit('.').next().unwrap_or_default(),
    };
    let of = own.part_of.iter().filter(|of| *of != SCHEMA).map(|of| EventName {
        speaks_of: Some(name.to_string()),
        ..EventName::own(Address::new("table", of))
    });
    Step {
        kind,
        object_type,
        identity: own.identity.clone(),
        expected: expected.cloned(),
        actual: actual.cloned(),
        remedy: remedy(kind, own, expected),
        verdict: Verdict::Manual { reason: reason.to_string() },
        part_of: None,
        noted_as: [itself].into_iter().chain(of).collect(),
    }
}

/// The words that steps have for types of objects.
fn known_type(object_type: &str) -> &'static str {
    const KNOWN: [&str; 17] = [
        "schema",
        "table",
        "view",
        "materialized view",
        "foreign table",
        "sequence",
        "function",
        "procedure",
        "aggregate",
        "type",
        "trigger",
        "event trigger",
        "table column",
        "table constraint",
        "index",
        "rule",
        "policy",
    ];
    KNOWN.into_iter().find(|known| *known == object_type).unwrap_or("object")
}

/// SQL that a person could run.
fn remedy(kind: Kind, own: &Own, expected: Option<&String>) -> String {
    let script_does = || format!("-- make {} as the script of the extension nself_heal does", own.identity);
    match (kind, expected) {
        (Kind::Extra, _) => removal(own),
        // It makes the schema as it should be, without dropping what is somebody's.
        _ if own.is_of_api() => INSTALL.to_owned(),
        (_, Some(says)) => restored(kind, own, says).unwrap_or_else(script_does),
        (_, None) => script_does(),
    }
}

const INSTALL: &str = "SELECT * FROM nself_api_install()";

fn removal(own: &Own) -> String {
    let keyword = own.object_type.to_uppercase();
    match own.object_type.as_str() {
        // A restore of the schema alone brings it without the rows that tell of it.
        "schema" if own.says.starts_with(&graphql::MARK.to_lowercase()) => INSTALL.to_owned(),
        "schema" => format!("ALTER SCHEMA {} RENAME TO …", own.identity),
        "table column" => match own.identity.rsplit_once('.') {
            Some((table, column)) => format!("ALTER TABLE {table} DROP COLUMN {column}"),
            None => String::new(),
        },
        "table constraint" => match own.identity.split_once(" on ") {
            Some((name, table)) => format!("ALTER TABLE {table} DROP CONSTRAINT {name}"),
            None => String::new(),
        },
        "trigger" | "rule" | "policy" => {
            format!("DROP {keyword} {}", own.identity.replacen(" on ", " ON ", 1))
        }
        _ => format!("DROP {keyword} {}", own.identity),
    }
}

/// What makes a trigger, an index or a constraint again, and what sets a trigger to fire as it did. Nothing for others.
fn restored(kind: Kind, own: &Own, says: &str) -> Option<String> {
    match own.object_type.as_str() {
        "trigger" => {
            let (name, table) = own.identity.split_once(" on ")?;
            let (create, state) = says.rsplit_once(", ")?;
            let again = match kind {
                Kind::Missing => vec![create.to_string()],
                _ => vec![create.replacen("CREATE ", "CREATE OR REPLACE ", 1)],
            };
            let fire = format!("ALTER TABLE {table} {} TRIGGER {name}", how(state)?);
            Some(script(again.into_iter().chain([fire])))
        }
        "event trigger" if kind == Kind::Changed => {
            let (_, state) = says.rsplit_once(", ")?;
            Some(format!("ALTER EVENT TRIGGER {} {}", own.identity, how(state)?))
        }
        "index" if kind == Kind::Missing => Some(says.to_string()),
        "table constraint" if kind == Kind::Missing => {
            let (name, table) = own.identity.split_once(" on ")?;
            Some(format!("ALTER TABLE {table} ADD CONSTRAINT {name} {says}"))
        }
        _ => None,
    }
}

fn how(state: &str) -> Option<&'static str> {
    ["ENABLE ALWAYS", "ENABLE REPLICA", "ENABLE", "DISABLE"].into_iter().find(|how| {
        state.eq_ignore_ascii_case(&how.replace("ENABLE", "enabled").replace("DISABLE", "disabled"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(object_type: &str, identity: &str, part_of: Option<&str>, says: &str, server: Option<u32>) -> Own {
        Own {
            object_type: object_type.to_string(),
            identity: identity.to_string(),
            part_of: part_of.map(str::to_string),
            says: says.to_string(),
            server,
        }
    }

    fn all() -> Vec<Own> {
        vec![
            own("table", "nself.ledger", None, "persistence p", None),
            own("table column", "nself.ledger.id", Some("nself.ledger"), "bigint", None),
            own(
                "trigger",
                "append_only on nself.ledger",
                Some("nself.ledger"),
                "CREATE TRIGGER x, enabled",
                None,
            ),
            own("view", "nself.applied", None, "persistence p", None),
            own("view", "nself.applied", None, "query of 15", Some(15)),
        ]
    }

    fn said(live: Vec<Own>, server: u32) -> Vec<String> {
        let text = |step: &Step| format!("{} {} {}", step.kind.as_str(), step.object_type, step.identity);
        steps(all(), live, server).iter().map(text).collect()
    }

    #[test]
    fn what_is_as_installed_is_no_drift() {
        assert!(said(all(), 15).is_empty());
    }

    #[test]
    fn what_goes_or_comes_with_a_table_is_not_told_apart() {
        let mut live = all();
        live.retain(|own| own.object_type == "view");
        assert_eq!(said(live, 15), ["missing table nself.ledger"]);
        let mut live = all();
        live.push(own("table", "nself.x", None, "no member", None));
        live.push(own("table column", "nself.x.i", Some("nself.x"), "integer", None));
        assert_eq!(said(live, 15), ["extra table nself.x"]);
    }

    #[test]
    fn a_part_is_told_by_itself() {
        let mut live = all();
        live[1].says = "integer".to_string();
        live.push(own("table column", "nself.ledger.x", Some("nself.ledger"), "integer", None));
        assert_eq!(
            said(live, 15),
            ["changed table column nself.ledger.id", "extra table column nself.ledger.x"]
        );
    }

    #[test]
    fn texts_of_another_server_version_are_not_compared() {
        let mut live = all();
        live[4] = own("view", "nself.applied", None, "query of 16", Some(16));
        assert!(said(live.clone(), 16).is_empty());
        live[4] = own("view", "nself.applied", None, "another query", Some(15));
        assert_eq!(said(live, 15), ["changed view nself.applied"]);
    }

    fn api(edition: &str) -> Vec<Own> {
        vec![
            own("schema", "nself_api", None, edition, None),
            own("function", "nself_api.drift()", Some("nself_api"), "body x", None),
            own("table", "nself_api.item", Some("nself_api"), "persistence p", None),
            own("table column", "nself_api.item.kind", Some("nself_api.item"), "text", None),
        ]
    }

    fn said_of_api(mut installed: Vec<Own>, mut live: Vec<Own>) -> Vec<(String, String)> {
        installed.extend(all());
        live.extend(all());
        expect_edition(&mut installed, &mut live, "edition 2");
        let text = |step: Step| (format!("{} {}", step.kind.as_str(), step.identity), step.remedy);
        steps(installed, live, 15).into_iter().map(text).collect()
    }

    #[test]
    fn schema_nself_api_is_told_of_as_a_whole_where_it_came_or_went_as_one() {
        let told = |kind: &str, remedy: &str| vec![(format!("{kind} nself_api"), remedy.to_owned())];
        assert_eq!(said_of_api(api("edition 2"), Vec::new()), told("missing", INSTALL));
        assert_eq!(said_of_api(Vec::new(), api("made by nself_api_install()")), told("extra", INSTALL));
        let rename = "ALTER SCHEMA nself_api RENAME TO …";
        assert_eq!(said_of_api(Vec::new(), api("made by others")), told("extra", rename));
    }

    #[test]
    fn another_edition_of_schema_nself_api_is_told_once() {
        let live = || api("made by nself_api_install()");
        assert_eq!(said_of_api(api("edition 2"), live()), []);
        assert_eq!(
            said_of_api(api("edition 1"), live()),
            [("changed nself_api".to_owned(), INSTALL.to_owned())]
        );
    }

    #[test]
    fn what_is_in_schema_nself_api_is_told_by_itself() {
        let mut live = api("made by nself_api_install()");
        live.remove(2);
        live[1].says = "body y".to_owned();
        live.push(own("function", "nself_api.mine()", Some("nself_api"), "body z", None));
        let said: Vec<String> =
            said_of_api(api("edition 2"), live).into_iter().map(|(text, _)| text).collect();
        assert_eq!(said, ["changed nself_api.drift()", "extra nself_api.mine()", "missing nself_api.item"]);
    }

    #[test]
    fn where_nothing_is_known_that_is_told() {
        let steps = steps(Vec::new(), all(), 15);
        assert_eq!(steps, [not_known()]);
    }

    #[test]
    fn a_disabled_trigger_is_set_to_fire_as_it_did() {
        for (state, how) in [("enabled", "ENABLE"), ("enabled always", "ENABLE ALWAYS")] {
            let then =
                own("event trigger", "nself_note_ddl", None, &format!("at ddl_command_end, {state}"), None);
            let now = Own { says: "at ddl_command_end, disabled".to_string(), ..then.clone() };
            let steps = steps(vec![then], vec![now], 15);
            assert_eq!(steps[0].remedy, format!("ALTER EVENT TRIGGER nself_note_ddl {how}"));
        }
    }
}
