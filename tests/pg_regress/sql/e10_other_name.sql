-- E10: what is missing may be there under another name. The server would build it a second time and not complain, so
-- things are matched by what they are before one is added.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_all.sql', 'content', $$
    CREATE TABLE p (id int PRIMARY KEY, code varchar(9) CONSTRAINT p_code UNIQUE);
    CREATE TABLE c (p_id int CONSTRAINT c_p_fk REFERENCES p ON DELETE CASCADE, n int CONSTRAINT c_n CHECK (n > 0), during int4range,
        state varchar(9) CONSTRAINT c_state CHECK (state IN ('a', 'b')),
        CONSTRAINT c_during EXCLUDE USING gist (during WITH &&));
    CREATE INDEX c_n_idx ON c (n) WHERE state IN ('a', 'b');
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.n = NEW.n + 1; RETURN NEW; END';
    CREATE TRIGGER c_touch BEFORE INSERT ON c FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE RULE c_rule AS ON DELETE TO c DO ALSO NOTIFY gone;
    CREATE POLICY c_policy ON c USING (n > 0);
    CREATE STATISTICS c_stats ON n, p_id FROM c;
$$)));
SELECT version, status FROM nself_migrate_up();
INSERT INTO p VALUES (1, 'x');
INSERT INTO c (p_id, n) VALUES (1, 1);
-- Made anew under other names; what the server prints of two of them is another text now.
ALTER TABLE c DROP CONSTRAINT c_p_fk, ADD CONSTRAINT other_fk FOREIGN KEY (p_id) REFERENCES p (id) ON DELETE CASCADE,
    DROP CONSTRAINT c_n, ADD CONSTRAINT other_n CHECK (n > 0), DROP CONSTRAINT c_during, ADD CONSTRAINT other_during EXCLUDE USING gist (during WITH &&),
    DROP CONSTRAINT c_state, ADD CONSTRAINT other_state CHECK (state::text = ANY (ARRAY['a'::varchar::text, 'b'::varchar::text]));
ALTER TABLE p RENAME CONSTRAINT p_code TO other_code;
DROP INDEX c_n_idx;
CREATE INDEX other_n_idx ON c (n) WHERE state::text = ANY (ARRAY['a'::varchar::text, 'b'::varchar::text]);
SELECT object_type, identity, safety, reason FROM nself_drift() WHERE kind = 'missing' \g (format=unaligned)
SELECT object_type, identity, status FROM nself_heal(true) WHERE status <> 'manual';
-- The report does not propose to drop what only has another name; what it proposes gives each its name.
SELECT identity, remedy FROM nself_drift() WHERE kind = 'extra' AND remedy LIKE '%DROP%';
DO $$
DECLARE r text;
BEGIN
    FOR r IN SELECT remedy FROM nself_drift() WHERE kind = 'missing' LOOP EXECUTE r; END LOOP;
END $$;
SELECT kind, object_type, identity FROM nself_drift();

-- A trigger or a rule that was there twice would act twice.
ALTER TRIGGER c_touch ON c RENAME TO other_touch;
ALTER RULE c_rule ON c RENAME TO other_rule;
ALTER POLICY c_policy ON c RENAME TO other_policy;
ALTER STATISTICS c_stats RENAME TO other_stats;
SELECT object_type, identity, safety, reason FROM nself_drift() WHERE kind = 'missing' \g (format=unaligned)
SELECT object_type, identity, status FROM nself_heal(true) WHERE status <> 'manual';
INSERT INTO c (p_id, n) VALUES (1, 1) RETURNING n;
DO $$
DECLARE r text;
BEGIN
    FOR r IN SELECT remedy FROM nself_drift() WHERE kind = 'missing' LOOP EXECUTE r; END LOOP;
END $$;
SELECT kind, object_type, identity FROM nself_drift();

-- Nearly the same is not the same: it is added.
ALTER TABLE c DROP CONSTRAINT c_p_fk, ADD CONSTRAINT near_fk FOREIGN KEY (p_id) REFERENCES p (id);
DROP INDEX c_n_idx;
CREATE INDEX near_n_idx ON c (n) WHERE state IN ('a', 'c');
DROP TRIGGER c_touch ON c;
CREATE TRIGGER near_touch BEFORE UPDATE ON c FOR EACH ROW EXECUTE FUNCTION touch();
SELECT object_type, identity, status FROM nself_heal(true);
-- What somebody built a second time, beside the first, is told and left.
ALTER TABLE c DROP CONSTRAINT near_fk, ADD CONSTRAINT again_fk FOREIGN KEY (p_id) REFERENCES p (id) ON DELETE CASCADE;
DROP TRIGGER near_touch ON c;
DROP INDEX near_n_idx;
CREATE INDEX again_n_idx ON c (n) WHERE state IN ('a', 'b');
SELECT kind, object_type, identity, safety, remedy FROM nself_drift() \g (format=unaligned)
