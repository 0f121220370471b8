//! Copies of a room that share a journal are one room.

use super::*;
use crate::clock::HandClock;
use crate::waiting_room::batch::{Join, Standing, Touch};
use crate::waiting_room::memory_journal::MemoryRoomJournal;
use crate::waiting_room::place::{Generation, UserKey};
use admitone_domain::Moment;

struct House {
    clock: Arc<HandClock>,
    journal: Arc<MemoryRoomJournal>,
    tracker: TaskTracker,
}

impl House {
    fn new() -> Self {
        let clock = Arc::new(HandClock::at(Moment(1_000_000_000)));
        let journal = Arc::new(MemoryRoomJournal::new(clock.clone()));
        Self { clock, journal, tracker: TaskTracker::new() }
    }

    async fn instance(&self, rules: u8) -> Replica {
        let mut replica = Replica::new(1, self.journal.clone(), self.tracker.clone(), rules);
        let settings = RoomSettings { active_max: Some(2), rate: None, ..RoomSettings::default() };
        replica.open(&settings).await.unwrap();
        replica
    }
}

fn join(n: u8) -> Batch {
    let joins = vec![Join { user: UserKey([n; 16]), renew: false }];
    Batch { joins, ..Batch::default() }
}

fn touch(n: u8) -> Batch {
    let user = Some(UserKey([n; 16]));
    let touch = Touch { place: Place(u64::from(n)), user, generation: Generation(0) };
    Batch { touches: vec![touch], ..Batch::default() }
}

async fn standing(replica: &mut Replica, batch: &Batch) -> Standing {
    let told = replica.exchange(batch).await.unwrap().outcome;
    let joined = told.joined.iter().map(|joined| joined.unwrap().position.standing);
    joined.chain(told.touched.iter().map(|touched| touched.unwrap().standing)).next().unwrap()
}

fn bytes(replica: &Replica) -> Vec<u8> {
    replica.room.as_ref().unwrap().whole().encode()
}

#[tokio::test]
async fn any_copy_serves_anybody_and_the_limit_holds_for_all_together() {
    let house = House::new();
    let (mut one, mut two) = (house.instance(1).await, house.instance(1).await);
    assert!(matches!(standing(&mut one, &join(1)).await, Standing::Active { .. }));
    assert!(matches!(standing(&mut two, &join(2)).await, Standing::Active { .. }));
    assert_eq!(standing(&mut one, &join(3)).await, Standing::OnDeck, "two are inside");
    assert_eq!(standing(&mut two, &touch(3)).await, Standing::OnDeck);
    let told = two.exchange(&Batch::default()).await.unwrap();
    assert_eq!(told.outcome.snapshot.issued, 3);
    // The first is killed; nothing has to be waited for.
    drop(one);
    assert!(matches!(standing(&mut two, &touch(1)).await, Standing::Active { .. }));
}

#[tokio::test]
async fn a_copy_that_begins_with_an_image_is_the_same_to_the_last_detail() {
    let house = House::new();
    let (mut one, mut sleeper) = (house.instance(1).await, house.instance(1).await);
    for n in 0..2 * ENTRIES_PER_IMAGE + 40 {
        house.clock.advance_ms(n % 700);
        let n = u8::try_from(n % 251).unwrap();
        one.exchange(&if n.is_multiple_of(3) { join(n) } else { touch(n) }).await.unwrap();
    }
    house.tracker.close();
    house.tracker.wait().await;
    let news = house.journal.exchange(Book::Asked(1), 0, None).await.unwrap();
    assert_eq!(news.image.as_ref().map(|(sequence, _)| *sequence), Some(2 * ENTRIES_PER_IMAGE));
    let mut late = house.instance(1).await;
    assert_eq!(bytes(&late), bytes(&one));
    // Who slept while his entries were dropped begins with the image too, and tells all who are in.
    let told = sleeper.exchange(&touch(1)).await.unwrap();
    assert!(told.passes.is_whole);
    one.exchange(&touch(1)).await.unwrap();
    sleeper.exchange(&touch(1)).await.unwrap();
    one.exchange_entry(None).await.unwrap();
    assert_eq!(bytes(&sleeper), bytes(&one));
    house.clock.advance_ms(250);
    let told = late.exchange(&Batch::default()).await.unwrap();
    assert_eq!(one.exchange(&Batch::default()).await.unwrap().gauges.issued, told.gauges.issued);
    late.exchange(&Batch::default()).await.unwrap();
    assert_eq!(late.sequence, one.sequence + 1);
}

#[tokio::test]
async fn an_instance_of_an_older_version_is_out_once_a_newer_one_has_spoken() {
    let house = House::new();
    let mut old = house.instance(1).await;
    standing(&mut old, &join(1)).await;
    let mut new = house.instance(2).await;
    assert!(matches!(standing(&mut new, &touch(1)).await, Standing::Active { .. }), "it reads it");
    // What it writes before it has read of the newer one counts for nobody.
    let refused = old.exchange(&join(2)).await.unwrap_err();
    assert_eq!(refused.kind, TroubleKind::Unavailable);
    let told = new.exchange(&join(3)).await.unwrap().outcome;
    assert_eq!(told.joined[0].unwrap().position.place, Place(2));
    let before = house.journal.exchange(Book::Asked(1), 0, None).await.unwrap().last();
    assert!(old.exchange(&join(4)).await.is_err());
    let after = house.journal.exchange(Book::Asked(1), 0, None).await.unwrap().last();
    assert_eq!(before, after, "it writes nothing any more");
}

#[tokio::test]
async fn a_room_in_which_nobody_is_costs_no_entries() {
    let house = House::new();
    let mut one = house.instance(1).await;
    for _ in 0..10 {
        one.exchange(&Batch::default()).await.unwrap();
    }
    assert_eq!(one.sequence, 1, "how it was made");
}

/// A journal whose next answer is lost after it has written.
struct Deaf {
    journal: Arc<MemoryRoomJournal>,
    is_deaf: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl RoomJournal for Deaf {
    async fn exchange(
        &self,
        book: Book,
        since: u64,
        entry: Option<Vec<u8>>,
    ) -> Result<News, Trouble> {
        let told = self.journal.exchange(book, since, entry).await?;
        if self.is_deaf.swap(false, std::sync::atomic::Ordering::SeqCst) {
            return Err(Trouble::new(TroubleKind::Unavailable, "write", "the answer was lost"));
        }
        Ok(told)
    }

    async fn keep(&self, book: Book, sequence: u64, image: Vec<u8>) -> Result<(), Trouble> {
        self.journal.keep(book, sequence, image).await
    }
}

#[tokio::test]
async fn what_was_written_and_not_answered_has_happened_once() {
    let house = House::new();
    let deaf = Arc::new(Deaf { journal: house.journal.clone(), is_deaf: false.into() });
    let mut one = Replica::new(1, deaf.clone(), house.tracker.clone(), 1);
    one.open(&RoomSettings::default()).await.unwrap();
    deaf.is_deaf.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(one.exchange(&join(1)).await.is_err());
    let told = one.exchange(&join(1)).await.unwrap().outcome;
    let joined = told.joined[0].unwrap();
    assert_eq!((joined.existing, joined.position.place), (true, Place(1)));
    let mut two = house.instance(1).await;
    two.exchange_entry(None).await.unwrap();
    assert_eq!(bytes(&one), bytes(&two));
}
