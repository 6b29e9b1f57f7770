//! The one hash of the product, so that what the command line computes and what the server computes agree.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::lexer::normal_form;

/// The SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The SHA-256 of the tokens of an SQL text, as the server's scanner reads them: comments, line ends and white space between
/// tokens do not count, so two texts of one sum do the same.
pub fn tokens_sha256(sql: &str) -> String {
    sha256_hex(normal_form(sql).as_bytes())
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}"); // writing to a String cannot fail
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_test_vectors() {
        assert_eq!(sha256_hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn of_tokens_neither_comments_nor_space_count() {
        let plain = tokens_sha256("SELECT 1;");
        assert_eq!(plain, tokens_sha256("-- one\r\nSELECT  1 ;\n"));
        assert_ne!(plain, tokens_sha256("SELECT 2;"));
        assert_ne!(tokens_sha256("SELECT 'a  b'"), tokens_sha256("SELECT 'a b'"));
    }

    #[test]
    fn every_byte_counts() {
        assert_ne!(sha256_hex(b"SELECT 1;\n"), sha256_hex(b"SELECT 1;\r\n"));
        assert_ne!(sha256_hex(b"\xef\xbb\xbfSELECT 1;"), sha256_hex(b"SELECT 1;"));
    }
}
