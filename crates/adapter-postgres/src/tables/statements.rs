//! The statements that follow from a table's columns.

use super::{Column, Kind, Lock, TABLES, Table};
use std::sync::LazyLock;

/// The statements of a table. The values of each are the arrays of its keys, then of the others.
pub(crate) struct Statements {
    /// Reads all rows.
    pub(crate) all: String,
    /// Reads rows by their keys.
    pub(crate) read: String,
    /// Reads one row by its key, which is most of what is read: with nothing to join.
    pub(crate) read_one: String,
    /// Makes rows that can be locked, where there are none.
    pub(crate) make: Option<String>,
    /// Reads rows by their keys and locks them, in the order of the keys.
    pub(crate) read_locked: String,
    /// Writes rows over whatever is there.
    pub(crate) write: Write,
    /// Writes rows where the version is the one that was seen.
    pub(crate) write_checked: Write,
    /// Locks rows in the order of their keys.
    pub(crate) lock: String,
}

/// A statement that writes rows, given a column each.
pub(crate) struct Write {
    many: String,
    one: String,
}

impl Write {
    pub(crate) fn of(many: impl Into<String>) -> Self {
        let many = many.into();
        Self { one: of_one(&many), many }
    }

    /// The statement for so many rows.
    pub(crate) fn of_rows(&self, rows: usize) -> &str {
        if rows == 1 { &self.one } else { &self.many }
    }
}

/// The same statement for one row, which is most of what is written where each command goes by
/// itself: to the server an array that is unnested is a table of its own, made and dropped again.
fn of_one(many: &str) -> String {
    const UNNESTED: &str = "unnest(";
    let Some((before, (list, behind))) =
        many.split_once(UNNESTED).and_then(|(before, rest)| Some((before, rest.split_once(')')?)))
    else {
        return many.to_owned();
    };
    let first: Vec<String> = list.split(", ").map(|array| format!("({array})[1]")).collect();
    format!("{before}(SELECT {}){behind}", first.join(", "))
}

/// Made once; a connection prepares each when it first needs it.
pub(crate) static STATEMENTS: LazyLock<Vec<Statements>> =
    LazyLock::new(|| (0..).zip(&TABLES).map(|(at, table)| statements(at, table)).collect());

fn statements(at: usize, table: &Table) -> Statements {
    let name = table.name;
    let keys = names(table.keys);
    let wanted = match table.keys {
        [(key, kind)] => format!("{key} = ANY($1::{}[])", kind.sql()),
        many => format!("({keys}) IN (SELECT * FROM unnest({}))", arrays(many.iter())),
    };
    let all = format!("SELECT {at}::bigint, version, {} FROM {name}", table.read.columns());
    let read = format!("{all} WHERE {wanted}");
    let first = |(n, (key, kind)): (u32, &Column)| format!("{key} = (${n}::{}[])[1]", kind.sql());
    let first: Vec<String> = (1..).zip(table.keys).map(first).collect();
    let read_one = format!("{all} WHERE {}", first.join(" AND "));
    let strength = if table.lock == Lock::Share { "SHARE" } else { "UPDATE" };
    let read_locked = format!("{read} ORDER BY {keys} FOR {strength}");
    let lock = format!("SELECT FROM {name} WHERE {wanted} ORDER BY {keys} FOR UPDATE");
    let make = match table.lock {
        Lock::Insert(empty) => Some(format!(
            "INSERT INTO {name} ({keys}, version, {}) SELECT {keys}, 0, {empty} \
             FROM unnest({}) AS new ({keys}) ON CONFLICT DO NOTHING",
            names(table.values),
            arrays(table.keys.iter()),
        )),
        Lock::Share | Lock::Update => None,
    };
    let columns = || table.keys.iter().chain([&("version", Kind::Number)]).chain(table.values);
    let written: Vec<&str> = columns().map(|(name, _)| *name).collect();
    let take = |(value, _): &Column| format!("{value} = excluded.{value}");
    let taken: Vec<String> = table.values.iter().map(take).collect();
    // A single array is unnested in its order, and so are the rows locked.
    let write = format!(
        "INSERT INTO {name} ({}) SELECT * FROM unnest({}) AS new \
         ON CONFLICT ({keys}) DO UPDATE SET version = {name}.version + 1, {}",
        written.join(", "),
        arrays(columns()),
        taken.join(", "),
    );
    let write_checked = format!("{write} WHERE {name}.version = excluded.version - 1");
    let (write, write_checked) = (Write::of(write), Write::of(write_checked));
    Statements { all, read, read_one, make, read_locked, write, write_checked, lock }
}

fn names(columns: &[Column]) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

fn arrays<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    let all: Vec<String> =
        (1..).zip(columns).map(|(n, (_, kind))| format!("${n}::{}[]", kind.sql())).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_is_written_without_a_table_of_arrays() {
        let many = "INSERT INTO a (b, c) SELECT * FROM unnest($1::bigint[], $2::uuid[]) AS new";
        let write = Write::of(many);
        assert_eq!(write.of_rows(2), many);
        let one = "INSERT INTO a (b, c) \
                   SELECT * FROM (SELECT ($1::bigint[])[1], ($2::uuid[])[1]) AS new";
        assert_eq!(write.of_rows(1), one);
        for made in STATEMENTS.iter().flat_map(|made| [&made.write, &made.write_checked]) {
            assert!(!made.of_rows(1).contains("unnest"), "{}", made.of_rows(1));
        }
    }

    #[test]
    fn every_statement_of_a_table_takes_its_locks_in_the_order_of_the_keys() {
        for made in STATEMENTS.iter() {
            assert!(made.read_locked.contains("ORDER BY"), "{}", made.read_locked);
            assert!(made.lock.contains("ORDER BY"), "{}", made.lock);
        }
    }
}
