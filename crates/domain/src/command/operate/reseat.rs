//! Reseat: staff gives an item of a reservation another seat of the same show. Both seats and the reservation
//! change in one step, so nobody gets in between, and a ticket is the same one with another seat.
//!
//! No money moves: the item keeps the price at which it was held, and another seat is one of that price, or one
//! that costs what the old one costs today. The rows are written whole, each under the version that was read:
//! whoever holds, pays, blocks or prices one of them at the same moment comes before or after.

use super::super::{Command, Rule, items, tell_staff};
use crate::decide::Workbench;
use crate::id::{ReservationId, SeatId, TicketId};
use crate::pass::PassKey;
use crate::reservation::{Item, ItemState, Reservation, Ware};
use crate::seat::{Seat, SeatState};
use crate::{Answer, Deed, Happening, Key, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Gives an item another seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reseat {
    /// Of which reservation.
    pub reservation: ReservationId,
    /// Which item, by its place from 0.
    pub item: u32,
    /// Which seat it gets.
    pub seat: SeatId,
}

impl Rule for Reseat {
    fn keys(&self, _command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        let key = Key::Reservation(self.reservation);
        want.push(key);
        if !rows.has(key) {
            return;
        }
        // Both seats in one round, so that they are locked in the order in which everybody locks seats.
        want.push(Key::Seat(self.seat));
        want.extend(self.ticket().map(Key::Pass));
        if let Some(reservation) = rows.reservation(self.reservation) {
            want.push(Key::Show(reservation.show));
            want.extend(self.item_of(reservation).map(|item| items::ware_key(item.what)));
        }
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let mut reservation = items::find(bench, command, self.reservation)?;
        if command.buyer().is_ok() {
            return Err(Refusal::UnknownReservation);
        }
        let item = *self.item_of(&reservation).ok_or(Refusal::UnknownItem)?;
        self.check_item(bench, &reservation, item)?;
        let Ware::Seat(from) = item.what else { return Err(Refusal::NoSeat) };
        let found = bench.seat(from).filter(|seat| seat.belongs_to(reservation.id));
        let old = found.ok_or(Refusal::HoldExpired)?;
        let new = self.free_seat(bench, &reservation)?;
        if new.price != item.price && new.price != old.price {
            return Err(Refusal::SeatPrice { price: new.price, paid: item.price });
        }
        bench.write(Row::Seat(Seat { state: old.state, ..new }));
        bench.write(Row::Seat(Seat { state: SeatState::Free, ..old }));
        if let Some(item) = reservation.items.get_mut(self.item as usize) {
            item.what = Ware::Seat(self.seat);
        }
        let key = Key::Reservation(reservation.id);
        bench.tell(key, Happening::Reseated { item: self.item, from, to: self.seat });
        tell_staff(bench, command, key, Deed::Reseated);
        bench.write(Row::Reservation(reservation.clone()));
        Ok(Outcome::Reserved(reservation))
    }
}

impl Reseat {
    fn ticket(&self) -> Option<PassKey> {
        PassKey::of_ticket(TicketId { reservation: self.reservation, item: self.item })
    }

    fn item_of<'a>(&self, reservation: &'a Reservation) -> Option<&'a Item> {
        reservation.items.get(usize::try_from(self.item).ok()?)
    }

    /// Whether the buyer has it still, nobody asks for its money at this moment, and it was not used.
    fn check_item(
        &self,
        bench: &Workbench<'_>,
        reservation: &Reservation,
        item: Item,
    ) -> Result<(), Refusal> {
        match item.state {
            ItemState::Held if reservation.held_until <= bench.now() => Err(Refusal::HoldExpired),
            ItemState::Held => Ok(()),
            ItemState::Sold => match self.ticket().and_then(|pass| bench.use_of_ticket(pass)) {
                Some(used) => Err(Refusal::TicketUsed { at: used.ended_at }),
                None => Ok(()),
            },
            ItemState::Confirming => Err(Refusal::PaymentInProgress),
            ItemState::Expired => Err(Refusal::HoldExpired),
            ItemState::Cancelled | ItemState::Released => Err(Refusal::InvalidState),
        }
    }

    /// The seat it gets, if it is one of the same show that nobody has.
    fn free_seat(&self, bench: &Workbench<'_>, of: &Reservation) -> Result<Seat, Refusal> {
        let found = bench.seat(self.seat).filter(|seat| seat.show == of.show);
        let seat = found.ok_or_else(|| Refusal::UnknownSeat(vec![self.seat]))?;
        match seat.state {
            SeatState::Blocked => Err(Refusal::SeatBlocked),
            _ if seat.can_be_held(bench.now()) => Ok(seat),
            _ => Err(Refusal::SeatTaken(vec![self.seat])),
        }
    }
}
