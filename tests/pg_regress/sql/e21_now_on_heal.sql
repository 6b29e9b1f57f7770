-- E21: a column with DEFAULT now() that is added again gives all old rows the time of the heal: created_at would be
-- invented. The report says so, before and after.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_visit.sql', 'content', $$
    CREATE TABLE visit (id int, created_at timestamptz NOT NULL DEFAULT now(), day date DEFAULT CURRENT_DATE, who text DEFAULT current_user,
        day_text text DEFAULT to_char(now(), 'YYYY'), state text DEFAULT 'new', made timestamptz DEFAULT '2020-01-01 00:00+00');
    CREATE TABLE empty (id int, created_at timestamptz NOT NULL DEFAULT now());
$$)));
SELECT version, status FROM nself_migrate_up();
INSERT INTO visit (id) VALUES (1), (2), (3);
ALTER TABLE visit DROP COLUMN created_at, DROP COLUMN day, DROP COLUMN who, DROP COLUMN day_text, DROP COLUMN state, DROP COLUMN made;
ALTER TABLE empty DROP COLUMN created_at;
SET TimeZone = 'UTC';
SELECT identity, safety, reason FROM nself_drift() \g (format=unaligned)
SELECT identity, status, detail FROM nself_heal() \g (format=unaligned)
BEGIN;
SELECT identity, status, detail FROM nself_heal(true) \g (format=unaligned)
-- One value for all rows, and it is the time of the heal.
SELECT count(DISTINCT created_at) AS times, bool_and(created_at = now()) AS of_the_heal, count(*) FROM visit;
COMMIT;
SELECT detail FROM nself.heal_steps WHERE identity = 'public.visit.created_at' ORDER BY event;
SELECT kind, object_type, identity FROM nself_drift();
