//! Lists that everybody asks for, read through a cache that instances share: concerts, and the
//! shows of one. Whoever changes them has the cache dropped before he is answered, so he sees what
//! he was answered; what an instance did not drop because it died is old for as long as a value is
//! kept. Rows, and what belongs to one buyer, are never cached.

use crate::Trouble;
use crate::board;
use crate::cached::{CachedReads, Topic};
use crate::ports::cache::Cache;
use crate::ports::delivery::{Delivery, Reply};
use crate::ports::reads::{self, Asking, ConcertFilter, Page, Reads};
use crate::ports::tap::Tap;
use admitone_domain::command::operate::Operate;
use admitone_domain::concert::Concert;
use admitone_domain::id::{BuyerId, ConcertId, ReservationId, ShowId};
use admitone_domain::party::Operator;
use admitone_domain::payment::Payment;
use admitone_domain::reservation::Reservation;
use admitone_domain::show::Show;
use admitone_domain::ticket_type::TicketType;
use admitone_domain::wallet::Entry;
use admitone_domain::{
    Action, Change, Command, CommandId, Key, Loaded, Row, StoredAnswer, Verdict,
};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// All lists are one topic: operators change one seldom, and all is read anew after it.
const TOPIC: Topic = Topic { name: "lists", format: 1 };

/// Which turn the lists are in, as far as this instance has heard: whatever was made of them in
/// an earlier one may be old. Told of commits, its own and those of others.
#[derive(Debug, Default)]
pub struct Turn(AtomicU64);

impl Turn {
    /// The turn.
    pub fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Something changed.
    pub fn next(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Tap for Turn {
    fn committed(&self, verdict: &Arc<Verdict>) {
        let is_listed = |change: &Change| matches!(&*change.row, Row::Concert(_) | Row::Show(_));
        if verdict.changes.iter().any(is_listed) {
            self.next();
        }
    }
}

/// Reads with cached lists.
pub struct CachedLists {
    reads: Arc<dyn Reads>,
    cached: CachedReads,
}

impl CachedLists {
    /// Reads lists through this cache, and everything else as it is.
    pub fn new(reads: Arc<dyn Reads>, cache: Arc<dyn Cache>) -> Self {
        Self { reads, cached: CachedReads::new(cache) }
    }
}

#[async_trait]
impl Reads for CachedLists {
    async fn rows(&self, keys: &[Key]) -> Result<Vec<Option<Loaded>>, Trouble> {
        self.reads.rows(keys).await
    }

    async fn answer(&self, id: CommandId) -> Result<Option<Arc<StoredAnswer>>, Trouble> {
        self.reads.answer(id).await
    }

    async fn answers(&self, ids: &[CommandId]) -> Result<Vec<Arc<StoredAnswer>>, Trouble> {
        self.reads.answers(ids).await
    }

    async fn concerts(&self, filter: &ConcertFilter) -> Result<Vec<Concert>, Trouble> {
        let name = format!("{filter:?}");
        self.cached.read(TOPIC, &name, || self.reads.concerts(filter)).await
    }

    async fn shows(&self, concert: Option<ConcertId>) -> Result<Vec<Show>, Trouble> {
        let name = format!("{concert:?}");
        self.cached.read(TOPIC, &name, || self.reads.shows(concert)).await
    }

    async fn ticket_types(&self, show: ShowId) -> Result<Vec<TicketType>, Trouble> {
        self.reads.ticket_types(show).await
    }

    async fn reservations(
        &self,
        of: Option<BuyerId>,
        page: Page,
    ) -> Result<Vec<Reservation>, Trouble> {
        self.reads.reservations(of, page).await
    }

    async fn payments(&self, of: BuyerId, page: Page) -> Result<Vec<Payment>, Trouble> {
        self.reads.payments(of, page).await
    }

    async fn open_payments(
        &self,
        asking: Asking,
        after: Option<reads::Turn>,
        limit: usize,
    ) -> Result<Vec<Payment>, Trouble> {
        self.reads.open_payments(asking, after, limit).await
    }

    async fn entries(&self, of: BuyerId, page: Page) -> Result<Vec<Entry>, Trouble> {
        self.reads.entries(of, page).await
    }

    async fn operators(&self) -> Result<Vec<Operator>, Trouble> {
        self.reads.operators().await
    }

    async fn rooms(&self) -> Result<Vec<Loaded>, Trouble> {
        self.reads.rooms().await
    }

    async fn due(&self, limit: usize) -> Result<Vec<ReservationId>, Trouble> {
        self.reads.due(limit).await
    }
}

/// Has the lists, and the copies of boards, dropped when an operator changed something, before that
/// is answered.
pub struct DropsLists {
    /// Brings the commands.
    pub delivery: Arc<dyn Delivery>,
    /// Where they are.
    pub cache: Arc<dyn Cache>,
    /// What was made of them between the commit and this is old too.
    pub turn: Arc<Turn>,
}

/// The topic that a command makes old. What a crowd does makes none old: it would be read anew
/// all the time.
fn changed_by(action: &Action) -> Option<Topic> {
    match action {
        Action::Operate(Operate::SaveConcert(_) | Operate::SaveShow(_) | Operate::MoveShow(_)) => {
            Some(TOPIC)
        }
        Action::Operate(
            Operate::AddSeats(_)
            | Operate::SaveSeats(_)
            | Operate::DescribeSeats(_)
            | Operate::SaveTicketType(_),
        ) => Some(board::COPIES),
        _ => None,
    }
}

#[async_trait]
impl Delivery for DropsLists {
    async fn submit(&self, command: Command) -> Result<Reply, Trouble> {
        let changed = changed_by(&command.action);
        let replied = self.delivery.submit(command).await;
        // Also when it is not known what came of it.
        if let Some(topic) = changed
            && let Err(trouble) = self.cache.drop_topic(topic.name).await
        {
            tracing::warn!(%trouble, topic = topic.name, "what is cached is old until its time is over");
        }
        if changed == Some(TOPIC) {
            self.turn.next();
        }
        replied
    }

    /// What makes lists old is waited for all the same: dropped before, they would be made again as
    /// they were.
    async fn hand_over(&self, command: Command) -> Result<Reply, Trouble> {
        if changed_by(&command.action).is_some() {
            return self.submit(command).await;
        }
        self.delivery.hand_over(command).await
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.delivery.check().await
    }

    async fn ended(&self) {
        self.delivery.ended().await;
    }

    fn waiting(&self) -> usize {
        self.delivery.waiting()
    }
}
