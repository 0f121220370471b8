//! Copies of boards: an instance that has none yet reads what another left, and what happened since;
//! the seats are read from the store once for all of them.

use crate::boards::Paused;
use crate::house::{ANN, House, SHOW};
use admitone_app::Trouble;
use admitone_app::board::{Boards, COPIES, Copies, SeatMark};
use admitone_app::memory::MemoryCache;
use admitone_app::ports::cache::{Cache, Cached};
use admitone_app::ports::outbox::{End, Gap, News, Outbox};
use admitone_app::ports::reads::Reads;
use admitone_conformance::between::Through;
use admitone_domain::command::{Choice, Hold};
use admitone_domain::id::{SeatId, ShowId};
use admitone_domain::{Action, Actor};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::Semaphore;

const SEATS: u32 = 1_000;

/// A house with seats, a cache that its instances share, and what they read of seats.
struct Shared {
    house: House,
    cache: Arc<MemoryCache>,
    seats_read: Arc<AtomicU32>,
}

impl Shared {
    async fn open() -> Self {
        let house = House::open().await;
        house.add_block("1", 1, SEATS).await;
        let cache = Arc::new(MemoryCache::new(house.clock.clone(), 60_000));
        Self { house, cache, seats_read: Arc::default() }
    }

    fn reads(&self) -> Arc<dyn Reads> {
        Arc::new(Through(Paused {
            inner: Arc::clone(&self.house.office.reads),
            has_read: Arc::new(Semaphore::new(0)),
            may_return: Arc::new(Semaphore::new(1_000)),
            seats: Arc::clone(&self.seats_read),
        }))
    }

    /// An instance that was started a moment ago.
    fn instance(&self) -> Boards {
        let outbox = Arc::new(self.house.store.clone());
        Boards::new(self.reads(), 7).with_copies(Copies::new(self.cache.clone(), outbox))
    }

    async fn hold(&self, seat: u64) {
        let choice = Choice::Items { seats: vec![SeatId(seat)], tickets: vec![] };
        let hold = Action::Hold(Hold { show: SHOW, choice });
        let request = self.house.named(Actor::Buyer(ANN));
        self.house.submit(&request, hold).await.unwrap();
    }

    fn seats_read(&self) -> u32 {
        self.seats_read.swap(0, Ordering::SeqCst)
    }
}

/// Which seats are not free.
async fn taken(boards: &Boards) -> Vec<u64> {
    let seats = boards.board(SHOW).await.unwrap().snapshot().seats;
    assert_eq!(seats.len(), SEATS as usize);
    let taken = seats.iter().filter(|seat| seat.mark != SeatMark::Free);
    taken.map(|seat| seat.id.0).collect()
}

#[tokio::test]
async fn ten_instances_read_the_seats_of_a_show_once() {
    let shared = Shared::open().await;
    for _ in 0..10 {
        assert_eq!(taken(&Boards::new(shared.reads(), 7)).await, [] as [u64; 0]);
    }
    assert_eq!(shared.seats_read(), 10 * SEATS, "without copies each reads all of them");
    for _ in 0..10 {
        taken(&shared.instance()).await;
    }
    assert_eq!(shared.seats_read(), SEATS);
}

#[tokio::test]
async fn a_copy_is_brought_up_to_date_by_what_happened_since() {
    let shared = Shared::open().await;
    taken(&shared.instance()).await;
    shared.seats_read();
    for seat in 3..6 {
        shared.hold(seat).await;
        let expected: Vec<u64> = (3..=seat).collect();
        assert_eq!(taken(&shared.instance()).await, expected, "as it is now");
    }
    assert_eq!(shared.seats_read(), 1 + 2 + 3, "only what changed since the copy is read");
}

/// An outbox that tells of nothing that happened.
struct Silent(Arc<dyn Outbox>);

#[async_trait]
impl Outbox for Silent {
    async fn end(&self) -> Result<End, Trouble> {
        self.0.end().await
    }

    async fn news(&self, _after: u64, _gaps: &[Gap], _limit: usize) -> Result<News, Trouble> {
        Ok(News::default())
    }
}

#[tokio::test]
async fn a_copy_that_is_not_brought_up_to_date_shows_seats_that_are_gone() {
    let shared = Shared::open().await;
    let instance = || {
        let outbox = Arc::new(Silent(Arc::new(shared.house.store.clone())));
        Boards::new(shared.reads(), 7).with_copies(Copies::new(shared.cache.clone(), outbox))
    };
    taken(&instance()).await;
    shared.hold(3).await;
    assert_eq!(taken(&instance()).await, [] as [u64; 0], "the harm");
    assert_eq!(taken(&shared.instance()).await, [3], "and without it");
}

#[tokio::test]
async fn a_copy_before_too_many_events_is_made_anew() {
    let shared = Shared::open().await;
    taken(&shared.instance()).await;
    for _ in 0..2_048 / 2 {
        shared.hold(9).await;
        // Its events, without its seats.
        shared.house.clock.advance_ms(crate::house::HOLD_MS + 1);
    }
    shared.seats_read();
    let last = taken(&shared.instance()).await;
    assert!(last.is_empty() || last == [9], "{last:?}");
    let first = shared.seats_read();
    taken(&shared.instance()).await;
    assert!(first >= SEATS, "{first}: read anew");
    assert!(shared.seats_read() < SEATS, "once, for those who come after");
}

#[tokio::test]
async fn what_an_operator_changed_or_what_is_old_or_away_is_read_from_the_store() {
    let shared = Shared::open().await;
    taken(&shared.instance()).await;
    shared.seats_read();
    shared.cache.drop_topic(COPIES.name).await.unwrap();
    taken(&shared.instance()).await;
    assert_eq!(shared.seats_read(), SEATS, "dropped");
    shared.house.clock.advance_ms(60_001);
    taken(&shared.instance()).await;
    assert_eq!(shared.seats_read(), SEATS, "old");
    let outbox = Arc::new(shared.house.store.clone());
    let boards = Boards::new(shared.reads(), 7).with_copies(Copies::new(Arc::new(Away), outbox));
    taken(&boards).await;
    assert_eq!(shared.seats_read(), SEATS, "away");
    let nowhere = shared.instance().board(ShowId(99)).await.unwrap();
    assert!(nowhere.snapshot().seats.is_empty(), "and what does not exist has no copy");
}

/// A cache whose server is away.
struct Away;

#[async_trait]
impl Cache for Away {
    async fn get(&self, _topic: &str, _name: &str) -> Result<Cached, Trouble> {
        Err(Trouble::new(admitone_app::TroubleKind::Unavailable, "look", "away"))
    }

    async fn put(&self, _: &str, _: &str, _: &[u8], _: u64) -> Result<(), Trouble> {
        Err(Trouble::new(admitone_app::TroubleKind::Unavailable, "put", "away"))
    }

    async fn drop_topic(&self, _topic: &str) -> Result<(), Trouble> {
        Err(Trouble::new(admitone_app::TroubleKind::Unavailable, "drop", "away"))
    }
}
