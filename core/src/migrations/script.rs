//! The SQL of a migration, and where it stands.

/// The direction in which a migration ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
}

impl Direction {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// The SQL of one direction of a migration, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script<'a> {
    pub version: &'a str,
    pub path: &'a str,
    pub sql: &'a str,
    /// The line of the file on which `sql` begins.
    pub first_line: usize,
    /// Drizzle's marks part the statements.
    pub breakpoints: bool,
    pub direction: Direction,
    /// Whether it runs in one transaction. If not, each of its statements has one of its own, or none.
    pub in_transaction: bool,
}
