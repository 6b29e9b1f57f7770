//! Drift that is made on purpose: 1 % of the tables, in ten ways, one after the other.

use crate::schema::Table;

/// One of so many tables is damaged.
const EVERY: usize = 100;

/// Where in its hundred a table lies that can be damaged so, and how.
const WAYS: [(usize, fn(Table) -> String); 10] = [
    (7, |table| format!("ALTER TABLE {} DROP COLUMN tags", table.name())),
    (18, |table| format!("DROP INDEX {}_by_title", table.name())),
    (29, |table| format!("ALTER TABLE {} DROP CONSTRAINT {}_sane", table.name(), table.bare())),
    (34, |table| format!("ALTER TABLE {} DROP CONSTRAINT {}_near", table.name(), table.bare())),
    (45, |table| format!("ALTER TABLE {} ALTER code DROP NOT NULL", table.name())),
    (57, |table| format!("ALTER TABLE {} ALTER amount DROP DEFAULT", table.name())),
    (68, |table| format!("ALTER TABLE {} ADD COLUMN added_by_hand integer", table.name())),
    (72, |table| format!("CREATE INDEX {}_by_hand ON {} (code)", table.bare(), table.name())),
    (80, |table| {
        let name = table.name();
        format!("CREATE OR REPLACE VIEW {name}_alive AS SELECT id, code, title, amount FROM {name}")
    }),
    (91, |table| format!("ALTER TABLE {} DISABLE TRIGGER {}_touch", table.name(), table.bare())),
];

/// The statements that damage a schema of `size` tables. Each makes one item of drift.
pub fn statements(size: usize) -> Vec<String> {
    (0..size / EVERY)
        .map(|hundred| {
            let (place, damage) = WAYS[hundred % WAYS.len()];
            damage(Table(hundred * EVERY + place))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{WAYS, statements};
    use crate::schema::Table;

    #[test]
    fn one_percent_is_damaged() {
        assert_eq!(statements(100).len(), 1);
        assert_eq!(statements(10_000).len(), 100);
    }

    #[test]
    fn what_is_damaged_is_there() {
        assert!(Table(WAYS[8].0).has_view());
        assert!(Table(WAYS[9].0).has_trigger());
    }
}
