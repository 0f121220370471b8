//! Two instances' desks of one room: what one is told, the other sees; a tick of each is all that
//! reaches the server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "a test measures how long it took")]

use admitone_adapter_redis::{Node, RedisRooms, RoomOptions};
use admitone_app::clock::SystemClock;
use admitone_app::ports::shared_room::SharedRooms;
use admitone_app::waiting_room::{
    Claims, Desk, End, EndReason, Generation, Join, Place, SharedDeskSetup, Standing,
};
use admitone_conformance::redis_server::RedisServer as Server;
use admitone_conformance::room_crowd::Crowd;
use admitone_conformance::room_stories as stories;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What one instance does the other learns by its next tick; on a busy machine that may be late.
const ROUNDS_MAX: u32 = 400;

async fn open(server: &Server, stop: &CancellationToken) -> Desk {
    let options = RoomOptions { born_after_ms: 0, ..RoomOptions::default() };
    // A server that a busy machine keeps waiting is not away.
    let node = Node::new(&server.address(), Duration::from_secs(3)).unwrap();
    let rooms = RedisRooms::new(node, options);
    let setup = SharedDeskSetup {
        room: 1,
        way: rooms.open(1, &stories::one_inside()).await.unwrap(),
        clock: Arc::new(SystemClock::default()),
        tracker: TaskTracker::new(),
        stop: stop.clone(),
    };
    Desk::open_shared(setup).await.unwrap().0
}

async fn wait_ms(span_ms: u64) {
    let never = std::future::pending::<()>();
    let _ = tokio::time::timeout(Duration::from_millis(span_ms), never).await;
}

fn claims(desk: &Desk, n: u64) -> Claims {
    Claims {
        room: 1,
        epoch: desk.epoch(),
        lane: 0,
        place: Place(n),
        user: Some(stories::user(n)),
        generation: Generation(0),
        issued_ms: 0,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_instance_is_told_the_other_sees() {
    let Some(server) = Server::start() else { return };
    let stop = CancellationToken::new();
    let _ended = stop.clone().drop_guard();
    let (one, two) = (open(&server, &stop).await, open(&server, &stop).await);
    let joined = one.join(Join { user: stories::user(1), renew: false }).await.unwrap().unwrap();
    assert!(matches!(joined.position.standing, Standing::Active { .. }));
    assert!(one.pass(&claims(&one, 1)).is_some(), "at once where he was answered");
    for _ in 0..ROUNDS_MAX {
        wait_ms(50).await;
        if two.pass(&claims(&two, 1)).is_some() {
            break;
        }
    }
    assert!(two.pass(&claims(&two, 1)).is_some(), "and soon everywhere else");
    // One room, one line: the limit holds for both together.
    let second = two.join(Join { user: stories::user(2), renew: false }).await.unwrap().unwrap();
    assert_eq!(second.position.standing, Standing::OnDeck);
    let end = End { user: stories::user(1), place: None, reason: EndReason::Paid };
    assert_eq!(two.end(end).await.unwrap(), Some(Place(1)));
    assert!(two.pass(&claims(&two, 1)).is_none());
    for _ in 0..ROUNDS_MAX {
        wait_ms(50).await;
        if one.pass(&claims(&one, 1)).is_none() {
            return;
        }
    }
    panic!("the pass that ended still lets in at the other instance");
}

/// How often the server was asked.
async fn calls_of(server: &Server) -> u64 {
    let client = redis::Client::open(server.address()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let info: String =
        redis::cmd("INFO").arg("commandstats").query_async(&mut connection).await.unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
    line.unwrap().split(',').next().unwrap().parse().unwrap()
}

/// An instance asks the server so often at most while its users' questions have to reach the room,
/// and so often when they need not.
const ASKED_PER_S: f64 = 40.0;
const TICKS_PER_S: f64 = 4.0;

#[tokio::test(flavor = "multi_thread")]
async fn the_round_trips_are_those_of_the_instances_however_many_users_ask() {
    for (instances, users) in [(1, 500), (1, 5_000), (2, 500), (2, 5_000)] {
        let Some(server) = Server::start() else { return };
        let stop = CancellationToken::new();
        let _ended = stop.clone().drop_guard();
        let mut desks = Vec::new();
        for _ in 0..instances {
            desks.push(open(&server, &stop).await);
        }
        let crowd = Crowd::join(desks, users).await;
        let (before, begun) = (calls_of(&server).await, Instant::now());
        let far = crowd.ask_from_afar(20).await;
        let ticks = (calls_of(&server).await - before, begun.elapsed().as_secs_f64());
        let (before, begun) = (calls_of(&server).await, Instant::now());
        let near = crowd.ask_at_the_door(2).await;
        let asked = (calls_of(&server).await - before, begun.elapsed().as_secs_f64());
        let per_s =
            |(calls, seconds): (u64, f64)| f64::from(u32::try_from(calls).unwrap()) / seconds;
        println!(
            "{instances} instances, {users} users: {:.1} round trips a second beside {far} far polls, \
             {:.1} beside {near} questions to the room",
            per_s(ticks),
            per_s(asked),
        );
        // At the ends of a span a call more of each instance may be in it; the asking itself too.
        let most = |span: f64, rate: f64| f64::from(instances) * (span * rate + 2.0) + 1.0;
        assert!(f64::from(u32::try_from(ticks.0).unwrap()) <= most(ticks.1, TICKS_PER_S));
        // A full batch does not wait for the pause.
        let full = f64::from(u32::try_from(near / 2_048).unwrap());
        let most = most(asked.1, ASKED_PER_S + TICKS_PER_S) + full;
        assert!(f64::from(u32::try_from(asked.0).unwrap()) <= most);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_said_and_the_room_goes_on_after_it() {
    let Some(mut server) = Server::start_durable() else { return };
    let stop = CancellationToken::new();
    let _ended = stop.clone().drop_guard();
    let desk = open(&server, &stop).await;
    desk.join(Join { user: stories::user(1), renew: false }).await.unwrap().unwrap();
    server.kill();
    let trouble = desk.join(Join { user: stories::user(2), renew: false }).await.unwrap_err();
    assert!(trouble.is_temporary());
    assert!(desk.pass(&claims(&desk, 1)).is_some(), "whoever is inside is not turned away");
    server.restart();
    for _ in 0..ROUNDS_MAX {
        wait_ms(100).await;
        if let Ok(joined) = desk.join(Join { user: stories::user(2), renew: false }).await {
            assert_eq!(joined.unwrap().position.standing, Standing::Waiting, "the limit holds");
            assert!(desk.pass(&claims(&desk, 1)).is_some());
            return;
        }
    }
    panic!("the room did not come back");
}
