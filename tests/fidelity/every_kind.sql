-- At least one of every kind of object that a database can hold, without any contrib module: PostgreSQL 15 and later.
-- The roles are made by every_kind.roles.

CREATE SCHEMA app;
CREATE SCHEMA "Odd.Schema ""x""";
CREATE SCHEMA pub_all;
COMMENT ON SCHEMA app IS 'The application''s own; with a semicolon';

-- Types -------------------------------------------------------------------------------------------------------------

CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'it''s; happy', 'Übermütig');
CREATE TYPE app.unused AS ENUM ('a', 'b', 'c');
CREATE TYPE app.address AS (street text COLLATE "C", zip character varying(10), house integer);
CREATE TYPE app.float_range AS RANGE (subtype = double precision, subtype_diff = float8mi);
CREATE TYPE "Odd.Schema ""x"""."My Type" AS (a integer);
CREATE TYPE app.label;
CREATE FUNCTION app.label_in(cstring) RETURNS app.label LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION app.label_out(app.label) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE app.label (INPUT = app.label_in, OUTPUT = app.label_out, LIKE = text, CATEGORY = 'S');
CREATE TYPE app.only_a_shell;

CREATE DOMAIN app.email AS text COLLATE "C" CONSTRAINT email_has_at CHECK (VALUE ~ '@') CONSTRAINT email_length CHECK (length(VALUE) < 200);
CREATE DOMAIN app.positive AS integer DEFAULT 1 NOT NULL CHECK (VALUE > 0);
CREATE DOMAIN app.small_list AS character varying(20)[] CHECK (cardinality(VALUE) < 10);
COMMENT ON TYPE app.mood IS 'how somebody feels';
COMMENT ON DOMAIN app.email IS 'an address';
COMMENT ON CONSTRAINT email_has_at ON DOMAIN app.email IS 'the least that an address has';
COMMENT ON COLUMN app.address.zip IS 'of a composite type';

CREATE COLLATION app.plain (provider = libc, locale = 'C');
CREATE COLLATION app.copied FROM "POSIX";
COMMENT ON COLLATION app.plain IS 'bytes';

-- Functions ---------------------------------------------------------------------------------------------------------

CREATE FUNCTION app.add(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT a + b $$;
CREATE FUNCTION app.add(a text, VARIADIC b text[]) RETURNS text LANGUAGE sql STABLE STRICT COST 10
    AS $$ SELECT a || array_to_string(b, ',') $$;
CREATE FUNCTION app.both(IN a integer, OUT b integer, OUT c text) LANGUAGE sql AS $$ SELECT a, 'x;y'::text $$;
CREATE FUNCTION app.rows_of(n integer) RETURNS TABLE (i integer, "t t" text) LANGUAGE plpgsql ROWS 7
    SET search_path = pg_catalog SECURITY DEFINER
    AS $body$
BEGIN
    -- Looks like a frame of a dump:
--
-- Name: nothing; Type: TABLE; Schema: public; Owner: -
--
    RETURN QUERY SELECT g, g::text FROM generate_series(1, n) g;
END
$body$;
CREATE FUNCTION app.parsed(n integer) RETURNS integer LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE WHEN n > 1 THEN app.add(n, 2) ELSE 0 END;
END;
CREATE FUNCTION app."Odd (name"(point) RETURNS double precision LANGUAGE sql IMMUTABLE LEAKPROOF AS $$ SELECT $1[0] $$;
CREATE FUNCTION app.window_row() RETURNS bigint LANGUAGE internal WINDOW IMMUTABLE AS 'window_row_number';
CREATE PROCEDURE app.do_nothing(INOUT a integer) LANGUAGE plpgsql AS $$ BEGIN a := a + 1; END $$;
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION app.after_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION app.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE AGGREGATE app.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0', COMBINEFUNC = int4pl, PARALLEL = SAFE);
CREATE AGGREGATE app.middle(double precision ORDER BY anyelement) (
    SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
COMMENT ON FUNCTION app.add(integer, integer) IS 'adds';
COMMENT ON FUNCTION app.both(integer) IS 'has OUT arguments';
COMMENT ON PROCEDURE app.do_nothing(integer) IS 'a procedure';
COMMENT ON AGGREGATE app.total(integer) IS 'an aggregate';

-- Operators and casts -----------------------------------------------------------------------------------------------

CREATE FUNCTION app.point_close(point, point) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 ~= $2 $$;
CREATE OPERATOR app.=== (LEFTARG = point, RIGHTARG = point, FUNCTION = app.point_close, COMMUTATOR = OPERATOR(app.===));
CREATE OPERATOR app.!!! (RIGHTARG = integer, FUNCTION = int4um);
CREATE OPERATOR FAMILY app.loose USING btree;
ALTER OPERATOR FAMILY app.loose USING btree ADD OPERATOR 1 < (integer, bigint), FUNCTION 1 (integer, bigint) btint48cmp(integer, bigint);
CREATE OPERATOR CLASS app.backwards FOR TYPE integer USING btree AS
    OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 btint4cmp(integer, integer);
CREATE CAST (app.address AS text) WITH INOUT AS ASSIGNMENT;
CREATE FUNCTION app.email_length(app.mood) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT length($1::text) $$;
CREATE CAST (app.mood AS integer) WITH FUNCTION app.email_length(app.mood);
CREATE TRANSFORM FOR point LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal));
CREATE CONVERSION app.latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE ACCESS METHOD nself_heap TYPE TABLE HANDLER heap_tableam_handler;
-- With functions of its own: pg_dump takes a language whose functions it does not dump for an extension's.
CREATE FUNCTION app.language_handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE FUNCTION app.language_inline(internal) RETURNS void LANGUAGE c STRICT AS '$libdir/plpgsql', 'plpgsql_inline_handler';
CREATE FUNCTION app.language_validator(oid) RETURNS void LANGUAGE c STRICT AS '$libdir/plpgsql', 'plpgsql_validator';
CREATE TRUSTED LANGUAGE nself_language
    HANDLER app.language_handler INLINE app.language_inline VALIDATOR app.language_validator;
COMMENT ON OPERATOR app.=== (point, point) IS 'close by';
COMMENT ON OPERATOR FAMILY app.loose USING btree IS 'loose';
COMMENT ON OPERATOR CLASS app.backwards USING btree IS 'backwards';
COMMENT ON CAST (app.mood AS integer) IS 'a cast';
COMMENT ON TRANSFORM FOR point LANGUAGE sql IS 'a transform';
COMMENT ON CONVERSION app.latin IS 'a conversion';
COMMENT ON ACCESS METHOD nself_heap IS 'an access method';
COMMENT ON LANGUAGE nself_language IS 'a language';

-- Text search -------------------------------------------------------------------------------------------------------

CREATE TEXT SEARCH PARSER app.words (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, HEADLINE = prsd_headline, LEXTYPES = prsd_lextype);
CREATE TEXT SEARCH TEMPLATE app.plain_words (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH DICTIONARY app.dictionary (TEMPLATE = pg_catalog.simple, accept = false);
CREATE TEXT SEARCH CONFIGURATION app.search (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION app.search ALTER MAPPING FOR word, asciiword WITH app.dictionary, pg_catalog.simple;
COMMENT ON TEXT SEARCH CONFIGURATION app.search IS 'a configuration';
COMMENT ON TEXT SEARCH DICTIONARY app.dictionary IS 'a dictionary';
COMMENT ON TEXT SEARCH PARSER app.words IS 'a parser';
COMMENT ON TEXT SEARCH TEMPLATE app.plain_words IS 'a template';

-- Sequences and tables ----------------------------------------------------------------------------------------------

CREATE SEQUENCE app.numbers AS bigint INCREMENT 5 MINVALUE 5 MAXVALUE 500000 START 10 CACHE 3 CYCLE;
COMMENT ON SEQUENCE app.numbers IS 'counts';

CREATE TABLE app.people (
    id integer GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 2) PRIMARY KEY,
    serial_no serial,
    name character varying(100) NOT NULL DEFAULT 'no; name',
    email app.email UNIQUE,
    mood app.mood DEFAULT 'ok',
    home app.address,
    tags text[] DEFAULT '{}',
    score numeric(10, 2) DEFAULT 0 CONSTRAINT score_in_range CHECK (score >= 0 AND score <= 1000000),
    level app.positive,
    status character varying(10) DEFAULT 'new' CHECK (status IN ('new', 'old', 'gone')),
    "Odd ""Column.x" text COLLATE "C",
    full_name text GENERATED ALWAYS AS (upper((name)::text)) STORED,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    data jsonb DEFAULT '{"a": [1, 2]}',
    CONSTRAINT "people name, odd" CHECK (name <> 'a,b' OR name <> '(')
) WITH (fillfactor = 80, autovacuum_enabled = false, toast.autovacuum_vacuum_threshold = 100);
ALTER TABLE app.people ALTER COLUMN tags SET STORAGE EXTERNAL, ALTER COLUMN data SET COMPRESSION pglz,
    ALTER COLUMN name SET STATISTICS 300, ALTER COLUMN score SET (n_distinct = 50);
COMMENT ON TABLE app.people IS 'people';
COMMENT ON COLUMN app.people.name IS 'their name';
COMMENT ON COLUMN app.people."Odd ""Column.x" IS 'odd';
COMMENT ON CONSTRAINT score_in_range ON app.people IS 'a check';

CREATE TABLE app.notes (
    person integer NOT NULL,
    number integer NOT NULL,
    body text,
    parent_person integer,
    parent_number integer,
    search tsvector,
    during int4range,
    place point,
    CONSTRAINT notes_pkey PRIMARY KEY (person, number) INCLUDE (body),
    CONSTRAINT notes_person FOREIGN KEY (person) REFERENCES app.people ON DELETE CASCADE ON UPDATE RESTRICT DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT notes_parent FOREIGN KEY (parent_person, parent_number) REFERENCES app.notes MATCH FULL ON DELETE SET NULL,
    CONSTRAINT notes_apart EXCLUDE USING gist (during WITH &&) WHERE (during IS NOT NULL),
    CONSTRAINT notes_once UNIQUE NULLS NOT DISTINCT (person, number, place_text)
        DEFERRABLE INITIALLY IMMEDIATE,
    place_text text DEFAULT 'here'
);
ALTER TABLE app.notes ADD CONSTRAINT notes_number CHECK (number > 0) NOT VALID;
ALTER TABLE app.notes ADD CONSTRAINT notes_not_inherited CHECK (number < 1000000) NO INHERIT;
COMMENT ON CONSTRAINT notes_person ON app.notes IS 'whose';

CREATE TABLE "Odd.Schema ""x"""."Table.with ""odd"" name" (
    "select" integer PRIMARY KEY,
    "a b" app.small_list,
    "C" "Odd.Schema ""x"""."My Type"
);
CREATE TABLE app.base (id bigint, kind text NOT NULL DEFAULT 'base', CONSTRAINT base_kind CHECK (kind <> ''));
CREATE TABLE app.derived (more text) INHERITS (app.base);
ALTER TABLE app.derived ALTER COLUMN kind SET DEFAULT 'derived';
CREATE TABLE app.typed OF app.address (zip WITH OPTIONS NOT NULL, PRIMARY KEY (house));
CREATE UNLOGGED TABLE app.scratch (id integer, note text);
CREATE TABLE app.other_method (id integer) USING nself_heap;
CREATE TABLE app.watched (id integer NOT NULL, code text NOT NULL);
CREATE UNIQUE INDEX watched_code ON app.watched (code);
ALTER TABLE app.watched REPLICA IDENTITY USING INDEX watched_code;
ALTER TABLE app.watched CLUSTER ON watched_code;
CREATE TABLE app.full_identity (id integer);
ALTER TABLE app.full_identity REPLICA IDENTITY FULL;
CREATE TABLE app.no_columns ();

CREATE TABLE app.events (
    id bigint NOT NULL,
    at date NOT NULL,
    person integer REFERENCES app.people,
    kind text DEFAULT 'x',
    CONSTRAINT events_kind CHECK (kind <> 'bad'),
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE app.events_2020 PARTITION OF app.events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE app.events_2021 PARTITION OF app.events FOR VALUES FROM ('2021-01-01') TO ('2022-01-01') PARTITION BY RANGE (id);
CREATE TABLE app.events_2021_x PARTITION OF app.events_2021 FOR VALUES FROM (0) TO (500);
CREATE TABLE app.events_2021_rest PARTITION OF app.events_2021 DEFAULT;
CREATE TABLE app.events_rest PARTITION OF app.events DEFAULT;
CREATE TABLE app.listed (kind text) PARTITION BY LIST (kind);
CREATE TABLE app.listed_x PARTITION OF app.listed FOR VALUES IN ('x', NULL);
CREATE TABLE app.hashed (id integer) PARTITION BY HASH (id);
CREATE TABLE app.hashed_0 PARTITION OF app.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE app.hashed_1 PARTITION OF app.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
COMMENT ON TABLE app.events_2020 IS 'a partition';

CREATE TABLE pub_all.one (id integer PRIMARY KEY, note text);

-- Indexes -----------------------------------------------------------------------------------------------------------

CREATE INDEX people_name ON app.people (lower((name)::text) text_pattern_ops, created_at DESC NULLS LAST) INCLUDE (status) WITH (fillfactor = 70);
CREATE UNIQUE INDEX people_live ON app.people (name, email) WHERE status IN ('new', 'old') AND mood <> 'sad';
CREATE INDEX people_data ON app.people USING gin (data jsonb_path_ops);
CREATE INDEX people_expr ON app.people ((score * 2), (name || 'x'));
ALTER INDEX app.people_expr ALTER COLUMN 1 SET STATISTICS 500;
CREATE INDEX notes_place ON app.notes USING gist (place);
CREATE INDEX notes_backwards ON app.notes (number app.backwards);
CREATE INDEX notes_brin ON app.notes USING brin (number) WITH (pages_per_range = 32);
CREATE INDEX events_person ON app.events (person);
CREATE UNIQUE INDEX "Odd.Index" ON "Odd.Schema ""x"""."Table.with ""odd"" name" ("a b");
COMMENT ON INDEX app.people_name IS 'an index';
CREATE STATISTICS app.people_stats (dependencies, ndistinct) ON name, status FROM app.people;
CREATE STATISTICS app.people_expression_stats ON (score * 2), mood FROM app.people;
ALTER STATISTICS app.people_stats SET STATISTICS 500;
COMMENT ON STATISTICS app.people_stats IS 'statistics';

-- Views -------------------------------------------------------------------------------------------------------------

CREATE VIEW app.adults AS SELECT id, name, status FROM app.people WHERE status IN ('new', 'old') WITH LOCAL CHECK OPTION;
CREATE VIEW app.adult_names WITH (security_barrier = true) AS SELECT name, count(*) AS how_many FROM app.adults GROUP BY name;
CREATE VIEW app.by_key AS SELECT id, name, status FROM app.people GROUP BY id;
CREATE VIEW app.with_functions AS SELECT app.add(id) AS a, app.parsed(id) AS b FROM app.people;
CREATE RECURSIVE VIEW app.counted (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM counted WHERE n < 5;
ALTER VIEW app.adults ALTER COLUMN status SET DEFAULT 'new';
CREATE MATERIALIZED VIEW app.totals AS SELECT mood, count(*) AS people, app.total(id) AS ids FROM app.people GROUP BY mood;
CREATE UNIQUE INDEX totals_mood ON app.totals (mood);
CREATE MATERIALIZED VIEW app.empty_totals AS SELECT 1 AS one WITH NO DATA;
COMMENT ON VIEW app.adults IS 'a view';
COMMENT ON COLUMN app.adults.name IS 'a column of a view';
COMMENT ON MATERIALIZED VIEW app.totals IS 'a materialized view';
COMMENT ON COLUMN app.totals.people IS 'a column of a materialized view';

-- Rules, triggers, policies -----------------------------------------------------------------------------------------

CREATE RULE adult_names_insert AS ON INSERT TO app.adult_names DO INSTEAD NOTHING;
CREATE RULE scratch_copy AS ON DELETE TO app.scratch WHERE old.id > 5 DO ALSO DELETE FROM app.watched WHERE id = old.id;
ALTER TABLE app.scratch DISABLE RULE scratch_copy;
COMMENT ON RULE adult_names_insert ON app.adult_names IS 'a rule';

CREATE TRIGGER people_touch BEFORE INSERT OR UPDATE OF name, status ON app.people
    FOR EACH ROW WHEN (new.status IN ('new', 'old')) EXECUTE FUNCTION app.touch();
CREATE TRIGGER people_log AFTER UPDATE ON app.people REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION app.after_all('an; argument');
CREATE CONSTRAINT TRIGGER notes_later AFTER INSERT ON app.notes DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION app.after_all();
CREATE TRIGGER "Odd trigger" INSTEAD OF INSERT ON app.by_key FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER notes_off BEFORE DELETE ON app.notes FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER notes_replica BEFORE DELETE ON app.notes FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER notes_always BEFORE TRUNCATE ON app.notes FOR EACH STATEMENT EXECUTE FUNCTION app.after_all();
ALTER TABLE app.notes DISABLE TRIGGER notes_off;
ALTER TABLE app.notes ENABLE REPLICA TRIGGER notes_replica;
ALTER TABLE app.notes ENABLE ALWAYS TRIGGER notes_always;
CREATE TRIGGER events_touch AFTER INSERT ON app.events FOR EACH ROW EXECUTE FUNCTION app.after_all();
COMMENT ON TRIGGER people_touch ON app.people IS 'a trigger';

CREATE EVENT TRIGGER nself_on_ddl ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE VIEW') EXECUTE FUNCTION app.on_ddl();
CREATE EVENT TRIGGER nself_on_drop ON sql_drop EXECUTE FUNCTION app.on_ddl();
ALTER EVENT TRIGGER nself_on_drop DISABLE;
COMMENT ON EVENT TRIGGER nself_on_ddl IS 'an event trigger';

ALTER TABLE app.people ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.people FORCE ROW LEVEL SECURITY;
ALTER TABLE app.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY people_all ON app.people USING (status IN ('new', 'old'));
CREATE POLICY people_mine ON app.people AS RESTRICTIVE FOR UPDATE TO nself_app, "Nself ""Quoted""" USING (name = CURRENT_USER) WITH CHECK (id > 0);
CREATE POLICY notes_insert ON app.notes FOR INSERT TO PUBLIC WITH CHECK (EXISTS (SELECT FROM app.people p WHERE p.id = person));
COMMENT ON POLICY people_all ON app.people IS 'a policy';

-- Foreign data ------------------------------------------------------------------------------------------------------

CREATE FOREIGN DATA WRAPPER nself_wrapper OPTIONS (debug 'true');
CREATE SERVER nself_server TYPE 'some' VERSION '1' FOREIGN DATA WRAPPER nself_wrapper OPTIONS (host 'example.com', port '1');
CREATE USER MAPPING FOR PUBLIC SERVER nself_server;
CREATE USER MAPPING FOR nself_app SERVER nself_server OPTIONS (user 'somebody');
CREATE FOREIGN TABLE app.far (
    id integer OPTIONS (column_name 'ID') NOT NULL,
    note text DEFAULT 'far',
    CONSTRAINT far_check CHECK (id > 0)
) SERVER nself_server OPTIONS (table_name 'far_away');
COMMENT ON FOREIGN TABLE app.far IS 'a foreign table';
COMMENT ON FOREIGN DATA WRAPPER nself_wrapper IS 'a wrapper';
COMMENT ON SERVER nself_server IS 'a server';

-- Publications ------------------------------------------------------------------------------------------------------

CREATE PUBLICATION nself_some FOR TABLE app.watched (id, code) WHERE (id > 5), TABLE ONLY app.base WITH (publish = 'insert, update');
CREATE PUBLICATION nself_schema FOR TABLES IN SCHEMA pub_all WITH (publish_via_partition_root = true);
CREATE PUBLICATION nself_everything FOR ALL TABLES;
COMMENT ON PUBLICATION nself_some IS 'a publication';

-- Privileges --------------------------------------------------------------------------------------------------------

GRANT USAGE ON SCHEMA app TO nself_app, nself_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA app TO nself_reader;
GRANT SELECT, INSERT, UPDATE ON app.people TO nself_app WITH GRANT OPTION;
GRANT SELECT (person, body), UPDATE (body) ON app.notes TO nself_app;
GRANT ALL ON app.scratch TO PUBLIC;
GRANT USAGE ON SEQUENCE app.numbers TO nself_app;
REVOKE EXECUTE ON FUNCTION app.add(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.add(integer, integer) TO nself_app, "Nself ""Quoted""";
REVOKE ALL ON PROCEDURE app.do_nothing(integer) FROM PUBLIC;
REVOKE USAGE ON TYPE app.mood FROM PUBLIC;
GRANT USAGE ON TYPE app.mood TO nself_app;
GRANT USAGE ON DOMAIN app.email TO nself_reader;
GRANT USAGE ON FOREIGN SERVER nself_server TO nself_app;
GRANT USAGE ON FOREIGN DATA WRAPPER nself_wrapper TO nself_app;
GRANT USAGE ON LANGUAGE nself_language TO nself_app;
REVOKE DELETE ON app.watched FROM CURRENT_USER;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO nself_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT EXECUTE ON FUNCTIONS TO nself_app;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
