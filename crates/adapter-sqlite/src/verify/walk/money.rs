//! The walk over the money: payments, wallets, entries and the passes that payments ended.

use super::outbox::Told;
use super::{Kind, Report, column, each, find};
use crate::tables::buyer;
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::verify::{Claims, Pins};
use admitone_domain::id::{BuyerId, EntryId, RoomId};
use admitone_domain::pass::PassKey;
use admitone_domain::payment::{Method, Payment, Standing};
use admitone_domain::{Key, Row};
use rusqlite::{Connection, OptionalExtension};

pub(super) fn walk(
    tables: &Connection,
    claims: &Claims,
    told: &Told,
    report: &mut Report,
) -> Result<(), Trouble> {
    walk_payments(tables, claims, report)?;
    walk_wallets(tables, told, report)?;
    walk_entries(tables, told, report)?;
    walk_passes(tables, told, report)
}

fn walk_payments(tables: &Connection, claims: &Claims, report: &mut Report) -> Result<(), Trouble> {
    let mut pins = Pins::default();
    let sql = "SELECT 'pay_' || id, body, id, buyer, reservation, amount, refunded, ask_at \
               FROM payment";
    each(tables, sql, report, |row, body: Row, report| {
        let Row::Payment(payment) = body else {
            report.find(Kind::Unreadable, column::<String>(row, 0)?);
            return Ok(());
        };
        let agrees = column::<u64>(row, 2)? == payment.id.0
            && column::<[u8; 16]>(row, 3)? == buyer(payment.buyer)
            && column::<Option<u64>>(row, 4)? == payment.pays().map(|id| id.0)
            && column::<i64>(row, 5)? == payment.amount.0
            && column::<i64>(row, 6)? == payment.refunded.0
            && column::<Option<i64>>(row, 7)? == payment.ask_at().map(|at| at.0);
        if !agrees {
            report.find(Kind::Column, payment.id);
        }
        pins.collect(&payment, |_, line| report.find(Kind::MoneyKept, line));
        check_reservation(tables, &payment, report)?;
        check_use(tables, &payment, report)
    })?;
    pins.compare(&claims.pinned, |_, line| report.find(Kind::PinAstray, line));
    Ok(())
}

/// The reservation that a payment names, names it too.
fn check_reservation(
    tables: &Connection,
    payment: &Payment,
    report: &mut Report,
) -> Result<(), Trouble> {
    let Some(id) = payment.pays() else { return Ok(()) };
    let knows = match find(tables, Key::Reservation(id))? {
        Some(Row::Reservation(reservation)) => reservation.payment == Some(payment.id),
        _ => false,
    };
    if !knows {
        report.find(Kind::PaymentOfOther, format_args!("{} for {id}", payment.id));
    }
    Ok(())
}

/// What was paid from a wallet was taken from it, once and in full.
fn check_use(tables: &Connection, payment: &Payment, report: &mut Report) -> Result<(), Trouble> {
    let is_from_wallet = matches!(payment.method, Method::Wallet | Method::Apart(_));
    // Of one that was not paid yet, or came to nothing, the wallet may know nothing.
    let is_paid = payment.attempt().is_none_or(|attempt| attempt.standing == Standing::Approved);
    if is_from_wallet && !is_paid {
        return check_back(tables, payment, report);
    }
    if !is_from_wallet || !payment.amount.is_positive() {
        return Ok(());
    }
    // The use has the number of the payment, whether both are made by one command or not.
    let sql = "SELECT buyer, amount FROM entry WHERE id = ?1 AND kind = 1 AND payment = ?1";
    let mut query = tables.prepare_cached(sql).map_err(trouble::of("verify"))?;
    let taken = query
        .query_row([payment.id.0], |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, i64>(1)?)))
        .optional()
        .map_err(trouble::of("verify"))?;
    if taken != Some((buyer(payment.buyer), payment.amount.0)) {
        report.find(Kind::PaymentNotTaken, payment.id);
    }
    Ok(())
}

/// What came to nothing was not taken, or was put back; while a wallet is asked, nobody knows yet.
fn check_back(tables: &Connection, payment: &Payment, report: &mut Report) -> Result<(), Trouble> {
    if payment.ask_at().is_some() {
        return Ok(());
    }
    let sql = "SELECT ifnull(sum(CASE kind WHEN 1 THEN amount ELSE -amount END), 0) \
               FROM entry WHERE payment = ?1";
    let mut query = tables.prepare_cached(sql).map_err(trouble::of("verify"))?;
    let kept: i64 =
        query.query_row([payment.id.0], |row| row.get(0)).map_err(trouble::of("verify"))?;
    if kept > 0 {
        report.find(Kind::TakenForNothing, format_args!("{}: {kept}", payment.id));
    }
    Ok(())
}

fn walk_wallets(tables: &Connection, told: &Told, report: &mut Report) -> Result<(), Trouble> {
    let failed = trouble::of("verify");
    let sql = "SELECT buyer, version, balance FROM wallet";
    let mut query = tables.prepare(sql).map_err(&failed)?;
    let mut rows = query.query([]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        report.rows += 1;
        let buyer = BuyerId(u128::from_be_bytes(column(row, 0)?));
        told.check_end(Key::Wallet(buyer), column(row, 1)?, report);
        let (balance, leads_to) = (column::<i64>(row, 2)?, told.wallet(buyer));
        if balance != leads_to {
            let line = format_args!("{buyer} has {balance}, the movements lead to {leads_to}");
            report.find(Kind::RunningSum, line);
        }
    }
    Ok(())
}

fn walk_entries(tables: &Connection, told: &Told, report: &mut Report) -> Result<(), Trouble> {
    let failed = trouble::of("verify");
    let mut query = tables.prepare("SELECT id FROM entry").map_err(&failed)?;
    let ids = query.query_map([], |row| row.get(0).map(EntryId)).map_err(&failed)?;
    for id in ids {
        report.rows += 1;
        let id = id.map_err(&failed)?;
        if told.balance_after(id).is_none() {
            report.find(Kind::EntryUntold, id);
        }
    }
    Ok(())
}

fn walk_passes(tables: &Connection, told: &Told, report: &mut Report) -> Result<(), Trouble> {
    let failed = trouble::of("verify");
    let mut query = tables.prepare("SELECT room, epoch, place FROM pass").map_err(&failed)?;
    let keys = query.query_map([], |row| {
        Ok(PassKey { room: RoomId(row.get(0)?), epoch: row.get(1)?, place: row.get(2)? })
    });
    for key in keys.map_err(&failed)? {
        report.rows += 1;
        let key = key.map_err(&failed)?;
        // What a wallet did for a payment is told by its movement.
        if key.room != PassKey::PURSE && !told.has_ended(key) {
            report.find(Kind::PassUntold, format_args!("{key:?}"));
        }
    }
    for key in told.ended() {
        if find(tables, Key::Pass(key))?.is_none() {
            report.find(Kind::PassNotEnded, format_args!("{key:?}"));
        }
    }
    Ok(())
}
