//! Extend: a live hold lasts its full time again, as often as the show allows.

use super::{Command, Rule, items};
use crate::decide::Workbench;
use crate::id::ReservationId;
use crate::reservation::{ItemState, ReservationState};
use crate::{Answer, Happening, Key, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Starts the hold's time again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extend {
    /// Which reservation.
    pub reservation: ReservationId,
}

impl Rule for Extend {
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
        let limits = bench.show(reservation.show).map(|show| show.limits).unwrap_or_default();
        if reservation.extensions >= limits.extensions_max {
            return Err(Refusal::ExtensionLimit { max: limits.extensions_max });
        }
        let (by, until) = (reservation.id, bench.now().plus_ms(limits.hold_ms));
        reservation.extensions += 1;
        let held = (ItemState::Held, ItemState::Held);
        items::keep_until(bench, &mut reservation, held, until)?;
        bench.tell(Key::Reservation(by), Happening::Extended { until });
        if let Some(pass) = reservation.pass {
            bench.tell(Key::Pass(pass), Happening::PassExtended { pass, until });
        }
        bench.write(Row::Reservation(reservation.clone()));
        Ok(Outcome::Reserved(reservation))
    }
}
