//! What an older server did not know of a schema that it read: the server that runs now has something there all the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Acl, Address, Catalog, Grant};

const MAINTAIN: &str = "MAINTAIN";

/// What ALL stands for on a table before PostgreSQL 17, which has MAINTAIN, too.
const ALL_BEFORE_17: [&str; 7] =
    ["DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"];

/// A schema that was read by a server of major version `from`, as dump and restore, or pg_upgrade, bring it to one of version
/// `to`. Texts are left as they were printed.
pub fn brought_up(mut schema: Catalog, from: u32, to: u32) -> Catalog {
    if from < 17 && to >= 17 {
        for acl in schema.acls.iter_mut().filter(|acl| is_of_tables(acl)) {
            add_maintain(&mut acl.grants);
            add_maintain(&mut acl.default);
        }
    }
    schema
}

fn is_of_tables(acl: &Acl) -> bool {
    let is_table =
        matches!(acl.object_type.as_str(), "table" | "foreign table" | "view" | "materialized view");
    acl.column.is_none() && (is_table || acl.defaults_for.is_some() && acl.on == "TABLES")
}

/// Who has all has this, too: dumps say ALL then.
fn add_maintain(grants: &mut Vec<Grant>) {
    let grantees: BTreeSet<&str> = grants.iter().map(|grant| grant.grantee.as_str()).collect();
    let added: Vec<Grant> = grantees
        .into_iter()
        .filter_map(|grantee| {
            let of: Vec<&Grant> = grants.iter().filter(|grant| grant.grantee == grantee).collect();
            let (first, rest) = of.split_first()?;
            let is_alike =
                |other: &&Grant| other.grantable == first.grantable && other.grantors == first.grantors;
            let is_all = ALL_BEFORE_17.iter().all(|all| of.iter().any(|grant| grant.privilege == *all));
            (of.len() == ALL_BEFORE_17.len() && is_all && rest.iter().all(is_alike))
                .then(|| Grant { privilege: MAINTAIN.to_owned(), ..(*first).clone() })
        })
        .collect();
    grants.extend(added);
    grants.sort();
}

/// What has privileges of which only MAINTAIN differs, for a role that has all else: whether ALL was granted before PostgreSQL 17
/// decides. By pg_upgrade, or by a dump that a newer pg_dump wrote, such a role has no MAINTAIN, by other dumps it has.
pub fn maintain_in_question(expected: &Catalog, live: &Catalog) -> BTreeSet<Address> {
    let known: BTreeMap<(&str, &str), &Acl> = expected.acls.iter().filter_map(of_tables).collect();
    let live = live.acls.iter().filter_map(of_tables);
    live.filter(|(key, acl)| {
        known.get(key).is_some_and(|of| {
            with_all_but_maintain(acl).any(|grantee| {
                let (here, there) = (maintain(acl, grantee), maintain(of, grantee));
                here.is_some() != there.is_some() && with_all_but_maintain(of).any(|other| other == grantee)
            })
        })
    })
    .map(|((object_type, identity), _)| Address::new(object_type, identity))
    .collect()
}

/// Takes MAINTAIN on these for what is expected.
pub fn adopt_maintain(live: &mut Catalog, expected: &Catalog, of: &BTreeSet<Address>) {
    let known: BTreeMap<(&str, &str), &Acl> = expected.acls.iter().filter_map(of_tables).collect();
    for acl in live.acls.iter_mut().filter(|acl| is_of_tables(acl)) {
        if !of.contains(&Address::new(&acl.object_type, &acl.identity)) {
            continue;
        }
        let Some(known) = known.get(&(acl.object_type.as_str(), acl.identity.as_str())) else { continue };
        let grantees: Vec<String> = with_all_but_maintain(acl).map(str::to_owned).collect();
        for grantee in grantees {
            acl.grants.retain(|grant| grant.grantee != grantee || grant.privilege != MAINTAIN);
            acl.grants.extend(maintain(known, &grantee).cloned());
        }
        acl.grants.sort();
    }
}

fn of_tables(acl: &Acl) -> Option<((&str, &str), &Acl)> {
    is_of_tables(acl).then_some(((acl.object_type.as_str(), acl.identity.as_str()), acl))
}

fn maintain<'a>(acl: &'a Acl, grantee: &str) -> Option<&'a Grant> {
    acl.grants.iter().find(|grant| grant.grantee == grantee && grant.privilege == MAINTAIN)
}

/// Who has all that there was before it.
fn with_all_but_maintain(acl: &Acl) -> impl Iterator<Item = &str> {
    let grantees: BTreeSet<&str> = acl.grants.iter().map(|grant| grant.grantee.as_str()).collect();
    grantees.into_iter().filter(|grantee| {
        let has = |privilege: &&str| {
            acl.grants.iter().any(|grant| grant.grantee == *grantee && grant.privilege == *privilege)
        };
        ALL_BEFORE_17.iter().all(has)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(lines: &[(&str, &[&str], bool)]) -> Vec<Grant> {
        let of_line = |(grantee, privileges, grantable): &(&str, &[&str], bool)| {
            let grant = |privilege: &&str| Grant {
                grantee: grantee.to_string(),
                privilege: privilege.to_string(),
                grantable: *grantable,
                grantors: Vec::new(),
            };
            privileges.iter().map(grant).collect::<Vec<_>>()
        };
        let mut grants: Vec<Grant> = lines.iter().flat_map(of_line).collect();
        grants.sort();
        grants
    }

    fn acl(object_type: &str, on: &str, grants: Vec<Grant>) -> Catalog {
        let acl = Acl {
            object_type: object_type.to_string(),
            identity: "app.t".to_string(),
            owner: "owner".to_string(),
            on: on.to_string(),
            column: None,
            defaults_for: (object_type == "default acl").then(|| "FOR ROLE owner IN SCHEMA app".to_string()),
            of: None,
            built_in: false,
            grants,
            default: Vec::new(),
        };
        Catalog { acls: vec![acl], ..Catalog::default() }
    }

    fn maintain(schema: &Catalog) -> Vec<(&str, bool)> {
        let all = schema.acls[0].grants.iter().filter(|grant| grant.privilege == "MAINTAIN");
        all.map(|grant| (grant.grantee.as_str(), grant.grantable)).collect()
    }

    #[test]
    fn maintain_is_in_question_where_all_else_is_there() {
        let acl = |privileges: &[&str]| acl("table", "TABLE app.t", grants(&[("reader", privileges, false)]));
        let all = [&ALL_BEFORE_17[..], &[MAINTAIN]].concat();
        let (with, without) = (acl(&all), acl(&ALL_BEFORE_17));
        let table = BTreeSet::from([Address::new("table", "app.t")]);
        assert_eq!(maintain_in_question(&with, &without), table);
        assert_eq!(maintain_in_question(&without, &with), table);
        assert!(maintain_in_question(&with, &with).is_empty());
        assert!(maintain_in_question(&with, &acl(&ALL_BEFORE_17[1..])).is_empty());
        for (expected, live) in [(&with, &without), (&without, &with)] {
            let mut live = live.clone();
            adopt_maintain(&mut live, expected, &BTreeSet::new());
            assert_ne!(live, *expected);
            adopt_maintain(&mut live, expected, &table);
            assert_eq!(live, *expected);
        }
    }

    #[test]
    fn who_had_all_of_a_table_has_maintain_since_17() {
        let had = || {
            grants(&[
                ("owner", &ALL_BEFORE_17, false),
                ("admin", &ALL_BEFORE_17, true),
                ("most", &ALL_BEFORE_17[1..], false),
                ("mixed", &ALL_BEFORE_17[1..], false),
                ("mixed", &ALL_BEFORE_17[..1], true),
            ])
        };
        for (object_type, on) in
            [("table", "TABLE app.t"), ("view", "TABLE app.t"), ("default acl", "TABLES")]
        {
            let now = brought_up(acl(object_type, on, had()), 15, 18);
            assert_eq!(maintain(&now), [("admin", true), ("owner", false)], "{object_type}");
            assert!(now.acls[0].grants.is_sorted());
            assert_eq!(brought_up(now.clone(), 17, 18), now);
        }
        for (object_type, on) in [("sequence", "SEQUENCE app.t"), ("default acl", "SEQUENCES")] {
            assert_eq!(maintain(&brought_up(acl(object_type, on, had()), 15, 18)), []);
        }
        let before = acl("table", "TABLE app.t", had());
        assert_eq!(brought_up(before.clone(), 15, 16), before);
    }
}
