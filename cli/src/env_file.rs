//! Setting a variable in an environment file that is there: its other lines, its comments and its permissions stay.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::dotenv::files;
use crate::error::Error;

/// A file that is open for writing before anything else is done, so that what can fail fails first.
pub struct EnvFile {
    path: PathBuf,
    file: File,
    bytes: Vec<u8>,
}

impl EnvFile {
    /// The file that is in force in `dir`: that of the environment `env` if there is one, else the first of those that are read
    /// that has the variable, else the first one.
    pub fn active(dir: &Path, env: Option<&str>, variable: &str) -> Result<Option<Self>, Error> {
        let of_env = env.map(|env| format!(".env.{env}"));
        if let Some(name) = of_env
            && let Some(file) = Self::open(dir.join(name))?
        {
            return Ok(Some(file));
        }
        let mut there = Vec::new();
        // What is switched on or off is no secret.
        for name in &files(env)[1..] {
            there.extend(Self::open(dir.join(name))?);
        }
        let place = there.iter().position(|file| lines(&file.bytes).any(|line| is_of(line, variable)));
        Ok(there.into_iter().nth(place.unwrap_or(0)))
    }

    fn open(path: PathBuf) -> Result<Option<Self>, Error> {
        if !path.is_file() {
            return Ok(None);
        }
        let open = || {
            let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok((file, bytes))
        };
        match open() {
            Ok((file, bytes)) => Ok(Some(Self { path, file, bytes })),
            Err(source) => Err(Error::Write { path, source }),
        }
    }

    /// Sets the variable. The file is written over, not made anew: so it keeps its owner and its permissions.
    pub fn set(mut self, variable: &str, value: &str) -> Result<PathBuf, Error> {
        let bytes = with(&self.bytes, variable, value);
        let mut write = || {
            self.file.rewind()?;
            self.file.write_all(&bytes)?;
            self.file.set_len(bytes.len() as u64)?;
            self.file.sync_all()
        };
        match write() {
            Ok(()) => Ok(self.path),
            Err(source) => Err(Error::Write { path: self.path, source }),
        }
    }
}

/// The lines with their ends.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n')
}

/// The bytes with the variable set wherever it is set, or at the end.
fn with(bytes: &[u8], variable: &str, value: &str) -> Vec<u8> {
    let mut result = Vec::with_capacity(bytes.len() + variable.len() + value.len() + 2);
    let mut is_set = false;
    for line in lines(bytes) {
        match value_of(line, variable) {
            Some(range) => {
                result.extend_from_slice(&line[..range.start]);
                result.extend_from_slice(value.as_bytes());
                result.extend_from_slice(&line[range.end..]);
                is_set = true;
            }
            None => result.extend_from_slice(line),
        }
    }
    if !is_set {
        let end: &[u8] = if bytes.windows(2).any(|pair| pair == b"\r\n") { b"\r\n" } else { b"\n" };
        if !result.is_empty() && !result.ends_with(b"\n") {
            result.extend_from_slice(end);
        }
        result.extend_from_slice(format!("{variable}={value}").as_bytes());
        result.extend_from_slice(end);
    }
    result
}

fn is_of(line: &[u8], variable: &str) -> bool {
    value_of(line, variable).is_some()
}

/// Where the value of the variable stands in a line that sets it: up to a comment, or to the end of the line.
fn value_of(line: &[u8], variable: &str) -> Option<std::ops::Range<usize>> {
    let blanks = |from: usize| line[from..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let mut at = blanks(0);
    if line[at..].starts_with(b"export ") {
        at += b"export ".len();
        at += blanks(at);
    }
    at += line[at..].starts_with(variable.as_bytes()).then_some(variable.len())?;
    at += blanks(at);
    at += (line.get(at) == Some(&b'=')).then_some(1)?;
    let rest = &line[at..];
    let comment = rest.windows(2).position(|pair| matches!(pair, b" #" | b"\t#"));
    let rest = &rest[..comment.unwrap_or(rest.len())];
    Some(at..at + rest.trim_ascii_end().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "NSELF_SCHEMA_HEAL_ENABLED";

    fn set(text: &str) -> String {
        String::from_utf8(with(text.as_bytes(), NAME, "true")).unwrap()
    }

    #[test]
    fn only_the_value_changes() {
        let cases = [
            ("", "NSELF_SCHEMA_HEAL_ENABLED=true\n"),
            ("A=1", "A=1\nNSELF_SCHEMA_HEAL_ENABLED=true\n"),
            ("A=1\r\n", "A=1\r\nNSELF_SCHEMA_HEAL_ENABLED=true\r\n"),
            (
                "# NSELF_SCHEMA_HEAL_ENABLED=false\nNSELF_SCHEMA_HEAL_ENABLED=false # by hand\nB='x'\n",
                "# NSELF_SCHEMA_HEAL_ENABLED=false\nNSELF_SCHEMA_HEAL_ENABLED=true # by hand\nB='x'\n",
            ),
            ("export  NSELF_SCHEMA_HEAL_ENABLED = \"off\"", "export  NSELF_SCHEMA_HEAL_ENABLED =true"),
            ("NSELF_SCHEMA_HEAL_ENABLED=\r\nA=1\r\n", "NSELF_SCHEMA_HEAL_ENABLED=true\r\nA=1\r\n"),
            (
                "NSELF_SCHEMA_HEAL_ENABLED_TOO=1\n",
                "NSELF_SCHEMA_HEAL_ENABLED_TOO=1\nNSELF_SCHEMA_HEAL_ENABLED=true\n",
            ),
        ];
        for (before, after) in cases {
            assert_eq!(set(before), after);
            assert_eq!(set(after), after);
        }
    }

    #[test]
    fn bytes_that_are_no_text_stay() {
        assert_eq!(
            with(b"A=\xff\nNSELF_SCHEMA_HEAL_ENABLED=on\n", NAME, "false"),
            b"A=\xff\nNSELF_SCHEMA_HEAL_ENABLED=false\n"
        );
    }

    #[test]
    fn the_file_that_has_the_variable_is_the_one_that_counts() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        let active = |env: Option<&str>| {
            let file = EnvFile::active(dir.path(), env, NAME).unwrap();
            file.map(|file| file.path.file_name().unwrap().to_str().unwrap().to_owned())
        };
        assert_eq!(active(None), None);
        write(".env", "NSELF_SCHEMA_HEAL_ENABLED=false\n");
        assert_eq!(active(None).as_deref(), Some(".env"));
        write(".env.local", "PGHOST=db\n");
        assert_eq!(active(None).as_deref(), Some(".env"));
        write(".env", "");
        assert_eq!(active(None).as_deref(), Some(".env.local"));
        write(".env.prod", "");
        assert_eq!(active(Some("prod")).as_deref(), Some(".env.prod"));
        // What is in .env.local is of this machine, and not of another environment.
        assert_eq!(active(Some("dev")).as_deref(), Some(".env"));
    }
}
