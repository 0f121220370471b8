//! The SQL tables: which columns they have, and the statements that follow from that.

pub(crate) mod guarded;
pub(crate) mod read;
pub(crate) mod write;

use crate::script::hex;
use crate::trouble;
use admitone_app::Trouble;
use admitone_domain::Key;
use std::sync::LazyLock;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A number, or none.
    Number,
    /// Sixteen bytes.
    Id,
    /// Any bytes, text among them.
    Bytes,
}

impl Kind {
    /// Its type in a document: bytes stand there as hexadecimal digits.
    fn sql(self) -> &'static str {
        match self {
            Self::Number => "BIGINT",
            Self::Id => "VARCHAR(32)",
            Self::Bytes => "LONGTEXT",
        }
    }

    /// Its value, of a column of a document.
    fn value(self, column: usize) -> String {
        match self {
            Self::Number => format!("new.c{column}"),
            Self::Id | Self::Bytes => format!("UNHEX(new.c{column})"),
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
    read: &'static str,
}

use Kind::{Bytes, Id, Number};

const BY_NUMBER: &[Column] = &[("id", Number)];
const ONLY_BODY: &[Column] = &[("body", Bytes)];

/// In the order of the variants of [`Key`], which is the order of locking.
const TABLES: [Table; 13] = [
    Table {
        name: "concert",
        lock: Lock::Share,
        keys: BY_NUMBER,
        values: &[("first_at", Number), ("category", Bytes), ("body", Bytes)],
        read: "known.body",
    },
    Table {
        name: "show",
        lock: Lock::Share,
        keys: BY_NUMBER,
        values: &[("concert", Number), ("opens_at", Number), ("body", Bytes)],
        read: "known.body",
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
            ("is_held", Number),
            ("held_until", Number),
            ("body", Bytes),
        ],
        read: "known.body",
    },
    Table {
        name: "payment",
        lock: Lock::Update,
        keys: BY_NUMBER,
        values: &[
            ("buyer", Id),
            ("reservation", Number),
            ("amount", Number),
            ("refunded", Number),
            ("ask_at", Number),
            ("asks", Number),
            ("body", Bytes),
        ],
        read: "known.body",
    },
    Table {
        name: "pass",
        lock: Lock::Insert("0"),
        keys: &[("room", Number), ("epoch", Number), ("place", Number)],
        values: &[("ended_at", Number)],
        read: "known.room, known.epoch, known.place, known.ended_at",
    },
    Table {
        name: "quota",
        lock: Lock::Insert("0"),
        keys: &[("show", Number), ("buyer", Id)],
        values: &[("taken", Number)],
        read: "known.`show`, known.buyer, known.taken",
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
        read: "known.capacity, known.held, known.sold, known.body",
    },
    Table {
        name: "seat",
        lock: Lock::Update,
        keys: BY_NUMBER,
        values: &[
            ("show", Number),
            ("price", Number),
            ("state", Number),
            ("owner", Number),
            ("held_until", Number),
        ],
        read: "known.id, known.`show`, known.price, known.state, known.owner, known.held_until",
    },
    Table {
        name: "wallet",
        lock: Lock::Insert("'', 0"),
        keys: &[("buyer", Id)],
        values: &[("currency", Bytes), ("balance", Number)],
        read: "known.buyer, known.currency, known.balance",
    },
];

const fn plain(name: &'static str, lock: Lock, keys: &'static [Column]) -> Table {
    Table { name, lock, keys, values: ONLY_BODY, read: "known.body" }
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

/// The statements of a table. Each has a document in it: the keys, then the version, then the
/// other values of its rows.
pub(crate) struct Statements {
    /// Reads rows by their keys.
    pub(crate) read: Statement,
    /// Makes rows that can be locked, where there are none.
    pub(crate) make: Option<Statement>,
    /// The same, without a lock that keeps readers out of those that are there.
    pub(crate) make_quietly: Option<Statement>,
    /// Reads rows by their keys and locks them, in the order of the document.
    pub(crate) read_locked: Statement,
    /// Inserts rows that must not be there.
    pub(crate) insert: Statement,
    /// Writes rows over whatever is there.
    pub(crate) write: Statement,
    /// Writes rows where the version is the one that was seen.
    pub(crate) update: Statement,
}

/// A statement around a document.
pub(crate) struct Statement {
    before: String,
    after: String,
}

impl Statement {
    /// The statement for these rows. A document of ours has only digits, quotes, commas, brackets
    /// and `null` in it: nothing in it can end the text that it stands in.
    pub(crate) fn of(&self, document: &str) -> String {
        [&self.before, document, &self.after].concat()
    }
}

/// Made once.
pub(crate) static STATEMENTS: LazyLock<Vec<Statements>> =
    LazyLock::new(|| TABLES.iter().map(statements).collect());

/// A document as a table `new`, with columns of these kinds.
pub(crate) fn document_of(kinds: &str, before: &str, after: &str) -> Statement {
    let columns: Vec<String> = kinds
        .split_whitespace()
        .enumerate()
        .map(|(n, kind)| format!("c{n} {kind} PATH '$[{n}]'"))
        .collect();
    Statement {
        before: format!("{before} JSON_TABLE('"),
        after: format!("', '$[*]' COLUMNS ({})) AS new {after}", columns.join(", ")),
    }
}

fn statements(table: &Table) -> Statements {
    let name = format!("`{}`", table.name);
    let keys = || table.keys.iter();
    let all: Vec<&Column> = keys().chain([&("version", Number)]).chain(table.values).collect();
    let kinds: Vec<&str> = all.iter().map(|(_, kind)| kind.sql()).collect();
    let kinds = kinds.join(" ");
    let list = |columns: Vec<String>| columns.join(", ");
    let quoted = |column: &Column| format!("`{}`", column.0);
    let same = |(n, (key, kind)): (usize, &Column)| format!("known.`{key}` = {}", kind.value(n));
    let on: Vec<String> = keys().enumerate().map(same).collect();
    // The document leads, and the primary key is taken: the order of locking is the document's,
    // and no other row is looked at.
    let join =
        format!("STRAIGHT_JOIN {name} AS known FORCE INDEX (PRIMARY) ON {}", on.join(" AND "));
    let select = format!("SELECT known.version, {} FROM", table.read);
    let strength = if table.lock == Lock::Share { "LOCK IN SHARE MODE" } else { "FOR UPDATE" };
    let columns = list(all.iter().map(|column| quoted(column)).collect());
    let values = list(all.iter().enumerate().map(|(n, (_, kind))| kind.value(n)).collect());
    let insert = format!("INSERT INTO {name} ({columns}) SELECT {values} FROM");
    let makes = match table.lock {
        Lock::Insert(empty) => {
            let key_values = list(keys().enumerate().map(|(n, (_, kind))| kind.value(n)).collect());
            let rows = format!("INTO {name} ({columns}) SELECT {key_values}, 0, {empty} FROM");
            let keep = format!("ON DUPLICATE KEY UPDATE version = {name}.version");
            let make = document_of(&kinds, &format!("INSERT {rows}"), &keep);
            Some((make, document_of(&kinds, &format!("INSERT IGNORE {rows}"), "")))
        }
        Lock::Share | Lock::Update => None,
    };
    let taken = table.values.iter().map(|(value, _)| format!("`{value}` = VALUES(`{value}`)"));
    let over =
        format!("ON DUPLICATE KEY UPDATE version = {name}.version + 1, {}", list(taken.collect()));
    let version = table.keys.len();
    let set = all.iter().enumerate().skip(version + 1);
    let set = set.map(|(n, (value, kind))| format!("known.`{value}` = {}", kind.value(n)));
    let checked = format!(
        "{join} SET known.version = known.version + 1, {} \
         WHERE known.version = new.c{version} - 1",
        list(set.collect())
    );
    let (make, make_quietly) = makes.unzip();
    Statements {
        read: document_of(&kinds, &select, &join),
        make,
        make_quietly,
        read_locked: document_of(&kinds, &select, &format!("{join} {strength}")),
        insert: document_of(&kinds, &insert, ""),
        write: document_of(&kinds, &insert, &over),
        update: document_of(&kinds, "UPDATE", &checked),
    }
}

/// One value of a row.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Number(i64),
    Maybe(Option<i64>),
    Id(u128),
    Bytes(Vec<u8>),
}

/// Rows as a document: a list of lists.
pub(crate) fn document(rows: &[Vec<Value>]) -> String {
    let value = |value: &Value| match value {
        Value::Number(number) | Value::Maybe(Some(number)) => number.to_string(),
        Value::Maybe(None) => "null".to_owned(),
        Value::Id(id) => format!("\"{id:032x}\""),
        Value::Bytes(bytes) => format!("\"{}\"", hex(bytes)),
    };
    let row = |row: &Vec<Value>| {
        let values: Vec<String> = row.iter().map(value).collect();
        format!("[{}]", values.join(","))
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    format!("[{}]", rows.join(","))
}

/// The name of a row as values.
pub(crate) fn key_values(key: Key) -> Vec<Value> {
    let number = |id: u64| Value::Number(id.cast_signed());
    match key {
        Key::Concert(key) => vec![number(key.0)],
        Key::Show(key) | Key::Plan(key) => vec![number(key.0)],
        Key::Room(key) => vec![number(key.0)],
        Key::Operator(key) => vec![number(key.0)],
        Key::Buyer(key) | Key::Wallet(key) => vec![Value::Id(key.0)],
        Key::Reservation(key) => vec![number(key.0)],
        Key::Payment(key) => vec![number(key.0)],
        Key::Pass(key) => {
            vec![number(key.room.0), Value::Number(i64::from(key.epoch)), number(key.place)]
        }
        Key::Quota(show, buyer) => vec![number(show.0), Value::Id(buyer.0)],
        Key::TicketType(key) => vec![number(key.0)],
        Key::Seat(key) => vec![number(key.0)],
    }
}

/// Keys as a document.
pub(crate) fn key_document(keys: &[Key]) -> String {
    document(&keys.iter().map(|key| key_values(*key)).collect::<Vec<_>>())
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

    #[test]
    fn nothing_that_is_typed_ends_a_document() {
        let row = vec![Value::Number(-1), Value::Maybe(None), Value::Bytes(b"'\\\"]".to_vec())];
        assert_eq!(document(&[row]), "[[-1,null,\"275c225d\"]]");
    }
}
