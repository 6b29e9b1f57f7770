//! What a step does with the rights of the role that it runs as at somebody else's word: the code that its expressions refer
//! to, and what the migrations wrote for an object that belonged to another role. Whether the role trusts these is for the
//! server to say.

use std::collections::BTreeSet;

use crate::diff::{Aspect, Change, Difference, Object, owned, relation_type};
use crate::model::{Address, Column, DefinitionKind};
use crate::plan::context::Context;
use crate::plan::step::{Runs, Work, Written};

/// Types of objects that are code, or that have code: a type has functions that read its values, a domain has checks.
const CODE: [&str; 14] = [
    "function",
    "procedure",
    "aggregate",
    "operator",
    "operator class",
    "operator family",
    "cast",
    "type",
    "view",
    "materialized view",
    "collation",
    "conversion",
    "text search configuration",
    "text search dictionary",
];

/// What code reads. A table is none, and what there is of it is not gone into; but a foreign table may be among its children.
const READ: [&str; 2] = ["table", "foreign table"];

/// What a step of `work` runs, or does at somebody else's word; nothing for most.
pub(super) fn of(object: Object, work: &Work, context: &Context) -> Option<Runs> {
    let expected_owner = |what: &Address| {
        let owner = owned(context.expected)
            .find(|of| of.object_type == what.object_type && of.identity == what.identity)?;
        Some(Written { role: owner.owner.to_string(), what: what.clone() })
    };
    let refers_to = if evaluates(object, context) { context.code_behind(object) } else { Vec::new() };
    // The schema public has no owner that a migration chose.
    let author = whole(object).filter(|whole| *whole != Address::new("schema", "public"));
    let missing = refers_to.iter().filter(|need| is_code(need) && context.is_missing(need));
    let written_by: Vec<Written> = author
        .iter()
        .chain(missing)
        .filter_map(expected_owner)
        .filter(|written| written.role != work.run_as)
        .collect();
    let changed = changed(&refers_to, context);
    (!refers_to.is_empty() || !written_by.is_empty()).then_some(Runs { refers_to, written_by, changed })
}

/// What an object belongs to: who owns that by the migrations, wrote what they say of the object. Nothing for what is
/// created as the role that the migrations give it to.
fn whole(object: Object) -> Option<Address> {
    match object {
        Object::Column(table, _)
        | Object::Default(table, _)
        | Object::NotNull(table, _)
        | Object::RowSecurity(table)
        | Object::ForcedRowSecurity(table) => Some(Address::new(relation_type(table), &table.identity)),
        Object::Constraint(of) => Some(Address::new(of.table_type.as_str(), &of.table_identity)),
        Object::Index(of) => Some(Address::new(of.table_type.as_str(), &of.table_identity)),
        Object::Definition(definition) => {
            let of = definition.of.as_ref().map(|of| Address::new(&of.object_type, &of.identity));
            Some(of.unwrap_or_else(|| object.address()))
        }
        Object::EnumValue(of, _) => Some(Object::Enum(of).address()),
        Object::DomainConstraint(of, _) => Some(Object::Domain(of).address()),
        Object::Grant(privileges) => {
            let acl = privileges.acl;
            Some(acl.of.clone().unwrap_or_else(|| Address::new(&acl.object_type, &acl.identity)))
        }
        Object::Comment(comment) => {
            let own = || Address::new(&comment.object_type, &comment.identity);
            Some(comment.of.clone().unwrap_or_else(own))
        }
        Object::Table(_)
        | Object::Sequence(_)
        | Object::Schema(_)
        | Object::Enum(_)
        | Object::Domain(_)
        | Object::Composite(_) => Some(object.address()),
        Object::Extension(_) | Object::Owner(_) => None,
    }
}

/// Whether the step evaluates something. One that only writes down, like a view or a trigger, does not.
fn evaluates(object: Object, context: &Context) -> bool {
    match object {
        Object::Column(_, column) => is_worked_out(column, context),
        Object::Constraint(_) | Object::Index(_) | Object::DomainConstraint(..) => true,
        Object::Definition(definition) => {
            definition.kind == DefinitionKind::MaterializedView && definition.filled == Some(true)
        }
        Object::Table(table) => table.partition_of.is_some(),
        Object::Schema(_)
        | Object::Extension(_)
        | Object::Enum(_)
        | Object::EnumValue(..)
        | Object::Domain(_)
        | Object::Composite(_)
        | Object::Sequence(_)
        | Object::Default(..)
        | Object::NotNull(..)
        | Object::RowSecurity(_)
        | Object::ForcedRowSecurity(_)
        | Object::Grant(_)
        | Object::Comment(_)
        | Object::Owner(_) => false,
    }
}

/// Whether rows get values of the column that are worked out.
fn is_worked_out(column: &Column, context: &Context) -> bool {
    column.default.is_some() || column.generated.is_some() || !context.domains(&column.type_name).is_empty()
}

fn is_code(need: &Address) -> bool {
    CODE.contains(&need.object_type.as_str())
}

/// Of types, the checks of domains are code.
fn changed(code: &[Address], context: &Context) -> Option<Address> {
    let is_run = |need: &Address| is_code(need) && !matches!(need.object_type.as_str(), "type" | "collation");
    let changed = code.iter().find(|need| is_run(need) && context.is_changed(need)).cloned();
    let check = || context.checks_not_as_expected().find(|(domain, _)| code.contains(domain));
    changed.or_else(|| check().map(|(_, check)| check))
}

impl<'a> Context<'a> {
    /// The code that an expected object refers to, all the way, and the tables that it reads. Those are not gone into.
    fn code_behind(&self, object: Object) -> Vec<Address> {
        let own = object.address();
        let mut found: BTreeSet<Address> = BTreeSet::new();
        let mut left = vec![own.clone()];
        while let Some(next) = left.pop() {
            for need in self.needs_of(&next).filter(|need| **need != own) {
                if is_code(need) && found.insert(need.clone()) {
                    left.push(need.clone());
                }
                // An index or a constraint needs the table that it is on.
                let is_read = matches!(object, Object::Definition(_)) || next != own;
                if is_read && READ.contains(&need.object_type.as_str()) {
                    found.insert(need.clone());
                }
            }
        }
        found.into_iter().collect()
    }

    /// The checks of live domains that no migration gives, or that say something else, each behind its domain. One that only
    /// was not checked on rows that are there says the same.
    fn checks_not_as_expected(&self) -> impl Iterator<Item = (Address, Address)> + use<'a, '_> {
        let says_the_same = |differences: &[Difference]| {
            differences.iter().all(|difference| difference.what == Aspect::Validity)
        };
        self.changes().iter().filter_map(move |change| match change {
            Change::Changed { differences, .. } if says_the_same(differences) => None,
            Change::Extra(object) | Change::Changed { live: object, .. } => match object {
                Object::DomainConstraint(domain, _) => {
                    Some((Object::Domain(domain).address(), object.address()))
                }
                _ => None,
            },
            Change::Missing(_) => None,
        })
    }
}
