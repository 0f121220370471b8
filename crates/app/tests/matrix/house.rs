//! A sale of a few seats and tickets on a slow store, and the instances that run it.

use crate::cells::Cell;
use crate::slow::Slow;
use admitone_app::TroubleKind;
use admitone_app::clock::{HandClock, SystemClock};
use admitone_app::delivery::{ChannelLimits, Direct, Router, RouterSetup};
use admitone_app::memory::MemoryStore;
use admitone_app::ports::delivery::{Delivery, Reply};
use admitone_app::ports::lock::NoLock;
use admitone_app::ports::store::Mode;
use admitone_app::settle::{SettleLimits, Settler};
use admitone_domain::command::operate::{
    AddSeats, BlockOfSeats, Operate, SaveConcert, SaveShow, SaveTicketType,
};
use admitone_domain::concert::Concert;
use admitone_domain::id::{ConcertId, SeatId, ShowId, TicketTypeId};
use admitone_domain::pass::Admission;
use admitone_domain::show::{Limits, SeatBlock, Show};
use admitone_domain::{
    Action, Actor, Answer, Command, CommandId, Currency, Fingerprint, Moment, Money,
};
use std::sync::Arc;
use tokio_util::task::TaskTracker;

pub(crate) const SHOW: ShowId = ShowId(1);
pub(crate) const STANDING: TicketTypeId = TicketTypeId(1);
pub(crate) const SEATS: u32 = 6;
pub(crate) const TICKETS: u32 = 8;

/// Enough for everybody to come to his turn: what is tested is whether it is right.
const LIMITS: SettleLimits = SettleLimits {
    tries_max: 2_000,
    lock_wait_ms: 60_000,
    lock_scope: admitone_app::lock::LockScope::Seat,
};

/// A sale that some instances run.
pub(crate) struct House {
    pub(crate) store: MemoryStore,
    pub(crate) instances: Vec<Arc<dyn Delivery>>,
}

impl House {
    pub(crate) async fn open(cell: &Cell, seed: u64) -> Self {
        let store = MemoryStore::new(Arc::new(HandClock::at(Moment(1_000))));
        fill(&store).await;
        let slow = Slow::before(&store, seed);
        let instance = |_| -> Arc<dyn Delivery> {
            let setup = RouterSetup {
                store: Arc::new(slow.clone()),
                // Locks of its own: another instance does not see them.
                locks: Vec::new(),
                clock: Arc::new(SystemClock::default()),
                taps: Vec::new(),
                limits: LIMITS,
                // Small, so that a writer has many batches to get wrong.
                channel: ChannelLimits { batch_max: 4, ..ChannelLimits::default() },
                tasks: TaskTracker::new(),
            };
            Arc::new(Router::start(&cell.map, setup).unwrap())
        };
        Self { store, instances: (0..cell.instances).map(instance).collect() }
    }
}

/// The answer to a command; all limits are so wide that there is one, but where the store
/// contradicts itself: that is harm, and none is the answer.
pub(crate) async fn submit(instance: &dyn Delivery, command: Command) -> Option<Answer> {
    match instance.submit(command).await {
        Ok(Reply::Answered { answer, .. }) => Some(answer.answer.clone()),
        Err(trouble) if trouble.kind == TroubleKind::Inconsistent => None,
        other => panic!("{other:?}"),
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

async fn fill(store: &MemoryStore) {
    let concert = Concert {
        id: ConcertId(1),
        title: "One".into(),
        category: "rock".into(),
        venue: String::new(),
        currency: Currency::KRW,
        first_at: Moment::MAX,
        last_at: Moment::MIN,
    };
    let show = Show {
        id: SHOW,
        concert: ConcertId(1),
        room: None,
        opens_at: Moment(1_000_000_000_000),
        closes_at: Moment(1_000_000_000_001),
        booking_opens_at: Moment(0),
        booking_closes_at: Moment::MAX,
        time_zone: "UTC".into(),
        currency: Currency::KRW,
        limits: Limits { hold_ms: 60_000, ..Limits::default() },
    };
    let block = SeatBlock {
        section: "A".into(),
        row: "1".into(),
        first_number: 1,
        count: SEATS,
        first_seat: SeatId(1),
    };
    let stock = SaveTicketType {
        id: STANDING,
        show: SHOW,
        name: "Standing".into(),
        price: Money(1),
        capacity: TICKETS,
        expected: None,
    };
    let operates = [
        Operate::SaveConcert(SaveConcert { concert, expected: None }),
        Operate::SaveShow(SaveShow { show, expected: None }),
        Operate::AddSeats(AddSeats {
            show: SHOW,
            blocks: vec![BlockOfSeats { block, price: Money(1) }],
        }),
        Operate::SaveTicketType(stock),
    ];
    let settler = Settler {
        store: Arc::new(store.clone()),
        lock: Arc::new(NoLock),
        mode: Mode::Optimistic,
        clock: Arc::new(SystemClock::default()),
        taps: Vec::new(),
        limits: LIMITS,
    };
    let direct = Direct::new(Arc::new(settler));
    for (number, operate) in (1_000_000..).zip(operates) {
        let saved = submit(&direct, command(number, Actor::House, Action::Operate(operate))).await;
        assert!(saved.as_ref().is_some_and(Result::is_ok), "{saved:?}");
    }
}
