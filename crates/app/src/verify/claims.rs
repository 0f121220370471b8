//! What the items of all reservations claim: seats, stocks and quotas. Every verification counts
//! them the same way, and compares the sums with what its tables say.
//!
//! A hold that is over claims nothing any more, swept or not: its seat may point to it still, may
//! be somebody else's by now, or free. Counts of ticket types and quotas are those of the items
//! as they are stored, because a sweep moves both together.

use admitone_domain::Moment;
use admitone_domain::id::{BuyerId, ReservationId, SeatId, ShowId, TicketTypeId};
use admitone_domain::reservation::{ItemState, Reservation, Ware};
use std::collections::{BTreeMap, BTreeSet};

/// One item's claim to a seat.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// Whose item it is.
    pub by: ReservationId,
    /// Of which show.
    pub show: ShowId,
    /// How the item stands.
    pub state: ItemState,
    /// Until when a hold lasts.
    pub until: Moment,
}

impl Claim {
    /// Whether nobody else may have the seat at this moment.
    pub fn is_live(self, now: Moment) -> bool {
        match self.state {
            ItemState::Sold | ItemState::Confirming => true,
            ItemState::Held => self.until > now,
            ItemState::Cancelled | ItemState::Released | ItemState::Expired => false,
        }
    }
}

/// What the items of a ticket type add up to.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// So many are held.
    pub held: u32,
    /// So many are sold.
    pub sold: u32,
    /// The shows whose reservations have items of it, each with one of these: one show, if all is
    /// well.
    pub shows: Vec<(ShowId, ReservationId)>,
}

/// What the items add up to.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    /// Holds are judged at this moment, or at the newest one that is stored: a clock that went
    /// back brings no hold to life again.
    now: Moment,
    /// All claims to each seat, live or over.
    pub seats: BTreeMap<SeatId, Vec<Claim>>,
    /// The items of each ticket type.
    pub stocks: BTreeMap<TicketTypeId, Counted>,
    /// Reservations that are being paid through a gateway.
    pub pinned: BTreeSet<ReservationId>,
    /// How many items each buyer has of each show.
    pub quotas: BTreeMap<(ShowId, BuyerId), u32>,
}

impl Claims {
    /// Nothing yet; holds are judged at this moment, or at a later one that is stored.
    pub fn at(now: Moment) -> Self {
        Self { now, ..Self::default() }
    }

    /// Adds what a reservation claims.
    pub fn collect(&mut self, reservation: &Reservation) {
        self.now = self.now.max(reservation.created_at);
        if reservation.count_in(ItemState::Confirming) > 0 {
            self.pinned.insert(reservation.id);
        }
        for item in &reservation.items {
            let (held, sold) = match item.state {
                ItemState::Held | ItemState::Confirming => (1, 0),
                ItemState::Sold => (0, 1),
                ItemState::Cancelled | ItemState::Released | ItemState::Expired => continue,
            };
            *self.quotas.entry((reservation.show, reservation.buyer)).or_default() += 1;
            match item.what {
                Ware::Seat(seat) => {
                    let claim = Claim {
                        by: reservation.id,
                        show: reservation.show,
                        state: item.state,
                        until: reservation.held_until,
                    };
                    self.seats.entry(seat).or_default().push(claim);
                }
                Ware::Ticket(id) => {
                    let counted = self.stocks.entry(id).or_default();
                    counted.held += held;
                    counted.sold += sold;
                    if counted.shows.iter().all(|(show, _)| *show != reservation.show) {
                        counted.shows.push((reservation.show, reservation.id));
                    }
                }
            }
        }
    }

    /// Those of some claims that nobody may stand beside.
    pub fn live(&self, claims: &[Claim]) -> Vec<Claim> {
        claims.iter().copied().filter(|claim| claim.is_live(self.now)).collect()
    }
}
