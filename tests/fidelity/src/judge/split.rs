//! A dump as sections: what pg_dump frames with `-- Name: …; Type: …; Schema: …; Owner: …`.

use super::lex;

/// One entry of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<'a> {
    /// The name in the frame: without quotes, and for functions with the types of the arguments.
    pub name: &'a str,
    /// The type in the frame, such as `FK CONSTRAINT`.
    pub sort: &'a str,
    pub owner: &'a str,
    /// Without semicolons, and without the settings that apply to what follows.
    pub statements: Vec<&'a str>,
    /// What the statements alone do not tell: set before by the dump.
    pub access_method: Option<&'a str>,
    pub tablespace: Option<&'a str>,
}

const FRAME: &str = "--\n-- Name: ";

/// The sections of a dump, in its order.
pub fn sections(dump: &str) -> Vec<Section<'_>> {
    let starts = frames(dump);
    let mut found = Vec::new();
    let (mut access_method, mut tablespace) = (None, None);
    for (number, start) in starts.iter().enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(dump.len());
        let section = &dump[*start..end];
        let (head, body) = section[FRAME.len()..].split_once("\n--\n").unwrap_or((section, ""));
        let (name, rest) = head.split_once("; Type: ").unwrap_or((head, ""));
        let (sort, rest) = rest.split_once("; Schema: ").unwrap_or((rest, ""));
        let (_schema, rest) = rest.split_once("; Owner: ").unwrap_or((rest, ""));
        let owner = rest.split("; Tablespace: ").next().unwrap_or(rest);
        let mut statements = Vec::new();
        // The settings stand behind what they do not apply to.
        let (method_here, tablespace_here) = (access_method, tablespace);
        for statement in lex::statements(body) {
            if let Some(value) = statement.strip_prefix("SET default_table_access_method = ") {
                access_method = Some(value).filter(|value| *value != "heap");
            } else if let Some(value) = statement.strip_prefix("SET default_tablespace = ") {
                tablespace = Some(value).filter(|value| *value != "''");
            } else if !statement.starts_with('\\') {
                statements.push(statement);
            }
        }
        found.push(Section {
            name,
            sort,
            owner,
            statements,
            access_method: method_here,
            tablespace: tablespace_here,
        });
    }
    found
}

/// Where the frames begin. A text in the dump, such as a function's body, may look like a frame: those are inside of
/// a string for the lexer.
fn frames(dump: &str) -> Vec<usize> {
    let candidates: Vec<usize> = dump.match_indices(FRAME).map(|(at, _)| at).collect();
    let strings: Vec<(usize, usize)> = lex::words(dump)
        .into_iter()
        .filter(|word| word.sort == lex::Sort::Text && word.text.contains(FRAME))
        .map(|word| (word.start, word.end()))
        .collect();
    let inside = |at: &usize| strings.iter().any(|(start, end)| start < at && at < end);
    candidates
        .into_iter()
        .filter(|at| !inside(at) && (*at == 0 || dump.as_bytes()[at - 1] == b'\n'))
        .collect()
}
