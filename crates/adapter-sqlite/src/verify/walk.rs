//! The second way: a walk over all reservations, from whose items seats, stocks, quotas and
//! payments are computed anew and compared with what the tables say.

use super::Report;
use crate::tables::{decode, read};
use crate::trouble;
use admitone_app::Trouble;
use admitone_domain::id::{BuyerId, ReservationId, SeatId, ShowId, TicketTypeId};
use admitone_domain::payment::Payment;
use admitone_domain::reservation::{ItemState, Reservation, Ware};
use admitone_domain::seat::SeatState;
use admitone_domain::{Key, Money, Row};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// What the items add up to.
#[derive(Default)]
struct Sums {
    owners: BTreeMap<SeatId, (ReservationId, ItemState)>,
    stocks: BTreeMap<TicketTypeId, (u32, u32)>,
    quotas: BTreeMap<(ShowId, BuyerId), u32>,
}

pub(super) fn run(tables: &Connection, report: &mut Report) -> Result<(), Trouble> {
    let mut sums = Sums::default();
    each(tables, "SELECT body FROM reservation", |row| {
        report.rows += 1;
        if let Row::Reservation(reservation) = row {
            sums.add(&reservation, report);
            check_payment(tables, &reservation, report)?;
        }
        Ok(())
    })?;
    sums.compare_seats(tables, report)?;
    sums.compare_stocks(tables, report)?;
    sums.compare_quotas(tables, report)
}

impl Sums {
    fn add(&mut self, reservation: &Reservation, report: &mut Report) {
        for item in &reservation.items {
            let (held, sold) = match item.state {
                ItemState::Held | ItemState::Confirming => (1, 0),
                ItemState::Sold => (0, 1),
                ItemState::Cancelled | ItemState::Released | ItemState::Expired => continue,
            };
            *self.quotas.entry((reservation.show, reservation.buyer)).or_default() += 1;
            match item.what {
                Ware::Seat(seat) => {
                    let mine = (reservation.id, item.state);
                    let other = self.owners.insert(seat, mine);
                    // A hold that is over and was taken over is not swept yet; two sales never.
                    if other.is_some_and(|(_, state)| state == item.state && sold == 1) {
                        report.findings.push(format!("sold twice: {seat}"));
                    }
                }
                Ware::Ticket(id) => {
                    let stock = self.stocks.entry(id).or_default();
                    stock.0 += held;
                    stock.1 += sold;
                }
            }
        }
    }

    fn compare_seats(&self, tables: &Connection, report: &mut Report) -> Result<(), Trouble> {
        for (id, (owner, state)) in &self.owners {
            let Some(Row::Seat(seat)) = read::row(tables, Key::Seat(*id))?.map(|l| l.row) else {
                report.findings.push(format!("{owner} has {id}, which does not exist"));
                continue;
            };
            let agrees = match seat.state {
                SeatState::Sold { by } => by == *owner && *state == ItemState::Sold,
                SeatState::Held { .. } => *state != ItemState::Sold,
                SeatState::Free | SeatState::Blocked => false,
            };
            if !agrees {
                report.findings.push(format!("{owner} has {id}, which says {:?}", seat.state));
            }
        }
        let failed = trouble::of("verify seats");
        let mut query = tables.prepare("SELECT id, state FROM seat").map_err(&failed)?;
        let mut rows = query.query([]).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            report.rows += 1;
            let id = SeatId(row.get(0).map_err(&failed)?);
            let is_taken = matches!(row.get::<_, u8>(1).map_err(&failed)?, 1 | 2);
            if is_taken && !self.owners.contains_key(&id) {
                report.findings.push(format!("{id} is taken by nobody's item"));
            }
        }
        Ok(())
    }

    fn compare_stocks(&self, tables: &Connection, report: &mut Report) -> Result<(), Trouble> {
        each(tables, "SELECT body FROM ticket_type", |row| {
            report.rows += 1;
            if let Row::TicketType(stock) = row {
                let counted = self.stocks.get(&stock.id).copied().unwrap_or_default();
                if counted != (stock.held, stock.sold) {
                    report.findings.push(format!(
                        "{}: says {} held and {} sold, its items are {} and {}",
                        stock.id, stock.held, stock.sold, counted.0, counted.1
                    ));
                }
            }
            Ok(())
        })
    }

    fn compare_quotas(&self, tables: &Connection, report: &mut Report) -> Result<(), Trouble> {
        for ((show, buyer), counted) in &self.quotas {
            let key = Key::Quota(*show, *buyer);
            let said = match read::row(tables, key)?.map(|loaded| loaded.row) {
                Some(Row::Quota { taken, .. }) => taken,
                _ => 0,
            };
            if said != *counted {
                report
                    .findings
                    .push(format!("{buyer} has {counted} items of {show}, the quota says {said}"));
            }
        }
        Ok(())
    }
}

/// A reservation with tickets has a payment of its own, which was at least what they cost.
fn check_payment(
    tables: &Connection,
    reservation: &Reservation,
    report: &mut Report,
) -> Result<(), Trouble> {
    let sold = reservation.total_in(ItemState::Sold).unwrap_or(Money(i64::MAX));
    if reservation.count_in(ItemState::Sold) == 0 {
        return Ok(());
    }
    let payment = match reservation.payment {
        Some(id) => read::row(tables, Key::Payment(id))?.map(|loaded| loaded.row),
        None => None,
    };
    let kept = |payment: &Payment| payment.refundable();
    match payment {
        Some(Row::Payment(payment)) if payment.reservation == Some(reservation.id) => {
            if kept(&payment) != sold {
                let id = reservation.id;
                report.findings.push(format!(
                    "{id} has tickets for {sold}, its payment keeps {}",
                    kept(&payment)
                ));
            }
        }
        _ => report.findings.push(format!("{} has tickets and no payment", reservation.id)),
    }
    Ok(())
}

fn each(
    tables: &Connection,
    sql: &str,
    mut visit: impl FnMut(Row) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let failed = trouble::of("verify");
    let mut query = tables.prepare(sql).map_err(&failed)?;
    let mut rows = query.query([]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let body = row.get_ref(0).and_then(|value| Ok(value.as_blob()?)).map_err(&failed)?;
        visit(decode(body)?)?;
    }
    Ok(())
}
