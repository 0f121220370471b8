//! A server with a copy: the copy knows of an admission before anybody is told, unless it does not
//! listen; and when it takes over without having heard of the last of it, nobody is let in above
//! the limit and nobody loses the place.

use crate::line::{House, ask, is_inside, patient, poll};
use crate::talk::Talk;
use admitone_adapter_redis::{RedisRoom, RoomOptions};
use admitone_app::waiting_room::{Batch, End, EndReason, Gone, Place};
use admitone_conformance::redis_server::RedisServer as Server;
use admitone_conformance::room_stories::{join, touch, user};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

/// A port behind which a server stands, and another one later. What comes from it can be held back.
struct Door {
    port: u16,
    behind: Arc<Mutex<u16>>,
    is_held: Arc<AtomicBool>,
    task: AbortOnDropHandle<()>,
    listener: Arc<TcpListener>,
}

impl Door {
    async fn to(server: &Server) -> Self {
        let listener = Arc::new(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap());
        let port = listener.local_addr().unwrap().port();
        let (behind, is_held) = (Arc::new(Mutex::new(server.port())), Arc::default());
        let task = Self::open(&listener, &behind, &is_held);
        Self { port, behind, is_held, task, listener }
    }

    fn open(
        listener: &Arc<TcpListener>,
        behind: &Arc<Mutex<u16>>,
        is_held: &Arc<AtomicBool>,
    ) -> AbortOnDropHandle<()> {
        let (listener, behind, is_held) = (listener.clone(), behind.clone(), is_held.clone());
        let accepting = async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let port = *behind.lock().unwrap();
                connections.spawn(carry(client, port, is_held.clone()));
            }
        };
        AbortOnDropHandle::new(tokio::runtime::Handle::current().spawn(accepting))
    }

    fn hold(&self) {
        self.is_held.store(true, Ordering::SeqCst);
    }

    /// Everybody is cut off, and finds another server when he comes back.
    fn lead_to(&mut self, server: &Server) {
        *self.behind.lock().unwrap() = server.port();
        self.task = Self::open(&self.listener, &self.behind, &self.is_held);
    }

    fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

async fn carry(client: TcpStream, port: u16, is_held: Arc<AtomicBool>) {
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return };
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let there = async move {
        drop(tokio::io::copy(&mut from_client, &mut to_server).await);
    };
    let back = async move {
        let mut said = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from_server.read(&mut said).await {
            while is_held.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            if to_client.write_all(&said[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = there => {}
        () = back => {}
    }
}

fn end(n: u64) -> Batch {
    let end = End { user: user(n), place: None, reason: EndReason::Paid };
    Batch { ends: vec![end], ..Batch::default() }
}

/// A server with a copy behind a door that can be held, and the door of the instances.
struct Pair {
    house: House,
    copy: Server,
    door: Door,
    between: Door,
}

impl Pair {
    async fn start() -> Option<Self> {
        let (server, copy) = (Server::start()?, Server::start()?);
        let (door, between) = (Door::to(&server).await, Door::to(&server).await);
        copy.copy(between.port).await;
        Some(Self { house: House::with_book(server), copy, door, between })
    }

    async fn instance(&self) -> RedisRoom {
        self.house.instance_at(patient(&self.door.address()), self.house.options(), 3).await
    }

    /// The server dies; the copy is made the server, with what it heard.
    async fn fail_over(&mut self) {
        self.house.server.kill();
        self.copy.command(&["REPLICAOF", "NO", "ONE"]).await;
        self.door.lead_to(&self.copy);
    }
}

/// The first is let in by `one`; then the copy hears nothing any more, and `two` lets in three
/// more, one of them for the first who goes, and gives places to four who wait.
async fn lag(pair: &Pair, one: &mut RedisRoom, two: &mut RedisRoom) {
    ask(one, &join(1)).await;
    pair.between.hold();
    for n in 2..=8 {
        ask(two, &join(n)).await;
    }
    let told = ask(two, &end(1)).await;
    let called: Vec<u64> = told.outcome.admitted_now.iter().map(|one| one.place.0).collect();
    assert_eq!(called, [4]);
    assert!(is_inside(two, 4).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_lags_and_takes_over_costs_nobody_the_place_and_lets_in_nobody_too_many() {
    let Some(mut pair) = Pair::start().await else { return };
    let (mut one, mut two) = (pair.instance().await, pair.instance().await);
    lag(&pair, &mut one, &mut two).await;
    pair.fail_over().await;
    assert_eq!(poll(&pair.house, &mut one, 5..=8, 20).await, Vec::<u64>::new());
    for n in 2..=4 {
        assert!(is_inside(&mut two, n).await, "{n}");
        assert!(is_inside(&mut one, n).await, "{n}, at the other instance");
    }
    let ended = ask(&mut one, &touch(1, Place(1))).await.outcome.touched[0];
    assert_eq!(ended, Err(Gone::Ended), "though the copy never heard of it");
    for n in 5..=8 {
        let again = ask(&mut one, &join(n)).await.outcome.joined[0].unwrap();
        assert_eq!((again.position.place, again.existing), (Place(n), true));
    }
    assert!(ask(&mut two, &join(9)).await.outcome.joined[0].unwrap().position.place.0 > 8);
    let told = ask(&mut two, &end(3)).await;
    let mut called: Vec<u64> = told.outcome.admitted_now.iter().map(|one| one.place.0).collect();
    called.extend(poll(&pair.house, &mut one, 5..=8, 10).await);
    assert_eq!(called, [5], "and the line goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_for_those_of_whom_only_a_dead_instance_knew() {
    let Some(mut pair) = Pair::start().await else { return };
    let (mut one, mut two) = (pair.instance().await, pair.instance().await);
    lag(&pair, &mut one, &mut two).await;
    drop(two);
    pair.fail_over().await;
    assert_eq!(poll(&pair.house, &mut one, 2..=8, 20).await, Vec::<u64>::new());
    // Their passes can last no longer than this: then whoever is there gets in, in order.
    for _ in 0..3 {
        pair.house.clock.step_ms(1_300_000);
        ask(&mut one, &Batch::default()).await;
    }
    assert_eq!(poll(&pair.house, &mut one, 2..=8, 20).await, [2, 3, 4]);
}

async fn knows_of_admission(copy: &Server) -> bool {
    let mut connection = copy.connection().await;
    let there = redis::cmd("HEXISTS").arg("admitone:{room:1}:slots").arg(1).to_owned();
    there.query_async(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_knows_of_an_admission_before_it_is_told() {
    for _ in 0..5 {
        let Some(pair) = Pair::start().await else { return };
        // However busy the machine is.
        let options = RoomOptions { copies_ms: 4_000, ..pair.house.options() };
        let node = patient(&pair.door.address());
        let mut room = pair.house.instance_at(node, options, 3).await;
        ask(&mut room, &join(1)).await;
        assert!(knows_of_admission(&pair.copy).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_does_not_listen_is_waited_for_a_tenth_of_a_second_and_not_at_all_by_ticks() {
    let Some(pair) = Pair::start().await else { return };
    let mut room = pair.instance().await;
    let unguarded = RoomOptions { copies: 0, ..pair.house.options() };
    let mut hasty = pair.house.instance_at(patient(&pair.door.address()), unguarded, 3).await;
    pair.between.hold();
    ask(&mut hasty, &join(1)).await;
    assert!(!knows_of_admission(&pair.copy).await, "the harm: it is told and could be lost");
    let begun = Instant::now();
    ask(&mut room, &join(2)).await;
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(100), "{took:?}");
    assert!(took < Duration::from_secs(4), "it is told all the same: {took:?}");
    let waits = waits_of(&pair.house.server).await;
    for _ in 0..10 {
        ask(&mut room, &Batch::default()).await;
    }
    assert_eq!(waits_of(&pair.house.server).await, waits, "ticks wait for nobody");
}

/// How often a server was told to wait for copies.
async fn waits_of(server: &Server) -> String {
    let stats = server.info("commandstats").await;
    let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_wait:calls="));
    line.unwrap().split(',').next().unwrap().to_owned()
}
