//! Where SQL text is quoted and where it is not. The server's own parser splits and understands statements; what is
//! here answers only questions a migrations folder raises before the server sees the text: where Drizzle's
//! breakpoints stand, whether a psql command hides in a file, whether an edit changed more than the looks.
//!
//! The rules are those of PostgreSQL's scanner with `standard_conforming_strings = on`, the default since 9.1.

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
        let (kind, len) = first_piece(rest.as_bytes(), self.continuation == Continuation::Yes)?;
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

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check_pieces(sql: &str, expect: Expect) {
        let mut whole = String::new();
        let mut lines = String::new();
        for piece in Lexer::new(sql) {
            assert_eq!(piece.start, whole.len(), "pieces are side by side");
            whole += piece.text;
            if piece.kind != Kind::Space {
                lines += &format!("{:?} {:?}\n", piece.kind, piece.text);
            }
        }
        assert_eq!(whole, sql, "pieces are the whole text");
        expect.assert_eq(&lines);
    }

    fn check_chunks(sql: &str, expect: Expect) {
        let chunks = split_at_breakpoints(sql);
        for chunk in &chunks {
            assert!(sql[chunk.offset..].starts_with(chunk.text));
        }
        let lines: String =
            chunks.iter().map(|chunk| format!("{} {:?}\n", chunk.offset, chunk.text)).collect();
        expect.assert_eq(&lines);
    }

    fn check_normal_form(sql: &str, expect: Expect) {
        let normal = normal_form(sql);
        assert_eq!(normal_form(&normal), normal, "a normal form is its own");
        expect.assert_eq(&normal);
    }

    #[test]
    fn strings_end_at_a_single_quote() {
        check_pieces(
            "'a''b' 'c'",
            expect![[r#"
                String "'a''b'"
                String "'c'"
            "#]],
        );
        check_pieces(
            r"'a\' 'b'",
            expect![[r#"
                String "'a\\'"
                String "'b'"
            "#]],
        );
        check_pieces(
            "'; DROP TABLE x; --'",
            expect![[r#"
                String "'; DROP TABLE x; --'"
            "#]],
        );
        check_pieces(
            "''''",
            expect![[r#"
                String "''''"
            "#]],
        );
        check_pieces(
            "''",
            expect![[r#"
                String "''"
            "#]],
        );
    }

    #[test]
    fn backslashes_escape_in_e_strings_only() {
        check_pieces(
            r"E'\'' e'\\' x",
            expect![[r#"
                String "E'\\''"
                String "e'\\\\'"
                Word "x"
            "#]],
        );
        check_pieces(
            r"E'it''s \' one' x",
            expect![[r#"
                String "E'it''s \\' one'"
                Word "x"
            "#]],
        );
        check_pieces(
            r"type'a\' x",
            expect![[r#"
                Word "type"
                String "'a\\'"
                Word "x"
            "#]],
        );
        check_pieces(
            r"U&'a\' B'1\' X'f\' n'a\' x",
            expect![[r#"
                Word "U"
                Other "&"
                String "'a\\'"
                Word "B"
                String "'1\\'"
                Word "X"
                String "'f\\'"
                Word "n"
                String "'a\\'"
                Word "x"
            "#]],
        );
        check_pieces(
            r"E 'a\' x",
            expect![[r#"
                Word "E"
                String "'a\\'"
                Word "x"
            "#]],
        );
        check_pieces(
            "E'\\é' x",
            expect![[r#"
                String "E'\\é'"
                Word "x"
            "#]],
        );
    }

    #[test]
    fn e_strings_go_on_in_quotes_on_a_later_line() {
        check_pieces(
            "E'a' -- why\n '\\'b' x",
            expect![[r#"
                String "E'a'"
                LineComment "-- why"
                String "'\\'b'"
                Word "x"
            "#]],
        );
        check_pieces(
            "E'a'\n'b'\n'\\'c' x",
            expect![[r#"
                String "E'a'"
                String "'b'"
                String "'\\'c'"
                Word "x"
            "#]],
        );
        check_pieces(
            "E'a' '\\' x",
            expect![[r#"
                String "E'a'"
                String "'\\'"
                Word "x"
            "#]],
        );
        check_pieces(
            "E'a',\n'\\' x",
            expect![[r#"
                String "E'a'"
                Other ","
                String "'\\'"
                Word "x"
            "#]],
        );
        check_pieces(
            "'a'\n'\\' x",
            expect![[r#"
                String "'a'"
                String "'\\'"
                Word "x"
            "#]],
        );
    }

    #[test]
    fn quoted_identifiers_have_no_escapes_but_their_quote() {
        check_pieces(
            r#""a""b" "c\" "it's" U&"d\0061""#,
            expect![[r#"
                QuotedIdent "\"a\"\"b\""
                QuotedIdent "\"c\\\""
                QuotedIdent "\"it's\""
                Word "U"
                Other "&"
                QuotedIdent "\"d\\0061\""
            "#]],
        );
        check_pieces(
            r#""--" "/*" "$$""#,
            expect![[r#"
                QuotedIdent "\"--\""
                QuotedIdent "\"/*\""
                QuotedIdent "\"$$\""
            "#]],
        );
    }

    #[test]
    fn dollar_quotes_end_at_their_own_tag() {
        check_pieces(
            "$$a'b$$ x",
            expect![[r#"
                Dollar "$$a'b$$"
                Word "x"
            "#]],
        );
        check_pieces(
            "$a$ $$ $b$ $A$ $a $a$ x",
            expect![[r#"
                Dollar "$a$ $$ $b$ $A$ $a $a$"
                Word "x"
            "#]],
        );
        check_pieces(
            "$été$ $$ $été$ x",
            expect![[r#"
                Dollar "$été$ $$ $été$"
                Word "x"
            "#]],
        );
        check_pieces(
            "$a$$$a$x",
            expect![[r#"
                Dollar "$a$$$a$"
                Word "x"
            "#]],
        );
    }

    #[test]
    fn dollars_elsewhere_begin_no_quote() {
        check_pieces(
            "a$b$c $1 $2$$x$$ foo$$bar",
            expect![[r#"
                Word "a$b$c"
                Word "$1"
                Word "$2"
                Dollar "$$x$$"
                Word "foo$$bar"
            "#]],
        );
        check_pieces(
            "1$$x$$ $a-$b $ $",
            expect![[r#"
                Word "1"
                Dollar "$$x$$"
                Other "$"
                Word "a"
                Other "-"
                Other "$"
                Word "b"
                Other "$"
                Other "$"
            "#]],
        );
    }

    #[test]
    fn comments_nest_only_in_blocks() {
        check_pieces(
            "/* a /* ' */ b */ c",
            expect![[r#"
                BlockComment "/* a /* ' */ b */"
                Word "c"
            "#]],
        );
        check_pieces(
            "-- a /* ' \nb /*-- */ c",
            expect![[r#"
                LineComment "-- a /* ' "
                Word "b"
                BlockComment "/*-- */"
                Word "c"
            "#]],
        );
        check_pieces(
            "a--b\r\nc /**/ d/*/ */e",
            expect![[r#"
                Word "a"
                LineComment "--b"
                Word "c"
                BlockComment "/**/"
                Word "d"
                BlockComment "/*/ */"
                Word "e"
            "#]],
        );
    }

    #[test]
    fn what_is_left_open_runs_to_the_end() {
        for sql in [
            "'a\nb",
            r"E'a\",
            "E'a\\'",
            "\"a\nb",
            "$$a\nb$",
            "$a$a $$ $b$",
            "/* a /* b */\n",
            "-- a",
            "$a",
            "$",
        ] {
            let last = Lexer::new(sql).last().unwrap();
            assert_eq!(last.start + last.text.len(), sql.len(), "{sql}");
        }
        check_pieces(
            "'a",
            expect![[r#"
                String "'a"
            "#]],
        );
        check_pieces(
            r"E'a\",
            expect![[r#"
                String "E'a\\"
            "#]],
        );
        check_pieces(
            "$a$ $b$",
            expect![[r#"
                Dollar "$a$ $b$"
            "#]],
        );
        check_pieces(
            "/* /* */ a",
            expect![[r#"
                BlockComment "/* /* */ a"
            "#]],
        );
    }

    #[test]
    fn any_part_of_a_text_can_be_cut() {
        let sql = "E'\\é'\n'\\''$é$'$é$\"é\"\"/*/*é*/*/--é--> statement-breakpointé\r\n$1é$$é$$\\;U&'é'";
        let boundaries: Vec<usize> = (0..=sql.len()).filter(|&at| sql.is_char_boundary(at)).collect();
        for (at, &begin) in boundaries.iter().enumerate() {
            for &end in &boundaries[at..] {
                let part = &sql[begin..end];
                let pieces: String = Lexer::new(part).map(|piece| piece.text).collect();
                assert_eq!(pieces, part);
                let normal = normal_form(part);
                assert_eq!(normal_form(&normal), normal, "{part}");
                let chunks = split_at_breakpoints(part);
                assert!(chunks.iter().all(|chunk| part[chunk.offset..].starts_with(chunk.text)));
            }
        }
    }

    #[test]
    fn breakpoints_separate_chunks() {
        check_chunks(
            "CREATE TABLE a ();--> statement-breakpoint\nCREATE TABLE b ();\n--> statement-breakpoint\nSELECT 1;\n",
            expect![[r#"
                0 "CREATE TABLE a ();"
                43 "CREATE TABLE b ();\n"
                87 "SELECT 1;\n"
            "#]],
        );
        check_chunks(
            "SELECT 1;--> statement-breakpoint\r\nSELECT 2;\r\n",
            expect![[r#"
                0 "SELECT 1;"
                35 "SELECT 2;\r\n"
            "#]],
        );
        check_chunks(
            "SELECT 1;",
            expect![[r#"
                0 "SELECT 1;"
            "#]],
        );
    }

    #[test]
    fn what_follows_a_breakpoint_on_its_line_is_the_next_chunk() {
        check_chunks(
            "SELECT 1;--> statement-breakpoint SELECT 2;\nSELECT 3;",
            expect![[r#"
                0 "SELECT 1;"
                33 " SELECT 2;\nSELECT 3;"
            "#]],
        );
        check_chunks(
            "SELECT 1;--> statement-breakpoint;SELECT 2;--> statement-breakpoint\nSELECT 3;",
            expect![[r#"
                0 "SELECT 1;"
                33 ";SELECT 2;"
                68 "SELECT 3;"
            "#]],
        );
        check_chunks(
            "SELECT 1;--> statement-breakpoint 'it\n--> statement-breakpoint'",
            expect![[r#"
                0 "SELECT 1;"
                33 " 'it\n--> statement-breakpoint'"
            "#]],
        );
    }

    #[test]
    fn breakpoints_count_at_the_end_of_line_comments() {
        check_chunks(
            "SELECT 1;\n-- DROP TABLE x;--> statement-breakpoint\nSELECT 2; -- two --> statement-breakpoint\nSELECT 3;",
            expect![[r#"
                0 "SELECT 1;\n-- DROP TABLE x;"
                51 "SELECT 2; -- two "
                93 "SELECT 3;"
            "#]],
        );
    }

    #[test]
    fn quoted_breakpoints_are_text() {
        check_chunks(
            "SELECT '--> statement-breakpoint';",
            expect![[r#"
                0 "SELECT '--> statement-breakpoint';"
            "#]],
        );
        check_chunks(
            "SELECT E'\\'--> statement-breakpoint';",
            expect![[r#"
                0 "SELECT E'\\'--> statement-breakpoint';"
            "#]],
        );
        check_chunks(
            "DO $$ BEGIN\n--> statement-breakpoint\nEND $$;--> statement-breakpoint\nSELECT 1;",
            expect![[r#"
                0 "DO $$ BEGIN\n--> statement-breakpoint\nEND $$;"
                69 "SELECT 1;"
            "#]],
        );
        check_chunks(
            "SELECT \"--> statement-breakpoint\" /* --> statement-breakpoint */;",
            expect![[r#"
                0 "SELECT \"--> statement-breakpoint\" /* --> statement-breakpoint */;"
            "#]],
        );
    }

    #[test]
    fn near_breakpoints_are_comments() {
        check_chunks(
            "SELECT 1;-->statement-breakpoint\nSELECT 2;--> STATEMENT-BREAKPOINT\nSELECT 3;",
            expect![[r#"
                0 "SELECT 1;-->statement-breakpoint\nSELECT 2;--> STATEMENT-BREAKPOINT\nSELECT 3;"
            "#]],
        );
    }

    #[test]
    fn chunks_without_sql_are_dropped() {
        check_chunks("", expect![""]);
        check_chunks(
            "-- nothing\n--> statement-breakpoint\n/* to do */--> statement-breakpoint",
            expect![""],
        );
        check_chunks(
            "--> statement-breakpoint\nSELECT 1;--> statement-breakpoint\n\n",
            expect![[r#"
                25 "SELECT 1;"
            "#]],
        );
    }

    #[test]
    fn psql_commands_are_backslashes_outside_quotes() {
        let check = |sql: &str, expected: Option<usize>| assert_eq!(psql_command(sql), expected, "{sql}");
        check("SELECT 1;\n\\connect b", Some(10));
        check("SELECT 'é' \\gset", Some(12));
        check("COPY a FROM stdin;\n1\t\\N\n\\.", Some(21));
        check(r"SELECT 'a\b', E'\n', $$\x$$, ", None);
        check("-- \\a\n/* \\b */ SELECT \"\\c\"", None);
        check("--> statement-breakpoint \\a", Some(25));
        check("", None);
    }

    #[test]
    fn normal_forms_have_no_comments_and_single_spaces() {
        check_normal_form("  SELECT\r\n\t1  -- one\n  ,\t2 ;\n", expect!["SELECT 1,2;"]);
        check_normal_form("SELECT/* a */1/* b /* c */ */", expect!["SELECT 1"]);
        check_normal_form(
            "CREATE TABLE a ( b int , c numeric ( 10 , 2 ) ) ;",
            expect!["CREATE TABLE a(b int,c numeric(10,2));"],
        );
        check_normal_form(
            "CREATE TABLE a(b int,c numeric(10,2));",
            expect!["CREATE TABLE a(b int,c numeric(10,2));"],
        );
        check_normal_form("SELECT 1;--> statement-breakpoint\nSELECT 2;", expect!["SELECT 1;SELECT 2;"]);
        check_normal_form("-- nothing", expect![""]);
        check_normal_form("a - -1", expect!["a - -1"]);
    }

    #[test]
    fn normal_forms_keep_quoted_text_but_for_line_ends() {
        check_normal_form("SELECT ' a  -- b ( ' , \" c  ; \"", expect![[r#"SELECT ' a  -- b ( '," c  ; ""#]]);
        check_normal_form(
            "DO $$\r\n  BEGIN  -- why\r\n  END ;\r\n$$",
            expect![[r#"
                DO $$
                  BEGIN  -- why
                  END ;
                $$"#]],
        );
        check_normal_form(
            "SELECT 'a\r\nb', E'c\r\nd', \"e\r\nf\"",
            expect![[r#"
                SELECT 'a
                b',E'c
                d',"e
                f""#]],
        );
        assert_eq!(normal_form("SELECT 'a\rb'"), "SELECT 'a\rb'");
    }

    #[test]
    fn normal_forms_differ_where_the_meaning_may() {
        let check = |a: &str, b: &str| assert_ne!(normal_form(a), normal_form(b));
        check("SELECT 1", "select 1");
        check("SELECT 'a b'", "SELECT 'a  b'");
        check("SELECT 'a'\n'b'", "SELECT 'a' 'b'");
        check("SELECT a b", "SELECT ab");
        check("SELECT 1;", "SELECT 1");
        check("SELECT 1 - -1", "SELECT 1 --1");
        check("SELECT E'a'", "SELECT E 'a'");
        check("$$ a $$", "$$ a  $$");
        check("SELECT 1; -- SELECT 2;", "SELECT 1;\nSELECT 2;");
        check("SELECT 1;--> statement-breakpoint SELECT 2;", "SELECT 1;--> statement-breakpoint SELECT 3;");
    }

    #[test]
    fn lines_count_from_one() {
        let check = |offset, expected| assert_eq!(line_of("a\r\nb\n\nc", offset), expected, "{offset}");
        check(0, 1);
        check(2, 1);
        check(3, 2);
        check(5, 3);
        check(6, 4);
        check(99, 4);
        assert_eq!(line_of("", 0), 1);
        assert_eq!(line_of("é\n", 1), 1);
    }

    #[test]
    fn blank_is_white_space_and_comments() {
        for sql in ["", " \t\r\n\u{b}\u{c}", "-- a\n/* b\n/* c */ */", "--> statement-breakpoint"] {
            assert!(has_only_blank(sql), "{sql:?}");
        }
        for sql in [";", "a", "-- a\nb", "/* a */ */", "''", "\u{a0}"] {
            assert!(!has_only_blank(sql), "{sql:?}");
        }
    }
}
