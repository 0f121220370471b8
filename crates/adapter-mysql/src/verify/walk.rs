//! The second way: a walk over the reservations as the domain knows them, whose items are added
//! up and compared with seats, ticket types, quotas and payments.

use super::Report;
use crate::tables::{self, read};
use crate::trouble;
use admitone_app::Trouble;
use admitone_domain::id::{BuyerId, PaymentId, ReservationId, SeatId, ShowId, TicketTypeId};
use admitone_domain::payment::Payment;
use admitone_domain::reservation::{ItemState, Reservation, Ware};
use admitone_domain::seat::SeatState;
use admitone_domain::{Key, Money, Row};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use std::collections::{BTreeMap, HashMap};

/// What the items add up to, and what they were paid with.
#[derive(Default)]
struct Sums {
    owners: BTreeMap<SeatId, (ReservationId, ItemState)>,
    stocks: BTreeMap<TicketTypeId, (u32, u32)>,
    quotas: BTreeMap<(ShowId, BuyerId), u32>,
    payments: HashMap<PaymentId, Payment>,
}

const PAYMENTS: &str = "SELECT version, body FROM payment";
const RESERVATIONS: &str = "SELECT version, body FROM reservation";
const SEATS: &str = "SELECT version, id, `show`, price, state, owner, held_until FROM seat";
const STOCKS: &str = "SELECT version, capacity, held, sold, body FROM ticket_type";
const QUOTAS: &str = "SELECT version, `show`, buyer, taken FROM quota";

pub(super) async fn run(client: &mut Conn, report: &mut Report) -> Result<(), Trouble> {
    let mut sums = Sums::default();
    let payment = Key::Payment(PaymentId(0));
    each(client, PAYMENTS, payment, |row| {
        report.rows += 1;
        if let Row::Payment(payment) = row {
            sums.payments.insert(payment.id, payment);
        }
    })
    .await?;
    let reservation = Key::Reservation(ReservationId(0));
    each(client, RESERVATIONS, reservation, |row| {
        report.rows += 1;
        if let Row::Reservation(reservation) = row {
            sums.add(&reservation, report);
            sums.check_payment(&reservation, report);
        }
    })
    .await?;
    sums.compare_seats(client, report).await?;
    sums.compare_stocks(client, report).await?;
    sums.compare_quotas(client, report).await
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
                Ware::Seat(seat) => self.own(seat, (reservation.id, item.state), report),
                Ware::Ticket(id) => {
                    let stock = self.stocks.entry(id).or_default();
                    stock.0 += held;
                    stock.1 += sold;
                }
            }
        }
    }

    /// A hold that is over and was taken over may not be swept yet: the sale stands above it. Two
    /// sales never stand beside each other.
    fn own(&mut self, seat: SeatId, owner: (ReservationId, ItemState), report: &mut Report) {
        let is_sale = |(_, state): &(_, ItemState)| *state == ItemState::Sold;
        match self.owners.get(&seat) {
            Some(other) if is_sale(other) && is_sale(&owner) => {
                report.findings.push(format!("sold twice: {seat}"));
            }
            Some(other) if is_sale(other) => {}
            Some(_) | None => drop(self.owners.insert(seat, owner)),
        }
    }

    /// A reservation with tickets has a payment of its own, which keeps what they cost.
    fn check_payment(&self, reservation: &Reservation, report: &mut Report) {
        if reservation.count_in(ItemState::Sold) == 0 {
            return;
        }
        let id = reservation.id;
        let sold = reservation.total_in(ItemState::Sold).unwrap_or(Money(i64::MAX));
        let payment = reservation.payment.and_then(|payment| self.payments.get(&payment));
        match payment.filter(|payment| payment.reservation == Some(id)) {
            Some(payment) if payment.refundable() == sold => {}
            Some(payment) => {
                let kept = payment.refundable();
                report
                    .findings
                    .push(format!("{id} has tickets for {sold}, its payment keeps {kept}"));
            }
            None => report.findings.push(format!("{id} has tickets and no payment")),
        }
    }

    async fn compare_seats(
        &mut self,
        client: &mut Conn,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        each(client, SEATS, Key::Seat(SeatId(0)), |row| {
            report.rows += 1;
            let Row::Seat(seat) = row else { return };
            let (id, said) = (seat.id, seat.state);
            let agrees = match (said, self.owners.remove(&id)) {
                (SeatState::Sold { by }, owner) => owner == Some((by, ItemState::Sold)),
                (SeatState::Held { .. }, Some((_, state))) => state != ItemState::Sold,
                (SeatState::Held { .. }, None) => false,
                (SeatState::Free | SeatState::Blocked, owner) => owner.is_none(),
            };
            if !agrees {
                report.findings.push(format!("{id} says {said:?}, the items do not"));
            }
        })
        .await?;
        for (id, (owner, _)) in &self.owners {
            report.findings.push(format!("{owner} has {id}, which does not exist"));
        }
        Ok(())
    }

    async fn compare_stocks(&self, client: &mut Conn, report: &mut Report) -> Result<(), Trouble> {
        each(client, STOCKS, Key::TicketType(TicketTypeId(0)), |row| {
            report.rows += 1;
            let Row::TicketType(stock) = row else { return };
            let counted = self.stocks.get(&stock.id).copied().unwrap_or_default();
            if counted != (stock.held, stock.sold) {
                report.findings.push(format!(
                    "{}: says {} held and {} sold, its items are {} and {}",
                    stock.id, stock.held, stock.sold, counted.0, counted.1
                ));
            }
        })
        .await
    }

    async fn compare_quotas(
        &mut self,
        client: &mut Conn,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        let wrong = |show: ShowId, buyer: BuyerId, counted: u32, taken: u32| {
            format!("{buyer} has {counted} items of {show}, the quota says {taken}")
        };
        each(client, QUOTAS, Key::Quota(ShowId(0), BuyerId(0)), |row| {
            report.rows += 1;
            let Row::Quota { show, buyer, taken } = row else { return };
            let counted = self.quotas.remove(&(show, buyer)).unwrap_or_default();
            if counted != taken {
                report.findings.push(wrong(show, buyer, counted, taken));
            }
        })
        .await?;
        for ((show, buyer), counted) in &self.quotas {
            report.findings.push(wrong(*show, *buyer, *counted, 0));
        }
        Ok(())
    }
}

/// Visits the rows of a table as they come, without keeping them. `of` is any key of that table.
async fn each(
    client: &mut Conn,
    sql: &str,
    of: Key,
    mut visit: impl FnMut(Row) + Send,
) -> Result<(), Trouble> {
    let failed = trouble::of("verify");
    let mut answers = client.query_iter(sql).await.map_err(&failed)?;
    while let Some(found) = answers.next().await.map_err(&failed)? {
        if let Some(loaded) = read::loaded(tables::number(of), &found)? {
            visit(loaded.into_row());
        }
    }
    Ok(())
}
