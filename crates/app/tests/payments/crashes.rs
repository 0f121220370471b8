//! A process dies at each boundary of each story, another takes over, and the gateway's ledger is
//! compared with ours. A boundary lies before and after everything that leaves the process.

use crate::gateway::Manner;
use crate::world::{ANN, BOB, Fuse, Process, Story, World, deaths, pass_hold};

/// Name, how the payment goes, what happens.
const STORIES: [(&str, Manner, Story); 6] = [
    ("approved", PLAIN, |world, process| Box::pin(paid(world, process))),
    ("declined", Manner { declines: true, ..PLAIN }, |world, process| {
        Box::pin(paid(world, process))
    }),
    ("not answered", Manner { silent: 1, ..PLAIN }, |world, process| {
        Box::pin(paid(world, process))
    }),
    ("lost", Manner { lost: 1, ..PLAIN }, |world, process| Box::pin(paid(world, process))),
    ("cancelled", Manner { quiet: 1, ..PLAIN }, |world, process| {
        Box::pin(paid_and_cancelled(world, process))
    }),
    ("too late", Manner { declines: true, ..PLAIN }, |world, process| {
        Box::pin(paid_too_late(world, process))
    }),
];

const PLAIN: Manner =
    Manner { declines: false, silent: 0, lost: 0, quiet: 0, keeps: false, is_mute: false };

async fn paid(world: &World, process: &Process) {
    let held = process.hold(world, ANN, &[1, 2]).await;
    process.begin(world, &held, "key").await.unwrap();
    process.deliver(world).await;
}

async fn paid_and_cancelled(world: &World, process: &Process) {
    let held = process.hold(world, ANN, &[1, 2]).await;
    process.begin(world, &held, "key").await.unwrap();
    process.deliver(world).await;
    // What is not known yet cannot be cancelled.
    let _ = process.cancel(world, &held).await;
    process.deliver(world).await;
}

async fn paid_too_late(world: &World, process: &Process) {
    let held = process.hold(world, ANN, &[1, 2]).await;
    let payment = process.begin(world, &held, "key").await.unwrap();
    pass_hold(world);
    process.deliver(world).await;
    world.lasting().hold(world, BOB, &[2]).await;
    world.accounts.take_late("key", 2);
    process.payments.ask_again(payment).await.unwrap();
    process.deliver(world).await;
}

/// The gateway says later what it has: whoever hears of it has it asked.
async fn hear_of_all(world: &World) {
    let process = world.lasting();
    for payment in world.payments().await {
        process.payments.ask_again(payment.id).await.unwrap();
    }
}

#[tokio::test]
async fn wherever_a_process_dies_the_money_is_where_the_tickets_are() {
    for (name, manner, story) in STORIES {
        let open = async || {
            let world = World::open().await;
            world.accounts.set("key", manner);
            world
        };
        let look = async |world: &World, boundary: u32| {
            hear_of_all(world).await;
            world.settle_all().await;
            assert_eq!(world.audit().await, Ok(()), "{name}, dead at boundary {boundary}");
        };
        let deaths = deaths(story, open, look).await;
        // Two for each command, and for each question to the gateway.
        assert!((6..100).contains(&deaths), "{name}: {deaths} boundaries");
    }
}

#[tokio::test]
async fn without_anybody_who_takes_over_somebody_is_charged_without_a_ticket() {
    let mut harmed = 0;
    for boundary in 0..20 {
        let world = World::open().await;
        let process = world.process(&Fuse::of(boundary));
        process.live(paid(&world, &process)).await;
        harmed += u32::from(world.audit().await.is_err());
    }
    assert!(harmed > 0, "the audit finds nothing, whatever happens");
}
