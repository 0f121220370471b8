//! Admit: a ticket is used at the door, once.
//!
//! A used ticket is a pass that has ended, as one of a waiting room is: a row that is there or not.
//! The reservation is written beside it, though nothing in it changes: so that of a cancellation and
//! an admission at the same moment one alone goes through.

use super::super::{Command, Rule, tell_staff};
use crate::decide::Workbench;
use crate::id::TicketId;
use crate::pass::{Pass, PassKey};
use crate::reservation::ItemState;
use crate::{Answer, Deed, Happening, Key, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Uses a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admit {
    /// Which.
    pub ticket: TicketId,
}

impl Rule for Admit {
    fn keys(&self, _command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Reservation(self.ticket.reservation));
        want.extend(PassKey::of_ticket(self.ticket).map(Key::Pass));
        if let Some(reservation) = rows.reservation(self.ticket.reservation) {
            want.push(Key::Show(reservation.show));
        }
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let found = bench.reservation(self.ticket.reservation).cloned();
        let reservation = found.ok_or(Refusal::UnknownReservation)?;
        let place = usize::try_from(self.ticket.item).ok();
        let item = place.and_then(|place| reservation.items.get(place));
        let item = item.ok_or(Refusal::UnknownItem)?;
        if item.state != ItemState::Sold {
            return Err(Refusal::InvalidState);
        }
        let pass = PassKey::of_ticket(self.ticket).ok_or(Refusal::UnknownItem)?;
        if let Some(used) = bench.pass(pass) {
            return Err(Refusal::TicketUsed { at: used.ended_at });
        }
        let key = Key::Reservation(reservation.id);
        bench.tell(key, Happening::Admitted { item: self.ticket.item });
        tell_staff(bench, command, key, Deed::Admitted);
        bench.tell(Key::Pass(pass), Happening::PassEnded(pass));
        bench.write(Row::Pass(Pass { key: pass, ended_at: bench.now() }));
        bench.write(Row::Reservation(reservation));
        Ok(Outcome::Saved { key, version: bench.version_after(key) })
    }
}
