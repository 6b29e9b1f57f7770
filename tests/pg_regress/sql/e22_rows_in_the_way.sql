-- E22: one ALTER TABLE that adds a NOT NULL without a default, a UNIQUE column with one, or a CHECK that a row violates
-- fails as a whole. The heal says what is in the way and how much of it, and heals all the rest.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_t.sql', 'content', $$
    CREATE TABLE t_key (id int PRIMARY KEY);
    CREATE DOMAIN must AS text NOT NULL;
    CREATE TABLE t (
        id int,
        needed text NOT NULL,
        of_domain must,
        code text DEFAULT 'x' CONSTRAINT t_code UNIQUE,
        amount int DEFAULT -1 CONSTRAINT t_amount CHECK (amount > 0) NO INHERIT,
        good int DEFAULT 1 CONSTRAINT t_good CHECK (good > 0),
        ref int DEFAULT 5 CONSTRAINT t_ref REFERENCES t_key (id),
        pk int CONSTRAINT t_pk PRIMARY KEY,
        span int4range DEFAULT '[1,2]',
        CONSTRAINT t_span EXCLUDE USING gist (span WITH &&)
    );
$$)));
SELECT version, status FROM nself_migrate_up();
ALTER TABLE t DROP COLUMN needed, DROP COLUMN of_domain, DROP COLUMN code, DROP COLUMN amount, DROP COLUMN good, DROP COLUMN ref, DROP COLUMN pk, DROP COLUMN span;
INSERT INTO t VALUES (1), (2);
SELECT object_type, identity, safety, reason FROM nself_drift() \g (format=unaligned)
SELECT object_type, identity, status, detail FROM nself_heal(true) \g (format=unaligned)
-- What is there can be used; what is not is still told.
SELECT id, code, amount, good, ref, span FROM t ORDER BY id;
SELECT object_type, identity, safety FROM nself_drift();
-- The rows are put right, as the report says, and the next heal closes the rest.
ALTER TABLE t ADD COLUMN needed text, ADD COLUMN pk int, ADD COLUMN of_domain must DEFAULT 'z';
ALTER TABLE t ALTER COLUMN of_domain DROP DEFAULT;
INSERT INTO t_key VALUES (5);
UPDATE t SET needed = 'y', pk = id, code = id, amount = 1, span = int4range(id, id + 1);
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity FROM nself_drift();
