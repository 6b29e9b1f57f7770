//! Which of Hasura's roles may do what: a list that is written down, with the levels that the SQL functions know.

use std::collections::BTreeMap;
use std::str::FromStr;

/// What a role may do. Each level includes those before it, and means what it means in `nself_grant_access`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Look,
    Heal,
    Migrate,
    Admin,
}

impl Level {
    pub const ALL: [Self; 4] = [Self::Look, Self::Heal, Self::Migrate, Self::Admin];

    pub fn word(self) -> &'static str {
        match self {
            Level::Look => "look",
            Level::Heal => "heal",
            Level::Migrate => "migrate",
            Level::Admin => "admin",
        }
    }
}

/// A role of Hasura's and its level, as `--role` has them: `NAME=LEVEL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub role: String,
    pub level: Level,
}

impl FromStr for Grant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (role, word) = text.rsplit_once('=').unwrap_or((text, ""));
        let level = Level::ALL.into_iter().find(|level| level.word() == word);
        match level {
            Some(level) if !role.is_empty() => Ok(Self { role: role.to_owned(), level }),
            _ => Err("write NAME=LEVEL, with level look, heal, migrate or admin".to_owned()),
        }
    }
}

/// The list. A role that is not in it may do nothing.
pub struct Roles(BTreeMap<String, Level>);

impl Roles {
    /// The roles that are given, or else those of the default.
    pub fn new(grants: Vec<Grant>) -> Self {
        if grants.is_empty() {
            return Self(
                [("admin".to_owned(), Level::Admin), ("nself_operator".to_owned(), Level::Look)].into(),
            );
        }
        Self(grants.into_iter().map(|grant| (grant.role, grant.level)).collect())
    }

    pub fn level(&self, role: &str) -> Option<Level> {
        self.0.get(role).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_given_replaces_the_default() {
        let roles = Roles::new(Vec::new());
        assert_eq!(roles.level("admin"), Some(Level::Admin));
        assert_eq!(roles.level("nself_operator"), Some(Level::Look));
        for other in ["user", "Admin", "", "admin "] {
            assert_eq!(roles.level(other), None, "{other}");
        }
        let roles = Roles::new(vec!["ops=heal".parse().unwrap()]);
        assert_eq!((roles.level("ops"), roles.level("admin")), (Some(Level::Heal), None));
    }

    #[test]
    fn a_grant_names_a_role_and_a_level() {
        assert_eq!("a=b=look".parse(), Ok(Grant { role: "a=b".to_owned(), level: Level::Look }));
        for wrong in ["", "ops", "ops=", "=look", "ops=all", "ops=LOOK"] {
            assert!(wrong.parse::<Grant>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn levels_include_those_before_them() {
        assert!(Level::ALL.is_sorted());
    }
}
