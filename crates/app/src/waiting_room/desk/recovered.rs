//! A room that is back from its history, before anything happens in it. Whoever opens it may have
//! news of its passes that came too late for the history: they are in its first exchange, before a
//! pass runs out and before anybody is admitted.

use super::asked::Asked;
use super::clerk::Clerk;
use super::{Desk, DeskSetup, FRAMES_KEPT, Public, View, WAITING_MAX, broken};
use crate::Trouble;
use crate::ports::room_log::RoomHistory;
use crate::waiting_room::batch::{Batch, Control};
use crate::waiting_room::passes::Passes;
use crate::waiting_room::place::Place;
use crate::waiting_room::room::Room;
use crate::waiting_room::slots::Slot;
use arc_swap::ArcSwap;
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc};

/// A room that is back from its history.
pub struct Recovered {
    pub(super) setup: DeskSetup,
    pub(super) room: Room,
    pub(super) history: RoomHistory,
}

impl Recovered {
    /// Which life of the room it is.
    pub fn epoch(&self) -> u16 {
        self.room.snapshot().epoch
    }

    /// The slots that are taken: called and claimed.
    pub fn slots(&self) -> Vec<(Place, Slot)> {
        self.room.slots().collect()
    }

    /// Opens the room; `news` is its first exchange.
    ///
    /// # Errors
    /// A new room's settings cannot be kept.
    pub async fn open(self, news: Batch) -> Result<Desk, Trouble> {
        let Self { setup, room, history } = self;
        let (asks, questions) = mpsc::channel(WAITING_MAX);
        let public = Arc::new(Public {
            view: ArcSwap::from_pointee(View::of(&room)),
            passes: Passes::of(&room),
            frames: broadcast::channel(FRAMES_KEPT).0,
        });
        let desk = Desk { asks, public: Arc::clone(&public), clock: Arc::clone(&setup.clock) };
        let (tracker, first) = (setup.tracker.clone(), setup.settings.clone());
        let is_new = history.sequence == 0;
        let clerk = Clerk::new(setup, room, &history, public);
        tracker.spawn(clerk.run(Asked::nobody(news), questions));
        if is_new {
            // The history begins with the settings, so that it never depends on a configuration.
            desk.control(Control::Change(Box::new(first))).await?.map_err(broken)?;
        }
        Ok(desk)
    }
}
