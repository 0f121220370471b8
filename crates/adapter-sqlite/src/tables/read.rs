//! Reads single rows.

use super::{buyer, decode};
use crate::answers::PAGE;
use crate::trouble;
use admitone_app::Trouble;
use admitone_domain::id::{NUMBER_MAX, ReservationId, SeatId, ShowId};
use admitone_domain::pass::Pass;
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::wallet::Wallet;
use admitone_domain::{CommandId, Key, Loaded, Moment, Money, Row, StoredAnswer};
use rusqlite::{Connection, OptionalExtension, Params, params};
use std::sync::Arc;

/// A row, if the tables have it.
pub(crate) fn row(tables: &Connection, key: Key) -> Result<Option<Loaded>, Trouble> {
    if !can_be_stored(key) {
        return Ok(None);
    }
    let by_number = |sql, id: u64| body(tables, sql, [id]);
    match key {
        Key::Concert(id) => by_number("SELECT version, body FROM concert WHERE id = ?1", id.0),
        Key::Show(id) => by_number("SELECT version, body FROM show WHERE id = ?1", id.0),
        Key::Plan(id) => by_number("SELECT version, body FROM plan WHERE id = ?1", id.0),
        Key::Room(id) => by_number("SELECT version, body FROM room WHERE id = ?1", id.0),
        Key::Operator(id) => by_number("SELECT version, body FROM operator WHERE id = ?1", id.0),
        Key::Buyer(id) => {
            body(tables, "SELECT version, body FROM buyer WHERE id = ?1", [buyer(id)])
        }
        Key::Reservation(id) => {
            by_number("SELECT version, body FROM reservation WHERE id = ?1", id.0)
        }
        Key::Payment(id) => by_number("SELECT version, body FROM payment WHERE id = ?1", id.0),
        Key::TicketType(id) => {
            by_number("SELECT version, body FROM ticket_type WHERE id = ?1", id.0)
        }
        Key::Seat(id) => seat(tables, id),
        Key::Pass(key) => {
            let sql = "SELECT version, ended_at FROM pass \
                       WHERE room = ?1 AND epoch = ?2 AND place = ?3";
            let found = pair(tables, sql, params![key.room.0, key.epoch, key.place])?;
            Ok(found.map(|(version, ended_at)| Loaded {
                version,
                row: Arc::new(Row::Pass(Pass { key, ended_at: Moment(ended_at) })),
            }))
        }
        Key::Quota(show, owner) => {
            let sql = "SELECT version, taken FROM quota WHERE show = ?1 AND buyer = ?2";
            let found = pair(tables, sql, params![show.0, buyer(owner)])?;
            Ok(found.map(|(version, taken)| {
                let taken = u32::try_from(taken).unwrap_or(u32::MAX);
                Loaded { version, row: Arc::new(Row::Quota { show, buyer: owner, taken }) }
            }))
        }
        Key::Wallet(owner) => wallet(tables, owner),
    }
}

/// Whether the numbers in a key fit into SQLite's signed integers; no row has another.
fn can_be_stored(key: Key) -> bool {
    let number = match key {
        Key::Concert(id) => id.0,
        Key::Show(id) | Key::Plan(id) | Key::Quota(id, _) => id.0,
        Key::Room(id) => id.0,
        Key::Operator(id) => id.0,
        Key::Reservation(id) => id.0,
        Key::Payment(id) => id.0,
        Key::TicketType(id) => id.0,
        Key::Seat(id) => id.0,
        Key::Pass(key) => key.room.0.max(key.place),
        Key::Buyer(_) | Key::Wallet(_) => 0,
    };
    number <= NUMBER_MAX
}

fn body(tables: &Connection, sql: &str, key: impl Params) -> Result<Option<Loaded>, Trouble> {
    let failed = trouble::of("read a row");
    let mut query = tables.prepare_cached(sql).map_err(&failed)?;
    let found = query.query_row(key, |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)));
    match found.optional().map_err(&failed)? {
        None => Ok(None),
        Some((version, body)) => Ok(Some(Loaded { version, row: Arc::new(decode(&body)?) })),
    }
}

fn pair(tables: &Connection, sql: &str, key: impl Params) -> Result<Option<(u64, i64)>, Trouble> {
    let failed = trouble::of("read a row");
    let mut query = tables.prepare_cached(sql).map_err(&failed)?;
    let found = query.query_row(key, |row| Ok((row.get(0)?, row.get(1)?)));
    found.optional().map_err(failed)
}

fn seat(tables: &Connection, id: SeatId) -> Result<Option<Loaded>, Trouble> {
    Ok(seats(tables, id.0, id.0)?.pop())
}

/// The seats from one number up to another.
pub(crate) fn seats(tables: &Connection, from: u64, to: u64) -> Result<Vec<Loaded>, Trouble> {
    let failed = trouble::of("read seats");
    let sql = "SELECT version, id, show, price, state, owner, held_until FROM seat \
               WHERE id BETWEEN ?1 AND ?2";
    let mut query = tables.prepare_cached(sql).map_err(&failed)?;
    let found = query.query_map([from, to], seat_of).map_err(&failed)?;
    found.collect::<Result<_, _>>().map_err(&failed)
}

fn seat_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Loaded> {
    let by = ReservationId(row.get::<_, Option<u64>>(5)?.unwrap_or_default());
    let state = match row.get::<_, u8>(4)? {
        0 => SeatState::Free,
        1 => {
            SeatState::Held { by, until: Moment(row.get::<_, Option<i64>>(6)?.unwrap_or_default()) }
        }
        2 => SeatState::Sold { by },
        _ => SeatState::Blocked,
    };
    let (id, show) = (SeatId(row.get(1)?), ShowId(row.get(2)?));
    let seat = Seat { id, show, price: Money(row.get(3)?), state };
    Ok(Loaded { version: row.get(0)?, row: Arc::new(Row::Seat(seat)) })
}

fn wallet(
    tables: &Connection,
    owner: admitone_domain::id::BuyerId,
) -> Result<Option<Loaded>, Trouble> {
    let failed = trouble::of("read a wallet");
    let sql = "SELECT version, currency, balance FROM wallet WHERE buyer = ?1";
    let mut query = tables.prepare_cached(sql).map_err(&failed)?;
    let found = query.query_row([buyer(owner)], |row| {
        Ok((row.get(0)?, row.get::<_, String>(1)?, Money(row.get(2)?)))
    });
    let Some((version, code, balance)) = found.optional().map_err(failed)? else {
        return Ok(None);
    };
    let currency = code.parse().map_err(|error| trouble::unreadable("read a wallet", error))?;
    let wallet = Wallet { buyer: owner, currency, balance };
    Ok(Some(Loaded { version, row: Arc::new(Row::Wallet(wallet)) }))
}

/// The answer under a number, if it is the answer of this command.
pub(crate) fn answer(
    tables: &Connection,
    number: u64,
    id: CommandId,
) -> Result<Option<StoredAnswer>, Trouble> {
    let failed = trouble::of("read an answer");
    let sql = "SELECT body FROM answer_page WHERE number = ?1";
    let mut query = tables.prepare_cached(sql).map_err(&failed)?;
    let found = query.query_row([number / PAGE], |row| row.get::<_, Vec<u8>>(0)).optional();
    let Some(body) = found.map_err(failed)? else { return Ok(None) };
    let mut page: Vec<StoredAnswer> = decode(&body)?;
    let place = usize::try_from(number % PAGE).unwrap_or(usize::MAX);
    let is_his = page.get(place).is_some_and(|answer| answer.id == id);
    Ok(is_his.then(|| page.swap_remove(place)))
}

/// The commands that a page has answers of, from its `ids` column.
pub(crate) fn ids(column: &[u8]) -> impl Iterator<Item = CommandId> {
    let (ids, _) = column.as_chunks();
    ids.iter().map(|id| CommandId(u128::from_be_bytes(*id)))
}
