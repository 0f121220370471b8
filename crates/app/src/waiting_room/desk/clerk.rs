//! The task that owns a room: takes all that waits, makes one exchange, makes it durable,
//! publishes it, answers. If it cannot be made durable nobody is told anything of it, and nothing
//! else happens in the room until it is.

use super::asked::{Ask, Asked};
use super::figures::Figures;
use super::{DeskSetup, Frame, Public, View};
use crate::Trouble;
use crate::ports::room_log::RoomHistory;
use crate::waiting_room::batch::{Batch, Outcome};
use crate::waiting_room::place::Place;
use crate::waiting_room::record::{Record, encode};
use crate::waiting_room::room::Room;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

const TICK: Duration = Duration::from_millis(250);
const TICK_US: i64 = 250_000;
/// One exchange takes no more than this, so that nobody waits for a crowd.
const BATCH_MAX: usize = 8_192;
/// A checkpoint is made when as much was written since the last one as it had itself, this at
/// least: so checkpoints double what is written and no more.
const CHECKPOINT_BYTES_MIN: usize = 4 << 20;

pub(super) struct Clerk {
    setup: DeskSetup,
    room: Room,
    public: Arc<Public>,
    sequence: u64,
    unsaved: Option<Unsaved>,
    admitted: Vec<Place>,
    figures: Figures,
    frame_at_us: i64,
    /// Whether something changed since the last frame that somebody waits for.
    owes_frame: bool,
    bytes_since_checkpoint: usize,
    checkpoint_bytes: Arc<AtomicUsize>,
    is_checkpointing: Arc<AtomicBool>,
}

/// A batch that happened in the room and is not known to be durable.
struct Unsaved {
    records: Vec<Record>,
    bytes: Vec<u8>,
}

impl Clerk {
    pub(super) fn new(
        setup: DeskSetup,
        room: Room,
        history: &RoomHistory,
        public: Arc<Public>,
    ) -> Self {
        let issued = room.snapshot().issued;
        Self {
            figures: Figures::of(setup.room, issued),
            setup,
            room,
            public,
            sequence: history.sequence,
            unsaved: None,
            admitted: Vec::new(),
            frame_at_us: i64::MIN,
            owes_frame: false,
            bytes_since_checkpoint: history.batches.iter().map(Vec::len).sum(),
            checkpoint_bytes: Arc::new(history.checkpoint.as_ref().map_or(0, Vec::len).into()),
            is_checkpointing: Arc::default(),
        }
    }

    /// Serves `first`, then whatever is asked. What of `first` cannot be made durable at once
    /// has happened in the room and is made durable before anything else.
    pub(super) async fn run(mut self, first: Asked, mut asks: mpsc::Receiver<Ask>) {
        if first.batch != Batch::default() {
            self.serve(first).await;
        }
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_restless = self.room.is_restless() || self.unsaved.is_some() || self.owes_frame;
            let first = tokio::select! {
                () = self.setup.stop.cancelled() => return,
                ask = asks.recv() => match ask {
                    Some(ask) => Some(ask),
                    None => return,
                },
                _ = ticks.tick(), if is_restless => None,
            };
            let mut asked = Asked::default();
            let more = std::iter::from_fn(|| asks.try_recv().ok());
            first.into_iter().chain(more).take(BATCH_MAX).for_each(|ask| asked.add(ask));
            self.serve(asked).await;
        }
    }

    async fn serve(&mut self, asked: Asked) {
        if let Err(trouble) = self.save().await {
            return asked.refuse(&trouble);
        }
        let begun = self.setup.clock.now();
        let mut outcome = self.room.exchange(begun.0, &asked.batch);
        if !outcome.records.is_empty() {
            self.sequence += 1;
            let records = std::mem::take(&mut outcome.records);
            self.unsaved = Some(Unsaved { bytes: encode(&records), records });
        }
        self.admitted.extend(outcome.admitted_now.iter().map(|admission| admission.place));
        match self.save().await {
            Ok(()) => {
                self.publish(&outcome);
                let took_us = self.setup.clock.now().0.saturating_sub(begun.0);
                self.figures.count(&outcome, u64::try_from(took_us).unwrap_or(0));
                asked.answer(outcome);
            }
            Err(trouble) => asked.refuse(&trouble),
        }
    }

    /// Makes what has happened durable. An append of unknown outcome is tried again under its
    /// sequence, so it is in the log once.
    async fn save(&mut self) -> Result<(), Trouble> {
        let Some(unsaved) = &self.unsaved else { return Ok(()) };
        let (room, bytes) = (self.setup.room, unsaved.bytes.clone());
        if let Err(trouble) = self.setup.log.append(room, self.sequence, bytes).await {
            tracing::warn!(room, sequence = self.sequence, %trouble, "room log did not append");
            return Err(trouble);
        }
        self.public.passes.follow(&unsaved.records, &self.room);
        self.bytes_since_checkpoint += unsaved.bytes.len();
        self.unsaved = None;
        self.checkpoint();
        Ok(())
    }

    fn publish(&mut self, outcome: &Outcome) {
        let snapshot = outcome.snapshot.clone();
        let before = self.public.view.load();
        let is_tick = snapshot.clock_us >= self.frame_at_us;
        let has_changed = *before.settings != *self.room.settings();
        let view = if is_tick || has_changed {
            View { snapshot, ..View::of(&self.room) }
        } else {
            let (settings, gauges) = (Arc::clone(&before.settings), before.gauges.clone());
            View { snapshot, settings, gauges }
        };
        self.public.view.store(Arc::new(view));
        // Even in a room in which nothing happens any more, the last change is shown.
        self.owes_frame = !is_tick && self.public.frames.receiver_count() > 0;
        if is_tick {
            self.frame_at_us = outcome.snapshot.clock_us.saturating_add(TICK_US);
            self.send_frame();
        }
    }

    /// One frame for all listeners, made only if there are any.
    fn send_frame(&mut self) {
        let mut admitted = std::mem::take(&mut self.admitted);
        if self.public.frames.receiver_count() == 0 {
            return;
        }
        admitted.sort_unstable();
        let document = self.room.document();
        let json = serde_json::to_vec(&document).unwrap_or_default().into();
        drop(self.public.frames.send(Arc::new(Frame { document, json, admitted })));
    }

    /// The room only copies pointers; the bytes are made and written elsewhere meanwhile.
    fn checkpoint(&mut self) {
        let last_bytes = self.checkpoint_bytes.load(Ordering::Acquire);
        let is_due = self.bytes_since_checkpoint >= last_bytes.max(CHECKPOINT_BYTES_MIN);
        if !is_due || self.is_checkpointing.swap(true, Ordering::AcqRel) {
            return;
        }
        self.bytes_since_checkpoint = 0;
        let (checkpoint, sequence, room) = (self.room.checkpoint(), self.sequence, self.setup.room);
        let (log, is_busy) = (Arc::clone(&self.setup.log), Arc::clone(&self.is_checkpointing));
        let size = Arc::clone(&self.checkpoint_bytes);
        self.setup.tracker.spawn(async move {
            let bytes = tokio::task::spawn_blocking(move || checkpoint.encode()).await;
            let kept = match bytes {
                Ok(bytes) => {
                    size.store(bytes.len(), Ordering::Release);
                    log.checkpoint(room, sequence, bytes).await.map_err(|t| t.to_string())
                }
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = kept {
                tracing::warn!(room, sequence, error, "room log kept no checkpoint");
            }
            is_busy.store(false, Ordering::Release);
        });
    }
}
