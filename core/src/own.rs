//! This program's own objects: how they differ from what its extension's script left.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::ddl::script;
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
    // What was on a relation went, or came, with it.
    let whole = |all: &BTreeMap<Key, Own>| -> BTreeSet<String> {
        all.values().filter(|own| own.part_of.is_none()).map(|own| own.identity.clone()).collect()
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
        Kind::Extra => "schema nself is nself_heal's own: nobody else has anything in it",
        Kind::Missing | Kind::Changed => "it is a part of nself_heal itself, which relies on it",
    };
    let object_type = known_type(&own.object_type);
    let itself = EventName::own(Address::new(object_type, &own.identity));
    let name = match own.identity.split_once(" on ") {
        Some((name, _)) => name,
        None => own.identity.rsplit('.').next().unwrap_or_default(),
    };
    let of = own.part_of.iter().map(|of| EventName {
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
    const KNOWN: [&str; 16] = [
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
        (_, Some(says)) => restored(kind, own, says).unwrap_or_else(script_does),
        (_, None) => script_does(),
    }
}

fn removal(own: &Own) -> String {
    let keyword = own.object_type.to_uppercase();
    match own.object_type.as_str() {
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
