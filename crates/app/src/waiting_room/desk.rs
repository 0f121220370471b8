//! The desk of a room: one task that owns it, and a handle that everybody may hold.
//!
//! Whatever arrives while an exchange is being made durable goes into the next one, so a lone
//! question waits for one write and a crowd shares it. Far polls and pass checks do not come here
//! at all: they are answered from what was published, without waiting. The desk decides nothing
//! that the room does not.

mod asked;
mod clerk;
mod figures;
mod recovered;
mod shared;

pub use recovered::Recovered;

use super::batch::{
    Batch, Control, End, Extension, Gone, Join, JoinRefusal, Joined, Standing, Touch,
};
use super::document::PublicDocument;
use super::gauges::Gauges;
use super::passes::Passes;
use super::place::{Place, UserKey};
use super::room::Room;
use super::settings::{Mode, RoomSettings, SettingsProblem};
use super::slots::Slot;
use super::snapshot::{Eta, Snapshot};
use super::token::Claims;
use crate::ports::clock::Clock;
use crate::ports::room_log::RoomLog;
use crate::ports::shared_room::SharedRoom;
use crate::{Trouble, TroubleKind};
use admitone_domain::Moment;
use arc_swap::ArcSwap;
use asked::{Ask, Reply};
use bytes::Bytes;
use figures::Figures;
use shared::SharedClerk;
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// So many questions may wait; beyond it the answer is that too much is waiting.
const WAITING_MAX: usize = 65_536;
/// A listener that is so many frames late misses some.
const FRAMES_KEPT: usize = 16;

/// What a desk needs.
pub struct DeskSetup {
    /// Which room.
    pub room: u32,
    /// Its settings if it has no history; a history knows its own.
    pub settings: RoomSettings,
    /// Where its history is kept.
    pub log: Arc<dyn RoomLog>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Shutdown waits for the tasks in it.
    pub tracker: TaskTracker,
    /// Ends the desk.
    pub stop: CancellationToken,
}

/// What the desk of a shared room needs.
pub struct SharedDeskSetup {
    /// Which room.
    pub room: u32,
    /// This instance's way to it.
    pub way: Box<dyn SharedRoom>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Shutdown waits for the tasks in it.
    pub tracker: TaskTracker,
    /// Ends the desk; the room goes on.
    pub stop: CancellationToken,
}

/// The handle of a room.
#[derive(Clone)]
pub struct Desk {
    asks: mpsc::Sender<Ask>,
    public: Arc<Public>,
    clock: Arc<dyn Clock>,
}

/// What the clerk publishes.
struct Public {
    view: ArcSwap<View>,
    passes: Passes,
    frames: broadcast::Sender<Arc<Frame>>,
}

/// A room as everybody may see it, at most 250 ms old while anything changes.
#[derive(Debug, Clone)]
pub struct View {
    /// Its counters.
    pub snapshot: Snapshot,
    /// Its settings.
    pub settings: Arc<RoomSettings>,
    /// Its numbers for operators.
    pub gauges: Gauges,
}

/// What all listeners are told, four times a second while anything changes. Made once for all.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The public document.
    pub document: PublicDocument,
    /// The same as JSON.
    pub json: Bytes,
    /// Who was called since the last frame, in order of places.
    pub admitted: Vec<Place>,
}

/// How a place stands, and when to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollAnswer {
    /// The place.
    pub place: Place,
    /// Waiting, on the deck, or inside.
    pub standing: Standing,
    /// How many present users are before it, as far as is known.
    pub ahead: u64,
    /// How long it will take; `None` while that is being calculated, or nobody is let in.
    pub eta: Option<Eta>,
    /// Ask again in so many ms. Whoever does is not overtaken.
    pub next_poll_ms: u64,
}

/// A right to go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// Until when, in µs since 1970.
    pub deadline_us: i64,
    /// Whether it is there only because everybody passes for now.
    pub is_bypass: bool,
}

impl Desk {
    /// Opens a room, from its history if it has one.
    ///
    /// # Errors
    /// The history cannot be loaded or read, or a new room's settings cannot be.
    pub async fn open(setup: DeskSetup) -> Result<Self, Trouble> {
        Self::recover(setup).await?.open(Batch::default()).await
    }

    /// Brings a room back from its history, without letting anything happen in it.
    ///
    /// # Errors
    /// The history cannot be loaded or read, or a new room's settings cannot be.
    pub async fn recover(setup: DeskSetup) -> Result<Recovered, Trouble> {
        let history = setup.log.load(setup.room).await?;
        let now_us = setup.clock.now().0;
        let room = Room::new(setup.room, setup.settings.clone(), now_us)
            .map_err(broken)?
            .recover(history.checkpoint.as_deref(), &history.batches, now_us)
            .map_err(broken)?;
        Ok(Recovered { setup, room, history })
    }

    /// Whether anybody answers: a desk ends with the house.
    pub fn is_open(&self) -> bool {
        !self.asks.is_closed()
    }

    /// Opens one instance's desk of a room that others share, and says which slots are taken.
    ///
    /// # Errors
    /// The room does not answer.
    pub async fn open_shared(
        setup: SharedDeskSetup,
    ) -> Result<(Self, Vec<(Place, Slot)>), Trouble> {
        let SharedDeskSetup { room: number, way: mut room, clock, tracker, stop } = setup;
        let told = room.exchange(&Batch::default()).await?;
        let passes = Passes::empty();
        passes.take_over(&told.passes);
        let (asks, questions) = mpsc::channel(WAITING_MAX);
        let public = Arc::new(Public {
            view: ArcSwap::from_pointee(View::shared(&told)),
            passes,
            frames: broadcast::channel(FRAMES_KEPT).0,
        });
        let desk = Self { asks, public: Arc::clone(&public), clock: Arc::clone(&clock) };
        let clerk = SharedClerk {
            room,
            public,
            clock,
            figures: Figures::of(number, told.outcome.snapshot.issued),
            stop,
            admitted: Vec::new(),
            frame_at_us: i64::MIN,
        };
        tracker.spawn(clerk.run(questions));
        let taken = told.passes.changed.into_iter();
        let slots = taken.filter_map(|(place, pass)| Some((place, Slot::from(pass?))));
        Ok((desk, slots.collect()))
    }

    /// What is published.
    pub fn view(&self) -> Arc<View> {
        self.public.view.load_full()
    }

    /// Which life of the room it is; tokens of another one are void.
    pub fn epoch(&self) -> u16 {
        self.public.view.load().snapshot.epoch
    }

    /// What everybody may know.
    pub fn document(&self) -> PublicDocument {
        let view = self.public.view.load();
        PublicDocument::new(&view.snapshot, &view.settings.message)
    }

    /// Frames from now on.
    pub fn frames(&self) -> broadcast::Receiver<Arc<Frame>> {
        self.public.frames.subscribe()
    }

    /// Gives a user a place, or shows the one there is.
    ///
    /// # Errors
    /// The room's log is in trouble, or too much is waiting.
    pub async fn join(&self, join: Join) -> Result<Result<Joined, JoinRefusal>, Trouble> {
        self.ask(|reply| Ask::Join(join, reply)).await
    }

    /// How a place stands. Far from the front this does not wait. `chance` is a random number.
    ///
    /// # Errors
    /// The room's log is in trouble, or too much is waiting.
    pub async fn poll(
        &self,
        claims: &Claims,
        chance: u32,
    ) -> Result<Result<PollAnswer, Gone>, Trouble> {
        if let Some(answer) = self.far_answer(claims, chance) {
            return Ok(Ok(answer));
        }
        let touch = touch_of(claims);
        let touched = self.ask(|reply| Ask::Touch(touch, Some(reply))).await?;
        let snapshot = &self.public.view.load().snapshot;
        Ok(touched.map(|position| PollAnswer {
            place: position.place,
            standing: position.standing,
            ahead: position.ahead,
            eta: snapshot.eta(position.ahead),
            next_poll_ms: snapshot.next_poll_ms(position.place, chance),
        }))
    }

    /// The answer for a place that is not invited yet, from what is published. `None`: ask the
    /// room.
    pub fn far_answer(&self, claims: &Claims, chance: u32) -> Option<PollAnswer> {
        self.public.view.load().far_answer(claims, chance, self.clock.now())
    }

    /// The answer for a user who has just joined.
    pub fn answer(&self, joined: &Joined, chance: u32) -> PollAnswer {
        let snapshot = &self.public.view.load().snapshot;
        let position = joined.position;
        PollAnswer {
            place: position.place,
            standing: position.standing,
            ahead: position.ahead,
            eta: snapshot.eta(position.ahead),
            next_poll_ms: snapshot.next_poll_ms(position.place, chance),
        }
    }

    /// The right of a token to go through, without waiting. A called user who comes straight to
    /// the door has shown up: the desk is told.
    pub fn pass(&self, claims: &Claims) -> Option<Pass> {
        let view = self.public.view.load();
        let now_us = self.clock.now().0;
        if claims.epoch != view.snapshot.epoch {
            return None;
        }
        if let Mode::Bypass { until_us } = view.snapshot.mode
            && now_us < until_us
        {
            return Some(Pass { deadline_us: until_us, is_bypass: true });
        }
        let inside = self.public.passes.get(claims.place)?;
        let is_theirs = inside.generation == claims.generation
            && claims.user.is_none_or(|user| user == inside.user)
            && now_us < inside.deadline_us;
        if is_theirs && !inside.is_claimed {
            // If the queue is full the user's next request says so again.
            drop(self.asks.try_send(Ask::Touch(touch_of(claims), None)));
        }
        is_theirs.then_some(Pass { deadline_us: inside.deadline_us, is_bypass: false })
    }

    /// Whose place it is, if it is called or inside.
    pub fn user_inside(&self, place: Place) -> Option<UserKey> {
        self.public.passes.get(place).map(|inside| inside.user)
    }

    /// Ends a place. The answer says which one it was.
    ///
    /// # Errors
    /// The room's log is in trouble, or too much is waiting.
    pub async fn end(&self, end: End) -> Result<Option<Place>, Trouble> {
        self.ask(|reply| Ask::End(end, reply)).await
    }

    /// Makes a pass last longer. The answer is the deadline that holds.
    ///
    /// # Errors
    /// The room's log is in trouble, or too much is waiting.
    pub async fn extend(&self, extension: Extension) -> Result<Option<i64>, Trouble> {
        self.ask(|reply| Ask::Extend(extension, reply)).await
    }

    /// Changes settings or resets.
    ///
    /// # Errors
    /// The room's log is in trouble, or too much is waiting.
    pub async fn control(&self, control: Control) -> Result<Result<(), SettingsProblem>, Trouble> {
        self.ask(|reply| Ask::Control(control, reply)).await
    }

    async fn ask<T>(&self, ask: impl FnOnce(Reply<T>) -> Ask) -> Result<T, Trouble> {
        let (reply, answer) = oneshot::channel();
        let trouble = |kind, detail| Trouble::new(kind, "ask the waiting room", detail);
        self.asks.try_send(ask(reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => trouble(TroubleKind::Busy, "too much is waiting"),
            mpsc::error::TrySendError::Closed(_) => {
                trouble(TroubleKind::Unavailable, "the desk is closed")
            }
        })?;
        let closed = |_| trouble(TroubleKind::Unavailable, "the desk closed before it answered");
        answer.await.map_err(closed)?
    }
}

impl View {
    fn of(room: &Room) -> Self {
        let settings = Arc::new(room.settings().clone());
        Self { snapshot: room.snapshot(), settings, gauges: room.gauges() }
    }

    /// The answer for a place that is not invited yet. `None`: only the room can answer. The line
    /// may have moved on by as much as the view is old, so the poll is due so much sooner.
    pub fn far_answer(&self, claims: &Claims, chance: u32, now: Moment) -> Option<PollAnswer> {
        let snapshot = &self.snapshot;
        let is_far = claims.epoch == snapshot.epoch
            && claims.place.0 <= snapshot.issued
            && !snapshot.is_invited(claims.place);
        let ahead = snapshot.ahead(claims.place);
        let age_ms = now.ms_since(Moment(snapshot.clock_us));
        let next_poll_ms = snapshot.next_poll_ms(claims.place, chance).saturating_sub(age_ms);
        is_far.then(|| PollAnswer {
            place: claims.place,
            standing: Standing::Waiting,
            ahead,
            eta: snapshot.eta(ahead),
            next_poll_ms: next_poll_ms.max(snapshot.poll_floor_ms * 7 / 10),
        })
    }
}

fn broken(detail: impl std::fmt::Display) -> Trouble {
    Trouble::new(TroubleKind::Inconsistent, "open room", detail)
}

fn touch_of(claims: &Claims) -> Touch {
    Touch { place: claims.place, user: claims.user, generation: claims.generation }
}

#[cfg(test)]
mod tests;
