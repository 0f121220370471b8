//! What payments through a gateway pin, pay and owe, compared with the reservations.

use admitone_domain::id::{PaymentId, ReservationId};
use admitone_domain::payment::{Payment, Standing};
use admitone_domain::reservation::Reservation;
use std::collections::{BTreeMap, BTreeSet};

/// What payments say of reservations.
#[derive(Debug, Clone, Default)]
pub struct Pins {
    /// Those whose gateway is being asked, by reservation.
    pending: BTreeMap<ReservationId, Vec<PaymentId>>,
    /// Those that pay a reservation's tickets.
    paying: BTreeMap<ReservationId, Vec<PaymentId>>,
}

impl Pins {
    /// A reservation is pinned while one payment is being asked for, and only then.
    pub const ASTRAY: &str = "a pinned reservation that is not being paid, or paid twice";
    /// Money that came too late goes back, all of it.
    pub const KEPT: &str = "money without a ticket that does not go back";
    /// Tickets know what paid them.
    pub const UNKNOWN: &str = "a payment that its reservation does not know";

    /// Adds what a payment says; money that is kept for nothing is a finding.
    pub fn collect(&mut self, payment: &Payment, mut find: impl FnMut(&'static str, String)) {
        if let Some(reservation) = payment.pays() {
            self.paying.entry(reservation).or_default().push(payment.id);
        }
        let Some((attempt, reservation)) = payment.attempt().zip(payment.reservation) else {
            return;
        };
        if attempt.is_pending() {
            self.pending.entry(reservation).or_default().push(payment.id);
        }
        let back = attempt.given_back();
        if attempt.standing == Standing::Late && back != payment.amount {
            find(Self::KEPT, format!("{}: {back} of {} go back", payment.id, payment.amount));
        }
    }

    /// Whether the payments that pay a reservation are the one that it names.
    pub fn check_payer(
        &mut self,
        reservation: &Reservation,
        mut find: impl FnMut(&'static str, String),
    ) {
        for payment in self.paying.remove(&reservation.id).unwrap_or_default() {
            if reservation.payment != Some(payment) {
                find(Self::UNKNOWN, format!("{payment} for {}", reservation.id));
            }
        }
    }

    /// Compares what is pinned with what is being paid.
    pub fn compare(
        &self,
        pinned: &BTreeSet<ReservationId>,
        mut find: impl FnMut(&'static str, String),
    ) {
        let nobody = Vec::new();
        let all: BTreeSet<_> = pinned.iter().chain(self.pending.keys()).collect();
        for id in all {
            let payments = self.pending.get(id).unwrap_or(&nobody);
            if payments.len() != 1 || !pinned.contains(id) {
                find(Self::ASTRAY, format!("{id} by {payments:?}"));
            }
        }
    }
}
