//! Cancel: give tickets back, whole or by item; their price goes back to the wallet. A buyer may
//! until the show begins or the ticket was used, staff always.

use super::{Actor, Command, Rule, charge, items, refund, tell_staff};
use crate::decide::Workbench;
use crate::id::{ReservationId, TicketId};
use crate::pass::PassKey;
use crate::payment::{Method, Payment};
use crate::reservation::{Item, ItemState, Reservation};
use crate::{Answer, Deed, Happening, Key, Money, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Cancels sold items of a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// Which reservation.
    pub reservation: ReservationId,
    /// Which items, by their place from 0; none means all that are sold.
    pub items: Option<Vec<u32>>,
}

impl Rule for Cancel {
    fn keys(&self, _command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        items::keys(self.reservation, rows, want);
        items::ticket_keys(self.reservation, rows, want);
        if let Some(reservation) = rows.reservation(self.reservation) {
            charge::keys(reservation.buyer, rows, want);
        }
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let reservation = items::find(bench, command, self.reservation)?;
        let Some(chosen) = &self.items else {
            let sold = |_, item: &Item| item.state == ItemState::Sold;
            return cancel(bench, command, reservation, sold);
        };
        for place in chosen {
            let item = usize::try_from(*place).ok().and_then(|at| reservation.items.get(at));
            match item.map(|item| item.state) {
                None => return Err(Refusal::UnknownItem),
                Some(ItemState::Sold) => {}
                Some(_) => return Err(Refusal::InvalidState),
            }
        }
        let is_chosen = |place: usize, _: &Item| chosen.iter().any(|at| *at as usize == place);
        cancel(bench, command, reservation, is_chosen)
    }
}

/// Whoever was let in keeps what it took.
fn refuse_used(
    bench: &Workbench<'_>,
    reservation: ReservationId,
    items: &[u32],
) -> Result<(), Refusal> {
    let tickets = items.iter().map(|item| TicketId { reservation, item: *item });
    let used = tickets.filter_map(PassKey::of_ticket).find_map(|pass| bench.use_of_ticket(pass));
    used.map_or(Ok(()), |used| Err(Refusal::TicketUsed { at: used.ended_at }))
}

/// Cancels the chosen items, all of which are sold, and gives their price back.
pub(super) fn cancel(
    bench: &mut Workbench<'_>,
    command: &Command,
    mut reservation: Reservation,
    chosen: impl Fn(usize, &Item) -> bool,
) -> Answer {
    let picked = || reservation.items.iter().enumerate().filter(|(at, item)| chosen(*at, item));
    let places: Vec<u32> = picked().filter_map(|(at, _)| u32::try_from(at).ok()).collect();
    let amount = Money::sum(picked().map(|(_, item)| item.price));
    let amount = amount.ok_or(Refusal::AmountOverflow)?;
    if places.is_empty() {
        return Err(Refusal::InvalidState);
    }
    let is_buyer = matches!(command.actor, Actor::Buyer(_));
    let begins = bench.show(reservation.show).map(|show| show.opens_at);
    if is_buyer && begins.is_some_and(|begins| begins <= bench.now()) {
        return Err(Refusal::SaleClosed);
    }
    if is_buyer {
        refuse_used(bench, reservation.id, &places)?;
    }
    let payment = reservation.payment.and_then(|id| bench.payment(id).cloned());
    // What was paid elsewhere goes back from there; staff may take such tickets back all the same.
    let is_external = |payment: &Payment| matches!(payment.method, Method::External { .. });
    let is_elsewhere = payment.as_ref().is_some_and(is_external);
    let amount = if is_elsewhere && !is_buyer { Money::ZERO } else { amount };
    let (payment, balance) = match payment {
        Some(payment) if amount.is_positive() => {
            let (payment, balance) = refund::give_back(bench, command, payment, amount)?;
            (Some(payment), balance)
        }
        other => (other, None),
    };
    items::give_back(bench, &mut reservation, chosen, ItemState::Cancelled);
    bench.tell(Key::Reservation(reservation.id), Happening::Cancelled { items: places });
    tell_staff(bench, command, Key::Reservation(reservation.id), Deed::Cancelled);
    bench.write(Row::Reservation(reservation.clone()));
    Ok(Outcome::Refunded { payment, reservation: Some(reservation), amount, balance })
}
