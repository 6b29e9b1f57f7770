//! The order of steps: each comes after what it needs, and otherwise by its kind, then as the diff has them, by name.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::{Change, Object};
use crate::model::{Address, ConstraintKind, DefinitionKind};
use crate::plan::context::Context;
use crate::plan::step::{Kind, Step, Verdict};

/// Sorts of steps, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Schema,
    Extension,
    Language,
    AccessMethod,
    ForeignDataWrapper,
    Server,
    UserMapping,
    Collation,
    Enum,
    EnumValue,
    /// Domains, composite, range and base types, which can be made from each other.
    Type,
    DomainConstraint,
    Sequence,
    Routine,
    Cast,
    Operator,
    OperatorFamily,
    OperatorClass,
    Conversion,
    Transform,
    TextSearch,
    Table,
    Column,
    /// One that was created together with its column, which now exists and can own it.
    SequenceOfColumn,
    Default,
    Key,
    View,
    /// One that is filled by what calls functions: their bodies may speak of other views.
    ViewByFunctions,
    Index,
    Check,
    Exclusion,
    NotNull,
    ForeignKey,
    Statistics,
    Rule,
    Trigger,
    Policy,
    RowSecurity,
    Publication,
    Comment,
    /// Default privileges among them, which would otherwise count for what this plan creates.
    Grant,
    Owner,
    /// Behind everything that it would fire on.
    EventTrigger,
}

impl Sort {
    /// What the work of a step says of it beyond its object.
    pub(super) fn given(self, step: &Step) -> Self {
        let Verdict::Additive(work) = &step.verdict else { return self };
        let is_routine =
            |code: &Address| matches!(code.object_type.as_str(), "function" | "procedure" | "aggregate");
        let calls = work.runs.as_ref().is_some_and(|runs| runs.refers_to.iter().any(is_routine));
        if self == Sort::View && calls { Sort::ViewByFunctions } else { self }
    }
}

impl Context<'_> {
    pub(super) fn sort(&self, change: &Change) -> Sort {
        match change.object() {
            Object::Schema(_) => Sort::Schema,
            Object::Extension(_) => Sort::Extension,
            Object::Enum(_) => Sort::Enum,
            Object::EnumValue(..) => Sort::EnumValue,
            Object::Domain(_) | Object::Composite(_) => Sort::Type,
            Object::DomainConstraint(..) => Sort::DomainConstraint,
            Object::Sequence(sequence) => match change {
                Change::Missing(_) if self.created_with(sequence).is_some() => Sort::SequenceOfColumn,
                Change::Missing(_) | Change::Extra(_) | Change::Changed { .. } => Sort::Sequence,
            },
            Object::Table(_) => Sort::Table,
            Object::Column(..) => Sort::Column,
            Object::Default(..) => Sort::Default,
            Object::Constraint(constraint) => constraint_sort(constraint.kind),
            Object::Index(_) => Sort::Index,
            Object::NotNull(..) => Sort::NotNull,
            Object::Definition(definition) => definition_sort(definition.kind),
            Object::RowSecurity(_) | Object::ForcedRowSecurity(_) => Sort::RowSecurity,
            Object::Grant(_) => Sort::Grant,
            Object::Comment(_) => Sort::Comment,
            Object::Owner(_) => Sort::Owner,
        }
    }
}

fn constraint_sort(kind: ConstraintKind) -> Sort {
    match kind {
        ConstraintKind::Primary | ConstraintKind::Unique => Sort::Key,
        ConstraintKind::Check => Sort::Check,
        ConstraintKind::Exclusion => Sort::Exclusion,
        ConstraintKind::Foreign => Sort::ForeignKey,
    }
}

fn definition_sort(kind: DefinitionKind) -> Sort {
    match kind {
        DefinitionKind::Language => Sort::Language,
        DefinitionKind::AccessMethod => Sort::AccessMethod,
        DefinitionKind::ForeignDataWrapper => Sort::ForeignDataWrapper,
        DefinitionKind::Server => Sort::Server,
        DefinitionKind::UserMapping => Sort::UserMapping,
        DefinitionKind::Collation => Sort::Collation,
        DefinitionKind::Type => Sort::Type,
        DefinitionKind::Function | DefinitionKind::Procedure | DefinitionKind::Aggregate => Sort::Routine,
        DefinitionKind::Cast => Sort::Cast,
        DefinitionKind::Operator => Sort::Operator,
        DefinitionKind::OperatorFamily => Sort::OperatorFamily,
        DefinitionKind::OperatorClass => Sort::OperatorClass,
        DefinitionKind::Conversion => Sort::Conversion,
        DefinitionKind::Transform => Sort::Transform,
        DefinitionKind::TextSearchParser
        | DefinitionKind::TextSearchTemplate
        | DefinitionKind::TextSearchDictionary
        | DefinitionKind::TextSearchConfiguration => Sort::TextSearch,
        DefinitionKind::View | DefinitionKind::MaterializedView => Sort::View,
        DefinitionKind::Statistics => Sort::Statistics,
        DefinitionKind::Rule => Sort::Rule,
        DefinitionKind::Trigger => Sort::Trigger,
        DefinitionKind::Policy => Sort::Policy,
        DefinitionKind::Publication
        | DefinitionKind::PublicationRelation
        | DefinitionKind::PublicationNamespace => Sort::Publication,
        DefinitionKind::EventTrigger => Sort::EventTrigger,
    }
}

/// Takes the first step of those that need nothing anymore, again and again. A circle, which only a need that was
/// assumed for safety can close, is cut at its first step.
pub(super) fn in_order(steps: Vec<(Sort, Step)>) -> Vec<Step> {
    let creators: BTreeMap<Address, usize> = steps
        .iter()
        .enumerate()
        .filter(|(_, (_, step))| step.kind == Kind::Missing)
        .map(|(place, (_, step))| (step.address(), place))
        .collect();
    let mut waits: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); steps.len()];
    let mut waited_for: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (place, (_, step)) in steps.iter().enumerate() {
        let Verdict::Additive(work) = &step.verdict else { continue };
        for creator in
            work.needs.iter().filter_map(|need| creators.get(need)).filter(|other| **other != place)
        {
            if waits[place].insert(*creator) {
                waited_for[*creator].push(place);
            }
        }
    }
    let mut left: BTreeSet<(Sort, usize)> =
        steps.iter().enumerate().map(|(place, (sort, _))| (*sort, place)).collect();
    let mut ready: BTreeSet<(Sort, usize)> =
        left.iter().copied().filter(|(_, place)| waits[*place].is_empty()).collect();
    let mut sorted = Vec::with_capacity(steps.len());
    while let Some(next) = ready.pop_first().or_else(|| left.first().copied()) {
        left.remove(&next);
        sorted.push(next.1);
        for &waiting in &waited_for[next.1] {
            waits[waiting].remove(&next.1);
            let waiting = (steps[waiting].0, waiting);
            if waits[waiting.1].is_empty() && left.contains(&waiting) {
                ready.insert(waiting);
            }
        }
    }
    let mut steps: Vec<Option<Step>> = steps.into_iter().map(|(_, step)| Some(step)).collect();
    sorted.into_iter().filter_map(|place| steps[place].take()).collect()
}
