//! What heal runs to create what is missing, or to finish what is there by half.

use crate::ddl::{Action, ColumnSetting, Position};
use crate::diff::{Aspect, Difference, Object, count};
use crate::model::{
    Address, Column, Composite, Constraint, ConstraintKind, Domain, DomainCheck, Enum, Extension, Index,
    Name, NotNull, ReplicaIdentity, Sequence, Table,
};
use crate::plan::context::{Context, parents, size};
use crate::plan::step::{Check, Work};
use crate::plan::{attached, checks, privileges};
use crate::quote::ident;

/// The work that creates a missing object.
pub(super) fn create(object: Object, context: &Context) -> Work {
    let mut work = create_alone(object, context);
    work.actions.extend(privileges::of_new(object, &work.run_as, context));
    let (missing, differing) = context.dependencies(object);
    work.needs.extend(missing);
    work.needs = dedup(work.needs);
    work.differing.extend(differing);
    work.differing = dedup(work.differing);
    work
}

fn create_alone(object: Object, context: &Context) -> Work {
    match object {
        Object::Schema(schema) => Work::new(
            vec![Action::CreateSchema { name: schema.name.clone() }],
            schema.owner.clone(),
            Vec::new(),
        ),
        Object::Extension(extension) => create_extension(extension, context),
        Object::Enum(of) => Work::new(
            vec![Action::CreateEnum { name: of.name.clone(), labels: of.labels.clone() }],
            of.owner.clone(),
            context.needed_schema(&of.name.schema),
        ),
        Object::EnumValue(of, label) => add_label(of, label, context),
        Object::Domain(domain) => create_domain(domain, context),
        Object::DomainConstraint(domain, check) => add_domain_check(domain, check, context),
        Object::Composite(composite) => create_composite(composite, context),
        Object::Sequence(sequence) => create_sequence(sequence, context),
        Object::Table(table) => create_table(table, context),
        Object::Column(table, column) => add_column(table, column, context),
        Object::Default(table, column) => set_default(table, column, context),
        Object::NotNull(table, column) => refuse_null(table, column, context),
        Object::Constraint(constraint) => add_constraint(constraint, context),
        Object::Index(index) => create_index(index, context),
        Object::Definition(definition) => attached::create_definition(definition, context),
        Object::RowSecurity(table) => attached::enable_row_security(table, false, context),
        Object::ForcedRowSecurity(table) => attached::enable_row_security(table, true, context),
        Object::Grant(privileges) => privileges::grant(privileges, context),
        Object::Comment(comment) => attached::comment(comment, context),
        // Owners are there or differ, they are never missing.
        Object::Owner(_) => Work::new(Vec::new(), String::new(), Vec::new()),
    }
}

/// With what the migrations changed of its members' privileges, and with its comment: nobody may ever call what they locked
/// up. What else they altered of its members is compared when it is there.
fn create_extension(extension: &Extension, context: &Context) -> Work {
    let create = Action::CreateExtension {
        name: extension.name.clone(),
        schema: extension.schema.clone(),
        members: extension.members.clone(),
    };
    let mut actions = vec![create];
    actions.extend(privileges::of_members(extension, context));
    let comments = context.expected.comments.iter();
    let own = comments.filter(|of| of.object_type == "extension" && of.identity == extension.identity);
    actions.extend(own.map(|of| Action::Comment { on: of.on.clone(), text: of.text.clone() }));
    Work::new(actions, extension.owner.clone(), context.needed_schema(&extension.schema))
}

/// Children of a table whose rows are left unchecked may have checked theirs.
fn refuse_null(table: &Table, column: &Column, context: &Context) -> Work {
    let mut actions = set_not_null(table, column);
    let mut looked_at = nulls(table, column, context);
    if column.not_null.as_ref().is_some_and(|not_null| !not_null.validated) {
        for child in descendants(&context.expected.tables, &table.name) {
            let own = child.columns.iter().find(|own| own.name == column.name && own.inherited);
            let name = own.and_then(|own| own.not_null.as_ref()).filter(|not_null| not_null.validated);
            let name = name.and_then(|not_null| not_null.name.clone());
            if let (Some(own), Some(name), Some(live)) = (own, name, context.live_table(&child.name)) {
                actions.push(Action::ValidateConstraint { table: live.name.clone(), name });
                looked_at.extend(nulls(child, own, context));
            }
        }
    }
    Work { checks: looked_at, ..Work::new(actions, context.owner_of(&table.name), Vec::new()) }
}

/// One that is to hold for new rows alone looks at none.
fn nulls(table: &Table, column: &Column, context: &Context) -> Vec<Check> {
    let validated = column.not_null.as_ref().is_some_and(|not_null| not_null.validated);
    let looks = validated && !context.is_foreign(&table.identity);
    looks.then(|| checks::nulls(table, column)).into_iter().collect()
}

/// Empty where nothing is asked of the column.
fn set_not_null(table: &Table, column: &Column) -> Vec<Action> {
    let (table, name) = (&table.name, &column.name);
    let action = |not_null: &NotNull| Action::SetNotNull {
        table: table.clone(),
        column: name.clone(),
        not_null: not_null.clone(),
    };
    column.not_null.iter().map(action).collect()
}

/// The work that brings an object to the expected state, where nothing that is there has to be replaced for it.
pub(super) fn repair(object: Object, differences: &[Difference], context: &Context) -> Option<Work> {
    if let Object::Definition(definition) = object {
        return attached::let_fire(definition, differences, context);
    }
    if !differences.iter().all(|difference| difference.what == Aspect::Validity) {
        return None;
    }
    match object {
        Object::Constraint(constraint) => Some(Work {
            checks: checks::of_constraint(constraint, context),
            ..Work::new(
                vec![Action::ValidateConstraint {
                    table: constraint.table.clone(),
                    name: constraint.name.clone(),
                }],
                context.owner_of(&constraint.table),
                Vec::new(),
            )
        }),
        Object::DomainConstraint(domain, check) => Some(Work::new(
            vec![Action::ValidateDomainConstraint { domain: domain.name.clone(), name: check.name.clone() }],
            context.owner_of_domain(domain),
            Vec::new(),
        )),
        Object::NotNull(table, column) => {
            let name = column.not_null.as_ref()?.name.clone()?;
            Some(Work {
                checks: vec![checks::nulls(table, column)],
                ..Work::new(
                    vec![Action::ValidateConstraint { table: table.name.clone(), name }],
                    context.owner_of(&table.name),
                    Vec::new(),
                )
            })
        }
        // A partitioned index is invalid until each partition has its part: there is nothing in it to rebuild.
        Object::Index(index) if context.is_partitioned(&index.table) => None,
        Object::Index(index) => Some(Work {
            checks: checks::of_index(index, context),
            detail: Some("rebuilds an index that a failed CREATE INDEX CONCURRENTLY left behind".to_string()),
            ..Work::new(
                vec![Action::RebuildIndex { name: index.name.clone() }],
                context.owner_of(&index.table),
                Vec::new(),
            )
        }),
        Object::Schema(_)
        | Object::Extension(_)
        | Object::Enum(_)
        | Object::EnumValue(..)
        | Object::Domain(_)
        | Object::Composite(_)
        | Object::Sequence(_)
        | Object::Table(_)
        | Object::Column(..)
        | Object::Default(..)
        | Object::Definition(_)
        | Object::RowSecurity(_)
        | Object::ForcedRowSecurity(_)
        | Object::Grant(_)
        | Object::Comment(_)
        | Object::Owner(_) => None,
    }
}

/// How the rows that are there get their values when a column is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filling {
    /// They hold NULL.
    Nothing,
    /// They all hold one value that says the same at any time.
    Constant,
    /// They all hold one value that depends on when they are asked.
    Stable,
    /// Each has a value made for it.
    Volatile,
    /// Each has a number.
    Identity,
    /// Each has what its other columns give.
    Computed { stored: bool },
}

/// How the rows that are there would be filled.
pub(super) fn filling(column: &Column, context: &Context) -> Filling {
    if let Some(generated) = &column.generated {
        Filling::Computed { stored: generated.stored }
    } else if column.identity_column.is_some() {
        Filling::Identity
    } else if column.default.is_some() {
        if context.facts.volatile_defaults.contains(&column.identity) {
            Filling::Volatile
        } else if context.facts.stable_defaults.contains(&column.identity) {
            Filling::Stable
        } else {
            Filling::Constant
        }
    } else if context.has_domain_default(column) {
        // Nobody asked what a type's own default is like: the worse of the possibilities is assumed.
        Filling::Volatile
    } else {
        Filling::Nothing
    }
}

/// Whether adding the column writes the whole table anew.
pub(super) fn rewrites(column: &Column, context: &Context) -> bool {
    column.constrained_domain
        || match filling(column, context) {
            Filling::Volatile | Filling::Identity | Filling::Computed { stored: true } => true,
            Filling::Nothing | Filling::Constant | Filling::Stable | Filling::Computed { stored: false } => {
                false
            }
        }
}

/// Behind the label that it follows, or before the first one that is there.
fn add_label(of: &Enum, label: &str, context: &Context) -> Work {
    let live = context.live.enums.iter().find(|live| live.identity == of.identity);
    let place = of.labels.iter().position(|other| other == label).unwrap_or(0);
    let (before, after) = of.labels.split_at(place);
    let position = match before.last() {
        Some(previous) => Position::After(previous.clone()),
        None => {
            let there = |label: &&String| live.is_some_and(|live| live.labels.contains(label));
            after.iter().find(there).map_or(Position::Only, |next| Position::Before(next.clone()))
        }
    };
    let needs = match &position {
        Position::After(previous) => context.only_missing([Object::EnumValue(of, previous).address()]),
        Position::Before(_) | Position::Only => Vec::new(),
    };
    let action = Action::AddEnumValue { name: of.name.clone(), label: label.to_string(), position };
    let owner = live.map_or(&of.owner, |live| &live.owner);
    Work {
        detail: Some("can be used once this transaction has committed".to_string()),
        ..Work::new(vec![action], owner.clone(), needs)
    }
}

fn create_domain(domain: &Domain, context: &Context) -> Work {
    let mut needs = context.needed_schema(&domain.name.schema);
    needs.extend(context.needed_types([&domain.base_type]));
    Work::new(vec![Action::CreateDomain(Box::new(domain.clone()))], domain.owner.clone(), needs)
}

fn add_domain_check(domain: &Domain, check: &DomainCheck, context: &Context) -> Work {
    let DomainCheck { identity: _, name, def, validated } = check;
    let (domain_name, name) = (&domain.name, name.clone());
    let mut actions = vec![Action::AddDomainConstraint {
        domain: domain_name.clone(),
        name: name.clone(),
        def: def.clone(),
    }];
    if *validated {
        actions.push(Action::ValidateDomainConstraint { domain: domain_name.clone(), name });
    }
    Work::new(actions, context.owner_of_domain(domain), Vec::new())
}

fn create_composite(composite: &Composite, context: &Context) -> Work {
    let mut needs = context.needed_schema(&composite.name.schema);
    needs.extend(context.needed_types(composite.attributes.iter().map(|attribute| &attribute.type_name)));
    Work::new(vec![Action::CreateComposite(composite.clone())], composite.owner.clone(), needs)
}

/// A sequence whose column is still missing too was created with that column; what remains is to tie them together.
fn create_sequence(sequence: &Sequence, context: &Context) -> Work {
    let created_with = context.created_with(sequence);
    let mut actions = Vec::new();
    if created_with.is_none() {
        actions.push(create_sequence_action(sequence));
    }
    if let Some(owner) = &sequence.owned_by {
        actions.push(Action::OwnSequence {
            sequence: sequence.name.clone(),
            table: owner.table.clone(),
            column: owner.column.clone(),
        });
    }
    let (advances, detail) = advances(sequence, context);
    actions.extend(advances);
    // A sequence and the table that owns it have one owner.
    let owner = match &sequence.owned_by {
        Some(owner) => context.owner_of(&owner.table),
        None => sequence.owner.clone(),
    };
    let needs =
        created_with.map_or_else(|| context.needed_schema(&sequence.name.schema), |creator| vec![creator]);
    Work { detail, ..Work::new(actions, owner, needs) }
}

fn create_sequence_action(sequence: &Sequence) -> Action {
    Action::CreateSequence {
        name: sequence.name.clone(),
        unlogged: sequence.unlogged,
        numbers: sequence.numbers.clone(),
    }
}

/// A new sequence starts over, so it is moved past what the columns that it feeds already hold.
fn advances(sequence: &Sequence, context: &Context) -> (Vec<Action>, Option<String>) {
    let fed = context
        .expected
        .tables
        .iter()
        .flat_map(|table| table.columns.iter().map(move |column| (table, column)));
    let live = fed
        .filter(|(_, column)| column.sequences.contains(&sequence.identity))
        .filter_map(|(table, column)| {
            let live = context.live_table(&table.name)?;
            live.columns.iter().find(|live| live.name == column.name).map(|live| (table, live))
        })
        .collect::<Vec<_>>();
    let is_number = |column: &Column| matches!(column.type_name.as_str(), "smallint" | "integer" | "bigint");
    let (numbers, others): (Vec<_>, Vec<_>) = live.into_iter().partition(|(_, column)| is_number(column));
    let mut said: Vec<String> = numbers
        .iter()
        .map(|(_, column)| format!("goes on from the last number in {}", column.identity))
        .collect();
    said.extend(others.iter().map(|(_, column)| {
        format!("starts over, although {} may hold values made from its numbers", column.identity)
    }));
    let actions = numbers
        .into_iter()
        .map(|(table, column)| Action::AdvanceSequence {
            sequence: sequence.name.clone(),
            numbers: sequence.numbers.clone(),
            table: table.name.clone(),
            column: column.name.clone(),
        })
        .collect();
    (actions, (!said.is_empty()).then(|| said.join("; ")))
}

/// What a table's columns do not get from a parent or a type is set once it exists.
fn create_table(table: &Table, context: &Context) -> Work {
    let mut actions: Vec<Action> =
        context.sequences_of(&table.name, None).map(create_sequence_action).collect();
    actions.push(Action::CreateTable(Box::new(table.clone())));
    for column in table.columns.iter().filter(|column| !is_declared(table, column)) {
        let above = columns_above(table, column, context);
        if let Some(default) = &column.default
            && !above.iter().any(|parent| parent.default.as_ref() == Some(default))
        {
            actions.push(Action::SetDefault {
                table: table.name.clone(),
                column: column.name.clone(),
                default: default.clone(),
                only: false,
            });
        }
        if !above.iter().any(|parent| parent.not_null.is_some()) {
            actions.extend(set_not_null(table, column));
        }
    }
    for column in &table.columns {
        actions.extend(set_column(table, column));
    }
    // Together with the table, so that its rows are never open.
    if table.row_security {
        actions.push(Action::EnableRowSecurity { table: table.name.clone(), force: false });
    }
    if table.force_row_security {
        actions.push(Action::EnableRowSecurity { table: table.name.clone(), force: true });
    }
    if matches!(table.replica_identity, ReplicaIdentity::Full | ReplicaIdentity::Nothing) {
        actions.push(Action::SetReplicaIdentity {
            table: table.name.clone(),
            identity: table.replica_identity,
            index: None,
        });
    }
    let mut needs = context.needed_schema(&table.name.schema);
    needs.extend(context.only_missing(parents(table).flat_map(|parent| {
        ["table", "foreign table"].map(|object_type| Address::new(object_type, &parent.identity))
    })));
    // What the parent is to hand down.
    needs.extend(parents(table).filter_map(|parent| context.expected_table(&parent.name)).flat_map(
        |parent| {
            context.only_missing(parent.columns.iter().map(|column| Object::Column(parent, column).address()))
        },
    ));
    needs.extend(context.needed_types(table.of_type.iter()));
    for column in &table.columns {
        needs.extend(context.needed_by_column(table, column));
    }
    let own = Object::Table(table).address();
    needs.retain(|need| *need != own);
    Work {
        detail: Some(count(table.columns.len(), "column")),
        ..Work::new(actions, context.creator_of(table), needs)
    }
}

/// What a new column has beyond its definition.
fn set_column(table: &Table, column: &Column) -> impl Iterator<Item = Action> {
    let (table, name) = (table.name.clone(), column.name.clone());
    ColumnSetting::of(column).into_iter().map(move |setting| Action::SetColumn {
        table: table.clone(),
        column: name.clone(),
        setting,
    })
}

/// Whether CREATE TABLE names the column itself.
fn is_declared(table: &Table, column: &Column) -> bool {
    table.partition_of.is_none() && table.of_type.is_none() && !column.inherited
}

/// The columns of the expected parents that a child's column comes from.
fn columns_above<'a>(table: &Table, column: &Column, context: &Context<'a>) -> Vec<&'a Column> {
    parents(table)
        .filter_map(|parent| context.expected_table(&parent.name))
        .flat_map(|parent| &parent.columns)
        .filter(|other| other.name == column.name)
        .collect()
}

fn add_column(table: &Table, column: &Column, context: &Context) -> Work {
    let mut actions: Vec<Action> =
        context.sequences_of(&table.name, Some(&column.name)).map(create_sequence_action).collect();
    actions.push(Action::AddColumn { table: table.name.clone(), column: Box::new(column.clone()) });
    actions.extend(set_column(table, column));
    actions.extend(own_defaults(table, column, context));
    let mut needs = context.needed_by_column(table, column);
    let own = Object::Column(table, column).address();
    needs.retain(|need| *need != own);
    Work {
        detail: column_detail(table, column, context),
        ..Work::new(actions, context.owner_of(&table.name), needs)
    }
}

/// The defaults that children of the table have of their own, where the column comes to them from it.
fn own_defaults<'a>(
    table: &Table,
    column: &'a Column,
    context: &Context<'a>,
) -> impl Iterator<Item = Action> {
    descendants(&context.expected.tables, &table.name).into_iter().filter_map(move |child| {
        let own = child.columns.iter().find(|other| other.name == column.name && other.inherited)?;
        let default = own.default.clone().filter(|default| Some(default) != column.default.as_ref())?;
        context.live_table(&child.name)?;
        Some(Action::SetDefault {
            table: child.name.clone(),
            column: column.name.clone(),
            default,
            only: true,
        })
    })
}

/// What becomes of the rows that are there: a value that looks real but was made up by the heal must be said.
fn column_detail(table: &Table, column: &Column, context: &Context) -> Option<String> {
    if !context.has_rows(&table.identity) {
        return None;
    }
    let default = column.default.as_deref().unwrap_or("the default of its type");
    let filled = match filling(column, context) {
        Filling::Nothing | Filling::Computed { .. } => None,
        Filling::Constant => Some(format!("the rows that were there now hold {default}")),
        Filling::Stable => Some(format!(
            "the rows that were there now hold {default} as of the heal, not as of when they were made"
        )),
        Filling::Volatile => {
            Some(format!("the rows that were there now each hold {default}, made at the time of the heal"))
        }
        Filling::Identity => Some("the rows that were there are numbered in no particular order".to_string()),
    };
    let rewritten = rewrites(column, context)
        .then(|| format!("rewrites the table ({})", size(context.bytes(&table.identity))));
    let said: Vec<String> = filled.into_iter().chain(rewritten).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// A child that has, or is to have, a default of its own keeps it.
fn set_default(table: &Table, column: &Column, context: &Context) -> Work {
    let default_in = |child: &Table| {
        child.columns.iter().find(|other| other.name == column.name).and_then(|other| other.default.clone())
    };
    let mut below = descendants(&context.live.tables, &table.name);
    let live_has_own = below.iter().any(|child| default_in(child).is_some());
    below = descendants(&context.expected.tables, &table.name);
    let another_expected = below.iter().any(|child| default_in(child) != column.default);
    let only = live_has_own || another_expected;
    let mut actions = vec![Action::SetDefault {
        table: table.name.clone(),
        column: column.name.clone(),
        default: column.default.clone().unwrap_or_else(|| "NULL".to_string()),
        only,
    }];
    // A child that lost its own along with the parent gets it back here: the report names the parent alone.
    let lost = |child: &&Table| {
        let live = context.live_table(&child.name);
        live.is_some_and(|live| {
            live.columns.iter().any(|own| own.name == column.name && own.default.is_none())
        })
    };
    for child in below.into_iter().filter(lost).filter(|_| only) {
        actions.extend(default_in(child).map(|default| Action::SetDefault {
            table: child.name.clone(),
            column: column.name.clone(),
            default,
            only: true,
        }));
    }
    let sequences = column.sequences.iter().filter_map(|sequence| context.creator_of_sequence(sequence));
    Work {
        detail: Some("rows that are there keep what they hold".to_string()),
        ..Work::new(actions, context.owner_of(&table.name), sequences.collect())
    }
}

/// On a table that is there, rows are checked under a weaker lock than the constraint is added under.
fn add_constraint(constraint: &Constraint, context: &Context) -> Work {
    let on_live = context.live_table(&constraint.table).is_some();
    let enforced = !constraint.def.ends_with(" NOT ENFORCED");
    let can_wait = enforced
        && match constraint.kind {
            ConstraintKind::Check => true,
            // PostgreSQL before 18 has no such foreign key on a partitioned table.
            ConstraintKind::Foreign => !context.is_partitioned(&constraint.table),
            ConstraintKind::Primary | ConstraintKind::Unique | ConstraintKind::Exclusion => false,
        };
    let not_valid = can_wait && (on_live || !constraint.validated);
    let as_key = key_over_index(constraint, context);
    let mut actions = as_key.unwrap_or_else(|| {
        vec![Action::AddConstraint {
            table: constraint.table.clone(),
            name: constraint.name.clone(),
            def: constraint.def.clone(),
            not_valid,
        }]
    });
    if not_valid && constraint.validated {
        actions.push(Action::ValidateConstraint {
            table: constraint.table.clone(),
            name: constraint.name.clone(),
        });
    }
    if builds_index(constraint.kind) {
        actions.extend(marks(&constraint.table, &constraint.name, context));
    }
    let checked = on_live
        && !context.is_foreign(&constraint.table_identity)
        && enforced
        && (constraint.validated || !not_valid);
    Work {
        checks: if checked { checks::of_constraint(constraint, context) } else { Vec::new() },
        detail: builds_index(constraint.kind)
            .then(|| lock_detail(&constraint.table, &constraint.table_identity, context))
            .flatten(),
        ..Work::new(actions, context.owner_of(&constraint.table), constraint_needs(constraint, context))
    }
}

/// A key on a table that holds rows is made of an index, which can be built while others write. One that an earlier heal
/// has built, or begun, is taken.
fn key_over_index(constraint: &Constraint, context: &Context) -> Option<Vec<Action>> {
    let kind = match constraint.kind {
        ConstraintKind::Primary => "PRIMARY KEY",
        ConstraintKind::Unique => "UNIQUE",
        ConstraintKind::Check | ConstraintKind::Exclusion | ConstraintKind::Foreign => return None,
    };
    let key = constraint.key.as_ref()?;
    let nulls = if key.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
    let columns = key.parts.join(", ");
    // What else the definition may say, say of more columns or of storage, is left to the server.
    let deferrable = constraint.def.strip_prefix(&format!("{kind}{nulls} ({columns})"))?;
    if !matches!(deferrable, "" | " DEFERRABLE" | " DEFERRABLE INITIALLY DEFERRED") {
        return None;
    }
    let table = &constraint.table;
    let name = Name { schema: table.schema.clone(), name: constraint.name.clone() };
    let add = Action::AddKey {
        table: table.clone(),
        name: constraint.name.clone(),
        kind,
        deferrable: deferrable.to_string(),
    };
    match begun_key(constraint, context) {
        Some(index) if index.valid => Some(vec![add]),
        Some(_) => Some(vec![Action::RebuildIndex { name }, add]),
        None => {
            let online = context.live_table(table).is_some()
                && context.has_rows(&constraint.table_identity)
                && !context.is_partitioned(table);
            let def = format!(
                "CREATE UNIQUE INDEX {} ON {} USING btree ({columns}){nulls}",
                ident(&constraint.name),
                table.sql()
            );
            online.then(|| vec![Action::CreateIndex { def, online }, add])
        }
    }
}

/// The live index that is to become this key, and belongs to no constraint yet: it has the key's name and columns.
pub(super) fn begun_key<'a>(constraint: &Constraint, context: &'a Context) -> Option<&'a Index> {
    let key = constraint.key.as_ref()?;
    context.live.indexes.iter().find(|index| {
        index.table == constraint.table
            && index.name.name == constraint.name
            && index.unique
            && index.predicate.is_none()
            && index.nulls_not_distinct == key.nulls_not_distinct
            && index.parts == key.parts
    })
}

fn constraint_needs(constraint: &Constraint, context: &Context) -> Vec<Address> {
    let mut needs = context.needed_columns(&constraint.table, &constraint.columns);
    if let Some(to) = &constraint.references {
        needs.extend(context.needed_columns(&to.table, &to.columns));
        needs.extend(context.needed_key(&to.table, &to.columns));
    }
    let own = Object::Constraint(constraint).address();
    needs.retain(|need| *need != own);
    needs
}

/// What the table is to know of an index that was just created.
fn marks(table: &Name, index: &str, context: &Context) -> Vec<Action> {
    let Some(expected) = context.expected_table(table) else { return Vec::new() };
    let is_it = |marked: &Option<String>| marked.as_deref() == Some(index);
    let replica = is_it(&expected.replica_index).then(|| Action::SetReplicaIdentity {
        table: table.clone(),
        identity: expected.replica_identity,
        index: expected.replica_index.clone(),
    });
    let cluster = is_it(&expected.clustered_on)
        .then(|| Action::ClusterOn { table: table.clone(), index: index.to_string() });
    replica.into_iter().chain(cluster).collect()
}

/// Whether a constraint of this kind comes with an index, which shares the name space of relations.
pub(super) fn builds_index(kind: ConstraintKind) -> bool {
    match kind {
        ConstraintKind::Primary | ConstraintKind::Unique | ConstraintKind::Exclusion => true,
        ConstraintKind::Check | ConstraintKind::Foreign => false,
    }
}

fn create_index(index: &Index, context: &Context) -> Work {
    let mut needs = context.needed_columns(&index.table, &index.columns);
    needs.extend(context.only_missing([Address::new(index.table_type.as_str(), &index.table_identity)]));
    let on_live = context.live_table(&index.table).is_some();
    // That of a partitioned table is built with those of its partitions, or not at all.
    let online = on_live && context.has_rows(&index.table_identity) && !context.is_partitioned(&index.table);
    let mut actions = vec![Action::CreateIndex { def: index.def.clone(), online }];
    actions.extend(index.more.iter().map(|sql| Action::Complete { sql: sql.clone() }));
    actions.extend(marks(&index.table, &index.name.name, context));
    let owner = match context.expected_table(&index.table) {
        Some(_) => context.owner_of(&index.table),
        // Of a materialized view.
        None => context
            .live_owner(index.table_type.as_str(), &index.table_identity)
            .unwrap_or_else(|| index.owner.clone()),
    };
    Work {
        checks: if on_live { checks::of_index(index, context) } else { Vec::new() },
        detail: lock_detail(&index.table, &index.table_identity, context),
        ..Work::new(actions, owner, needs)
    }
}

fn lock_detail(table: &Name, identity: &str, context: &Context) -> Option<String> {
    (context.live_table(table).is_some() && context.has_rows(identity)).then(|| {
        format!("blocks writes to {identity} ({}) while the index is built", size(context.bytes(identity)))
    })
}

/// The children and partitions of a table, and theirs.
fn descendants<'a>(tables: &'a [Table], table: &Name) -> Vec<&'a Table> {
    let mut found: Vec<&Table> = Vec::new();
    let mut next = 0;
    let mut above = table;
    loop {
        found.extend(tables.iter().filter(|child| parents(child).any(|parent| parent.name == *above)));
        let Some(child) = found.get(next) else { return found };
        above = &child.name;
        next += 1;
    }
}

fn dedup(mut needs: Vec<Address>) -> Vec<Address> {
    needs.sort();
    needs.dedup();
    needs
}
