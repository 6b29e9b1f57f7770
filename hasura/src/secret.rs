//! The shared secret. Only it proves that Hasura is the caller: the roles are words of the body, which anybody can write.

use axum::http::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::Error;

/// Guessing a random one of this length is hopeless.
const SHORTEST: usize = 16;

/// A secret, kept as its hash: hashes have one length, so a comparison tells nothing about that of the secret either.
pub struct Secret {
    hash: [u8; 32],
}

impl Secret {
    pub fn new(text: &str) -> Result<Self, Error> {
        let can_be_sent = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        if !can_be_sent || text.trim() != text {
            return Err(Error::UnfitSecret);
        }
        if text.len() < SHORTEST {
            return Err(Error::ShortSecret { length: text.len() });
        }
        Ok(Self { hash: hash(text.as_bytes()) })
    }

    /// Whether the headers hold the secret, once.
    pub fn is_in(&self, headers: &HeaderMap, name: &HeaderName) -> bool {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => self.is(value.as_bytes()),
            _ => false,
        }
    }

    /// Whether this is the secret. The time that it takes does not depend on how much of it is right.
    pub fn is(&self, text: &[u8]) -> bool {
        hash(text).ct_eq(&self.hash).into()
    }

    pub fn is_same(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: HeaderName = HeaderName::from_static("x-nself-secret");

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (NAME, value.parse().unwrap())).collect()
    }

    #[test]
    fn the_secret_and_nothing_else_is_right() {
        let secret = Secret::new("correct horse battery").unwrap();
        assert!(secret.is_in(&headers(&["correct horse battery"]), &NAME));
        for wrong in ["", "correct horse batter", "correct horse battery!", "Correct horse battery"] {
            assert!(!secret.is_in(&headers(&[wrong]), &NAME), "{wrong}");
        }
        assert!(!secret.is_in(&HeaderMap::new(), &NAME));
        assert!(!secret.is_in(&headers(&["wrong", "correct horse battery"]), &NAME));
    }

    #[test]
    fn what_can_be_guessed_or_not_be_sent_is_no_secret() {
        assert!(matches!(Secret::new("fifteen letters"), Err(Error::ShortSecret { length: 15 })));
        for text in
            ["ends with a blank ", "tab\tin the middle of it", "ünïcödé is no header", "two\nlines of it all"]
        {
            assert!(matches!(Secret::new(text), Err(Error::UnfitSecret)), "{text}");
        }
    }
}
