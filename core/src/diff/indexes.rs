//! How constraints and indexes differ that both sides have.

use crate::diff::change::{Aspect, Difference};
use crate::diff::pair::{compare, compare_validity};
use crate::diff::text::{enforcement_text, list_or, or_none};
use crate::model::{Constraint, Index};

pub(super) fn constraint_differences(expected: &Constraint, live: &Constraint) -> Vec<Difference> {
    let Constraint {
        // Names the constraint and its table.
        identity: _,
        name: _,
        table: _,
        table_identity: _,
        table_type: _,
        kind,
        def,
        parameters,
        tablespace,
        validated,
        index_valid,
        // Whether it came from a parent or was declared here, it says the same.
        inherited: _,
        // Parts of the definition, for the queries that look for rows in the way.
        columns: _,
        expression: _,
        key: _,
        references: _,
        switched,
    } = expected;
    [
        compare(Aspect::Definition, &(kind, def), &(&live.kind, &live.def), |(_, def)| def.to_string()),
        compare(Aspect::Parameters, parameters, &live.parameters, list_or("no storage parameters")),
        compare(Aspect::Tablespace, tablespace, &live.tablespace, or_none("other than the default")),
        compare_validity(*validated, live.validated, "NOT VALID"),
        (*index_valid && !live.index_valid).then(|| Difference {
            what: Aspect::Index,
            expected: "valid index".to_string(),
            actual: "INVALID index".to_string(),
        }),
        compare(Aspect::Enforcement, switched, &live.switched, |switched| enforcement_text(switched)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether two constraints do the same for their table, whatever they are called.
pub(crate) fn same_constraint(one: &Constraint, other: &Constraint) -> bool {
    one.kind == other.kind
        && one.def == other.def
        && one.parameters == other.parameters
        && one.tablespace == other.tablespace
}

pub(super) fn index_differences(expected: &Index, live: &Index) -> Vec<Difference> {
    let same_definition = says_same(expected, live);
    let Index {
        identity: _,
        name: _,
        owner: _,
        table: _,
        table_identity,
        table_type: _,
        more,
        // The parts say the same without depending on how an expression is printed; see `says_same`.
        def,
        parameters,
        tablespace,
        unique: _,
        nulls_not_distinct: _,
        parts: _,
        predicate: _,
        valid,
        // Compared where the partitions are known: see `parts`.
        parent: _,
        // Follow from the parts.
        columns: _,
    } = expected;
    [
        compare(Aspect::Table, table_identity, &live.table_identity, String::clone),
        (!same_definition).then(|| Difference {
            what: Aspect::Definition,
            expected: def.clone(),
            actual: live.def.clone(),
        }),
        compare(Aspect::Parameters, parameters, &live.parameters, list_or("no storage parameters")),
        compare(Aspect::Tablespace, tablespace, &live.tablespace, or_none("other than the default")),
        compare(Aspect::Statistics, more, &live.more, list_or("the default statistics targets")),
        compare_validity(*valid, live.valid, "INVALID"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether two indexes do the same for their table, whatever they are called.
pub(crate) fn same_index(one: &Index, other: &Index) -> bool {
    says_same(one, other) && one.parameters == other.parameters && one.tablespace == other.tablespace
}

fn says_same(one: &Index, other: &Index) -> bool {
    one.unique == other.unique && one.body() == other.body()
}

impl Index {
    /// The definition without the index's name and its table's.
    pub(crate) fn body(&self) -> &str {
        let table = format!(" ON {} ", self.table_identity);
        self.def.split_once(&table).map_or(&self.def, |(_, body)| body)
    }

    /// The body with a place holder for each expression: what else it says.
    pub(crate) fn shape(&self) -> String {
        let mut rest = self.body();
        let mut shape = String::new();
        // Names of columns stay: they are no expressions.
        let expressions = self.parts.iter().filter(|part| part.contains('('));
        let predicate = self.predicate.iter().map(|predicate| format!(" WHERE {predicate}"));
        for text in expressions.cloned().chain(predicate) {
            if let Some((before, after)) = rest.split_once(&text) {
                shape.push_str(before);
                shape.push('$');
                rest = after;
            }
        }
        shape.push_str(rest);
        shape
    }
}
