-- A database of which every section of the page has something to show.
CREATE EXTENSION nself_heal;
SELECT count(*) FROM nself_journal_put($files$[
  {"path": "0001_people.sql", "content": "CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, mail text); CREATE UNIQUE INDEX people_mail ON people (lower(mail)); ALTER TABLE people ENABLE ROW LEVEL SECURITY;"},
  {"path": "0002_orders.sql", "content": "CREATE TABLE orders (id int PRIMARY KEY, person int REFERENCES people, total numeric(10,2) NOT NULL DEFAULT 0, at timestamptz NOT NULL DEFAULT now()); COMMENT ON TABLE orders IS 'What people have ordered';"},
  {"path": "0003_totals.sql", "content": "CREATE FUNCTION total_of(of_person int) RETURNS numeric LANGUAGE plpgsql AS $f$\nDECLARE\n    result numeric;\nBEGIN\n    -- Only what is paid counts.\n    SELECT sum(total)\n      INTO result\n      FROM orders\n     WHERE person = of_person;\n    RETURN coalesce(result, 0);\nEND\n$f$; CREATE VIEW best AS SELECT person, sum(total) AS total FROM orders GROUP BY person;"},
  {"path": "0004_notes.sql", "content": "CREATE TABLE \"<b>notes</b> & 'more'\" (id int PRIMARY KEY, \"a \"\"quoted\"\" column\" text);"},
  {"path": "0005_states.sql", "content": "ALTER TABLE orders ADD COLUMN state text NOT NULL DEFAULT 'new'; ALTER TABLE people ALTER COLUMN id TYPE bigint; CREATE INDEX orders_person ON orders (person);"}]$files$);
SELECT count(*) FROM nself_migrate_up(target => '0004');
INSERT INTO people SELECT n, 'person ' || n, n || '@example.org' FROM generate_series(1, 500) n;
INSERT INTO orders SELECT n, n, n FROM generate_series(1, 500) n;

-- Some history.
ALTER TABLE people DROP COLUMN mail;
SELECT count(*) FROM nself_heal(confirm => true);
SELECT count(*) FROM nself_heal();
DROP VIEW best;
ALTER TABLE orders ALTER at DROP DEFAULT;
SELECT count(*) FROM nself_heal();
SELECT count(*) FROM nself_heal(confirm => true);
SELECT count(*) FROM nself_heal(confirm => true);

-- Tenants, one of them behind.
SELECT nself_tenant_add('acme-corp', 'acme');
SELECT nself_tenant_add('beta');
SELECT nself_tenant_add('zeta');
SELECT count(*) FROM nself_tenant_up(target => '0004');
SELECT count(*) FROM nself_migrate_up(tenant => 'acme-corp');

-- Drift of every kind.
ALTER TABLE people DROP COLUMN mail;
ALTER TABLE people ALTER name TYPE varchar(200), ALTER name DROP NOT NULL;
ALTER TABLE people DISABLE ROW LEVEL SECURITY;
DROP VIEW best;
CREATE TABLE temp_import_2026_05_07_of_a_rather_long_name_that_somebody_took (line text);
CREATE OR REPLACE FUNCTION total_of(of_person int) RETURNS numeric LANGUAGE plpgsql AS $f$
DECLARE
    result numeric;
BEGIN
    -- Only what is paid counts.
    SELECT sum(total)
      INTO result
      FROM orders
     WHERE person = of_person AND total > 0;
    RAISE NOTICE '<script>alert(1)</script>';
    RETURN coalesce(result, 0);
END
$f$;
ALTER TABLE "<b>notes</b> & 'more'" DROP COLUMN "a ""quoted"" column";
ALTER TABLE beta.orders ADD COLUMN gift boolean;
