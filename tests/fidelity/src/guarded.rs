//! What a heal must leave as it is: rows, OIDs, files.

use std::collections::{BTreeMap, BTreeSet};

use nself_harness::Doing;
use postgres::Client;

use crate::error::Error;
use crate::product::Step;

/// A database's rows, OIDs and files at one moment.
pub struct Guarded {
    objects: BTreeMap<(String, String), u32>,
    tables: BTreeMap<String, Table>,
}

struct Table {
    file: u32,
    above: Vec<String>,
    columns: Vec<String>,
    rows: Rows,
}

/// How many rows, and a hash of them in whatever order.
#[derive(PartialEq)]
struct Rows {
    count: i64,
    hash: String,
}

/// What a heal did that it must not do.
#[derive(Default)]
pub struct Harm {
    pub lost_rows: i64,
    pub complaints: Vec<String>,
}

impl Guarded {
    pub fn read(client: &mut Client) -> Result<Self, Error> {
        Self::like(client, None)
    }

    /// Reads again, hashing of each table the columns that it had then: what was healed is new.
    pub fn again(&self, client: &mut Client) -> Result<Self, Error> {
        Self::like(client, Some(self))
    }

    fn like(client: &mut Client, then: Option<&Self>) -> Result<Self, Error> {
        client.batch_execute("SET search_path = pg_catalog").doing("setting the search_path")?;
        let rows = client.query(include_str!("../sql/objects.sql"), &[]).doing("reading OIDs")?;
        let objects = rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect();
        let rows = client.query(include_str!("../sql/tables.sql"), &[]).doing("reading the tables' files")?;
        let mut tables = BTreeMap::new();
        for row in rows {
            let name: String = row.get(0);
            let now: Vec<String> = row.get(3);
            let columns = match then.and_then(|then| then.tables.get(&name)) {
                Some(table) => table.columns.iter().filter(|column| now.contains(column)).cloned().collect(),
                None => now,
            };
            let rows = Rows { count: 0, hash: String::new() };
            tables.insert(name, Table { file: row.get(1), above: row.get(2), columns, rows });
        }
        let queries: Vec<String> =
            tables.iter().map(|(name, table)| hash_query(name, &table.columns)).collect();
        if !queries.is_empty() {
            for row in client.query(&queries.join(" UNION ALL "), &[]).doing("hashing rows")? {
                if let Some(table) = tables.get_mut(row.get::<_, &str>(0)) {
                    table.rows = Rows { count: row.get(1), hash: row.get(2) };
                }
            }
        }
        Ok(Self { objects, tables })
    }

    /// What is not as it was, though no step said that it would be.
    pub fn harm(&self, after: &Self, steps: &[Step]) -> Harm {
        let mut harm = Harm::default();
        for ((class, identity), number) in &self.objects {
            match after.objects.get(&(class.clone(), identity.clone())) {
                Some(now) if now == number => {}
                Some(_) => harm.complaints.push(format!("made anew: {identity} ({class})")),
                None => harm.complaints.push(format!("gone: {identity} ({class})")),
            }
        }
        let rewritten = rewritten(steps);
        for (name, table) in &self.tables {
            let Some(now) = after.tables.get(name) else {
                harm.lost_rows += table.rows.count;
                harm.complaints.push(format!("gone with {} rows: {name}", table.rows.count));
                continue;
            };
            if now.rows != table.rows {
                // Fewer rows, or as many that are not all the same.
                let lost = table.rows.count - now.rows.count;
                harm.lost_rows += if lost == 0 { table.rows.count } else { lost.max(0) };
                let (before, after) = (table.rows.count, now.rows.count);
                harm.complaints.push(format!("other rows in {name}: {before} before, {after} after"));
            }
            let said = rewritten.contains(name) || table.above.iter().any(|above| rewritten.contains(above));
            // Of a table without rows there is nothing to rewrite, whatever its file is called.
            if now.file != table.file && !said && table.rows.count > 0 {
                harm.complaints.push(format!("rewritten, and no step said so: {name}"));
            }
        }
        harm
    }
}

fn hash_query(name: &str, columns: &[String]) -> String {
    // A sum of hashes does not depend on the order, and needs no sort.
    let literal = name.replace('\'', "''");
    let columns = columns.join(", ");
    format!(
        "SELECT '{literal}', count(*), coalesce(sum(hashtextextended(ROW({columns})::text, 0)::numeric), 0)::text \
           FROM ONLY {name}"
    )
}

/// The tables of which a step that was taken said that it rewrites them.
fn rewritten(steps: &[Step]) -> BTreeSet<String> {
    steps
        .iter()
        .filter(|step| {
            step.status == "applied" && step.detail.as_ref().is_some_and(|text| text.contains("rewrites"))
        })
        .flat_map(|step| {
            // `public.t.c` of a column, `public.t` of a table, `c on public.t` of a constraint.
            let identity = step.address.identity.as_str();
            let of = identity.rsplit(" on ").next().unwrap_or(identity);
            let table = last_dot(of).map(|dot| of[..dot].to_owned());
            [Some(of.to_owned()), table].into_iter().flatten()
        })
        .collect()
}

/// The last dot outside of quotes.
fn last_dot(identity: &str) -> Option<usize> {
    let mut quoted = false;
    let mut found = None;
    for (at, sign) in identity.char_indices() {
        match sign {
            '"' => quoted = !quoted,
            '.' if !quoted => found = Some(at),
            _ => {}
        }
    }
    found
}
