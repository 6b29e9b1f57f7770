-- E8: a name is cut at 63 bytes, at a whole character. A migration that writes a longer one has made what is there; and
-- two long names can come to be one.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_long.sql', 'content', $$
    CREATE TABLE users (id int PRIMARY KEY);
    CREATE TABLE visits (
        user_id int,
        note text,
        CONSTRAINT "this_is_a_table_with_a_very_long_name_user_id_another_long_table_name_users_id_fk" FOREIGN KEY (user_id) REFERENCES users,
        CONSTRAINT "üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü_check" CHECK (note <> '')
    );
    CREATE INDEX "this_is_an_index_on_a_table_with_a_very_long_name_that_is_not_at_an_end_here_idx" ON visits (note);
    CREATE TABLE "üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü" ("ööööööööööööööööööööööööööööööööööööööööööö" serial PRIMARY KEY);
$$)));
SET client_min_messages = warning;
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
SELECT octet_length(conname), char_length(conname) FROM pg_constraint WHERE conrelid = 'visits'::regclass AND contype IN ('c', 'f') ORDER BY 1;
-- They are missing under the name that they have, and come back under it.
ALTER TABLE visits DROP CONSTRAINT "this_is_a_table_with_a_very_long_name_user_id_another_long_table_name_users_id_fk",
    DROP CONSTRAINT "üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü_check";
DROP INDEX "this_is_an_index_on_a_table_with_a_very_long_name_that_is_not_at_an_end_here_idx";
DROP TABLE "üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü";
SELECT kind, object_type, identity FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity FROM nself_drift();
-- Something else whose long name is cut to the same one.
DROP INDEX "this_is_an_index_on_a_table_with_a_very_long_name_that_is_not_at_an_end_here_idx";
CREATE VIEW "this_is_an_index_on_a_table_with_a_very_long_name_that_is_not_at_an_end_either" AS SELECT 1 AS a;
SELECT object_type, identity, status, detail FROM nself_heal(true) \g (format=unaligned)
DROP VIEW "this_is_an_index_on_a_table_with_a_very_long_name_that_is_not_at_an_end_either";
SELECT object_type, identity, status FROM nself_heal(true);
-- Two long names of one migration that come to be one: the server says so, and nothing is done by half.
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '2_two.sql', 'content', $$
    ALTER TABLE visits ADD CONSTRAINT "a_very_long_name_of_a_constraint_on_the_table_of_visits_is_here_1" CHECK (user_id > 0);
    ALTER TABLE visits ADD CONSTRAINT "a_very_long_name_of_a_constraint_on_the_table_of_visits_is_here_2" CHECK (user_id > 1);
$$))) WHERE state = 'added';
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity FROM nself_drift();
