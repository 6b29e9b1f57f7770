//! The words of SQL as pg_dump writes it: enough of a lexer to find names, brackets and the ends of statements.

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A keyword or a name without quotes.
    Word,
    /// A name in double quotes.
    Quoted,
    /// Any sort of string constant.
    Text,
    Number,
    /// A sign or a run of operator signs.
    Sign,
}

/// One word with its place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'a> {
    pub sort: Sort,
    pub text: &'a str,
    pub start: usize,
    /// How many brackets are open before it.
    pub depth: usize,
}

impl Word<'_> {
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword or sign, which pg_dump writes in capitals.
    pub fn is(&self, text: &str) -> bool {
        matches!(self.sort, Sort::Word | Sort::Sign) && self.text == text
    }
}

/// The words of a text; white space and comments are none.
pub fn words(text: &str) -> Vec<Word<'_>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let (mut at, mut depth) = (0, 0_usize);
    while at < bytes.len() {
        let start = at;
        let sort = match bytes[at] {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'-' if bytes[at..].starts_with(b"--") => {
                at = text[at..].find('\n').map_or(bytes.len(), |length| at + length);
                continue;
            }
            b'/' if bytes[at..].starts_with(b"/*") => {
                at = end_of_comment(bytes, at);
                continue;
            }
            b'\'' => {
                at = end_of_quote(bytes, at, b'\'', false);
                Sort::Text
            }
            b'E' | b'B' | b'X' | b'N' if bytes.get(at + 1) == Some(&b'\'') => {
                at = end_of_quote(bytes, at + 1, b'\'', bytes[at] == b'E');
                Sort::Text
            }
            b'"' => {
                at = end_of_quote(bytes, at, b'"', false);
                Sort::Quoted
            }
            b'$' => match end_of_dollars(text, at) {
                Some(end) => {
                    at = end;
                    Sort::Text
                }
                None => {
                    at += 1;
                    Sort::Sign
                }
            },
            byte if byte.is_ascii_digit() => {
                at += 1;
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'.') {
                    at += 1;
                }
                Sort::Number
            }
            byte if in_name(byte) => {
                while at < bytes.len() && (in_name(bytes[at]) || bytes[at] == b'$') {
                    at += 1;
                }
                Sort::Word
            }
            byte if OPERATOR.contains(&byte) => {
                while at < bytes.len() && OPERATOR.contains(&bytes[at]) {
                    at += 1;
                }
                Sort::Sign
            }
            _ => {
                at += 1;
                Sort::Sign
            }
        };
        let word = Word { sort, text: &text[start..at], start, depth };
        match word.text {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        // A closing bracket stands where its opening one does.
        found.push(if matches!(word.text, ")" | "]") { Word { depth, ..word } } else { word });
    }
    found
}

const OPERATOR: &[u8] = b"+-*/<>=~!@#%^&|`?:";

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn end_of_quote(bytes: &[u8], from: usize, quote: u8, backslashes: bool) -> usize {
    let mut at = from + 1;
    while at < bytes.len() {
        if backslashes && bytes[at] == b'\\' {
            at += 2;
        } else if bytes[at] == quote {
            if bytes.get(at + 1) != Some(&quote) {
                return at + 1;
            }
            at += 2;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn end_of_comment(bytes: &[u8], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn end_of_dollars(text: &str, from: usize) -> Option<usize> {
    let length = text[from + 1..].find('$')?;
    let tag = &text[from..from + length + 2];
    if !tag[1..tag.len() - 1].bytes().all(in_name) || tag.as_bytes()[1].is_ascii_digit() {
        return None;
    }
    let body = from + tag.len();
    Some(text[body..].find(tag).map_or(text.len(), |length| body + length + tag.len()))
}

/// The statements of a text without their semicolons, and without what is empty.
pub fn statements(text: &str) -> Vec<&str> {
    let words = words(text);
    let mut found = Vec::new();
    // BEGIN ATOMIC … END of a function, in which each CASE has an END of its own.
    let mut blocks = 0_usize;
    // A statement begins with its first word, behind what comments there are.
    let mut first: Option<usize> = None;
    for (number, word) in words.iter().enumerate() {
        let start = *first.get_or_insert(word.start);
        let is_atomic = word.is("BEGIN") && words.get(number + 1).is_some_and(|next| next.is("ATOMIC"));
        if is_atomic || blocks > 0 && word.is("CASE") {
            blocks += 1;
        } else if blocks > 0 && word.is("END") {
            blocks -= 1;
        } else if word.is(";") && word.depth == 0 && blocks == 0 {
            found.push(text[start..word.start].trim());
            first = None;
        }
    }
    if let (Some(start), Some(last)) = (first, words.last()) {
        found.push(&text[start..last.end()]);
    }
    found.retain(|statement| !statement.is_empty());
    found
}

/// Reads a statement from left to right.
pub struct Cursor<'a> {
    text: &'a str,
    words: Vec<Word<'a>>,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, words: words(text), at: 0 }
    }

    pub fn peek(&self) -> Option<Word<'a>> {
        self.words.get(self.at).copied()
    }

    /// Takes these keywords if they are next.
    pub fn take(&mut self, keywords: &str) -> bool {
        let wanted: Vec<&str> = keywords.split(' ').collect();
        let there = self.words[self.at..].iter().take(wanted.len());
        let is_there =
            there.len() == wanted.len() && there.zip(&wanted).all(|(word, wanted)| word.is(wanted));
        if is_there {
            self.at += wanted.len();
        }
        is_there
    }

    /// Takes a name, with what it is qualified by, as it is written.
    pub fn name(&mut self) -> Option<&'a str> {
        let first = self.simple_name()?;
        let start = first.start;
        let mut end = first.end();
        while self.peek().is_some_and(|word| word.is(".") && word.start == end) {
            self.at += 1;
            end = self.next()?.end();
        }
        Some(&self.text[start..end])
    }

    fn simple_name(&mut self) -> Option<Word<'a>> {
        let word = self.peek().filter(|word| matches!(word.sort, Sort::Word | Sort::Quoted))?;
        self.at += 1;
        Some(word)
    }

    /// Takes the next word, whatever it is.
    pub fn next(&mut self) -> Option<Word<'a>> {
        let word = self.peek()?;
        self.at += 1;
        Some(word)
    }

    /// Takes what is in the brackets that open next.
    pub fn brackets(&mut self) -> Option<&'a str> {
        let open = self.peek().filter(|word| word.is("("))?;
        let closing =
            self.words[self.at + 1..].iter().position(|word| word.is(")") && word.depth == open.depth)?;
        let close = self.words[self.at + 1 + closing];
        self.at += closing + 2;
        Some(&self.text[open.end()..close.start])
    }

    /// Takes everything up to a keyword outside of brackets, or to the end; the keyword is not taken.
    pub fn until(&mut self, keywords: &[&str]) -> &'a str {
        let start = self.offset();
        while let Some(word) = self.peek() {
            if word.depth == 0 && word.sort == Sort::Word && keywords.contains(&word.text) {
                break;
            }
            self.at += 1;
        }
        self.text[start..self.offset()].trim()
    }

    /// What is left.
    pub fn rest(&self) -> &'a str {
        self.text[self.offset()..].trim()
    }

    fn offset(&self) -> usize {
        self.peek().map_or(self.text.len(), |word| word.start)
    }
}

/// The parts of a list, split at commas outside of brackets.
pub fn list(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for word in words(text) {
        if word.is(",") && word.depth == 0 {
            parts.push(text[start..word.start].trim());
            start = word.end();
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// A statement with the lists behind WITH and OPTIONS sorted: their order means nothing.
pub fn with_sorted_options(text: &str) -> String {
    let mut sorted = String::new();
    let mut copied = 0;
    let words = words(text);
    for (number, pair) in words.windows(2).enumerate() {
        let begins = pair[0].depth == 0 && (pair[0].is("WITH") || pair[0].is("OPTIONS")) && pair[1].is("(");
        if !begins {
            continue;
        }
        let closing = words[number + 2..].iter().find(|word| word.is(")") && word.depth == pair[1].depth);
        if let Some(closing) = closing {
            let mut options = list(&text[pair[1].end()..closing.start]);
            options.sort_unstable();
            sorted.push_str(&text[copied..pair[1].end()]);
            sorted.push_str(&options.join(", "));
            copied = closing.start;
        }
    }
    sorted.push_str(&text[copied..]);
    sorted
}

/// A name without its quotes.
pub fn unquoted(name: &str) -> String {
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}

/// A qualified name as its schema, if it has one, and its last part, both as written.
pub fn parts(name: &str) -> (Option<&str>, &str) {
    let last_dot = words(name).into_iter().rfind(|word| word.is(".") && word.depth == 0);
    match last_dot {
        Some(dot) => (Some(&name[..dot.start]), &name[dot.end()..]),
        None => (None, name),
    }
}
