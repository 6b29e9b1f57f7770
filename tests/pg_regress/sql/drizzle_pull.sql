-- A folder that drizzle-kit pull has begun on a database with tables: its first file is one comment, and the next ones
-- alter what stands here.
CREATE TABLE a (id int PRIMARY KEY, name text);
CREATE INDEX a_name ON a (name);
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(
    jsonb_build_object('path', 'meta/_journal.json', 'content', '{"version": "7", "dialect": "postgresql", "entries": [
        {"idx": 0, "version": "7", "when": 1, "tag": "0000_pulled", "breakpoints": true},
        {"idx": 1, "version": "7", "when": 2, "tag": "0001_extra", "breakpoints": true}]}'),
    jsonb_build_object('path', '0000_pulled.sql', 'content', $$-- Current sql file was generated after introspecting the database
-- If you want to run this migration please uncomment this code before executing migrations
/*
CREATE TABLE "a" (
	"id" integer PRIMARY KEY NOT NULL,
	"name" text
);
--> statement-breakpoint
CREATE INDEX "a_name" ON "a" USING btree ("name");
*/$$),
    jsonb_build_object('path', '0001_extra.sql', 'content', 'ALTER TABLE "a" ADD COLUMN "extra" text;')));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity FROM nself_drift();
-- What was there before is expected as what the second file gave.
ALTER TABLE a DROP COLUMN extra;
DROP INDEX a_name;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT kind, object_type, identity FROM nself_drift();
