//! What is planted, under the name of the finding that must convict it. The numbers are those of
//! the sale beside this file.

use admitone_domain::id::{ReservationId, SeatId, ShowId};
use admitone_domain::payment::{Attempt, Method, Standing};
use admitone_domain::reservation::{Item, ItemState, Reservation, Ware};
use admitone_domain::{Answer, CommandId, Moment, Money, Outcome, Row, StoredAnswer};
use rusqlite::{Connection, params};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

/// One defect.
#[derive(Debug)]
pub(crate) enum Plant {
    /// A statement on the tables.
    Sql(&'static str),
    /// A change of a reservation's body.
    Reservation(u64, fn(&mut Reservation)),
    /// A change of a ticket type's body.
    Stock(fn(&mut admitone_domain::ticket_type::TicketType)),
    /// A change of a payment's body.
    Payment(u64, fn(&mut admitone_domain::payment::Payment)),
    /// A change of what a command was answered.
    Answer(u128, fn(&mut Outcome)),
    /// A page overwritten: the first one of a table.
    Page(&'static str),
}

pub(crate) const PLANTED: &[(&str, Plant)] = &[
    ("a damaged page", Plant::Page("entry")),
    ("a damaged page", Plant::Page("seat")),
    ("a row that cannot be read", Plant::Sql("UPDATE payment SET body = x'ff' WHERE id = 14")),
    ("a row that cannot be read", Plant::Sql("UPDATE reservation SET body = x'' WHERE id = 33")),
    ("a row that cannot be read", Plant::Sql("UPDATE event SET body = x'09' WHERE seq = 9")),
    ("a row that cannot be read", Plant::Sql("UPDATE answer_page SET body = x'01'")),
    ("a column that is not what its row says", Plant::Sql("UPDATE reservation SET is_held = 0")),
    ("a column that is not what its row says", Plant::Sql("UPDATE reservation SET show = 1")),
    ("a column that is not what its row says", Plant::Sql("UPDATE payment SET amount = 7")),
    ("a column that is not what its row says", Plant::Sql("UPDATE ticket_type SET capacity = 9")),
    (
        "a column that is not what its row says",
        Plant::Sql("UPDATE answer_page SET keep = (keep + 1) % 3"),
    ),
    ("a column that is not what its row says", Plant::Sql("UPDATE answer_page SET newest = 5")),
    (
        "a column that is not what its row says",
        Plant::Sql("UPDATE answer_page SET ids = substr(ids, 17)"),
    ),
    ("two live holds of one seat", Plant::Reservation(41, |res| res.items[0].what = seat(5))),
    ("two live holds of one seat", Plant::Reservation(41, |res| res.items.push(item(5)))),
    (
        "two live holds of one seat",
        Plant::Reservation(32, |res| {
            res.items[0].state = ItemState::Confirming;
        }),
    ),
    ("a seat sold twice", Plant::Reservation(21, |res| res.items[0].what = seat(2))),
    ("a live hold of a sold seat", Plant::Reservation(33, |res| res.items[0].what = seat(2))),
    (
        "a live item whose seat says otherwise",
        Plant::Sql("UPDATE seat SET state = 0, owner = NULL, held_until = NULL WHERE id = 5"),
    ),
    (
        "a live item whose seat says otherwise",
        Plant::Sql("UPDATE seat SET state = 3, owner = NULL, held_until = NULL WHERE id = 2"),
    ),
    (
        "a live item whose seat says otherwise",
        Plant::Sql("UPDATE seat SET state = 1, held_until = 5 WHERE id = 2"),
    ),
    ("a live item whose seat says otherwise", Plant::Sql("DELETE FROM seat WHERE id = 5")),
    (
        "a seat held until another time than its reservation",
        Plant::Sql("UPDATE seat SET held_until = held_until + 1 WHERE id = 5"),
    ),
    (
        "a taken seat that is nobody's item",
        Plant::Sql("UPDATE seat SET state = 2, owner = 11, held_until = NULL WHERE id = 9"),
    ),
    (
        "a taken seat that is nobody's item",
        Plant::Sql("UPDATE seat SET state = 2, owner = 11, held_until = NULL WHERE id = 1"),
    ),
    ("an item of another show", Plant::Sql("UPDATE seat SET show = 2 WHERE id = 5")),
    ("an item of another show", Plant::Stock(|stock| stock.show = ShowId(2))),
    (
        "a seat outside its show's plan",
        Plant::Sql("INSERT INTO seat VALUES (99, 1, 1, 100, 0, NULL, NULL)"),
    ),
    ("a seat outside its show's plan", Plant::Sql("DELETE FROM plan WHERE id = 2")),
    ("a planned seat that does not exist", Plant::Sql("DELETE FROM seat WHERE id = 9")),
    ("a stock that is not the sum of its items", Plant::Stock(|stock| stock.held += 1)),
    ("a stock that is not the sum of its items", Plant::Stock(|stock| stock.sold -= 1)),
    ("items of a ticket type that does not exist", Plant::Sql("DELETE FROM ticket_type")),
    ("a quota that is not the sum of its items", Plant::Sql("UPDATE quota SET taken = taken + 1")),
    ("a quota that is not the sum of its items", Plant::Sql("DELETE FROM quota")),
    (
        "a quota that is not the sum of its items",
        Plant::Sql("INSERT INTO quota VALUES (2, zeroblob(16), 1, 3)"),
    ),
    ("tickets without a payment of their own", Plant::Reservation(11, |res| res.payment = None)),
    ("tickets without a payment of their own", Plant::Sql("DELETE FROM payment WHERE id = 12")),
    ("tickets without a payment of their own", Plant::Payment(40, |payment| payment.buyer.0 += 1)),
    (
        "a payment that keeps another sum than its tickets cost",
        Plant::Reservation(11, |res| res.items[0].state = ItemState::Sold),
    ),
    (
        "a payment that keeps another sum than its tickets cost",
        Plant::Payment(40, |payment| payment.amount = Money(99)),
    ),
    (
        "a payment that its reservation does not know",
        Plant::Payment(14, |payment| payment.reservation = Some(ReservationId(41))),
    ),
    (
        "money without a ticket that does not go back",
        Plant::Payment(40, |payment| payment.method = gateway(Standing::Late)),
    ),
    (
        "a pinned reservation that is not being paid, or paid twice",
        Plant::Payment(40, |payment| payment.method = gateway(Standing::Unknown)),
    ),
    (
        "a pinned reservation that is not being paid, or paid twice",
        Plant::Reservation(41, |res| res.items[0].state = ItemState::Confirming),
    ),
    (
        "a pinned seat of a buyer who pays nothing",
        Plant::Sql("UPDATE seat SET held_until = 9223372036854775807 WHERE id = 5"),
    ),
    (
        "a payment from a wallet without its use",
        Plant::Sql("UPDATE entry SET payment = 12 WHERE id = 62"),
    ),
    ("a payment from a wallet without its use", Plant::Sql("DELETE FROM entry WHERE id = 12")),
    (
        "a payment from a wallet without its use",
        Plant::Sql("UPDATE entry SET amount = 399 WHERE id = 12"),
    ),
    (
        "money of a wallet that was taken for nothing",
        Plant::Payment(62, |payment| {
            let Method::Apart(attempt) = &mut payment.method else { panic!("{payment:?}") };
            attempt.standing = Standing::Declined { code: String::new() };
        }),
    ),
    ("a pass that a payment did not end", Plant::Sql("DELETE FROM pass")),
    ("a pass told as ended that is not", Plant::Sql("DELETE FROM pass")),
    (
        "an ended pass that nobody was told of",
        Plant::Sql("INSERT INTO pass VALUES (1, 1, 99, 1, 5)"),
    ),
    (
        "an entry that nobody was told of",
        Plant::Sql("INSERT INTO entry SELECT 900, buyer, 0, 5, at, NULL FROM entry WHERE id = 10"),
    ),
    ("a movement told without its entry", Plant::Sql("DELETE FROM entry WHERE id = 20")),
    (
        "a balance that was negative in between",
        Plant::Sql("UPDATE entry SET amount = 1 WHERE id = 10"),
    ),
    (
        "a wallet that is not where its movements lead",
        Plant::Sql("UPDATE wallet SET balance = balance + 1"),
    ),
    ("a gap in what was told of a row", Plant::Sql("DELETE FROM event WHERE seq = 10")),
    (
        "a change that nobody was told of",
        Plant::Sql("UPDATE reservation SET version = version + 1 WHERE id = 41"),
    ),
    ("a change that nobody was told of", Plant::Sql("UPDATE wallet SET version = version + 1")),
    (
        "a change that nobody was told of",
        Plant::Sql("DELETE FROM event WHERE seq = (SELECT max(seq) - 1 FROM event)"),
    ),
    ("an answer whose outcome is not there", Plant::Sql("DELETE FROM buyer")),
    ("an answer whose outcome is not there", Plant::Sql("DELETE FROM reservation WHERE id = 30")),
    ("an answer whose outcome is not there", Plant::Sql("DELETE FROM payment WHERE id = 40")),
    ("an answer whose outcome is not there", Plant::Sql("DELETE FROM entry WHERE id = 10")),
    ("an answer whose outcome is not there", Plant::Sql("UPDATE show SET version = 0")),
    (
        "an answer whose outcome is not there",
        Plant::Sql("UPDATE entry SET amount = 11 WHERE id = 14"),
    ),
    ("an answer with a balance that never was", Plant::Answer(10, wrong_balance)),
    ("an answer with a balance that never was", Plant::Answer(12, wrong_balance)),
    ("an answer with a balance that never was", Plant::Answer(15, wrong_balance)),
    (
        "more held and sold than there is",
        Plant::Sql("UPDATE ticket_type SET held = capacity - sold + 1"),
    ),
    ("a negative balance", Plant::Sql("UPDATE wallet SET balance = -1")),
    (
        "a balance that is not the sum of its entries",
        Plant::Sql("UPDATE wallet SET balance = balance + 1"),
    ),
    ("entries without a wallet", Plant::Sql("DELETE FROM wallet")),
    ("an entry that moves nothing", Plant::Sql("UPDATE entry SET amount = 0 WHERE id = 10")),
    ("more refunded than paid", Plant::Sql("UPDATE payment SET refunded = amount + 1")),
    (
        "a refund that its payment does not count",
        Plant::Sql("UPDATE payment SET refunded = 0 WHERE id = 14"),
    ),
    (
        "a seat of a reservation that does not exist",
        Plant::Sql("DELETE FROM reservation WHERE id = 33"),
    ),
    ("a seat with half a state", Plant::Sql("UPDATE seat SET owner = NULL WHERE id = 5")),
    ("a seat with half a state", Plant::Sql("UPDATE seat SET state = 7 WHERE id = 9")),
    ("a seat with half a state", Plant::Sql("UPDATE seat SET held_until = 7 WHERE id = 9")),
    (
        "a seat of a reservation of another show",
        Plant::Sql("UPDATE seat SET show = 2 WHERE id = 5"),
    ),
    (
        "a seat that is held longer or shorter than its reservation",
        Plant::Sql("UPDATE seat SET held_until = held_until - 1 WHERE id = 5"),
    ),
    ("a sold seat that nobody paid", Plant::Sql("DELETE FROM payment WHERE id = 12")),
    ("a reservation paid twice", Plant::Sql("UPDATE payment SET reservation = 11 WHERE id = 14")),
    (
        "a payment for somebody else's reservation, or none",
        Plant::Sql("UPDATE payment SET reservation = 41 WHERE id = 14"),
    ),
    (
        "a payment for somebody else's reservation, or none",
        Plant::Sql("UPDATE payment SET reservation = 999 WHERE id = 14"),
    ),
    (
        "a use or a refund that is not its payment's",
        Plant::Sql("UPDATE entry SET payment = NULL WHERE id = 12"),
    ),
    (
        "a use or a refund that is not its payment's",
        Plant::Sql("UPDATE entry SET amount = 399 WHERE id = 12"),
    ),
    (
        "a use or a refund that is not its payment's",
        Plant::Sql("UPDATE entry SET payment = 22 WHERE id = 13"),
    ),
    ("a payment taken twice", Plant::Sql("UPDATE entry SET kind = 1 WHERE id = 15")),
    ("a quota below the seats of its buyer", Plant::Sql("UPDATE quota SET taken = 0")),
    ("quotas below what a show has held and sold", Plant::Sql("UPDATE quota SET taken = 1")),
    ("events of a batch that was never folded", Plant::Sql("UPDATE meta SET value = 1")),
    (
        "a command answered twice",
        Plant::Sql(
            "INSERT INTO answer_page \
             SELECT number + 100, keep, newest, ids, body FROM answer_page LIMIT 1",
        ),
    ),
];

/// A payment that a gateway was asked for, and of which so much is known.
fn gateway(standing: Standing) -> Method {
    Method::Gateway(Box::new(Attempt {
        key: "key".into(),
        order: "order".into(),
        standing,
        pass: None,
        held_until: Moment(0),
        asked: 1,
        ask_at: Moment(0),
        said: None,
        refunds: Vec::new(),
    }))
}

fn seat(id: u64) -> Ware {
    Ware::Seat(SeatId(id))
}

fn item(id: u64) -> Item {
    Item { what: seat(id), price: Money(100), state: ItemState::Held }
}

fn wrong_balance(outcome: &mut Outcome) {
    match outcome {
        Outcome::Moved { balance, .. }
        | Outcome::Paid { balance, .. }
        | Outcome::Refunded { balance: Some(balance), .. } => balance.0 += 1,
        other => panic!("{other:?} has no balance"),
    }
}

impl Plant {
    /// Does it to the tables of a directory.
    pub(crate) fn plant(&self, directory: &Path) {
        let path = directory.join("tables.db");
        let tables = Connection::open(&path).unwrap();
        match self {
            Self::Sql(sql) => tables.execute_batch(sql).unwrap(),
            Self::Reservation(id, change) => row(&tables, "reservation", *id, |row| match row {
                Row::Reservation(reservation) => change(reservation),
                other => panic!("{other:?}"),
            }),
            Self::Stock(change) => row(&tables, "ticket_type", 1, |row| match row {
                Row::TicketType(stock) => change(stock),
                other => panic!("{other:?}"),
            }),
            Self::Payment(id, change) => row(&tables, "payment", *id, |row| match row {
                Row::Payment(payment) => change(payment),
                other => panic!("{other:?}"),
            }),
            Self::Answer(id, change) => answer(&tables, *id, |answer| match answer {
                Ok(outcome) => change(outcome),
                Err(refusal) => panic!("{refusal:?}"),
            }),
            Self::Page(table) => overwrite(&path, &tables, table),
        }
    }
}

fn row(tables: &Connection, table: &str, id: u64, change: impl FnOnce(&mut Row)) {
    let sql = format!("SELECT body FROM {table} WHERE id = ?1");
    let body: Vec<u8> = tables.query_row(&sql, [id], |row| row.get(0)).unwrap();
    let mut row = postcard::from_bytes(&body).unwrap();
    change(&mut row);
    let body = postcard::to_stdvec(&row).unwrap();
    let sql = format!("UPDATE {table} SET body = ?2 WHERE id = ?1");
    assert_eq!(tables.execute(&sql, params![id, body]), Ok(1));
}

fn answer(tables: &Connection, id: u128, change: impl FnOnce(&mut Answer)) {
    let id = CommandId(id);
    let mut query = tables.prepare("SELECT number, body FROM answer_page").unwrap();
    let pages = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    for (number, body) in pages.map(|page: Result<(u64, Vec<u8>), _>| page.unwrap()) {
        let mut page: Vec<StoredAnswer> = postcard::from_bytes(&body).unwrap();
        if let Some(answer) = page.iter_mut().find(|answer| answer.id == id) {
            change(&mut answer.answer);
            let body = postcard::to_stdvec(&page).unwrap();
            let sql = "UPDATE answer_page SET body = ?2 WHERE number = ?1";
            assert_eq!(tables.execute(sql, params![number, body]), Ok(1));
            return;
        }
    }
    panic!("no answer of {id:?}");
}

/// As a disk does that forgot what it was told.
fn overwrite(path: &Path, tables: &Connection, table: &str) {
    tables.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let number = |sql: &str, of: &[&str]| -> u64 {
        tables.query_row(sql, rusqlite::params_from_iter(of), |row| row.get(0)).unwrap()
    };
    let page = number("SELECT rootpage FROM sqlite_master WHERE name = ?1", &[table]);
    let size = number("PRAGMA page_size", &[]);
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start((page - 1) * size)).unwrap();
    file.write_all(&vec![0xa5; usize::try_from(size).unwrap()]).unwrap();
}
