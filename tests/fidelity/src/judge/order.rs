//! The order of columns, which a dump shows and nothing can restore: the product is to tell of it apart from drift.

use std::collections::{BTreeMap, BTreeSet};

use nself_harness::{Doing, Error};
use postgres::Client;

/// The columns of each table in their order.
pub type Orders = BTreeMap<String, Vec<String>>;

pub fn read(client: &mut Client) -> Result<Orders, Error> {
    let query = "SELECT format('%I.%I', table_schema, table_name),
                        array_agg(column_name::text ORDER BY ordinal_position)
                   FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
                  WHERE table_type IN ('BASE TABLE', 'FOREIGN') AND table_schema NOT IN ('pg_catalog', 'information_schema', 'nself')
                  GROUP BY 1";
    let rows = client.query(query, &[]).doing("asking for the order of columns")?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The tables in which two columns that both sides have stand the other way round.
pub fn otherwise(expected: &Orders, live: &Orders) -> BTreeSet<String> {
    let is_otherwise = |wanted: &[String], there: &[String]| {
        let place = |name: &String| there.iter().position(|other| other == name);
        let places: Vec<usize> = wanted.iter().filter_map(place).collect();
        !places.is_sorted()
    };
    expected
        .iter()
        .filter(|(table, wanted)| live.get(*table).is_some_and(|there| is_otherwise(wanted, there)))
        .map(|(table, _)| table.clone())
        .collect()
}
