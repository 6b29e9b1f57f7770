//! How heal creates what a statement defines, and what it attaches to objects: comments and row security.

use crate::ddl::{Action, set_firing};
use crate::diff::{Aspect, Difference, Object};
use crate::model::{Address, Column, Comment, Definition, Firing, Table};
use crate::plan::context::Context;
use crate::plan::parts;
use crate::plan::step::Work;
use crate::quote::ident;

/// Who acts where an object has no owner.
const NOBODY: &str = "pg_database_owner";

/// The statement, what completes it, when it fires, and what the public may not do with it: all in one step, so that no
/// half of it is ever there.
pub(super) fn create_definition(definition: &Definition, context: &Context) -> Work {
    let mut sql = definition.sql();
    if definition.filled == Some(false) {
        sql.push_str(" WITH NO DATA");
    }
    let mut actions = vec![Action::Define { sql }];
    actions.extend(definition.more.iter().map(|sql| Action::Complete { sql: sql.clone() }));
    let firing = definition.state.filter(|state| *state != Firing::Enabled);
    let firing = firing.and_then(|firing| set_firing(definition, firing));
    actions.extend(firing.map(|statement| Action::SetFiring { statement }));
    actions.extend(parts::firing_below(definition, context));
    let mut needs: Vec<Address> =
        definition.name.iter().flat_map(|name| context.needed_schema(&name.schema)).collect();
    needs.extend(
        context.only_missing(definition.of.iter().map(|of| Address::new(&of.object_type, &of.identity))),
    );
    let detail = (definition.filled == Some(true)).then(|| "filled by running its query".to_string());
    Work { detail, ..Work::new(actions, owner(definition, context), needs) }
}

/// Something that somebody has switched off fires again, if nothing else differs.
pub(super) fn let_fire(
    definition: &Definition,
    differences: &[Difference],
    context: &Context,
) -> Option<Work> {
    let live = context
        .live
        .definitions
        .iter()
        .find(|live| live.kind == definition.kind && live.identity == definition.identity)?;
    let only_state = differences.iter().all(|difference| difference.what == Aspect::State);
    if !only_state || live.state != Some(Firing::Disabled) {
        return None;
    }
    let statement = set_firing(definition, definition.state?)?;
    let actions = vec![Action::SetFiring { statement }];
    let detail = Some(format!("somebody had disabled this {}", definition.kind.as_str()));
    Some(Work { detail, ..Work::new(actions, owner(live, context), Vec::new()) })
}

pub(super) fn enable_row_security(table: &Table, force: bool, context: &Context) -> Work {
    let actions = vec![Action::EnableRowSecurity { table: table.name.clone(), force }];
    let detail = if force { "its policies hold for its owner again" } else { "its policies hold again" };
    Work { detail: Some(detail.to_string()), ..Work::new(actions, context.owner_of(&table.name), Vec::new()) }
}

pub(super) fn comment(comment: &Comment, context: &Context) -> Work {
    let Comment { object_type, identity, on, text, of } = comment;
    let owner = of
        .iter()
        .map(|of| (of.object_type.as_str(), of.identity.as_str()))
        .chain([(object_type.as_str(), identity.as_str())])
        .find_map(|(object_type, identity)| context.owner_of_object(object_type, identity))
        .or_else(|| {
            let mut extensions = context.live.extensions.iter().filter(|_| object_type == "extension");
            extensions.find(|extension| extension.identity == *identity).map(|of| of.owner.clone())
        });
    let own = Address::new(object_type, identity);
    let not_null = not_null_of(comment, context);
    let differing =
        not_null.iter().chain([&own]).filter(|address| context.is_changed(address)).cloned().collect();
    let needs = context.only_missing(of.iter().cloned().chain([own]).chain(not_null));
    let actions = vec![Action::Comment { on: on.clone(), text: text.clone() }];
    Work { differing, ..Work::new(actions, owner.unwrap_or_else(|| NOBODY.to_string()), needs) }
}

/// The NOT NULL that a comment is on, which is a constraint of its own since PostgreSQL 18, and its column.
fn not_null_of(comment: &Comment, context: &Context) -> Vec<Address> {
    let table = comment
        .of
        .as_ref()
        .and_then(|of| context.expected.tables.iter().find(|table| table.identity == of.identity));
    let Some(table) = table.filter(|_| comment.object_type == "table constraint") else { return Vec::new() };
    let name = comment.identity.strip_suffix(&format!(" on {}", table.identity)).unwrap_or_default();
    let is_named = |column: &&Column| {
        let own = column.not_null.as_ref().and_then(|not_null| not_null.name.as_ref());
        own.is_some_and(|own| own == name || ident(own) == name)
    };
    let column = table.columns.iter().find(is_named);
    let addresses = column.map(|column| [Object::NotNull(table, column), Object::Column(table, column)]);
    addresses.into_iter().flatten().map(|object| object.address()).collect()
}

fn owner(definition: &Definition, context: &Context) -> String {
    let of = definition.of.as_ref();
    definition
        .owner
        .clone()
        .or_else(|| of.and_then(|of| context.owner_of_object(&of.object_type, &of.identity)))
        .unwrap_or_else(|| NOBODY.to_string())
}
