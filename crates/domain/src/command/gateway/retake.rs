//! Retake: the same seats and tickets again, for money that came when the hold had run out. All of
//! them or none, and never from anybody who has them.

use super::super::{hold, items};
use crate::decide::Workbench;
use crate::reservation::{ItemState, Reservation, Ware};
use crate::seat::SeatState;
use crate::{Delta, Guard, Moment, Refusal, Row};
use std::collections::BTreeMap;

/// Takes again what the reservation had, if all of it can be had: its items are held from now on.
/// A refusal leaves nothing behind.
pub(super) fn retake(
    bench: &mut Workbench<'_>,
    reservation: &mut Reservation,
) -> Result<(), Refusal> {
    check(bench, reservation)?;
    let by = reservation.id;
    let mut count = 0;
    for item in &mut reservation.items {
        let was_given_back = is_given_back(item.state);
        match item.what {
            Ware::Ticket(id) if was_given_back => items::move_stock(bench, id, 1, 0),
            Ware::Ticket(_) => {}
            Ware::Seat(id) => {
                if let Some(mut seat) = bench.seat(id) {
                    let is_his = seat.belongs_to(by);
                    let takeable = Guard::Takeable(bench.now());
                    let guard = if is_his { Guard::BelongsTo(by) } else { takeable };
                    seat.state = SeatState::Held { by, until: Moment::MAX };
                    bench.stage(Row::Seat(seat), guard, Delta::Whole);
                }
            }
        }
        item.state = ItemState::Held;
        count += i64::from(was_given_back);
    }
    items::take_quota(bench, reservation.show, reservation.buyer, count);
    Ok(())
}

fn check(bench: &Workbench<'_>, reservation: &Reservation) -> Result<(), Refusal> {
    let show = bench.show(reservation.show).ok_or(Refusal::UnknownShow(reservation.show))?;
    let mut missing = 0;
    let mut tickets = BTreeMap::new();
    for item in &reservation.items {
        match item.state {
            ItemState::Held => {}
            ItemState::Expired | ItemState::Released => missing += 1,
            // It is being paid, or was paid, by another payment.
            ItemState::Confirming | ItemState::Sold | ItemState::Cancelled => {
                return Err(Refusal::InvalidState);
            }
        }
        match item.what {
            Ware::Seat(id) => {
                let mine = |seat: &crate::seat::Seat| {
                    let is_held = matches!(seat.state, SeatState::Held { .. });
                    is_held && seat.belongs_to(reservation.id) || seat.can_be_held(bench.now())
                };
                bench.seat(id).filter(mine).ok_or(Refusal::HoldExpired)?;
            }
            Ware::Ticket(id) if is_given_back(item.state) => {
                *tickets.entry(id).or_insert(0_u32) += 1;
            }
            Ware::Ticket(_) => {}
        }
    }
    for (id, count) in tickets {
        let left = bench.ticket_type(id).map_or(0, crate::ticket_type::TicketType::left);
        if count > left {
            return Err(Refusal::HoldExpired);
        }
    }
    if missing == 0 {
        return Ok(());
    }
    hold::check_limits(show, bench.quota(reservation.show, reservation.buyer), missing)
}

fn is_given_back(state: ItemState) -> bool {
    matches!(state, ItemState::Expired | ItemState::Released)
}
