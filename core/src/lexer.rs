//! Where SQL text is quoted and where it is not. The server's own parser splits and understands statements; what is
//! here answers only questions a migrations folder raises before the server sees the text: where Drizzle's
//! breakpoints stand, whether a psql command hides in a file, whether an edit changed more than the looks.
//!
//! The rules are those of PostgreSQL's scanner with `standard_conforming_strings = on`, the default since 9.1.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

/// Drizzle's mark between two statements; the text is fixed by its migrator.
const BREAKPOINT: &str = "--> statement-breakpoint";

/// A part of a file between two of Drizzle's breakpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// The SQL of the part, as written.
    pub text: &'a str,
    /// Where `text` begins in the file, in bytes.
    pub offset: usize,
}

/// The parts of `sql` between Drizzle's `--> statement-breakpoint` marks, without those that hold no SQL.
///
/// A mark counts also at the end of a line comment (`-- DROP TABLE x;--> statement-breakpoint`), as it does for
/// Drizzle, but not inside strings, quoted identifiers, dollar-quoted bodies and block comments, where Drizzle would
/// tear the statement apart. What follows a mark on its line belongs to the next part.
pub fn split_at_breakpoints(sql: &str) -> Vec<Chunk<'_>> {
    let mut chunks = Vec::new();
    let mut begin = 0;
    for piece in Lexer::new(sql).filter(|piece| piece.kind == Kind::LineComment) {
        let end = piece.start + piece.text.len();
        if piece.text.ends_with(BREAKPOINT) {
            push_chunk(&mut chunks, sql, begin, end - BREAKPOINT.len());
            begin = after_blank_line_rest(sql, end);
        }
    }
    push_chunk(&mut chunks, sql, begin, sql.len());
    chunks
}

fn push_chunk<'a>(chunks: &mut Vec<Chunk<'a>>, sql: &'a str, begin: usize, end: usize) {
    let text = &sql[begin..end];
    if !has_only_blank(text) {
        chunks.push(Chunk { text, offset: begin });
    }
}

/// The start of the next line if the rest of this one is blank, so that a part begins where its first line does.
fn after_blank_line_rest(sql: &str, offset: usize) -> usize {
    let rest = &sql[offset..];
    let line = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
    if rest[..line].bytes().all(is_space) { offset + line } else { offset }
}

/// The offset of the first backslash outside quotes and comments: the start of a psql command such as `\connect`,
/// which no server understands.
pub fn psql_command(sql: &str) -> Option<usize> {
    Lexer::new(sql).find(|piece| piece.kind == Kind::Other && piece.text == "\\").map(|piece| piece.start)
}

/// The offset of the first string that ends elsewhere than it seems, because the text itself says how backslashes are read:
/// `SET standard_conforming_strings = off` lets a backslash hide the quote behind it, in the strings after it. `conforming` is
/// the setting that the text is split under.
pub fn string_of_other_rules(sql: &str, conforming: bool) -> Option<usize> {
    const SETTING: &str = "standard_conforming_strings";
    if !sql.to_ascii_lowercase().contains(SETTING) {
        return None;
    }
    let is_named = |piece: &Piece| piece.text.trim_matches(['\'', '"']).eq_ignore_ascii_case(SETTING);
    let is_between = |piece: &Piece| {
        piece.is_blank() || matches!(piece.text, "=" | ",") || piece.text.eq_ignore_ascii_case("to")
    };
    let mut now = conforming;
    let mut pieces = Lexer::new(sql);
    while let Some(piece) = pieces.next() {
        if is_named(&piece) {
            let value = pieces.find(|piece| !is_between(piece));
            let is_on = |piece: Piece| {
                let value = piece.text.trim_matches('\'').to_ascii_lowercase();
                matches!(value.as_str(), "on" | "true" | "yes" | "1" | "t" | "y" | "default")
            };
            now = value.is_none_or(is_on);
        } else if now != conforming && piece.kind == Kind::String && hides_a_quote(piece.text) {
            return Some(piece.start);
        }
    }
    None
}

/// Whether a quote stands in or at the end of a string without a prefix that would not end it if backslashes escaped.
fn hides_a_quote(string: &str) -> bool {
    let Some(body) = string.strip_prefix('\'') else { return false };
    let mut is_escaped = false;
    body.bytes().any(|byte| {
        let hides = is_escaped && byte == b'\'';
        is_escaped = byte == b'\\' && !is_escaped;
        hides
    })
}

/// `sql` without what cannot change its meaning: equal normal forms mean that an edit touched only comments, line
/// ends and white space. Anything else, also the case of a keyword, counts as a change.
pub fn normal_form(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut last: Option<Piece<'_>> = None;
    let (mut gap, mut newline) = (false, false);
    for piece in Lexer::new(sql) {
        if piece.is_blank() {
            gap = true;
            newline |= piece.kind == Kind::Space && piece.text.contains(['\n', '\r']);
            continue;
        }
        if let Some(last) = last
            && gap
            && !last.is_tight()
            && !piece.is_tight()
        {
            // 'a' and 'b' on two lines are one string, on one line they are an error.
            let continued = newline && last.kind == Kind::String && piece.kind == Kind::String;
            out.push(if continued { '\n' } else { ' ' });
        }
        match piece.kind {
            Kind::String | Kind::QuotedIdent | Kind::Dollar => {
                out.push_str(&piece.text.replace("\r\n", "\n"))
            }
            _ => out.push_str(piece.text),
        }
        last = Some(piece);
        (gap, newline) = (false, false);
    }
    out
}

/// The line, counted from 1, on which the byte at `offset` stands; past the end, the last line.
pub fn line_of(sql: &str, offset: usize) -> usize {
    let before = &sql.as_bytes()[..offset.min(sql.len())];
    before.iter().filter(|&&byte| byte == b'\n').count() + 1
}

/// Whether `sql` has nothing for a server to do: only white space and comments.
pub fn has_only_blank(sql: &str) -> bool {
    Lexer::new(sql).all(|piece| piece.is_blank())
}

/// The offset of the first thing that is neither white space nor a comment; the length of the text if there is none.
pub fn first_token(sql: &str) -> usize {
    Lexer::new(sql).find(|piece| !piece.is_blank()).map_or(sql.len(), |piece| piece.start)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Space,
    LineComment,
    BlockComment,
    /// A string with its quotes; with its prefix only if that is `E`, the one that changes where the string ends.
    String,
    QuotedIdent,
    /// A dollar-quoted string with both of its tags.
    Dollar,
    /// An identifier, keyword, number or parameter.
    Word,
    /// One character of anything else.
    Other,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece<'a> {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) text: &'a str,
}

impl Piece<'_> {
    fn is_blank(&self) -> bool {
        matches!(self.kind, Kind::Space | Kind::LineComment | Kind::BlockComment)
    }

    /// Whether white space beside this piece never separates anything.
    fn is_tight(&self) -> bool {
        self.kind == Kind::Other && matches!(self.text, "(" | ")" | "," | ";")
    }
}

/// Cuts SQL into pieces that together are the whole text. What is left open at the end runs to the end.
pub(crate) struct Lexer<'a> {
    sql: &'a str,
    offset: usize,
    continuation: Continuation,
}

/// Whether a `'` that comes now continues an `E` string: such a string goes on, by the same rules, in quotes on a
/// later line.
#[derive(Clone, Copy, PartialEq)]
enum Continuation {
    No,
    AfterNewline,
    Yes,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(sql: &'a str) -> Self {
        Self::at(sql, 0)
    }

    fn at(sql: &'a str, offset: usize) -> Self {
        Self { sql, offset, continuation: Continuation::No }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let rest = &self.sql[self.offset..];
        let begins_line = self.offset == 0 || self.sql.as_bytes()[self.offset - 1] == b'\n';
        let guard = if begins_line { psql_guard(rest) } else { None };
        let (kind, len) = match guard {
            Some(len) => (Kind::LineComment, len),
            None => first_piece(rest.as_bytes(), self.continuation == Continuation::Yes)?,
        };
        let text = &rest[..len];
        self.continuation = match (kind, self.continuation) {
            (Kind::String, Continuation::Yes) => Continuation::AfterNewline,
            (Kind::String, _) if !text.starts_with('\'') => Continuation::AfterNewline,
            (Kind::Space, Continuation::AfterNewline) if text.contains(['\n', '\r']) => Continuation::Yes,
            (Kind::Space | Kind::LineComment, as_before) => as_before,
            _ => Continuation::No,
        };
        let piece = Piece { kind, start: self.offset, text };
        self.offset += len;
        Some(piece)
    }
}

/// The length of a line that pg_dump writes for psql alone: `\restrict` and `\unrestrict`, with a key. It holds no SQL, and keeps
/// psql from obeying commands in the rest of the file.
fn psql_guard(sql: &str) -> Option<usize> {
    let key = ["\\restrict ", "\\unrestrict "].iter().find_map(|command| sql.strip_prefix(command))?;
    let line = key.find(['\n', '\r']).unwrap_or(key.len());
    let is_key = key[..line].trim_end().bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_key.then_some(sql.len() - key.len() + line)
}

/// The text with spaces for the lines that pg_dump writes for psql alone, which no server understands.
pub fn without_psql_guards(sql: &str) -> Cow<'_, str> {
    let mut blanked = Cow::Borrowed(sql);
    // Few files have one, and to go through a text takes its time.
    if !sql.contains("restrict ") {
        return blanked;
    }
    for piece in
        Lexer::new(sql).filter(|piece| piece.kind == Kind::LineComment && piece.text.starts_with('\\'))
    {
        let end = piece.start + piece.text.len();
        blanked.to_mut().replace_range(piece.start..end, &" ".repeat(piece.text.len()));
    }
    blanked
}

/// The kind and length of the piece `sql` begins with. Pieces begin and end beside ASCII characters only: every other
/// byte belongs to a word or to something quoted.
fn first_piece(sql: &[u8], continues_escape_string: bool) -> Option<(Kind, usize)> {
    let piece = match (*sql.first()?, sql.get(1)) {
        (byte, _) if is_space(byte) => (Kind::Space, run(sql, is_space)),
        (b'-', Some(b'-')) => (Kind::LineComment, line_comment(sql)),
        (b'/', Some(b'*')) => (Kind::BlockComment, block_comment(sql)),
        (b'\'', _) => (Kind::String, quoted(sql, 0, continues_escape_string)),
        (b'e' | b'E', Some(b'\'')) => (Kind::String, quoted(sql, 1, true)),
        (b'"', _) => (Kind::QuotedIdent, quoted(sql, 0, false)),
        (b'$', Some(b'0'..=b'9')) => (Kind::Word, 1 + run(&sql[1..], |byte| byte.is_ascii_digit())),
        (b'$', _) => dollar_quoted(sql).map_or((Kind::Other, 1), |len| (Kind::Dollar, len)),
        // A dollar sign does not belong to a number: `1$$a$$` is a number and a string.
        (b'0'..=b'9', _) => (Kind::Word, run(sql, is_tag_byte)),
        (byte, _) if is_tag_byte(byte) => (Kind::Word, run(sql, |byte| byte == b'$' || is_tag_byte(byte))),
        _ => (Kind::Other, 1),
    };
    Some(piece)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn is_tag_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn run(sql: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    sql.iter().position(|&byte| !belongs(byte)).unwrap_or(sql.len())
}

/// A breakpoint mark ends the comment that it stands in or is: for Drizzle what follows on the line is SQL again. In
/// folders of other tools there are no marks.
fn line_comment(sql: &[u8]) -> usize {
    let line = run(sql, |byte| byte != b'\n' && byte != b'\r');
    let mark = sql[..line].windows(BREAKPOINT.len()).position(|window| window == BREAKPOINT.as_bytes());
    mark.map_or(line, |mark| mark + BREAKPOINT.len())
}

fn block_comment(sql: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < sql.len() {
        match &sql[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    sql.len()
}

/// The length of what is quoted by the character at `open`, with the prefix before it.
fn quoted(sql: &[u8], open: usize, backslash_escapes: bool) -> usize {
    let quote = sql[open];
    let mut at = open + 1;
    while at < sql.len() {
        match sql[at] {
            b'\\' if backslash_escapes => at += 2,
            byte if byte == quote && sql.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    sql.len()
}

fn dollar_quoted(sql: &[u8]) -> Option<usize> {
    let tag = 1 + run(&sql[1..], is_tag_byte) + 1;
    let (tag, body) = (sql.get(..tag)?, &sql[tag..]);
    if tag[tag.len() - 1] != b'$' {
        return None;
    }
    let mut at = 0;
    while let Some(dollar) = body[at..].iter().position(|&byte| byte == b'$') {
        at += dollar;
        if body[at..].starts_with(tag) {
            return Some(tag.len() + at + tag.len());
        }
        at += 1;
    }
    Some(sql.len())
}
