//! Follows what other instances commit, for whoever follows commits inside this process: boards,
//! rooms, parties.
//!
//! Each instance reads the outbox by itself; there is no leader, and what one has read is no
//! concern of another. Events are thin, so the rows they are about are read as they are now, and
//! whoever follows takes a row over only if it is newer than what it knows. Own commits come by
//! here a second time: where several instances add to one row, what an instance believes the row
//! to be after its own commit may be wrong, and what is read is not.

mod position;
mod ringer;

use crate::Trouble;
use crate::ports::bell::{Bell, NoBell};
use crate::ports::clock::Clock;
use crate::ports::outbox::Outbox;
use crate::ports::reads::Reads;
use crate::ports::tap::Tap;
use admitone_domain::reservation::Ware;
use admitone_domain::show::SeatBlock;
use admitone_domain::{Change, Delta, Event, Guard, Happening, Key, Loaded, Row, Verdict};
pub(crate) use position::Position;
pub use ringer::Ringer;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Whoever is told by this is told so late at most, while the store answers: what a lost hint costs.
const PAUSE_MS: u64 = 100;
/// However often others ring, it is looked no more often than this.
const REST_MS: u64 = 20;
/// So many events are read at once.
const AT_ONCE_MAX: usize = 2_048;

/// Follows the outbox of a store.
pub struct Follower {
    outbox: Arc<dyn Outbox>,
    position: Position,
    reads: Arc<dyn Reads>,
    taps: Vec<Arc<dyn Tap>>,
    clock: Arc<dyn Clock>,
    bell: Arc<dyn Bell>,
}

impl Follower {
    /// Begins at the present end. To be called before anything is loaded that shall be kept up to
    /// date: what commits after this is told.
    pub async fn begin(outbox: Arc<dyn Outbox>) -> Result<Start, Trouble> {
        Ok(Start { position: outbox.end().await?.into(), outbox })
    }

    /// The same, looking at once when this bell is heard.
    #[must_use]
    pub fn woken_by(self, bell: Arc<dyn Bell>) -> Self {
        Self { bell, ..self }
    }

    /// Follows until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let (bell, clock) = (Arc::clone(&self.bell), Arc::clone(&self.clock));
        while !stop.is_cancelled() {
            match self.round().await {
                Ok(AT_ONCE_MAX..) => continue,
                Ok(_) => {}
                Err(trouble) => tracing::warn!(%trouble, "cannot see what others commit"),
            }
            let waiting = async {
                clock.sleep_ms(REST_MS).await;
                tokio::select! {
                    () = bell.heard() => "hint",
                    () = clock.sleep_ms(PAUSE_MS - REST_MS) => "time",
                }
            };
            if let Some(why) = stop.run_until_cancelled(waiting).await {
                metrics::counter!("admitone_follower_looks_total", "woken_by" => why).increment(1);
            }
        }
    }

    /// Tells of what is new; how many events that were. What could not be told is told next time.
    pub async fn round(&mut self) -> Result<usize, Trouble> {
        let Position { newest, gaps } = &self.position;
        let news = self.outbox.news(*newest, gaps, AT_ONCE_MAX).await?;
        if !news.events.is_empty() {
            let events: Vec<Event> = news.events.iter().map(|(_, event)| event.clone()).collect();
            let rows = rows_about(&*self.reads, &events).await?;
            let changes = rows.into_iter().map(change).collect();
            let verdict = Arc::new(Verdict { changes, events, ..Verdict::default() });
            self.taps.iter().for_each(|tap| tap.committed(&verdict));
        }
        self.position.pass(&news);
        Ok(news.events.len())
    }
}

/// The rows that events are about, as they are now. Seats come before the plan that names them.
pub(crate) async fn rows_about(
    reads: &dyn Reads,
    events: &[Event],
) -> Result<Vec<Loaded>, Trouble> {
    let about: BTreeSet<Key> = events.iter().map(|event| event.aggregate).collect();
    let about: Vec<Key> = about.into_iter().filter(is_followed).collect();
    let found = rows(reads, &about).await?;
    let named = found.iter().flat_map(|loaded| wares(&loaded.row));
    let wares: BTreeSet<Key> = named.chain(events.iter().filter_map(left)).collect();
    let wares: Vec<Key> = wares.into_iter().collect();
    let wares = rows(reads, &wares).await?;
    Ok(wares.into_iter().chain(found).collect())
}

async fn rows(reads: &dyn Reads, keys: &[Key]) -> Result<Vec<Loaded>, Trouble> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    Ok(reads.rows(keys).await?.into_iter().flatten().collect())
}

/// Where a follower begins.
pub struct Start {
    outbox: Arc<dyn Outbox>,
    position: Position,
}

impl Start {
    /// The follower, once there is somebody to be told.
    pub fn follow(
        self,
        reads: Arc<dyn Reads>,
        taps: Vec<Arc<dyn Tap>>,
        clock: Arc<dyn Clock>,
    ) -> Follower {
        let Self { outbox, position } = self;
        Follower { outbox, position, reads, taps, clock, bell: Arc::new(NoBell) }
    }
}

/// Whether anybody keeps rows of this kind in memory, or finds those that are kept by them.
fn is_followed(key: &Key) -> bool {
    match key {
        Key::Concert(_)
        | Key::Show(_)
        | Key::Plan(_)
        | Key::Room(_)
        | Key::Operator(_)
        | Key::Buyer(_)
        | Key::Reservation(_)
        | Key::TicketType(_)
        | Key::Seat(_) => true,
        Key::Payment(_) | Key::Pass(_) | Key::Quota(..) | Key::Wallet(_) => false,
    }
}

/// What changes with a row, without an event of its own.
fn wares(row: &Row) -> Vec<Key> {
    match row {
        Row::Reservation(reservation) => reservation
            .items
            .iter()
            .map(|item| match item.what {
                Ware::Seat(seat) => Key::Seat(seat),
                Ware::Ticket(ticket_type) => Key::TicketType(ticket_type),
            })
            .collect(),
        Row::Plan(_, plan) => {
            plan.blocks.iter().flat_map(SeatBlock::seats).map(Key::Seat).collect()
        }
        _ => Vec::new(),
    }
}

/// What changed with a row that does not name it any more.
fn left(event: &Event) -> Option<Key> {
    match &event.what {
        Happening::Reseated { from, .. } => Some(Key::Seat(*from)),
        _ => None,
    }
}

/// A row as if it had been changed to what it is.
fn change(loaded: Loaded) -> Change {
    let Loaded { version, row } = loaded;
    let seen = version.saturating_sub(1);
    Change { seen, guard: Guard::Unchanged, delta: Delta::Whole, row }
}
