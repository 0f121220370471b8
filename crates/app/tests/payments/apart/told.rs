//! What is told of a payment in parts: how it ended, to whoever began it, and to an operator what the
//! operator decided.

use crate::world::{ANN, Process, World};
use admitone_app::payments::as_it_stands;
use admitone_app::ports::delivery::Reply;
use admitone_domain::command::Pay;
use admitone_domain::command::gateway::{Gateway, GiveUp};
use admitone_domain::id::{OperatorId, PaymentId};
use admitone_domain::payment::PaymentState;
use admitone_domain::reservation::Reservation;
use admitone_domain::{Action, Actor, Outcome, StoredAnswer};
use std::sync::Arc;

async fn stored(
    process: &Process,
    world: &World,
    actor: Actor,
    action: Action,
) -> Arc<StoredAnswer> {
    let request = admitone_app::box_office::Request { actor, ..world.named(ANN) };
    match process.office.submit(&request, action).await.unwrap() {
        Reply::Answered { answer, .. } => answer,
        other => panic!("{other:?}"),
    }
}

async fn pinned(process: &Process, world: &World, held: &Reservation) -> Arc<StoredAnswer> {
    let pay = Action::Pay(Pay { reservation: held.id, expected: None }).apart(1);
    stored(process, world, Actor::Buyer(ANN), pay).await
}

fn payment_of(stored: &StoredAnswer) -> PaymentId {
    match &stored.answer {
        Ok(Outcome::Gateway { payment, .. }) => payment.id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_began_it_is_told_how_it_ended() {
    let world = World::open().await;
    let process = world.lasting();
    process.charge(&world, ANN, 10).await;
    let held = process.hold(&world, ANN, &[1]).await;
    let begun = pinned(&process, &world, &held).await;
    let reads = &*process.office.reads;
    assert_eq!(as_it_stands(reads, &begun).await, Ok(None), "the wallet has not answered");
    process.deliver(&world).await;
    let now = as_it_stands(reads, &begun).await.unwrap().unwrap();
    assert!(matches!(now.answer, Ok(Outcome::Paid { .. })), "{now:?}");
}

#[tokio::test]
async fn who_gave_it_up_is_told_that_it_was_given_up() {
    let world = World::open().await;
    let process = world.lasting();
    process.charge(&world, ANN, 10).await;
    let held = process.hold(&world, ANN, &[1]).await;
    let begun = pinned(&process, &world, &held).await;
    let payment = payment_of(&begun);
    let decision = Action::Gateway(Gateway::GiveUp(GiveUp { payment }));
    let given_up = stored(&process, &world, Actor::Operator(OperatorId(1)), decision).await;
    for _ in 0..2 {
        let told = as_it_stands(&*process.office.reads, &given_up).await;
        assert_eq!(told, Ok(Some(Arc::clone(&given_up))));
        world.settle_all().await;
    }
    assert_eq!(world.state(payment).await, PaymentState::Declined);
}

#[tokio::test]
async fn what_costs_nothing_is_told_as_paid_by_its_beginning() {
    let world = World::open().await;
    let process = world.lasting();
    world.make_free(1).await;
    let held = process.hold(&world, ANN, &[1]).await;
    let begun = pinned(&process, &world, &held).await;
    let now = as_it_stands(&*process.office.reads, &begun).await.unwrap().unwrap();
    assert!(matches!(now.answer, Ok(Outcome::Paid { .. })), "{now:?}");
}
