//! The task behind a desk whose room is shared with other instances: it takes all that waits,
//! makes one exchange, publishes what came of it and answers. It ticks at the same pace however
//! many users wait, and slowly while nobody does, so that what others do is seen. Between two
//! exchanges is a pause in which questions gather, so the place of the room is asked no more often
//! than that, however many ask here.

use super::asked::{Ask, Asked};
use super::figures::Figures;
use super::{Frame, Public, View};
use crate::Trouble;
use crate::ports::clock::Clock;
use crate::ports::shared_room::{Exchanged, SharedRoom};
use crate::waiting_room::batch::Batch;
use crate::waiting_room::document::PublicDocument;
use crate::waiting_room::place::Place;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

const TICK: Duration = Duration::from_millis(250);
const TICK_US: i64 = 250_000;
/// So many ticks of a room in which nobody is are left out.
const TICKS_IDLE: u32 = 4;
/// The first question after a pause is asked at once, the others of this time together.
const PAUSE: Duration = Duration::from_millis(25);
/// One exchange takes no more than this: everybody else's waits behind it. A full one is not
/// waited for.
const BATCH_MAX: usize = 2_048;

pub(super) struct SharedClerk {
    pub(super) room: Box<dyn SharedRoom>,
    pub(super) public: Arc<Public>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) figures: Figures,
    pub(super) stop: CancellationToken,
    pub(super) admitted: Vec<Place>,
    pub(super) frame_at_us: i64,
}

impl SharedClerk {
    pub(super) async fn run(mut self, mut asks: mpsc::Receiver<Ask>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pauses = interval(PAUSE);
        pauses.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut idle = 0;
        loop {
            let first = tokio::select! {
                () = self.stop.cancelled() => return,
                ask = asks.recv() => match ask {
                    Some(ask) => Some(ask),
                    None => return,
                },
                _ = ticks.tick() => None,
            };
            idle = if first.is_some() || self.is_restless() { 0 } else { idle + 1 };
            if first.is_none() && idle % TICKS_IDLE != 0 {
                continue;
            }
            if first.is_some() && asks.len() < BATCH_MAX {
                tokio::select! {
                    () = self.stop.cancelled() => return,
                    _ = pauses.tick() => {}
                }
            }
            let mut asked = Asked::default();
            let more = std::iter::from_fn(|| asks.try_recv().ok());
            first.into_iter().chain(more).take(BATCH_MAX).for_each(|ask| asked.add(ask));
            self.serve(asked).await;
        }
    }

    async fn serve(&mut self, asked: Asked) {
        let begun = self.clock.now();
        match self.exchange(&asked.batch).await {
            Ok(told) => {
                let took_us = self.clock.now().0.saturating_sub(begun.0);
                self.figures.count(&told.outcome, u64::try_from(took_us).unwrap_or(0));
                asked.answer(told.outcome);
            }
            Err(trouble) => {
                tracing::warn!(%trouble, "a shared room did not answer");
                asked.refuse(&trouble);
            }
        }
    }

    /// One exchange, published before anybody is told.
    async fn exchange(&mut self, batch: &Batch) -> Result<Exchanged, Trouble> {
        let told = self.room.exchange(batch).await?;
        self.public.passes.take_over(&told.passes);
        let called = told.outcome.admitted_now.iter().map(|admission| admission.place);
        self.admitted.extend(called);
        self.public.view.store(Arc::new(View::shared(&told)));
        let snapshot = &told.outcome.snapshot;
        if snapshot.clock_us >= self.frame_at_us {
            self.frame_at_us = snapshot.clock_us.saturating_add(TICK_US);
            self.send_frame(PublicDocument::new(snapshot, &told.settings.message));
        }
        Ok(told)
    }

    /// One frame for all listeners, made only if there are any. Those whom another instance called
    /// are found by their next poll.
    fn send_frame(&mut self, document: PublicDocument) {
        let mut admitted = std::mem::take(&mut self.admitted);
        if self.public.frames.receiver_count() == 0 {
            return;
        }
        admitted.sort_unstable();
        let json = serde_json::to_vec(&document).unwrap_or_default().into();
        drop(self.public.frames.send(Arc::new(Frame { document, json, admitted })));
    }

    fn is_restless(&self) -> bool {
        let view = self.public.view.load();
        let snapshot = &view.snapshot;
        snapshot.waiting + snapshot.called + snapshot.claimed > 0
            || self.public.frames.receiver_count() > 0
    }
}

impl View {
    pub(super) fn shared(told: &Exchanged) -> Self {
        Self {
            snapshot: told.outcome.snapshot.clone(),
            settings: Arc::new(told.settings.clone()),
            gauges: told.gauges.clone(),
        }
    }
}
