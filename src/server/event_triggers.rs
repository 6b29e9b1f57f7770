//! The event triggers of others, which a statement fires with the rights of whoever runs it.

use std::cell::RefCell;
use std::rc::Rc;

use pgrx::pg_sys;
use serde::Deserialize;

use crate::error::Error;
use crate::server::session::{self, with_pinned_settings};
use crate::server::spi::{self, Changes};
use crate::server::{parser, trust};

/// One that is switched on.
#[derive(Deserialize)]
struct EventTrigger {
    function: u32,
    /// The commands that it is fired by; all of them if there is none.
    tags: Vec<String>,
}

/// Why these statements may not be run with the rights of a role: they would fire an event trigger that runs what the role
/// does not trust.
pub fn refusal<S: AsRef<str>>(
    statements: impl IntoIterator<Item = S>,
    role_name: &str,
) -> Result<Option<String>, Error> {
    let triggers = switched_on()?;
    if triggers.is_empty() {
        return Ok(None);
    }
    let role = match session::role(role_name) {
        // That is another reason, which whoever runs the statements tells.
        Err(Error::NoSuchRole { .. }) => return Ok(None),
        role => role?,
    };
    for statement in statements {
        for command in parser::tags(statement.as_ref()) {
            let fired = triggers.iter().filter(|of| of.tags.is_empty() || of.tags.contains(&command));
            let refused =
                fired.map(|of| trust::why_not(pg_sys::Oid::from(of.function), role)).find(Option::is_some);
            if let Some(refused) = refused {
                return Ok(refused);
            }
        }
    }
    Ok(None)
}

/// Those whose function is not code in C: that is a superuser's.
fn switched_on() -> Result<Rc<Vec<EventTrigger>>, Error> {
    thread_local! {
        static READ: RefCell<Option<(Changes, Rc<Vec<EventTrigger>>)>> = const { RefCell::new(None) };
    }
    let now = Changes::now();
    let kept = READ
        .with_borrow(|read| read.as_ref().filter(|(then, _)| *then == now).map(|(_, found)| found.clone()));
    if let Some(found) = kept {
        return Ok(found);
    }
    let mut found: Vec<EventTrigger> = with_pinned_settings(|| {
        spi::read_json(
            "event_triggers",
            "SELECT coalesce(json_agg(json_build_object('function', evtfoid::int8, 'tags', coalesce(evttags, '{}')) \
                                      ORDER BY evtname), '[]')::text \
               FROM pg_event_trigger \
              WHERE evtevent IN ('ddl_command_start', 'ddl_command_end') \
                AND evtenabled IN ('A', CASE current_setting('session_replication_role') WHEN 'replica' THEN 'R' ELSE 'O' END) \
                AND coalesce(current_setting('event_triggers', true), 'on') = 'on'",
            &[],
        )
    })?;
    found.retain(|of| trust::writer(pg_sys::Oid::from(of.function)).is_some());
    let found = Rc::new(found);
    READ.set(Some((now, found.clone())));
    Ok(found)
}
