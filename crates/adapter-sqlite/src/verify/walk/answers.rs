//! The walk over the answers: what a command was told that it did is there.

use super::outbox::Told;
use super::{Kind, Report, column, each, find, find_loaded};
use crate::answers::Keep;
use crate::tables::read;
use crate::trouble;
use admitone_app::Trouble;
use admitone_domain::id::{EntryId, PaymentId};
use admitone_domain::payment::{Method, Payment};
use admitone_domain::reservation::Reservation;
use admitone_domain::wallet::{Entry, EntryKind};
use admitone_domain::{CommandId, Key, Money, Outcome, Row, StoredAnswer};
use rusqlite::Connection;
use std::collections::HashSet;

pub(super) fn walk(tables: &Connection, told: &Told, report: &mut Report) -> Result<(), Trouble> {
    let mut seen = HashSet::new();
    let sql = "SELECT 'page ' || number || ' of the answers', body, ids, newest, keep \
               FROM answer_page";
    each(tables, sql, report, |row, page: Vec<StoredAnswer>, report| {
        let name: String = column(row, 0)?;
        let ids: Vec<CommandId> = read::ids(&column::<Vec<u8>>(row, 2)?).collect();
        let keep = column::<u8>(row, 4)?;
        let agrees = page.iter().map(|answer| answer.id).eq(ids)
            && page.iter().map(|answer| answer.at.0).max() == column(row, 3)?
            && page.iter().all(|answer| Keep::of(answer) as u8 == keep);
        if !agrees {
            report.find(Kind::Column, &name);
        }
        for answer in &page {
            if !seen.insert(answer.id) {
                report.find(Kind::AnsweredTwice, format_args!("{:032x}", answer.id.0));
            }
            check(tables, told, answer, report)?;
        }
        Ok(())
    })
}

fn check(
    tables: &Connection,
    told: &Told,
    answer: &StoredAnswer,
    report: &mut Report,
) -> Result<(), Trouble> {
    let (Ok(outcome), id) = (&answer.answer, answer.id.0) else { return Ok(()) };
    if !is_there(tables, told, outcome)? {
        report.find(Kind::AnswerWithoutRow, format_args!("{id:032x}: {outcome:?}"));
    }
    if !balance_was(tables, told, outcome)? {
        report.find(Kind::AnswerBalance, format_args!("{id:032x}: {outcome:?}"));
    }
    Ok(())
}

fn is_there(tables: &Connection, told: &Told, outcome: &Outcome) -> Result<bool, Trouble> {
    match outcome {
        Outcome::Reserved(reservation) => has_reservation(tables, told, reservation),
        Outcome::Paid { payment, reservation, .. }
        | Outcome::Confirmed { payment, reservation } => {
            Ok(has_payment(tables, payment)? && has_reservation(tables, told, reservation)?)
        }
        Outcome::Moved { entry, .. } => has_entry(tables, entry),
        Outcome::Refunded { payment, reservation, .. } => {
            let payment = payment.as_ref().map_or(Ok(true), |known| has_payment(tables, known))?;
            let kept =
                reservation.as_ref().map_or(Ok(true), |r| has_reservation(tables, told, r))?;
            Ok(payment && kept)
        }
        Outcome::Swept(id) => Ok(find(tables, Key::Reservation(*id))?.is_some()),
        Outcome::Saved { key, version } => {
            let found = find_loaded(tables, *key)?;
            Ok(found.is_some_and(|loaded| loaded.version >= *version))
        }
        Outcome::Gateway { payment, reservation } => {
            let kept =
                reservation.as_ref().map_or(Ok(true), |r| has_reservation(tables, told, r))?;
            Ok(kept && has_payment(tables, payment)?)
        }
        Outcome::Joined(buyer) => Ok(find(tables, Key::Buyer(*buyer))?.is_some()),
    }
}

/// Later commands may have changed its items' states, never whose it is or what it names; but for an item that
/// got another seat since, which was told.
fn has_reservation(
    tables: &Connection,
    told: &Told,
    answered: &Reservation,
) -> Result<bool, Trouble> {
    let Some(Row::Reservation(kept)) = find(tables, Key::Reservation(answered.id))? else {
        return Ok(false);
    };
    let mut items = (0..).zip(kept.items.iter().zip(&answered.items));
    let are_same = kept.items.len() == answered.items.len()
        && items.all(|(place, (now, then))| {
            let is_same = now.what == then.what || told.had(kept.id, place, then.what);
            is_same && now.price == then.price
        });
    let is_paid = answered.payment.is_none() || answered.payment == kept.payment;
    let is_same = kept.buyer == answered.buyer && kept.show == answered.show;
    Ok(is_same && is_paid && are_same)
}

/// Later refunds may have been counted.
fn has_payment(tables: &Connection, answered: &Payment) -> Result<bool, Trouble> {
    let Some(Row::Payment(kept)) = find(tables, Key::Payment(answered.id))? else {
        return Ok(false);
    };
    // How far it is with its gateway goes on; what was asked for does not change.
    let method = match (&answered.method, &kept.method) {
        (Method::Gateway(then), Method::Gateway(now))
        | (Method::Apart(then), Method::Apart(now))
            if (&then.key, &then.order) == (&now.key, &now.order) =>
        {
            answered.method.clone()
        }
        // It gives back in steps of its own since.
        (Method::Wallet, Method::Apart(_)) => Method::Wallet,
        _ => kept.method.clone(),
    };
    let refunded = answered.refunded;
    let is_same = Payment { refunded, method, ..kept.clone() } == *answered;
    Ok(is_same && kept.refunded >= answered.refunded)
}

fn has_entry(tables: &Connection, answered: &Entry) -> Result<bool, Trouble> {
    let kind = match answered.kind {
        EntryKind::Charge => 0,
        EntryKind::Use => 1,
        EntryKind::Refund => 2,
        EntryKind::Withdrawal => 3,
    };
    let sql = "SELECT count(*) FROM entry WHERE id = ?1 AND buyer = ?2 AND kind = ?3 \
               AND amount = ?4 AND at = ?5 AND payment IS ?6";
    let mut query = tables.prepare_cached(sql).map_err(trouble::of("verify"))?;
    let values = rusqlite::params![
        answered.id.0,
        crate::tables::buyer(answered.buyer),
        kind,
        answered.amount.0,
        answered.at.0,
        answered.payment.map(|id| id.0)
    ];
    query.query_row(values, |row| row.get::<_, bool>(0)).map_err(trouble::of("verify"))
}

/// The balance that was answered is the one the wallet had after the movement.
fn balance_was(tables: &Connection, told: &Told, outcome: &Outcome) -> Result<bool, Trouble> {
    let was = |entry: EntryId, balance: Money| told.balance_after(entry) == Some(balance.0);
    match outcome {
        Outcome::Moved { entry, balance } => Ok(was(entry.id, *balance)),
        Outcome::Paid { payment, balance, .. } if payment.amount.is_positive() => {
            Ok(was(EntryId(payment.id.0), *balance))
        }
        Outcome::Refunded { payment: Some(payment), balance: Some(balance), .. } => {
            let refunds = refunds(tables, payment.id)?;
            Ok(refunds.into_iter().any(|entry| was(entry, *balance)))
        }
        _ => Ok(true),
    }
}

fn refunds(tables: &Connection, payment: PaymentId) -> Result<Vec<EntryId>, Trouble> {
    let failed = trouble::of("verify");
    let sql = "SELECT refund.id FROM payment CROSS JOIN entry AS refund \
               ON refund.buyer = payment.buyer AND refund.kind = 2 AND refund.payment = payment.id \
               WHERE payment.id = ?1";
    let mut query = tables.prepare_cached(sql).map_err(&failed)?;
    let ids = query.query_map([payment.0], |row| row.get(0).map(EntryId)).map_err(&failed)?;
    ids.collect::<Result<_, _>>().map_err(&failed)
}
