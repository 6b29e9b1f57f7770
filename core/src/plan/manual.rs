//! What heal never does, told to a person: why, and which SQL would do it. These texts are read, never run.

use std::collections::BTreeSet;

use crate::ddl::{
    ColumnSetting, Granting, alter, attach_partition, attribute_sql, column_sql, identity_sql, numbers_sql,
    options_sql, replica_identity, script, set_firing, set_not_null,
};
use crate::diff::{Aspect, Difference, Object, Privileges};
use crate::model::{
    Acl, Address, Column, Composite, Constraint, ConstraintKind, Definition, DefinitionKind, Domain, Firing,
    Generated, Grant, NotNull, Sequence, Table,
};
use crate::plan::consequence;
use crate::plan::context::Context;
use crate::plan::step::Verdict;
use crate::plan::{enforcement, stored};
use crate::quote::{bare_literal, ident};

/// Of an object that nobody expects, for a reason that is known better, or for the usual one.
pub(super) fn extra(object: Object, reason: Option<String>, context: &Context) -> (Verdict, String) {
    let usual = match object {
        Object::Grant(_) => "no migration grants it: write one that does, or revoke it by hand",
        Object::RowSecurity(_) | Object::ForcedRowSecurity(_) => {
            "no migration switches it on: write one that does, or switch it off by hand"
        }
        _ => "no migration creates it: write one that does, or remove it by hand",
    };
    (Verdict::Manual { reason: reason.unwrap_or_else(|| usual.to_string()) }, removal(object, context))
}

/// Of an object that is not what it should be.
pub(super) fn changed(
    expected: Object,
    live: Object,
    differences: &[Difference],
    context: &Context,
) -> (Verdict, String) {
    let meant: Vec<Vec<String>> =
        differences.iter().map(|difference| consequence::of(expected, live, difference)).collect();
    let is_meant = |(_, meant): &(&Difference, &Vec<String>)| !meant.is_empty();
    let aspects: Vec<Aspect> = differences
        .iter()
        .zip(&meant)
        .filter(|pair| !is_meant(pair))
        .map(|(difference, _)| difference.what)
        .collect();
    let differs = differs(&aspects);
    let said: Vec<String> = meant.into_iter().flatten().chain(differs).collect();
    let mut reason = format!("{}: heal adds what is missing, it never alters what is there", said.join("; "));
    let mut advice: Vec<String> =
        differences.iter().map(|difference| change(expected, live, difference.what, context)).collect();
    if let (Object::Constraint(expected), Object::Constraint(live)) = (expected, live)
        && differences.iter().any(|difference| difference.what == Aspect::Enforcement)
    {
        reason.push_str(&enforcement::warning(expected, live, context));
        advice.extend(enforcement::remedy(expected, live, context));
    }
    // One statement can settle two aspects.
    advice.dedup();
    advice.retain(|statement| !statement.is_empty());
    (Verdict::Manual { reason }, script(advice))
}

/// `its type differs`; nothing if all that differs is told in other words.
fn differs(aspects: &[Aspect]) -> Option<String> {
    match aspects {
        [] => None,
        [one] if one.is_plural() => Some(format!("its {} differ", one.as_str())),
        [one] => Some(format!("its {} differs", one.as_str())),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(|aspect| aspect.as_str()).collect();
            Some(format!("its {} and {} differ", first.join(", "), last.as_str()))
        }
    }
}

/// SQL that removes an object.
fn removal(object: Object, context: &Context) -> String {
    match object {
        Object::Schema(schema) => format!("DROP SCHEMA {}", ident(&schema.name)),
        Object::Extension(extension) => format!("DROP EXTENSION {}", ident(&extension.name)),
        Object::Enum(of) => format!("DROP TYPE {}", of.name.sql()),
        Object::EnumValue(of, _) => {
            format!(
                "-- a label cannot be removed: create {} anew and convert the columns of that type",
                of.identity
            )
        }
        Object::Domain(domain) => format!("DROP DOMAIN {}", domain.name.sql()),
        Object::DomainConstraint(domain, check) => {
            format!("ALTER DOMAIN {} DROP CONSTRAINT {}", domain.name.sql(), ident(&check.name))
        }
        Object::Composite(composite) => format!("DROP TYPE {}", composite.name.sql()),
        Object::Sequence(sequence) => format!("DROP SEQUENCE {}", sequence.name.sql()),
        Object::Table(table) if table.foreign.is_some() => format!("DROP FOREIGN TABLE {}", table.name.sql()),
        Object::Table(table) => format!("DROP TABLE {}", table.name.sql()),
        Object::Column(table, column) => alter(&table.name, &format!("DROP COLUMN {}", ident(&column.name))),
        Object::Default(table, column) => alter_column(table, column, "DROP DEFAULT"),
        Object::NotNull(table, column) => alter_column(table, column, "DROP NOT NULL"),
        Object::Constraint(constraint) if was_taken_out(constraint, context) => {
            format!("-- attach {} first: what it has of its table goes with that", constraint.table_identity)
        }
        Object::Constraint(constraint) => {
            let hanging = stored::hanging_on(constraint, context).into_iter();
            let said = hanging.map(|of| format!("-- {} hangs on it, and has to go before", of.identity));
            script(said.chain([stored::drop_constraint(constraint)]))
        }
        Object::Index(index) if index.parent.is_some() => stored::stays_attached(index),
        Object::Index(index) => format!("DROP INDEX {}", index.name.sql()),
        Object::Definition(definition) => drop_definition(definition),
        Object::RowSecurity(table) => alter(&table.name, "DISABLE ROW LEVEL SECURITY"),
        Object::ForcedRowSecurity(table) => alter(&table.name, "NO FORCE ROW LEVEL SECURITY"),
        Object::Grant(privileges) => revoke(privileges),
        Object::Comment(comment) => format!("COMMENT ON {} IS NULL", comment.on),
        // Owners differ, they are never extra.
        Object::Owner(_) => String::new(),
    }
}

/// Whether it is a foreign key of a partition that was taken out: it may be what is left of its table's.
fn was_taken_out(constraint: &Constraint, context: &Context) -> bool {
    let is_partition = |table: Option<&Table>| table.is_some_and(|table| table.partition_of.is_some());
    constraint.kind == ConstraintKind::Foreign
        && is_partition(context.expected_table(&constraint.table))
        && !is_partition(context.live_table(&constraint.table))
}

fn drop_definition(definition: &Definition) -> String {
    match (definition.kind, definition.identity.split_once(" in publication ")) {
        (DefinitionKind::PublicationRelation, Some((table, publication))) => {
            format!("ALTER PUBLICATION {publication} DROP TABLE {table}")
        }
        (DefinitionKind::PublicationNamespace, Some((schema, publication))) => {
            format!("ALTER PUBLICATION {publication} DROP TABLES IN SCHEMA {schema}")
        }
        _ => format!("DROP {}", definition.sql_name),
    }
}

/// SQL that takes privileges away, or only the right to hand them on where the other side has them without.
pub(super) fn revoke(privileges: Privileges) -> String {
    let acl = privileges.acl;
    let (options, whole): (Vec<_>, Vec<_>) =
        privileges.grants().partition(|grant| privileges.only_the_option(grant));
    let statement = |grants: &[&Grant], grantable| {
        let revoke = |granting| Granting { grantable, ..granting }.revoke();
        in_name_of_grantors(acl, (privileges.grantee, &acl.owner), grants, revoke)
    };
    script([statement(&whole, false), statement(&options, true)].into_iter().filter(|sql| !sql.is_empty()))
}

/// Statements on privileges, each run by who granted them: whoever else runs one speaks for the owner, and of what the owner
/// granted.
pub(super) fn in_name_of_grantors(
    acl: &Acl,
    (grantee, owner): (&str, &str),
    grants: &[&Grant],
    sql: impl Fn(Granting) -> String,
) -> String {
    const OWNER: &str = "";
    let grantors = |grant: &Grant| match grant.grantors.is_empty() {
        true => vec![OWNER.to_string()],
        false => grant.grantors.clone(),
    };
    // The owner comes first.
    let roles: BTreeSet<String> = grants.iter().flat_map(|grant| grantors(grant)).collect();
    let mut statements = Vec::new();
    for role in &roles {
        let own: Vec<&Grant> =
            grants.iter().copied().filter(|grant| grantors(grant).contains(role)).collect();
        statements.extend((role != OWNER).then(|| format!("SET ROLE {}", ident(role))));
        statements.extend(Granting::of(acl, grantee, owner, &own).into_iter().map(&sql));
    }
    statements.extend(roles.iter().any(|role| role != OWNER).then(|| "RESET ROLE".to_string()));
    script(statements)
}

/// SQL that lets those grant that are to have granted, and then takes back what others did: who granted it is who runs it.
fn grant_by_others(expected: Privileges, live: Privileges) -> String {
    let as_grantors = |of: Privileges, grant: &Grant, other: &Grant, sql: fn(&Granting) -> String| {
        let owner = || vec![String::new()];
        let grantors = |grant: &Grant| match grant.grantors.is_empty() {
            true => owner(),
            false => grant.grantors.clone(),
        };
        let others = grantors(other);
        let only_here = grantors(grant).into_iter().filter(move |role| !others.contains(role));
        let statements = Granting::of(of.acl, of.grantee, &of.acl.owner, &[grant]);
        let statements: Vec<String> = statements.iter().map(sql).collect();
        let owner = of.acl.owner.clone();
        only_here.flat_map(move |role| {
            let role = if role.is_empty() { owner.clone() } else { role };
            [format!("SET ROLE {}", ident(&role))].into_iter().chain(statements.clone())
        })
    };
    let given = expected
        .granted_by_others()
        .flat_map(|(grant, other)| as_grantors(expected, grant, other, Granting::grant));
    let taken = live.granted_by_others().flat_map(|(grant, other)| {
        // The whole privilege, not only the right to hand it on.
        as_grantors(live, grant, other, |granting| Granting { grantable: false, ..granting.clone() }.revoke())
    });
    script(given.chain(taken).chain(["RESET ROLE".to_string()]))
}

/// SQL that brings one aspect of an object to the expected state.
fn change(expected: Object, live: Object, what: Aspect, context: &Context) -> String {
    match (expected, live) {
        (Object::Extension(expected), Object::Extension(live)) if what == Aspect::Members => {
            let statement = |verb: &str, member: &Address| {
                let object_type = member.object_type.to_uppercase();
                format!("ALTER EXTENSION {} {verb} {object_type} {}", ident(&expected.name), member.identity)
            };
            let drop = live.beyond(expected).into_iter().map(|member| statement("DROP", member));
            let add = expected.beyond(live).into_iter().map(|member| statement("ADD", member));
            script(drop.chain(add))
        }
        (Object::Extension(extension), _) => {
            format!("ALTER EXTENSION {} SET SCHEMA {}", ident(&extension.name), ident(&extension.schema))
        }
        (Object::Enum(of), _) => {
            format!(
                "-- labels cannot be moved: create {} anew and convert the columns of that type",
                of.identity
            )
        }
        (Object::Domain(expected), Object::Domain(live)) => change_domain(expected, live, what),
        (Object::DomainConstraint(domain, check), _) => {
            let (domain, name) = (domain.name.sql(), ident(&check.name));
            let not_valid = if check.validated { "" } else { " NOT VALID" };
            script([
                format!("ALTER DOMAIN {domain} DROP CONSTRAINT {name}"),
                format!("ALTER DOMAIN {domain} ADD CONSTRAINT {name} {}{not_valid}", check.def),
            ])
        }
        (Object::Composite(expected), Object::Composite(live)) => change_attributes(expected, live),
        (Object::Sequence(sequence), _) => change_sequence(sequence, what),
        (Object::Table(expected), Object::Table(live)) => change_table(expected, live, what),
        (Object::Column(table, expected), Object::Column(_, live)) => {
            change_column(table, expected, live, what, context)
        }
        (Object::Default(table, column), _) => set_default(table, column),
        (Object::NotNull(table, expected), Object::NotNull(_, live)) => {
            change_not_null(table, expected, live.not_null.as_ref(), what)
        }
        (Object::Definition(expected), Object::Definition(live)) => change_definition(expected, live, what),
        (Object::Comment(comment), _) => {
            format!("COMMENT ON {} IS {}", comment.on, bare_literal(&comment.text))
        }
        (Object::Owner(expected), _) => expected.sql(),
        (Object::Constraint(expected), Object::Constraint(live)) => {
            stored::change_constraint(expected, live, what, context)
        }
        (Object::Grant(expected), Object::Grant(live)) => grant_by_others(expected, live),
        (Object::Index(expected), Object::Index(live)) => stored::change_index(expected, live, what, context),
        // These are there or not, or are compared with their like only.
        (
            Object::Schema(_)
            | Object::EnumValue(..)
            | Object::NotNull(..)
            | Object::Domain(_)
            | Object::Composite(_)
            | Object::Table(_)
            | Object::Column(..)
            | Object::Constraint(_)
            | Object::Index(_)
            | Object::Definition(_)
            | Object::RowSecurity(_)
            | Object::ForcedRowSecurity(_)
            | Object::Grant(_),
            _,
        ) => String::new(),
    }
}

fn change_not_null(table: &Table, expected: &Column, live: Option<&NotNull>, what: Aspect) -> String {
    let (Some(wanted), Some(live)) = (&expected.not_null, live) else { return String::new() };
    match (what, &live.name, &wanted.name) {
        (Aspect::Name, Some(from), Some(to)) => {
            alter(&table.name, &format!("RENAME CONSTRAINT {} TO {}", ident(from), ident(to)))
        }
        (Aspect::Validity, Some(name), _) => {
            alter(&table.name, &format!("VALIDATE CONSTRAINT {}", ident(name)))
        }
        _ => script([
            alter_column(table, expected, "DROP NOT NULL"),
            alter(&table.name, &set_not_null(&expected.name, wanted)),
        ]),
    }
}

/// Kinds that can be replaced keep what depends on them.
fn change_definition(expected: &Definition, live: &Definition, what: Aspect) -> String {
    if what == Aspect::State {
        let statement = expected.state.and_then(|state| set_firing(expected, state));
        return statement.unwrap_or_default();
    }
    if what == Aspect::Options {
        // Said by the statement that makes it anew, where there is one.
        let same = expected.def == live.def;
        let changes = stored::parameters(&expected.parameters, &live.parameters).filter(|_| same);
        return script(changes.map(|what| format!("ALTER {} {what}", expected.sql_name)));
    }
    let replaced = expected.sql().replacen("CREATE ", "CREATE OR REPLACE ", 1);
    let (create, replaces) = match expected.kind {
        _ if expected.def == live.def && what != Aspect::References => (Vec::new(), true),
        // The server replaces no constraint trigger.
        DefinitionKind::Trigger if expected.def.starts_with("CREATE CONSTRAINT ") => {
            (vec![drop_definition(live), expected.sql()], false)
        }
        DefinitionKind::View
        | DefinitionKind::Rule
        | DefinitionKind::Function
        | DefinitionKind::Procedure
        | DefinitionKind::Aggregate
        | DefinitionKind::Trigger => (vec![replaced], true),
        // Its tables stay in it.
        DefinitionKind::Publication => match expected.def.split_once(" WITH ") {
            Some((head, options)) if live.def.starts_with(&format!("{head} WITH ")) => {
                (vec![format!("ALTER {} SET {options}", expected.sql_name)], true)
            }
            _ => (vec![drop_definition(live), expected.sql()], false),
        },
        _ => (vec![drop_definition(live), expected.sql()], false),
    };
    let is_new = !create.is_empty();
    let more = expected.more.iter().filter(|statement| is_new || !live.more.contains(statement));
    let gone = live.more.iter().filter(|statement| !is_new && !expected.more.contains(statement));
    let gone = gone.map(|statement| format!("-- undo: {statement}"));
    // A new trigger or rule fires.
    let firing = expected.state.filter(|state| is_new && *state != Firing::Enabled);
    let firing = firing.and_then(|state| set_firing(expected, state));
    let all: Vec<String> = create.into_iter().chain(gone).chain(more.cloned()).chain(firing).collect();
    // What guards rows must not be away for a moment.
    let guards = matches!(expected.kind, DefinitionKind::Trigger | DefinitionKind::Policy);
    if guards && !replaces { stored::at_once(all) } else { script(all) }
}

fn change_domain(domain: &Domain, live: &Domain, what: Aspect) -> String {
    let name = domain.name.sql();
    if let (Aspect::Name, Some(from), Some(to)) = (what, &live.not_null_name, &domain.not_null_name) {
        return format!("ALTER DOMAIN {name} RENAME CONSTRAINT {} TO {}", ident(from), ident(to));
    }
    match (what, &domain.default, domain.not_null) {
        (Aspect::Default, Some(default), _) => format!("ALTER DOMAIN {name} SET DEFAULT {default}"),
        (Aspect::Default, None, _) => format!("ALTER DOMAIN {name} DROP DEFAULT"),
        (Aspect::NotNull, _, true) => format!("ALTER DOMAIN {name} SET NOT NULL"),
        (Aspect::NotNull, _, false) => format!("ALTER DOMAIN {name} DROP NOT NULL"),
        _ => format!(
            "-- create {} anew as {} and convert the columns of that type",
            domain.identity, domain.base_type
        ),
    }
}

fn change_attributes(expected: &Composite, live: &Composite) -> String {
    let find = |of: &Composite, name: &str| of.attributes.iter().find(|other| other.name == name).cloned();
    let mut changes = Vec::new();
    for attribute in &expected.attributes {
        match find(live, &attribute.name) {
            None => changes.push(format!("ADD ATTRIBUTE {}", attribute_sql(attribute))),
            Some(other) if other != *attribute => {
                let collation =
                    attribute.collation.iter().map(|name| format!(" COLLATE {name}")).collect::<String>();
                let (name, type_name) = (ident(&attribute.name), &attribute.type_name);
                changes.push(format!("ALTER ATTRIBUTE {name} TYPE {type_name}{collation}"));
            }
            Some(_) => {}
        }
    }
    let extra = live.attributes.iter().filter(|attribute| find(expected, &attribute.name).is_none());
    changes.extend(extra.map(|attribute| format!("DROP ATTRIBUTE {}", ident(&attribute.name))));
    if changes.is_empty() {
        return format!("-- attributes cannot be moved: create {} anew", expected.identity);
    }
    script(changes.into_iter().map(|change| format!("ALTER TYPE {} {change}", expected.name.sql())))
}

fn change_sequence(sequence: &Sequence, what: Aspect) -> String {
    let name = sequence.name.sql();
    match (what, &sequence.owned_by) {
        (Aspect::Persistence, _) => format!("ALTER SEQUENCE {name} SET {}", persistence(sequence.unlogged)),
        (Aspect::OwnedBy, Some(owner)) => {
            format!("ALTER SEQUENCE {name} OWNED BY {}.{}", owner.table.sql(), ident(&owner.column))
        }
        (Aspect::OwnedBy, None) => format!("ALTER SEQUENCE {name} OWNED BY NONE"),
        _ => format!(
            "ALTER SEQUENCE {name} AS {} {}",
            sequence.numbers.data_type,
            numbers_sql(&sequence.numbers)
        ),
    }
}

fn change_table(expected: &Table, live: &Table, what: Aspect) -> String {
    match what {
        Aspect::Persistence => alter(&expected.name, &format!("SET {}", persistence(expected.unlogged))),
        Aspect::Partition => {
            let detach = live
                .partition_of
                .iter()
                .map(|of| alter(&of.parent.name, &format!("DETACH PARTITION {}", expected.name.sql())));
            let attach = expected
                .partition_of
                .iter()
                .map(|of| attach_partition(&of.parent.name, &expected.name, &of.bound));
            script(detach.chain(attach))
        }
        Aspect::Parents => {
            let gone = live.inherits.iter().filter(|parent| !expected.inherits.contains(parent));
            let new = expected.inherits.iter().filter(|parent| !live.inherits.contains(parent));
            let gone = gone.map(|parent| alter(&expected.name, &format!("NO INHERIT {}", parent.name.sql())));
            script(
                gone.chain(
                    new.map(|parent| alter(&expected.name, &format!("INHERIT {}", parent.name.sql()))),
                ),
            )
        }
        Aspect::ReplicaIdentity => {
            let identity = replica_identity(expected.replica_identity, expected.replica_index.as_deref());
            alter(&expected.name, &format!("REPLICA IDENTITY {identity}"))
        }
        Aspect::ClusterMark => match &expected.clustered_on {
            Some(index) => alter(&expected.name, &format!("CLUSTER ON {}", ident(index))),
            None => alter(&expected.name, "SET WITHOUT CLUSTER"),
        },
        Aspect::Tablespace => {
            let tablespace = expected.tablespace.as_deref().unwrap_or("pg_default");
            alter(&expected.name, &format!("SET TABLESPACE {tablespace}"))
        }
        Aspect::AccessMethod => {
            let method = expected.access_method.as_deref().unwrap_or("heap");
            alter(&expected.name, &format!("SET ACCESS METHOD {method}"))
        }
        Aspect::Parameters => {
            let changes = stored::parameters(&expected.parameters, &live.parameters);
            script(changes.map(|what| alter(&expected.name, &what)))
        }
        Aspect::Foreign => match &expected.foreign {
            Some(foreign) => format!(
                "-- create {} anew on server {}{}",
                expected.identity,
                foreign.server,
                options_sql(&foreign.options)
            ),
            None => format!("-- create {} anew as a table", expected.identity),
        },
        Aspect::RowType => match &expected.of_type {
            Some(of_type) => alter(&expected.name, &format!("OF {of_type}")),
            None => alter(&expected.name, "NOT OF"),
        },
        _ => format!(
            "-- create {} anew and move the rows: a partition key cannot be changed",
            expected.identity
        ),
    }
}

fn change_column(table: &Table, expected: &Column, live: &Column, what: Aspect, context: &Context) -> String {
    match what {
        Aspect::Type | Aspect::Collation => {
            let collation =
                expected.collation.iter().map(|name| format!(" COLLATE {name}")).collect::<String>();
            let (name, type_name) = (ident(&expected.name), &expected.type_name);
            alter_column(table, expected, &format!("TYPE {type_name}{collation} USING {name}::{type_name}"))
        }
        Aspect::Identity => match (&expected.identity_column, &live.identity_column) {
            (Some(identity), None) => {
                let drop = live.default.iter().map(|_| alter_column(table, expected, "DROP DEFAULT"));
                let add = alter_column(table, expected, &format!("ADD {}", identity_sql(identity)));
                let go_on = format!(
                    "SELECT pg_catalog.setval({}, max({})) FROM {}",
                    bare_literal(&identity.sequence.sql()),
                    ident(&expected.name),
                    table.name.sql()
                );
                script(drop.chain([add, go_on]))
            }
            (Some(identity), Some(other)) => {
                let always = if identity.always { "ALWAYS" } else { "BY DEFAULT" };
                script([
                    alter_column(table, expected, &format!("SET GENERATED {always}")),
                    format!("ALTER SEQUENCE {} {}", other.sequence.sql(), numbers_sql(&identity.numbers)),
                ])
            }
            (None, _) => alter_column(table, expected, "DROP IDENTITY"),
        },
        Aspect::Generated | Aspect::References => match &expected.generated {
            Some(generated) if takes_expression(table, generated, live, context) => {
                alter_column(table, expected, &format!("SET EXPRESSION AS ({})", generated.expression))
            }
            Some(_) => script([
                alter(&table.name, &format!("DROP COLUMN {}", ident(&expected.name))),
                alter(&table.name, &format!("ADD COLUMN {}", column_sql(expected))),
            ]),
            None => alter_column(table, expected, "DROP EXPRESSION"),
        },
        Aspect::Storage | Aspect::Compression | Aspect::Statistics => {
            let wanted = ColumnSetting::of(expected).into_iter().find(|setting| match setting {
                ColumnSetting::Storage(_) => what == Aspect::Storage,
                ColumnSetting::Compression(_) => what == Aspect::Compression,
                ColumnSetting::Statistics(_) => what == Aspect::Statistics,
                ColumnSetting::Options(_) => false,
            });
            let back = match what {
                Aspect::Storage => format!("-- set the storage of {} to its type's own", expected.identity),
                Aspect::Compression => alter_column(table, expected, "SET COMPRESSION default"),
                _ => alter_column(table, expected, "SET STATISTICS -1"),
            };
            wanted.map_or(back, |setting| alter_column(table, expected, &setting.sql()))
        }
        Aspect::Options => {
            let changes = stored::parameters(&expected.options, &live.options);
            script(changes.map(|what| alter_column(table, expected, &what)))
        }
        Aspect::FdwOptions => {
            format!("-- give {} the options{}", expected.identity, options_sql(&expected.fdw_options))
        }
        // Beside an identity or a generation a default that is in their way goes with the other statement.
        _ if expected.default.is_none() => String::new(),
        _ => set_default(table, expected),
    }
}

/// Whether the server gives a generated column another expression: since PostgreSQL 17, and where the column has no store only
/// on a table without checks.
fn takes_expression(table: &Table, generated: &Generated, live: &Column, context: &Context) -> bool {
    let is_check = |of: &Constraint| of.kind == ConstraintKind::Check && of.table == table.name;
    let may = generated.stored || !context.live.constraints.iter().any(is_check);
    context.options.server_version >= 170_000
        && may
        && live.generated.as_ref().is_some_and(|live| live.stored == generated.stored)
}

fn set_default(table: &Table, column: &Column) -> String {
    match &column.default {
        Some(default) => alter_column(table, column, &format!("SET DEFAULT {default}")),
        None => alter_column(table, column, "DROP DEFAULT"),
    }
}

fn alter_column(table: &Table, column: &Column, what: &str) -> String {
    alter(&table.name, &format!("ALTER COLUMN {} {what}", ident(&column.name)))
}

fn persistence(unlogged: bool) -> &'static str {
    if unlogged { "UNLOGGED" } else { "LOGGED" }
}
