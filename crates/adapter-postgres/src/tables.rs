//! The SQL tables: which columns they have, and the statements that follow from that.

pub(crate) mod guarded;
pub(crate) mod read;
mod statements;
pub(crate) mod write;

pub(crate) use statements::{STATEMENTS, Write};

use crate::pipeline::Array;
use crate::trouble;
use admitone_app::Trouble;
use admitone_domain::Key;
use std::sync::LazyLock;
use uuid::Uuid;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Maybe,
    Id,
    Text,
    Bytes,
    Flag,
}

impl Kind {
    fn sql(self) -> &'static str {
        match self {
            Self::Number | Self::Maybe => "bigint",
            Self::Id => "uuid",
            Self::Text => "text",
            Self::Bytes => "bytea",
            Self::Flag => "boolean",
        }
    }

    fn array(self, capacity: usize) -> Array {
        match self {
            Self::Number => Array::Number(Vec::with_capacity(capacity)),
            Self::Maybe => Array::Maybe(Vec::with_capacity(capacity)),
            Self::Id => Array::Id(Vec::with_capacity(capacity)),
            Self::Text => Array::Text(Vec::with_capacity(capacity)),
            Self::Bytes => Array::Bytes(Vec::with_capacity(capacity)),
            Self::Flag => Array::Flag(Vec::with_capacity(capacity)),
        }
    }
}

/// How a transaction that locks treats rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lock {
    /// The house looks them up, and hardly ever changes them: many may read them at once.
    Share,
    /// Batches change them.
    Update,
    /// As before, and a missing one must be there to be locked.
    Insert(&'static str),
}

type Column = (&'static str, Kind);

/// A table of rows.
struct Table {
    name: &'static str,
    lock: Lock,
    keys: &'static [Column],
    values: &'static [Column],
    /// Those of the values that are read; the others stand in the body too.
    read: Read,
}

/// What is read of a table. Rows of all tables are read in one shape, so that one statement reads
/// of as many tables as are wanted: six numbers, an id, a word, a body, and nothing where a table
/// has none of it.
#[derive(Debug, Clone, Copy)]
struct Read {
    numbers: &'static [&'static str],
    id: Option<&'static str>,
    word: Option<&'static str>,
    body: Option<&'static str>,
}

impl Read {
    const BODY: Self = Self { numbers: &[], id: None, word: None, body: Some("body") };

    const fn numbers(numbers: &'static [&'static str]) -> Self {
        Self { numbers, id: None, word: None, body: None }
    }

    /// The columns as they stand in a statement.
    fn columns(self) -> String {
        let number = |at: usize| format!("{}::bigint", self.numbers.get(at).unwrap_or(&"NULL"));
        let numbers: Vec<String> = (0..NUMBERS).map(number).collect();
        let or_null = |column: Option<&'static str>| column.unwrap_or("NULL");
        format!(
            "{}, {}::uuid, {}::text, {}::bytea",
            numbers.join(", "),
            or_null(self.id),
            or_null(self.word),
            or_null(self.body),
        )
    }
}

/// So many numbers are read of every table.
pub(crate) const NUMBERS: usize = 6;

/// What is no row of a table stands behind them in the same shape: answers, the time, holds that
/// are due.
pub(crate) const ANSWER: i64 = 100;
pub(crate) const TIME: i64 = 101;
pub(crate) const DUE: i64 = 102;

/// The columns of an answer.
pub(crate) static ANSWER_COLUMNS: LazyLock<String> =
    LazyLock::new(|| format!("{ANSWER}::bigint, 0::bigint, {}", Read::BODY.columns()));

/// The columns of what is one or two numbers.
pub(crate) fn number_columns(what: i64, numbers: &'static [&'static str]) -> String {
    format!("{what}::bigint, 0::bigint, {}", Read::numbers(numbers).columns())
}

use Kind::{Bytes, Flag, Id, Maybe, Number, Text};

const BY_NUMBER: &[Column] = &[("id", Number)];
const ONLY_BODY: &[Column] = &[("body", Bytes)];

/// In the order of the variants of [`Key`], which is the order of locking.
const TABLES: [Table; 13] = [
    Table {
        name: "concert",
        lock: Lock::Share,
        keys: BY_NUMBER,
        values: &[("first_at", Number), ("category", Text), ("body", Bytes)],
        read: Read::BODY,
    },
    Table {
        name: "show",
        lock: Lock::Share,
        keys: BY_NUMBER,
        values: &[("concert", Number), ("opens_at", Number), ("body", Bytes)],
        read: Read::BODY,
    },
    plain("plan", Lock::Share, BY_NUMBER),
    plain("room", Lock::Share, BY_NUMBER),
    plain("operator", Lock::Share, BY_NUMBER),
    plain("buyer", Lock::Update, &[("id", Id)]),
    Table {
        name: "reservation",
        lock: Lock::Update,
        keys: BY_NUMBER,
        values: &[
            ("show", Number),
            ("buyer", Id),
            ("is_held", Flag),
            ("held_until", Number),
            ("body", Bytes),
        ],
        read: Read::BODY,
    },
    Table {
        name: "payment",
        lock: Lock::Update,
        keys: BY_NUMBER,
        values: &[
            ("buyer", Id),
            ("reservation", Maybe),
            ("amount", Number),
            ("refunded", Number),
            ("ask_at", Maybe),
            ("asks", Number),
            ("body", Bytes),
        ],
        read: Read::BODY,
    },
    Table {
        name: "pass",
        lock: Lock::Insert("0"),
        keys: &[("room", Number), ("epoch", Number), ("place", Number)],
        values: &[("ended_at", Number)],
        read: Read::numbers(&["room", "epoch", "place", "ended_at"]),
    },
    Table {
        name: "quota",
        lock: Lock::Insert("0"),
        keys: &[("show", Number), ("buyer", Id)],
        values: &[("taken", Number)],
        read: Read { id: Some("buyer"), ..Read::numbers(&["show", "taken"]) },
    },
    Table {
        name: "ticket_type",
        lock: Lock::Update,
        keys: BY_NUMBER,
        values: &[
            ("show", Number),
            ("capacity", Number),
            ("held", Number),
            ("sold", Number),
            ("body", Bytes),
        ],
        read: Read { numbers: &["capacity", "held", "sold"], ..Read::BODY },
    },
    Table {
        name: "seat",
        lock: Lock::Update,
        keys: BY_NUMBER,
        values: &[
            ("show", Number),
            ("price", Number),
            ("state", Number),
            ("owner", Maybe),
            ("held_until", Maybe),
        ],
        read: Read::numbers(&["id", "show", "price", "state", "owner", "held_until"]),
    },
    Table {
        name: "wallet",
        lock: Lock::Insert("'', 0"),
        keys: &[("buyer", Id)],
        values: &[("currency", Text), ("balance", Number)],
        read: Read { id: Some("buyer"), word: Some("currency"), ..Read::numbers(&["balance"]) },
    },
];

const fn plain(name: &'static str, lock: Lock, keys: &'static [Column]) -> Table {
    Table { name, lock, keys, values: ONLY_BODY, read: Read::BODY }
}

/// The number of a row's table.
pub(crate) fn number(key: Key) -> usize {
    match key {
        Key::Concert(_) => 0,
        Key::Show(_) => 1,
        Key::Plan(_) => 2,
        Key::Room(_) => 3,
        Key::Operator(_) => 4,
        Key::Buyer(_) => 5,
        Key::Reservation(_) => 6,
        Key::Payment(_) => 7,
        Key::Pass(_) => 8,
        Key::Quota(..) => 9,
        Key::TicketType(_) => 10,
        Key::Seat(_) => 11,
        Key::Wallet(_) => 12,
    }
}

/// One value of a row.
enum Value {
    Number(i64),
    Maybe(Option<i64>),
    Id(Uuid),
    Text(String),
    Bytes(Vec<u8>),
    Flag(bool),
}

impl Array {
    fn push(&mut self, value: Value) {
        match (self, value) {
            (Self::Number(all), Value::Number(value)) => all.push(value),
            (Self::Maybe(all), Value::Maybe(value)) => all.push(value),
            (Self::Id(all), Value::Id(value)) => all.push(value),
            (Self::Text(all), Value::Text(value)) => all.push(value),
            (Self::Bytes(all), Value::Bytes(value)) => all.push(value),
            (Self::Flag(all), Value::Flag(value)) => all.push(value),
            (array, _) => panic!("a row has a value of another kind than its column: {array:?}"),
        }
    }
}

/// The values of rows as arrays, a column each.
fn columns(kinds: impl Iterator<Item = Kind>, rows: Vec<Vec<Value>>) -> Vec<Array> {
    let mut columns: Vec<Array> = kinds.map(|kind| kind.array(rows.len())).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns
}

/// The name of a row as values.
fn key_values(key: Key) -> Vec<Value> {
    let number = |id: u64| Value::Number(id.cast_signed());
    let id = |id: u128| Value::Id(Uuid::from_u128(id));
    match key {
        Key::Concert(key) => vec![number(key.0)],
        Key::Show(key) | Key::Plan(key) => vec![number(key.0)],
        Key::Room(key) => vec![number(key.0)],
        Key::Operator(key) => vec![number(key.0)],
        Key::Buyer(key) | Key::Wallet(key) => vec![id(key.0)],
        Key::Reservation(key) => vec![number(key.0)],
        Key::Payment(key) => vec![number(key.0)],
        Key::Pass(key) => {
            vec![number(key.room.0), Value::Number(i64::from(key.epoch)), number(key.place)]
        }
        Key::Quota(show, buyer) => vec![number(show.0), id(buyer.0)],
        Key::TicketType(key) => vec![number(key.0)],
        Key::Seat(key) => vec![number(key.0)],
    }
}

/// Keys of one table as the arrays that its statements take.
pub(crate) fn key_arrays(table: usize, keys: &[Key]) -> Vec<Array> {
    let kinds = TABLES[table].keys.iter().map(|(_, kind)| *kind);
    columns(kinds, keys.iter().map(|key| key_values(*key)).collect())
}

/// Something as it stands in a `body` column.
pub(crate) fn encode(what: &impl serde::Serialize) -> Result<Vec<u8>, Trouble> {
    postcard::to_stdvec(what).map_err(|error| trouble::unreadable("write a row", error))
}

/// Something from a `body` column.
pub(crate) fn decode<'a, T: serde::Deserialize<'a>>(body: &'a [u8]) -> Result<T, Trouble> {
    postcard::from_bytes(body).map_err(|error| trouble::unreadable("read a row", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_domain::id::{BuyerId, ConcertId, SeatId, ShowId};

    #[test]
    fn tables_stand_in_the_order_of_locking() {
        let keys = [
            Key::Concert(ConcertId(9)),
            Key::Show(ShowId(8)),
            Key::Plan(ShowId(7)),
            Key::Quota(ShowId(1), BuyerId(1)),
            Key::Seat(SeatId(1)),
            Key::Wallet(BuyerId(0)),
        ];
        assert!(keys.is_sorted());
        assert!(keys.iter().map(|key| number(*key)).is_sorted());
    }
}
