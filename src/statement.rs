//! A migration's SQL as statements, split and told apart by the server's own parser. What cannot run inside the
//! caller's transaction is refused here, before anything has run.

use nself_heal_core::scan;
use pgrx::{notice, pg_sys};

use crate::caller::{c_string, catch, with_settings};
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
    let mut statements = Vec::new();
    // Lines are counted from one statement to the next: from the start each time, a long script would take minutes.
    let (mut counted, mut line) = (0, script.first_line);
    for chunk in chunks(script) {
        if let Some(offset) = scan::psql_command(chunk.text) {
            let command = chunk.text[offset..].split_whitespace().next().unwrap_or("\\");
            let what = format!("{command} is a command of psql");
            let line = line_in(script, chunk.offset + offset);
            return Err(refused_before(script, &chunk, offset)
                .unwrap_or_else(|| script.refuse(line, what, PSQL_HINT)));
        }
        for (offset, sql, kind) in parse(chunk.text).map_err(|error| syntax_error(script, &chunk, error))? {
            let offset = chunk.offset + offset;
            line += newlines(&script.sql[counted..offset]);
            counted = offset;
            statements.push((Statement { line, sql: sql.to_owned() }, kind));
        }
    }
    take_off_transaction(script, &mut statements);
    statements
        .into_iter()
        .map(|(statement, kind)| match kind {
            Kind::Ordinary => Ok(statement),
            Kind::Begin | Kind::Commit => {
                let what = "transaction control inside the migration".to_owned();
                Err(script.refuse(statement.line, what, TRANSACTION_HINT))
            }
            Kind::Refused(what, hint) => Err(script.refuse(statement.line, what, hint)),
        })
        .collect()
}

impl Script<'_> {
    fn refuse(&self, line: usize, what: String, hint: &'static str) -> Error {
        Error::Refused { path: self.path.to_owned(), line, what, hint }
    }
}

/// What is refused in the part of a chunk before `end`, where something stands that is not SQL: the rows after a COPY
/// FROM STDIN make no sense to the parser, but the reason that they are there is the COPY.
fn refused_before(script: &Script<'_>, chunk: &scan::Chunk<'_>, mut end: usize) -> Option<Error> {
    loop {
        let before = &chunk.text[..end];
        match parse(before) {
            Ok(statements) => {
                return statements.into_iter().find_map(|(offset, _, kind)| match kind {
                    Kind::Refused(what, hint) => {
                        Some(script.refuse(line_in(script, chunk.offset + offset), what, hint))
                    }
                    _ => None,
                });
            }
            Err(Error::Server(error)) => {
                end = error.position?.offset_in(before).filter(|&offset| offset < end)?
            }
            Err(_) => return None,
        }
    }
}

fn chunks<'a>(script: &Script<'a>) -> Vec<scan::Chunk<'a>> {
    if script.breakpoints {
        scan::split_at_breakpoints(script.sql)
    } else {
        vec![scan::Chunk { text: script.sql, offset: 0 }]
    }
}

fn line_in(script: &Script<'_>, offset: usize) -> usize {
    script.first_line + newlines(&script.sql[..offset])
}

fn newlines(sql: &str) -> usize {
    sql.bytes().filter(|&byte| byte == b'\n').count()
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

/// The statements of a text: offset, SQL, kind.
fn parse(sql: &str) -> Result<Vec<(usize, &str, Kind)>, Error> {
    let text = c_string(sql);
    // What the scanner remarks, say that a name is too long, it will say again when the statement runs.
    let list = with_settings(&[("client_min_messages", "error")], || {
        // SAFETY: the parser works on a NUL-terminated text and returns a list of RawStmt in the current memory context.
        catch(|| Ok(unsafe { pg_sys::pg_parse_query(text.as_ptr()) }))
    })?;
    let mut found = Vec::new();
    // SAFETY: each element of the list is a RawStmt of the parser, alive as long as the memory context.
    let statements: Vec<&pg_sys::RawStmt> =
        unsafe { pgrx::PgList::<pg_sys::RawStmt>::from_pg(list).iter_ptr().map(|raw| &*raw).collect() };
    for raw in statements {
        let start = usize::try_from(raw.stmt_location).unwrap_or(0);
        let end = match usize::try_from(raw.stmt_len) {
            Ok(0) | Err(_) => sql.len(),
            Ok(len) => start + len,
        };
        let statement = &sql[start..end];
        let lead = scan::first_token(statement);
        // SAFETY: the node belongs to the RawStmt.
        let kind = unsafe { classify(raw.stmt) };
        found.push((start + lead, &statement[lead..], kind));
    }
    Ok(found)
}

fn syntax_error(script: &Script<'_>, chunk: &scan::Chunk<'_>, error: Error) -> Error {
    let Error::Server(error) = error else { return error };
    let position = error.position.as_ref().and_then(|position| position.offset_in(chunk.text));
    let within = position.unwrap_or_else(|| scan::first_token(chunk.text));
    if let Some(refused) = refused_before(script, chunk, within) {
        return refused;
    }
    let line = line_in(script, chunk.offset + within);
    let message = format!("line {line} of {}: {}", script.path, error.message);
    Error::Server(ServerError {
        message,
        hint: error
            .hint
            .or_else(|| Some("Nothing has run: the file is read before anything is applied.".to_owned())),
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
    let outside =
        |what: &str| Kind::Refused(format!("{what} cannot run inside a transaction"), NO_TRANSACTION_HINT);
    // SAFETY: the tag tells the type that the node is cast to.
    unsafe {
        match (*node).type_ {
            T_TransactionStmt => match (*node.cast::<pg_sys::TransactionStmt>()).kind {
                pg_sys::TransactionStmtKind::TRANS_STMT_BEGIN
                | pg_sys::TransactionStmtKind::TRANS_STMT_START => Kind::Begin,
                pg_sys::TransactionStmtKind::TRANS_STMT_COMMIT
                    if !(*node.cast::<pg_sys::TransactionStmt>()).chain =>
                {
                    Kind::Commit
                }
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
            T_IndexStmt if (*node.cast::<pg_sys::IndexStmt>()).concurrent => {
                outside("CREATE INDEX CONCURRENTLY")
            }
            T_DropStmt if (*node.cast::<pg_sys::DropStmt>()).concurrent => outside("DROP INDEX CONCURRENTLY"),
            T_VacuumStmt if (*node.cast::<pg_sys::VacuumStmt>()).is_vacuumcmd => outside("VACUUM"),
            T_ReindexStmt if reindexes_outside(&*node.cast::<pg_sys::ReindexStmt>()) => {
                outside("this REINDEX")
            }
            T_ClusterStmt if (*node.cast::<pg_sys::ClusterStmt>()).relation.is_null() => {
                outside("CLUSTER of all tables")
            }
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
