-- From PostgreSQL 18 on a NOT NULL is a constraint with a name, and may be NOT VALID: what is left unchecked is checked,
-- another name is told.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put('[{"path": "1_t.sql", "content": "CREATE TABLE t (a int NOT NULL, b int NOT NULL)"}]');
SELECT version, status FROM nself_migrate_up();
INSERT INTO t VALUES (1, 1);
-- Somebody puts the rule back by hand, for new rows alone. Older servers know no such thing.
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        ALTER TABLE t ALTER COLUMN b DROP NOT NULL;
        EXECUTE 'ALTER TABLE t ADD CONSTRAINT t_b_not_null NOT NULL b NOT VALID';
        EXECUTE 'ALTER TABLE t RENAME CONSTRAINT t_a_not_null TO a_there';
    END IF;
END $$;
CREATE TEMP TABLE told AS SELECT d.* FROM nself_drift() d;
SELECT (SELECT string_agg(concat_ws(' ', kind, object_type, identity, safety, expected, actual), '; ' ORDER BY identity) FROM told)
       IS NOT DISTINCT FROM
       CASE WHEN current_setting('server_version_num')::int >= 180000
            THEN 'changed not null public.t.a manual NOT NULL named t_a_not_null NOT NULL named a_there; '
                 || 'changed not null public.t.b additive valid NOT VALID' END AS told;
SELECT count(*) FILTER (WHERE status = 'applied') = (SELECT count(*) FROM told WHERE safety = 'additive') AS healed
  FROM nself_heal(true);
SELECT count(*) = (SELECT count(*) FROM told WHERE safety = 'manual') AS left_to_a_person FROM nself_drift();
