//! What a verification of a store comes to, and the walk that stores share: the rows as the domain
//! knows them, added up and compared with each other.
//!
//! Nothing of the rules is used to check them: what a hold or a payment must have left behind is
//! said here a second time.

mod claims;
mod pins;
mod takings;

pub use claims::{Claim, Claims, Counted};
pub use pins::Pins;
pub use takings::Takings;

use admitone_domain::id::{BuyerId, PaymentId, SeatId, ShowId};
use admitone_domain::payment::Payment;
use admitone_domain::reservation::{ItemState, Reservation};
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::ticket_type::TicketType;
use admitone_domain::wallet::Entry;
use admitone_domain::{Money, Row};
use serde::Serialize;
use std::collections::HashMap;
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
    /// Begun without a moment: whoever took over a hold did so when it was over, so holds are judged
    /// at the newest one that is stored, and no clock of today is asked.
    claims: Claims,
    payments: HashMap<PaymentId, Payment>,
    pins: Pins,
    takings: Takings,
}

impl Walk {
    /// Looks at a movement of a wallet; in any order.
    pub fn visit_entry(&mut self, entry: &Entry, report: &mut Report) {
        report.rows += 1;
        self.takings.collect(entry, |kind, line| report.find(kind, line));
    }

    /// Looks at a row. Payments come first, then reservations, then what their items are compared
    /// with: seats, ticket types and quotas.
    pub fn visit(&mut self, row: Row, report: &mut Report) {
        report.rows += 1;
        match row {
            Row::Payment(payment) => {
                self.pins.collect(&payment, |kind, line| report.find(kind, line));
                self.payments.insert(payment.id, payment);
            }
            Row::Reservation(reservation) => {
                self.claims.collect(&reservation);
                self.pins.check_payer(&reservation, |kind, line| report.find(kind, line));
                self.check_payment(&reservation, report);
            }
            Row::Seat(seat) => self.compare_seat(&seat, report),
            Row::TicketType(stock) => self.compare_stock(&stock, report),
            Row::Quota { show, buyer, taken } => self.compare_quota(show, buyer, taken, report),
            _ => {}
        }
    }

    /// Says what was added up and had no row to be compared with.
    pub fn finish(mut self, report: &mut Report) {
        for payment in self.payments.values() {
            self.takings.compare(payment, |kind, line| report.find(kind, line));
        }
        self.takings.finish(|kind, line| report.find(kind, line));
        self.pins.compare(&self.claims.pinned, |kind, line| report.find(kind, line));
        for (id, claims) in &self.claims.seats {
            for claim in self.claims.live(claims) {
                report.find(
                    "an item of a seat that does not exist",
                    format_args!("{id} of {}", claim.by),
                );
            }
        }
        for ((show, buyer), counted) in &self.claims.quotas {
            find_quota((*show, *buyer), *counted, 0, report);
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
                let line = format_args!("{id} has tickets for {sold}, its payment keeps {kept}");
                report.find("a payment that keeps another sum than its tickets cost", line);
            }
            None => report.find("tickets without a payment of their own", id),
        }
    }

    fn compare_seat(&mut self, seat: &Seat, report: &mut Report) {
        let claims = self.claims.seats.remove(&seat.id).unwrap_or_default();
        let live = self.claims.live(&claims);
        check_alone(seat.id, &live, report);
        for claim in claims.iter().filter(|claim| claim.show != seat.show) {
            report.find("an item of another show", format_args!("{} of {}", seat.id, claim.by));
        }
        // Who is live has the seat, and who has the seat claims it, though perhaps not any more.
        let agrees = match seat.state {
            SeatState::Sold { by } => {
                live.iter().any(|claim| claim.by == by && claim.state == ItemState::Sold)
            }
            SeatState::Held { by, until } => {
                let his = claims.iter().find(|claim| claim.by == by);
                his.is_some_and(|claim| claim.state != ItemState::Sold && claim.until == until)
                    && live.iter().all(|claim| claim.by == by)
            }
            SeatState::Free | SeatState::Blocked => live.is_empty(),
        };
        if !agrees {
            let owners: Vec<_> = live.iter().map(|claim| (claim.by, claim.state)).collect();
            let said = format_args!("{} says {:?}, live are {owners:?}", seat.id, seat.state);
            report.find("a seat that says otherwise than its items", said);
        }
    }

    fn compare_stock(&self, stock: &TicketType, report: &mut Report) {
        let counted = self.claims.stocks.get(&stock.id);
        let counted = counted.map_or((0, 0), |counted| (counted.held, counted.sold));
        if counted != (stock.held, stock.sold) {
            let line = format_args!(
                "{} says {} held and {} sold, its items are {} and {}",
                stock.id, stock.held, stock.sold, counted.0, counted.1
            );
            report.find("a stock that is not the sum of its items", line);
        }
    }

    fn compare_quota(&mut self, show: ShowId, buyer: BuyerId, taken: u32, report: &mut Report) {
        let counted = self.claims.quotas.remove(&(show, buyer)).unwrap_or_default();
        if counted != taken {
            find_quota((show, buyer), counted, taken, report);
        }
    }
}

/// Of those who may have a seat at one time there is one.
fn check_alone(seat: SeatId, live: &[Claim], report: &mut Report) {
    for (at, one) in live.iter().enumerate() {
        for other in &live[at + 1..] {
            let kind = match (one.state, other.state) {
                (ItemState::Sold, ItemState::Sold) => "a seat sold twice",
                (ItemState::Sold, _) | (_, ItemState::Sold) => "a live hold of a sold seat",
                _ => "two live holds of one seat",
            };
            report.find(kind, format_args!("{seat} by {} and {}", one.by, other.by));
        }
    }
}

fn find_quota((show, buyer): (ShowId, BuyerId), counted: u32, taken: u32, report: &mut Report) {
    let line = format_args!("{buyer} has {counted} items of {show}, the quota says {taken}");
    report.find("a quota that is not the sum of its items", line);
}

#[cfg(test)]
mod tests;
