//! What buyers were told, added up: whether all of it can be true at once.

use super::TICKETS;
use admitone_domain::id::ReservationId;
use admitone_domain::pass::PassKey;
use admitone_domain::reservation::{ItemState, Reservation, Ware};
use admitone_domain::{Answer, Moment, Outcome};
use std::collections::{BTreeMap, BTreeSet};

/// Reservations as they were last told, and the passes that bought something.
#[derive(Default)]
pub(super) struct Books {
    told: BTreeMap<ReservationId, Reservation>,
    ended: BTreeSet<PassKey>,
}

impl Books {
    /// Takes an answer in; why it cannot be true beside the others.
    pub(super) fn note(&mut self, answer: &Answer, now: Moment) -> Result<(), String> {
        match answer {
            Ok(Outcome::Reserved(reservation)) => {
                let is_new = self.told.insert(reservation.id, reservation.clone()).is_none();
                let is_over = reservation.pass.is_some_and(|key| self.ended.contains(&key));
                if is_new && is_over {
                    return Err(format!("a pass that ended bought {reservation:?}"));
                }
            }
            Ok(Outcome::Paid { reservation, .. }) => {
                self.told.insert(reservation.id, reservation.clone());
                self.ended.extend(reservation.pass);
            }
            _ => {}
        }
        self.check(now)
    }

    fn check(&self, now: Moment) -> Result<(), String> {
        let live = self.told.values().flat_map(|one| live(one, now));
        let (mut seats, mut tickets) = (BTreeMap::new(), 0);
        for (ware, of) in live {
            match ware {
                Ware::Ticket(_) => tickets += 1,
                Ware::Seat(seat) => {
                    let had = seats.insert(seat, of);
                    had.map_or(Ok(()), |had| Err(format!("{seat} has {had} and {of}")))?;
                }
            }
        }
        if tickets > TICKETS { Err(format!("{tickets} of {TICKETS} tickets")) } else { Ok(()) }
    }

    /// The reservation that was made so many before the newest.
    pub(super) fn back(&self, count: usize) -> Option<&Reservation> {
        self.told.values().rev().nth(count)
    }
}

/// What a reservation keeps from others at a moment.
fn live(one: &Reservation, now: Moment) -> impl Iterator<Item = (Ware, ReservationId)> {
    let is_live = move |state| match state {
        ItemState::Held => now < one.held_until,
        other => other == ItemState::Sold,
    };
    let live = one.items.iter().filter(move |item| is_live(item.state));
    live.map(|item| (item.what, one.id))
}
