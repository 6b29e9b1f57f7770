//! Statements about sequences, those of identity columns among them.

use crate::model::{IdentityColumn, Name, SequenceNumbers};
use crate::quote::{bare_literal, ident};

pub(super) fn create(name: &Name, unlogged: bool, numbers: &SequenceNumbers) -> String {
    let unlogged = if unlogged { "UNLOGGED " } else { "" };
    format!("CREATE {unlogged}SEQUENCE {} AS {} {}", name.sql(), numbers.data_type, numbers_sql(numbers))
}

pub(super) fn own(sequence: &Name, table: &Name, column: &str) -> String {
    format!("ALTER SEQUENCE {} OWNED BY {}.{}", sequence.sql(), table.sql(), ident(column))
}

/// Only forward from where the sequence stands, and only to a number that it can hold; an empty table moves nothing.
pub(super) fn advance(sequence: &Name, numbers: &SequenceNumbers, table: &Name, column: &str) -> String {
    let column = ident(column);
    let at = format!("(SELECT last_value FROM {})", sequence.sql());
    let (furthest, between) = if numbers.increment > 0 {
        (format!("max({column})"), format!("{at} AND {}", numbers.max))
    } else {
        (format!("min({column})"), format!("{} AND {at}", numbers.min))
    };
    format!(
        "SELECT pg_catalog.setval({}, {furthest}::bigint) FROM {} HAVING {furthest} BETWEEN {between}",
        bare_literal(&sequence.sql()),
        table.sql()
    )
}

/// `GENERATED … AS IDENTITY (…)`. The sequence's data type is always the column's, and may not be named.
pub(crate) fn identity_sql(identity: &IdentityColumn) -> String {
    format!(
        "GENERATED {} AS IDENTITY (SEQUENCE NAME {} {})",
        if identity.always { "ALWAYS" } else { "BY DEFAULT" },
        identity.sequence.sql(),
        numbers_sql(&identity.numbers)
    )
}

/// The options of a sequence, all of them, but for its data type.
pub(crate) fn numbers_sql(numbers: &SequenceNumbers) -> String {
    let SequenceNumbers { data_type: _, start, increment, min, max, cache, cycle } = numbers;
    let cycle = if *cycle { "CYCLE" } else { "NO CYCLE" };
    format!("START WITH {start} INCREMENT BY {increment} MINVALUE {min} MAXVALUE {max} CACHE {cache} {cycle}")
}
