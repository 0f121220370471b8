//! A whole house in memory: one writer, boards, rooms. Time is moved by hand.

use admitone_app::BoxOffice;
use admitone_app::board::Boards;
use admitone_app::box_office::Request;
use admitone_app::clock::HandClock;
use admitone_app::delivery::Direct;
use admitone_app::ids::Ids;
use admitone_app::import::check_settings;
use admitone_app::memory::MemoryStore;
use admitone_app::ports::delivery::Reply;
use admitone_app::ports::lock::NoLock;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::{Mode, Sequence};
use admitone_app::ports::tap::Tap;
use admitone_app::rooms::{Kept, Rooms, RoomsSetup};
use admitone_app::settle::{SettleLimits, Settler};
use admitone_app::waiting_room::MasterKey;
use admitone_app::waiting_room::memory_log::MemoryRoomLog;
use admitone_domain::command::operate::{
    AddSeats, BlockOfSeats, Operate, SaveConcert, SaveRoom, SaveShow, SaveTicketType,
};
use admitone_domain::command::{Choice, Hold};
use admitone_domain::concert::Concert;
use admitone_domain::id::{BuyerId, ConcertId, RoomId, SeatId, ShowId, TicketTypeId};
use admitone_domain::pass::Admission;
use admitone_domain::show::{Limits, SeatBlock, Show};
use admitone_domain::{Action, Actor, Answer, CommandId, Currency, Fingerprint, Moment, Money};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) const SHOW: ShowId = ShowId(1);
pub(crate) const ROOM: RoomId = RoomId(1);
pub(crate) const STANDING: TicketTypeId = TicketTypeId(1);
pub(crate) const ANN: BuyerId = BuyerId(1);
pub(crate) const BOB: BuyerId = BuyerId(2);
pub(crate) const HOLD_MS: u64 = 300_000;

/// A show with one standing ticket and no seats yet.
pub(crate) struct House {
    pub(crate) office: BoxOffice,
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) log: Arc<MemoryRoomLog>,
    pub(crate) store: MemoryStore,
    stop: CancellationToken,
    next: AtomicU64,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::reading(|store| store).await
    }

    /// A house whose rooms hear of nothing that is committed, as if it took long to tell them.
    pub(crate) async fn with_slow_messages() -> Self {
        Self::assemble(|store| store, |boards, _| vec![boards]).await
    }

    /// A house whose boards and rooms read through something else.
    pub(crate) async fn reading(through: impl FnOnce(Arc<dyn Reads>) -> Arc<dyn Reads>) -> Self {
        Self::assemble(through, |boards, rooms| vec![boards, rooms]).await
    }

    async fn assemble(
        through: impl FnOnce(Arc<dyn Reads>) -> Arc<dyn Reads>,
        taps: impl FnOnce(Arc<Boards>, Arc<Rooms>) -> Vec<Arc<dyn Tap>>,
    ) -> Self {
        let clock = Arc::new(HandClock::at(Moment(1_000_000)));
        let store = MemoryStore::new(clock.clone());
        let reads = through(Arc::new(store.clone()));
        let log: Arc<MemoryRoomLog> = Arc::default();
        let boards = Arc::new(Boards::new(Arc::clone(&reads), 1));
        let stop = CancellationToken::new();
        let rooms = open_rooms(&reads, &log, &clock, &stop).await;
        let settler = Settler {
            store: Arc::new(store.clone()),
            lock: Arc::new(NoLock),
            mode: Mode::Optimistic,
            clock: clock.clone(),
            taps: taps(boards.clone(), rooms.clone()),
            limits: SettleLimits::default(),
        };
        let office = BoxOffice {
            delivery: Arc::new(Direct::new(Arc::new(settler))),
            reads,
            boards,
            ids: Arc::new(Ids::new(Arc::new(store.clone()))),
            clock: clock.clone(),
        };
        let next = AtomicU64::new(1 << 32);
        let house = Self { office, rooms, clock, log, store, stop, next };
        house.open_sale().await;
        house
    }

    /// From now on the rooms are told nothing, as if a kill came after each commit.
    pub(crate) fn deafen_rooms(&self) {
        self.stop.cancel();
    }

    /// The rooms as the next start opens them, over the same histories.
    pub(crate) async fn reopen_rooms(&self) -> Arc<Rooms> {
        open_rooms(&self.office.reads, &self.log, &self.clock, &CancellationToken::new()).await
    }

    async fn open_sale(&self) {
        for taken in [Sequence::Concert, Sequence::Show, Sequence::TicketType] {
            self.office.draw(taken, 1).await.unwrap();
        }
        let concert = Concert {
            id: ConcertId(1),
            title: "Winter Lights".into(),
            category: "ballad".into(),
            venue: String::new(),
            currency: Currency::KRW,
            first_at: Moment::MAX,
            last_at: Moment::MIN,
        };
        let stock = SaveTicketType {
            id: STANDING,
            show: SHOW,
            name: "Standing".into(),
            price: Money(500),
            capacity: 1,
            expected: None,
        };
        self.operate(Operate::SaveConcert(SaveConcert { concert, expected: None })).await.unwrap();
        self.operate(Operate::SaveShow(SaveShow { show: show(), expected: None })).await.unwrap();
        self.operate(Operate::SaveTicketType(stock)).await.unwrap();
    }

    /// A request under a name that nobody else has.
    pub(crate) fn named(&self, actor: Actor) -> Request {
        Request {
            id: CommandId(u128::from(self.next.fetch_add(1, Ordering::Relaxed))),
            fingerprint: Fingerprint(0),
            actor,
            admission: Admission::None,
            deadline: None,
            waits: true,
        }
    }

    pub(crate) async fn submit(&self, request: &Request, action: Action) -> Answer {
        match self.office.submit(request, action).await.unwrap() {
            Reply::Answered { answer, .. } => answer.answer.clone(),
            Reply::KeyReused => panic!("the key was reused"),
            Reply::Accepted(_) => panic!("it travels"),
        }
    }

    pub(crate) async fn operate(&self, operate: Operate) -> Answer {
        self.submit(&self.named(Actor::House), Action::Operate(operate)).await
    }

    /// Ten seats of a row, from this id on.
    pub(crate) async fn add_seats(&self, row: &str, first_seat: u64) {
        self.add_block(row, first_seat, 10).await;
    }

    pub(crate) async fn add_block(&self, row: &str, first_seat: u64, count: u32) {
        let block = SeatBlock {
            section: "A".into(),
            row: row.into(),
            first_number: 1,
            count,
            first_seat: SeatId(first_seat),
        };
        let blocks = vec![BlockOfSeats { block, price: Money(1_000) }];
        self.operate(Operate::AddSeats(AddSeats { show: SHOW, blocks })).await.unwrap();
    }

    /// Puts the show behind the room.
    pub(crate) async fn gate_show(&self) {
        let show = Show { room: Some(ROOM), ..show() };
        self.operate(Operate::SaveShow(SaveShow { show, expected: None })).await.unwrap();
    }

    /// The room, with these settings instead of the default.
    pub(crate) async fn save_room(&self, settings: &str) {
        let settings =
            check_settings(&serde_json::from_str(settings).unwrap(), self.office.clock.now())
                .unwrap();
        let save = SaveRoom { id: ROOM, name: "Door".into(), settings, expected: None };
        self.operate(Operate::SaveRoom(save)).await.unwrap();
    }
}

async fn open_rooms(
    reads: &Arc<dyn Reads>,
    log: &Arc<MemoryRoomLog>,
    clock: &Arc<HandClock>,
    stop: &CancellationToken,
) -> Arc<Rooms> {
    Rooms::open(RoomsSetup {
        reads: Arc::clone(reads),
        kept: Kept::Here(Arc::<MemoryRoomLog>::clone(log)),
        clock: Arc::<HandClock>::clone(clock),
        key: MasterKey { id: 1, secret: [7; 32] },
        tracker: TaskTracker::new(),
        stop: stop.clone(),
    })
    .await
    .unwrap()
}

fn show() -> Show {
    let opens_at = Moment(1_000_000_000_000);
    Show {
        id: SHOW,
        concert: ConcertId(1),
        room: None,
        opens_at,
        closes_at: opens_at.plus_ms(1),
        booking_opens_at: Moment(0),
        booking_closes_at: opens_at,
        time_zone: "UTC".into(),
        currency: Currency::KRW,
        limits: Limits { hold_ms: HOLD_MS, ..Limits::default() },
    }
}

pub(crate) fn standing() -> Action {
    let choice = Choice::Items { seats: vec![], tickets: vec![(STANDING, 1)] };
    Action::Hold(Hold { show: SHOW, choice })
}
