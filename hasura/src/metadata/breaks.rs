//! What pending migrations do to metadata: which of them breaks what, and which mends what is missing now.

use serde::Serialize;

use super::finding::Finding;

/// What a migration does to what the metadata speaks of.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// The name of its file.
    pub migration: String,
    pub breaks: Vec<Finding>,
    pub mends: Vec<Finding>,
}

/// The effect of each migration that has one. `before` is what was found before all of them, `after` what is found after each.
pub fn effects(before: &[Finding], after: Vec<(String, Vec<Finding>)>) -> Vec<Effect> {
    let mut last = before.to_vec();
    let mut effects = Vec::new();
    for (migration, found) in after {
        let not_in = |some: &[Finding], others: &[Finding]| -> Vec<Finding> {
            some.iter().filter(|finding| !others.contains(finding)).cloned().collect()
        };
        let (breaks, mends) = (not_in(&found, &last), not_in(&last, &found));
        if !breaks.is_empty() || !mends.is_empty() {
            effects.push(Effect { migration, breaks, mends });
        }
        last = found;
    }
    effects
}

/// What is found now and is not any more after all migrations.
pub fn is_mended(finding: &Finding, effects: &[Effect]) -> bool {
    let last = effects.iter().rev().find_map(|effect| {
        let is_in = |all: &[Finding]| all.contains(finding);
        is_in(&effect.breaks).then_some(false).or(is_in(&effect.mends).then_some(true))
    });
    last == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(object: &str) -> Finding {
        Finding::error("x", object, "it is gone")
    }

    #[test]
    fn each_migration_answers_for_what_it_did() {
        let (a, b, c) = (finding("a"), finding("b"), finding("c"));
        let after = vec![
            ("1.sql".to_owned(), vec![a.clone(), b.clone(), c.clone()]),
            ("2.sql".to_owned(), vec![a.clone(), b.clone(), c.clone()]),
            ("3.sql".to_owned(), vec![b.clone(), c.clone()]),
        ];
        let effects = effects(&[a.clone(), b.clone()], after);
        assert_eq!(
            effects,
            [
                Effect { migration: "1.sql".into(), breaks: vec![c.clone()], mends: vec![] },
                Effect { migration: "3.sql".into(), breaks: vec![], mends: vec![a.clone()] },
            ]
        );
        assert!(is_mended(&a, &effects));
        assert!(!is_mended(&b, &effects) && !is_mended(&c, &effects));
    }
}
