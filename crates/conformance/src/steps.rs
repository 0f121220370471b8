//! What the cases do with a store: commands, programmes, transactions by hand.

use crate::Fresh;
use crate::sale::{self, operate, standing};
pub(crate) use crate::sale::{HOLD_MS, SHOW, STANDING, charge, command};
use admitone_app::Trouble;
use admitone_app::ports::delivery::Reply;
use admitone_app::ports::store::{Fences, Mode, Store, Transaction, Wanted};
use admitone_app::settle::{SettleLimits, Settler};
use admitone_domain::command::operate::{Operate, SaveConcert, SaveShow};
use admitone_domain::concert::Concert;
use admitone_domain::id::{BuyerId, ConcertId, ShowId};
use admitone_domain::show::Show;
use admitone_domain::{Answer, Command, Key, Moment, Row, Rows, StoredAnswer, Verdict, decide};
use std::sync::Arc;

pub(crate) const ANN: BuyerId = BuyerId(1);
pub(crate) const BOB: BuyerId = BuyerId(2);

pub(crate) fn hold(number: u64, buyer: BuyerId, count: u32) -> Command {
    sale::hold(number, buyer, SHOW, &[], count)
}

pub(crate) fn concert(id: u64, title: &str, category: &str, first_at: Moment) -> Concert {
    let (title, category) = (title.to_owned(), category.to_owned());
    Concert { id: ConcertId(id), title, category, first_at, last_at: first_at, ..sale::concert() }
}

/// A concert and a show on its date.
pub(crate) fn programme(id: u64, title: &str, category: &str, opens_at: Moment) -> Vec<Command> {
    let concert = concert(id, title, category, Moment::MAX);
    vec![
        operate(9_000 + id, Operate::SaveConcert(SaveConcert { concert, expected: None })),
        show(id, id, opens_at),
    ]
}

/// A show of a concert.
pub(crate) fn show(id: u64, concert: u64, opens_at: Moment) -> Command {
    let concert = ConcertId(concert);
    let closes_at = opens_at.plus_ms(1);
    let show = Show { concert, opens_at, closes_at, ..sale::show(ShowId(id)) };
    operate(9_500 + id, Operate::SaveShow(SaveShow { show, expected: None }))
}

/// A show with so many standing tickets.
pub(crate) async fn sale(fresh: &Fresh, mode: Mode, capacity: u32) {
    let mut commands = programme(1, "One", "rock", Moment(1_000_000_000_000));
    commands.push(operate(9_999, standing(SHOW, capacity, 100)));
    for command in commands {
        settle(fresh, mode, vec![command]).await[0].as_ref().unwrap_or_else(|e| panic!("{e:?}"));
    }
}

pub(crate) fn settler(fresh: &Fresh, mode: Mode) -> Settler {
    Settler {
        clock: fresh.clock.clone(),
        limits: SettleLimits { tries_max: 1_000, ..SettleLimits::default() },
        ..sale::settler(Arc::clone(&fresh.store), mode)
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
    sale::balance(&*fresh.reads, buyer).await
}

pub(crate) async fn row(fresh: &Fresh, key: Key) -> Option<Row> {
    let rows = fresh.reads.rows(&[key]).await.unwrap_or_else(|e| panic!("{e}"));
    rows.into_iter().next().flatten().map(admitone_domain::Loaded::into_row)
}
