//! The steps in their order, in a process that lives.

use crate::clerks::without_gateway;
use crate::gateway::Manner;
use crate::world::{ANN, BOB, World, pass_hold};
use admitone_app::TroubleKind;
use admitone_app::box_office::Request;
use admitone_app::operating::{self, Unfit};
use admitone_app::payments::Payments;
use admitone_conformance::sale::SHOW;
use admitone_domain::command::gateway::{Gateway, GiveUp, Reacquire};
use admitone_domain::id::{OperatorId, PaymentId};
use admitone_domain::payment::PaymentState;
use admitone_domain::reservation::{ItemState, ReservationState};
use admitone_domain::{Action, Actor, Answer, Refusal};

#[tokio::test]
async fn a_request_becomes_a_ticket_by_its_event_and_comes_again_in_vain() {
    let world = World::open().await;
    let process = world.lasting();
    let held = process.hold(&world, ANN, &[1, 2]).await;
    let payment = process.begin(&world, &held, "key").await.unwrap();
    assert_eq!(world.state(payment).await, PaymentState::Requested);
    process.deliver(&world).await;
    process.deliver(&world).await;
    assert_eq!(world.state(payment).await, PaymentState::Approved);
    assert_eq!(world.reservation(held.id).await.count_in(ItemState::Sold), 2);
    assert_eq!(world.audit().await, Ok(()));
}

#[tokio::test]
async fn the_same_order_is_one_payment_and_another_wish_under_it_is_refused() {
    let world = World::open().await;
    let process = world.lasting();
    let held = process.hold(&world, ANN, &[1]).await;
    let first = process.begin(&world, &held, "key").await;
    assert_eq!(process.begin(&world, &held, "key").await, first);
    assert_eq!(process.begin(&world, &held, "other").await, Err(Refusal::PaymentInProgress));
    process.deliver(&world).await;
    assert_eq!(world.payments().await.len(), 1);
}

#[tokio::test]
async fn what_is_not_known_stays_pinned_and_is_asked_again_later_and_later() {
    let world = World::open().await;
    let process = world.lasting();
    world.accounts.set("key", Manner { silent: 1, ..Manner::default() });
    let held = process.hold(&world, ANN, &[1]).await;
    let payment = process.begin(&world, &held, "key").await.unwrap();
    process.deliver(&world).await;
    assert_eq!(world.state(payment).await, PaymentState::Unknown);
    pass_hold(&world);
    process.sweep(held.id).await;
    assert_eq!(world.reservation(held.id).await.state(), ReservationState::Confirming);
    world.settle_all().await;
    assert_eq!(world.state(payment).await, PaymentState::Approved);
    assert_eq!(world.audit().await, Ok(()));
}

#[tokio::test]
async fn a_confirmation_that_did_not_arrive_is_sent_again() {
    let world = World::open().await;
    let process = world.lasting();
    world.accounts.set("key", Manner { lost: 2, ..Manner::default() });
    let held = process.hold(&world, ANN, &[1]).await;
    let payment = process.begin(&world, &held, "key").await.unwrap();
    process.deliver(&world).await;
    world.settle_all().await;
    assert_eq!(world.state(payment).await, PaymentState::Approved);
    assert_eq!(world.audit().await, Ok(()));
}

#[tokio::test]
async fn what_is_declined_is_held_again_and_paid_another_way() {
    let world = World::open().await;
    let process = world.lasting();
    world.accounts.set("bad", Manner { declines: true, ..Manner::default() });
    let held = process.hold(&world, ANN, &[1]).await;
    let bad = process.begin(&world, &held, "bad").await.unwrap();
    process.deliver(&world).await;
    assert_eq!(world.state(bad).await, PaymentState::Declined);
    let good = process.begin(&world, &held, "good").await.unwrap();
    process.deliver(&world).await;
    assert_eq!(world.state(good).await, PaymentState::Approved);
    assert_eq!(world.audit().await, Ok(()));
}

/// Ann's card is declined when her hold is over, and charged later all the same; the seat that
/// somebody else has by then, if anybody.
async fn late(world: &World, taken_by_bob: Option<u64>) -> PaymentId {
    let process = world.lasting();
    world.accounts.set("late", Manner { declines: true, ..Manner::default() });
    let held = process.hold(world, ANN, &[1, 2]).await;
    let payment = process.begin(world, &held, "late").await.unwrap();
    pass_hold(world);
    process.deliver(world).await;
    if let Some(seat) = taken_by_bob {
        process.hold(world, BOB, &[seat]).await;
    }
    world.accounts.take_late("late", 2);
    process.payments.ask_again(payment).await.unwrap();
    payment
}

#[tokio::test]
async fn money_that_surfaces_late_gets_its_seats_or_goes_back() {
    for (taken, becomes) in [(None, PaymentState::Approved), (Some(2), PaymentState::Refunded)] {
        let world = World::open().await;
        let payment = late(&world, taken).await;
        world.settle_all().await;
        assert_eq!(world.state(payment).await, becomes, "{taken:?}");
        assert_eq!(world.audit().await, Ok(()));
    }
}

#[tokio::test]
async fn a_refund_that_is_not_answered_is_asked_for_again_and_paid_once() {
    let world = World::open().await;
    let process = world.lasting();
    world.accounts.set("key", Manner { quiet: 3, ..Manner::default() });
    let held = process.hold(&world, ANN, &[1]).await;
    let payment = process.begin(&world, &held, "key").await.unwrap();
    process.deliver(&world).await;
    process.cancel(&world, &held).await.unwrap();
    world.settle_all().await;
    assert_eq!(world.state(payment).await, PaymentState::Refunded);
    assert_eq!(world.audit().await, Ok(()));
}

#[tokio::test]
async fn an_operator_decides_about_money_that_the_gateway_keeps() {
    let world = World::open().await;
    world.accounts.set("late", Manner { keeps: true, ..Manner::default() });
    let process = world.lasting();
    let payment = late(&world, Some(2)).await;
    world.accounts.set("late", Manner { keeps: true, ..Manner::default() });
    process.deliver(&world).await;
    assert!(world.payment(payment).await.attempt().unwrap().is_stuck());
    let operator = |step| {
        let actor = Actor::Operator(OperatorId(1));
        let named = Request { actor, ..world.named(ANN) };
        let process = &process;
        async move { process.submit(&named, Action::Gateway(step)).await }
    };
    let reacquire = || Gateway::Reacquire(Reacquire { payment, show: SHOW });
    assert_eq!(operator(reacquire()).await, Err(Refusal::HoldExpired), "Bob holds a seat");
    pass_hold(&world);
    operator(reacquire()).await.unwrap();
    assert_eq!(world.state(payment).await, PaymentState::Approved);
    assert_eq!(world.audit().await, Ok(()));
}

/// The gateway does not give money back for which there is no ticket; the seats are free again.
async fn kept_over_there(world: &World) -> PaymentId {
    let process = world.lasting();
    let payment = late(world, Some(2)).await;
    world.accounts.set("late", Manner { keeps: true, ..Manner::default() });
    process.deliver(world).await;
    assert!(world.payment(payment).await.attempt().unwrap().is_stuck());
    pass_hold(world);
    payment
}

/// It says no more than once that it keeps the money, and gives it back later all the same.
async fn given_back_over_there(world: &World) -> PaymentId {
    let payment = kept_over_there(world).await;
    world.accounts.set("late", Manner::default());
    world.accounts.give_back_by_itself("late");
    payment
}

/// An operator wants to give the seats after all, in a house that asks so; trouble by its kind.
async fn reacquire(
    world: &World,
    payments: &Payments,
    payment: PaymentId,
) -> Result<Answer, TroubleKind> {
    let process = world.lasting();
    match operating::reacquire(&process.office, Some(payments), payment).await {
        Ok(action) => {
            let actor = Actor::Operator(OperatorId(1));
            let named = Request { actor, ..world.named(ANN) };
            Ok(process.submit(&named, action).await)
        }
        Err(Unfit::Refused(refusal)) => Ok(Err(refusal)),
        Err(Unfit::Trouble(trouble)) => Err(trouble.kind),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn there_are_no_tickets_for_what_the_gateway_gave_back() {
    let world = World::open().await;
    let payment = given_back_over_there(&world).await;
    let refused = reacquire(&world, &world.lasting().payments, payment).await;
    assert_eq!(refused, Ok(Err(Refusal::AlreadyRefunded)));
    assert_eq!(world.state(payment).await, PaymentState::Refunded);
    assert_eq!(world.audit().await, Ok(()));
}

#[tokio::test]
async fn there_are_no_tickets_for_what_it_gave_back_in_part() {
    let world = World::open().await;
    let payment = kept_over_there(&world).await;
    let before = world.payment(payment).await;
    world.accounts.give_some_back("late", 1);
    let refused = reacquire(&world, &world.lasting().payments, payment).await;
    assert_eq!(refused, Ok(Err(Refusal::AlreadyRefunded)));
    assert_eq!(world.payment(payment).await, before, "a person decides");
}

#[tokio::test]
async fn there_are_no_tickets_while_nobody_says_that_the_money_is_there() {
    let world = World::open().await;
    let payment = kept_over_there(&world).await;
    let before = world.payment(payment).await;
    let process = world.lasting();
    let keeps = Manner { keeps: true, ..Manner::default() };
    world.accounts.set("late", Manner { is_mute: true, ..keeps });
    for payments in [&process.payments, &without_gateway(&process)] {
        let silent = reacquire(&world, payments, payment).await;
        assert_eq!(silent, Err(TroubleKind::Unavailable));
        assert_eq!(world.payment(payment).await, before, "nothing is changed");
    }
    world.accounts.set("late", keeps);
    assert!(reacquire(&world, &process.payments, payment).await.unwrap().is_ok());
    assert_eq!((world.state(payment).await, world.audit().await), (PaymentState::Approved, Ok(())));
}

#[tokio::test]
async fn who_does_not_ask_before_gives_tickets_for_nothing() {
    let world = World::open().await;
    let payment = given_back_over_there(&world).await;
    let unasked = Gateway::Reacquire(Reacquire { payment, show: SHOW });
    assert!(world.lasting().operate(&world, unasked).await.is_ok(), "the harm");
    assert!(world.audit().await.is_err(), "and it is found");
}

#[tokio::test]
async fn a_refund_that_is_refused_because_it_was_done_is_done() {
    let world = World::open().await;
    let process = world.lasting();
    let payment = late(&world, Some(2)).await;
    world.accounts.set("late", Manner { keeps: true, ..Manner::default() });
    world.accounts.give_back_by_itself("late");
    let asks = &process.payments;
    assert_eq!(reacquire(&world, asks, payment).await, Ok(Err(Refusal::RefundOwed)));
    process.deliver(&world).await;
    assert_eq!(world.state(payment).await, PaymentState::Refunded);
    assert_eq!(reacquire(&world, asks, payment).await, Ok(Err(Refusal::AlreadyRefunded)));
}

#[tokio::test]
async fn a_payment_that_was_given_up_is_refunded_or_owes_nothing() {
    for (manner, becomes) in [
        (Manner { silent: 1, ..Manner::default() }, PaymentState::Refunded),
        (Manner { lost: 1, declines: true, ..Manner::default() }, PaymentState::RefundOwed),
    ] {
        let world = World::open().await;
        let process = world.lasting();
        world.accounts.set("key", manner);
        let held = process.hold(&world, ANN, &[1]).await;
        let payment = process.begin(&world, &held, "key").await.unwrap();
        process.deliver(&world).await;
        let actor = Actor::Operator(OperatorId(1));
        let named = Request { actor, ..world.named(ANN) };
        let give_up = Action::Gateway(Gateway::GiveUp(GiveUp { payment }));
        process.submit(&named, give_up).await.unwrap();
        assert_eq!(world.reservation(held.id).await.state(), ReservationState::Released);
        process.deliver(&world).await;
        assert_eq!(world.state(payment).await, becomes, "{manner:?}");
    }
}
