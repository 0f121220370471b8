//! Writes rows: one upsert for each kind.

use super::{buyer, encode};
use crate::answers::Keep;
use admitone_app::ports::reads::Asking;
use admitone_domain::reservation::ReservationState;
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::wallet::{Entry, EntryKind};
use admitone_domain::{Event, Row, StoredAnswer};
use rusqlite::{CachedStatement, Result, ToSql, Transaction, params};

/// Writes rows. The statements of those that come by the thousand stay at hand.
pub(crate) struct Pen<'a> {
    tables: &'a Transaction<'a>,
    reservation: CachedStatement<'a>,
    seat: CachedStatement<'a>,
    quota: CachedStatement<'a>,
}

impl<'a> Pen<'a> {
    /// Into these tables.
    pub(crate) fn new(tables: &'a Transaction<'_>) -> Result<Self> {
        Ok(Self {
            tables,
            reservation: tables.prepare_cached(
                "INSERT INTO reservation VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE \
                 SET version = ?2, is_held = ?5, held_until = ?6, body = ?7",
            )?,
            seat: tables.prepare_cached("REPLACE INTO seat VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?,
            quota: tables.prepare_cached("REPLACE INTO quota VALUES (?1, ?2, ?3, ?4)")?,
        })
    }

    /// Writes a row over what is there.
    pub(crate) fn row(&mut self, version: u64, row: &Row) -> Result<()> {
        match row {
            Row::Reservation(held) => {
                let is_held = held.state() == ReservationState::Held;
                let (show, until) = (held.show.0, held.held_until.0);
                let (id, owner, body) = (held.id.0, buyer(held.buyer), encode(row)?);
                let values = params![id, version, show, owner, is_held, until, body];
                self.reservation.execute(values).map(|_| ())
            }
            Row::Seat(seat) => self.seat(version, seat),
            Row::Quota { show, buyer: owner, taken } => {
                let values = params![show.0, buyer(*owner), version, taken];
                self.quota.execute(values).map(|_| ())
            }
            Row::Payment(_) | Row::Pass(_) | Row::Wallet(_) => money(self.tables, version, row),
            Row::Concert(_)
            | Row::Show(_)
            | Row::Plan(..)
            | Row::Room { .. }
            | Row::Operator(_)
            | Row::Buyer(_)
            | Row::TicketType(_) => catalogue(self.tables, version, row),
        }
    }

    fn seat(&mut self, version: u64, seat: &Seat) -> Result<()> {
        let (state, owner, until) = match seat.state {
            SeatState::Free => (0, None, None),
            SeatState::Held { by, until } => (1, Some(by.0), Some(until.0)),
            SeatState::Sold { by } => (2, Some(by.0), None),
            SeatState::Blocked => (3, None, None),
        };
        let values = params![seat.id.0, version, seat.show.0, seat.price.0, state, owner, until];
        self.seat.execute(values).map(|_| ())
    }
}

fn catalogue(tables: &Transaction<'_>, version: u64, row: &Row) -> Result<()> {
    let put = |sql: &str, values: &[&dyn ToSql]| {
        tables.prepare_cached(sql).and_then(|mut put| put.execute(values)).map(|_| ())
    };
    match row {
        Row::Concert(concert) => {
            title(tables, concert.id.0, &concert.title)?;
            put(
                "REPLACE INTO concert VALUES (?1, ?2, ?3, ?4, ?5)",
                params![concert.id.0, version, concert.first_at.0, concert.category, encode(row)?],
            )
        }
        Row::Show(show) => put(
            "REPLACE INTO show VALUES (?1, ?2, ?3, ?4, ?5)",
            params![show.id.0, version, show.concert.0, show.opens_at.0, encode(row)?],
        ),
        Row::Plan(id, _) => {
            put("REPLACE INTO plan VALUES (?1, ?2, ?3)", params![id.0, version, encode(row)?])
        }
        Row::Room { id, .. } => {
            put("REPLACE INTO room VALUES (?1, ?2, ?3)", params![id.0, version, encode(row)?])
        }
        Row::Operator(operator) => put(
            "REPLACE INTO operator VALUES (?1, ?2, ?3)",
            params![operator.id.0, version, encode(row)?],
        ),
        Row::Buyer(known) => put(
            "REPLACE INTO buyer VALUES (?1, ?2, ?3)",
            params![buyer(known.id), version, encode(row)?],
        ),
        Row::TicketType(stock) => put(
            "INSERT INTO ticket_type VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE \
             SET version = ?2, capacity = ?4, held = ?5, sold = ?6, body = ?7",
            params![
                stock.id.0,
                version,
                stock.show.0,
                stock.capacity,
                stock.held,
                stock.sold,
                encode(row)?
            ],
        ),
        _ => Ok(()),
    }
}

fn money(tables: &Transaction<'_>, version: u64, row: &Row) -> Result<()> {
    let put = |sql: &str, values: &[&dyn ToSql]| {
        tables.prepare_cached(sql).and_then(|mut put| put.execute(values)).map(|_| ())
    };
    match row {
        Row::Payment(payment) => put(
            "INSERT INTO payment VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE \
             SET version = ?2, reservation = ?4, refunded = ?6, body = ?7, ask_at = ?8, asks = ?9",
            params![
                payment.id.0,
                version,
                buyer(payment.buyer),
                payment.pays().map(|id| id.0),
                payment.amount.0,
                payment.refunded.0,
                encode(row)?,
                payment.ask_at().map(|at| at.0),
                Asking::of(payment)
            ],
        ),
        Row::Pass(pass) => put(
            "REPLACE INTO pass VALUES (?1, ?2, ?3, ?4, ?5)",
            params![pass.key.room.0, pass.key.epoch, pass.key.place, version, pass.ended_at.0],
        ),
        Row::Wallet(wallet) => put(
            "INSERT INTO wallet VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE \
             SET version = ?2, balance = ?4",
            params![buyer(wallet.buyer), version, wallet.currency.code(), wallet.balance.0],
        ),
        _ => Ok(()),
    }
}

fn title(tables: &Transaction<'_>, id: u64, title: &str) -> Result<()> {
    tables.execute("DELETE FROM concert_title WHERE rowid = ?1", [id])?;
    let sql = "INSERT INTO concert_title (rowid, title) VALUES (?1, ?2)";
    tables.execute(sql, params![id, title]).map(|_| ())
}

/// Adds entries of wallets.
pub(crate) fn entries<'a>(
    tables: &Transaction<'_>,
    entries: impl Iterator<Item = &'a Entry>,
) -> Result<()> {
    let mut add = tables.prepare_cached("INSERT INTO entry VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for entry in entries {
        let kind = match entry.kind {
            EntryKind::Charge => 0,
            EntryKind::Use => 1,
            EntryKind::Refund => 2,
            EntryKind::Withdrawal => 3,
        };
        let (owner, payment) = (buyer(entry.buyer), entry.payment.map(|id| id.0));
        add.execute(params![entry.id.0, owner, kind, entry.amount.0, entry.at.0, payment])?;
    }
    Ok(())
}

/// Adds a page of answers that are kept equally long.
pub(crate) fn answers(
    tables: &Transaction<'_>,
    number: u64,
    keep: Keep,
    page: &[&StoredAnswer],
) -> Result<()> {
    let body = postcard::to_stdvec(page)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let ids: Vec<u8> = page.iter().flat_map(|answer| answer.id.0.to_be_bytes()).collect();
    let newest = page.iter().map(|answer| answer.at.0).max();
    let sql = "INSERT INTO answer_page VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![number, keep as u8, newest, ids, body];
    tables.prepare_cached(sql)?.execute(values).map(|_| ())
}

/// Adds the events of a batch.
pub(crate) fn events(tables: &Transaction<'_>, seq: u64, events: &[Event]) -> Result<()> {
    let body = postcard::to_stdvec(events)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let sql = "INSERT INTO event VALUES (?1, ?2)";
    tables.prepare_cached(sql)?.execute(params![seq, body]).map(|_| ())
}
