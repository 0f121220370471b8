//! A sale in which everything happened once: holds that live, ended, were extended, released and
//! lapsed; payments from a wallet, from outside and under a pass; refunds, an account, a refusal.

use admitone_adapter_sqlite::{Options, SqliteStore};
use admitone_app::clock::HandClock;
use admitone_app::ports::delivery::Reply;
use admitone_app::ports::lock::NoLock;
use admitone_app::ports::store::Mode;
use admitone_app::settle::{SettleLimits, Settler};
use admitone_domain::command::operate::{
    AddSeats, BlockOfSeats, OpenAccount, Operate, SaveConcert, SaveRoom, SaveShow, SaveTicketType,
};
use admitone_domain::command::{
    Cancel, Charge, Choice, Confirm, Extend, Hold, Pay, Refund, Release, Spend,
};
use admitone_domain::concert::Concert;
use admitone_domain::id::{
    BuyerId, ConcertId, PaymentId, ReservationId, RoomId, SeatId, ShowId, TicketTypeId,
};
use admitone_domain::party::Buyer;
use admitone_domain::pass::{Admission, PassKey};
use admitone_domain::show::{Limits, SeatBlock, Show};
use admitone_domain::{Action, Actor, Command, CommandId, Currency, Fingerprint, Moment, Money};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const HOLD_MS: u64 = 60_000;
const OPEN: ShowId = ShowId(1);
const GATED: ShowId = ShowId(2);
const STANDING: TicketTypeId = TicketTypeId(1);
const ANN: BuyerId = BuyerId(1);
const BOB: BuyerId = BuyerId(2);
const CARL: BuyerId = BuyerId(3);
const DORA: BuyerId = BuyerId(4);
const ERIN: BuyerId = BuyerId(5);
const FRED: BuyerId = BuyerId(6);

/// A store with the sale, or a copy of it.
pub(crate) struct Sale {
    directory: TempDir,
    pub(crate) store: SqliteStore,
    clock: Arc<HandClock>,
}

impl Sale {
    /// Everything happens, and is folded.
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(HandClock::at(Moment(1_000_000_000)));
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path(), &clock);
        let sale = Self { directory, store, clock };
        for operate in programme() {
            sale.does(operate).await;
        }
        for happening in before_the_first_hold_ends() {
            sale.does(happening).await;
        }
        sale.clock.advance_ms(HOLD_MS + 1);
        for happening in after_the_first_hold_ended() {
            sale.does(happening).await;
        }
        let refused = sale.settle(hold(44, DORA, OPEN, &[4], 0)).await;
        assert!(matches!(refused, Reply::Answered { answer, .. } if answer.answer.is_err()));
        sale.store.close().await.unwrap();
        sale
    }

    /// The same once more, to do damage to.
    pub(crate) fn copy(&self) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(self.directory.path()).unwrap().map(Result::unwrap) {
            std::fs::copy(file.path(), directory.path().join(file.file_name())).unwrap();
        }
        let store = open(directory.path(), &self.clock);
        Self { directory, store, clock: Arc::clone(&self.clock) }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    async fn does(&self, command: Command) {
        let reply = self.settle(command).await;
        assert!(
            matches!(&reply, Reply::Answered { answer, .. } if answer.answer.is_ok()),
            "{reply:?}"
        );
    }

    async fn settle(&self, command: Command) -> Reply {
        let settler = Settler {
            store: Arc::new(self.store.clone()),
            lock: Arc::new(NoLock),
            mode: Mode::Plain,
            clock: self.clock.clone(),
            taps: Vec::new(),
            limits: SettleLimits::default(),
        };
        settler.settle(vec![command]).await.remove(0).unwrap()
    }
}

/// Without guards: what is planted must reach the tables.
fn open(directory: &Path, clock: &Arc<HandClock>) -> SqliteStore {
    let options = Options { guards: false, ..Options::default() };
    SqliteStore::open(directory, clock.clone(), options).unwrap()
}

fn command(number: u64, actor: Actor, action: Action) -> Command {
    Command {
        id: CommandId(u128::from(number)),
        fingerprint: Fingerprint(number),
        fresh: number,
        actor,
        admission: Admission::None,
        deadline: None,
        action,
    }
}

fn by(number: u64, buyer: BuyerId, action: Action) -> Command {
    command(number, Actor::Buyer(buyer), action)
}

fn hold(number: u64, buyer: BuyerId, show: ShowId, seats: &[u64], tickets: u32) -> Command {
    let seats = seats.iter().copied().map(SeatId).collect();
    let tickets = if tickets == 0 { Vec::new() } else { vec![(STANDING, tickets)] };
    let choice = Choice::Items { seats, tickets };
    by(number, buyer, Action::Hold(Hold { show, choice }))
}

fn under_pass(place: u64, command: Command) -> Command {
    let key = PassKey { room: RoomId(1), epoch: 1, place };
    Command { admission: Admission::Pass { key, good_until: Moment::MAX }, ..command }
}

fn charge(number: u64, buyer: BuyerId, amount: i64) -> Command {
    let charge = Charge { amount: Money(amount), currency: Currency::KRW };
    by(number, buyer, Action::Charge(charge))
}

fn pay(number: u64, buyer: BuyerId, reservation: u64) -> Command {
    let pay = Pay { reservation: ReservationId(reservation), expected: None };
    by(number, buyer, Action::Pay(pay))
}

fn before_the_first_hold_ends() -> Vec<Command> {
    let spend = Spend { amount: Money(50), currency: Currency::KRW };
    let cancel = Cancel { reservation: ReservationId(11), items: Some(vec![0]) };
    let refund = Refund { payment: PaymentId(14), amount: Some(Money(20)) };
    let release = Release { reservation: ReservationId(30) };
    vec![
        charge(10, ANN, 1_000),
        hold(11, ANN, OPEN, &[1, 2], 2),
        pay(12, ANN, 11),
        by(13, ANN, Action::Cancel(cancel)),
        by(14, ANN, Action::Spend(spend)),
        by(15, ANN, Action::Refund(refund)),
        charge(20, BOB, 500),
        under_pass(7, hold(21, BOB, GATED, &[11], 0)),
        under_pass(7, pay(22, BOB, 21)),
        hold(30, CARL, OPEN, &[3], 0),
        by(31, CARL, Action::Release(release)),
        hold(32, CARL, OPEN, &[5], 1),
        // Nobody else comes to this show: it lapses, and nobody sweeps it.
        under_pass(8, hold(50, FRED, GATED, &[12], 0)),
    ]
}

fn after_the_first_hold_ended() -> Vec<Command> {
    let confirm = Confirm {
        show: OPEN,
        ticket_type: STANDING,
        quantity: 1,
        amount: Money(100),
        key: "theirs".into(),
        order: "1".into(),
    };
    let extend = Extend { reservation: ReservationId(41) };
    let account = OpenAccount {
        buyer: Buyer { id: ANN, name: "Ann".into(), created_at: Moment(0), disabled: false },
    };
    vec![
        hold(33, DORA, OPEN, &[5], 0),
        by(40, ERIN, Action::Confirm(confirm)),
        hold(41, ERIN, OPEN, &[4], 1),
        by(42, ERIN, Action::Extend(extend)),
        command(43, Actor::House, Action::Operate(Operate::OpenAccount(account))),
    ]
}

fn programme() -> Vec<Command> {
    let concert = Concert {
        id: ConcertId(1),
        title: "One".into(),
        category: "rock".into(),
        venue: String::new(),
        currency: Currency::KRW,
        first_at: Moment::MAX,
        last_at: Moment::MIN,
    };
    let room =
        SaveRoom { id: RoomId(1), name: "Door".into(), settings: "{}".into(), expected: None };
    let stock = SaveTicketType {
        id: STANDING,
        show: OPEN,
        name: "Standing".into(),
        price: Money(100),
        capacity: 10,
        expected: None,
    };
    let operates = [
        Operate::SaveConcert(SaveConcert { concert, expected: None }),
        Operate::SaveRoom(room),
        Operate::SaveShow(SaveShow { show: show(OPEN, None), expected: None }),
        Operate::SaveShow(SaveShow { show: show(GATED, Some(RoomId(1))), expected: None }),
        Operate::AddSeats(ten_seats(OPEN, 1)),
        Operate::AddSeats(ten_seats(GATED, 11)),
        Operate::SaveTicketType(stock),
    ];
    let numbered = (1..).zip(operates);
    numbered.map(|(n, operate)| command(n, Actor::House, Action::Operate(operate))).collect()
}

fn show(id: ShowId, room: Option<RoomId>) -> Show {
    Show {
        id,
        concert: ConcertId(1),
        room,
        opens_at: Moment(1_000_000_000_000),
        closes_at: Moment(1_000_000_000_001),
        booking_opens_at: Moment(0),
        booking_closes_at: Moment::MAX,
        time_zone: "UTC".into(),
        currency: Currency::KRW,
        limits: Limits { hold_ms: HOLD_MS, ..Limits::default() },
    }
}

fn ten_seats(show: ShowId, first: u64) -> AddSeats {
    let block = SeatBlock {
        section: "A".into(),
        row: "1".into(),
        first_number: 1,
        count: 10,
        first_seat: SeatId(first),
    };
    AddSeats { show, blocks: vec![BlockOfSeats { block, price: Money(100) }] }
}
