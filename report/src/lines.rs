//! An expected text beside the one that is there, line by line.

use std::borrow::Cow;
use std::ops::Range;

use similar::{DiffOp, TextDiff};

/// So many lines that are the same stand around what differs.
const AROUND: usize = 3;
/// Of a longer text, the beginning is compared and shown.
const LONGEST: usize = 20_000;
/// Two lines of which less than this share is the same are two lines.
const ALIKE: f32 = 0.3;

/// A line of one side, in pieces that differ from the other side or do not.
pub type Line<'a> = Vec<Piece<'a>>;

#[derive(Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    pub text: Cow<'a, str>,
    pub differs: bool,
}

/// What stands beside each other. A line that one side has alone is beside none.
#[derive(Debug, PartialEq, Eq)]
pub enum Row<'a> {
    Same(&'a str),
    Differs {
        expected: Option<Line<'a>>,
        actual: Option<Line<'a>>,
    },
    /// So many lines are the same and left out.
    Gap(usize),
}

/// The beginning of a text, and whether that is not all of it.
pub fn shown(text: &str) -> (&str, bool) {
    match text.char_indices().nth(LONGEST) {
        None => (text, false),
        Some((end, _)) => (&text[..end], true),
    }
}

/// The two texts beside each other, with what is the same left out where it is long.
pub fn beside<'a>(expected: &'a str, actual: &'a str) -> Vec<Row<'a>> {
    let (expected, actual): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let diff = TextDiff::from_slices(&expected, &actual);
    let mut rows = Vec::new();
    let mut next = 0;
    for op in diff.grouped_ops(AROUND).iter().flatten() {
        let (of_expected, of_actual) = (op.old_range(), op.new_range());
        if of_expected.start > next {
            rows.push(Row::Gap(of_expected.start - next));
        }
        next = of_expected.end;
        match op {
            DiffOp::Equal { .. } => rows.extend(expected[of_expected].iter().map(|line| Row::Same(line))),
            _ => rows.extend(pairs(&expected, of_expected, &actual, of_actual)),
        }
    }
    if !rows.is_empty() && next < expected.len() {
        rows.push(Row::Gap(expected.len() - next));
    }
    rows
}

/// Lines that take each other's place, the first beside the first.
fn pairs<'a>(
    expected: &[&'a str],
    of_expected: Range<usize>,
    actual: &[&'a str],
    of_actual: Range<usize>,
) -> Vec<Row<'a>> {
    let (expected, actual) = (&expected[of_expected], &actual[of_actual]);
    let pair = |at: usize| match (expected.get(at), actual.get(at)) {
        (Some(expected), Some(actual)) => {
            let (expected, actual) = pieces(expected, actual);
            Row::Differs { expected: Some(expected), actual: Some(actual) }
        }
        (expected, actual) => Row::Differs {
            expected: expected.map(|line| whole(line)),
            actual: actual.map(|line| whole(line)),
        },
    };
    (0..expected.len().max(actual.len())).map(pair).collect()
}

fn whole(line: &str) -> Line<'_> {
    vec![Piece { text: Cow::Borrowed(line), differs: false }]
}

/// The words of two lines that are not the same in both; none where most of them are not.
fn pieces<'a>(expected: &'a str, actual: &'a str) -> (Line<'a>, Line<'a>) {
    let diff = TextDiff::from_words(expected, actual);
    if diff.ratio() < ALIKE {
        return (whole(expected), whole(actual));
    }
    let side = |range: fn(&DiffOp) -> Range<usize>, word: &dyn Fn(usize) -> Option<&'a str>| {
        diff.ops()
            .iter()
            .filter(|op| !range(op).is_empty())
            .map(|op| Piece {
                text: Cow::Owned(range(op).filter_map(word).collect()),
                differs: !matches!(op, DiffOp::Equal { .. }),
            })
            .collect()
    };
    let words: (Vec<_>, Vec<_>) = (words(expected), words(actual));
    (
        side(DiffOp::old_range, &|at| words.0.get(at).copied()),
        side(DiffOp::new_range, &|at| words.1.get(at).copied()),
    )
}

/// As the comparison of words splits them.
fn words(line: &str) -> Vec<&str> {
    use similar::DiffableStr;
    line.tokenize_words()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(pieces: &[(&'static str, bool)]) -> Line<'static> {
        pieces.iter().map(|(text, differs)| Piece { text: (*text).into(), differs: *differs }).collect()
    }

    #[test]
    fn words_that_differ_are_marked_on_their_side() {
        let rows = beside("text NOT NULL", "varchar(10) NOT NULL");
        let expected = Some(line(&[("text", true), (" NOT NULL", false)]));
        let actual = Some(line(&[("varchar(10)", true), (" NOT NULL", false)]));
        assert_eq!(rows, [Row::Differs { expected, actual }]);
        let rows = beside("one two three", "four");
        let (expected, actual) = (line(&[("one two three", false)]), line(&[("four", false)]));
        assert_eq!(rows, [Row::Differs { expected: Some(expected), actual: Some(actual) }]);
    }

    #[test]
    fn long_stretches_that_are_the_same_are_left_out() {
        let text = |odd: &str| {
            let lines: Vec<_> =
                (1..=20).map(|n| if n == 10 { odd.to_owned() } else { format!("line {n}") }).collect();
            lines.join("\n")
        };
        let (expected, actual) = (text("a\nb"), text("a"));
        let rows = beside(&expected, &actual);
        assert_eq!(rows.first(), Some(&Row::Gap(7)));
        let alone = Row::Differs { expected: Some(line(&[("b", false)])), actual: None };
        assert!(rows.contains(&alone), "{rows:?}");
        assert_eq!(rows.last(), Some(&Row::Gap(7)));
        assert_eq!(beside(&expected, &expected), []);
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let text = "ä".repeat(LONGEST + 1);
        let (cut, is_cut) = shown(&text);
        assert_eq!((cut.chars().count(), is_cut), (LONGEST, true));
        assert_eq!(shown("short"), ("short", false));
    }
}
