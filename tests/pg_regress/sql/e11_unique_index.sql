-- E11: a unique index does what a unique constraint does. The constraint cannot be added beside an index of its name, only
-- made of it, and of a partial one not even that. A foreign key may rest on a bare unique index.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_u.sql', 'content', $$
    CREATE TABLE u (a int NOT NULL, b int, c int);
    ALTER TABLE u ADD CONSTRAINT u_a_key UNIQUE (a);
    CREATE UNIQUE INDEX u_b ON u (b);
    CREATE TABLE r (b int CONSTRAINT r_b_fk REFERENCES u (b), a int CONSTRAINT r_a_fk REFERENCES u (a));
    CREATE TABLE k (id int CONSTRAINT k_pkey PRIMARY KEY);
$$)));
SELECT version, status FROM nself_migrate_up();
-- An index of the same name in place of the constraint: the constraint is made of it. One of another name a person could
-- use. The report does not propose to drop either.
ALTER TABLE u DROP CONSTRAINT u_a_key CASCADE;
CREATE UNIQUE INDEX u_a_key ON u (a);
ALTER TABLE k DROP CONSTRAINT k_pkey;
CREATE UNIQUE INDEX k_key ON k (id);
SELECT object_type, identity, safety, reason, remedy FROM nself_drift() WHERE kind = 'missing' \g (format=unaligned)
SELECT identity, remedy FROM nself_drift() WHERE kind = 'extra' AND remedy LIKE '%DROP%';
SELECT object_type, identity, status FROM nself_heal(true);
SELECT remedy FROM nself_drift() WHERE identity = 'k_pkey on public.k' \gexec
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- A partial index of that name cannot become the constraint.
BEGIN;
ALTER TABLE u DROP CONSTRAINT u_a_key CASCADE;
CREATE UNIQUE INDEX u_a_key ON u (a) WHERE c > 0;
SELECT object_type, identity, safety, reason, remedy FROM nself_drift() WHERE kind = 'missing' \g (format=unaligned)
SELECT object_type, identity, status FROM nself_heal(true);
ROLLBACK;
-- A partial one under another name is not the same: the constraint is added.
BEGIN;
ALTER TABLE u DROP CONSTRAINT u_a_key CASCADE;
CREATE UNIQUE INDEX u_a_some ON u (a) WHERE c > 0;
SELECT object_type, identity, status FROM nself_heal(true);
ROLLBACK;
-- The other way round: a constraint where the migrations have an index, and the foreign key that rests on it.
DROP INDEX u_b CASCADE;
ALTER TABLE u ADD CONSTRAINT u_b_key UNIQUE (b);
SELECT object_type, identity, safety, reason, remedy FROM nself_drift() WHERE kind = 'missing' \g (format=unaligned)
SELECT object_type, identity, status FROM nself_heal(true);
-- Both are gone: the index comes first, then the foreign key that rests on it.
ALTER TABLE u DROP CONSTRAINT u_b_key CASCADE;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
