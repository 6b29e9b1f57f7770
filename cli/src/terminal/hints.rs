//! The server's hints speak SQL, because whoever reads them may sit before psql. Here they speak of this program's
//! commands and options.

/// What the server says, and what is said here. Longer texts come before parts of them.
const WORDS: [(&str, &str); 50] = [
    ("add confirm => 'yes-destroy-production'", "add --confirm yes-destroy-production"),
    (
        "Load the migrations folder with nself_journal_load(), then call nself_migrate_up(); nself_adopt(), if",
        "Run nself db migrate up, or nself db migrate adopt if",
    ),
    (
        "Load a migrations folder with nself_journal_load() or nself_journal_put().",
        "Name a folder with migrations with --dir.",
    ),
    (
        "Load the migrations folder with nself_journal_load() or nself_journal_put(), and repair again.",
        "Name the folder with --dir, and repair again.",
    ),
    ("nself_migrate_repair(true)", "nself db migrate repair --confirm"),
    ("nself_migrate_repair()", "nself db migrate repair"),
    ("the journal is not what was applied:", "the folder is not what was applied:"),
    (
        "Apply them one by one: nself_migrate_up_start(), or fewer at a time with max_count => 25;",
        "Apply fewer at a time: nself db migrate up --count 25;",
    ),
    ("Call nself_migrate_up_start(): it", "nself db migrate up"),
    ("call nself_migrate_up() with target =>", "run nself db migrate up --to"),
    ("with target =>", "with --to"),
    ("call nself_migrate_up_start()", "run nself db migrate up"),
    ("call nself_migrate_down()", "run nself db migrate down"),
    ("nself_migrate_up_start()", "nself db migrate up"),
    ("nself_migrate_up(out_of_order => true)", "nself db migrate up --out-of-order"),
    ("nself_migrate_up()", "nself db migrate up"),
    ("nself_migrate_down()", "nself db migrate down"),
    ("nself_migrate_status()", "nself db migrate status"),
    ("nself_adopt(confirm => true)", "nself db migrate adopt --confirm"),
    ("nself_adopt()", "nself db migrate adopt"),
    ("nself_baseline()", "nself db migrate baseline"),
    ("nself_ground_platform('hasura')", "nself db migrate ground hasura"),
    ("nself_ground_platform('neon')", "nself db migrate ground neon"),
    ("nself_ground_platform('supabase')", "nself db migrate ground supabase"),
    ("nself_ground_platform()", "nself db migrate ground"),
    ("with confirm => true makes that", "with --confirm makes that"),
    ("source =>", "--from"),
    ("max_count =>", "--count"),
    ("call nself_heal_enable()", "run nself self-heal enable"),
    ("nself_heal_enable()", "nself self-heal enable"),
    ("nself_heal_disable()", "nself self-heal disable"),
    ("nself_heal_start()", "nself self-heal run --confirm --online"),
    ("nself_heal(true)", "nself self-heal run --confirm"),
    ("nself_heal()", "nself self-heal run"),
    ("nself_migrate_reset_checksum()", "nself db migrate reset-checksum"),
    ("nself_migrate_renumber() tells what changes one", "nself db migrate renumber changes one"),
    ("nself_migrate_renumber()", "nself db migrate renumber"),
    ("nself_migrate_conflicts()", "nself db migrate status --check-conflicts"),
    ("nself_migrate_verify(rollback => true)", "nself db migrate verify-checksums --rollback"),
    ("SELECT name, schema FROM nself.tenants lists them.", "nself tenants list lists them."),
    ("nself_tenant_add()", "nself tenants add"),
    ("nself_tenant_drift()", "nself tenants drift"),
    ("nself_tenant_remove()", "nself tenants remove"),
    ("nself_tenant_status()", "nself tenants list"),
    ("nself_tenant_up()", "nself db migrate up --all-tenants"),
    ("nself_tenant_up_start()", "nself db migrate up --all-tenants"),
    ("nself_migrate_verify()", "nself db migrate verify-checksums"),
    ("Call nself_drift('journal')", "Run nself db migrate diff"),
    ("nself_drift('journal')", "nself db migrate diff"),
    ("nself_drift()", "nself db migrate diff --against applied"),
];

/// How SQL says that something was not renamed, up to the identity and behind it.
const NOT_RENAMED: (&str, &str) = ("nself_heal(true, not_renamed => ARRAY['", "'])");

/// A hint or the detail of a step, in the words of the command line.
pub fn in_commands(text: &str) -> String {
    let text = WORDS.iter().fold(text.to_owned(), |text, (sql, command)| text.replace(sql, command));
    let (open, close) = NOT_RENAMED;
    let Some((before, rest)) = text.split_once(open) else { return text };
    let Some((identity, after)) = rest.split_once(close) else { return text };
    format!("{before}--not-renamed {}{}", argument(&identity.replace("''", "'")), in_commands(after))
}

/// As a shell takes it.
fn argument(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "._-".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::in_commands;

    #[test]
    fn options_and_commands_are_named_as_they_are_typed() {
        let cases = [
            (
                "To do it all the same, add confirm => 'yes-destroy-production'.",
                "To do it all the same, add --confirm yes-destroy-production.",
            ),
            (
                "is this the old name of t.b? If not: nself_heal(true, not_renamed => ARRAY['public.t.a'])",
                "is this the old name of t.b? If not: --not-renamed public.t.a",
            ),
            (
                "If not: nself_heal(true, not_renamed => ARRAY['public.mood ''it''s'''])",
                r"If not: --not-renamed 'public.mood '\''it'\''s'\'''",
            ),
            ("To go back to it, call nself_migrate_down().", "To go back to it, run nself db migrate down."),
            (
                "apply up to the migration that adds it with target =>, then the rest.",
                "apply up to the migration that adds it with --to, then the rest.",
            ),
            ("nself_migrate_status() lists what there is.", "nself db migrate status lists what there is."),
            (
                "Apply them one by one: nself_migrate_up_start(), or fewer at a time with max_count => 25; or raise",
                "Apply fewer at a time: nself db migrate up --count 25; or raise",
            ),
            (
                "this is a standby: run nself_migrate_up() on the primary",
                "this is a standby: run nself db migrate up on the primary",
            ),
            ("ALTER TABLE t ADD COLUMN a int", "ALTER TABLE t ADD COLUMN a int"),
            (
                "nself_heal(true, not_renamed => ARRAY['cut off",
                "nself_heal(true, not_renamed => ARRAY['cut off",
            ),
        ];
        for (sql, command) in cases {
            assert_eq!(in_commands(sql), command);
        }
    }
}
