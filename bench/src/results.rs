//! The figures of all runs, kept in a file from which the tables are written: a run of one size replaces that size's.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::machine::Machine;
use crate::sample::Figure;

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Results {
    /// By the number of tables.
    pub sizes: BTreeMap<usize, Run>,
    /// Chains of migrations and real projects: the same whatever the number of tables is.
    pub migrations: Option<Run>,
}

/// What one run measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub about: About,
    pub figures: BTreeMap<String, Figure>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, f64>,
}

/// When, how and of what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    pub date: String,
    pub command: String,
    pub server: String,
    pub product: String,
    pub machine: Machine,
}

impl Run {
    pub fn median(&self, work: &str) -> Option<f64> {
        self.figures.get(work).filter(|figure| !figure.over).map(|figure| figure.median_ms)
    }

    /// How many times as long one work takes as another.
    pub fn ratio(&self, work: &str, other: &str) -> Option<f64> {
        Some(self.median(work)? / self.median(other)?)
    }
}

impl Results {
    /// Nothing where there is no such file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(nself_harness::Error::Read { path: path.to_owned(), source }.into()),
        };
        serde_json::from_str(&text).map_err(|source| Error::Results { path: path.to_owned(), source })
    }

    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|source| Error::Results { path: path.to_owned(), source })?;
        Ok(nself_harness::write(path, &(text + "\n"))?)
    }

    pub fn median(&self, size: usize, work: &str) -> Option<f64> {
        self.sizes.get(&size)?.median(work)
    }
}
