-- Rows that are there may stand in the way of what is missing. Then the step is blocked, tells how many rows and how to
-- find them, and everything else is healed.
CREATE EXTENSION nself_heal;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_shop.sql', 'content', $$
    CREATE TABLE customer (id int PRIMARY KEY, email text NOT NULL, CONSTRAINT customer_email_key UNIQUE (email));
    CREATE TABLE purchase (
        id int PRIMARY KEY,
        customer_id int NOT NULL CONSTRAINT purchase_customer_fk REFERENCES customer ON DELETE CASCADE,
        amount numeric(10, 2) NOT NULL CONSTRAINT purchase_amount_check CHECK (amount > 0),
        code text,
        note text NOT NULL
    );
    CREATE UNIQUE INDEX purchase_code_key ON purchase (lower(code)) WHERE code <> '';
$$)));
SELECT version, status FROM nself_migrate_up();

-- Somebody takes the rules away, and rows come in that break each of them.
ALTER TABLE purchase DROP CONSTRAINT purchase_customer_fk, DROP CONSTRAINT purchase_amount_check,
    ALTER COLUMN customer_id DROP NOT NULL, DROP COLUMN note;
ALTER TABLE customer DROP CONSTRAINT customer_email_key, ALTER COLUMN email DROP NOT NULL;
DROP INDEX purchase_code_key;
INSERT INTO customer VALUES (1, 'a@x'), (2, 'a@x'), (3, NULL);
INSERT INTO purchase VALUES (1, 1, 5, 'A'), (2, 99, -1, 'a'), (3, 98, 1, ''), (4, NULL, 1, '');

-- The dry run already tells what will not work.
SELECT object_type, identity, status, detail FROM nself_heal() \g (format=unaligned)
-- So does the real run: nothing is lost, nothing half done.
SELECT object_type, identity, status FROM nself_heal(true);
SELECT count(*), sum(amount) FROM purchase;

-- The queries of the report find the rows. They are put right, and the next heal closes the drift.
SELECT "customer_id" FROM purchase c WHERE NOT EXISTS (SELECT FROM customer p WHERE p.id = c.customer_id) ORDER BY 1;
UPDATE customer SET email = 'b@x' WHERE id = 2;
UPDATE customer SET email = 'c@x' WHERE id = 3;
UPDATE purchase SET customer_id = 2, amount = 1, code = 'B' WHERE id IN (2, 3, 4);
UPDATE purchase SET code = NULL WHERE id IN (3, 4);
SELECT object_type, identity, status, detail FROM nself_heal(true) \g (format=unaligned)

-- What is left needs a decision on the rows: a column that must not be empty, and has no default.
ALTER TABLE purchase ADD COLUMN note text;
SELECT kind, object_type, identity, safety FROM nself_drift();
UPDATE purchase SET note = 'none';
SELECT object_type, identity, status FROM nself_heal(true);
SELECT count(*) AS drift FROM nself_drift();
SELECT event, drift_items, applied, blocked, manual, confirmed, outcome FROM nself_heal_history() ORDER BY event;
