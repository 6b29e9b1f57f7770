//! A migration's SQL as statements, split and told apart by the server's own parser. What cannot run inside the
//! caller's transaction is refused here, before anything has run.

use nself_heal_core::scan;
use pgrx::{notice, pg_sys};

use crate::caller::{c_string, catch};
use crate::error::{Error, ServerError};

/// The SQL of one direction of a migration, and where it stands.
pub struct Script<'a> {
    pub version: &'a str,
    pub path: &'a str,
    pub sql: &'a str,
    /// The line of the file on which `sql` begins.
    pub first_line: usize,
    /// Drizzle's marks part the statements.
    pub breakpoints: bool,
}

/// One statement of a script.
pub struct Statement {
    pub sql: String,
    /// In the file, from 1.
    pub line: usize,
}

/// What a statement means for the transaction that it is to run in.
enum Kind {
    Ordinary,
    Begin,
    Commit,
    /// Why it cannot run, and what to do.
    Refused(String, &'static str),
}

const TRANSACTION_HINT: &str = "A migration runs in the transaction of its caller: leave BEGIN, COMMIT, ROLLBACK and SAVEPOINT out. Only a BEGIN at the start together with a COMMIT at the end of the file is understood.";
const NO_TRANSACTION_HINT: &str = "Put the statement into a file of its own and run it with psql outside a transaction, or use the form that can run in one (CREATE INDEX without CONCURRENTLY).";
const COPY_HINT: &str = "Write the rows as INSERT … VALUES.";
const PSQL_HINT: &str = "Commands of psql are not SQL: a migration holds SQL alone.";

/// Splits a script into its statements. An error names the file and the line, and nothing has run.
pub fn split(script: &Script<'_>) -> Result<Vec<Statement>, Error> {
    let refuse = |line: usize, what: String, hint| Error::Refused { path: script.path.to_owned(), line, what, hint };
    if let Some(offset) = scan::psql_command(script.sql) {
        let line = line_in(script, offset);
        let command = script.sql[offset..].split_whitespace().next().unwrap_or("\\");
        return Err(refuse(line, format!("{command} is a command of psql"), PSQL_HINT));
    }
    let mut statements = Vec::new();
    for chunk in chunks(script) {
        for (offset, text, kind) in parse(script, &chunk)? {
            statements.push((Statement { line: line_in(script, offset), sql: text }, kind));
        }
    }
    take_off_transaction(script, &mut statements);
    statements
        .into_iter()
        .map(|(statement, kind)| match kind {
            Kind::Ordinary => Ok(statement),
            Kind::Begin | Kind::Commit => {
                Err(refuse(statement.line, "transaction control inside the migration".to_owned(), TRANSACTION_HINT))
            }
            Kind::Refused(what, hint) => Err(refuse(statement.line, what, hint)),
        })
        .collect()
}

fn chunks<'a>(script: &Script<'a>) -> Vec<scan::Chunk<'a>> {
    if script.breakpoints {
        scan::split_at_breakpoints(script.sql)
    } else {
        vec![scan::Chunk { text: script.sql, offset: 0 }]
    }
}

fn line_in(script: &Script<'_>, offset: usize) -> usize {
    script.first_line + scan::line_of(script.sql, offset) - 1
}

/// A `BEGIN` … `COMMIT` around the whole file says what is done anyway.
fn take_off_transaction(script: &Script<'_>, statements: &mut Vec<(Statement, Kind)>) {
    let around = matches!(statements.first(), Some((_, Kind::Begin)))
        && statements.len() > 1
        && matches!(statements.last(), Some((_, Kind::Commit)))
        && statements.iter().filter(|(_, kind)| matches!(kind, Kind::Begin | Kind::Commit)).count() == 2;
    if around {
        statements.pop();
        statements.remove(0);
        notice!(
            "BEGIN and COMMIT around {} are left out: the migration runs in the transaction of its caller",
            script.path
        );
    }
}

/// The statements of one chunk: offset in the script, text, kind.
fn parse(script: &Script<'_>, chunk: &scan::Chunk<'_>) -> Result<Vec<(usize, String, Kind)>, Error> {
    let text = c_string(chunk.text);
    // SAFETY: the parser works on a NUL-terminated text and returns a list of RawStmt in the current memory context.
    let list = catch(|| Ok(unsafe { pg_sys::pg_parse_query(text.as_ptr()) })).map_err(|error| match error {
        Error::Server(error) => syntax_error(script, chunk, error),
        other => other,
    })?;
    let mut found = Vec::new();
    // SAFETY: each element of the list is a RawStmt of the parser, alive as long as the memory context.
    let statements: Vec<&pg_sys::RawStmt> =
        unsafe { pgrx::PgList::<pg_sys::RawStmt>::from_pg(list).iter_ptr().map(|raw| &*raw).collect() };
    for raw in statements {
        let start = usize::try_from(raw.stmt_location).unwrap_or(0);
        let end = match usize::try_from(raw.stmt_len) {
            Ok(0) | Err(_) => chunk.text.len(),
            Ok(len) => start + len,
        };
        let sql = &chunk.text[start..end];
        let lead = scan::first_token(sql);
        // SAFETY: the node belongs to the RawStmt.
        let kind = unsafe { classify(raw.stmt) };
        found.push((chunk.offset + start + lead, sql[lead..].to_owned(), kind));
    }
    Ok(found)
}

fn syntax_error(script: &Script<'_>, chunk: &scan::Chunk<'_>, error: ServerError) -> Error {
    let within = error
        .position
        .and_then(|position| chunk.text.char_indices().nth(position - 1))
        .map_or(scan::first_token(chunk.text), |(offset, _)| offset);
    let line = line_in(script, chunk.offset + within);
    let message = format!("line {line} of {}: {}", script.path, error.message);
    Error::Server(ServerError {
        message,
        hint: error.hint.or_else(|| Some("Nothing has run: the file is read before anything is applied.".to_owned())),
        position: None,
        ..error
    })
}

/// What a statement means for its transaction.
///
/// # Safety
/// `node` is the statement of a RawStmt.
unsafe fn classify(node: *mut pg_sys::Node) -> Kind {
    use pg_sys::NodeTag::*;
    let outside = |what: &str| Kind::Refused(format!("{what} cannot run inside a transaction"), NO_TRANSACTION_HINT);
    // SAFETY: the tag tells the type that the node is cast to.
    unsafe {
        match (*node).type_ {
            T_TransactionStmt => match (*node.cast::<pg_sys::TransactionStmt>()).kind {
                pg_sys::TransactionStmtKind::TRANS_STMT_BEGIN | pg_sys::TransactionStmtKind::TRANS_STMT_START => {
                    Kind::Begin
                }
                pg_sys::TransactionStmtKind::TRANS_STMT_COMMIT => Kind::Commit,
                _ => Kind::Refused("transaction control inside the migration".to_owned(), TRANSACTION_HINT),
            },
            T_CopyStmt => {
                let copy = &*node.cast::<pg_sys::CopyStmt>();
                match (copy.filename.is_null(), copy.is_from) {
                    (true, true) => Kind::Refused("COPY FROM STDIN has no input here".to_owned(), COPY_HINT),
                    (true, false) => Kind::Refused("COPY TO STDOUT has no output here".to_owned(), COPY_HINT),
                    (false, _) => Kind::Ordinary,
                }
            }
            T_IndexStmt if (*node.cast::<pg_sys::IndexStmt>()).concurrent => outside("CREATE INDEX CONCURRENTLY"),
            T_DropStmt if (*node.cast::<pg_sys::DropStmt>()).concurrent => outside("DROP INDEX CONCURRENTLY"),
            T_VacuumStmt if (*node.cast::<pg_sys::VacuumStmt>()).is_vacuumcmd => outside("VACUUM"),
            T_ReindexStmt if reindexes_outside(&*node.cast::<pg_sys::ReindexStmt>()) => outside("this REINDEX"),
            T_ClusterStmt if (*node.cast::<pg_sys::ClusterStmt>()).relation.is_null() => outside("CLUSTER of all tables"),
            T_AlterTableStmt if detaches_concurrently(&*node.cast::<pg_sys::AlterTableStmt>()) => {
                outside("DETACH PARTITION CONCURRENTLY")
            }
            T_CreatedbStmt => outside("CREATE DATABASE"),
            T_DropdbStmt => outside("DROP DATABASE"),
            T_CreateTableSpaceStmt => outside("CREATE TABLESPACE"),
            T_DropTableSpaceStmt => outside("DROP TABLESPACE"),
            T_AlterSystemStmt => outside("ALTER SYSTEM"),
            T_CreateSubscriptionStmt => outside("CREATE SUBSCRIPTION"),
            T_DropSubscriptionStmt => outside("DROP SUBSCRIPTION"),
            T_DiscardStmt
                if (*node.cast::<pg_sys::DiscardStmt>()).target == pg_sys::DiscardMode::DISCARD_ALL =>
            {
                outside("DISCARD ALL")
            }
            _ => Kind::Ordinary,
        }
    }
}

/// REINDEX of a schema, database or system, or CONCURRENTLY, which is an option of the statement.
unsafe fn reindexes_outside(reindex: &pg_sys::ReindexStmt) -> bool {
    use pg_sys::ReindexObjectType::*;
    if !matches!(reindex.kind, REINDEX_OBJECT_INDEX | REINDEX_OBJECT_TABLE) {
        return true;
    }
    // SAFETY: the parameters of a REINDEX are a list of DefElem with names of their own.
    unsafe {
        pgrx::PgList::<pg_sys::DefElem>::from_pg(reindex.params)
            .iter_ptr()
            .any(|option| std::ffi::CStr::from_ptr((*option).defname).to_bytes() == b"concurrently")
    }
}

unsafe fn detaches_concurrently(alter: &pg_sys::AlterTableStmt) -> bool {
    // SAFETY: the commands of an ALTER TABLE are a list of AlterTableCmd; the definition of DETACH PARTITION is a
    // PartitionCmd.
    unsafe {
        pgrx::PgList::<pg_sys::AlterTableCmd>::from_pg(alter.cmds).iter_ptr().any(|command| {
            (*command).subtype == pg_sys::AlterTableType::AT_DetachPartition
                && (*(*command).def.cast::<pg_sys::PartitionCmd>()).concurrent
        })
    }
}
