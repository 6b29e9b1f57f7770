//! What stands in the way of a step that would only add: each obstacle is a sentence and, where there is a better way
//! than the step, that way as SQL.

use crate::ddl::{Action, alter, column_sql, script, set_not_null};
use crate::diff::{Object, join};
use crate::model::{
    Address, Column, Constraint, ConstraintKind, Definition, DefinitionKind, Extension, Grant, Name, Table,
};
use crate::plan::context::{Context, size};
use crate::plan::indexes::begun_key;
use crate::plan::limits;
use crate::plan::renames::{renamed, twin};
use crate::plan::step::{Obstacle, Work};
use crate::plan::tables::{Filling, filling, rewrites};
use crate::quote::{bare_literal, ident};

/// The first thing that stands in the way.
pub(super) fn obstacle(object: Object, work: &Work, context: &Context) -> Option<Obstacle> {
    let own = match object {
        Object::Constraint(constraint) => other_primary_key(constraint, context),
        // One that is there already only gets an identity.
        Object::Column(..) if !context.is_missing(&object.address()) => None,
        Object::Column(table, column) => no_identity_for_children(table, column, context)
            .or_else(|| limits::of_column(table, column, context))
            .or_else(|| rows_in_the_way(table, column, context)),
        Object::Table(table) => place_taken(table, context).or_else(|| lacks_secret(table)),
        Object::Definition(definition) => {
            of_definition(definition).or_else(|| begun_elsewhere(definition, context))
        }
        Object::Extension(extension) => member_of_another(extension, context),
        Object::DomainConstraint(domain, _) => limits::of_domain_check(domain, work, context),
        Object::Index(_)
        | Object::Schema(_)
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
        | Object::Owner(_) => None,
    };
    let twin = twin(object, context).and_then(|twin| twin.obstacle);
    twin.or_else(|| name_taken(object, work, context))
        .or_else(|| renamed(object, context))
        .or(own)
        .or_else(|| new_label_used(work, context))
}

fn other_primary_key(constraint: &Constraint, context: &Context) -> Option<Obstacle> {
    let is_primary = |other: &&Constraint| {
        other.kind == ConstraintKind::Primary
            && constraint.kind == ConstraintKind::Primary
            && other.table == constraint.table
            && other.identity != constraint.identity
    };
    let other = context.live.constraints.iter().find(is_primary)?;
    Some(Obstacle { reason: format!("the table has another primary key, {}", other.identity), remedy: None })
}

/// Who creates an extension can change the privileges on those of its members alone that are then theirs.
fn member_of_another(extension: &Extension, context: &Context) -> Option<Obstacle> {
    let of = Address::new("extension", &extension.identity);
    let acls = context.expected.acls.iter().filter(|acl| acl.of.as_ref() == Some(&of));
    let (mut others, own): (Vec<_>, Vec<_>) = acls.partition(|acl| acl.owner != extension.owner);
    let granted_by_another = |grant: &Grant| grant.grantor().is_some();
    others.extend(own.into_iter().filter(|acl| acl.grants.iter().any(granted_by_another)));
    let acl = others.first()?;
    Some(Obstacle {
        reason: format!(
            "the migrations changed who may use its member {} {}, which {} cannot do: create it by hand, and let {} \
             grant and revoke",
            acl.object_type, acl.identity, extension.owner, acl.owner
        ),
        remedy: None,
    })
}

/// Options that stand for a secret cannot be given back.
fn lacks_secret(table: &Table) -> Option<Obstacle> {
    let mut options = table.foreign.iter().flat_map(|foreign| &foreign.options);
    options
        .any(|option| option.ends_with("=***"))
        .then(|| Obstacle { reason: SECRET.to_string(), remedy: None })
}

/// The server hands no identity down to children.
fn no_identity_for_children(table: &Table, column: &Column, context: &Context) -> Option<Obstacle> {
    let hindered = column.identity_column.is_some() && context.has_children(&table.name);
    hindered.then(|| Obstacle {
        reason: format!(
            "{} has children, and the server adds an identity column to no such table: detach them for a while",
            table.identity
        ),
        remedy: None,
    })
}

/// Another partition has the place of this one: it may be this one, under another name.
fn place_taken(table: &Table, context: &Context) -> Option<Obstacle> {
    table.partition_of.as_ref()?;
    let same_place = |live: &&Table| live.name != table.name && live.partition_of == table.partition_of;
    let live = context.live.tables.iter().find(same_place)?;
    Some(Obstacle {
        reason: format!("{} has its place among the partitions: is that its new name?", live.identity),
        remedy: Some(alter(&live.name, &format!("RENAME TO {}", ident(&table.name.name)))),
    })
}

const SECRET: &str = "its options hold a secret, which drift and heal never read: create it by hand";

/// A statement that lacks a secret, or that needs something which needs it.
fn of_definition(definition: &Definition) -> Option<Obstacle> {
    match definition.kind {
        DefinitionKind::Type if definition.def.contains("CANONICAL = ") => Some(Obstacle {
            reason:
                "its canonical function and it need each other: create the name, heal, then create the type"
                    .to_string(),
            remedy: Some(format!(
                "CREATE {};\n-- nself_heal(true) creates the function, then\n{}",
                definition.sql_name, definition.def
            )),
        }),
        DefinitionKind::ForeignDataWrapper | DefinitionKind::Server | DefinitionKind::UserMapping => {
            definition.def.contains("***").then(|| Obstacle { reason: SECRET.to_string(), remedy: None })
        }
        _ => None,
    }
}

/// The first function of a base type makes its name known, by being created. Where that one is there, for the type under
/// another name, the others cannot be created.
fn begun_elsewhere(function: &Definition, context: &Context) -> Option<Obstacle> {
    let own = Address::new(function.kind.as_str(), &function.identity);
    let is_there = |need: &&Address| need.object_type == "function" && !context.is_missing(need);
    let of_missing_types = context.expected.dependencies.iter().filter(|of| {
        of.object_type == "type"
            && of.needs.contains(&own)
            && context.is_missing(&Address::new("type", &of.identity))
    });
    of_missing_types.into_iter().find_map(|of| {
        let makes = format!("RETURNS {}\n", of.identity);
        let begins = |need: &&Address| {
            let mut functions = context.expected.definitions.iter();
            functions.any(|function| function.identity == need.identity && function.def.contains(&makes))
        };
        let begun = of.needs.iter().filter(is_there).find(begins)?;
        Some(Obstacle {
            reason: format!(
                "type {} is missing, and {begun}, which would make its name known, is there",
                of.identity
            ),
            remedy: None,
        })
    })
}

/// Rows that have no value for the column, or that would all have to be written again.
fn rows_in_the_way(table: &Table, column: &Column, context: &Context) -> Option<Obstacle> {
    if !context.has_rows(&table.identity) {
        return None;
    }
    if context.refuses_null(column) && !context.fills_itself(column) {
        return Some(no_value(table, column));
    }
    let bytes = context.bytes(&table.identity);
    if rewrites(column, context) && bytes.is_none_or(|bytes| bytes >= context.options.rewrite_limit) {
        let in_parts = can_be_filled_later(column, context);
        let way_out = if in_parts {
            "add it empty, then fill it in batches"
        } else {
            "do it when nobody needs the table"
        };
        return Some(Obstacle {
            reason: format!(
                "it would rewrite {} ({}), and the limit for that is {}: {way_out}",
                table.identity,
                size(bytes),
                size(Some(context.options.rewrite_limit)),
            ),
            remedy: in_parts.then(|| in_parts_by_hand(table, column)),
        });
    }
    None
}

/// A column that refuses NULL itself can do so later; one whose type does needs a value from the start.
fn no_value(table: &Table, column: &Column) -> Obstacle {
    if column.not_null.is_some() {
        return Obstacle {
            reason: format!(
                "{} has rows, and the column accepts no NULL and has no default: add it nullable, fill it, then set \
                 NOT NULL",
                table.identity
            ),
            remedy: Some(in_parts_by_hand(table, column)),
        };
    }
    let add = format!("ADD COLUMN {} DEFAULT …", column_sql(column));
    Obstacle {
        reason: format!(
            "{} has rows, and {} accepts no NULL and has no default: add the column with a default",
            table.identity, column.type_name
        ),
        remedy: Some(alter(&table.name, &add)),
    }
}

/// Whether the rows can get their values after the column was added. An identity and a computed value come with the
/// column, and a domain's checks look at every row at once.
fn can_be_filled_later(column: &Column, context: &Context) -> bool {
    !column.constrained_domain
        && match filling(column, context) {
            Filling::Identity | Filling::Computed { .. } => false,
            Filling::Nothing | Filling::Constant | Filling::Stable | Filling::Volatile => true,
        }
}

/// Adds the column empty, fills it, then tightens it.
fn in_parts_by_hand(table: &Table, column: &Column) -> String {
    let empty = Column { default: None, not_null: None, ..column.clone() };
    let (name, quoted) = (&table.name, ident(&column.name));
    let value = column.default.as_deref().unwrap_or("…");
    let add = alter(name, &format!("ADD COLUMN {}", column_sql(&empty)));
    let default = column
        .default
        .iter()
        .map(|default| alter(name, &format!("ALTER COLUMN {quoted} SET DEFAULT {default}")));
    let fill = format!("-- in batches:\nUPDATE {} SET {quoted} = {value} WHERE {quoted} IS NULL", name.sql());
    let not_null = column.not_null.iter().map(|not_null| alter(name, &set_not_null(&column.name, not_null)));
    script([add].into_iter().chain(default).chain([fill]).chain(not_null))
}

/// Tables, indexes, sequences and views share one name space, tables and types another.
fn name_taken(object: Object, work: &Work, context: &Context) -> Option<Obstacle> {
    let is_there = match object {
        Object::Index(index) => context.live.indexes.iter().any(|live| live.identity == index.identity),
        Object::Constraint(constraint) => {
            !is_new(constraint, context) || begun_key(constraint, context).is_some()
        }
        // One that comes with its table or column is there after that.
        Object::Sequence(_) => true,
        _ => false,
    };
    let own = if is_there { Vec::new() } else { relations_made(object) };
    let along = work.actions.iter().filter_map(|action| match action {
        Action::CreateSequence { name, .. } => Some(name.clone()),
        _ => None,
    });
    let is_type = match object {
        Object::Enum(_) | Object::Domain(_) | Object::Composite(_) | Object::Table(_) => true,
        Object::Definition(definition) => definition.is_view() || definition.kind == DefinitionKind::Type,
        _ => false,
    };
    let relation = own.into_iter().chain(along).find_map(|name| context.facts.relations.get(&name));
    let taken = relation
        .cloned()
        .or_else(|| Some(object.identity()).filter(|name| is_type && live_type(name, context).is_some()))?;
    let by =
        live_relation(&taken, context).or_else(|| live_type(&taken, context)).unwrap_or("another relation");
    Some(Obstacle {
        reason: format!("the name {taken} is taken by {by}"),
        remedy: Some("-- rename what has the name, or the object in a migration".to_string()),
    })
}

/// The names of the relations that come into being with an object.
pub(super) fn relations_made(object: Object) -> Vec<Name> {
    let of_identity = |column: &Column| column.identity_column.as_ref().map(|of| of.sequence.clone());
    match object {
        Object::Composite(composite) => vec![composite.name.clone()],
        Object::Sequence(sequence) => vec![sequence.name.clone()],
        Object::Table(table) => {
            [table.name.clone()].into_iter().chain(table.columns.iter().filter_map(of_identity)).collect()
        }
        Object::Column(_, column) => of_identity(column).into_iter().collect(),
        Object::Index(index) => vec![index.name.clone()],
        Object::Constraint(constraint) if constraint.kind.is_key() => {
            vec![Name { schema: constraint.table.schema.clone(), name: constraint.name.clone() }]
        }
        Object::Definition(definition) if definition.is_view() => definition.name.iter().cloned().collect(),
        Object::Definition(_)
        | Object::Constraint(_)
        | Object::Schema(_)
        | Object::Extension(_)
        | Object::Enum(_)
        | Object::Domain(_)
        | Object::EnumValue(..)
        | Object::DomainConstraint(..)
        | Object::Default(..)
        | Object::NotNull(..)
        | Object::RowSecurity(_)
        | Object::ForcedRowSecurity(_)
        | Object::Grant(_)
        | Object::Comment(_)
        | Object::Owner(_) => Vec::new(),
    }
}

/// Whether the constraint itself is still to be created, and not only to be validated.
fn is_new(constraint: &Constraint, context: &Context) -> bool {
    context.is_missing(&Object::Constraint(constraint).address())
}

fn live_relation(identity: &str, context: &Context) -> Option<&'static str> {
    let live = context.live;
    let is = |other: &String| other == identity;
    if live.tables.iter().any(|table| is(&table.identity)) {
        Some("a table")
    } else if live.sequences.iter().any(|sequence| is(&sequence.identity)) {
        Some("a sequence")
    } else if live.indexes.iter().any(|index| is(&index.identity)) {
        Some("an index")
    } else if live.composites.iter().any(|composite| is(&composite.identity)) {
        Some("a type")
    } else {
        live_view(identity, context)
    }
}

fn live_view(identity: &str, context: &Context) -> Option<&'static str> {
    let named = |definition: &&Definition| definition.identity == identity;
    context.live.definitions.iter().filter(named).find_map(|definition| match definition.kind {
        DefinitionKind::View => Some("a view"),
        DefinitionKind::MaterializedView => Some("a materialized view"),
        _ => None,
    })
}

fn live_type(identity: &str, context: &Context) -> Option<&'static str> {
    let live = context.live;
    let is = |other: &String| other == identity;
    if live.tables.iter().any(|table| is(&table.identity)) {
        Some("a table")
    } else if live.enums.iter().any(|of| is(&of.identity))
        || live.domains.iter().any(|domain| is(&domain.identity))
        || live.composites.iter().any(|composite| is(&composite.identity))
        || live.definitions.iter().any(|of| of.kind == DefinitionKind::Type && is(&of.identity))
    {
        Some("a type")
    } else {
        live_view(identity, context)
    }
}

/// A label that was added in a transaction cannot be used in it. Texts that the server printed name a label's type.
fn new_label_used(work: &Work, context: &Context) -> Option<Obstacle> {
    let texts: Vec<String> = work
        .actions
        .iter()
        .map(Action::sql)
        .chain(work.checks.iter().map(|check| check.count.clone()))
        .collect();
    let used = |(identity, label): &(&String, &str)| {
        let plain = format!("{}::{identity}", bare_literal(label));
        let array = format!("::{identity}[]");
        texts.iter().any(|text| text.contains(&plain) || text.contains(&array) && text.contains(label))
    };
    let labels: Vec<String> = context
        .new_labels()
        .map(|(of, label)| (&of.identity, label))
        .filter(used)
        .map(|(identity, label)| format!("{} of {identity}", bare_literal(label)))
        .collect();
    (!labels.is_empty()).then(|| Obstacle {
        reason: format!(
            "waits for the new label {}, which can be used once it is committed: run nself_heal again after commit",
            join(labels)
        ),
        remedy: None,
    })
}
