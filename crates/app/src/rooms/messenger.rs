//! Tells the rooms what was committed: passes that ended or last longer, settings that changed.
//!
//! What is lost in a crash costs nothing but time: a slot stays taken until its pass is over, and
//! settings are compared when a room is opened.

use super::{Rooms, number, settings_of};
use crate::ports::tap::Tap;
use crate::waiting_room::{Control, End, EndReason, Extension, Place};
use admitone_domain::id::RoomId;
use admitone_domain::pass::PassKey;
use admitone_domain::{Happening, Moment, Row, Verdict};
use std::sync::{Arc, Weak};
use tokio::sync::mpsc;

/// What a room is told.
pub(super) enum Message {
    Ended(PassKey),
    Extended(PassKey, Moment),
    Settings(RoomId, String),
}

impl Tap for Rooms {
    fn committed(&self, verdict: &Arc<Verdict>) {
        for event in &verdict.events {
            let message = match event.what {
                Happening::PassEnded(key) => Message::Ended(key),
                Happening::PassExtended { pass, until } => Message::Extended(pass, until),
                _ => continue,
            };
            self.tell(message);
        }
        for change in &verdict.changes {
            if let Row::Room { id, settings, .. } = &*change.row {
                self.tell(Message::Settings(*id, settings.clone()));
            }
        }
    }
}

impl Rooms {
    fn tell(&self, message: Message) {
        // The messenger ends with the house: nobody is left to be told.
        let _ = self.messages.send(message);
    }

    async fn deliver(&self, message: Message) -> Result<(), crate::Trouble> {
        let room = match &message {
            Message::Ended(key) | Message::Extended(key, _) => key.room,
            Message::Settings(room, _) => *room,
        };
        let Some(found) = self.find(room).await? else { return Ok(()) };
        match message {
            Message::Ended(key) => {
                let place = Place(key.place);
                if let Some(user) = found.desk.user_inside(place)
                    && key.epoch == found.desk.epoch()
                {
                    let end = End { user, place: Some(place), reason: EndReason::Paid };
                    found.desk.end(end).await?;
                }
            }
            Message::Extended(key, until) => {
                if key.epoch == found.desk.epoch() {
                    let extension = Extension { place: Place(key.place), until_us: until.0 };
                    found.desk.extend(extension).await?;
                }
            }
            Message::Settings(_, settings) => {
                let settings = settings_of(&settings);
                if *found.desk.view().settings != settings {
                    let changed = found.desk.control(Control::Change(Box::new(settings))).await?;
                    if let Err(problem) = changed {
                        tracing::warn!(%problem, room = number(room), "settings refused");
                    }
                }
            }
        }
        Ok(())
    }
}

/// Delivers until the rooms are gone.
pub(super) async fn run(rooms: Weak<Rooms>, mut received: mpsc::UnboundedReceiver<Message>) {
    while let Some(message) = received.recv().await {
        let Some(rooms) = rooms.upgrade() else { return };
        if let Err(trouble) = rooms.deliver(message).await {
            tracing::warn!(%trouble, "a room could not be told");
        }
    }
}
