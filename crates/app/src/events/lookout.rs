//! Sees for all roads of an instance what is new in the outbox: in which lanes, and up to where
//! nothing can appear any more.

use super::{LANES, lane};
use crate::Trouble;
use crate::follower::Position;
use crate::ports::clock::Clock;
use crate::ports::outbox::Outbox;
use crate::ports::tap::Tap;
use admitone_domain::Verdict;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What others commit is seen so late at most.
const PAUSE_MS: u64 = 100;
/// However often something is committed, it is looked no more often than this.
const REST_MS: u64 = 20;
/// So many events are looked at at once.
const AT_ONCE_MAX: usize = 2_048;

/// Looks at the outbox of a store.
pub struct Lookout {
    outbox: Arc<dyn Outbox>,
    clock: Arc<dyn Clock>,
    position: tokio::sync::Mutex<Position>,
    sights: Mutex<Vec<Weak<Sight>>>,
    has_news: Notify,
    /// Somebody wants to be shown something.
    is_wanted: Notify,
    /// Whether somebody else may commit too, so that it must look without being told.
    is_shared: bool,
}

/// What one road was shown and has not looked at yet.
pub struct Sight {
    seen: Mutex<Seen>,
    changed: Notify,
    is_closed: AtomicBool,
}

/// What is new for a road.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// A bit for each lane in which something is new.
    pub(super) new: u64,
    /// A bit for each lane in which something has appeared behind what was there.
    pub(super) late: u64,
    /// Every number up to here is visible, or never will be.
    pub(super) horizon: u64,
}

impl Lookout {
    /// Begins at the present end of an outbox.
    pub async fn begin(
        outbox: Arc<dyn Outbox>,
        clock: Arc<dyn Clock>,
        is_shared: bool,
    ) -> Result<Self, Trouble> {
        let position = tokio::sync::Mutex::new(outbox.end().await?.into());
        let (has_news, is_wanted) = (Notify::new(), Notify::new());
        Ok(Self {
            outbox,
            clock,
            position,
            sights: Mutex::default(),
            has_news,
            is_wanted,
            is_shared,
        })
    }

    /// What a new road sees: at first, everything there is in every lane.
    pub async fn sight(&self) -> Result<Arc<Sight>, Trouble> {
        // While this is held nothing is shown that the new road would miss.
        let mut position = self.position.lock().await;
        if !self.has_sights() {
            // Nobody looked for a while: what was told meanwhile is among everything there is.
            *position = self.outbox.end().await?.into();
        }
        let seen = Seen { new: u64::MAX, late: 0, horizon: position.horizon() };
        let (changed, is_closed) = (Notify::new(), AtomicBool::new(false));
        let sight = Arc::new(Sight { seen: Mutex::new(seen), changed, is_closed });
        self.sights().push(Arc::downgrade(&sight));
        self.is_wanted.notify_one();
        Ok(sight)
    }

    /// Looks until `stop`, while there is anybody to be shown something.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if !self.has_sights() {
                stop.run_until_cancelled(self.is_wanted.notified()).await;
                continue;
            }
            match self.look().await {
                Ok(AT_ONCE_MAX..) => continue,
                Ok(_) => {}
                Err(trouble) => tracing::warn!(%trouble, "cannot see which events are to leave"),
            }
            let waiting = async {
                self.clock.sleep_ms(REST_MS).await;
                if self.is_shared || self.is_watching().await {
                    tokio::select! {
                        () = self.has_news.notified() => {}
                        () = self.clock.sleep_ms(PAUSE_MS - REST_MS) => {}
                    }
                } else {
                    self.has_news.notified().await;
                }
            };
            stop.run_until_cancelled(waiting).await;
        }
        self.each(|sight| {
            sight.is_closed.store(true, Ordering::Release);
            sight.changed.notify_one();
        });
    }

    /// Looks once; how many events were new.
    pub async fn look(&self) -> Result<usize, Trouble> {
        let mut position = self.position.lock().await;
        let news = self.outbox.news(position.newest, &position.gaps, AT_ONCE_MAX).await?;
        let (mut new, mut late) = (0, 0);
        for (number, event) in &news.events {
            let bit = 1_u64 << lane(event.aggregate);
            if *number <= position.newest {
                late |= bit;
            }
            new |= bit;
        }
        position.pass(&news);
        let horizon = position.horizon();
        self.each(|sight| sight.show(new, late, horizon));
        Ok(news.events.len())
    }

    /// Whether it waits for what may still appear in a gap.
    async fn is_watching(&self) -> bool {
        !self.position.lock().await.gaps.is_empty()
    }

    fn has_sights(&self) -> bool {
        self.sights().iter().any(|sight| sight.strong_count() > 0)
    }

    fn each(&self, show: impl Fn(&Sight)) {
        let mut sights = self.sights();
        sights.retain(|sight| sight.strong_count() > 0);
        sights.iter().filter_map(Weak::upgrade).for_each(|sight| show(&sight));
    }

    fn sights(&self) -> MutexGuard<'_, Vec<Weak<Sight>>> {
        self.sights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tap for Lookout {
    fn committed(&self, verdict: &Arc<Verdict>) {
        if !verdict.events.is_empty() {
            self.has_news.notify_one();
        }
    }
}

impl Sight {
    fn show(&self, new: u64, late: u64, horizon: u64) {
        let mut seen = self.seen();
        let is_same = new == 0 && seen.horizon == horizon;
        *seen = Seen { new: seen.new | new, late: seen.late | late, horizon };
        if !is_same {
            self.changed.notify_one();
        }
    }

    /// Takes what is new. What is marked is visible before it is marked, so it is taken before
    /// anything is read.
    pub(super) fn take(&self) -> Seen {
        let mut seen = self.seen();
        let horizon = seen.horizon;
        std::mem::replace(&mut *seen, Seen { new: 0, late: 0, horizon })
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every event up to here is visible, or never will be.
    pub fn horizon(&self) -> u64 {
        self.seen().horizon
    }

    /// Waits until something changes.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Whether nobody looks any more.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }
}

const _: () = assert!(LANES == 64, "a mask of lanes is one word");
