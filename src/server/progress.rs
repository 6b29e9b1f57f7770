//! How far a job is.

/// The statement that is run now, and which step of how many it belongs to.
pub struct Progress<'a> {
    /// Of a heal, in the history.
    pub event: Option<i64>,
    pub step: usize,
    pub of: usize,
    pub statement: &'a str,
}
