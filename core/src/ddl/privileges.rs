//! Statements that give privileges and take them away.

use crate::diff::join;
use crate::model::{Acl, Grant};
use crate::quote::ident;

/// Privileges on one object for one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granting {
    pub privileges: Vec<String>,
    pub column: Option<String>,
    pub on: String,
    /// Quoted, or PUBLIC.
    pub grantee: String,
    pub grantable: bool,
    pub defaults_for: Option<String>,
}

impl Granting {
    /// The privileges of one grantee as statements say them.
    pub(crate) fn of(acl: &Acl, grantee: &str, owner: &str, grants: &[&Grant]) -> Vec<Self> {
        let grantee = if grantee == "owner" { ident(owner) } else { grantee.to_string() };
        [false, true]
            .into_iter()
            .map(|grantable| Granting {
                privileges: grants
                    .iter()
                    .filter(|grant| grant.grantable == grantable)
                    .map(|grant| grant.privilege.clone())
                    .collect(),
                column: acl.column.clone(),
                on: acl.on.clone(),
                grantee: grantee.clone(),
                grantable,
                defaults_for: acl.defaults_for.clone(),
            })
            .filter(|granting| !granting.privileges.is_empty())
            .collect()
    }

    /// The statement that gives the privileges.
    pub(crate) fn grant(&self) -> String {
        let option = if self.grantable { " WITH GRANT OPTION" } else { "" };
        self.statement("GRANT", "TO", option)
    }

    /// The statement that takes them away.
    pub(crate) fn revoke(&self) -> String {
        self.statement(if self.grantable { "REVOKE GRANT OPTION FOR" } else { "REVOKE" }, "FROM", "")
    }

    fn statement(&self, verb: &str, preposition: &str, option: &str) -> String {
        let column = self.column.iter().map(|column| format!(" ({column})")).collect::<String>();
        let privileges = join(self.privileges.iter().map(|privilege| format!("{privilege}{column}")));
        let what = format!("{verb} {privileges} ON {} {preposition} {}{option}", self.on, self.grantee);
        match &self.defaults_for {
            Some(of) => format!("ALTER DEFAULT PRIVILEGES {of} {what}"),
            None => what,
        }
    }
}
