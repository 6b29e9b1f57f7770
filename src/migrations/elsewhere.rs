//! What other tools did after their lists were adopted: migrations that they applied, or took back, and that the ledger
//! does not know of. Until they are adopted, too, the ledger does not say what is expected here.

use nself_heal_core::trackers::{BeliefState, Candidate};

use crate::error::Error;
use crate::migrations::trackers::{self, Found};
use crate::server::session::as_extension_owner;
use crate::server::spi;

/// What one tool did that the ledger does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elsewhere {
    pub tool: &'static str,
    /// Its list, quoted.
    pub table: String,
    /// The versions of what it applied, and took back, of the migrations of the journal.
    pub applied: Vec<String>,
    pub undone: Vec<String>,
    /// What it calls that which it applied and the journal does not have.
    pub unknown: Vec<String>,
}

impl Elsewhere {
    fn is_nothing(&self) -> bool {
        self.applied.is_empty() && self.undone.is_empty() && self.unknown.is_empty()
    }

    pub fn into_error(self) -> Error {
        Error::AheadOfLedger { tool: self.tool, what: self.what(), table: self.table }
    }

    /// The versions of all that it did, or what it calls them.
    pub fn versions(&self) -> impl Iterator<Item = &String> {
        self.applied.iter().chain(&self.undone).chain(&self.unknown)
    }

    /// The state of a migration of the journal that it applied or took back.
    pub fn state_of(&self, version: &str) -> Option<String> {
        let among = |versions: &[String]| versions.iter().any(|of| of == version);
        if among(&self.applied) {
            Some(self.state_of_applied())
        } else if among(&self.undone) {
            Some(format!("undone by {}", self.tool))
        } else {
            None
        }
    }

    /// The state of what it applied.
    pub fn state_of_applied(&self) -> String {
        format!("applied by {}", self.tool)
    }

    /// What it did, in words.
    pub fn what(&self) -> String {
        let parts = [
            ("applied ", &self.applied, ""),
            ("taken back ", &self.undone, ""),
            ("applied ", &self.unknown, " (not in the journal)"),
        ];
        let told = parts.iter().filter(|(_, versions, _)| !versions.is_empty());
        told.map(|(verb, versions, more)| format!("{verb}{}{more}", versions.join(", ")))
            .collect::<Vec<_>>()
            .join(" and ")
    }
}

/// What the tools did whose lists were adopted. The lists are read with the rights of the extension's owner: whoever may see
/// the ledger may see this, and nothing keeps it from him.
pub fn since_adopted() -> Result<Vec<Elsewhere>, Error> {
    let adopted: Vec<(String, Vec<String>)> = as_extension_owner(|| {
        let query = "SELECT coalesce(json_agg(json_build_array(relation, unknown) ORDER BY adopted_at), '[]')::text \
                       FROM nself.adopted_list";
        spi::read_json("adopted_list", query, &[])
    })?;
    if adopted.is_empty() {
        return Ok(Vec::new());
    }
    let (found, _) = as_extension_owner(trackers::find)?;
    let known = |found: &Found| adopted.iter().find(|(relation, _)| *relation == found.table);
    let mut lists: Vec<(Found, &Vec<String>)> = found
        .into_iter()
        // A list that is empty was emptied by somebody, or its tool has been set up anew: it says nothing.
        .filter(|found| !found.rows.is_empty())
        .filter_map(|found| known(&found).map(|(_, unknown)| (found, unknown)))
        .collect();
    let journal = trackers::candidates()?;
    let mut all = Vec::new();
    while !lists.is_empty() {
        // Hasura keeps one list in two tables.
        let tool = lists[0].0.tracker.tool;
        let (of_tool, others) = lists.into_iter().partition(|(found, _)| found.tracker.tool == tool);
        lists = others;
        let elsewhere = of_one_tool(of_tool, &journal)?;
        if !elsewhere.is_nothing() {
            all.push(elsewhere);
        }
    }
    Ok(all)
}

fn of_one_tool(lists: Vec<(Found, &Vec<String>)>, journal: &[Candidate]) -> Result<Elsewhere, Error> {
    let unknown: Vec<&String> = lists.iter().flat_map(|(_, unknown)| unknown.iter()).collect();
    let (tracker, table) = (lists[0].0.tracker, lists[0].0.table.clone());
    let rows: Vec<_> = lists.iter().flat_map(|(found, _)| found.rows.iter().cloned()).collect();
    let mut elsewhere = Elsewhere { tool: tracker.tool, table, ..Elsewhere::default() };
    for belief in trackers::beliefs(tracker, &rows, journal)? {
        match belief.state {
            BeliefState::Adopted if is_withdrawn(journal, &belief.version) => {}
            BeliefState::Adopted => elsewhere.applied.push(belief.version),
            BeliefState::Undone => elsewhere.undone.push(belief.version),
            BeliefState::Unknown if !unknown.contains(&&belief.name) => elsewhere.unknown.push(belief.name),
            BeliefState::Unknown | BeliefState::Known | BeliefState::Pending | BeliefState::NotApplied => {}
        }
    }
    Ok(elsewhere)
}

/// Whether the ledger has had this migration, and its row was withdrawn: a list that still has it is known to be wrong.
pub fn is_withdrawn(journal: &[Candidate], version: &str) -> bool {
    journal.iter().any(|entry| entry.is_withdrawn && entry.version == version)
}

/// Fails if a heal could undo what another tool has done.
pub fn refuse_heal() -> Result<(), Error> {
    since_adopted()?.into_iter().next().map_or(Ok(()), |elsewhere| Err(elsewhere.into_error()))
}
