use super::{Canary, Error, Outcome, Tenant, check_new};

fn tenant(name: &str, schema: &str) -> Tenant {
    Tenant { name: name.to_owned(), schema: schema.to_owned(), quoted: schema.to_owned(), is_here: true }
}

#[test]
fn no_name_can_mean_two_tenants() {
    let all = [tenant("acme-corp", "acme"), tenant("zeta", "zeta")];
    let new = |name, schema| check_new(&all, name, schema);
    assert_eq!(new("beta", "beta"), Ok(()));
    assert!(matches!(new("zeta", "other"), Err(Error::NameTaken { .. })));
    assert!(matches!(new("other", "acme"), Err(Error::SchemaTaken { .. })));
    assert!(matches!(new("acme", "other"), Err(Error::NameIsSchema { .. })));
    assert!(matches!(new("other", "acme-corp"), Err(Error::SchemaIsName { .. })));
    assert_eq!(new("Zeta", "Zeta"), Ok(()), "the case of a letter makes another schema");
}

#[test]
fn a_canary_counts_those_that_had_something_to_do() {
    let mut canary = Canary::new(2);
    for (tenant, outcome) in [("a", Outcome::Nothing), ("b", Outcome::Ran), ("c", Outcome::Nothing)] {
        canary.note(tenant, outcome);
        assert_eq!(canary.stopped_by(), None);
    }
    canary.note("d", Outcome::Failed);
    assert_eq!(canary.stopped_by(), Some("d"));

    let mut canary = Canary::new(1);
    canary.note("a", Outcome::Ran);
    canary.note("b", Outcome::Failed);
    assert_eq!(canary.stopped_by(), None, "a later one stops nothing");
    let mut none = Canary::default();
    none.note("a", Outcome::Failed);
    assert_eq!(none.stopped_by(), None);
}

mod schema {
    use super::tenant;
    use std::collections::BTreeSet;

    use crate::model::{Address, Catalog, Comment, Dependencies};
    use crate::tenants::Tenant;
    use crate::tenants::schema::{
        PLACEHOLDER, is_written_down, of_tenant, renamed, schema_in, split, with_name, without_name,
    };

    #[test]
    fn the_name_is_taken_out_of_sql_and_nothing_else() {
        let of = |sql: &str| renamed(sql, "acme");
        assert_eq!(of("SELECT n.id FROM acme.notes n"), "SELECT n.id FROM nself_tenant.notes n");
        assert_eq!(
            of("FOREIGN KEY (plan) REFERENCES public.acme(id)"),
            "FOREIGN KEY (plan) REFERENCES public.acme(id)"
        );
        assert_eq!(
            of("nextval('acme.notes_id_seq'::regclass)"),
            "nextval('nself_tenant.notes_id_seq'::regclass)"
        );
        assert_eq!(of("'acme.notes'::text"), "'acme.notes'::text");
        assert_eq!(of("SET search_path TO 'acme', 'public'"), "SET search_path TO 'nself_tenant', 'public'");
        assert_eq!(of("AS $$ SELECT acme.f() $$"), "AS $$ SELECT acme.f() $$");
        assert_eq!(of("acme_2.notes, \"ACME\".notes"), "acme_2.notes, \"ACME\".notes");
    }

    #[test]
    fn names_that_are_quoted_are_taken_out_too() {
        let of = |sql: &str| renamed(sql, "Big.Corp \"EU\"'s");
        assert_eq!(of("c on \"Big.Corp \"\"EU\"\"'s\".notes"), "c on nself_tenant.notes");
        assert_eq!(
            of("nextval('\"Big.Corp \"\"EU\"\"''s\".seq'::regclass)"),
            "nextval('nself_tenant.seq'::regclass)"
        );
        assert_eq!(with_name("nself_tenant.notes", "\"a-b\""), "\"a-b\".notes");
    }

    fn comment(identity: &str, text: &str) -> Comment {
        Comment {
            object_type: "table".to_owned(),
            identity: identity.to_owned(),
            on: format!("TABLE {identity}"),
            text: text.to_owned(),
            of: Some(Address::new("table", identity)),
        }
    }

    #[test]
    fn the_name_that_is_put_in_is_the_one_that_is_taken_out() {
        let of_any = Catalog {
            comments: vec![comment("nself_tenant.notes", "what there is")],
            dependencies: vec![Dependencies {
                object_type: "table".to_owned(),
                identity: "nself_tenant.notes".to_owned(),
                needs: vec![Address::new("schema", PLACEHOLDER), Address::new("table", "public.plans")],
            }],
            ..Catalog::default()
        };
        assert!(!is_written_down(&of_any).unwrap());
        for (schema, quoted) in [("acme", "acme"), ("order", "\"order\""), ("A \"b\"", "\"A \"\"b\"\"\"")] {
            let tenant = Tenant { quoted: quoted.to_owned(), ..tenant("t", schema) };
            let of = of_tenant(&of_any, &tenant).unwrap();
            assert_eq!(of.comments[0].on, format!("TABLE {quoted}.notes"));
            let needs: Vec<String> = of.dependencies[0].needs.iter().map(ToString::to_string).collect();
            assert_eq!(needs, [format!("schema {quoted}"), "table public.plans".to_owned()]);
            let back: Catalog = serde_json::from_value(without_name(&of, schema).unwrap()).unwrap();
            assert_eq!(back, of_any);
        }
    }

    #[test]
    fn a_name_that_a_migration_wrote_is_noticed() {
        for (identity, text) in
            [("nself_tenant.notes", "of nself_tenant"), ("nself_tenant.log_of_nself_tenant", "")]
        {
            let of_any = Catalog { comments: vec![comment(identity, text)], ..Catalog::default() };
            assert!(is_written_down(&of_any).unwrap(), "{identity} {text}");
        }
    }

    #[test]
    fn what_lies_in_no_tenants_schema_is_outside() {
        let both = Catalog {
            comments: vec![comment("acme.notes", "a"), comment("public.plans", "b")],
            ..Catalog::default()
        };
        let (inside, outside) = split(both, &BTreeSet::from(["acme".to_owned()]));
        assert_eq!(inside["acme"].comments[0].text, "a");
        assert_eq!(outside.comments.len(), 1);
        assert_eq!(outside.comments[0].text, "b");
    }

    #[test]
    fn an_identity_tells_its_schema() {
        let of = |object_type: &str, identity: &str| schema_in(object_type, identity);
        assert_eq!(of("table", "acme.notes").as_deref(), Some("acme"));
        assert_eq!(of("trigger", "\"on\" on \"a.b\".notes").as_deref(), Some("a.b"));
        assert_eq!(of("default value", "for acme.notes.id").as_deref(), Some("acme"));
        assert_eq!(of("function", "acme.f(public.t)").as_deref(), Some("acme"));
        assert_eq!(of("schema", "acme").as_deref(), Some("acme"));
        assert_eq!(of("extension", "pgcrypto"), None);
    }
}
