-- Drift, the dry run and the heal say the same of each step, also where it needs what this very heal makes.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_m.sql', 'content', $m$
    CREATE SCHEMA priv;
    CREATE FUNCTION priv.ok(t text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT t ~ '^[a-z]+$' $$;
    CREATE OPERATOR priv.### (RIGHTARG = text, FUNCTION = priv.ok);
    CREATE TABLE m (id int PRIMARY KEY, name text CONSTRAINT name_ok CHECK (priv.ok(name)),
                    other text CONSTRAINT other_ok CHECK (OPERATOR(priv.###) other));
$m$)));
SELECT version, status FROM nself_migrate_up();
INSERT INTO m VALUES (1, 'a', 'a');
DROP SCHEMA priv CASCADE;
SELECT identity, safety, reason FROM nself_drift();
SELECT identity, status, detail FROM nself_heal();
SELECT identity, status, detail FROM nself_heal(true);
SELECT identity FROM nself_drift();
-- Rows in the way are only seen by it.
DROP SCHEMA priv CASCADE;
INSERT INTO m VALUES (2, 'B', 'b');
SELECT identity, status, detail FROM nself_heal();
SELECT identity, status, detail FROM nself_heal(true);
SELECT identity, safety, reason FROM nself_drift();
