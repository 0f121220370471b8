//! What the tests do with a store: commands, a show with seats, settlers.

use admitone_app::clock::HandClock;
use admitone_app::memory::MemoryStore;
use admitone_app::ports::delivery::Reply;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::{Mode, Store};
use admitone_app::ports::tap::Tap;
use admitone_app::settle::{SettleLimits, Settler};
use admitone_conformance::sale::{self, NOW};
pub(crate) use admitone_conformance::sale::{HOLD_MS, SHOW, STANDING, command};
use admitone_domain::id::{BuyerId, SeatId};
use admitone_domain::seat::SeatState;
use admitone_domain::{Answer, Command, Key, Row};
use std::sync::Arc;

/// A store with a clock that is moved by hand.
pub(crate) fn store() -> (MemoryStore, Arc<HandClock>) {
    let clock = Arc::new(HandClock::at(NOW));
    (MemoryStore::new(clock.clone()), clock)
}

pub(crate) fn settler(store: impl Store + 'static, taps: Vec<Arc<dyn Tap>>) -> Settler {
    Settler {
        taps,
        limits: SettleLimits { tries_max: 3, ..SettleLimits::default() },
        ..sale::settler(Arc::new(store), Mode::Optimistic)
    }
}

/// A show with so many seats in a row and so many standing tickets.
pub(crate) async fn sale(store: &MemoryStore, seats: u32, tickets: u32) {
    for command in sale::programme(seats, tickets) {
        assert!(settled(store, command).await.is_ok());
    }
}

/// A charge of one, by a buyer of the same number.
pub(crate) fn charge(number: u64) -> Command {
    sale::charge(number, BuyerId(u128::from(number)), 1)
}

pub(crate) fn hold(number: u64, seats: &[u64], tickets: u32) -> Command {
    sale::hold(number, BuyerId(u128::from(number)), SHOW, seats, tickets)
}

/// The answer of a command that is settled alone.
pub(crate) async fn settled(store: &MemoryStore, command: Command) -> Answer {
    let reply = settler(store.clone(), Vec::new()).settle(vec![command]).await.remove(0);
    answer(reply.unwrap())
}

pub(crate) fn answer(reply: Reply) -> Answer {
    sale::answer(Ok(reply))
}

pub(crate) async fn balance(store: &MemoryStore, buyer: u64) -> i64 {
    sale::balance(store, BuyerId(u128::from(buyer))).await
}

pub(crate) async fn seat(store: &MemoryStore, id: u64) -> SeatState {
    match store.rows(&[Key::Seat(SeatId(id))]).await.unwrap().remove(0).unwrap().into_row() {
        Row::Seat(seat) => seat.state,
        other => panic!("{other:?}"),
    }
}
