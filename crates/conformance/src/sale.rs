//! A small sale: a concert, its show, seats in a row, standing tickets; and commands to it.

use admitone_app::Trouble;
use admitone_app::clock::HandClock;
use admitone_app::ports::delivery::Reply;
use admitone_app::ports::lock::NoLock;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::{Mode, Store};
use admitone_app::settle::{SettleLimits, Settler};
use admitone_domain::command::gateway::{Gateway, Said, Settle};
use admitone_domain::command::operate::{
    AddSeats, BlockOfSeats, Operate, SaveConcert, SaveShow, SaveTicketType,
};
use admitone_domain::command::part::Take;
use admitone_domain::command::{Charge, Choice, Hold, Part, Pay};
use admitone_domain::concert::Concert;
use admitone_domain::id::{
    BuyerId, ConcertId, PaymentId, ReservationId, SeatId, ShowId, TicketTypeId,
};
use admitone_domain::pass::Admission;
use admitone_domain::show::{Limits, SeatBlock, Show};
use admitone_domain::{
    Action, Actor, Answer, Command, CommandId, Currency, Fingerprint, Key, Loaded, Moment, Money,
    Row,
};
use std::sync::Arc;

/// The show.
pub const SHOW: ShowId = ShowId(1);
/// Its standing tickets.
pub const STANDING: TicketTypeId = TicketTypeId(1);
/// So long a hold is good.
pub const HOLD_MS: u64 = 60_000;
/// When tests begin, where their clock is moved by hand.
pub const NOW: Moment = Moment(1_000);

/// A command whose name and fresh number are the same.
pub fn command(number: u64, actor: Actor, action: Action) -> Command {
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

/// A command of a buyer.
pub fn by(number: u64, buyer: BuyerId, action: Action) -> Command {
    command(number, Actor::Buyer(buyer), action)
}

/// A command of whoever runs the house.
pub fn operate(number: u64, operate: Operate) -> Command {
    command(number, Actor::House, Action::Operate(operate))
}

/// Puts money into a buyer's wallet.
pub fn charge(number: u64, buyer: BuyerId, amount: i64) -> Command {
    let charge = Charge { amount: Money(amount), currency: Currency::KRW };
    by(number, buyer, Action::Charge(charge))
}

/// Keeps seats and standing tickets of a show for a buyer.
pub fn hold(number: u64, buyer: BuyerId, show: ShowId, seats: &[u64], tickets: u32) -> Command {
    let seats = seats.iter().copied().map(SeatId).collect();
    let tickets = if tickets == 0 { Vec::new() } else { vec![(STANDING, tickets)] };
    by(number, buyer, Action::Hold(Hold { show, choice: Choice::Items { seats, tickets } }))
}

/// A concert without dates.
pub fn concert() -> Concert {
    Concert {
        id: ConcertId(1),
        title: "One".into(),
        category: "rock".into(),
        venue: String::new(),
        currency: Currency::KRW,
        first_at: Moment::MAX,
        last_at: Moment::MIN,
    }
}

/// A show of the concert that is on sale for ever.
pub fn show(id: ShowId) -> Show {
    Show {
        id,
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

/// So many seats in a row.
pub fn row_of_seats(first: u64, count: u32) -> SeatBlock {
    SeatBlock {
        section: "A".into(),
        row: "1".into(),
        first_number: 1,
        count,
        first_seat: SeatId(first),
    }
}

/// Adds seats in a row to a show.
pub fn seats(show: ShowId, first: u64, count: u32, price: i64) -> Operate {
    let block = BlockOfSeats { block: row_of_seats(first, count), price: Money(price) };
    Operate::AddSeats(AddSeats { show, blocks: vec![block] })
}

/// Makes so many standing tickets of a show.
pub fn standing(show: ShowId, capacity: u32, price: i64) -> Operate {
    Operate::SaveTicketType(SaveTicketType {
        id: STANDING,
        show,
        name: "Standing".into(),
        price: Money(price),
        capacity,
        expected: None,
    })
}

/// The commands that make the sale: a show with so many seats and standing tickets, for one each.
pub fn programme(seats_count: u32, tickets: u32) -> impl Iterator<Item = Command> {
    let operates = [
        Operate::SaveConcert(SaveConcert { concert: concert(), expected: None }),
        Operate::SaveShow(SaveShow { show: show(SHOW), expected: None }),
        seats(SHOW, 1, seats_count, 1),
        standing(SHOW, tickets, 1),
    ];
    (1_000_000..).zip(operates).map(|(number, what)| operate(number, what))
}

/// What a payment of one seat in parts comes to, from the wallet to what is said of it. The payment has
/// the number 12, and its reservation 11.
pub fn in_parts(said: Said) -> impl Iterator<Item = Command> {
    let (buyer, payment) = (BuyerId(1), PaymentId(12));
    let pay = Pay { reservation: ReservationId(11), expected: None };
    let take = Take { payment, buyer, amount: Money(1), currency: Currency::KRW };
    let settle = Settle { payment, show: Some(SHOW), said };
    let house = |number, action| command(number, Actor::House, action);
    [
        charge(10, buyer, 5),
        hold(11, buyer, SHOW, &[1], 0),
        by(12, buyer, Action::Pay(pay).apart(10_000)),
        house(13, Action::Part(Part::Take(take))),
        house(14, Action::Gateway(Gateway::Settle(settle))),
    ]
    .into_iter()
}

/// Who settles on a store in a mode, without a lock and without anybody to be told.
pub fn settler(store: Arc<dyn Store>, mode: Mode) -> Settler {
    Settler {
        store,
        lock: Arc::new(NoLock),
        mode,
        clock: Arc::new(HandClock::at(NOW)),
        taps: Vec::new(),
        limits: SettleLimits::default(),
    }
}

/// The answer in a reply.
///
/// # Panics
/// Panics if there is none.
pub fn answer(reply: Result<Reply, Trouble>) -> Answer {
    match reply {
        Ok(Reply::Answered { answer, .. }) => answer.answer.clone(),
        other => panic!("{other:?}"),
    }
}

/// What a buyer has.
///
/// # Panics
/// Panics if nobody can say.
pub async fn balance(reads: &dyn Reads, buyer: BuyerId) -> i64 {
    let found = reads.rows(&[Key::Wallet(buyer)]).await;
    let found = found.unwrap_or_else(|trouble| panic!("{trouble}")).pop().flatten();
    match found.map(Loaded::into_row) {
        Some(Row::Wallet(wallet)) => wallet.balance.0,
        None => 0,
        other => panic!("{other:?}"),
    }
}
