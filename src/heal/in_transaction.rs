//! Heal in the caller's transaction: each step in a subtransaction of its own. Afterwards the catalogs are read again, and
//! what was healed must be gone from the drift; otherwise all is undone.

use std::collections::BTreeSet;

use nself_heal_core::heal::{Outcome, go, stuck, undone};

use crate::drift::compare::{self, Comparison};
use crate::error::Error;
use crate::expected::Expected;
use crate::heal::steps::{Mode, attempt, search_path};
use crate::server::session::{with_pinned_settings, with_settings};
use crate::server::transaction::subtransaction;
use crate::server::trust;

/// Goes through the steps of a comparison. Without `confirm` nothing is changed, and every step says what it would do.
pub fn run(
    expected: &Expected,
    comparison: Comparison,
    confirm: bool,
    not_renamed: BTreeSet<String>,
) -> Result<Vec<Outcome>, Error> {
    if !confirm {
        return with_pinned_settings(|| {
            trust::without_changed(&comparison.steps, || {
                go(&comparison.steps, &comparison.live, |_, work, columns| {
                    attempt(work, columns, Mode::DryRun)
                })
            })
        });
    }
    let mut outcomes = Vec::new();
    let path = search_path(expected)?;
    let kept = subtransaction(|| {
        outcomes = with_pinned_settings(|| {
            trust::without_changed(&comparison.steps, || {
                with_settings(&[("search_path", &path)], || {
                    go(&comparison.steps, &comparison.live, |_, work, columns| {
                        attempt(work, columns, Mode::Heal)
                    })
                })
            })
        })?;
        let after = compare::compare_with(expected, not_renamed)?;
        let stuck = stuck(&outcomes, &after.steps);
        if stuck.is_empty() { Ok(()) } else { Err(Error::NotClosed { stuck: stuck.join(", ") }) }
    });
    match kept {
        Ok(()) => Ok(outcomes),
        Err(Error::NotClosed { stuck }) => Ok(undone(outcomes, &stuck)),
        Err(error) => Err(error),
    }
}

/// What a heal would find now: the steps with those blocked that rows are in the way of, or that nobody may take.
pub fn preview(comparison: &Comparison) -> Result<Vec<Outcome>, Error> {
    with_pinned_settings(|| {
        trust::without_changed(&comparison.steps, || {
            go(&comparison.steps, &comparison.live, |_, work, columns| attempt(work, columns, Mode::Look))
        })
    })
}
