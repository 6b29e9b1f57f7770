//! Text that fits the terminal: it is wrapped between words, never inside one. Where nobody has a width, as in a pipe, it stays
//! as it is.

use std::io::IsTerminal;

use terminal_size::{Width, terminal_size_of};
use unicode_width::UnicodeWidthStr;

/// A terminal narrower than this is none that anything could be fitted into; some say that they have no width at all.
const NARROW: u16 = 40;

/// What stands before each item of a list, and before its further lines.
const ITEM: &str = "  ";
const FURTHER: &str = "    ";

/// The width of the terminal that the result is printed on, if it is one.
pub fn width() -> Option<usize> {
    let stdout = std::io::stdout();
    let (Width(width), _) = stdout.is_terminal().then(|| terminal_size_of(&stdout)).flatten()?;
    (width >= NARROW).then_some(usize::from(width))
}

/// An item of a list, with its line break.
pub fn item(text: &str) -> String {
    item_within(text, width())
}

/// What is said below an item, with its line break.
pub fn below_item(text: &str) -> String {
    beside_margin(text, width()).iter().map(|line| format!("{FURTHER}{line}\n")).collect()
}

fn item_within(text: &str, limit: Option<usize>) -> String {
    format!("{ITEM}{}\n", beside_margin(text, limit).join(&format!("\n{FURTHER}")))
}

/// The lines of a text that stands in as far as the further lines of an item do.
fn beside_margin(text: &str, limit: Option<usize>) -> Vec<String> {
    match limit {
        Some(limit) => wrapped(text.trim_end(), limit.saturating_sub(FURTHER.len())),
        None => text.trim_end().lines().map(str::to_owned).collect(),
    }
}

/// A sentence, with its line break.
pub fn sentence(text: &str) -> String {
    let lines = width().map_or_else(|| vec![text.to_owned()], |limit| wrapped(text, limit));
    format!("{}\n", lines.join("\n"))
}

/// The lines of a text, each as long as the width allows. A longer word is left whole.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.width() <= width {
            lines.push(line.to_owned());
            continue;
        }
        let mut current = String::new();
        for word in words(line) {
            if !current.is_empty() && current.width() + 1 + word.width() > width {
                lines.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines
}

pub fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_wrapped_between_words_and_stands_in() {
        let text = "Column: np_documents.title: no migration creates it\nselect a from t";
        let expected = "  Column: np_documents.title: no migration\n    creates it\n    select a from t\n";
        assert_eq!(item_within(text, Some(44)), expected);
        assert!(item_within(text, Some(44)).lines().all(|line| line.width() <= 44));
        let whole = "  Column: np_documents.title: no migration creates it\n    select a from t\n";
        assert_eq!(item_within(text, None), whole);
        assert_eq!(
            item_within("a_word_that_is_longer_than_that", Some(10)),
            "  a_word_that_is_longer_than_that\n"
        );
    }
}
