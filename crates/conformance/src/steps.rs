//! What the cases do with a store: commands, programmes, transactions by hand.

use crate::Fresh;
use admitone_app::Trouble;
use admitone_app::ports::delivery::Reply;
use admitone_app::ports::lock::NoLock;
use admitone_app::ports::store::{Fences, Mode, Store, Transaction, Wanted};
use admitone_app::settle::{SettleLimits, Settler};
use admitone_domain::command::operate::{Operate, SaveConcert, SaveShow, SaveTicketType};
use admitone_domain::command::{Charge, Choice, Hold};
use admitone_domain::concert::Concert;
use admitone_domain::id::{BuyerId, ConcertId, ShowId, TicketTypeId};
use admitone_domain::pass::Admission;
use admitone_domain::show::{Limits, Show};
use admitone_domain::{
    Action, Actor, Answer, Command, CommandId, Currency, Fingerprint, Key, Moment, Money, Row,
    Rows, StoredAnswer, Verdict, decide,
};
use std::sync::Arc;

pub(crate) const SHOW: ShowId = ShowId(1);
pub(crate) const STANDING: TicketTypeId = TicketTypeId(1);
pub(crate) const ANN: BuyerId = BuyerId(1);
pub(crate) const BOB: BuyerId = BuyerId(2);
pub(crate) const HOLD_MS: u64 = 60_000;

/// A command whose id and fresh number are the same.
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

pub(crate) fn charge(number: u64, buyer: BuyerId, amount: i64) -> Command {
    let charge = Charge { amount: Money(amount), currency: Currency::KRW };
    command(number, Actor::Buyer(buyer), Action::Charge(charge))
}

pub(crate) fn hold(number: u64, buyer: BuyerId, count: u32) -> Command {
    let choice = Choice::Items { seats: vec![], tickets: vec![(STANDING, count)] };
    command(number, Actor::Buyer(buyer), Action::Hold(Hold { show: SHOW, choice }))
}

pub(crate) fn concert(id: u64, title: &str, category: &str, first_at: Moment) -> Concert {
    Concert {
        id: ConcertId(id),
        title: title.to_owned(),
        category: category.to_owned(),
        venue: String::new(),
        currency: Currency::KRW,
        first_at,
        last_at: first_at,
    }
}

/// A concert and a show on its date.
pub(crate) fn programme(id: u64, title: &str, category: &str, opens_at: Moment) -> Vec<Command> {
    let concert = concert(id, title, category, Moment::MAX);
    let show = Show {
        id: ShowId(id),
        concert: ConcertId(id),
        room: None,
        opens_at,
        closes_at: opens_at.plus_ms(1),
        booking_opens_at: Moment(0),
        booking_closes_at: Moment::MAX,
        time_zone: "UTC".to_owned(),
        currency: Currency::KRW,
        limits: Limits { hold_ms: HOLD_MS, ..Limits::default() },
    };
    let save = |number, operate| command(number, Actor::House, Action::Operate(operate));
    vec![
        save(9_000 + id, Operate::SaveConcert(SaveConcert { concert, expected: None })),
        save(9_500 + id, Operate::SaveShow(SaveShow { show, expected: None })),
    ]
}

/// A show with so many standing tickets.
pub(crate) async fn sale(fresh: &Fresh, mode: Mode, capacity: u32) {
    let stock = SaveTicketType {
        id: STANDING,
        show: SHOW,
        name: "Standing".to_owned(),
        price: Money(100),
        capacity,
        expected: None,
    };
    let stock = Action::Operate(Operate::SaveTicketType(stock));
    let mut commands = programme(1, "One", "rock", Moment(1_000_000_000_000));
    commands.push(command(9_999, Actor::House, stock));
    for command in commands {
        settle(fresh, mode, vec![command]).await[0].as_ref().unwrap_or_else(|e| panic!("{e:?}"));
    }
}

pub(crate) fn settler(fresh: &Fresh, mode: Mode) -> Settler {
    Settler {
        store: Arc::clone(&fresh.store),
        lock: Arc::new(NoLock),
        mode,
        clock: fresh.clock.clone(),
        taps: Vec::new(),
        limits: SettleLimits { tries_max: 1_000, ..SettleLimits::default() },
    }
}

/// Settles a batch; the answers.
pub(crate) async fn settle(fresh: &Fresh, mode: Mode, batch: Vec<Command>) -> Vec<Answer> {
    let replies = settler(fresh, mode).settle(batch).await;
    replies.into_iter().map(|reply| answered(reply).answer).collect()
}

pub(crate) fn answered(reply: Result<Reply, Trouble>) -> StoredAnswer {
    match reply {
        Ok(Reply::Answered { answer, .. }) => Arc::unwrap_or_clone(answer),
        other => panic!("{other:?}"),
    }
}

/// A transaction that has loaded and decided, and not saved yet.
pub(crate) struct Open {
    transaction: Box<dyn Transaction>,
    pub(crate) verdict: Verdict,
}

impl Open {
    /// Begins, loads and decides.
    pub(crate) async fn begin(
        store: &dyn Store,
        mode: Mode,
        fences: &Fences,
        batch: &[Command],
    ) -> Self {
        let mut transaction = store.begin(mode, fences).await.unwrap_or_else(|e| panic!("{e}"));
        let mut rows = Rows::default();
        loop {
            let mut keys = Vec::new();
            for command in batch {
                command.keys(&rows, &mut keys);
            }
            keys.retain(|key| !rows.has(*key));
            if keys.is_empty() {
                break;
            }
            keys.sort_unstable();
            keys.dedup();
            let wanted = Wanted { keys, ..Wanted::default() };
            transaction.load(&wanted, &mut rows).await.unwrap_or_else(|e| panic!("{e}"));
        }
        Self { transaction, verdict: decide(&rows, batch) }
    }

    /// Saves and commits.
    pub(crate) async fn finish(mut self) -> Result<(), Trouble> {
        let verdict = Arc::new(self.verdict);
        self.transaction.save(&verdict).await?;
        self.transaction.commit().await
    }
}

pub(crate) async fn balance(fresh: &Fresh, buyer: BuyerId) -> i64 {
    match row(fresh, Key::Wallet(buyer)).await {
        Some(Row::Wallet(wallet)) => wallet.balance.0,
        _ => 0,
    }
}

pub(crate) async fn row(fresh: &Fresh, key: Key) -> Option<Row> {
    let rows = fresh.reads.rows(&[key]).await.unwrap_or_else(|e| panic!("{e}"));
    rows.into_iter().next().flatten().map(admitone_domain::Loaded::into_row)
}
