//! Tables for people: a row a line where nobody has a width, as in a pipe. On a terminal they are as wide as that: cells are
//! wrapped between words, never inside one, and where that does not do, each row is a block of lines.

use unicode_width::UnicodeWidthStr;

use super::wrap::{width, words, wrapped};
use crate::terminal::style::{HEADING, paint};

const GAP: &str = "  ";
/// Text is not squeezed into less than this.
const COLUMN: usize = 12;

/// A table with its heading, ending in a line break. A column that no row has a value for is left out.
pub fn table<const N: usize>(heading: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    fitted(heading, rows.into_iter().collect(), width())
}

/// What stands in a cell when there is no value.
pub fn cell<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn fitted<const N: usize>(heading: [&str; N], rows: Vec<[String; N]>, limit: Option<usize>) -> String {
    let has_value = |column: &usize| rows.iter().any(|row| !row[*column].is_empty());
    let columns: Vec<usize> = (0..N).filter(has_value).collect();
    let heading: Vec<&str> = columns.iter().map(|&column| heading[column]).collect();
    let text = |cell: &String| match limit {
        Some(_) => cell.clone(),
        None => words(cell).join(" "),
    };
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|&column| text(&row[column])).collect()).collect();
    let widest = |of: fn(&str) -> usize| -> Vec<usize> {
        let column = |(column, heading): (usize, &&str)| {
            rows.iter().map(|row| of(&row[column])).max().unwrap_or(0).max(of(heading))
        };
        heading.iter().enumerate().map(column).collect()
    };
    let natural = widest(|cell| cell.lines().map(UnicodeWidthStr::width).max().unwrap_or(0));
    let Some(limit) = limit else { return grid(&heading, &rows, &natural) };
    let longest_word = widest(|cell| words(cell).into_iter().map(UnicodeWidthStr::width).max().unwrap_or(0));
    let least = longest_word.iter().zip(&natural).map(|(word, all)| *word.max(all.min(&COLUMN))).collect();
    match shrunk(natural, least, limit) {
        Some(widths) => grid(&heading, &rows, &widths),
        None => blocks(&heading, &rows, limit),
    }
}

/// The widths of the columns when the widest ones are made narrower until all fit; none if they cannot be.
fn shrunk(mut widths: Vec<usize>, least: Vec<usize>, limit: usize) -> Option<Vec<usize>> {
    let limit = limit.checked_sub(GAP.len() * widths.len().saturating_sub(1))?;
    while widths.iter().sum::<usize>() > limit {
        let wide = (0..widths.len()).filter(|&column| widths[column] > least[column]);
        let widest = wide.max_by_key(|&column| widths[column])?;
        widths[widest] -= 1;
    }
    Some(widths)
}

fn grid(heading: &[&str], rows: &[Vec<String>], widths: &[usize]) -> String {
    let heading = lines_of(heading, widths).into_iter().map(|line| paint(HEADING, line));
    let rows = rows.iter().flat_map(|row| lines_of(row, widths));
    heading.chain(rows).map(|line| format!("{line}\n")).collect()
}

/// The lines of one row. The last cell of a line is not padded.
fn lines_of(row: &[impl AsRef<str>], widths: &[usize]) -> Vec<String> {
    let cells: Vec<Vec<String>> =
        row.iter().zip(widths).map(|(cell, width)| wrapped(cell.as_ref(), *width)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    let line = |number: usize| {
        let parts = cells.iter().zip(widths).map(|(lines, width)| {
            let part = lines.get(number).map_or("", String::as_str);
            format!("{part}{}", " ".repeat(width.saturating_sub(part.width())))
        });
        parts.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    (0..height).map(line).collect()
}

/// Each row as lines of their own: the heading, then the value.
fn blocks(heading: &[&str], rows: &[Vec<String>], limit: usize) -> String {
    let label = heading.iter().map(|heading| heading.width()).max().unwrap_or(0);
    let indent = " ".repeat(label + GAP.len());
    let block = |row: &Vec<String>| {
        let cells = heading.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
        let lines = cells.map(|(heading, cell)| {
            let lines = wrapped(cell, limit.saturating_sub(indent.len())).join(&format!("\n{indent}"));
            let pad = " ".repeat(label - heading.width());
            format!("{}{pad}{GAP}{lines}\n", paint(HEADING, heading))
        });
        lines.collect::<String>()
    };
    rows.iter().map(block).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::style::plain;

    const HEADING: [&str; 3] = ["step", "object", "detail"];

    fn rows() -> Vec<[String; 3]> {
        let row = |step: &str, object: &str, detail: &str| [step, object, detail].map(str::to_owned);
        vec![
            row("1", "Column: np_documents.fts_vector", "rewrites the table (568 kB)"),
            row("2", "Table: t", "no migration creates it: write one that does, or remove it by hand"),
        ]
    }

    fn at(limit: Option<usize>) -> String {
        plain(&fitted(HEADING, rows(), limit))
    }

    #[test]
    fn in_a_pipe_a_row_is_a_line_that_nothing_pads() {
        let expected = "\
step  object                           detail
1     Column: np_documents.fts_vector  rewrites the table (568 kB)
2     Table: t                         no migration creates it: write one that does, or remove it by hand
";
        assert_eq!(at(None), expected);
        let lines = [["a\n  b".to_owned(), String::new(), "c".to_owned()]];
        assert_eq!(plain(&fitted(["x", "no value", "z"], lines.to_vec(), None)), "x    z\na b  c\n");
    }

    #[test]
    fn on_a_terminal_cells_are_wrapped_between_words() {
        let expected = "\
step  object                           detail
1     Column: np_documents.fts_vector  rewrites the table (568 kB)
2     Table: t                         no migration creates it: write one that
                                       does, or remove it by hand
";
        assert_eq!(at(Some(80)), expected);
    }

    #[test]
    fn where_the_words_do_not_fit_each_row_is_a_block() {
        let expected = "\
step    1
object  Column: np_documents.fts_vector
detail  rewrites the table (568 kB)

step    2
object  Table: t
detail  no migration creates it: write
        one that does, or remove it by
        hand
";
        assert_eq!(at(Some(40)), expected);
    }

    #[test]
    fn no_width_breaks_a_word() {
        let all = rows().concat().join(" ");
        for limit in 1..160 {
            let text = at(Some(limit));
            let words = words(&text);
            assert!(words.iter().all(|word| HEADING.contains(word) || all.contains(word)), "{text}");
        }
    }

    #[test]
    fn wide_letters_take_their_width() {
        let rows = vec![["日本".to_owned(), "x".to_owned()], ["a".to_owned(), "y".to_owned()]];
        assert_eq!(plain(&fitted(["n", "v"], rows, None)), "n     v\n日本  x\na     y\n");
    }
}
