//! A migration's SQL as statements, split and told apart by the server's own parser. What cannot run as the migration is
//! to run, in one transaction or statement by statement, is refused here, before anything has run.

use std::ffi::CStr;

use nself_heal_core::lexer;
use nself_heal_core::migrations::{Direction, Script};
use pgrx::{notice, pg_sys};

use crate::error::{Error, ServerError};
use crate::server::parser;
use crate::server::session::with_settings;
use crate::server::transaction::{catch, try_read};

/// The settings that give a migration's text its meaning. The ledger keeps their values, and a replay sets them again.
pub const MEANINGFUL_SETTINGS: [&str; 13] = [
    "search_path",
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "array_nulls",
    "backslash_quote",
    "check_function_bodies",
    "default_table_access_method",
    "default_tablespace",
    "default_toast_compression",
    "standard_conforming_strings",
    "transform_null_equals",
    "xmloption",
];

/// One statement of a script.
pub struct Statement {
    pub sql: String,
    /// In the file, from 1.
    pub line: usize,
    /// The server runs it at top level only, outside every transaction block and function.
    pub refuses_transaction: bool,
    /// SET or RESET: it holds for the statements after it, too.
    pub is_setting: bool,
    /// In a script that runs statement by statement: its transaction ends after it.
    pub commits: bool,
}

/// Where the transaction ends that begins with this statement, in a script that runs statement by statement: after this many
/// statements.
pub fn end_of_transaction(statements: &[Statement], begin: usize) -> usize {
    let last = statements[begin..].iter().position(|statement| statement.commits);
    last.map_or(statements.len(), |last| begin + last + 1)
}

/// What a statement says of the role that the session has: of SET ROLE, or of SET SESSION AUTHORIZATION. No name: back to
/// what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleChange {
    Role(Option<String>),
    Session(Option<String>),
}

impl Statement {
    /// The change of role that it is, if it is one.
    pub fn change_of_role(&self) -> Option<RoleChange> {
        let is_set = |word: &str| self.sql.get(..word.len()).is_some_and(|of| of.eq_ignore_ascii_case(word));
        if !is_set("set") && !is_set("reset") {
            return None;
        }
        // SAFETY: the statement comes from the parser.
        unsafe { change_of_role(parser::only_statement(&self.sql)?) }
    }
}

/// The statements before one that give it its settings, where each statement has a transaction of its own.
pub fn settings_before(statements: &[Statement], index: usize) -> impl Iterator<Item = &Statement> {
    statements[..index].iter().filter(|statement| statement.is_setting)
}

/// What a statement means for the transaction that it is to run in.
enum Kind {
    Ordinary,
    Setting,
    Begin,
    Commit,
    /// SET TRANSACTION ISOLATION LEVEL, which has to be the first statement of a transaction.
    Isolation,
    /// Other transaction control.
    Control,
    /// What refuses a transaction block.
    TopLevel(&'static str),
    /// What refuses one for some objects, which the parser does not know.
    MayBeTopLevel,
    /// What would make an index whose name is chosen by the server, at top level.
    Unnamed(&'static str),
    /// What refuses a transaction block, and does not belong into a migration.
    Outside(&'static str),
    /// Why it cannot run, and what to do.
    Refused(String, &'static str),
}

const TRANSACTION_HINT: &str =
    "Leave ROLLBACK, SAVEPOINT and what is like them out of a migration. BEGIN and COMMIT are understood.";
const DOWN_CONTROL_HINT: &str = "A down part always runs in the transaction of its caller: leave BEGIN, COMMIT, ROLLBACK and SAVEPOINT out. Only BEGIN, and a COMMIT at the end, are understood.";
const MARK_HINT: &str = "Put the line -- nself:no-transaction before the first statement of the file and apply it with nself_migrate_up_start(), or use the form that can run in a transaction (CREATE INDEX without CONCURRENTLY).";
const DOWN_HINT: &str = "A down part always runs in the transaction of its caller. Use the form that can run in one (DROP INDEX without CONCURRENTLY), or undo the migration by a new one that has the mark -- nself:no-transaction.";
const OUTSIDE_HINT: &str = "Leave it out, and run it with psql.";
const NAME_HINT: &str =
    "Give the index a name: only then can a migration that was cut off see whether the index is there.";
const COPY_HINT: &str = "Write the rows as INSERT … VALUES.";
const BACKSLASH_HINT: &str = "The whole file is split before its first statement runs. Write the string as E'…', which means the same under both settings.";
const PSQL_HINT: &str = "Commands of psql are not SQL: a migration holds SQL alone.";

/// Splits a script into its statements. An error names the file and the line, and nothing has run.
pub fn split(script: &Script<'_>) -> Result<Vec<Statement>, Error> {
    // SAFETY: a plain read of a setting.
    let conforming = unsafe { pg_sys::standard_conforming_strings };
    if let Some(offset) = lexer::string_of_other_rules(script.sql, conforming) {
        let what = "a string with a backslash before a quote, after a change of standard_conforming_strings";
        return Err(refuse(script, line_in(script, offset), what.to_owned(), BACKSLASH_HINT));
    }
    let mut statements = Vec::new();
    // Lines are counted from one statement to the next: from the start each time, a long script would take minutes.
    let (mut counted, mut line) = (0, script.first_line);
    for chunk in chunks(script) {
        if let Some(offset) = lexer::psql_command(chunk.text) {
            let command = chunk.text[offset..].split_whitespace().next().unwrap_or("\\");
            let what = format!("{command} is a command of psql");
            let line = line_in(script, chunk.offset + offset);
            return Err(refused_before(script, &chunk, offset)
                .unwrap_or_else(|| refuse(script, line, what, PSQL_HINT)));
        }
        let text = lexer::without_psql_guards(chunk.text);
        for (offset, sql, kind) in parse(&text).map_err(|error| syntax_error(script, &chunk, error))? {
            let offset = chunk.offset + offset;
            line += newlines(&script.sql[counted..offset]);
            counted = offset;
            statements.push((line, sql.to_owned(), kind));
        }
    }
    if script.in_transaction {
        take_off_transaction(script, &mut statements);
    }
    let is_control = |kind: &Kind| matches!(kind, Kind::Begin | Kind::Commit);
    let has_control = statements.iter().any(|(_, _, kind)| is_control(kind));
    let mut split: Vec<Statement> = Vec::with_capacity(statements.len());
    // Whether the next statement is the first one of a transaction.
    let mut begins = true;
    for (line, sql, kind) in statements {
        let refuses_transaction = !script.in_transaction && kind.refuses_transaction();
        let ends_transaction = matches!(kind, Kind::Commit) || refuses_transaction;
        if !script.in_transaction
            && ends_transaction
            && let Some(before) = split.last_mut()
        {
            before.commits = true;
        }
        let is_left_out = match kind {
            Kind::Begin | Kind::Commit => !script.in_transaction,
            Kind::Isolation => begins,
            _ => false,
        };
        begins = is_control(&kind) || is_left_out && begins;
        if is_left_out {
            if matches!(kind, Kind::Isolation) {
                notice!(
                    "line {line} of {}: SET TRANSACTION is left out: a migration runs as READ COMMITTED",
                    script.path
                );
            }
            continue;
        }
        let is_setting = matches!(kind, Kind::Setting);
        if let Some((what, hint)) = refusal(script, kind) {
            return Err(refuse(script, line, what, hint));
        }
        let commits = refuses_transaction || !has_control;
        split.push(Statement { sql, line, refuses_transaction, is_setting, commits });
    }
    Ok(split)
}

/// Whether a script ends its transaction somewhere in the middle: then each of its transactions is one here, too.
pub fn ends_its_transaction(script: &Script<'_>) -> bool {
    // Parsing all files of a folder would take long, and few have such a word.
    let lower = script.sql.to_lowercase();
    if !["commit", "end;", "end transaction"].iter().any(|word| lower.contains(word)) {
        return false;
    }
    let kinds = |chunk: &lexer::Chunk<'_>| -> Result<Vec<Kind>, Error> {
        Ok(parse(&lexer::without_psql_guards(chunk.text))?.into_iter().map(|(_, _, kind)| kind).collect())
    };
    let kinds = try_read(|| chunks(script).iter().map(kinds).collect::<Result<Vec<_>, _>>());
    let kinds: Vec<Kind> = kinds.unwrap_or_default().into_iter().flatten().collect();
    commits_in_the_middle(kinds.iter())
}

fn commits_in_the_middle<'a>(mut kinds: impl DoubleEndedIterator<Item = &'a Kind>) -> bool {
    kinds.next_back();
    kinds.any(|kind| matches!(kind, Kind::Commit))
}

impl Kind {
    fn refuses_transaction(&self) -> bool {
        matches!(self, Self::TopLevel(_) | Self::MayBeTopLevel | Self::Unnamed(_))
    }
}

/// Whether a text is one statement alone, and that refuses a transaction block.
pub fn is_one_for_top_level(sql: &str) -> bool {
    // Parsing all files of a folder would take long, and few have such a word.
    let lower = sql.to_lowercase();
    let may_be = ["concurrently", "vacuum", "reindex", "cluster"].iter().any(|word| lower.contains(word));
    may_be
        && try_read(|| Ok(matches!(parse(sql)?.as_slice(), [(_, _, Kind::TopLevel(_) | Kind::Unnamed(_))])))
            .unwrap_or(false)
}

fn refuse(script: &Script<'_>, line: usize, what: String, hint: &'static str) -> Error {
    Error::Refused { path: script.path.to_owned(), line, what, hint }
}

/// Why a statement of this kind cannot run in the script, and what to do.
fn refusal(script: &Script<'_>, kind: Kind) -> Option<(String, &'static str)> {
    let in_transaction = |what| format!("{what} cannot run inside a transaction");
    match kind {
        Kind::Ordinary | Kind::Setting | Kind::MayBeTopLevel | Kind::Isolation => None,
        Kind::Begin | Kind::Commit | Kind::Control => {
            let hint = match script.direction {
                Direction::Up => TRANSACTION_HINT,
                Direction::Down => DOWN_CONTROL_HINT,
            };
            Some(("transaction control inside the migration".to_owned(), hint))
        }
        Kind::TopLevel(what) | Kind::Unnamed(what) if script.in_transaction => match script.direction {
            Direction::Up => Some((in_transaction(what), MARK_HINT)),
            Direction::Down => Some((in_transaction(what), DOWN_HINT)),
        },
        Kind::TopLevel(_) => None,
        Kind::Unnamed(what) => Some((format!("{what} without the name of the index"), NAME_HINT)),
        Kind::Outside(what) if script.in_transaction => Some((in_transaction(what), OUTSIDE_HINT)),
        Kind::Outside(what) => Some((format!("{what} cannot be part of a migration"), OUTSIDE_HINT)),
        Kind::Refused(what, hint) => Some((what, hint)),
    }
}

/// What is refused in the part of a chunk before `end`, where something stands that is not SQL: the rows after a COPY
/// FROM STDIN make no sense to the parser, but the reason that they are there is the COPY.
fn refused_before(script: &Script<'_>, chunk: &lexer::Chunk<'_>, mut end: usize) -> Option<Error> {
    loop {
        let before = &chunk.text[..end];
        match parse(before) {
            Ok(statements) => {
                return statements.into_iter().find_map(|(offset, _, kind)| match kind {
                    Kind::Begin | Kind::Commit => None,
                    kind => {
                        let (what, hint) = refusal(script, kind)?;
                        Some(refuse(script, line_in(script, chunk.offset + offset), what, hint))
                    }
                });
            }
            Err(Error::Server(error)) => {
                end = error.position?.offset_in(before).filter(|&offset| offset < end)?
            }
            Err(_) => return None,
        }
    }
}

fn chunks<'a>(script: &Script<'a>) -> Vec<lexer::Chunk<'a>> {
    if script.breakpoints {
        lexer::split_at_breakpoints(script.sql)
    } else {
        vec![lexer::Chunk { text: script.sql, offset: 0 }]
    }
}

fn line_in(script: &Script<'_>, offset: usize) -> usize {
    script.first_line + newlines(&script.sql[..offset])
}

fn newlines(sql: &str) -> usize {
    sql.bytes().filter(|&byte| byte == b'\n').count()
}

/// BEGIN, and a COMMIT at the end, say what is done anyway.
fn take_off_transaction(script: &Script<'_>, statements: &mut Vec<(usize, String, Kind)>) {
    let is_control = |kind: &Kind| matches!(kind, Kind::Begin | Kind::Commit);
    let mut kinds = statements.iter().map(|(_, _, kind)| kind);
    if commits_in_the_middle(kinds.clone()) || !kinds.clone().any(is_control) {
        return;
    }
    let is_refused = kinds.any(|kind| matches!(kind, Kind::Control));
    statements.retain(|(_, _, kind)| !is_control(kind));
    if !is_refused {
        notice!(
            "BEGIN and COMMIT around {} are left out: the migration runs in the transaction of its caller",
            script.path
        );
    }
}

/// The statements of a text: offset, SQL, kind.
fn parse(sql: &str) -> Result<Vec<(usize, &str, Kind)>, Error> {
    // What the scanner remarks, say that a name is too long, it will say again when the statement runs.
    let statements =
        with_settings(&[("client_min_messages", "error")], || catch(|| Ok(parser::statements(sql))))?;
    let mut found = Vec::new();
    for raw in statements {
        // SAFETY: it lives as long as the memory context, which nobody resets here.
        let raw = unsafe { &*raw };
        let start = usize::try_from(raw.stmt_location).unwrap_or(0);
        let end = match usize::try_from(raw.stmt_len) {
            Ok(0) | Err(_) => sql.len(),
            Ok(len) => start + len,
        };
        let statement = &sql[start..end];
        let lead = lexer::first_token(statement);
        // SAFETY: the node belongs to the RawStmt.
        let kind = unsafe { classify(raw.stmt) };
        found.push((start + lead, &statement[lead..], kind));
    }
    Ok(found)
}

fn syntax_error(script: &Script<'_>, chunk: &lexer::Chunk<'_>, error: Error) -> Error {
    let Error::Server(error) = error else { return error };
    if error.is_cancel() {
        return Error::Server(error);
    }
    let position = error.position.as_ref().and_then(|position| position.offset_in(chunk.text));
    let within = position.unwrap_or_else(|| lexer::first_token(chunk.text));
    if let Some(refused) = refused_before(script, chunk, within) {
        return refused;
    }
    let line = line_in(script, chunk.offset + within);
    Error::NotSql { path: script.path.to_owned(), line, source: ServerError { position: None, ..error } }
}

/// What a statement means for its transaction.
///
/// # Safety
/// `node` is the statement of a RawStmt.
unsafe fn classify(node: *mut pg_sys::Node) -> Kind {
    use pg_sys::NodeTag::*;
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
                _ => Kind::Control,
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
                match (*node.cast::<pg_sys::IndexStmt>()).idxname.is_null() {
                    true => Kind::Unnamed("CREATE INDEX CONCURRENTLY"),
                    false => Kind::TopLevel("CREATE INDEX CONCURRENTLY"),
                }
            }
            T_DropStmt if (*node.cast::<pg_sys::DropStmt>()).concurrent => {
                Kind::TopLevel("DROP INDEX CONCURRENTLY")
            }
            T_VacuumStmt if (*node.cast::<pg_sys::VacuumStmt>()).is_vacuumcmd => Kind::TopLevel("VACUUM"),
            T_ReindexStmt if reindexes_outside(&*node.cast::<pg_sys::ReindexStmt>()) => {
                Kind::TopLevel("this REINDEX")
            }
            T_ClusterStmt if (*node.cast::<pg_sys::ClusterStmt>()).relation.is_null() => {
                Kind::TopLevel("CLUSTER of all tables")
            }
            // Of something partitioned.
            T_ReindexStmt | T_ClusterStmt => Kind::MayBeTopLevel,
            T_AlterTableStmt if parser::concurrent_detach(node.cast()).is_some() => {
                Kind::TopLevel("DETACH PARTITION CONCURRENTLY")
            }
            T_CreatedbStmt => Kind::Outside("CREATE DATABASE"),
            T_DropdbStmt => Kind::Outside("DROP DATABASE"),
            T_CreateTableSpaceStmt => Kind::Outside("CREATE TABLESPACE"),
            T_DropTableSpaceStmt => Kind::Outside("DROP TABLESPACE"),
            T_AlterSystemStmt => Kind::Outside("ALTER SYSTEM"),
            T_CreateSubscriptionStmt => Kind::Outside("CREATE SUBSCRIPTION"),
            T_DropSubscriptionStmt => Kind::Outside("DROP SUBSCRIPTION"),
            T_DiscardStmt
                if (*node.cast::<pg_sys::DiscardStmt>()).target == pg_sys::DiscardMode::DISCARD_ALL =>
            {
                Kind::Outside("DISCARD ALL")
            }
            T_VariableSetStmt if sets_isolation(&*node.cast::<pg_sys::VariableSetStmt>()) => Kind::Isolation,
            T_VariableSetStmt if outlives_transaction(&*node.cast::<pg_sys::VariableSetStmt>()) => {
                Kind::Setting
            }
            _ => Kind::Ordinary,
        }
    }
}

/// SET TRANSACTION with an isolation level alone.
unsafe fn sets_isolation(set: &pg_sys::VariableSetStmt) -> bool {
    // SAFETY: the name is the parser's; the arguments are a list of DefElem with names of their own.
    unsafe {
        set.kind == pg_sys::VariableSetKind::VAR_SET_MULTI
            && CStr::from_ptr(set.name).to_bytes() == b"TRANSACTION"
            && pgrx::PgList::<pg_sys::DefElem>::from_pg(set.args)
                .iter_ptr()
                .all(|option| CStr::from_ptr((*option).defname).to_bytes() == b"transaction_isolation")
    }
}

/// SET and RESET, but not SET LOCAL, and not SET TRANSACTION and what is like it.
fn outlives_transaction(set: &pg_sys::VariableSetStmt) -> bool {
    !set.is_local && set.kind != pg_sys::VariableSetKind::VAR_SET_MULTI
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

/// What a statement says of the role, if it is SET or RESET of it.
///
/// # Safety
/// `node` is a statement of the parser.
unsafe fn change_of_role(node: *mut pg_sys::Node) -> Option<RoleChange> {
    use pg_sys::VariableSetKind::*;
    // SAFETY: the tag tells the type that the node is cast to; the arguments of SET are constants.
    unsafe {
        if (*node).type_ != pg_sys::NodeTag::T_VariableSetStmt {
            return None;
        }
        let set = &*node.cast::<pg_sys::VariableSetStmt>();
        if set.name.is_null() {
            return None;
        }
        let change = match CStr::from_ptr(set.name).to_bytes() {
            name if name.eq_ignore_ascii_case(b"role") => RoleChange::Role,
            name if name.eq_ignore_ascii_case(b"session_authorization") => RoleChange::Session,
            _ => return None,
        };
        match set.kind {
            VAR_SET_VALUE => {
                let value = pg_sys::ExtractSetVariableArgs(std::ptr::from_ref(set).cast_mut());
                let value = CStr::from_ptr(value).to_string_lossy().into_owned();
                let none = matches!(change(None), RoleChange::Role(_)) && value == "none";
                Some(change((!none).then_some(value)))
            }
            VAR_SET_DEFAULT | VAR_RESET => Some(change(None)),
            _ => None,
        }
    }
}
