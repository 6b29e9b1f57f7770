//! What was measured once, and what many times of it come to.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One time of one work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    pub milliseconds: f64,
    pub kilobytes: u64,
}

impl Sample {
    pub fn new(took: Duration, kilobytes: u64) -> Self {
        Self { milliseconds: took.as_secs_f64() * 1000.0, kilobytes }
    }
}

/// All times of one work.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct Figure {
    pub rounds: usize,
    pub median_ms: f64,
    pub min_ms: f64,
    pub max_ms: f64,
    /// The most of all rounds.
    pub peak_kb: u64,
    /// It was ended after this time, and may take however long.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
}

impl Figure {
    /// Nothing for no samples.
    pub fn of(samples: &[Sample]) -> Option<Self> {
        let mut times: Vec<f64> = samples.iter().map(|sample| sample.milliseconds).collect();
        times.sort_by(f64::total_cmp);
        let (first, last) = (times.first()?, times.last()?);
        let middle = times.len() / 2;
        let median = if times.len().is_multiple_of(2) {
            (times[middle - 1] + times[middle]) / 2.0
        } else {
            times[middle]
        };
        Some(Self {
            rounds: times.len(),
            median_ms: round(median),
            min_ms: round(*first),
            max_ms: round(*last),
            peak_kb: samples.iter().map(|sample| sample.kilobytes).max().unwrap_or(0),
            over: false,
        })
    }
}

/// To microseconds: what is finer is noise.
fn round(milliseconds: f64) -> f64 {
    (milliseconds * 1000.0).round() / 1000.0
}

/// Samples by the name of their work.
#[derive(Default)]
pub struct Board {
    samples: BTreeMap<String, Vec<Sample>>,
    over: BTreeMap<String, Sample>,
}

impl Board {
    pub fn add(&mut self, work: impl Into<String>, sample: Sample) {
        let work = work.into();
        eprintln!("  {work}: {:.1} ms, {:.1} MB", sample.milliseconds, sample.kilobytes as f64 / 1024.0);
        self.samples.entry(work).or_default().push(sample);
    }

    /// A work that was ended, because its time was over.
    pub fn add_over(&mut self, work: String, sample: Sample) {
        eprintln!("  {work}: ended after {:.0} s", sample.milliseconds / 1000.0);
        self.over.insert(work, sample);
    }

    /// What an unfinished work left behind.
    pub fn forget(&mut self, prefix: &str) {
        self.samples.retain(|work, _| !work.starts_with(prefix));
    }

    pub fn figures(&self) -> BTreeMap<String, Figure> {
        let figures = self.samples.iter();
        let figures = figures.filter_map(|(work, samples)| Some((work.clone(), Figure::of(samples)?)));
        let over = self.over.iter();
        let over = over.filter_map(|(work, sample)| {
            Some((work.clone(), Figure { over: true, ..Figure::of(&[*sample])? }))
        });
        figures.chain(over).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Figure, Sample};

    fn figure(times: &[f64]) -> Figure {
        let samples: Vec<Sample> =
            times.iter().map(|time| Sample { milliseconds: *time, kilobytes: *time as u64 }).collect();
        Figure::of(&samples).expect("samples")
    }

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert_eq!(figure(&[9.0, 1.0, 5.0]).median_ms, 5.0);
        assert_eq!(figure(&[9.0, 1.0, 5.0, 6.0]).median_ms, 5.5);
        assert_eq!(figure(&[9.0, 1.0, 5.0]).peak_kb, 9);
    }

    #[test]
    fn no_sample_gives_no_figure() {
        assert_eq!(Figure::of(&[]), None);
    }
}
