//! What a clerk takes up where nobody can ask the gateway.

mod old_rows;

use crate::world::{ANN, Process, World};
use admitone_app::payments::{Clerk, PaymentLimits, Payments};
use admitone_conformance::between::Through;
use admitone_domain::Money;
use admitone_domain::command::gateway::Begin;
use admitone_domain::id::{BuyerId, PaymentId};
use admitone_domain::payment::PaymentState;
use admitone_domain::reservation::ReservationState;
use old_rows::OldRows;
use std::sync::Arc;
use tokio_util::task::TaskTracker;

/// What one round looks at first.
const ROUND: u32 = 256;

/// The payments of a process that has no gateway.
pub(crate) fn without_gateway(process: &Process) -> Payments {
    Payments::new(process.office.clone(), None, PaymentLimits::default(), Arc::default())
}

/// Takes up what is due, to its end; how much that was.
async fn round(payments: Payments) -> usize {
    let tasks = TaskTracker::new();
    let count = Clerk::new(Arc::new(payments), tasks.clone()).round().await;
    tasks.close();
    tasks.wait().await;
    count
}

/// As many payments through a gateway as a round looks at and one more, then one from a wallet, all due;
/// that of the wallet, and who has it.
async fn behind_many(world: &World) -> (Process, PaymentId) {
    let process = world.lasting();
    for seat in 1..=ROUND + 1 {
        let buyer = BuyerId(1_000 + u128::from(seat));
        let held = process.hold(world, buyer, &[u64::from(seat)]).await;
        process.begin(world, &held, &format!("key{seat}")).await.unwrap();
    }
    // Theirs is due before.
    world.clock.advance_ms(20_000);
    process.charge(world, ANN, 10).await;
    let held = process.hold(world, ANN, &[u64::from(ROUND) + 2]).await;
    let payment = process.pin(world, &held).await.unwrap();
    world.clock.advance_ms(60_000);
    (process, payment)
}

#[tokio::test]
async fn what_nobody_here_can_ask_does_not_hide_what_is_due_behind_it() {
    let world = World::with_seats(ROUND + 2).await;
    let (process, payment) = behind_many(&world).await;
    assert_eq!(round(without_gateway(&process)).await, 1, "the others stay with who can ask");
    assert_eq!(world.state(payment).await, PaymentState::Approved);
    // Whoever can ask takes up as much as a round may.
    assert_eq!(round(process.payments).await, ROUND as usize);
}

#[tokio::test]
async fn nor_does_what_an_older_house_wrote_without_saying_whom_it_asks() {
    let world = World::with_seats(ROUND + 2).await;
    let (mut process, payment) = behind_many(&world).await;
    process.office.reads = Arc::new(Through(OldRows(world.store.clone())));
    assert_eq!(round(without_gateway(&process)).await, 1);
    assert_eq!(world.state(payment).await, PaymentState::Approved);
}

#[tokio::test]
async fn without_a_gateway_nothing_is_begun() {
    let world = World::open().await;
    let process = world.lasting();
    let held = process.hold(&world, ANN, &[1]).await;
    let begin = || Begin {
        reservation: held.id,
        show: held.show,
        key: "key".into(),
        order: format!("{}-1", held.id),
        amount: Money(1),
        wait_ms: 1,
    };
    let refused = without_gateway(&process).pay(&world.named(ANN), begin()).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(world.reservation(held.id).await.state(), ReservationState::Held);
    assert_eq!(world.payments().await, []);
}
