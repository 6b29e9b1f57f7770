//! Texts, shortened for a message.

/// The first line that says something.
pub fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn empty_lines_before_the_first_are_passed_over() {
        assert_eq!(first_line("\n  SELECT 1\n  FROM one\n"), "SELECT 1");
        assert_eq!(first_line(""), "");
    }
}
