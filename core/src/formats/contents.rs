//! What the bytes of a file hold. Only files that are part of a migration are decoded: a picture in the folder is
//! none of anyone's business.

use serde::de::DeserializeOwned;

use super::error::Error;
use super::marks;
use super::migration::{Content, File, Migration};
use crate::lexer::{self, Kind, Lexer};

/// What a file holds, if that was sent.
fn bytes(file: &File) -> Result<&[u8], Error> {
    match &file.content {
        Content::Bytes(bytes) => Ok(bytes),
        Content::Sha256(_) => Err(Error::NotSent { path: file.path.clone() }),
    }
}

/// The text of a file with SQL, without its byte order mark.
pub(super) fn sql(file: &File) -> Result<&str, Error> {
    if let Some(offset) = bytes(file)?.iter().position(|&byte| byte == 0) {
        return Err(Error::NulByte { path: file.path.clone(), offset });
    }
    let sql = text(file)?;
    refuse_includes(&file.path, sql)?;
    Ok(sql)
}

/// What graphile-migrate includes while a migration is worked on is a comment to everybody else: such a file would run in
/// part.
fn refuse_includes(path: &str, sql: &str) -> Result<(), Error> {
    if !sql.contains("--!") {
        return Ok(());
    }
    let is_include = |comment: &str| {
        let words = comment.strip_prefix("--!").and_then(|rest| rest.trim_start().strip_prefix("include"));
        words.is_some_and(|file| file.starts_with([' ', '\t']) && file.trim_end().ends_with(".sql"))
    };
    let mut comments = Lexer::new(sql).filter(|piece| piece.kind == Kind::LineComment);
    match comments.find(|piece| is_include(piece.text)) {
        Some(piece) => Err(Error::Includes {
            path: path.to_owned(),
            line: lexer::line_of(sql, piece.start),
            include: piece.text.trim_end().to_owned(),
        }),
        None => Ok(()),
    }
}

/// The value of a file with JSON; `bad` makes an error of a path and what serde says.
pub(super) fn json<T: DeserializeOwned>(file: &File, bad: fn(String, String) -> Error) -> Result<T, Error> {
    serde_json::from_str(text(file)?).map_err(|error| bad(file.path.clone(), error.to_string()))
}

fn text(file: &File) -> Result<&str, Error> {
    let text = std::str::from_utf8(bytes(file)?)
        .map_err(|error| Error::NotUtf8 { path: file.path.clone(), offset: error.valid_up_to() })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The migration whose parts are files of their own.
pub(super) fn migration(
    version: &str,
    name: &str,
    up: &File,
    down: Option<&File>,
) -> Result<Migration, Error> {
    Ok(Migration {
        in_transaction: in_transaction(up)?,
        down_in_transaction: down.map_or(Ok(true), in_transaction)?,
        ..unmarked(version, name, up, down)?
    })
}

fn in_transaction(file: &File) -> Result<bool, Error> {
    let sql = sql(file)?;
    Ok(!marks::of_part(&file.path, sql, 1)? && !marks::of_file(sql))
}

/// As `migration`, before anybody has looked for marks in it.
pub(super) fn unmarked(
    version: &str,
    name: &str,
    up: &File,
    down: Option<&File>,
) -> Result<Migration, Error> {
    Ok(Migration {
        version: version.to_owned(),
        name: name.to_owned(),
        path: up.path.clone(),
        up_sql: sql(up)?.to_owned(),
        down_sql: down.map(|down| sql(down).map(str::to_owned)).transpose()?,
        down_path: down.map(|down| down.path.clone()),
        checksum: up.sha256(),
        down_checksum: down.map(File::sha256),
        snapshot: None,
        snapshot_sha256: None,
        breakpoints: false,
        up_line: 1,
        down_line: 1,
        in_transaction: true,
        down_in_transaction: true,
        generated_at: None,
        loaded_by: String::new(),
    })
}
