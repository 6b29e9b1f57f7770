-- E3: defaults are kept as expressions with types, not as they were written; DEFAULT NULL is kept as nothing; and 'now'
-- or 'today' becomes the moment in which the migration ran, so that no second run of it gives the same.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_item.sql', 'content', $$
    CREATE TABLE item (
        word varchar(9) DEFAULT 'x',
        low int DEFAULT -1,
        high numeric DEFAULT 1e10,
        tags text[] DEFAULT '{}',
        nothing int DEFAULT NULL,
        at timestamptz DEFAULT now(),
        flag boolean DEFAULT 't',
        doc jsonb DEFAULT '{"a": 1}'
    );
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
ALTER TABLE item ALTER word SET DEFAULT 'x'::varchar, ALTER low SET DEFAULT '-1'::integer, ALTER high SET DEFAULT '10000000000'::numeric,
    ALTER tags SET DEFAULT '{}'::text[], ALTER nothing DROP DEFAULT, ALTER at SET DEFAULT pg_catalog.now(),
    ALTER flag SET DEFAULT true, ALTER doc SET DEFAULT '{"a": 1}'::jsonb;
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
ALTER TABLE item ALTER nothing SET DEFAULT NULL, ALTER low SET DEFAULT (-1), ALTER high SET DEFAULT '10000000000', ALTER word SET DEFAULT E'\x78';
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- Another value is told, and left.
ALTER TABLE item ALTER low SET DEFAULT 1, ALTER tags SET DEFAULT '{""}', ALTER at SET DEFAULT clock_timestamp(), ALTER nothing SET DEFAULT 0;
SELECT kind, object_type, identity, expected, actual, safety FROM nself_drift();
ALTER TABLE item ALTER low SET DEFAULT -1, ALTER tags SET DEFAULT '{}', ALTER at SET DEFAULT now(), ALTER nothing DROP DEFAULT;

-- A default that was frozen when the migration ran: the replay froze another moment, which nobody is to answer for.
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '2_frozen.sql', 'content', $$
    CREATE TABLE frozen (a int, at timestamptz DEFAULT 'now', d timestamp DEFAULT 'now'::timestamp);
$$))) WHERE state = 'added';
SELECT version, status FROM nself_migrate_up();
SELECT pg_sleep(0.1);
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
