//! A server that loses its memory, or a part of it, under a room that several instances share.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod nodes;

use admitone_adapter_redis::{RedisRoom, RedisRooms, RoomOptions};
use admitone_app::TroubleKind;
use admitone_app::ports::shared_room::Exchanged;
use admitone_app::waiting_room::{Batch, Place, RoomSettings, Standing};
use admitone_conformance::redis_server::RedisServer as Server;
use admitone_conformance::room_stories as stories;
use admitone_conformance::room_stories::{TestClock, join, touch};
use std::sync::Arc;

const START_US: i64 = 1_700_000_000_000_000;

/// A server, a time, and instances.
struct House {
    server: Server,
    clock: Arc<TestClock>,
}

impl House {
    fn new(server: Server) -> Self {
        Self { server, clock: Arc::new(TestClock::at(START_US)) }
    }

    async fn instance(&self, active_max: u32) -> RedisRoom {
        let options = RoomOptions {
            born_after_ms: 0,
            time: Some(self.clock.clone()),
            ..RoomOptions::default()
        };
        RedisRooms::new(nodes::node(&self.server.address()), options)
            .open_room(1, &line(active_max))
            .await
            .unwrap()
    }

    async fn flush(&self) {
        let client = redis::Client::open(self.server.address()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await.unwrap();
    }
}

fn line(active_max: u32) -> RoomSettings {
    RoomSettings { active_max: Some(active_max), rate: None, ..RoomSettings::default() }
}

/// Asks until the server is there again.
async fn ask(room: &mut RedisRoom, batch: &Batch) -> Exchanged {
    for _ in 0..60 {
        match room.exchange_once(batch).await {
            Ok(told) => return told,
            Err(trouble) => assert_eq!(trouble.kind, TroubleKind::Unavailable, "{trouble}"),
        }
        tokio::time::timeout(std::time::Duration::from_millis(50), std::future::pending::<()>())
            .await
            .unwrap_err();
    }
    panic!("the server did not come back");
}

/// Twelve users join: so many get in, the others wait.
async fn fill(room: &mut RedisRoom) {
    for n in 1..=12 {
        let told = ask(room, &join(n)).await;
        assert_eq!(told.outcome.joined[0].unwrap().position.place, Place(n));
    }
}

/// Everybody who waits asks twice a second for so long; who was called, in order.
async fn poll(
    house: &House,
    room: &mut RedisRoom,
    users: std::ops::RangeInclusive<u64>,
    seconds: u32,
) -> Vec<u64> {
    let mut called = Vec::new();
    for _ in 0..seconds * 2 {
        // A gap longer than a second would be a stall, and nobody would be called for a while.
        house.clock.step_ms(500);
        let mut batch = Batch::default();
        for n in users.clone() {
            batch.touches.extend(touch(n, Place(n)).touches);
        }
        let told = ask(room, &batch).await;
        assert_eq!(told.gauges.totals.overshoot_total, 0);
        for (n, touched) in users.clone().zip(&told.outcome.touched) {
            assert!(touched.is_ok(), "{n} lost his place: {touched:?}");
        }
        called.extend(told.outcome.admitted_now.iter().map(|admission| admission.place.0));
    }
    called
}

async fn is_inside(room: &mut RedisRoom, n: u64) -> bool {
    let told = ask(room, &touch(n, Place(n))).await;
    matches!(told.outcome.touched[0].unwrap().standing, Standing::Active { .. })
}

#[tokio::test]
async fn a_server_that_forgets_everything_costs_nobody_the_place() {
    let Some(server) = Server::start() else { return };
    let house = House::new(server);
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
    let mut house = House::new(server);
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
    let house = House::new(server);
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
    let house = House::new(server);
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
