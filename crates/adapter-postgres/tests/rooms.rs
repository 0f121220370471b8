//! Desks of instances that share a room through the journal in the database, each behind a proxy
//! that counts what goes to the server.

use admitone_adapter_postgres::{Options, PostgresStore};
use admitone_app::clock::SystemClock;
use admitone_app::ports::shared_room::SharedRooms;
use admitone_app::waiting_room::{Desk, JournalRooms, SharedDeskSetup};
use admitone_conformance::proxy::Proxy;
use admitone_conformance::room_crowd::Crowd;
use admitone_conformance::room_stories::one_inside;
use admitone_conformance::servers::Server;
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// An instance asks the server so often at most while its users' questions have to reach the room,
/// and so often when they need not.
const ASKED_PER_S: f64 = 40.0;
const TICKS_PER_S: f64 = 4.0;
/// An image of the room is written now and then.
const IMAGES_MAX: f64 = 4.0;

async fn open(proxy: &Proxy, stop: &CancellationToken) -> Desk {
    let store = PostgresStore::open(&proxy.url, Options::default()).await.unwrap();
    let rooms = JournalRooms::new(Arc::new(store), TaskTracker::new());
    let setup = SharedDeskSetup {
        room: 1,
        way: rooms.open(1, &one_inside()).await.unwrap(),
        clock: Arc::new(SystemClock::default()),
        tracker: TaskTracker::new(),
        stop: stop.clone(),
    };
    Desk::open_shared(setup).await.unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn the_round_trips_are_those_of_the_instances_however_many_users_ask() {
    for (instances, users) in [(1, 500), (1, 5_000), (2, 500), (2, 5_000)] {
        let Some(url) = Server::Postgres.fresh().await else { return };
        let stop = CancellationToken::new();
        let _ended = stop.clone().drop_guard();
        let (mut desks, mut proxies) = (Vec::new(), Vec::new());
        for _ in 0..instances {
            let proxy = Proxy::start(&url);
            desks.push(open(&proxy, &stop).await);
            proxies.push(proxy);
        }
        let crowd = Crowd::join(desks, users).await;
        proxies.iter().for_each(Proxy::count);
        let trips = || -> u32 { proxies.iter().map(Proxy::round_trips).sum() };
        let (before, begun) = (trips(), Instant::now());
        let far = crowd.ask_from_afar(20).await;
        let (ticks, ticked_s) = (f64::from(trips() - before), begun.elapsed().as_secs_f64());
        let (before, begun) = (trips(), Instant::now());
        let near = crowd.ask_at_the_door(2).await;
        let (asked, asked_s) = (f64::from(trips() - before), begun.elapsed().as_secs_f64());
        println!(
            "{instances} instances, {users} users: {:.1} round trips a second beside {far} far polls, \
             {:.1} beside {near} questions to the room",
            ticks / ticked_s,
            asked / asked_s,
        );
        let most = |span: f64, rate: f64| f64::from(instances) * (span * rate + 2.0) + IMAGES_MAX;
        assert!(ticks <= most(ticked_s, TICKS_PER_S), "{ticks} in {ticked_s} s");
        let full = f64::from(u32::try_from(near / 2_048).unwrap());
        let asked_most = most(asked_s, ASKED_PER_S + TICKS_PER_S) + full;
        assert!(asked <= asked_most, "{asked} in {asked_s} s");
    }
}
