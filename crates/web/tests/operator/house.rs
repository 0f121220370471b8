//! A house in memory behind the pages: one show with seats and standing tickets, behind a room.

use crate::browser::Browser;
use crate::outside::{Bank, Slow, Three};
use crate::queues;
use crate::rows::Hall;
use crate::told::{Post, Told};
use admitone_app::BoxOffice;
use admitone_app::board::Boards;
use admitone_app::box_office::Request;
use admitone_app::clock::HandClock;
use admitone_app::delivery::Direct;
use admitone_app::gates::Gates;
use admitone_app::ids::Ids;
use admitone_app::import::{Document, Import};
use admitone_app::limits::MemoryBuckets;
use admitone_app::logbook::{LogBook, OperatorLog};
use admitone_app::memory::{MemoryCarrier, MemoryStore};
use admitone_app::notices::{NoticeBook, NoticeWriter};
use admitone_app::parties::Parties;
use admitone_app::payments::{PaymentLimits, Payments};
use admitone_app::ports::buckets::Buckets;
use admitone_app::ports::delivery::Reply;
use admitone_app::ports::gateway;
use admitone_app::ports::lock::NoLock;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::{Mode, Sequence};
use admitone_app::ports::tap::Tap;
use admitone_app::pulse::{Measured, Pulse};
use admitone_app::rooms::{Kept, Rooms, RoomsSetup};
use admitone_app::settle::{SettleLimits, Settler};
use admitone_app::waiting_room::MasterKey;
use admitone_app::waiting_room::memory_log::MemoryRoomLog;
use admitone_app::webhooks::WebhookDesk;
use admitone_domain::command::gateway::{Begin, Gateway};
use admitone_domain::command::operate::{Operate, SaveOperator};
use admitone_domain::command::{Charge, Choice, Hold, Pay};
use admitone_domain::id::{
    BuyerId, OperatorId, PaymentId, ReservationId, SeatId, ShowId, TicketTypeId,
};
use admitone_domain::party::{Operator, Role};
use admitone_domain::pass::Admission;
use admitone_domain::reservation::ItemState;
use admitone_domain::{
    Action, Actor, CommandId, Currency, Fingerprint, Key, Moment, Money, Outcome, Row,
};
use admitone_web::{Freedoms, Keys, Limits, Parts, Site};
use axum::Router;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Thursday, 26 November 2026, 02:00 UTC.
const NOW: Moment = Moment(1_795_658_400_000_000);
/// What the operator types.
pub(crate) const KEY: &str = "amo_the-key-of-the-operator";
pub(crate) const OPERATOR: OperatorId = OperatorId(1);
pub(crate) const SHOW: ShowId = ShowId(1);

const PROGRAMME: &str = r#"{
  "rooms": [{ "name": "Main door", "settings": { "active_max": 50 } }],
  "concerts": [{ "name": "Winter <Lights>", "category": "rock", "venue": "Hall", "shows": [{
    "opens_at": "2026-12-24T19:00:00Z", "closes_at": "2026-12-24T22:00:00Z",
    "booking_opens_at": "2026-11-01T00:00:00Z", "booking_closes_at": "2026-12-24T18:00:00Z",
    "time_zone": "Asia/Seoul", "room": "Main door",
    "seats": [
      { "section": "A", "row": "1", "numbers": [1, 10], "price": 1000 },
      { "section": "B", "row": "1", "numbers": [1, 10], "price": 500 }
    ],
    "ticket_types": [{ "name": "Standing", "quantity": 20, "price": 300 }]
  }] }]
}"#;

/// What puts the show behind the room.
const BEHIND: &str = r#", "room": "Main door""#;

/// The house.
pub(crate) struct House {
    pub(crate) router: Router,
    pub(crate) office: BoxOffice,
    pub(crate) clock: Arc<HandClock>,
    /// Ann, who buys.
    pub(crate) ann: BuyerId,
    /// What buyers were told.
    pub(crate) told: Arc<Told>,
    /// Jobs that travel, in a house that is no demonstration.
    pub(crate) queue: MemoryCarrier,
    /// Where she is signed in.
    at_home: Browser,
    next: AtomicU64,
    /// How long a command takes, in milliseconds.
    slowness: Arc<AtomicU64>,
    _stop: tokio_util::sync::DropGuard,
}

fn webhooks(store: &MemoryStore, clock: &Arc<HandClock>) -> WebhookDesk {
    WebhookDesk {
        webhooks: Arc::new(store.clone()),
        courier: Arc::new(Post),
        outbox: Arc::new(store.clone()),
        clock: clock.clone(),
        random: || [7; 32],
        changed: Arc::default(),
        book: log(store, clock).book,
    }
}

fn log(store: &MemoryStore, clock: &Arc<HandClock>) -> OperatorLog {
    let book = LogBook { notes: Arc::new(store.clone()), clock: clock.clone(), chance };
    OperatorLog { records: Arc::new(store.clone()), book }
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::with(Some(Arc::new(Bank)), PROGRAMME).await
    }

    /// A house whose show stands behind no room.
    pub(crate) async fn without_a_line() -> Self {
        Self::with(Some(Arc::new(Bank)), &PROGRAMME.replace(BEHIND, "")).await
    }

    /// The same, that settles payments which others began, and can ask no gateway.
    pub(crate) async fn without_a_gateway() -> Self {
        Self::with(None, &PROGRAMME.replace(BEHIND, "")).await
    }

    /// A house with a programme of its own.
    pub(crate) async fn of(programme: &str) -> Self {
        Self::with(Some(Arc::new(Bank)), programme).await
    }

    /// A house in which somebody may ask as often as these say.
    pub(crate) async fn with_buckets(buckets: Arc<dyn Buckets>) -> Self {
        Self::built(Some(Arc::new(Bank)), PROGRAMME, |_| buckets, false).await
    }

    /// A demonstration: whoever comes is a buyer.
    pub(crate) async fn demonstration() -> Self {
        let programme = PROGRAMME.replace(BEHIND, "");
        Self::built(Some(Arc::new(Bank)), &programme, full_buckets, true).await
    }

    async fn with(gateway: Option<Arc<dyn gateway::Gateway>>, programme: &str) -> Self {
        Self::built(gateway, programme, full_buckets, false).await
    }

    async fn built(
        gateway: Option<Arc<dyn gateway::Gateway>>,
        programme: &str,
        buckets: impl FnOnce(&Arc<HandClock>) -> Arc<dyn Buckets>,
        is_demo: bool,
    ) -> Self {
        let clock = Arc::new(HandClock::at(NOW));
        let store = MemoryStore::new(clock.clone());
        let reads: Arc<dyn Reads> = Arc::new(store.clone());
        let boards = Arc::new(Boards::new(Arc::clone(&reads), 1));
        let gates = Arc::new(Gates::new(Arc::clone(&reads)));
        let parties: Arc<Parties> = Arc::default();
        let stop = CancellationToken::new();
        let rooms = rooms(&reads, &clock, &stop).await;
        let taps: Vec<Arc<dyn Tap>> =
            vec![boards.clone(), gates.clone(), parties.clone(), rooms.clone()];
        let settler = Settler {
            store: Arc::new(store.clone()),
            lock: Arc::new(NoLock),
            mode: Mode::Optimistic,
            clock: clock.clone(),
            taps,
            limits: SettleLimits::default(),
        };
        let pulse = Arc::new(Pulse::new(clock.clone()));
        let delivery = Arc::new(Direct::new(Arc::new(settler)));
        let slowness: Arc<AtomicU64> = Arc::default();
        let delivery = Slow { delivery, clock: clock.clone(), took_ms: slowness.clone() };
        let delivery = Measured { delivery: Arc::new(delivery), pulse: Arc::clone(&pulse) };
        let office = BoxOffice {
            delivery: Arc::new(delivery),
            reads,
            boards,
            ids: Arc::new(Ids::new(Arc::new(store.clone()))),
            clock: clock.clone(),
        };
        let payments = Arc::new(payments_of(&office, gateway));
        let (told, log) = (Arc::<Told>::default(), log(&store, &clock));
        let (reads, at, notices) = (Arc::clone(&office.reads), clock.clone(), told.clone());
        let (queue, book) = (MemoryCarrier::new(None, clock.clone()), Arc::new(store.clone()));
        let notice_book = NoticeBook(book);
        let writer = NoticeWriter::new(reads, notices, notice_book.clone(), at);
        let site = Site::new(Parts {
            office: office.clone(),
            gates,
            rooms,
            parties,
            records: Arc::new(store.clone()),
            keys: Keys::new(&[7; 32]),
            freedoms: Freedoms { open_accounts: true, self_charge: true, is_demo },
            limits: Limits { buckets: buckets(&clock), sale: None, read: None, accounts: None },
            currency: Currency::KRW,
            queues: if is_demo { Arc::default() } else { queues::of(&queue) },
            payments: Some(payments),
            gateway_page: Some("https://bank.example/pay".into()),
            webhooks: Arc::new(webhooks(&store, &clock)),
            notices: Some(Arc::new(writer)),
            notice_book,
            log,
            pulse,
            instances: Some(Arc::new(Three)),
            rehearsals: Some(Arc::new(Hall::default())),
            strategy: "none/none/optimistic".into(),
            chance,
            closing: stop.clone(),
        });
        let router = admitone_web::router(site);
        let (next, guard) = (AtomicU64::new(1 << 40), stop.drop_guard());
        let mut at_home = Browser::new(router.clone());
        let ann = if is_demo { BuyerId(0) } else { sign_up(&mut at_home, "Ann", &store).await };
        let house =
            Self { router, office, clock, ann, told, queue, at_home, next, slowness, _stop: guard };
        house.fill(programme).await;
        house
    }

    async fn fill(&self, programme: &str) {
        let document: Document = serde_json::from_str(programme).unwrap();
        let import = Import::new(&self.office, Actor::House, programme.as_bytes());
        import.run(&document, |_| ()).await.unwrap();
        let drawn = self.office.draw(Sequence::Operator, 1).await.unwrap();
        let operator = Operator {
            id: OperatorId(drawn),
            name: "Opal <the operator>".into(),
            key_hash: Parties::hash(KEY),
            created_at: NOW,
            disabled: false,
            role: Role::Owner,
        };
        self.save_operator(operator).await;
    }

    /// From now on a command takes so long.
    pub(crate) fn takes(&self, took_ms: u64) {
        self.slowness.store(took_ms, Ordering::Relaxed);
    }

    pub(crate) async fn save_operator(&self, operator: Operator) {
        let save = Operate::SaveOperator(SaveOperator { operator, expected: None });
        self.submit(Actor::House, Action::Operate(save)).await;
    }

    pub(crate) async fn operator(&self) -> Operator {
        match self.row(Key::Operator(OPERATOR)).await {
            Row::Operator(operator) => operator,
            other => panic!("{other:?}"),
        }
    }

    /// Has something done that is not refused.
    pub(crate) async fn submit(&self, actor: Actor, action: Action) -> Outcome {
        let request = Request {
            id: CommandId(u128::from(self.next.fetch_add(1, Ordering::Relaxed))),
            fingerprint: Fingerprint(0),
            actor,
            admission: Admission::Bypass { room: admitone_domain::id::RoomId(1) },
            deadline: None,
            waits: true,
        };
        match self.office.submit(&request, action).await.unwrap() {
            Reply::Answered { answer, .. } => answer.answer.clone().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Ann begins to pay what she holds through the bank, which has not said anything yet.
    pub(crate) async fn begin_to_pay(&self, reservation: ReservationId) -> PaymentId {
        let Row::Reservation(held) = self.row(Key::Reservation(reservation)).await else {
            panic!("no reservation")
        };
        let begin = Begin {
            reservation,
            show: SHOW,
            key: "bank <1>".into(),
            order: reservation.to_string(),
            amount: held.total_in(ItemState::Held).unwrap(),
            wait_ms: 1_000,
        };
        match self.submit(Actor::Buyer(self.ann), Action::Gateway(Gateway::Begin(begin))).await {
            Outcome::Gateway { payment, .. } => payment.id,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn row(&self, key: Key) -> Row {
        self.office.row(key).await.unwrap().expect("a row").into_row()
    }

    /// Ann holds seats.
    pub(crate) async fn hold(&self, seats: &[u64]) -> ReservationId {
        let seats = seats.iter().copied().map(SeatId).collect();
        let hold = Hold { show: SHOW, choice: Choice::Items { seats, tickets: vec![] } };
        match self.submit(Actor::Buyer(self.ann), Action::Hold(hold)).await {
            Outcome::Reserved(reservation) => reservation.id,
            other => panic!("{other:?}"),
        }
    }

    /// Ann holds standing tickets.
    pub(crate) async fn take(&self, count: u32) {
        let tickets = vec![(TicketTypeId(1), count)];
        let hold = Hold { show: SHOW, choice: Choice::Items { seats: vec![], tickets } };
        self.submit(Actor::Buyer(self.ann), Action::Hold(hold)).await;
    }

    /// Ann buys seats.
    pub(crate) async fn buy(&self, seats: &[u64]) -> ReservationId {
        let charge = Charge { amount: Money(100_000), currency: Currency::KRW };
        self.submit(Actor::Buyer(self.ann), Action::Charge(charge)).await;
        let reservation = self.hold(seats).await;
        self.submit(Actor::Buyer(self.ann), Action::Pay(Pay { reservation, expected: None })).await;
        reservation
    }

    /// Somebody who has not signed in.
    pub(crate) fn nobody(&self) -> Browser {
        Browser::new(self.router.clone())
    }

    /// The operator, signed in.
    pub(crate) async fn staff(&self) -> Browser {
        let mut browser = self.nobody();
        let form = browser.form("/operator/sign-in", "/operator/sign-in").await;
        browser.post(&form.with("key", KEY)).await;
        browser
    }

    /// Ann, signed in.
    pub(crate) fn as_ann(&self) -> Browser {
        self.at_home.clone()
    }

    /// Somebody with an account, signed in.
    pub(crate) async fn buyer(&self) -> Browser {
        let mut browser = self.nobody();
        let form = browser.form("/sign-up", "/sign-up").await;
        let form = form.with("name", "bob the buyer").with("password", "a long password");
        let answer = browser.post(&form).await;
        assert_eq!(answer.location, "/", "{}", answer.body);
        browser
    }
}

/// Nobody carries payments on here: who begins one is not kept waiting.
fn payments_of(office: &BoxOffice, gateway: Option<Arc<dyn gateway::Gateway>>) -> Payments {
    let limits = PaymentLimits { answer_ms: 0, ..PaymentLimits::default() };
    Payments::new(office.clone(), gateway, limits, Arc::default())
}

/// Opens an account at the pages; whose it is.
async fn sign_up(browser: &mut Browser, name: &str, store: &MemoryStore) -> BuyerId {
    let form = browser.form("/sign-up", "/sign-up").await;
    let answer = browser.post(&form.with("name", name).with("password", "a long password")).await;
    assert_eq!(answer.location, "/", "{}", answer.body);
    let opened = store.events().into_iter().rev().find_map(|event| match event.aggregate {
        Key::Buyer(buyer) => Some(buyer),
        _ => None,
    });
    opened.unwrap()
}

async fn rooms(
    reads: &Arc<dyn Reads>,
    clock: &Arc<HandClock>,
    stop: &CancellationToken,
) -> Arc<Rooms> {
    let log: Arc<MemoryRoomLog> = Arc::default();
    let setup = RoomsSetup {
        reads: Arc::clone(reads),
        kept: Kept::Here(log),
        clock: Arc::<HandClock>::clone(clock),
        key: MasterKey { id: 1, secret: [7; 32] },
        tracker: TaskTracker::new(),
        stop: stop.clone(),
    };
    Rooms::open(setup).await.unwrap()
}

/// The buckets of a house that has none of its own.
fn full_buckets(clock: &Arc<HandClock>) -> Arc<dyn Buckets> {
    Arc::new(MemoryBuckets::new(Arc::<HandClock>::clone(clock)))
}

/// Never the same twice; nobody has to guess it here.
fn chance() -> u128 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    u128::from(NEXT.fetch_add(1, Ordering::Relaxed)) << 64
}
