//! What is left behind a room, so that whoever waits can see whether it is worth it.

use crate::house::House;
use crate::problem::Problem;
use crate::reply::Ready;
use admitone_app::board::{SeatMark, Snapshot};
use admitone_domain::id::RoomId;
use admitone_domain::{Currency, Money};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is left behind a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StockView {
    /// How many seats and tickets can be held now, of all shows behind the room that can still be
    /// bought.
    stock: u64,
    /// The least and the most that one of them costs, for each currency.
    prices: Vec<PriceRange>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PriceRange {
    currency: String,
    from: Money,
    to: Money,
}

/// What is left behind a room, a second old at most: looked at once for all who ask.
pub(super) async fn stock(house: &House, room: RoomId) -> Result<StockView, Problem> {
    // No query of a list looks like this one.
    let (name, now) = (format!("#{room}"), house.office.clock.now());
    let kept = house.pages.get(&name, now);
    if let Some(known) = kept.and_then(|ready| serde_json::from_slice(&ready.body).ok()) {
        return Ok(known);
    }
    let turn = house.pages.turn();
    let mut left = Left::default();
    for show in house.office.reads.shows(None).await? {
        if show.room == Some(room) && now < show.booking_closes_at {
            left.count(show.currency, &house.office.boards.board(show.id).await?.snapshot());
        }
    }
    let view = left.view();
    house.pages.keep(name, (turn, now), &Ready::of(&view));
    Ok(view)
}

#[derive(Default)]
struct Left {
    stock: u64,
    prices: BTreeMap<String, (Money, Money)>,
}

impl Left {
    fn count(&mut self, currency: Currency, board: &Snapshot) {
        let seats = board.seats.iter().filter(|seat| seat.mark == SeatMark::Free);
        let seats = seats.map(|seat| (seat.price, 1));
        let tickets = board.ticket_types.iter().map(|kind| (kind.price, kind.left()));
        for (price, left) in seats.chain(tickets).filter(|(_, left)| *left > 0) {
            self.stock += u64::from(left);
            let (from, to) = self.prices.entry(currency.to_string()).or_insert((price, price));
            (*from, *to) = (price.min(*from), price.max(*to));
        }
    }

    fn view(self) -> StockView {
        let range = |(currency, (from, to))| PriceRange { currency, from, to };
        StockView { stock: self.stock, prices: self.prices.into_iter().map(range).collect() }
    }
}
