//! YAML text to a value.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::error::Error;
use super::scalar;
use super::value::{Include, Map, Value};

/// What stands for another file begins so, as a string; as a tag, this is the tag.
pub const INCLUDE: &str = "!include";
/// Deeper than this no metadata is.
const DEEPEST: usize = 100;
/// How many values a file may have, aliases counted as often as they are used.
const MOST: usize = 1_000_000;

/// Reads the one document of a file.
pub fn read(path: &str, text: &str) -> Result<Value, Error> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = Reader { parser: Parser::new_from_str(text), path, anchors: HashMap::new(), left: MOST };
    let mut document = None;
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamEnd => return Ok(document.unwrap_or(Value::Null)),
            Event::DocumentStart(_) if document.is_some() => {
                return Err(reader.error(&span, "there is a second document in the file".to_owned()));
            }
            Event::DocumentStart(_) => {
                let (event, span) = reader.next()?;
                document = Some(reader.value(event, &span, 0)?);
            }
            _ => {}
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    path: &'a str,
    anchors: HashMap<usize, (Value, usize)>,
    left: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Error> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.scan_error(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn scan_error(&self, error: &ScanError) -> Error {
        let line = error.marker().line();
        Error::Yaml { path: self.path.to_owned(), line, message: error.info().to_owned() }
    }

    fn error(&self, span: &Span, message: String) -> Error {
        Error::Yaml { path: self.path.to_owned(), line: span.start.line(), message }
    }

    fn value(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Result<Value, Error> {
        if depth > DEEPEST {
            return Err(self.error(span, format!("it is more than {DEEPEST} levels deep")));
        }
        let before = self.left;
        self.take(1, span)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (self.scalar(&text, style, tag.as_deref(), span)?, anchor)
            }
            Event::SequenceStart(anchor, _) => (self.list(depth)?, anchor),
            Event::MappingStart(anchor, _) => (self.map(depth)?, anchor),
            Event::Alias(anchor) => {
                let Some((value, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err(self.error(span, "an alias stands before the end of its anchor".to_owned()));
                };
                self.take(size, span)?;
                (value, 0)
            }
            other => return Err(self.error(span, format!("a value was expected, and not {other:?}"))),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), before - self.left));
        }
        Ok(value)
    }

    fn take(&mut self, size: usize, span: &Span) -> Result<(), Error> {
        match self.left.checked_sub(size) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.error(span, format!("it has more than {MOST} values"))),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, Error> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Value::List(items));
            }
            items.push(self.value(event, &span, depth + 1)?);
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, Error> {
        let mut map = Map::new();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(Value::Map(map)),
                Event::Scalar(key, ..) => key.into_owned(),
                _ => return Err(self.error(&span, "a key is not plain text".to_owned())),
            };
            if key == "<<" {
                return Err(self.error(&span, "the merge key << is not read".to_owned()));
            }
            let (event, value_span) = self.next()?;
            let value = self.value(event, &value_span, depth + 1)?;
            if map.insert(key.clone(), value).is_some() {
                return Err(self.error(&span, format!("the key {key} is there twice")));
            }
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: &Span) -> Result<Value, Error> {
        let value = match tag {
            Some(tag) if tag.handle == "!" && tag.suffix == INCLUDE[1..] => {
                Value::Include(Include { path: text.trim().to_owned(), is_tag: true })
            }
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => Value::from(text),
            Some(tag) if tag.is_yaml_core_schema() => scalar::resolve(text),
            Some(tag) => return Err(self.error(span, format!("the tag {tag} is not known"))),
            None if style == ScalarStyle::Plain => scalar::resolve(text),
            None => Value::from(text),
        };
        Ok(match value {
            Value::String(text) => match include(&text) {
                Some(path) => Value::Include(Include { path: path.to_owned(), is_tag: false }),
                None => Value::String(text),
            },
            value => value,
        })
    }
}

/// The path of a string that stands for another file.
fn include(text: &str) -> Option<&str> {
    let path = text.strip_prefix(INCLUDE)?.strip_prefix([' ', '\t'])?.trim();
    (!path.is_empty() && !path.contains(char::is_whitespace)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Value {
        read("x.yaml", text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn message(text: &str) -> String {
        read("x.yaml", text).unwrap_err().to_string()
    }

    #[test]
    fn scalars_lists_and_mappings_are_read_in_their_order() {
        let value =
            of("b: 1\na:\n  - x\n  - 'y'\n  - \"2\"\n  - null\n  - true\nc: |-\n  one\n  two\nd: {}\n");
        assert_eq!(value.json(), r#"{"b":1,"a":["x","y","2",null,true],"c":"one\ntwo","d":{}}"#);
        assert_eq!(of(""), Value::Null);
        assert_eq!(of("\u{feff}# only a comment\n[ ]\n"), Value::List(Vec::new()));
    }

    #[test]
    fn an_include_is_a_string_or_a_tag_and_nothing_that_only_mentions_one() {
        let include = |path: &str, is_tag| Value::Include(Include { path: path.into(), is_tag });
        assert_eq!(of("\"!include a/b.yaml\"\n"), include("a/b.yaml", false));
        assert_eq!(of("!include a/b.yaml\n"), include("a/b.yaml", true));
        for text in ["see !include", "!include", "!include a b", "!includes a"] {
            assert_eq!(of(&format!("'{text}'\n")), Value::from(text));
        }
    }

    #[test]
    fn aliases_are_read_but_not_without_end() {
        assert_eq!(of("a: &x [1, 2]\nb: *x\n").json(), r#"{"a":[1,2],"b":[1,2]}"#);
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let below = vec![format!("*a{}", level - 1); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        assert!(message(&text).contains("more than 1000000 values"), "{}", message(&text));
        assert!(message(&"[".repeat(200)).contains("levels deep"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        assert_eq!(message("a: 1\nb: 2\na: 3\n"), "x.yaml, line 3: the key a is there twice");
        assert_eq!(message("a: 1\n---\nb: 1\n"), "x.yaml, line 2: there is a second document in the file");
        assert!(message("a: [1\nb: 2\n").starts_with("x.yaml, line 2: "), "{}", message("a: [1\nb: 2\n"));
        assert_eq!(message("a: !other x\n"), "x.yaml, line 1: the tag !other is not known");
    }
}
