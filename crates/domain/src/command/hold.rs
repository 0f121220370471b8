//! Hold: keep seats or tickets for one buyer, all of them or none.

use super::gate::{self, Patience};
use super::{Command, Rule, items};
use crate::decide::Workbench;
use crate::id::{SeatId, ShowId, TicketTypeId};
use crate::pass::PassKey;
use crate::reservation::{Item, ItemState, Reservation, Ware};
use crate::seat::SeatState;
use crate::show::Show;
use crate::{Answer, Delta, Guard, Happening, Key, Moment, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Keeps items of one show for the buyer, from now for the show's hold time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The show.
    pub show: ShowId,
    /// Which of its items.
    pub choice: Choice,
}

/// Which items of a show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    /// These seats and so many tickets of these types.
    Items {
        /// Seats.
        seats: Vec<SeatId>,
        /// Ticket types and how many of each.
        tickets: Vec<(TicketTypeId, u32)>,
    },
    /// The first of these groups of seats that is still free.
    FirstFree(Vec<Vec<SeatId>>),
    /// So many seats together as no row that was asked for has, whoever takes them.
    Nowhere {
        /// How many.
        count: u32,
    },
}

/// The most items that one hold may name, whatever its show allows: a wish that is longer is
/// refused before anything is loaded for it.
pub const ITEMS_MAX: usize = 200;

impl Rule for Hold {
    fn keys(&self, command: &Command, _rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Show(self.show));
        if self.choice.is_too_long() {
            return;
        }
        want.push(Key::Reservation(command.reservation_id()));
        if let Ok(buyer) = command.buyer() {
            want.push(Key::Quota(self.show, buyer));
        }
        if let Some(key) = command.admission.key() {
            want.push(Key::Pass(key));
        }
        match &self.choice {
            Choice::Items { seats, tickets } => {
                want.extend(seats.iter().copied().map(Key::Seat));
                want.extend(tickets.iter().map(|(id, _)| Key::TicketType(*id)));
            }
            Choice::FirstFree(groups) => {
                want.extend(groups.iter().flatten().copied().map(Key::Seat));
            }
            Choice::Nowhere { .. } => {}
        }
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let buyer = command.buyer()?;
        let show = bench.show(self.show).ok_or(Refusal::UnknownShow(self.show))?;
        if self.choice.is_too_long() {
            return Err(Refusal::LimitPerReservation { max: show.limits.per_reservation_max });
        }
        let pass = gate::check_pass(bench, command, show, Patience::Now)?;
        gate::check_window(bench, show)?;
        check_limits(show, bench.quota(self.show, buyer), self.choice.count())?;
        let items = self.choose(bench, show)?;
        let until = bench.now().plus_ms(show.limits.hold_ms);
        let reservation = Reservation {
            id: command.reservation_id(),
            show: self.show,
            buyer,
            items,
            created_at: bench.now(),
            held_until: until,
            extensions: 0,
            payment: None,
            pass,
        };
        take(bench, &reservation, until);
        tell(bench, &reservation, pass, until);
        bench.write(Row::Reservation(reservation.clone()));
        Ok(Outcome::Reserved(reservation))
    }
}

impl Choice {
    fn is_too_long(&self) -> bool {
        let named = match self {
            Self::Items { seats, tickets } => seats.len() + tickets.len(),
            Self::FirstFree(groups) => groups.iter().map(Vec::len).max().unwrap_or(0),
            Self::Nowhere { .. } => 0,
        };
        named > ITEMS_MAX
    }

    /// How many items it asks for; of groups that differ, what the longest asks for.
    fn count(&self) -> u64 {
        match self {
            Self::Items { seats, tickets } => {
                let tickets: u64 = tickets.iter().map(|(_, count)| u64::from(*count)).sum();
                seats.len() as u64 + tickets
            }
            Self::FirstFree(groups) => groups.iter().map(Vec::len).max().unwrap_or(0) as u64,
            Self::Nowhere { count } => u64::from(*count),
        }
    }
}

impl Hold {
    fn choose(&self, bench: &Workbench<'_>, show: &Show) -> Result<Vec<Item>, Refusal> {
        match &self.choice {
            Choice::Items { seats, tickets } => {
                let mut items = free_seats(bench, show, seats)?;
                items.extend(left_tickets(bench, show, tickets)?);
                if items.is_empty() { Err(Refusal::Empty) } else { Ok(items) }
            }
            Choice::FirstFree(groups) => groups
                .iter()
                .filter(|group| !group.is_empty())
                .find_map(|group| free_seats(bench, show, group).ok())
                .ok_or(Refusal::GroupsTaken),
            // There is nothing to wait for, and no seat to name.
            Choice::Nowhere { .. } => Err(Refusal::UnknownSeat(Vec::new())),
        }
    }
}

/// The seats as items, if they are seats of this show, named once and free.
fn free_seats(bench: &Workbench<'_>, show: &Show, wanted: &[SeatId]) -> Result<Vec<Item>, Refusal> {
    let mut named = BTreeSet::new();
    let repeated: Vec<SeatId> = wanted.iter().copied().filter(|id| !named.insert(*id)).collect();
    if !repeated.is_empty() {
        return Err(Refusal::RepeatedSeat(repeated));
    }
    let (mut items, mut unknown, mut taken) = (Vec::with_capacity(wanted.len()), vec![], vec![]);
    for id in wanted {
        match bench.seat(*id).filter(|seat| seat.show == show.id) {
            None => unknown.push(*id),
            Some(seat) if !seat.can_be_held(bench.now()) => taken.push(*id),
            Some(seat) => items.push(held(Ware::Seat(*id), seat.price)),
        }
    }
    if !unknown.is_empty() {
        Err(Refusal::UnknownSeat(unknown))
    } else if !taken.is_empty() {
        Err(Refusal::SeatTaken(taken))
    } else {
        Ok(items)
    }
}

/// One item for each ticket, if the types are of this show and have so many left. The limits were
/// checked before, so that a huge number costs nothing.
pub(super) fn left_tickets(
    bench: &Workbench<'_>,
    show: &Show,
    wanted: &[(TicketTypeId, u32)],
) -> Result<Vec<Item>, Refusal> {
    let mut items = Vec::new();
    for (id, count) in wanted {
        let found = bench.ticket_type(*id).filter(|found| found.show == show.id);
        let found = found.ok_or(Refusal::UnknownTicketType(*id))?;
        // A type may be named twice: what the earlier mention took is gone for this one.
        let before = items.iter().filter(|item: &&Item| item.what == Ware::Ticket(*id)).count();
        let needed = u64::from(*count) + before as u64;
        if needed > u64::from(found.unsold()) {
            return Err(Refusal::SoldOut { left: found.left() });
        }
        if needed > u64::from(found.left()) {
            return Err(Refusal::AllHeld { left: found.left() });
        }
        items.extend((0..*count).map(|_| held(Ware::Ticket(*id), found.price)));
    }
    Ok(items)
}

fn held(what: Ware, price: crate::Money) -> Item {
    Item { what, price, state: ItemState::Held }
}

/// Refuses what goes beyond the show's limits, whatever the stock: nobody learns from a wish that
/// can never be granted how much is left.
pub(super) fn check_limits(show: &Show, taken: u32, count: u64) -> Result<(), Refusal> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let max = show.limits.per_reservation_max;
    if count > max {
        return Err(Refusal::LimitPerReservation { max });
    }
    match show.limits.per_buyer_max {
        Some(max) if taken.saturating_add(count) > max => {
            Err(Refusal::LimitPerBuyer { max, taken })
        }
        Some(_) | None => Ok(()),
    }
}

fn take(bench: &mut Workbench<'_>, reservation: &Reservation, until: Moment) {
    let (by, now) = (reservation.id, bench.now());
    for item in &reservation.items {
        match item.what {
            Ware::Ticket(id) => items::move_stock(bench, id, 1, 0),
            Ware::Seat(id) => {
                if let Some(mut seat) = bench.seat(id) {
                    seat.state = SeatState::Held { by, until };
                    bench.stage(Row::Seat(seat), Guard::Takeable(now), Delta::Whole);
                }
            }
        }
    }
    let count = i64::try_from(reservation.items.len()).unwrap_or(i64::MAX);
    items::take_quota(bench, reservation.show, reservation.buyer, count);
}

fn tell(bench: &mut Workbench<'_>, held: &Reservation, pass: Option<PassKey>, until: Moment) {
    let key = Key::Reservation(held.id);
    bench.tell(key, Happening::Held { show: held.show, buyer: held.buyer, until });
    if let Some(pass) = pass {
        bench.tell(Key::Pass(pass), Happening::PassExtended { pass, until });
    }
}
