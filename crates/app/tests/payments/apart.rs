//! Payments from a wallet in parts: each step is a command by itself, and a process may die before
//! and after each. In the end the money is where the tickets are.

mod lapsing;
pub(crate) mod straggling;
mod told;

use crate::world::{ANN, BOB, Fuse, Process, Story, World, deaths, pass_hold};
use admitone_domain::command::gateway::{Gateway, GiveUp};
use admitone_domain::payment::PaymentState;
use admitone_domain::reservation::{ItemState, ReservationState};
use admitone_domain::{Action, Outcome, Refusal};

const MONEY: i64 = 100;

/// Name, what the buyer has, what happens.
const STORIES: [(&str, i64, Story); 6] = [
    ("paid", MONEY, |world, process| Box::pin(paid(world, process))),
    ("too little", 1, |world, process| Box::pin(paid(world, process))),
    ("one of two cancelled", MONEY, |world, process| Box::pin(cancelled(world, process))),
    ("given up at once", MONEY, |world, process| Box::pin(given_up(world, process))),
    ("given up on the way", MONEY, |world, process| Box::pin(given_up_on_the_way(world, process))),
    ("cancelled what was paid in one step", MONEY, |world, process| {
        Box::pin(cancelled_whole(world, process))
    }),
];

async fn paid(world: &World, process: &Process) {
    let held = process.hold(world, ANN, &[1, 2]).await;
    process.pin(world, &held).await.unwrap();
    process.deliver(world).await;
}

async fn cancelled(world: &World, process: &Process) {
    let held = process.hold(world, ANN, &[1, 2]).await;
    process.pin(world, &held).await.unwrap();
    process.deliver(world).await;
    // What is not known yet cannot be cancelled.
    let _ = process.cancel_apart(world, &held, Some(vec![1])).await;
    process.deliver(world).await;
}

async fn given_up(world: &World, process: &Process) {
    let held = process.hold(world, ANN, &[1, 2]).await;
    let payment = process.pin(world, &held).await.unwrap();
    process.operate(world, Gateway::GiveUp(GiveUp { payment })).await.unwrap();
    process.deliver(world).await;
}

/// It was asked for, and given up before the answer was told.
async fn given_up_on_the_way(world: &World, process: &Process) {
    let held = process.hold(world, ANN, &[1, 2]).await;
    let payment = process.pin(world, &held).await.unwrap();
    let decided = process.operate(world, Gateway::GiveUp(GiveUp { payment }));
    // Whoever is first decides.
    let _ = tokio::join!(decided, process.deliver(world));
    process.deliver(world).await;
}

async fn cancelled_whole(world: &World, process: &Process) {
    let held = process.hold(world, ANN, &[1, 2]).await;
    process.pay_whole(world, &held).await;
    let _ = process.cancel_apart(world, &held, None).await;
    process.deliver(world).await;
}

#[tokio::test]
async fn wherever_a_process_dies_the_money_is_where_the_tickets_are() {
    for (name, money, story) in STORIES {
        let open = async || {
            let world = World::open().await;
            world.lasting().charge(&world, ANN, money).await;
            world
        };
        let look = async |world: &World, boundary: u32| {
            assert_eq!(world.audit().await, Ok(()), "{name}, dead at boundary {boundary}");
            let kept = money - world.balance(ANN).await;
            assert_eq!(kept, world.worth(ANN).await, "{name}, dead at boundary {boundary}");
        };
        let deaths = deaths(story, open, look).await;
        // Two for each command.
        assert!((6..100).contains(&deaths), "{name}: {deaths} boundaries");
    }
}

#[tokio::test]
async fn without_anybody_who_takes_over_money_is_taken_without_a_ticket() {
    let mut harmed = 0;
    for boundary in 0..20 {
        let world = World::open().await;
        world.lasting().charge(&world, ANN, MONEY).await;
        let process = world.process(&Fuse::of(boundary));
        process.live(paid(&world, &process)).await;
        let kept = MONEY - world.balance(ANN).await;
        harmed += u32::from(kept != world.worth(ANN).await);
    }
    assert!(harmed > 0, "the audit finds nothing, whatever happens");
}

#[tokio::test]
async fn what_is_pinned_becomes_a_ticket_by_its_event_and_comes_again_in_vain() {
    let world = World::open().await;
    let process = world.lasting();
    process.charge(&world, ANN, MONEY).await;
    let held = process.hold(&world, ANN, &[1, 2]).await;
    let payment = process.pin(&world, &held).await.unwrap();
    assert_eq!(world.state(payment).await, PaymentState::Requested);
    assert_eq!(process.pin(&world, &held).await, Err(Refusal::PaymentInProgress));
    process.deliver(&world).await;
    process.deliver(&world).await;
    assert_eq!(world.state(payment).await, PaymentState::Approved);
    assert_eq!(world.reservation(held.id).await.count_in(ItemState::Sold), 2);
    assert_eq!((world.balance(ANN).await, world.audit().await), (MONEY - 2, Ok(())));
}

#[tokio::test]
async fn who_has_too_little_keeps_the_hold_and_pays_when_there_is_more() {
    let world = World::open().await;
    let process = world.lasting();
    process.charge(&world, ANN, 1).await;
    let held = process.hold(&world, ANN, &[1, 2]).await;
    let poor = process.pin(&world, &held).await.unwrap();
    process.deliver(&world).await;
    assert_eq!(world.state(poor).await, PaymentState::Declined);
    assert_eq!(world.reservation(held.id).await.state(), ReservationState::Held);
    process.charge(&world, ANN, MONEY).await;
    // Whoever asks about the first again changes nothing.
    process.payments.ask_again(poor).await.unwrap();
    let rich = process.pin(&world, &held).await.unwrap();
    process.deliver(&world).await;
    world.settle_all().await;
    assert_eq!(world.state(poor).await, PaymentState::Declined);
    assert_eq!(world.state(rich).await, PaymentState::Approved);
    assert_eq!((world.balance(ANN).await, world.audit().await), (MONEY - 1, Ok(())));
}

#[tokio::test]
async fn a_decline_after_the_time_of_the_hold_frees_it_for_others() {
    let world = World::open().await;
    let process = world.lasting();
    let held = process.hold(&world, ANN, &[1]).await;
    process.pin(&world, &held).await.unwrap();
    pass_hold(&world);
    process.sweep(held.id).await;
    assert_eq!(world.reservation(held.id).await.state(), ReservationState::Confirming);
    process.deliver(&world).await;
    assert_eq!(world.reservation(held.id).await.state(), ReservationState::Expired);
    process.hold(&world, BOB, &[1]).await;
}

#[tokio::test]
async fn given_up_before_the_wallet_was_asked_nothing_is_taken_and_none_is_made() {
    let world = World::open().await;
    let process = world.lasting();
    process.charge(&world, ANN, MONEY).await;
    given_up(&world, &process).await;
    world.settle_all().await;
    let [payment] = &world.payments().await[..] else { panic!("one payment") };
    assert_eq!(payment.state(), PaymentState::Declined);
    assert_eq!((world.balance(ANN).await, world.audit().await), (MONEY, Ok(())));
}

#[tokio::test]
async fn cancelled_tickets_are_put_back_into_the_wallet_by_a_step_of_its_own() {
    let world = World::open().await;
    let process = world.lasting();
    process.charge(&world, ANN, MONEY).await;
    let held = process.hold(&world, ANN, &[1, 2]).await;
    let payment = process.pin(&world, &held).await.unwrap();
    process.deliver(&world).await;
    let answer = process.cancel_apart(&world, &held, None).await;
    assert!(matches!(answer, Ok(Outcome::Refunded { balance: None, .. })), "{answer:?}");
    assert_eq!(world.balance(ANN).await, MONEY - 2);
    process.deliver(&world).await;
    assert_eq!(world.state(payment).await, PaymentState::Refunded);
    assert_eq!((world.balance(ANN).await, world.audit().await), (MONEY, Ok(())));
}

#[tokio::test]
async fn what_costs_nothing_is_sold_at_once_and_asks_no_wallet() {
    let world = World::open().await;
    let process = world.lasting();
    world.make_free(1).await;
    let held = process.hold(&world, ANN, &[1]).await;
    let pay = Action::Pay(admitone_domain::command::Pay { reservation: held.id, expected: None });
    let answer = process.submit(&world.named(ANN), pay.apart(1)).await;
    let Ok(Outcome::Gateway { payment, .. }) = answer else { panic!("{answer:?}") };
    assert_eq!(payment.state(), PaymentState::Approved);
    assert_eq!(world.reservation(held.id).await.count_in(ItemState::Sold), 1);
    assert_eq!(world.audit().await, Ok(()));
}
