//! What a verification of a store comes to, and the walk that stores share: the rows as the domain
//! knows them, added up and compared with each other.
//!
//! Nothing of the rules is used to check them: what a hold or a payment must have left behind is
//! said here a second time.

use admitone_domain::id::{BuyerId, PaymentId, ReservationId, SeatId, ShowId, TicketTypeId};
use admitone_domain::payment::Payment;
use admitone_domain::reservation::{ItemState, Reservation, Ware};
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::ticket_type::TicketType;
use admitone_domain::{Money, Row};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// What a verification came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many rows were looked at.
    pub rows: u64,
    /// What is wrong, in words with ids.
    pub findings: Vec<String>,
}

impl Report {
    /// Adds a finding: of what kind, then ids.
    pub fn find(&mut self, kind: impl fmt::Display, detail: impl fmt::Display) {
        self.findings.push(format!("{kind}: {detail}"));
    }
}

/// What the items add up to, and what they were paid with.
#[derive(Default)]
pub struct Walk {
    owners: BTreeMap<SeatId, (ReservationId, ItemState)>,
    stocks: BTreeMap<TicketTypeId, (u32, u32)>,
    quotas: BTreeMap<(ShowId, BuyerId), u32>,
    payments: HashMap<PaymentId, Payment>,
}

impl Walk {
    /// Looks at a row. Payments come first, then reservations, then what their items are compared
    /// with: seats, ticket types and quotas.
    pub fn visit(&mut self, row: Row, report: &mut Report) {
        report.rows += 1;
        match row {
            Row::Payment(payment) => drop(self.payments.insert(payment.id, payment)),
            Row::Reservation(reservation) => {
                self.add(&reservation, report);
                self.check_payment(&reservation, report);
            }
            Row::Seat(seat) => self.compare_seat(&seat, report),
            Row::TicketType(stock) => self.compare_stock(&stock, report),
            Row::Quota { show, buyer, taken } => self.compare_quota(show, buyer, taken, report),
            _ => {}
        }
    }

    /// Says what was added up and had no row to be compared with.
    pub fn finish(self, report: &mut Report) {
        for (id, (owner, _)) in &self.owners {
            report.findings.push(format!("{owner} has {id}, which does not exist"));
        }
        for ((show, buyer), counted) in &self.quotas {
            report.findings.push(wrong_quota(*show, *buyer, *counted, 0));
        }
    }

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

    fn compare_seat(&mut self, seat: &Seat, report: &mut Report) {
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
    }

    fn compare_stock(&self, stock: &TicketType, report: &mut Report) {
        let counted = self.stocks.get(&stock.id).copied().unwrap_or_default();
        if counted != (stock.held, stock.sold) {
            report.findings.push(format!(
                "{}: says {} held and {} sold, its items are {} and {}",
                stock.id, stock.held, stock.sold, counted.0, counted.1
            ));
        }
    }

    fn compare_quota(&mut self, show: ShowId, buyer: BuyerId, taken: u32, report: &mut Report) {
        let counted = self.quotas.remove(&(show, buyer)).unwrap_or_default();
        if counted != taken {
            report.findings.push(wrong_quota(show, buyer, counted, taken));
        }
    }
}

fn wrong_quota(show: ShowId, buyer: BuyerId, counted: u32, taken: u32) -> String {
    format!("{buyer} has {counted} items of {show}, the quota says {taken}")
}
