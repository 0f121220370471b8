//! Holds that are over: the sweeper frees them, and without it they block nobody.

use crate::steps::{HOLD_MS, charge, command, hold, sale, seat, settled, settler, store};
use admitone_app::clock::HandClock;
use admitone_app::delivery::Direct;
use admitone_app::memory::MemoryStore;
use admitone_app::sweeper::Sweeper;
use admitone_domain::command::Pay;
use admitone_domain::id::{BuyerId, ReservationId};
use admitone_domain::seat::SeatState;
use admitone_domain::{Action, Actor, Refusal};
use std::sync::Arc;

fn sweeper(store: &MemoryStore, clock: &Arc<HandClock>) -> Sweeper {
    let settler = Arc::new(settler(store.clone(), Vec::new()));
    Sweeper {
        reads: Arc::new(store.clone()),
        delivery: Arc::new(Direct::new(settler)),
        clock: clock.clone(),
    }
}

#[tokio::test]
async fn a_hold_is_swept_when_it_is_over_and_not_before() {
    let (store, clock) = store();
    sale(&store, 4, 10).await;
    assert!(settled(&store, hold(1, &[1, 2], 3)).await.is_ok());
    let sweeper = sweeper(&store, &clock);
    clock.advance_ms(HOLD_MS - 1);
    assert_eq!(sweeper.round().await, 0);
    assert!(matches!(seat(&store, 1).await, SeatState::Held { .. }));
    clock.advance_ms(1);
    assert_eq!(sweeper.round().await, 1);
    assert_eq!((seat(&store, 1).await, seat(&store, 2).await), (SeatState::Free, SeatState::Free));
    assert_eq!(sweeper.round().await, 0, "once");
    assert!(settled(&store, hold(2, &[], 10)).await.is_ok(), "the tickets are back too");
}

#[tokio::test]
async fn without_a_sweeper_a_hold_that_is_over_blocks_nobody_and_buys_nothing() {
    let (store, clock) = store();
    sale(&store, 4, 9).await;
    assert!(settled(&store, hold(1, &[1], 9)).await.is_ok());
    assert!(settled(&store, charge(1_000)).await.is_ok());
    let taken = settled(&store, hold(2, &[1], 0)).await;
    assert!(matches!(taken, Err(Refusal::SeatTaken(_))), "while it lives it does: {taken:?}");
    clock.advance_ms(HOLD_MS);
    assert!(settled(&store, hold(3, &[1], 9)).await.is_ok());
    assert_eq!(pay(&store, 4, 1).await, Some(Refusal::HoldExpired));
    assert!(matches!(seat(&store, 1).await, SeatState::Held { by: ReservationId(3), .. }));
}

#[tokio::test]
async fn a_hold_that_is_over_is_not_paid_even_if_nobody_else_came() {
    let (store, clock) = store();
    sale(&store, 4, 0).await;
    assert!(settled(&store, hold(1, &[1], 0)).await.is_ok());
    clock.advance_ms(HOLD_MS);
    assert_eq!(pay(&store, 2, 1).await, Some(Refusal::HoldExpired));
    let sweeper = sweeper(&store, &clock);
    assert_eq!(sweeper.round().await, 1);
    assert_eq!(seat(&store, 1).await, SeatState::Free);
}

/// Pays the reservation of the buyer of the same number; why it was refused.
async fn pay(store: &MemoryStore, number: u64, reservation: u64) -> Option<Refusal> {
    let pay = Pay { reservation: ReservationId(reservation), expected: None };
    let buyer = Actor::Buyer(BuyerId(u128::from(reservation)));
    settled(store, command(number, buyer, Action::Pay(pay))).await.err()
}
