//! Release: give a hold back before it is paid.

use super::{Command, Rule, items, tell_staff};
use crate::decide::Workbench;
use crate::id::ReservationId;
use crate::reservation::{ItemState, ReservationState};
use crate::{Answer, Deed, Happening, Key, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Gives everything back that the reservation holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Which reservation.
    pub reservation: ReservationId,
}

impl Rule for Release {
    fn keys(&self, _command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        items::keys(self.reservation, rows, want);
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let mut reservation = items::find(bench, command, self.reservation)?;
        match reservation.state_at(bench.now()) {
            ReservationState::Held => {}
            ReservationState::Expired => return Err(Refusal::HoldExpired),
            ReservationState::Confirming
            | ReservationState::Sold
            | ReservationState::Cancelled
            | ReservationState::Released => return Err(Refusal::InvalidState),
        }
        let held = |_, item: &crate::reservation::Item| item.state == ItemState::Held;
        items::give_back(bench, &mut reservation, held, ItemState::Released);
        bench.tell(Key::Reservation(reservation.id), Happening::Released);
        tell_staff(bench, command, Key::Reservation(reservation.id), Deed::Released);
        bench.write(Row::Reservation(reservation.clone()));
        Ok(Outcome::Reserved(reservation))
    }
}
