//! The rights that a migration runs with are those in force when it was begun, whatever it says. Where the session logged
//! in as another role than that one, RESET ROLE would go back to it: then the server is told to refuse every change of
//! role, and the ones that a migration says by statements of its own are made here, as far as the role may.

use pgrx::prelude::*;

use crate::error::Error;
use crate::migrations::script::{RoleChange, Statement};
use crate::server::left_for_end::{held_cursors, refuse_left};
use crate::server::session::{c_string, is_behind_a_role, locked_in};
use crate::server::trust;

/// The role that a script runs as, from statement to statement.
pub struct Confined {
    /// Those of a session that stands behind a role; none where the session has that role alone.
    roles: Option<Roles>,
    /// The cursors WITH HOLD that were there before.
    held: Vec<(String, String)>,
}

struct Roles {
    /// With whose rights the script was begun.
    asker: pg_sys::Oid,
    /// To whom RESET ROLE goes back.
    base: pg_sys::Oid,
    now: pg_sys::Oid,
}

impl Confined {
    /// Confined to the rights that are in force.
    pub fn now() -> Result<Self, Error> {
        // SAFETY: a plain read of this backend's own state.
        let asker = unsafe { pg_sys::GetUserId() };
        let roles = is_behind_a_role().then_some(Roles { asker, base: asker, now: asker });
        let held = if roles.is_some() { held_cursors()? } else { Vec::new() };
        Ok(Self { roles, held })
    }

    /// The role that the next statement runs as.
    pub fn role(&self) -> pg_sys::Oid {
        // SAFETY: a plain read of this backend's own state.
        self.roles.as_ref().map_or_else(|| unsafe { pg_sys::GetUserId() }, |roles| roles.now)
    }

    /// Refuses what the script has left for the end of the transaction: that runs with whatever rights are in force then.
    pub fn end(&self) -> Result<(), Error> {
        match self.roles {
            Some(_) => refuse_left(&self.held),
            None => Ok(()),
        }
    }

    /// Runs a statement by `execute`, with the rights that it is to have.
    pub fn run(
        &mut self,
        statement: &Statement,
        execute: impl FnOnce() -> Result<(), Error>,
    ) -> Result<(), Error> {
        match (&mut self.roles, statement.change_of_role()) {
            (None, _) => execute(),
            (Some(roles), None) => locked_in(roles.now, execute),
            (Some(roles), Some(change)) => {
                roles.change(&change);
                Ok(())
            }
        }
    }

    /// Runs `work` with the rights that the last statement left.
    pub fn within<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        match &self.roles {
            None => work(),
            Some(roles) => locked_in(roles.now, work),
        }
    }
}

impl Roles {
    /// Makes a change, or raises the error that the server would raise.
    fn change(&mut self, change: &RoleChange) {
        match change {
            RoleChange::Role(None) => self.now = self.base,
            RoleChange::Role(Some(name)) => {
                let role = role(name);
                if !trust::may_become(self.base, role) {
                    ereport!(
                        ERROR,
                        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
                        format!("permission denied to set role \"{name}\"")
                    );
                }
                self.now = role;
            }
            RoleChange::Session(None) => (self.base, self.now) = (self.asker, self.asker),
            RoleChange::Session(Some(name)) => {
                let role = role(name);
                // SAFETY: a question about a role, within a transaction.
                if role != self.asker && !unsafe { pg_sys::superuser_arg(self.asker) } {
                    ereport!(
                        ERROR,
                        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
                        format!("permission denied to set session authorization \"{name}\"")
                    );
                }
                (self.base, self.now) = (role, role);
            }
        }
    }
}

fn role(name: &str) -> pg_sys::Oid {
    let name = c_string(name);
    // SAFETY: a look into the catalogs; with false it raises an error for a role that is not there.
    unsafe { pg_sys::get_role_oid(name.as_ptr(), false) }
}
