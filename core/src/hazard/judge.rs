//! From what was measured to hazards.

use crate::diff::count;
use crate::hazard::{Allowed, Hazard, Here, Live, LockMode, Measured, Name, Upkeep, allowed};

const MAKE_ROOM: &str = "Leave it out: VACUUM by itself makes room for new rows and blocks nobody. Where the file has to become smaller, run it by hand when nobody works.";
const REINDEX: &str = "REINDEX … CONCURRENTLY in a migration that is marked -- nself:no-transaction, alone.";

/// The hazards of one statement. `refuses_transaction`: it ran outside a transaction.
pub fn judge(measured: &Measured, live: &Live, refuses_transaction: bool) -> Vec<Hazard> {
    let mut hazards = Vec::new();
    let mut add = |name, object: &str, sentence: String, gentler| {
        hazards.push(Hazard { name, object: object.to_owned(), sentence, gentler, allowed: None });
    };
    for (relation, mode) in &measured.locks {
        let size = size(live.get(relation));
        let mode = *mode;
        let lock = mode.as_str();
        if mode.blocks_reads() {
            let sentence = format!(
                "It takes {lock} on {relation} ({size}): nobody else reads or writes it until the transaction ends."
            );
            add(
                Name::BlocksReads,
                relation,
                sentence,
                "Set lock_timeout for the migration, and leave what takes long to a migration of its own: who waits for this lock holds up all who come after.",
            );
        } else if mode.blocks_writes() {
            let sentence = format!(
                "It takes {lock} on {relation} ({size}): nobody else writes to it until the transaction ends."
            );
            add(
                Name::BlocksWrites,
                relation,
                sentence,
                "An index: CREATE INDEX CONCURRENTLY in a migration that is marked -- nself:no-transaction. A constraint: add it NOT VALID, and VALIDATE it in a later migration.",
            );
        }
    }
    for (index, table) in &measured.locked_indexes {
        let sentence = format!(
            "It takes ACCESS EXCLUSIVE on index {index} of {table} ({}): nobody else reads {table} until the transaction ends, for a query locks all indexes of its tables.",
            size(live.get(table))
        );
        add(Name::BlocksReads, table, sentence, REINDEX);
    }
    for (relation, does) in &measured.by_manual {
        upkeep(relation, *does, &size(live.get(relation)), &mut add);
    }
    for relation in &measured.rewritten {
        if measured.truncated.contains(relation) {
            continue;
        }
        let sentence = format!("It writes {relation} ({}) anew, row by row.", size(live.get(relation)));
        add(
            Name::RewritesTable,
            relation,
            sentence,
            "Add a column beside the old one, fill it in parts, and let the program go over to it before a later migration drops the old one.",
        );
    }
    let blocking = |held: &(&String, &LockMode)| held.1.blocks_writes();
    let held: Vec<String> =
        measured.held.iter().filter(blocking).map(|(relation, _)| relation.clone()).collect();
    for relation in measured.scanned.iter().filter(|_| !held.is_empty()) {
        let sentence = format!(
            "It reads all of {relation} ({}) while writes to {} wait.",
            size(live.get(relation)),
            held.join(", ")
        );
        add(
            Name::ScansUnderLock,
            relation,
            sentence,
            "Add a constraint NOT VALID and VALIDATE it in a later migration; SET NOT NULL reads nothing where a valid CHECK says the same; fill columns in a migration of their own.",
        );
    }
    deletes(measured, live, &mut add);
    for gone in &measured.gone {
        let sentence = format!("{} {}. A program that still runs may rely on it.", gone.object, gone.became);
        add(
            Name::BreaksRunningCode,
            &gone.object,
            sentence,
            "Do it in two releases: first the program stops to use it, or can do with both, then the migration runs.",
        );
    }
    for index in &measured.dropped_indexes {
        if let Some(here) = live.get(index).filter(|here| here.index_scans > 0) {
            let sentence =
                format!("It drops index {index}, which queries have used {}.", times(here.index_scans));
            add(
                Name::DropsUsedIndex,
                index,
                sentence,
                "Look in pg_stat_user_indexes for whether it is still used, and make the one that replaces it first.",
            );
        }
    }
    for key in &measured.keys_without_index {
        let sentence = format!(
            "No index begins with the columns of foreign key {key}: each DELETE or UPDATE of a row that it refers to reads all of its table."
        );
        add(
            Name::FkWithoutIndex,
            key,
            sentence,
            "Create an index on these columns in the same migration, or CONCURRENTLY in the next one.",
        );
    }
    if refuses_transaction {
        let sentence =
            "It refuses a transaction: what of the migration ran before it stays if it fails.".to_owned();
        add(
            Name::NoTransactionNeeded,
            "",
            sentence,
            "Apply it with nself_migrate_up_start(), and keep it alone in its migration.",
        );
    }
    hazards
}

/// What a maintenance statement that was not run does, as the manual says.
fn upkeep(relation: &str, does: Upkeep, size: &str, add: &mut impl FnMut(Name, &str, String, &'static str)) {
    let (name, waits, gentler) = match does {
        Upkeep::Rewrites => (Name::BlocksReads, "nobody else reads or writes it", MAKE_ROOM),
        Upkeep::Reindexes => (Name::BlocksReads, "nobody else reads or writes it", REINDEX),
        Upkeep::Locks(mode) if mode.blocks_reads() => {
            (Name::BlocksReads, "nobody else reads or writes it", "Set lock_timeout for the migration.")
        }
        Upkeep::Locks(mode) if mode.blocks_writes() => {
            (Name::BlocksWrites, "nobody else writes to it", "Set lock_timeout for the migration.")
        }
        Upkeep::Locks(_) => return,
    };
    let locks = does.locks();
    let sentence =
        format!("As the manual says, it takes {locks} on {relation} ({size}): {waits} until it has ended.");
    add(name, relation, sentence, gentler);
    if does == Upkeep::Rewrites {
        let sentence = format!("As the manual says, it writes {relation} ({size}) anew, row by row.");
        add(Name::RewritesTable, relation, sentence, gentler);
    }
}

/// What a statement destroys. Where nothing is, nothing is destroyed.
fn deletes(measured: &Measured, live: &Live, add: &mut impl FnMut(Name, &str, String, &'static str)) {
    let gentler = "Copy the rows away before, or let a later release drop it once nobody has missed it. No down part brings them back.";
    let with_rows = |relation: &String| live.get(relation).filter(|here| here.has_rows);
    for relation in &measured.dropped_tables {
        if let Some(here) = with_rows(relation) {
            add(
                Name::DeletesData,
                relation,
                format!("It drops {relation} with its rows ({}).", size(Some(here))),
                gentler,
            );
        }
    }
    for relation in &measured.truncated {
        if let Some(here) = with_rows(relation) {
            add(
                Name::DeletesData,
                relation,
                format!("It deletes all rows of {relation} ({}).", size(Some(here))),
                gentler,
            );
        }
    }
    for relation in &measured.deleted_from {
        if let Some(here) = with_rows(relation) {
            add(
                Name::DeletesData,
                relation,
                format!("It deletes rows of {relation} ({}).", size(Some(here))),
                gentler,
            );
        }
    }
    for column in &measured.dropped_columns {
        let of = |(table, here): (&String, &Here)| {
            let name = column.strip_prefix(table.as_str())?.strip_prefix('.')?;
            Some((table.clone(), here.has_rows && !here.null_columns.iter().any(|null| null == name)))
        };
        if let Some((table, true)) = live.iter().find_map(of) {
            let sentence = format!("It drops column {column} with its values ({}).", size(live.get(&table)));
            add(Name::DeletesData, column, sentence, gentler);
        }
    }
}

/// The hazards of a migration as a whole, and what its file says of all of them.
pub fn judge_migration(
    has_down: bool,
    up_sql: &str,
    statements: &mut [Vec<Hazard>],
) -> (Vec<Hazard>, Vec<Allowed>) {
    let mut own = Vec::new();
    if !has_down {
        own.push(Hazard {
            name: Name::NotReversible,
            object: String::new(),
            sentence: "It has no down part: nself_migrate_down() cannot undo it.".to_owned(),
            gentler: "Write a down part, and try it with nself_migrate_verify(rollback => true). A blank one says that there is nothing to undo.",
            allowed: None,
        });
    }
    let marks = allowed(up_sql);
    for hazard in statements.iter_mut().flatten().chain(&mut own) {
        hazard.allowed = marks.iter().find_map(|mark| match mark {
            Allowed::Yes(name, why) if *name == hazard.name => Some(why.clone()),
            _ => None,
        });
    }
    let unclear = marks.into_iter().filter(|mark| matches!(mark, Allowed::Unclear { .. })).collect();
    (own, unclear)
}

/// How large and how busy a table is.
fn size(here: Option<&Here>) -> String {
    let Some(here) = here else { return "not in this database yet".to_owned() };
    let rows = match here.rows {
        _ if !here.has_rows => "no rows".to_owned(),
        Some(rows) => format!("about {}", count(rows as usize, "row")),
        None => "rows were never counted".to_owned(),
    };
    format!("{}, {rows}, {}", bytes(here.bytes), writes(here))
}

fn writes(here: &Here) -> String {
    match here.seconds {
        Some(seconds) if seconds > 0.0 => format!("{:.1} writes a second", here.writes as f64 / seconds),
        _ if here.writes > 0 => "written to".to_owned(),
        _ => "no writes counted".to_owned(),
    }
}

fn bytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")];
    match UNITS.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} bytes"),
    }
}

fn times(number: u64) -> String {
    if number == 1 { "once".to_owned() } else { format!("{number} times") }
}
