//! Tells the rooms what was committed: passes that ended or last longer, settings that changed.
//!
//! What a room cannot be told now it is told later: an operator was answered that the settings
//! changed. For each pass and each room only the newest wish waits. What is lost in a crash is made
//! up for when a room is opened: it asks the store about its passes, and settings are compared.

use super::{Rooms, number, settings_of};
use crate::Trouble;
use crate::ports::tap::Tap;
use crate::waiting_room::{Control, End, EndReason, Extension, Place};
use admitone_domain::id::RoomId;
use admitone_domain::pass::PassKey;
use admitone_domain::{Happening, Moment, Row, Verdict};
use futures_util::future::join_all;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::Notify;

/// Wishes about so many passes may wait while a room is in trouble. Beyond that they are dropped,
/// which costs their slots until the passes are over.
const PASSES_MAX: usize = 100_000;
/// So many are told at once: a room makes one write of them.
const TOLD_MAX: usize = 1_024;
/// How long to wait after trouble.
const PAUSE_MS: u64 = 250;

/// What a room is told of a pass.
#[derive(Clone, Copy)]
enum Wish {
    Ended,
    Extended(Moment),
}

/// What waits to be told: the newest of each.
#[derive(Default)]
pub(super) struct Messages {
    waiting: Mutex<Waiting>,
    news: Notify,
}

#[derive(Default)]
struct Waiting {
    settings: BTreeMap<RoomId, String>,
    passes: HashMap<PassKey, Wish>,
    is_over: bool,
}

impl Messages {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody will say anything any more.
    pub(super) fn end(&self) {
        self.lock().is_over = true;
        self.news.notify_one();
    }

    /// Takes some of what waits, once there is something; `None` when nothing will come.
    async fn take(&self) -> Option<(BTreeMap<RoomId, String>, Vec<(PassKey, Wish)>)> {
        loop {
            {
                let mut waiting = self.lock();
                if waiting.is_over {
                    return None;
                }
                if !waiting.settings.is_empty() || !waiting.passes.is_empty() {
                    let some: Vec<PassKey> =
                        waiting.passes.keys().take(TOLD_MAX).copied().collect();
                    let passes = some
                        .into_iter()
                        .filter_map(|key| waiting.passes.remove(&key).map(|wish| (key, wish)));
                    let passes = passes.collect();
                    return Some((std::mem::take(&mut waiting.settings), passes));
                }
            }
            self.news.notified().await;
        }
    }
}

impl Waiting {
    fn add(&mut self, key: PassKey, wish: Wish) {
        if self.passes.len() >= PASSES_MAX && !self.passes.contains_key(&key) {
            metrics::counter!("admitone_room_messages_dropped_total").increment(1);
            return;
        }
        let known = self.passes.entry(key).or_insert(wish);
        // The end of a pass is the end: a hold that is extended later cannot bring it back.
        *known = match (*known, wish) {
            (Wish::Ended, _) | (_, Wish::Ended) => Wish::Ended,
            (Wish::Extended(one), Wish::Extended(other)) => Wish::Extended(one.max(other)),
        };
    }

    /// What could not be told waits again, unless something newer waits already.
    fn put_back(&mut self, room: RoomId, settings: String) {
        self.settings.entry(room).or_insert(settings);
    }
}

impl Tap for Rooms {
    fn committed(&self, verdict: &Arc<Verdict>) {
        let wishes = verdict.events.iter().filter_map(|event| match event.what {
            Happening::PassEnded(key) => Some((key, Wish::Ended)),
            Happening::PassExtended { pass, until } => Some((pass, Wish::Extended(until))),
            _ => None,
        });
        let mut wishes = wishes.peekable();
        let settings = verdict.changes.iter().filter_map(|change| match &*change.row {
            Row::Room { id, settings, .. } => Some((*id, settings.clone())),
            _ => None,
        });
        let mut settings = settings.peekable();
        if wishes.peek().is_none() && settings.peek().is_none() {
            return;
        }
        let mut waiting = self.messages.lock();
        wishes.for_each(|(key, wish)| waiting.add(key, wish));
        waiting.settings.extend(settings);
        drop(waiting);
        self.messages.news.notify_one();
    }
}

impl Rooms {
    async fn tell_wish(&self, key: PassKey, wish: Wish) -> Result<(), Trouble> {
        let Some(found) = self.find(key.room).await? else { return Ok(()) };
        let place = Place(key.place);
        if key.epoch != found.desk.epoch() {
            return Ok(());
        }
        match wish {
            Wish::Ended => {
                if let Some(user) = found.desk.user_inside(place) {
                    let end = End { user, place: Some(place), reason: EndReason::Paid };
                    found.desk.end(end).await?;
                }
            }
            Wish::Extended(until) => {
                found.desk.extend(Extension { place, until_us: until.0 }).await?;
            }
        }
        Ok(())
    }

    async fn tell_settings(&self, room: RoomId, settings: &str) -> Result<(), Trouble> {
        let Some(found) = self.find(room).await? else { return Ok(()) };
        let settings = settings_of(settings);
        if *found.desk.view().settings != settings {
            let changed = found.desk.control(Control::Change(Box::new(settings))).await?;
            if let Err(problem) = changed {
                tracing::warn!(%problem, room = number(room), "settings refused");
            }
        }
        Ok(())
    }

    /// Tells some of what waits; whether all of it was told.
    async fn tell(&self, settings: BTreeMap<RoomId, String>, passes: Vec<(PassKey, Wish)>) -> bool {
        let mut is_told = true;
        for (room, settings) in settings {
            if let Err(trouble) = self.tell_settings(room, &settings).await {
                tracing::warn!(%trouble, %room, "a room could not be told its settings");
                self.messages.lock().put_back(room, settings);
                is_told = false;
            }
        }
        let told = join_all(passes.iter().map(|(key, wish)| self.tell_wish(*key, *wish))).await;
        let failed = passes.iter().zip(told).filter_map(|(pass, told)| Some((pass, told.err()?)));
        let mut failed = failed.peekable();
        if let Some((_, trouble)) = failed.peek() {
            tracing::warn!(%trouble, "a room could not be told of passes");
            is_told = false;
        }
        failed.for_each(|((key, wish), _)| self.messages.lock().add(*key, *wish));
        is_told
    }
}

/// Tells until the rooms are gone or stopped.
pub(super) async fn run(rooms: Weak<Rooms>, messages: Arc<Messages>) {
    while let Some((settings, passes)) = messages.take().await {
        let Some(rooms) = rooms.upgrade() else { return };
        let (clock, stop) = (Arc::clone(&rooms.setup.clock), rooms.setup.stop.clone());
        let is_told = rooms.tell(settings, passes).await;
        drop(rooms);
        if stop.is_cancelled() {
            return;
        }
        if !is_told {
            clock.sleep_ms(PAUSE_MS).await;
        }
    }
}
