//! Tables for people: as wide as the terminal, and as wide as they need when there is none.

use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};

/// A terminal narrower than this is none that a table could be fitted into; some say that they have no width at all.
const NARROW: u16 = 60;

/// A table with its heading, ending in a line break.
pub fn table<const N: usize>(heading: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(heading)
        .add_rows(rows);
    if table.width().is_some_and(|width| width < NARROW) {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    format!("{}\n", table.trim_fmt())
}

/// What stands in a cell when there is no value.
pub fn cell<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
