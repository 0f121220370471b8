//! What the tests do with a store: commands, a show with seats, settlers.

use admitone_app::clock::HandClock;
use admitone_app::memory::MemoryStore;
use admitone_app::ports::delivery::Reply;
use admitone_app::ports::lock::NoLock;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::{Mode, Store};
use admitone_app::ports::tap::Tap;
use admitone_app::settle::{SettleLimits, Settler};
use admitone_domain::command::operate::{
    AddSeats, BlockOfSeats, Operate, SaveConcert, SaveShow, SaveTicketType,
};
use admitone_domain::command::{Charge, Choice, Hold};
use admitone_domain::concert::Concert;
use admitone_domain::id::{BuyerId, ConcertId, SeatId, ShowId, TicketTypeId};
use admitone_domain::pass::Admission;
use admitone_domain::seat::SeatState;
use admitone_domain::show::{Limits, SeatBlock, Show};
use admitone_domain::{
    Action, Actor, Answer, Command, CommandId, Currency, Fingerprint, Key, Moment, Money, Row,
};
use std::sync::Arc;

pub(crate) const SHOW: ShowId = ShowId(1);
pub(crate) const STANDING: TicketTypeId = TicketTypeId(1);
pub(crate) const HOLD_MS: u64 = 60_000;

/// A store with a clock that is moved by hand.
pub(crate) fn store() -> (MemoryStore, Arc<HandClock>) {
    let clock = Arc::new(HandClock::at(Moment(1_000)));
    (MemoryStore::new(clock.clone()), clock)
}

pub(crate) fn settler(store: impl Store + 'static, taps: Vec<Arc<dyn Tap>>) -> Settler {
    Settler {
        store: Arc::new(store),
        lock: Arc::new(NoLock),
        mode: Mode::Optimistic,
        clock: Arc::new(HandClock::at(Moment(1_000))),
        taps,
        limits: SettleLimits { tries_max: 3, ..SettleLimits::default() },
    }
}

/// A show with so many seats in a row and so many standing tickets.
pub(crate) async fn sale(store: &MemoryStore, seats: u32, tickets: u32) {
    let concert = Concert {
        id: ConcertId(1),
        title: "One".into(),
        category: "rock".into(),
        venue: String::new(),
        currency: Currency::KRW,
        first_at: Moment::MAX,
        last_at: Moment::MIN,
    };
    let block = SeatBlock {
        section: "A".into(),
        row: "1".into(),
        first_number: 1,
        count: seats,
        first_seat: SeatId(1),
    };
    let stock = SaveTicketType {
        id: STANDING,
        show: SHOW,
        name: "Standing".into(),
        price: Money(1),
        capacity: tickets,
        expected: None,
    };
    let blocks = vec![BlockOfSeats { block, price: Money(1) }];
    let operates = [
        Operate::SaveConcert(SaveConcert { concert, expected: None }),
        Operate::SaveShow(SaveShow { show: show(), expected: None }),
        Operate::AddSeats(AddSeats { show: SHOW, blocks }),
        Operate::SaveTicketType(stock),
    ];
    for (number, operate) in (1_000_000..).zip(operates) {
        let saved = command(number, Actor::House, Action::Operate(operate));
        assert!(settled(store, saved).await.is_ok());
    }
}

fn show() -> Show {
    Show {
        id: SHOW,
        concert: ConcertId(1),
        room: None,
        opens_at: Moment(1_000_000_000_000),
        closes_at: Moment(1_000_000_000_001),
        booking_opens_at: Moment(0),
        booking_closes_at: Moment::MAX,
        time_zone: "UTC".into(),
        currency: Currency::KRW,
        limits: Limits { hold_ms: HOLD_MS, ..Limits::default() },
    }
}

/// A command whose name and fresh number are the same.
pub(crate) fn command(number: u64, actor: Actor, action: Action) -> Command {
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

/// A charge of one, by a buyer of the same number.
pub(crate) fn charge(number: u64) -> Command {
    let charge = Charge { amount: Money(1), currency: Currency::KRW };
    command(number, Actor::Buyer(BuyerId(u128::from(number))), Action::Charge(charge))
}

pub(crate) fn hold(number: u64, seats: &[u64], tickets: u32) -> Command {
    let seats = seats.iter().copied().map(SeatId).collect();
    let tickets = if tickets == 0 { Vec::new() } else { vec![(STANDING, tickets)] };
    let hold = Hold { show: SHOW, choice: Choice::Items { seats, tickets } };
    command(number, Actor::Buyer(BuyerId(u128::from(number))), Action::Hold(hold))
}

/// The answer of a command that is settled alone.
pub(crate) async fn settled(store: &MemoryStore, command: Command) -> Answer {
    let reply = settler(store.clone(), Vec::new()).settle(vec![command]).await.remove(0);
    answer(reply.unwrap())
}

pub(crate) fn answer(reply: Reply) -> Answer {
    match reply {
        Reply::Answered { answer, .. } => answer.answer.clone(),
        Reply::KeyReused => panic!("no key was used twice"),
    }
}

pub(crate) async fn balance(store: &MemoryStore, buyer: u64) -> i64 {
    let key = Key::Wallet(BuyerId(u128::from(buyer)));
    match store.rows(&[key]).await.unwrap().remove(0).map(admitone_domain::Loaded::into_row) {
        Some(Row::Wallet(wallet)) => wallet.balance.0,
        Some(other) => panic!("{other:?}"),
        None => 0,
    }
}

pub(crate) async fn seat(store: &MemoryStore, id: u64) -> SeatState {
    match store.rows(&[Key::Seat(SeatId(id))]).await.unwrap().remove(0).unwrap().into_row() {
        Row::Seat(seat) => seat.state,
        other => panic!("{other:?}"),
    }
}
