//! Which texts are settled, and where what was settled is taken over.

use super::*;
use crate::diff::diff;
use crate::model::{DomainCheck, Generated, RelationType, ReplicaIdentity};

fn name() -> Name {
    Name { schema: "public".to_string(), name: "t".to_string() }
}

fn column(name: &str, default: Option<&str>, generated: Option<&str>) -> Column {
    let generated = generated.map(|text| Generated { expression: text.to_string(), stored: true });
    Column {
        identity: format!("public.t.{name}"),
        name: name.to_string(),
        type_name: "text".to_string(),
        collation: None,
        default: default.map(ToString::to_string),
        not_null: None,
        identity_column: None,
        generated,
        inherited: false,
        constrained_domain: false,
        frozen: false,
        sequences: Vec::new(),
        storage: None,
        compression: None,
        statistics: None,
        options: Vec::new(),
        fdw_options: Vec::new(),
    }
}

/// A schema in which every kind of expression is printed as `text`.
fn catalog(text: &str) -> Catalog {
    let table = Table {
        identity: "public.t".to_string(),
        name: name(),
        owner: "planner".to_string(),
        unlogged: false,
        foreign: None,
        access_method: None,
        tablespace: None,
        parameters: Vec::new(),
        replica_identity: ReplicaIdentity::Default,
        replica_index: None,
        clustered_on: None,
        row_security: false,
        force_row_security: false,
        partition_key: Some(format!("LIST ({text})")),
        partition_of: None,
        partition_condition: None,
        inherits: Vec::new(),
        of_type: None,
        columns: vec![column("a", Some(text), None), column("b", None, Some(text))],
    };
    let check = Constraint {
        identity: "c on public.t".to_string(),
        name: "c".to_string(),
        table: name(),
        table_identity: "public.t".to_string(),
        table_type: RelationType::Table,
        kind: ConstraintKind::Check,
        def: format!("CHECK ({text}) NO INHERIT"),
        parameters: Vec::new(),
        tablespace: None,
        switched: Vec::new(),
        validated: true,
        index_valid: true,
        inherited: false,
        columns: Vec::new(),
        expression: Some(text.to_string()),
        key: None,
        references: None,
    };
    let index = Index {
        identity: "public.ix".to_string(),
        name: Name { name: "ix".to_string(), ..name() },
        owner: "planner".to_string(),
        table: name(),
        table_identity: "public.t".to_string(),
        table_type: RelationType::Table,
        def: format!("CREATE INDEX ix ON public.t USING btree (a, {text}) WHERE {text}"),
        parameters: Vec::new(),
        tablespace: None,
        more: Vec::new(),
        unique: false,
        nulls_not_distinct: false,
        parts: vec!["a".to_string(), text.to_string()],
        predicate: Some(text.to_string()),
        valid: true,
        parent: None,
        columns: Vec::new(),
    };
    let exclusion = Constraint {
        identity: "x on public.t".to_string(),
        name: "x".to_string(),
        kind: ConstraintKind::Exclusion,
        def: format!("EXCLUDE USING gist (a WITH &&) WHERE ({text})"),
        ..check.clone()
    };
    let domain = Domain {
        identity: "public.d".to_string(),
        name: Name { name: "d".to_string(), ..name() },
        owner: "planner".to_string(),
        base_type: "text".to_string(),
        collation: None,
        default: None,
        not_null: false,
        not_null_name: None,
        checks: vec![DomainCheck {
            identity: "k on public.d".to_string(),
            name: "k".to_string(),
            def: format!("CHECK ({text})"),
            validated: true,
        }],
    };
    let definition = |kind, identity: &str, def: String| Definition {
        kind,
        identity: identity.to_string(),
        sql_name: String::new(),
        name: Some(name()),
        owner: None,
        of: None,
        def,
        more: Vec::new(),
        shape: None,
        parameters: Vec::new(),
        query: None,
        state: None,
        inherited: false,
        filled: None,
    };
    let view = Definition {
        shape: Some("CREATE VIEW public.v AS ".to_string()),
        query: Some(format!("SELECT {text}")),
        ..definition(DefinitionKind::View, "public.v", format!("CREATE VIEW public.v AS SELECT {text}"))
    };
    let rule = definition(DefinitionKind::Rule, "r on public.t", format!("CREATE RULE r {text}"));
    let function = format!("CREATE FUNCTION f()\nRETURN {text}");
    let function = Definition {
        shape: Some("CREATE FUNCTION f()".to_string()),
        query: Some(format!("SELECT {text}")),
        ..definition(DefinitionKind::Function, "public.f()", function)
    };
    Catalog {
        definitions: vec![view, rule, function],
        domains: vec![domain],
        tables: vec![table],
        constraints: vec![check, exclusion],
        indexes: vec![index],
        ..Catalog::default()
    }
}

#[test]
fn e01_two_forms_of_one_expression_are_settled() {
    let (expected, mut live) = (catalog("(one form)"), catalog("(another form)"));
    let pairs = texts_to_settle(&expected, &live);
    let places: Vec<&Place> = pairs.iter().map(|pair| &pair.place).collect();
    let (a, b) = ("a".to_string(), "b".to_string());
    assert_eq!(
        places,
        [
            &Place::Query,
            &Place::Default { column: a },
            &Place::Generated { column: b },
            &Place::DomainCheck,
            &Place::Check,
            &Place::IndexPredicate,
            &Place::IndexPart,
            &Place::IndexPredicate,
            &Place::Query,
            &Place::Rule,
            &Place::Routine { function: "public.f()".to_string() },
        ]
    );
    assert_eq!(diff(&expected, &live).len(), 10);
    for pair in &pairs {
        assert!(pair.expected.contains("(one form)") && pair.live.contains("(another form)"));
        adopt(&mut live, pair);
    }
    assert_eq!(diff(&expected, &live), []);
    assert_eq!(texts_to_settle(&expected, &live), []);
}

#[test]
fn what_differs_in_more_than_texts_is_not_settled() {
    let (expected, mut live) = (catalog("(one form)"), catalog("(another form)"));
    live.tables[0].partition_key = Some("RANGE ((another form))".to_string());
    live.definitions[0].shape = Some("CREATE RECURSIVE VIEW public.v AS ".to_string());
    live.definitions[1].more = vec!["ALTER …".to_string()];
    live.definitions[2].shape = Some("CREATE FUNCTION f() STABLE".to_string());
    live.tables[0].columns[0].type_name = "integer".to_string();
    live.tables[0].columns[1].generated.as_mut().unwrap().stored = false;
    live.constraints[0].def = "CHECK ((another form))".to_string();
    live.constraints[1].def = "EXCLUDE USING btree (a WITH =) WHERE ((another form))".to_string();
    live.domains[0].base_type = "integer".to_string();
    live.indexes[0].def = live.indexes[0].def.replace("btree", "hash");
    assert_eq!(texts_to_settle(&expected, &live), []);
}

#[test]
fn equal_texts_need_no_settling() {
    assert_eq!(texts_to_settle(&catalog("(x)"), &catalog("(x)")), []);
    assert_eq!(texts_to_settle(&catalog("(x)"), &Catalog::default()), []);
}
