//! What was counted.

use std::collections::BTreeMap;
use std::ops::AddAssign;

/// A row of a table of figures.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// How many mutations, storms or pairs.
    pub cases: usize,
    /// Differences that the judge sees.
    pub items: usize,
    /// Of those, how many drift named as they are.
    pub named: usize,
    /// Of what drift named, how much with who did it.
    pub culprits: usize,
    /// How many it did not.
    pub missed: usize,
    /// What drift named that the judge does not see.
    pub false_items: usize,
    /// Steps by what became of them.
    pub healed: usize,
    pub blocked: usize,
    pub manual: usize,
    pub failed: usize,
    /// What a heal did or left that it should not have.
    pub wrong: usize,
    pub lost_rows: i64,
    /// Cases about which nothing can be said.
    pub unjudged: usize,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        let Self {
            cases,
            items,
            named,
            culprits,
            missed,
            false_items,
            healed,
            blocked,
            manual,
            failed,
            wrong,
            lost_rows,
            unjudged,
        } = other;
        self.cases += cases;
        self.items += items;
        self.named += named;
        self.culprits += culprits;
        self.missed += missed;
        self.false_items += false_items;
        self.healed += healed;
        self.blocked += blocked;
        self.manual += manual;
        self.failed += failed;
        self.wrong += wrong;
        self.lost_rows += lost_rows;
        self.unjudged += unjudged;
    }
}

impl Figures {
    pub const HEADING: [&'static str; 13] = [
        "cases",
        "items",
        "named",
        "culprits",
        "missed",
        "false",
        "healed",
        "blocked",
        "manual",
        "failed",
        "wrong",
        "lost rows",
        "unjudged",
    ];

    pub fn cells(&self) -> [String; 13] {
        [
            self.cases.to_string(),
            self.items.to_string(),
            self.named.to_string(),
            self.culprits.to_string(),
            self.missed.to_string(),
            self.false_items.to_string(),
            self.healed.to_string(),
            self.blocked.to_string(),
            self.manual.to_string(),
            self.failed.to_string(),
            self.wrong.to_string(),
            self.lost_rows.to_string(),
            self.unjudged.to_string(),
        ]
    }

    /// Whether all targets are met.
    pub fn good(&self) -> bool {
        self.missed == 0 && self.false_items == 0 && self.wrong == 0 && self.lost_rows == 0
    }
}

/// What came of one case.
#[derive(Debug, Default)]
pub struct Outcome {
    pub figures: Figures,
    /// One line each.
    pub complaints: Vec<String>,
    /// The differences by type of object.
    pub types: BTreeMap<String, Figures>,
    /// Why nothing can be said about it.
    pub unjudged: Option<String>,
    /// What a person who runs one case alone wants to read.
    pub story: Vec<String>,
}

impl Outcome {
    /// Counts one difference, for the case and for its type of object.
    pub fn item(&mut self, object_type: &str, item: Figures) {
        self.figures += item;
        *self.types.entry(object_type.to_owned()).or_default() += item;
    }

    /// A case that cannot be judged.
    pub fn unjudged(reason: impl Into<String>) -> Self {
        Self {
            figures: Figures { cases: 1, unjudged: 1, ..Figures::default() },
            unjudged: Some(reason.into()),
            ..Self::default()
        }
    }
}
