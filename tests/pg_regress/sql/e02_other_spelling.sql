-- E2: one condition can be written in several ways, and the server keeps none of them as it was written. What somebody
-- made by hand in other words than the migration's is the same, and is no drift.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_doc.sql', 'content', $$
    CREATE FUNCTION any_of(word text, VARIADIC list text[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT word = ANY (list)';
    CREATE TABLE doc (
        a int, b int, s varchar(9), t text, d jsonb,
        CONSTRAINT c_distinct CHECK (a IS NOT DISTINCT FROM b),
        CONSTRAINT c_between CHECK (a BETWEEN 1 AND 5),
        CONSTRAINT c_like CHECK (t LIKE 'x%' AND t NOT ILIKE '%y'),
        CONSTRAINT c_not_in CHECK (a NOT IN (1, 2, 3)),
        CONSTRAINT c_in_one CHECK (t IN ('a')),
        CONSTRAINT c_json CHECK (d->>'k' <> ''),
        CONSTRAINT c_variadic CHECK (any_of(t, 'a', 'b')),
        CONSTRAINT c_varchar CHECK (s IN ('a', 'b'))
    );
    CREATE INDEX doc_words ON doc USING gin (to_tsvector('english', t));
    CREATE INDEX doc_some ON doc (a) WHERE s IN ('a', 'b') AND a BETWEEN 1 AND 5;
    CREATE POLICY own ON doc USING (t::text = current_setting('app.who', true)::text);
    CREATE VIEW few AS SELECT a FROM doc WHERE a NOT IN (1, 2) AND t LIKE 'x%' AND d->>'k' = 'v';
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- The same in other words.
ALTER TABLE doc DROP CONSTRAINT c_distinct, ADD CONSTRAINT c_distinct CHECK (NOT (a IS DISTINCT FROM b)),
    DROP CONSTRAINT c_between, ADD CONSTRAINT c_between CHECK ((a >= 1) AND (a <= 5)),
    DROP CONSTRAINT c_like, ADD CONSTRAINT c_like CHECK (t ~~ 'x%'::text AND (t !~~* '%y'::text)),
    DROP CONSTRAINT c_not_in, ADD CONSTRAINT c_not_in CHECK (a <> ALL (ARRAY[1, 2, 3])),
    DROP CONSTRAINT c_in_one, ADD CONSTRAINT c_in_one CHECK (t = 'a'),
    DROP CONSTRAINT c_json, ADD CONSTRAINT c_json CHECK ((d ->> 'k'::text) <> ''::text),
    DROP CONSTRAINT c_variadic, ADD CONSTRAINT c_variadic CHECK (any_of(t, VARIADIC ARRAY['a', 'b'])),
    DROP CONSTRAINT c_varchar, ADD CONSTRAINT c_varchar CHECK (s::text = ANY (ARRAY['a'::varchar::text, 'b'::varchar::text]));
DROP INDEX doc_words, doc_some;
CREATE INDEX doc_words ON doc USING gin (to_tsvector('pg_catalog.english'::regconfig, t));
CREATE INDEX doc_some ON doc (a) WHERE s::text = ANY (ARRAY['a'::varchar::text, 'b'::varchar::text]) AND (a >= 1 AND a <= 5);
ALTER POLICY own ON doc USING (t = current_setting('app.who', true));
CREATE OR REPLACE VIEW few AS SELECT doc.a FROM public.doc WHERE doc.a <> ALL (ARRAY[1, 2]) AND doc.t ~~ 'x%' AND (doc.d ->> 'k') = 'v';
SELECT kind, object_type, identity, expected, actual FROM nself_drift();
-- Other words with another meaning.
ALTER TABLE doc DROP CONSTRAINT c_distinct, ADD CONSTRAINT c_distinct CHECK (a = b),
    DROP CONSTRAINT c_between, ADD CONSTRAINT c_between CHECK (a BETWEEN SYMMETRIC 1 AND 5),
    DROP CONSTRAINT c_like, ADD CONSTRAINT c_like CHECK (t ILIKE 'x%' AND t NOT ILIKE '%y'),
    DROP CONSTRAINT c_not_in, ADD CONSTRAINT c_not_in CHECK (a <> ANY (ARRAY[1, 2, 3])),
    DROP CONSTRAINT c_json, ADD CONSTRAINT c_json CHECK (d->'k' <> '""');
DROP INDEX doc_words;
CREATE INDEX doc_words ON doc USING gin (to_tsvector('simple', t));
SELECT kind, object_type, identity, safety FROM nself_drift();
SELECT object_type, identity, status FROM nself_heal(true);
