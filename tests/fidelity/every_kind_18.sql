-- What PostgreSQL 18 has and earlier versions do not. No contrib module: keys WITHOUT OVERLAPS are of ranges, which GiST can compare.

CREATE SCHEMA app;

CREATE TABLE app.people (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text CONSTRAINT people_have_a_name NOT NULL,
    born date NOT NULL NO INHERIT,
    title text,
    shout text GENERATED ALWAYS AS (upper(name)) VIRTUAL,
    stored_shout text GENERATED ALWAYS AS (upper(name)) STORED,
    points integer CONSTRAINT points_hoped_for CHECK (points > 0) NOT ENFORCED
);
ALTER TABLE app.people ADD CONSTRAINT people_title NOT NULL title NOT VALID;
COMMENT ON CONSTRAINT people_have_a_name ON app.people IS 'a named NOT NULL';
COMMENT ON COLUMN app.people.shout IS 'virtual';

CREATE TABLE app.employees (salary integer CONSTRAINT employees_salary NOT NULL) INHERITS (app.people);

CREATE TABLE app.notes (
    id integer PRIMARY KEY,
    person integer,
    CONSTRAINT notes_person FOREIGN KEY (person) REFERENCES app.people NOT ENFORCED
);

CREATE TABLE app.periods (
    seats int4range,
    during daterange,
    CONSTRAINT periods_pkey PRIMARY KEY (seats, during WITHOUT OVERLAPS)
);
CREATE TABLE app.bookings (
    number integer PRIMARY KEY,
    seats int4range,
    during daterange,
    CONSTRAINT bookings_during FOREIGN KEY (seats, PERIOD during) REFERENCES app.periods (seats, PERIOD during)
);
CREATE TABLE app.rooms (
    seats int4range,
    open daterange,
    CONSTRAINT rooms_open UNIQUE (seats, open WITHOUT OVERLAPS)
);

CREATE TABLE app.events (
    id integer CONSTRAINT events_id NOT NULL,
    at date NOT NULL,
    person integer REFERENCES app.people
) PARTITION BY RANGE (at);
CREATE TABLE app.events_rest PARTITION OF app.events DEFAULT;
ALTER TABLE app.events ADD CONSTRAINT events_later FOREIGN KEY (id) REFERENCES app.notes NOT VALID;

CREATE DOMAIN app.named AS text CONSTRAINT named_not_null NOT NULL;
CREATE PUBLICATION nself_generated FOR TABLE app.people WITH (publish_generated_columns = stored);
GRANT MAINTAIN ON app.people TO pg_monitor;
