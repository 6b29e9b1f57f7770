//! Rows: every table gets as many as were asked for, as far as its constraints let values be guessed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use nself_harness::Doing;
use postgres::{Client, Row};

use crate::error::Error;

/// What became of it.
#[derive(Debug, Default, Clone)]
pub struct Filled {
    pub tables: usize,
    pub full: usize,
    pub rows: i64,
    /// Tables that hold fewer rows than were asked for, with how many and what the server said last.
    pub short: Vec<(String, i64, String)>,
}

struct Column {
    name: String,
    not_null: bool,
    declared: String,
    /// SQL expressions of the counter `i`, the best guess first.
    guesses: Vec<String>,
    /// Whether a definition names constants for it, which are all to be met.
    hinted: bool,
    /// The constraints and indexes that a bad guess can break.
    rules: Vec<String>,
}

struct Key {
    refers_to: u32,
    name: String,
    columns: Vec<String>,
    key: Vec<String>,
    /// Whether there is no row without a parent.
    required: bool,
}

/// Fills all tables, parents first.
pub fn fill(client: &mut Client, rows: usize) -> Result<Filled, Error> {
    client
        .batch_execute("SET search_path = pg_catalog, public; SELECT setseed(0.5)")
        .doing("preparing to make rows")?;
    let mut columns: BTreeMap<u32, Vec<Column>> = BTreeMap::new();
    for row in client.query(include_str!("../sql/fill_columns.sql"), &[]).doing("reading columns to fill")? {
        columns.entry(row.get("relid")).or_default().push(column(&row));
    }
    let mut keys: BTreeMap<u32, Vec<Key>> = BTreeMap::new();
    for row in client.query(include_str!("../sql/fill_keys.sql"), &[]).doing("reading foreign keys")? {
        keys.entry(row.get("relid")).or_default().push(Key {
            refers_to: row.get("refers_to"),
            name: row.get("name"),
            columns: row.get("columns"),
            key: row.get("key"),
            required: row.get("required"),
        });
    }
    let tables = client.query(include_str!("../sql/fill_tables.sql"), &[]).doing("reading tables to fill")?;
    let tables: Vec<(u32, String)> = tables.iter().map(|row| (row.get(0), row.get(1))).collect();

    let mut filled = Filled { tables: tables.len(), ..Filled::default() };
    for (oid, name) in parents_first(&tables, &keys) {
        let (none, no_keys) = (Vec::new(), Vec::new());
        let columns = columns.get(oid).unwrap_or(&none);
        let keys = keys.get(oid).unwrap_or(&no_keys);
        let mut count = 0;
        // Triggers run, unless they let no row in.
        for replica in [false, true] {
            let sql = block(name, columns, keys, rows, replica);
            client.batch_execute(&sql).doing(format!("filling {name}"))?;
            let query = format!("SELECT count(*) FROM ONLY {name}");
            let query = if is_partitioned(client, *oid)? { query.replace("ONLY ", "") } else { query };
            count = client.query_one(&query, &[]).doing("counting rows")?.get(0);
            if count > 0 {
                break;
            }
        }
        filled.rows += count;
        if count >= rows as i64 {
            filled.full += 1;
        } else {
            let query = "SELECT coalesce(current_setting('fidelity.error', true), '')";
            let error = client.query_one(query, &[]).doing("asking why")?.get(0);
            filled.short.push((name.clone(), count, error));
        }
    }
    // Views that were filled when there were no rows yet.
    let views = client
        .query(
            "SELECT format('REFRESH MATERIALIZED VIEW %I.%I', n.nspname, c.relname)
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind = 'm' AND c.relispopulated ORDER BY c.oid",
            &[],
        )
        .doing("looking for materialized views")?;
    for view in views {
        // One that cannot be refreshed stays as it is.
        let _ = client.batch_execute(view.get(0));
    }
    client.batch_execute("ANALYZE").doing("ANALYZE")?;
    Ok(filled)
}

fn is_partitioned(client: &mut Client, oid: u32) -> Result<bool, Error> {
    let row = client.query_one("SELECT relkind = 'p' FROM pg_class WHERE oid = $1", &[&oid]);
    Ok(row.doing("looking at a table")?.get(0))
}

/// Tables in an order in which what they refer to comes before them, as far as there is one.
fn parents_first<'a>(tables: &'a [(u32, String)], keys: &BTreeMap<u32, Vec<Key>>) -> Vec<&'a (u32, String)> {
    let all: BTreeSet<u32> = tables.iter().map(|(oid, _)| *oid).collect();
    let mut done = BTreeSet::new();
    let mut order = Vec::new();
    while order.len() < tables.len() {
        let waits = |oid: u32, also_optional: bool| {
            keys.get(&oid).into_iter().flatten().any(|key| {
                (key.required || also_optional)
                    && key.refers_to != oid
                    && all.contains(&key.refers_to)
                    && !done.contains(&key.refers_to)
            })
        };
        let open = || tables.iter().filter(|(oid, _)| !done.contains(oid));
        // In a circle one begins that can do without a parent, if there is one.
        let ready = open()
            .find(|(oid, _)| !waits(*oid, true))
            .or_else(|| open().find(|(oid, _)| !waits(*oid, false)));
        let Some(next) = ready.or_else(|| open().next()) else { break };
        done.insert(next.0);
        order.push(next);
    }
    order
}

/// A block that inserts row by row. Each column sticks to a guess until an error names a rule that it broke; then the
/// columns of that rule guess again.
fn block(table: &str, columns: &[Column], keys: &[Key], rows: usize, replica: bool) -> String {
    let mut sql = String::new();
    declare(&mut sql, columns);
    let _ = writeln!(
        sql,
        "BEGIN SET LOCAL session_replication_role = {}; \
         WHILE n < {rows} AND fails < {} LOOP i := i + 1;\nBEGIN",
        if replica { "replica" } else { "origin" },
        rows.clamp(300, 3000)
    );
    guess_values(&mut sql, columns);
    take_parents(&mut sql, columns, keys);
    insert_row(&mut sql, table, columns);
    guess_again_after_an_error(&mut sql, columns);
    sql.push_str("END;\nEND LOOP; END $fill$");
    sql
}

/// For each column, its value `v` and the number of its guess `g`.
fn declare(sql: &mut String, columns: &[Column]) {
    sql.push_str("DO $fill$ DECLARE n int := 0; i int := 0; k int; fails int := 0; rule text; named text;\n");
    for (number, column) in columns.iter().enumerate() {
        let _ = writeln!(sql, "v{number} {}; g{number} int := 0;", column.declared);
    }
}

fn guess_values(sql: &mut String, columns: &[Column]) {
    for (number, column) in columns.iter().enumerate() {
        let mut arms = String::new();
        for (guess, expression) in column.guesses.iter().enumerate() {
            let _ = write!(arms, " WHEN {guess} THEN v{number} := {expression};");
        }
        // Where NULL is allowed it is one more guess, and every ninth value of a row that is the first try.
        let null = if column.not_null { "false" } else { "fails = 0" };
        let _ = writeln!(
            sql,
            "k := CASE WHEN {null} AND (i + {number}) % 9 = 8 THEN -1 ELSE g{number} END; \
             CASE k{arms} ELSE v{number} := NULL; END CASE;"
        );
    }
}

/// Replaces the guesses of columns that refer to another table by the key of one of its rows. Where two foreign keys
/// share a column, the second takes a row that has the value which the first chose.
fn take_parents(sql: &mut String, columns: &[Column], keys: &[Key]) {
    let variable = |name: &str| columns.iter().position(|column| column.name == name);
    let mut chosen: BTreeSet<&str> = BTreeSet::new();
    for key in keys {
        let pairs: Vec<(usize, &String, &String)> = key
            .columns
            .iter()
            .zip(&key.key)
            .filter_map(|(column, other)| variable(column).map(|number| (number, column, other)))
            .collect();
        if pairs.len() != key.columns.len() {
            continue;
        }
        let fixed: Vec<String> = pairs
            .iter()
            .filter(|(_, column, _)| chosen.contains(column.as_str()))
            .map(|(number, _, other)| format!("p.{other} = v{number}"))
            .collect();
        let free: Vec<_> = pairs.iter().filter(|(_, column, _)| !chosen.contains(column.as_str())).collect();
        if free.is_empty() {
            continue;
        }
        let wanted: Vec<String> = free.iter().map(|(_, _, other)| format!("p.{other}")).collect();
        let into: Vec<String> = free.iter().map(|(number, _, _)| format!("v{number}")).collect();
        let condition = if fixed.is_empty() { "true".to_owned() } else { fixed.join(" AND ") };
        // Every parent in turn, so that unique keys are met by different ones.
        let _ = writeln!(
            sql,
            "SELECT count(*) INTO k FROM {parent} p WHERE {condition}; \
             SELECT {wanted} INTO {into} FROM {parent} p WHERE {condition} ORDER BY p.ctid \
              OFFSET CASE WHEN k = 0 THEN 0 WHEN fails % 2 = 0 THEN i % k ELSE floor(random() * k)::int END LIMIT 1;",
            parent = key.name,
            wanted = wanted.join(", "),
            into = into.join(", ")
        );
        chosen.extend(key.columns.iter().map(String::as_str));
    }
}

fn insert_row(sql: &mut String, table: &str, columns: &[Column]) {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let values: Vec<String> = (0..columns.len()).map(|number| format!("v{number}")).collect();
    let insert = if names.is_empty() {
        format!("INSERT INTO {table} DEFAULT VALUES")
    } else {
        format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "))
    };
    let _ = writeln!(
        sql,
        "{insert}; GET DIAGNOSTICS k = ROW_COUNT; SET CONSTRAINTS ALL IMMEDIATE; \
         IF k = 0 THEN fails := fails + 1; ELSE n := n + k; fails := 0; END IF;"
    );
    // All constants that a definition names are to be met.
    for (number, column) in columns.iter().enumerate().filter(|(_, column)| column.hinted) {
        let _ = writeln!(sql, "IF random() < 0.3 THEN {} END IF;", guess_again(number, column));
    }
}

fn guess_again_after_an_error(sql: &mut String, columns: &[Column]) {
    sql.push_str(
        "EXCEPTION WHEN OTHERS THEN fails := fails + 1; PERFORM set_config('fidelity.error', SQLERRM, false); \
         GET STACKED DIAGNOSTICS rule = CONSTRAINT_NAME, named = COLUMN_NAME;\n",
    );
    for (number, column) in columns.iter().enumerate() {
        let rules: Vec<String> =
            column.rules.iter().map(|rule| format!("'{}'", rule.replace('\'', "''"))).collect();
        let _ = writeln!(
            sql,
            "IF rule = ANY (ARRAY[{}]::text[]) OR quote_ident(named) = '{}' OR rule = '' AND named = '' AND random() < 0.3 \
             THEN {} END IF;",
            rules.join(", "),
            column.name.replace('\'', "''"),
            guess_again(number, column)
        );
    }
}

/// Any of a column's guesses, NULL among them where it is allowed.
fn guess_again(number: usize, column: &Column) -> String {
    let guesses = column.guesses.len() + usize::from(!column.not_null);
    format!("g{number} := floor(random() * {guesses})::int;")
}

fn column(row: &Row) -> Column {
    let declared: String = row.get("declared");
    let base: String = row.get("base");
    let is_array: bool = row.get("is_array");
    let length: Option<i32> = row.get("length");
    let digits: Option<i32> = row.get("digits");
    let labels: Vec<String> = row.get("labels");
    let sort: String = row.get("sort");
    let category: String = row.get("category");
    let hints: Vec<String> = row.get("hints");

    let mut guesses: Vec<String> = hints.iter().flat_map(|hint| constants(hint)).collect();
    let mut seen = BTreeSet::new();
    guesses.retain(|guess| seen.insert(guess.clone()));
    let hinted = !guesses.is_empty();
    // What a constraint names is meant where it is text; of numbers it is a bound.
    let general = general(&base, &sort, &category, &labels, length, digits);
    if category == "S" && !guesses.is_empty() {
        guesses.extend(general);
    } else {
        guesses = general.into_iter().chain(guesses).collect();
    }
    let guesses = guesses
        .into_iter()
        .map(|guess| if is_array { format!("ARRAY[{guess}]::{base}[]") } else { guess })
        .map(|guess| match length {
            Some(length) if !is_array && category == "S" => format!("right(({guess})::text, {length})"),
            _ => guess,
        })
        .collect();
    Column {
        name: row.get("column_name"),
        not_null: row.get("not_null"),
        declared,
        guesses,
        hinted,
        rules: row.get("rules"),
    }
}

/// Guesses by type.
fn general(
    base: &str,
    sort: &str,
    category: &str,
    labels: &[String],
    length: Option<i32>,
    digits: Option<i32>,
) -> Vec<String> {
    let owned = |guesses: &[&str]| guesses.iter().map(|guess| (*guess).to_owned()).collect();
    if sort == "e" {
        let labels = labels.join(", ");
        return vec![format!("(ARRAY[{labels}]::{base}[])[1 + i % cardinality(ARRAY[{labels}])]")];
    }
    match base {
        "boolean" => owned(&["i % 2 = 0"]),
        "smallint" | "integer" | "bigint" | "oid" | "double precision" | "real" => {
            owned(&["i", "1 + i % 100", "2000 + i % 100", "i % 10", "0"])
        }
        "numeric" => match digits {
            Some(digits) if digits < 4 => {
                vec![format!("(i % {}) / 10.0", 10_i32.pow(digits.max(0) as u32)), "0".to_owned()]
            }
            _ => owned(&["i", "i / 100.0", "1 + i % 100", "0"]),
        },
        "money" => owned(&["i::numeric::money"]),
        "uuid" => owned(&["md5(i::text || 'u')::uuid"]),
        "date" => owned(&["date '2020-01-01' + i", "current_date"]),
        "timestamp without time zone" | "timestamp with time zone" => {
            owned(&["timestamp '2020-01-01' + i * interval '1 hour'", "now()"])
        }
        "time without time zone" | "time with time zone" => {
            owned(&["time '00:00' + i * interval '1 minute'"])
        }
        "interval" => owned(&["i * interval '1 minute'"]),
        "json" | "jsonb" => vec![
            format!("json_build_object('n', i)::{base}"),
            format!("json_build_array(i)::{base}"),
            format!("'{{}}'::{base}"),
        ],
        "bytea" => owned(&[
            "convert_to(i::text, 'UTF8')",
            "decode(md5(i::text), 'hex')",
            "decode(md5(i::text) || md5(i::text), 'hex')",
        ]),
        "inet" | "cidr" => owned(&["(format('10.%s.%s.1/32', i / 250, i % 250))::inet"]),
        "macaddr" => owned(&["(lpad(to_hex(i), 12, '0'))::macaddr"]),
        "tsvector" => owned(&["to_tsvector('simple', 'word' || i)"]),
        "tsquery" => owned(&["to_tsquery('simple', 'word' || i)"]),
        "int4range" | "int8range" | "numrange" => vec![format!("{base}(i * 10, i * 10 + 5)")],
        "daterange" => owned(&["daterange(date '2020-01-01' + 2 * i, date '2020-01-01' + 2 * i + 1)"]),
        "tsrange" => owned(&[
            "tsrange(timestamp '2020-01-01' + i * interval '1 day', timestamp '2020-01-01 12:00' + i * interval '1 day')",
        ]),
        "tstzrange" => owned(&[
            "tstzrange(timestamptz '2020-01-01' + i * interval '1 day', timestamptz '2020-01-01 12:00' + i * interval '1 day')",
        ]),
        "bit" | "bit varying" => owned(&["B'1'"]),
        "point" => owned(&["point(i, i)"]),
        "box" => owned(&["box(point(i * 10, i * 10), point(i * 10 + 1, i * 10 + 1))"]),
        "circle" => owned(&["circle(point(i * 10, i * 10), 1)"]),
        "xml" => owned(&["('<n>' || i || '</n>')::xml"]),
        "\"char\"" => owned(&["chr(65 + i % 26)::\"char\""]),
        "regclass" => owned(&["'pg_class'::regclass"]),
        _ if category == "S" && length.is_some_and(|length| length < 4) => {
            owned(&["lpad(to_hex(i), 4, '0')", "'A'"])
        }
        _ if category == "S" => owned(&[
            "'v' || i",
            "'v' || i || '@example.com'",
            "'https://v' || i || '.example.com/'",
            "lpad(i::text, 10, '0')",
            "md5(i::text)",
            "'#' || lpad(to_hex(i), 6, '0')",
            "'V' || i",
            "repeat('x', 40) || i",
            "'v'",
        ]),
        _ if sort == "c" => vec![format!("NULL::{base}")],
        // Types of extensions mostly take words or numbers.
        _ => vec![format!("('v' || i)::{base}"), format!("(i::text)::{base}"), format!("('{{}}')::{base}")],
    }
}

/// The constants in a definition: what a check compares with, where a partition begins.
fn constants(definition: &str) -> Vec<String> {
    let mut found = Vec::new();
    // A range goes up to its second bound and not to it.
    let definition = definition.split(") TO (").next().unwrap_or(definition);
    let mut rest = definition;
    while let Some(start) = rest.find('\'') {
        let Some(end) = rest[start + 1..].find('\'') else { break };
        found.push(rest[start..start + end + 2].to_owned());
        rest = &rest[start + end + 2..];
    }
    let outside: String = definition.split('\'').step_by(2).collect::<Vec<_>>().join(" ");
    found.extend(
        outside
            .split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '.' && sign != '_')
            .filter(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()))
            .map(str::to_owned),
    );
    found
}

#[cfg(test)]
mod tests {
    use super::constants;

    #[test]
    fn constants_are_found_in_checks_and_bounds() {
        let check = "CHECK (((e)::text = ANY (ARRAY['a'::text, 'b'::text])) OR (n > 12))";
        assert_eq!(constants(check), ["'a'", "'b'", "12"]);
        assert_eq!(constants("FOR VALUES FROM ('2022-01-01') TO ('2022-02-01')"), ["'2022-01-01'"]);
    }
}
