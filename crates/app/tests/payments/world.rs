//! A store and a gateway that outlive the processes between them. The test is the bus: it reads
//! what happened and brings it, once or twice, to whichever process lives.

mod acts;

use crate::gateway::{Account, Accounts, Line};
use admitone_app::board::Boards;
use admitone_app::box_office::Request;
use admitone_app::clock::HandClock;
use admitone_app::delivery::Direct;
use admitone_app::ids::Ids;
use admitone_app::memory::MemoryStore;
use admitone_app::payments::{Errands, PaymentLimits, Payments};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::delivery::{Delivery, Reply};
use admitone_app::ports::outbox::Outbox;
use admitone_app::ports::reads::{Asking, Reads};
use admitone_app::ports::store::Mode;
use admitone_app::settle::{SettleLimits, Settler};
use admitone_app::{BoxOffice, Trouble};
use admitone_conformance::sale::{self, HOLD_MS, NOW, SHOW};
use admitone_domain::command::operate::{Operate, SaveSeats, SeatChange};
use admitone_domain::id::{BuyerId, PaymentId, ReservationId, SeatId};
use admitone_domain::pass::Admission;
use admitone_domain::payment::{Method, Payment, PaymentState};
use admitone_domain::reservation::{ItemState, Reservation};
use admitone_domain::wallet::EntryKind;
use admitone_domain::{
    Action, Actor, Command, CommandId, Event, Fingerprint, Key, Loaded, Money, Row,
};
use async_trait::async_trait;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use tokio::sync::Notify;

pub(crate) const ANN: BuyerId = BuyerId(1);
pub(crate) const BOB: BuyerId = BuyerId(2);

/// Burns down with each boundary that a process crosses; at its end the process is dead.
#[derive(Debug)]
pub(crate) struct Fuse {
    left: AtomicU32,
    blown: Notify,
    /// How many commands are being settled, and may hold a lock and a transaction.
    settling: AtomicU32,
}

/// While it is there, a command is being settled.
pub(crate) struct Settling<'a>(&'a Fuse);

impl Drop for Settling<'_> {
    fn drop(&mut self) {
        self.0.settling.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Fuse {
    pub(crate) fn of(boundaries: u32) -> Arc<Self> {
        let (left, settling) = (AtomicU32::new(boundaries), AtomicU32::new(0));
        Arc::new(Self { left, blown: Notify::new(), settling })
    }

    /// Goes on, or never returns.
    pub(crate) async fn cross(&self) {
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 {
            self.blown.notify_waiters();
            self.blown.notify_one();
            std::future::pending::<()>().await;
        }
        self.left.store(left.saturating_sub(1), Ordering::SeqCst);
    }

    /// A command is being settled until the guard is dropped.
    pub(crate) fn settling(&self) -> Settling<'_> {
        self.settling.fetch_add(1, Ordering::SeqCst);
        Settling(self)
    }

    pub(crate) fn is_settling(&self) -> bool {
        self.settling.load(Ordering::SeqCst) > 0
    }

    pub(crate) fn is_blown(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }
}

/// A delivery that may never arrive, or whose answer may not.
struct Fused {
    inner: Direct,
    fuse: Arc<Fuse>,
}

#[async_trait]
impl Delivery for Fused {
    async fn submit(&self, command: Command) -> Result<Reply, Trouble> {
        self.fuse.cross().await;
        let settling = self.fuse.settling();
        let reply = self.inner.submit(command).await;
        drop(settling);
        self.fuse.cross().await;
        reply
    }

    async fn hand_over(&self, command: Command) -> Result<Reply, Trouble> {
        self.submit(command).await
    }

    async fn check(&self) -> Result<(), Trouble> {
        Ok(())
    }
}

/// What outlives every process.
pub(crate) struct World {
    pub(crate) store: MemoryStore,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) accounts: Accounts,
    next: AtomicU64,
}

/// A process of the house.
pub(crate) struct Process {
    pub(crate) payments: Payments,
    pub(crate) office: BoxOffice,
    pub(crate) fuse: Arc<Fuse>,
}

impl World {
    /// A show with ten seats for one each.
    pub(crate) async fn open() -> Self {
        Self::with_seats(10).await
    }

    /// A show with so many seats.
    pub(crate) async fn with_seats(count: u32) -> Self {
        let clock = Arc::new(HandClock::at(NOW));
        let store = MemoryStore::new(clock.clone());
        let settler = sale::settler(Arc::new(store.clone()), Mode::Optimistic);
        for command in sale::programme(count, 10) {
            let reply = settler.settle(vec![command]).await.remove(0);
            assert!(sale::answer(reply).is_ok());
        }
        let next = AtomicU64::new(1 << 40);
        Self { store, clock, accounts: Accounts::default(), next }
    }

    pub(crate) fn process(&self, fuse: &Arc<Fuse>) -> Process {
        let fused =
            |inner| -> Arc<dyn Delivery> { Arc::new(Fused { inner, fuse: Arc::clone(fuse) }) };
        self.process_by(fuse, fused)
    }

    /// A process whose commands go another way to where they are settled.
    pub(crate) fn process_by(
        &self,
        fuse: &Arc<Fuse>,
        way: impl FnOnce(Direct) -> Arc<dyn Delivery>,
    ) -> Process {
        let errands: Arc<Errands> = Arc::default();
        let usual = sale::settler(Arc::new(self.store.clone()), Mode::Optimistic);
        let settler = Settler {
            clock: self.clock.clone(),
            taps: vec![errands.clone()],
            limits: SettleLimits { keeps_journeys: true, ..usual.limits },
            ..usual
        };
        let reads: Arc<dyn Reads> = Arc::new(self.store.clone());
        let office = BoxOffice {
            delivery: way(Direct::new(Arc::new(settler))),
            boards: Arc::new(Boards::new(Arc::clone(&reads), 1)),
            reads,
            ids: Arc::new(Ids::new(Arc::new(self.store.clone()))),
            clock: self.clock.clone(),
        };
        let line = self.line(fuse);
        let limits = PaymentLimits::default();
        let payments = Payments::new(office.clone(), Some(Arc::new(line)), limits, errands);
        Process { payments, office, fuse: Arc::clone(fuse) }
    }

    /// The gateway as a process sees it.
    pub(crate) fn line(&self, fuse: &Arc<Fuse>) -> Line {
        Line { accounts: self.accounts.clone(), fuse: Arc::clone(fuse) }
    }

    /// A process that lives as long as it is wanted.
    pub(crate) fn lasting(&self) -> Process {
        self.process(&Fuse::of(u32::MAX))
    }

    /// A request under a name that nobody else has.
    pub(crate) fn named(&self, buyer: BuyerId) -> Request {
        Request {
            id: CommandId(u128::from(self.next.fetch_add(1, Ordering::Relaxed))),
            fingerprint: Fingerprint(0),
            actor: Actor::Buyer(buyer),
            admission: Admission::None,
            deadline: None,
            waits: true,
        }
    }

    pub(crate) async fn row(&self, key: Key) -> Option<Row> {
        self.store.rows(&[key]).await.unwrap().pop().flatten().map(Loaded::into_row)
    }

    pub(crate) async fn reservation(&self, id: ReservationId) -> Reservation {
        match self.row(Key::Reservation(id)).await {
            Some(Row::Reservation(reservation)) => reservation,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn payment(&self, id: PaymentId) -> Payment {
        match self.row(Key::Payment(id)).await {
            Some(Row::Payment(payment)) => payment,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn state(&self, id: PaymentId) -> PaymentState {
        self.payment(id).await.state()
    }

    /// All payments of both buyers.
    pub(crate) async fn payments(&self) -> Vec<Payment> {
        let page = admitone_app::ports::reads::Page { before: None, limit: 1_000 };
        let mut all = self.store.payments(ANN, page).await.unwrap();
        all.extend(self.store.payments(BOB, page).await.unwrap());
        all
    }

    /// What happened after an event of this number.
    pub(crate) async fn events(&self, after: u64) -> Vec<(u64, Event)> {
        self.store.news(after, &[], 10_000).await.unwrap().events
    }

    /// Processes that live bring everything to its end: every event comes twice, and what is due
    /// is taken up by two at once.
    pub(crate) async fn settle_all(&self) {
        let (one, other) = (self.lasting(), self.lasting());
        let mut seen = 0;
        for _ in 0..60 {
            for (number, event) in self.events(seen).await {
                seen = number;
                let (first, again) =
                    tokio::join!(one.payments.on(&event), other.payments.on(&event));
                assert_eq!((first, again), (Ok(()), Ok(())));
            }
            self.clock.advance_ms(30_000);
            let open = self.store.open_payments(Asking::Anybody, None, 1_000).await.unwrap();
            let now = self.clock.now();
            for payment in open.into_iter().filter(|one| one.ask_at().is_some_and(|at| at <= now)) {
                let (first, again) = tokio::join!(
                    one.payments.take_up(payment.clone()),
                    other.payments.take_up(payment)
                );
                assert_eq!((first, again), (Ok(()), Ok(())));
            }
        }
    }

    /// What a wallet gave for a payment, and got back of it: what its entries say.
    async fn purse_of(&self, payment: &Payment) -> Account {
        let page = admitone_app::ports::reads::Page { before: None, limit: 1_000 };
        let entries = self.store.entries(payment.buyer, page).await.unwrap();
        let mut account = Account::default();
        for entry in entries.iter().filter(|entry| entry.payment == Some(payment.id)) {
            match entry.kind {
                EntryKind::Use => account.taken += entry.amount.0,
                EntryKind::Refund => {
                    let number = u32::try_from(account.backs.len()).unwrap();
                    account.backs.insert(number, entry.amount.0);
                }
                EntryKind::Charge | EntryKind::Withdrawal => panic!("{entry:?}"),
            }
        }
        account
    }

    /// What the tickets of a buyer cost.
    pub(crate) async fn worth(&self, buyer: BuyerId) -> i64 {
        let page = admitone_app::ports::reads::Page { before: None, limit: 1_000 };
        let all = self.store.reservations(Some(buyer), page).await.unwrap();
        all.iter().map(|one| one.total_in(ItemState::Sold).unwrap().0).sum()
    }

    /// Makes a seat cost nothing.
    pub(crate) async fn make_free(&self, seat: u64) {
        let (seats, change) = (vec![SeatId(seat)], SeatChange::Price(Money::ZERO));
        let save = Operate::SaveSeats(SaveSeats { show: SHOW, seats, change });
        let request = Request { actor: Actor::House, ..self.named(ANN) };
        self.lasting().submit(&request, Action::Operate(save)).await.unwrap();
    }

    /// What is in a wallet, which is the sum of its entries.
    pub(crate) async fn balance(&self, buyer: BuyerId) -> i64 {
        let page = admitone_app::ports::reads::Page { before: None, limit: 1_000 };
        let entries = self.store.entries(buyer, page).await.unwrap();
        let sum: i64 = entries.iter().map(|entry| entry.signed_amount().0).sum();
        let balance = match self.row(Key::Wallet(buyer)).await {
            Some(Row::Wallet(wallet)) => wallet.balance.0,
            _ => 0,
        };
        assert_eq!(balance, sum, "the wallet is the sum of its entries");
        balance
    }

    /// The gateway's ledger against ours: nobody is charged without a ticket, nothing is paid back
    /// twice, and nothing is left hanging unless the gateway itself keeps the money. And nobody asked it
    /// while a lock or a transaction was held.
    pub(crate) async fn audit(&self) -> Result<(), String> {
        if self.accounts.was_asked_within() {
            return Err("the gateway was asked while a command was being settled".into());
        }
        let accounts = self.accounts.all().clone();
        for payment in self.payments().await {
            let account = match &payment.method {
                Method::Gateway(attempt) => accounts.get(&attempt.key).cloned().unwrap_or_default(),
                _ => self.purse_of(&payment).await,
            };
            let tickets = match payment.reservation {
                Some(id) if self.reservation(id).await.payment == Some(payment.id) => {
                    self.reservation(id).await.total_in(ItemState::Sold).unwrap()
                }
                _ => Money::ZERO,
            };
            if account.balance() != tickets.0 && !account.manner.keeps {
                return Err(format!("charged {account:?}, tickets for {tickets}: {payment:?}"));
            }
            let is_open = payment.ask_at().is_some();
            if is_open && !account.manner.keeps {
                return Err(format!("left hanging: {payment:?}"));
            }
        }
        Ok(())
    }
}

/// What a process does in a world.
pub(crate) type Story =
    for<'a> fn(&'a World, &'a Process) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A story told again and again, each time in a world of its own with a death one boundary later,
/// until there is none: how many deaths that were. After each somebody takes over, and then it is
/// looked at.
pub(crate) async fn deaths(
    story: Story,
    open: impl AsyncFn() -> World,
    look: impl AsyncFn(&World, u32),
) -> u32 {
    const BOUNDARIES_MAX: u32 = 100;
    for boundary in 0..BOUNDARIES_MAX {
        let world = open().await;
        let process = world.process(&Fuse::of(boundary));
        if process.live(story(&world, &process)).await && !process.fuse.is_blown() {
            return boundary;
        }
        drop(process);
        world.settle_all().await;
        look(&world, boundary).await;
    }
    BOUNDARIES_MAX
}

/// The time after which a hold is over.
pub(crate) fn pass_hold(world: &World) {
    world.clock.advance_ms(HOLD_MS);
}
