//! What the figures were measured on.

use std::fs;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub memory_gb: u64,
    /// How many processes wanted to run in the minutes before: others share the machine.
    pub load_before: f64,
}

impl Machine {
    /// What cannot be read is left empty.
    pub fn this() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let memory = read("/proc/meminfo");
        let kilobytes: u64 = value(&memory, "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0);
        Self {
            cpu: value(&cpu, "model name").to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gb: (kilobytes + 512 * 1024) / (1024 * 1024),
            load_before: read("/proc/loadavg")
                .split(' ')
                .nth(1)
                .and_then(|load| load.parse().ok())
                .unwrap_or(0.0),
        }
    }
}

/// Of the first line `name : value`.
fn value<'a>(text: &'a str, name: &str) -> &'a str {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(label, _)| label.trim() == name).map_or("", |(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::{Machine, value};

    #[test]
    fn a_value_is_found_by_its_name() {
        assert_eq!(value("vendor_id\t: A\nmodel name\t: B C\nmodel name\t: D", "model name"), "B C");
    }

    #[test]
    fn this_machine_has_cores_and_memory() {
        let machine = Machine::this();
        assert!(machine.cores > 0 && machine.memory_gb > 0);
    }
}
