use super::*;

#[test]
fn each_says_what_it_was_read_from() {
    for platform in &PLATFORMS {
        let head: String = platform.script.lines().take_while(|line| line.starts_with("--")).collect();
        assert!(
            head.contains("read") && head.contains("20") && head.contains("License"),
            "{}",
            platform.name
        );
        assert!(
            platform.made_by("CREATE SCHEMA ").any(|schema| schema == platform.schema),
            "{}",
            platform.name
        );
    }
}

#[test]
fn they_only_add_and_no_role_can_log_in() {
    for platform in &PLATFORMS {
        for line in
            platform.script.lines().filter(|line| !line.starts_with([' ', '-', ')']) && !line.is_empty())
        {
            let begins = ["CREATE ", "GRANT ", "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT "];
            let is_known = begins.iter().any(|begin| line.starts_with(begin));
            assert!(is_known || line.ends_with(" ENABLE ROW LEVEL SECURITY;"), "{line}");
            assert!(!line.contains("OR REPLACE"), "{line}");
            if let Some(role) = role_made(line) {
                assert_eq!(line, format!("CREATE ROLE {role} NOLOGIN;"));
            }
        }
    }
}

#[test]
fn what_is_missing_is_known_by_its_name() {
    use Lacking::*;
    let cases: [(Lacking, &str, &[&str]); 12] = [
        (Schema, "schema \"auth\" does not exist", &["neon", "supabase"]),
        (Schema, "Schema »storage« existiert nicht", &["supabase"]),
        (Schema, "schema \"hdb_catalog\" does not exist", &["hasura"]),
        (Schema, "schema \"authors\" does not exist", &[]),
        (Object, "role \"authenticated\" does not exist", &["neon", "supabase"]),
        (Object, "role \"service_role\" does not exist", &["supabase"]),
        (Object, "publication \"supabase_realtime\" does not exist", &["supabase"]),
        (Object, "role \"auth\" does not exist", &[]),
        (InSchema, "relation \"auth.users\" does not exist", &["neon", "supabase"]),
        (InSchema, "function hdb_catalog.gen_hasura_uuid() does not exist", &["hasura"]),
        (InSchema, "relation \"storage\" does not exist", &[]),
        (InSchema, "relation \"my_auth.users\" does not exist", &[]),
    ];
    for (lacking, message, platforms) in cases {
        assert_eq!(bringing(lacking, message), platforms, "{message}");
    }
}
