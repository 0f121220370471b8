//! Expire: sweep away a hold whose time is over.
//!
//! Nothing depends on its being in time: a seat whose hold is over can be taken over, a payment
//! that comes too late is refused, and a batch that takes from a show sweeps its due holds first.

use super::{Command, Rule, items};
use crate::decide::Workbench;
use crate::id::ReservationId;
use crate::reservation::{ItemState, ReservationState};
use crate::{Answer, Happening, Key, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Ends a hold that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expire {
    /// Which reservation.
    pub reservation: ReservationId,
}

impl Rule for Expire {
    fn keys(&self, _command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        items::keys(self.reservation, rows, want);
    }

    fn decide(&self, _command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let found = bench.reservation(self.reservation).cloned();
        let mut reservation = found.ok_or(Refusal::UnknownReservation)?;
        let over = reservation.held_until <= bench.now();
        if reservation.state() != ReservationState::Held || !over {
            return Err(Refusal::InvalidState);
        }
        let held = |_, item: &crate::reservation::Item| item.state == ItemState::Held;
        items::give_back(bench, &mut reservation, held, ItemState::Expired);
        bench.tell(Key::Reservation(reservation.id), Happening::Expired);
        bench.write(Row::Reservation(reservation));
        Ok(Outcome::Swept(self.reservation))
    }
}
