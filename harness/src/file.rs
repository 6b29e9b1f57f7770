//! Files, with errors that name them.

use std::fs;
use std::path::Path;

use crate::error::Error;

/// The text of a file.
pub fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// Writes a file, and replaces one that is there.
pub fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|source| Error::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{read, write};

    #[test]
    fn an_error_names_the_file() {
        let path = Path::new("/no/such/folder/file");
        let (read, write) = (read(path).expect_err("none"), write(path, "").expect_err("none"));
        assert!(read.to_string().starts_with("cannot read /no/such/folder/file: "), "{read}");
        assert!(write.to_string().starts_with("cannot write /no/such/folder/file: "), "{write}");
    }
}
