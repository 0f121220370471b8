//! A server that loses its memory, or a part of it, under a room that several instances share.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "a test waits for another task, and measures")]

mod failover;
mod line;
mod room_heal;
mod talk;

use admitone_app::waiting_room::{Batch, Place};
use admitone_conformance::redis_server::RedisServer as Server;
use admitone_conformance::room_stories::{self as stories, join, touch};
use line::{House, ask, fill, is_inside, poll};

#[tokio::test]
async fn a_server_that_forgets_everything_costs_nobody_the_place() {
    let Some(server) = Server::start() else { return };
    let house = House::without_book(server);
    let mut room = house.instance(3).await;
    fill(&mut room).await;
    house.flush().await;
    // Nobody above the limit: the three who were inside still are, and nobody else gets in.
    assert_eq!(poll(&house, &mut room, 1..=12, 20).await, Vec::<u64>::new());
    for n in 1..=3 {
        assert!(is_inside(&mut room, n).await, "{n}");
    }
    // A newcomer stands behind everybody, whatever was forgotten.
    let late = ask(&mut room, &join(99)).await.outcome.joined[0].unwrap();
    assert!(late.position.place.0 > 12, "{late:?}");
    // And when slots are free, the line goes on in its order.
    let mut called = Vec::new();
    for n in 1..=3 {
        let end = admitone_app::waiting_room::End {
            user: stories::user(n),
            place: None,
            reason: admitone_app::waiting_room::EndReason::Paid,
        };
        let told = ask(&mut room, &Batch { ends: vec![end], ..Batch::default() }).await;
        called.extend(told.outcome.admitted_now.iter().map(|admission| admission.place.0));
    }
    assert_eq!(called, [4, 5, 6]);
}

#[tokio::test]
async fn a_server_that_was_killed_costs_nobody_the_place() {
    let Some(server) = Server::start_durable() else { return };
    let mut house = House::without_book(server);
    let mut room = house.instance(3).await;
    fill(&mut room).await;
    house.server.kill();
    assert!(room.exchange_once(&Batch::default()).await.is_err(), "away is said, not guessed");
    house.server.restart();
    assert_eq!(poll(&house, &mut room, 1..=12, 20).await, Vec::<u64>::new());
    for n in 1..=3 {
        assert!(is_inside(&mut room, n).await, "{n}");
    }
    let late = ask(&mut room, &join(99)).await.outcome.joined[0].unwrap();
    assert!(late.position.place.0 > 12, "{late:?}");
}

#[tokio::test]
async fn slots_that_only_another_instance_knows_stay_taken_until_it_tells() {
    let Some(server) = Server::start() else { return };
    let house = House::without_book(server);
    let (mut one, mut two) = (house.instance(3).await, house.instance(3).await);
    ask(&mut one, &join(1)).await;
    ask(&mut two, &Batch::default()).await;
    // The second instance lets two in; the first has not looked since.
    for n in 2..=3 {
        ask(&mut two, &join(n)).await;
    }
    for n in 4..=6 {
        ask(&mut two, &join(n)).await;
    }
    ask(&mut one, &touch(1, Place(1))).await;
    house.flush().await;
    // The first one heals alone: what it does not know stays taken.
    assert_eq!(poll(&house, &mut one, 4..=6, 20).await, Vec::<u64>::new());
    // Then the second one tells who is inside, and nothing is guessed any more.
    for n in 2..=3 {
        assert!(is_inside(&mut two, n).await, "{n}");
    }
    let told = ask(&mut one, &Batch::default()).await;
    assert_eq!(told.gauges.active_called + told.gauges.active_claimed, 3);
    assert_eq!(poll(&house, &mut one, 4..=6, 10).await, Vec::<u64>::new());
}

/// An instance that is gone for good holds up its slots no longer than its passes could last.
#[tokio::test]
async fn what_a_lost_instance_knew_is_waited_for_no_longer_than_a_pass_lasts() {
    let Some(server) = Server::start() else { return };
    let house = House::without_book(server);
    let (mut one, mut two) = (house.instance(3).await, house.instance(3).await);
    ask(&mut one, &Batch::default()).await;
    for n in 1..=6 {
        ask(&mut two, &join(n)).await;
    }
    // What the first one last saw is a room with nobody in it.
    drop(two);
    house.flush().await;
    assert_eq!(poll(&house, &mut one, 4..=6, 20).await, Vec::<u64>::new());
    // Pass, claim and extension: nobody can be inside any more.
    for _ in 0..2 {
        house.clock.step_ms(1_300_000);
        ask(&mut one, &Batch::default()).await;
    }
    assert_eq!(poll(&house, &mut one, 4..=6, 20).await, [4, 5, 6]);
}

/// The instance that heals has not seen how far the line was; the other brings back who is inside.
async fn healed_by_one_who_was_behind(presence: bool) {
    let Some(server) = Server::start() else { return };
    let mut house = House::with_book(server);
    house.presence = presence;
    let (mut one, mut two) = (house.instance(3).await, house.instance(3).await);
    ask(&mut one, &Batch::default()).await;
    for n in 1..=2 {
        ask(&mut two, &join(n)).await;
    }
    house.flush().await;
    // They ask while only the other instance knows that they are inside.
    for _ in 0..8 {
        house.clock.step_ms(500);
        for n in 1..=2 {
            ask(&mut one, &touch(n, Place(n))).await;
        }
    }
    for _ in 0..8 {
        house.clock.step_ms(500);
        for room in [&mut two, &mut one] {
            let told = ask(room, &join(3)).await;
            assert_eq!(told.gauges.totals.overshoot_total, 0);
            for n in 1..=2 {
                let told = ask(room, &touch(n, Place(n))).await;
                assert!(told.outcome.touched[0].is_ok(), "{n} was put out: presence {presence}");
            }
        }
    }
    for n in 1..=2 {
        assert!(is_inside(&mut one, n).await, "{n}, presence {presence}");
    }
}

#[tokio::test]
async fn whoever_is_inside_is_not_called_once_more_and_put_out_for_it() {
    healed_by_one_who_was_behind(true).await;
    healed_by_one_who_was_behind(false).await;
}
