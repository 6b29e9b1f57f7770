//! Who has signed in, and who guesses. Sessions are in memory: they end with the server.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};
use cookie::{Cookie, SameSite};
use sha2::{Digest, Sha256};

use crate::roles::Level;

const COOKIE: &str = "nself_session";
/// A session ends when it was not used for so long, and so long after its beginning.
const IDLE: Duration = Duration::from_secs(60 * 60);
const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);
/// Of more, the one that was not used for the longest time ends.
const MOST: usize = 1_000;

/// A message for the next page that a session loads.
#[derive(Clone)]
pub struct Notice {
    pub is_good: bool,
    pub text: String,
}

/// Whoever has signed in.
pub struct Visitor {
    key: Key,
    pub level: Level,
    /// Stands in each form of the session's pages.
    pub token: String,
}

impl Visitor {
    pub fn is_admin(&self) -> bool {
        self.level >= Level::Admin
    }
}

/// The hash of what the cookie holds: who reads this process's memory cannot sign in with it.
type Key = [u8; 32];

struct Session {
    level: Level,
    token: String,
    since: Instant,
    used: Instant,
    notice: Option<Notice>,
}

impl Session {
    fn is_over(&self) -> bool {
        self.since.elapsed() > LONGEST || self.used.elapsed() > IDLE
    }
}

#[derive(Default)]
pub struct Sessions(Mutex<HashMap<Key, Session>>);

impl Sessions {
    /// Begins a session, and returns its cookie. None: this machine gives no random numbers.
    pub fn begin(&self, level: Level, is_encrypted: bool) -> Option<String> {
        let (secret, token) = (random()?, random()?);
        let now = Instant::now();
        let mut sessions = self.lock();
        sessions.retain(|_, session| !session.is_over());
        if sessions.len() >= MOST {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.used).map(|(key, _)| *key);
            oldest.map(|key| sessions.remove(&key));
        }
        sessions.insert(key(&secret), Session { level, token, since: now, used: now, notice: None });
        Some(cookie(secret, LONGEST.as_secs(), is_encrypted))
    }

    /// Whose request this is.
    pub fn visitor(&self, headers: &HeaderMap) -> Option<Visitor> {
        let mut sessions = self.lock();
        let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let cookies = values.flat_map(|value| Cookie::split_parse(value).filter_map(Result::ok));
        let keys = cookies.filter(|cookie| cookie.name() == COOKIE).map(|cookie| key(cookie.value()));
        keys.into_iter().find_map(|key| {
            let session = sessions.get_mut(&key).filter(|session| !session.is_over())?;
            session.used = Instant::now();
            Some(Visitor { key, level: session.level, token: session.token.clone() })
        })
    }

    /// Ends a session, and returns what removes its cookie.
    pub fn end(&self, visitor: &Visitor) -> String {
        self.lock().remove(&visitor.key);
        cookie(String::new(), 0, false)
    }

    /// Tells something on the next page.
    pub fn tell(&self, visitor: &Visitor, notice: Notice) {
        if let Some(session) = self.lock().get_mut(&visitor.key) {
            session.notice = Some(notice);
        }
    }

    pub fn take_notice(&self, visitor: &Visitor) -> Option<Notice> {
        self.lock().get_mut(&visitor.key)?.notice.take()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn random() -> Option<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn key(secret: &str) -> Key {
    Sha256::digest(secret).into()
}

fn cookie(value: String, seconds: u64, is_encrypted: bool) -> String {
    let cookie = Cookie::build((COOKIE, value)).path("/").http_only(true).same_site(SameSite::Strict);
    format!("{}; Max-Age={seconds}", cookie.secure(is_encrypted).build())
}

/// So many wrong secrets may come from an address within so much time.
const WRONG: u32 = 10;
const WITHIN: Duration = Duration::from_secs(60);
/// Of more addresses, none is remembered beyond its time.
const ADDRESSES: usize = 10_000;

/// The wrong secrets of late, by address.
#[derive(Default)]
pub struct Guesses(Mutex<HashMap<IpAddr, (Instant, u32)>>);

impl Guesses {
    /// Whether too many came from there for another one to be looked at.
    pub fn are_too_many(&self, from: Option<IpAddr>) -> bool {
        let guesses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        from.and_then(|from| guesses.get(&from))
            .is_some_and(|(since, number)| since.elapsed() < WITHIN && *number >= WRONG)
    }

    pub fn count(&self, from: Option<IpAddr>) {
        let Some(from) = from else { return };
        let mut guesses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if guesses.len() >= ADDRESSES {
            guesses.retain(|_, (since, _)| since.elapsed() < WITHIN);
        }
        let guess = guesses.entry(from).or_insert((Instant::now(), 0));
        if guess.0.elapsed() >= WITHIN {
            *guess = (Instant::now(), 0);
        }
        guess.1 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        [(header::COOKIE, cookie.parse().unwrap())].into_iter().collect()
    }

    fn pair(cookie: &str) -> &str {
        cookie.split(';').next().unwrap()
    }

    #[test]
    fn a_session_is_known_by_its_cookie_until_it_ends() {
        let sessions = Sessions::default();
        let cookie = sessions.begin(Level::Look, true).unwrap();
        for said in ["; HttpOnly", "; SameSite=Strict", "; Secure", "; Path=/", "; Max-Age=43200"] {
            assert!(cookie.contains(said), "{cookie}");
        }
        let other = sessions.begin(Level::Admin, false).unwrap();
        assert!(!other.contains("Secure"), "{other}");
        let visitor = sessions.visitor(&headers(&format!("a=b; {}; {COOKIE}=x", pair(&cookie)))).unwrap();
        assert_eq!(visitor.level, Level::Look);
        assert_ne!(visitor.token, sessions.visitor(&headers(pair(&other))).unwrap().token);
        assert!(sessions.visitor(&headers(&format!("{COOKIE}=x"))).is_none());
        assert!(sessions.visitor(&headers(&pair(&cookie).to_uppercase())).is_none());
        assert!(sessions.end(&visitor).contains("Max-Age=0"));
        assert!(sessions.visitor(&headers(pair(&cookie))).is_none());
    }

    #[test]
    fn a_notice_is_told_once() {
        let sessions = Sessions::default();
        let cookie = sessions.begin(Level::Look, false).unwrap();
        let visitor = sessions.visitor(&headers(pair(&cookie))).unwrap();
        sessions.tell(&visitor, Notice { is_good: true, text: "done".to_owned() });
        assert_eq!(sessions.take_notice(&visitor).unwrap().text, "done");
        assert!(sessions.take_notice(&visitor).is_none());
    }

    #[test]
    fn the_session_that_was_not_used_longest_makes_room() {
        let sessions = Sessions::default();
        let first = sessions.begin(Level::Look, false).unwrap();
        let second = sessions.begin(Level::Look, false).unwrap();
        assert!(sessions.visitor(&headers(pair(&first))).is_some());
        for _ in 0..MOST - 1 {
            sessions.begin(Level::Look, false).unwrap();
        }
        assert!(sessions.visitor(&headers(pair(&first))).is_some());
        assert!(sessions.visitor(&headers(pair(&second))).is_none());
    }

    #[test]
    fn guesses_are_counted_by_address() {
        let guesses = Guesses::default();
        let [one, other] = ["10.0.0.1", "10.0.0.2"].map(|address| address.parse().ok());
        for _ in 0..WRONG {
            assert!(!guesses.are_too_many(one));
            guesses.count(one);
        }
        assert!(guesses.are_too_many(one) && !guesses.are_too_many(other));
    }
}
