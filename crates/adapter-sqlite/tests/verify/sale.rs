//! A sale in which everything happened once: holds that live, ended, were extended, released and
//! lapsed; payments from a wallet, in one step and in parts, from outside and under a pass; refunds, other seats, money
//! taken out, an account, a refusal.

use admitone_adapter_sqlite::{Options, SqliteStore};
use admitone_app::clock::HandClock;
use admitone_app::ports::delivery::Reply;
use admitone_app::ports::store::Mode;
use admitone_app::settle::Settler;
use admitone_conformance::sale::{
    self, HOLD_MS, STANDING, by, charge, command, concert, hold, operate, seats, standing,
};
use admitone_domain::command::gateway::{Gateway, Repaid, Repay, Said, Settle};
use admitone_domain::command::operate::{
    CloseAccount, OpenAccount, Operate, Reseat, SaveConcert, SaveRoom, SaveShow,
};
use admitone_domain::command::part::{Part, PutBack, Take};
use admitone_domain::command::{Cancel, Confirm, Extend, Pay, Refund, Release, Spend, Withdraw};
use admitone_domain::id::{BuyerId, PaymentId, ReservationId, RoomId, SeatId, ShowId};
use admitone_domain::party::Buyer;
use admitone_domain::pass::{Admission, PassKey};
use admitone_domain::show::Show;
use admitone_domain::{Action, Actor, Command, Currency, Moment, Money};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const OPEN: ShowId = ShowId(1);
const GATED: ShowId = ShowId(2);
const ANN: BuyerId = BuyerId(1);
const BOB: BuyerId = BuyerId(2);
const CARL: BuyerId = BuyerId(3);
const DORA: BuyerId = BuyerId(4);
const ERIN: BuyerId = BuyerId(5);
const FRED: BuyerId = BuyerId(6);
const GINA: BuyerId = BuyerId(7);
const HUGO: BuyerId = BuyerId(8);
const IDA: BuyerId = BuyerId(9);

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
        for happening in after_the_first_hold_ended().into_iter().chain(in_parts()).chain(leaving())
        {
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
        let settler = sale::settler(Arc::new(self.store.clone()), Mode::Plain);
        let settler = Settler { clock: self.clock.clone(), ..settler };
        settler.settle(vec![command]).await.remove(0).unwrap()
    }
}

/// Without guards: what is planted must reach the tables.
fn open(directory: &Path, clock: &Arc<HandClock>) -> SqliteStore {
    let options = Options { guards: false, ..Options::default() };
    SqliteStore::open(directory, clock.clone(), options).unwrap()
}

fn under_pass(place: u64, command: Command) -> Command {
    let key = PassKey { room: RoomId(1), epoch: 1, place };
    Command { admission: Admission::Pass { key, good_until: Moment::MAX }, ..command }
}

fn pay(number: u64, buyer: BuyerId, reservation: u64) -> Command {
    let pay = Pay { reservation: ReservationId(reservation), expected: None };
    by(number, buyer, Action::Pay(pay))
}

fn reseat(number: u64, reservation: u64, item: u32, seat: u64) -> Command {
    let (reservation, seat) = (ReservationId(reservation), SeatId(seat));
    operate(number, Operate::Reseat(Reseat { reservation, item, seat }))
}

fn before_the_first_hold_ends() -> Vec<Command> {
    let spend = Spend { amount: Money(50), currency: Currency::KRW };
    let cancel = Cancel { reservation: ReservationId(11), items: Some(vec![0]) };
    let refund = Refund { payment: PaymentId(14), amount: Some(Money(20)) };
    let release = Release { reservation: ReservationId(30) };
    let withdraw = Withdraw { buyer: ANN, amount: Money(30), currency: Currency::KRW };
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
        // Another seat, and back: what was answered in between names it still.
        reseat(16, 11, 1, 8),
        reseat(17, 11, 1, 2),
        reseat(23, 21, 0, 13),
        reseat(24, 21, 0, 11),
        command(18, Actor::House, Action::Withdraw(withdraw)),
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
        buyer: Buyer {
            id: ANN,
            name: "Ann".into(),
            created_at: Moment(0),
            disabled: false,
            password: None,
        },
    };
    vec![
        hold(33, DORA, OPEN, &[5], 0),
        by(40, ERIN, Action::Confirm(confirm)),
        hold(41, ERIN, OPEN, &[4], 1),
        by(42, ERIN, Action::Extend(extend)),
        command(43, Actor::House, Action::Operate(Operate::OpenAccount(account))),
    ]
}

/// A payment whose wallet is asked in steps of its own, and one of its tickets given back so.
fn in_parts() -> Vec<Command> {
    let (payment, currency) = (PaymentId(62), Currency::KRW);
    let house = |number, action| command(number, Actor::House, action);
    let cancel = Cancel { reservation: ReservationId(61), items: Some(vec![0]) };
    let take = Take { payment, buyer: GINA, amount: Money(200), currency };
    let settle = Settle { payment, show: Some(OPEN), said: Said::Approved };
    let back =
        PutBack { payment, number: 0, buyer: GINA, amount: Money(100), currency, was_taken: true };
    let repay = Repay { payment, number: 0, repaid: Repaid::Done };
    let apart = |whole: Command| Command { action: whole.action.clone().apart(1), ..whole };
    vec![
        charge(60, GINA, 300),
        hold(61, GINA, OPEN, &[6, 7], 0),
        apart(pay(62, GINA, 61)),
        house(63, Action::Part(Part::Take(take))),
        house(64, Action::Gateway(Gateway::Settle(settle))),
        apart(by(65, GINA, Action::Cancel(cancel))),
        house(66, Action::Part(Part::PutBack(back))),
        house(67, Action::Gateway(Gateway::Repay(repay))),
    ]
}

/// Two close their accounts: one who used up what he had, and one who never had anything.
fn leaving() -> Vec<Command> {
    let spend = Spend { amount: Money(10), currency: Currency::KRW };
    let close = |number, buyer| {
        let close = Operate::CloseAccount(CloseAccount { buyer, payments: Vec::new() });
        by(number, buyer, Action::Operate(close))
    };
    let spend = by(71, HUGO, Action::Spend(spend));
    vec![charge(70, HUGO, 10), spend, close(72, HUGO), close(73, IDA)]
}

fn programme() -> Vec<Command> {
    let room =
        SaveRoom { id: RoomId(1), name: "Door".into(), settings: "{}".into(), expected: None };
    let show = |id, room| {
        let show = Show { room, ..sale::show(id) };
        Operate::SaveShow(SaveShow { show, expected: None })
    };
    let operates = [
        Operate::SaveConcert(SaveConcert { concert: concert(), expected: None }),
        Operate::SaveRoom(room),
        show(OPEN, None),
        show(GATED, Some(RoomId(1))),
        seats(OPEN, 1, 10, 100),
        seats(GATED, 11, 10, 100),
        standing(OPEN, 10, 100),
    ];
    (1..).zip(operates).map(|(number, what)| operate(number, what)).collect()
}
