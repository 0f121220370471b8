//! The walk over the reservations: what each claims is collected, and each is compared with its
//! columns, its payment and its pass.

use super::outbox::Told;
use super::{Kind, Report, column, each, find};
use crate::tables::buyer;
use admitone_app::Trouble;
use admitone_app::verify::Claims;
use admitone_domain::reservation::{ItemState, Reservation, ReservationState};
use admitone_domain::{Key, Moment, Money, Row};
use rusqlite::Connection;

pub(super) fn walk(
    tables: &Connection,
    now: Moment,
    told: &Told,
    report: &mut Report,
) -> Result<Claims, Trouble> {
    let mut claims = Claims::at(now);
    let sql = "SELECT 'res_' || id, body, id, version, show, buyer, is_held, held_until \
               FROM reservation";
    each(tables, sql, report, |row, body: Row, report| {
        let Row::Reservation(reservation) = body else {
            report.find(Kind::Unreadable, column::<String>(row, 0)?);
            return Ok(());
        };
        check_columns(row, &reservation, report)?;
        told.check_end(Key::Reservation(reservation.id), column(row, 3)?, report);
        check_payment(tables, &reservation, report)?;
        check_pass(tables, &reservation, report)?;
        claims.collect(&reservation);
        Ok(())
    })?;
    Ok(claims)
}

fn check_columns(
    row: &rusqlite::Row<'_>,
    reservation: &Reservation,
    report: &mut Report,
) -> Result<(), Trouble> {
    let agrees = column::<u64>(row, 2)? == reservation.id.0
        && column::<u64>(row, 4)? == reservation.show.0
        && column::<[u8; 16]>(row, 5)? == buyer(reservation.buyer)
        && column::<bool>(row, 6)? == (reservation.state() == ReservationState::Held)
        && column::<i64>(row, 7)? == reservation.held_until.0;
    if !agrees {
        report.find(Kind::Column, column::<String>(row, 0)?);
    }
    Ok(())
}

/// A reservation with tickets has a payment of its own, which keeps exactly what they cost.
fn check_payment(
    tables: &Connection,
    reservation: &Reservation,
    report: &mut Report,
) -> Result<(), Trouble> {
    let (id, sold) = (reservation.id, reservation.count_in(ItemState::Sold));
    let Some(payment) = reservation.payment else {
        if sold > 0 {
            report.find(Kind::SoldUnpaid, id);
        }
        return Ok(());
    };
    match find(tables, Key::Payment(payment))? {
        Some(Row::Payment(payment))
            if payment.reservation == Some(id) && payment.buyer == reservation.buyer =>
        {
            let cost = reservation.total_in(ItemState::Sold).unwrap_or(Money(i64::MAX));
            let kept = payment.refundable();
            if kept != cost {
                let line = format_args!("{id} has tickets for {cost}, its payment keeps {kept}");
                report.find(Kind::PaymentKeeps, line);
            }
        }
        _ => report.find(Kind::SoldUnpaid, id),
    }
    Ok(())
}

/// The payment ended the pass of the hold in the same step.
fn check_pass(
    tables: &Connection,
    reservation: &Reservation,
    report: &mut Report,
) -> Result<(), Trouble> {
    if let (Some(pass), Some(_)) = (reservation.pass, reservation.payment)
        && find(tables, Key::Pass(pass))?.is_none()
    {
        report.find(Kind::PassGoesOn, format_args!("{pass:?} of {}", reservation.id));
    }
    Ok(())
}
