use super::{Canary, Error, Outcome, Tenant, check_new};

fn tenant(name: &str, schema: &str) -> Tenant {
    Tenant { name: name.to_owned(), schema: schema.to_owned(), is_here: true }
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
    use crate::tenants::schema::{renamed, schema_in, with_name};

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
        assert_eq!(with_name("nself_tenant.notes", "a-b"), "\"a-b\".notes");
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
