//! A server, instances with a room on it, and users who ask.

use crate::talk::Talk;
use admitone_adapter_redis::{Node, RedisRoom, RedisRooms, RoomOptions};
use admitone_app::TroubleKind;
use admitone_app::ports::room_journal::RoomJournal;
use admitone_app::ports::shared_room::Exchanged;
use admitone_app::waiting_room::memory_journal::MemoryRoomJournal;
use admitone_app::waiting_room::{Batch, Place, RoomSettings, Standing};
use admitone_conformance::redis_server::RedisServer as Server;
use admitone_conformance::room_stories::{TestClock, join, touch};
use std::sync::Arc;
use std::time::Duration;

const START_US: i64 = 1_700_000_000_000_000;

/// A server, a time, and instances.
pub(crate) struct House {
    pub(crate) server: Server,
    pub(crate) clock: Arc<TestClock>,
    /// The book of places, if the house has one.
    pub(crate) book: Option<Arc<dyn RoomJournal>>,
    /// Whether only those who are there are called.
    pub(crate) presence: bool,
}

impl House {
    /// A house that writes nothing down beside the server.
    pub(crate) fn without_book(server: Server) -> Self {
        Self { server, clock: Arc::new(TestClock::at(START_US)), book: None, presence: true }
    }

    /// A house that writes down who has which place.
    pub(crate) fn with_book(server: Server) -> Self {
        let clock = Arc::new(TestClock::at(START_US));
        let journal = MemoryRoomJournal::new(clock.clone());
        Self { server, clock, book: Some(Arc::new(journal)), presence: true }
    }

    pub(crate) fn options(&self) -> RoomOptions {
        RoomOptions {
            born_after_ms: 0,
            time: Some(self.clock.clone()),
            places: self.book.clone(),
            ..RoomOptions::default()
        }
    }

    pub(crate) async fn instance(&self, active_max: u32) -> RedisRoom {
        self.instance_at(patient(&self.server.address()), self.options(), active_max).await
    }

    pub(crate) async fn instance_at(
        &self,
        node: Node,
        options: RoomOptions,
        active_max: u32,
    ) -> RedisRoom {
        let settings = RoomSettings { presence: self.presence, ..line(active_max) };
        RedisRooms::new(node, options).open_room(1, &settings).await.unwrap()
    }

    pub(crate) async fn flush(&self) {
        self.server.command(&["FLUSHALL"]).await;
    }
}

pub(crate) fn line(active_max: u32) -> RoomSettings {
    RoomSettings { active_max: Some(active_max), rate: None, ..RoomSettings::default() }
}

/// A server that may be slow, however busy the machine is.
pub(crate) fn patient(address: &str) -> Node {
    Node::new(address, Duration::from_secs(5)).unwrap()
}

/// Asks until the server is there again.
pub(crate) async fn ask(room: &mut RedisRoom, batch: &Batch) -> Exchanged {
    for _ in 0..60 {
        match room.exchange_once(batch).await {
            Ok(told) => return told,
            Err(trouble) => assert_eq!(trouble.kind, TroubleKind::Unavailable, "{trouble}"),
        }
        tokio::time::timeout(Duration::from_millis(50), std::future::pending::<()>())
            .await
            .unwrap_err();
    }
    panic!("the server did not come back");
}

/// Twelve users join: so many get in, the others wait.
pub(crate) async fn fill(room: &mut RedisRoom) {
    for n in 1..=12 {
        let told = ask(room, &join(n)).await;
        assert_eq!(told.outcome.joined[0].unwrap().position.place, Place(n));
    }
}

/// Everybody who waits asks twice a second for so long; who was called, in order.
pub(crate) async fn poll(
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

pub(crate) async fn is_inside(room: &mut RedisRoom, n: u64) -> bool {
    let told = ask(room, &touch(n, Place(n))).await;
    matches!(told.outcome.touched[0].unwrap().standing, Standing::Active { .. })
}
