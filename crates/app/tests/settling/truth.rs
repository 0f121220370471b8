//! The store decides. Boards, gates and caches that are old, empty, broken or lying, commits that nobody
//! heard of, and claims of passes that ended long ago: whatever stands in front of the store, what comes of
//! a command is what comes of it where there is nothing but the store. The twin trusts the cache.

mod books;
mod front;
mod story;

use crate::gate::Gate;
use crate::steps::{SHOW, STANDING, sale};
use admitone_app::board::Boards;
use admitone_app::box_office::{BestAvailable, BoxOffice, Request};
use admitone_app::clock::HandClock;
use admitone_app::gates::Gates;
use admitone_app::ids::Ids;
use admitone_app::memory::MemoryStore;
use admitone_app::ports::delivery::Delivery;
use admitone_app::ports::reads::{Page, Reads};
use admitone_app::ports::store::Mode;
use admitone_app::ports::tap::Tap;
use admitone_app::settle::Settler;
use admitone_conformance::between::Through;
use admitone_conformance::sale::{self as small, NOW, operate};
use admitone_domain::command::operate::{Operate, SaveRoom};
use admitone_domain::command::{Choice, Hold, Pay, Release};
use admitone_domain::id::{BuyerId, ReservationId, RoomId, SeatId};
use admitone_domain::pass::Admission;
use admitone_domain::seat::SeatState;
use admitone_domain::{Action, Actor, CommandId, Fingerprint, Key, Outcome, Row};
use books::Books;
use front::{Deaf, Desk, Mirror, Sight};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use story::{Step, lie, moved, pass, remembered, steps};

const SEATS: u32 = 6;
const TICKETS: u32 = 4;
const BUYERS: u64 = 3;
const ROOM: RoomId = RoomId(1);
/// So long a pass lets act.
const PASS_MS: u64 = 150_000;

/// The modes in which whatever is read in the load is protected.
const SAFE: [Mode; 4] =
    [Mode::Pessimistic, Mode::Optimistic, Mode::Conditional, Mode::Serializable];

/// A house with a cache in front of its store, and a store that has nothing in front of it.
struct World {
    clock: Arc<HandClock>,
    truth: MemoryStore,
    alone: Settler,
    untouched: MemoryStore,
    mirror: Arc<Through<Mirror>>,
    deaf: Arc<Deaf>,
    desk: Arc<Desk>,
    office: BoxOffice,
    gates: Arc<Gates>,
    books: Books,
    times: BTreeMap<u64, u64>,
    names: AtomicU64,
}

impl World {
    /// One that settles in a mode. What is `trusted` of the cache is given to the engine as if it came
    /// from the store.
    async fn open(mode: Mode, trusted: fn(&Key) -> bool) -> Self {
        let clock = Arc::new(HandClock::at(NOW));
        let [truth, untouched] = [(); 2].map(|()| MemoryStore::new(clock.clone()));
        let alone = small::settler(Arc::new(untouched.clone()), mode);
        let mirror = Arc::new(Through(Mirror::of(&truth)));
        let cache = Arc::clone(&mirror);
        let (gate, _) = Gate::before(&truth, |_| None);
        let gate = gate.tearing(move |rows| {
            for key in remembered().into_iter().filter(trusted) {
                if rows.has(key) {
                    rows.insert(key, cache.old(key, rows.peek(key).cloned()));
                }
            }
        });
        let deaf = Arc::<Deaf>::default();
        let settler = Settler { taps: vec![deaf.clone()], ..small::settler(Arc::new(gate), mode) };
        let desk = Arc::new(Desk { settler, done: std::sync::Mutex::default() });
        let boards = Arc::new(Boards::new(mirror.clone(), 1));
        let office = BoxOffice {
            delivery: desk.clone(),
            reads: Arc::new(truth.clone()),
            boards,
            ids: Arc::new(Ids::new(Arc::new(truth.clone()))),
            clock: clock.clone(),
        };
        let gates = Arc::new(Gates::new(mirror.clone()));
        let (books, times, names) = (Books::default(), BTreeMap::new(), 1.into());
        let world = Self {
            clock,
            truth,
            alone,
            untouched,
            mirror,
            deaf,
            desk,
            office,
            gates,
            books,
            times,
            names,
        };
        world.fill().await;
        world
    }

    /// The same sale in both stores, behind a room, and money for everybody.
    async fn fill(&self) {
        for store in [&self.truth, &self.untouched] {
            sale(store, SEATS, TICKETS).await;
            let settler = small::settler(Arc::new(store.clone()), Mode::Optimistic);
            let room =
                SaveRoom { id: ROOM, name: "Door".into(), settings: "{}".into(), expected: None };
            let mut batch =
                vec![operate(2_000_000, Operate::SaveRoom(room)), moved(2_000_001, true)];
            batch.extend(
                (1..=BUYERS).map(|buyer| {
                    small::charge(2_000_001 + buyer, BuyerId(u128::from(buyer)), 1_000)
                }),
            );
            for reply in settler.settle(batch).await {
                small::answer(reply).unwrap();
            }
        }
        self.restart();
    }

    /// A process that knows nothing yet.
    fn restart(&self) {
        let ears: [Arc<dyn Tap>; 2] = [self.office.boards.clone(), self.gates.clone()];
        *self.deaf.ears.lock().unwrap() = ears.to_vec();
    }

    async fn take(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Hold(buyer, seats) => {
                let seats = seats.iter().copied().map(SeatId).collect();
                let choice = Choice::Items { seats, tickets: Vec::new() };
                self.ask(*buyer, Action::Hold(Hold { show: SHOW, choice })).await
            }
            Step::Tickets(buyer, count) => {
                let choice = Choice::Items { seats: vec![], tickets: vec![(STANDING, *count)] };
                self.ask(*buyer, Action::Hold(Hold { show: SHOW, choice })).await
            }
            Step::Pay(buyer, back) => {
                let pay = Pay { reservation: self.back(*back), expected: None };
                self.ask(*buyer, Action::Pay(pay)).await
            }
            Step::Release(buyer, back) => {
                let release = Release { reservation: self.back(*back) };
                self.ask(*buyer, Action::Release(release)).await
            }
            Step::Best(buyer, count) => {
                let request = self.request(*buyer).await;
                let wish =
                    BestAvailable { wheelchairs: 0, show: SHOW, count: *count, section: None };
                // Where the board cannot be read nobody has asked for anything.
                let _ = self.office.hold_best(&request, &wish).await;
                self.compare().await
            }
            Step::Move(is_behind) => {
                let number = 3_000_000 + self.names.fetch_add(1, Ordering::SeqCst);
                self.desk.submit(moved(number, *is_behind)).await.unwrap();
                self.compare().await
            }
            other => {
                self.spoil(other).await;
                Ok(())
            }
        }
    }

    /// What happens to what stands in front.
    async fn spoil(&mut self, step: &Step) {
        match step {
            Step::Return(buyer) => *self.times.entry(*buyer).or_default() += 1,
            Step::Wait(span_ms) => self.clock.advance_ms(*span_ms),
            Step::Keep => self.mirror.keep(&remembered()).await,
            Step::See(sight) => *self.mirror.sight.lock().unwrap() = *sight,
            Step::Miss(count) => self.deaf.misses.store(*count, Ordering::SeqCst),
            Step::CatchUp => self.deaf.catch_up(),
            Step::Lie(seat, is_free) => self.deaf.tell(&lie(*seat, *is_free)),
            Step::Restart => {
                self.office.boards = Arc::new(Boards::new(self.mirror.clone(), 1));
                self.gates = Arc::new(Gates::new(self.mirror.clone()));
                self.restart();
            }
            _ => {}
        }
    }

    fn back(&self, count: usize) -> ReservationId {
        self.books.back(count).map_or(ReservationId(u64::MAX), |found| found.id)
    }

    /// Who asks, with the pass that the gate wants as far as it knows.
    async fn request(&self, buyer: u64) -> Request {
        let number = self.names.fetch_add(1, Ordering::SeqCst);
        let times = self.times.get(&buyer).copied().unwrap_or(0);
        let good_until = NOW.plus_ms(PASS_MS);
        let admission = match self.gates.room(SHOW).await {
            Ok(Some(Some(_))) => Admission::Pass { key: pass(buyer, times), good_until },
            _ => Admission::None,
        };
        Request {
            id: CommandId(u128::from(number) << 64 | u128::from(number)),
            fingerprint: Fingerprint(number),
            actor: Actor::Buyer(BuyerId(u128::from(buyer))),
            admission,
            deadline: None,
            waits: true,
        }
    }

    async fn ask(&mut self, buyer: u64, action: Action) -> Result<(), String> {
        let request = self.request(buyer).await;
        self.office
            .submit(&request, action.clone())
            .await
            .map_err(|trouble| trouble.to_string())?;
        let handed: Vec<Action> = self
            .desk
            .done
            .lock()
            .unwrap()
            .iter()
            .map(|(command, _)| command.action.clone())
            .collect();
        if handed != [action] {
            return Err(format!("{handed:?} was handed over"));
        }
        self.compare().await
    }

    /// Adds up what was answered, and has the same commands settled where there is only a store.
    async fn compare(&mut self) -> Result<(), String> {
        let done = std::mem::take(&mut *self.desk.done.lock().unwrap());
        for (command, answer) in done {
            self.books.note(&answer, self.office.clock.now())?;
            let other = small::answer(self.alone.settle(vec![command.clone()]).await.remove(0));
            if answer != other {
                return Err(format!("{command:?}: {answer:?}, and alone {other:?}"));
            }
        }
        Ok(())
    }

    /// Compares what both stores have in the end.
    async fn same_rows(&self) -> Result<(), String> {
        let page = Page { before: None, limit: 1_000 };
        let mut keys = remembered();
        for buyer in (1..=BUYERS).map(|buyer| BuyerId(u128::from(buyer))) {
            keys.extend([Key::Wallet(buyer), Key::Quota(SHOW, buyer)]);
        }
        let rows = self.truth.rows(&keys).await.unwrap().into_iter();
        let alone = self.untouched.rows(&keys).await.unwrap();
        if let Some((one, other)) = rows.zip(alone).find(|(one, other)| one != other) {
            return Err(format!("{one:?}, and alone {other:?}"));
        }
        let [one, other] =
            [&self.truth, &self.untouched].map(|store| store.reservations(None, page));
        let (one, other) = (one.await.unwrap(), other.await.unwrap());
        if one == other { Ok(()) } else { Err(format!("{one:?}, and alone {other:?}")) }
    }

    /// With all caches lost nothing is lost: what is free is found.
    async fn find_what_is_free(&mut self) -> Result<(), String> {
        *self.mirror.sight.lock().unwrap() = Sight::Clear;
        self.deaf.misses.store(0, Ordering::SeqCst);
        self.spoil(&Step::Restart).await;
        let keys: Vec<Key> = (1..=u64::from(SEATS)).map(|seat| Key::Seat(SeatId(seat))).collect();
        let found = self.truth.rows(&keys).await.unwrap();
        let is_free = |row: &Row| matches!(row, Row::Seat(seat) if seat.state == SeatState::Free);
        if !found.iter().flatten().any(|loaded| is_free(&loaded.row)) {
            return Ok(());
        }
        self.desk.submit(moved(4_000_000, false)).await.unwrap();
        let request = self.request(0).await;
        let wish = BestAvailable { wheelchairs: 0, show: SHOW, count: 1, section: None };
        let reply = self.office.hold_best(&request, &wish).await;
        match small::answer(reply) {
            Ok(Outcome::Reserved(_)) => Ok(()),
            other => Err(format!("there are free seats, and {other:?}")),
        }
    }
}

async fn run(steps: &[Step], mode: Mode, trusted: fn(&Key) -> bool) -> Result<(), String> {
    let mut world = World::open(mode, trusted).await;
    world.mirror.keep(&remembered()).await;
    for step in steps {
        world.take(step).await?;
    }
    world.same_rows().await?;
    world.find_what_is_free().await
}

const NOTHING: fn(&Key) -> bool = |_| false;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_stands_in_front_of_the_store_it_decides(steps in steps(), mode in 0..SAFE.len()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let came = runtime.block_on(run(&steps, SAFE[mode], NOTHING));
        prop_assert!(came.is_ok(), "{}", came.unwrap_err());
    }
}

/// What comes of a story if the engine takes what a cache says for what the store says.
async fn if_trusted(steps: &[Step], trusted: fn(&Key) -> bool) -> String {
    let honest = run(steps, Mode::Plain, NOTHING).await;
    assert_eq!(honest, Ok(()), "where one comes after the other the store alone is right");
    let trusting = run(steps, Mode::Plain, trusted).await;
    trusting.err().unwrap_or_else(|| panic!("the cache did no harm"))
}

#[tokio::test]
async fn a_board_that_is_trusted_sells_a_seat_twice() {
    let steps = [Step::Hold(1, vec![2]), Step::Hold(2, vec![2])];
    let harm = if_trusted(&steps, |key| matches!(key, Key::Seat(_))).await;
    assert!(harm.starts_with("seat_2 has res_"), "{harm}");
}

#[tokio::test]
async fn a_stock_that_is_trusted_is_oversold() {
    let steps = [Step::Tickets(1, 3), Step::Tickets(2, 3)];
    let harm = if_trusted(&steps, |key| matches!(key, Key::TicketType(_))).await;
    assert_eq!(harm, "6 of 4 tickets");
}

#[tokio::test]
async fn a_claim_that_is_trusted_buys_with_a_pass_that_ended() {
    let steps = [Step::Hold(1, vec![2]), Step::Pay(1, 0), Step::Hold(1, vec![3])];
    let harm = if_trusted(&steps, |key| matches!(key, Key::Pass(_))).await;
    assert!(harm.starts_with("a pass that ended bought"), "{harm}");
}

#[tokio::test]
async fn random_stories_find_a_cache_that_is_trusted() {
    let mut runner = TestRunner::deterministic();
    let mut convicted = 0;
    for _ in 0..100 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        convicted += u32::from(run(&steps, Mode::Plain, |_| true).await.is_err());
    }
    assert!(convicted > 50, "only {convicted} of 100");
}
