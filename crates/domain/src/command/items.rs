//! What several commands do with items: finding a reservation of the actor, naming its rows,
//! giving items back.

use super::Command;
use crate::decide::Workbench;
use crate::id::{BuyerId, ReservationId, SeatId, ShowId, TicketId, TicketTypeId};
use crate::pass::PassKey;
use crate::reservation::{Item, ItemState, Reservation, Ware};
use crate::seat::{Seat, SeatState};
use crate::{Delta, Guard, Key, Moment, Refusal, Row, Rows};

/// Names the rows of a reservation: itself, then what it holds.
pub(super) fn keys(id: ReservationId, rows: &Rows, want: &mut Vec<Key>) {
    want.push(Key::Reservation(id));
    if let Some(reservation) = rows.reservation(id) {
        want.push(Key::Show(reservation.show));
        want.push(Key::Quota(reservation.show, reservation.buyer));
        want.extend(reservation.pass.map(Key::Pass));
        want.extend(reservation.payment.map(Key::Payment));
        want.extend(reservation.items.iter().map(|item| ware_key(item.what)));
    }
}

/// Names what tells which of its tickets were used.
pub(super) fn ticket_keys(id: ReservationId, rows: &Rows, want: &mut Vec<Key>) {
    if let Some(reservation) = rows.reservation(id) {
        want.extend(tickets(reservation).filter_map(PassKey::of_ticket).map(Key::Pass));
    }
}

/// Its tickets: what of it is sold.
fn tickets(reservation: &Reservation) -> impl Iterator<Item = TicketId> {
    let places = (0..).zip(&reservation.items);
    let sold = places.filter(|(_, item)| item.state == ItemState::Sold);
    sold.map(|(item, _)| TicketId { reservation: reservation.id, item })
}

pub(super) fn ware_key(ware: Ware) -> Key {
    match ware {
        Ware::Seat(seat) => Key::Seat(seat),
        Ware::Ticket(ticket_type) => Key::TicketType(ticket_type),
    }
}

/// The reservation, if it is there and the actor may touch it. Somebody else's looks like none.
pub(super) fn find(
    bench: &Workbench<'_>,
    command: &Command,
    id: ReservationId,
) -> Result<Reservation, Refusal> {
    let found = bench.reservation(id).filter(|found| command.may_touch(found.buyer));
    found.cloned().ok_or(Refusal::UnknownReservation)
}

/// Ends the chosen items and gives what they had back to the sale. A seat that points to another
/// reservation by now was taken over: it stays where it is.
pub(super) fn give_back(
    bench: &mut Workbench<'_>,
    reservation: &mut Reservation,
    chosen: impl Fn(usize, &Item) -> bool,
    becomes: ItemState,
) {
    let mut count = 0;
    for (place, item) in reservation.items.iter_mut().enumerate() {
        if !chosen(place, item) {
            continue;
        }
        match item.what {
            Ware::Seat(seat) => free_seat(bench, seat, reservation.id),
            Ware::Ticket(id) => return_ticket(bench, id, item.state),
        }
        item.state = becomes;
        count += 1;
    }
    take_quota(bench, reservation.show, reservation.buyer, -count);
}

/// Whether every seat of a reservation points to it still.
pub(super) fn are_its_own(bench: &Workbench<'_>, reservation: &Reservation) -> bool {
    reservation.items.iter().all(|item| match item.what {
        Ware::Seat(id) => bench.seat(id).is_some_and(|seat| seat.belongs_to(reservation.id)),
        Ware::Ticket(_) => true,
    })
}

/// Sells the items that are in a state. Every seat must point to the reservation still: the seat
/// row decides who has it.
pub(super) fn sell(
    bench: &mut Workbench<'_>,
    reservation: &mut Reservation,
    from: ItemState,
) -> Result<(), Refusal> {
    let by = reservation.id;
    for item in reservation.items.iter_mut().filter(|item| item.state == from) {
        match item.what {
            Ware::Ticket(id) => move_stock(bench, id, -1, 1),
            Ware::Seat(id) => set_seat(bench, by, id, SeatState::Sold { by })?,
        }
        item.state = ItemState::Sold;
    }
    Ok(())
}

/// Keeps items of a reservation until another moment. Every seat must point to it still.
pub(super) fn keep_until(
    bench: &mut Workbench<'_>,
    reservation: &mut Reservation,
    (from, to): (ItemState, ItemState),
    until: Moment,
) -> Result<(), Refusal> {
    let by = reservation.id;
    reservation.held_until = until;
    for item in reservation.items.iter_mut().filter(|item| item.state == from) {
        if let Ware::Seat(id) = item.what {
            set_seat(bench, by, id, SeatState::Held { by, until })?;
        }
        item.state = to;
    }
    Ok(())
}

fn set_seat(
    bench: &mut Workbench<'_>,
    by: ReservationId,
    id: SeatId,
    state: SeatState,
) -> Result<(), Refusal> {
    let found = bench.seat(id).filter(|seat| seat.belongs_to(by));
    let seat = found.ok_or(Refusal::HoldExpired)?;
    let row = Row::Seat(Seat { state, ..seat });
    bench.stage(row, Guard::BelongsTo(by), Delta::Whole);
    Ok(())
}

fn free_seat(bench: &mut Workbench<'_>, id: SeatId, owner: ReservationId) {
    if let Some(mut seat) = bench.seat(id).filter(|seat| seat.belongs_to(owner)) {
        seat.state = SeatState::Free;
        bench.stage(Row::Seat(seat), Guard::BelongsTo(owner), Delta::Whole);
    }
}

fn return_ticket(bench: &mut Workbench<'_>, id: TicketTypeId, from: ItemState) {
    match from {
        ItemState::Held | ItemState::Confirming => move_stock(bench, id, -1, 0),
        ItemState::Sold => move_stock(bench, id, 0, -1),
        ItemState::Cancelled | ItemState::Released | ItemState::Expired => {}
    }
}

/// Moves counts of a ticket type. Whoever calls it has checked that there is room.
pub(super) fn move_stock(bench: &mut Workbench<'_>, id: TicketTypeId, held: i64, sold: i64) {
    let Some(mut ticket_type) = bench.ticket_type(id).cloned() else { return };
    ticket_type.held = moved(ticket_type.held, held);
    ticket_type.sold = moved(ticket_type.sold, sold);
    let guard = Guard::HasRoom { highest: held + sold };
    bench.stage(Row::TicketType(ticket_type), guard, Delta::Stock { held, sold });
}

/// Counts items of a show for a buyer, up or down.
pub(super) fn take_quota(bench: &mut Workbench<'_>, show: ShowId, buyer: BuyerId, count: i64) {
    if count == 0 {
        return;
    }
    let taken = moved(bench.quota(show, buyer), count);
    let max = bench.show(show).and_then(|show| show.limits.per_buyer_max);
    let guard = Guard::Within { highest: count, max };
    bench.stage(Row::Quota { show, buyer, taken }, guard, Delta::Quota(count));
}

/// A count after a movement. Below zero would be a bug: more came back than was ever taken.
fn moved(count: u32, by: i64) -> u32 {
    let after = i64::from(count) + by;
    u32::try_from(after).unwrap_or_else(|_| panic!("a count of {count} cannot move by {by}"))
}
