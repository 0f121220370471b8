//! The waiting rooms of the house, as the API asks for them: tokens in, visits out.
//!
//! A buyer's id is 16 bytes that nobody can guess, so it is the room's user key as it is, and a
//! token in UUID form leads back to its buyer.

mod admission;
mod messenger;
mod missed;
mod visit;

pub use visit::{Visit, VisitTrouble};

use crate::Trouble;
use crate::ports::clock::Clock;
use crate::ports::reads::Reads;
use crate::ports::room_log::RoomLog;
use crate::ports::shared_room::SharedRooms;
use crate::waiting_room::settings::RoomSettings;
use crate::waiting_room::{
    Claims, Control, Desk, DeskSetup, End, EndReason, Frame, Join, Joined, Kind, MasterKey,
    Position, PublicDocument, SharedDeskSetup, Standing, TokenKeys, UserKey, UuidKeys,
};
use admitone_domain::id::{BuyerId, RoomId};
use admitone_domain::pass::PassKey;
use admitone_domain::{Key, Row};
use messenger::Messages;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the rooms need.
pub struct RoomsSetup {
    /// Where their settings are.
    pub reads: Arc<dyn Reads>,
    /// Where they are.
    pub kept: Kept,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Signs their tokens.
    pub key: MasterKey,
    /// Shutdown waits for the tasks in it.
    pub tracker: TaskTracker,
    /// Ends them.
    pub stop: CancellationToken,
}

/// Where rooms are.
#[derive(Clone)]
pub enum Kept {
    /// In this process alone, with their histories in a log.
    Here(Arc<dyn RoomLog>),
    /// Where several instances share them.
    Shared(Arc<dyn SharedRooms>),
}

/// All rooms.
pub struct Rooms {
    setup: RoomsSetup,
    uuids: UuidKeys,
    open: RwLock<HashMap<RoomId, Arc<OpenRoom>>>,
    opening: tokio::sync::Mutex<()>,
    messages: Arc<Messages>,
}

struct OpenRoom {
    desk: Desk,
    keys: TokenKeys,
}

impl Rooms {
    /// Opens all rooms that there are.
    pub async fn open(setup: RoomsSetup) -> Result<Arc<Self>, Trouble> {
        let messages: Arc<Messages> = Arc::default();
        let uuids = UuidKeys::new(&setup.key, None);
        let tracker = setup.tracker.clone();
        let (open, opening) = (RwLock::default(), tokio::sync::Mutex::default());
        let rooms = Arc::new(Self { setup, uuids, open, opening, messages: messages.clone() });
        for loaded in rooms.setup.reads.rooms().await? {
            if let Row::Room { id, .. } = &*loaded.row {
                rooms.find(*id).await?;
            }
        }
        tracker.spawn(messenger::run(Arc::downgrade(&rooms), messages));
        Ok(rooms)
    }

    /// Gives a buyer a place, or shows the one there is.
    pub async fn join(&self, room: RoomId, buyer: BuyerId) -> Result<Visit, VisitTrouble> {
        let (found, claims, answer) = self.give_place(room, buyer).await?;
        Ok(Visit::new(found.keys.mint(Kind::Place, &claims), answer))
    }

    /// The same with a token in UUID form.
    pub async fn join_with_uuid(
        &self,
        room: RoomId,
        buyer: BuyerId,
    ) -> Result<Visit, VisitTrouble> {
        let (_, claims, answer) = self.give_place(room, buyer).await?;
        let token = self.uuids.mint(&claims).ok_or(VisitTrouble::Closed)?;
        Ok(Visit::new(token, answer))
    }

    /// How a token stands. `chance` is a random number; without one nothing is jittered.
    pub async fn poll(
        &self,
        room: RoomId,
        token: &str,
        chance: Option<u32>,
    ) -> Result<Visit, VisitTrouble> {
        let found = self.find(room).await?.ok_or(VisitTrouble::NoRoom)?;
        let claims = self.claims(room, &found, token).ok_or(VisitTrouble::Forged)?;
        let answer = found.desk.poll(&claims, chance.unwrap_or(0)).await?;
        Ok(Visit::new(token.to_owned(), answer.map_err(|_| VisitTrouble::Gone)?))
    }

    /// Ends a buyer's place.
    pub async fn leave(&self, room: RoomId, buyer: BuyerId) -> Result<(), VisitTrouble> {
        let found = self.find(room).await?.ok_or(VisitTrouble::NoRoom)?;
        let end = End { user: user_key(buyer), place: None, reason: EndReason::Left };
        found.desk.end(end).await?;
        Ok(())
    }

    /// What everybody may know.
    pub fn document(&self, room: RoomId) -> Option<PublicDocument> {
        self.known(room).map(|found| found.desk.document())
    }

    /// The public document whenever it changes, at most four times a second.
    pub fn frames(&self, room: RoomId) -> Option<broadcast::Receiver<Arc<Frame>>> {
        self.known(room).map(|found| found.desk.frames())
    }

    /// The desk of a room, opened when it is asked for the first time.
    ///
    /// # Errors
    /// The room cannot be opened.
    pub async fn desk(&self, room: RoomId) -> Result<Option<Desk>, Trouble> {
        Ok(self.find(room).await?.map(|found| found.desk.clone()))
    }

    /// The rooms that are open, for figures.
    pub fn desks(&self) -> Vec<(RoomId, Desk)> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.iter().map(|(id, found)| (*id, found.desk.clone())).collect()
    }

    async fn give_place(
        &self,
        room: RoomId,
        buyer: BuyerId,
    ) -> Result<(Arc<OpenRoom>, Claims, crate::waiting_room::PollAnswer), VisitTrouble> {
        let found = self.find(room).await?.ok_or(VisitTrouble::NoRoom)?;
        let join = Join { user: user_key(buyer), renew: false };
        let mut joined = found.desk.join(join).await?.map_err(|_| VisitTrouble::Closed)?;
        if self.end_if_used_up(room, &found, &joined, join.user).await? {
            joined = found.desk.join(join).await?.map_err(|_| VisitTrouble::Closed)?;
        }
        let answer = found.desk.answer(&joined, 0);
        let claims = Claims {
            room: number(room),
            epoch: found.desk.epoch(),
            lane: 0,
            place: answer.place,
            generation: joined.generation,
            user: Some(user_key(buyer)),
            issued_ms: u64::try_from(self.setup.clock.now().0 / 1_000).unwrap_or(0),
        };
        Ok((found, claims, answer))
    }

    /// Ends a place inside that a payment has used up, if the room has not heard of it yet: whoever
    /// has paid and joins again must not be given the place that is over.
    async fn end_if_used_up(
        &self,
        room: RoomId,
        found: &OpenRoom,
        joined: &Joined,
        user: UserKey,
    ) -> Result<bool, Trouble> {
        let Position { place, standing, .. } = joined.position;
        let Standing::Active { .. } = standing else { return Ok(false) };
        let pass = PassKey { room, epoch: found.desk.epoch(), place: place.0 };
        let used_up = self.setup.reads.rows(&[Key::Pass(pass)]).await?.pop().flatten();
        if used_up.is_some() {
            found.desk.end(End { user, place: Some(place), reason: EndReason::Paid }).await?;
        }
        Ok(used_up.is_some())
    }

    fn claims(&self, room: RoomId, found: &OpenRoom, token: &str) -> Option<Claims> {
        let epoch = found.desk.epoch();
        let opaque = found.keys.verify(Kind::Place, epoch, token);
        opaque.or_else(|_| self.uuids.verify(number(room), epoch, token)).ok()
    }

    /// A room that is open.
    fn known(&self, room: RoomId) -> Option<Arc<OpenRoom>> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let is_open =
            |found: &&Arc<OpenRoom>| found.desk.is_open() || self.setup.stop.is_cancelled();
        open.get(&room).filter(is_open).cloned()
    }

    /// A room, opened when it is asked for the first time.
    async fn find(&self, room: RoomId) -> Result<Option<Arc<OpenRoom>>, Trouble> {
        match self.known(room) {
            Some(found) => Ok(Some(found)),
            // Rare, and large: in a box, so that not every request carries the room it takes.
            None => Box::pin(self.open_room(room)).await,
        }
    }

    async fn open_room(&self, room: RoomId) -> Result<Option<Arc<OpenRoom>>, Trouble> {
        let _one_at_a_time = self.opening.lock().await;
        if let Some(found) = self.known(room) {
            return Ok(Some(found));
        }
        let row = self.setup.reads.rows(&[Key::Room(room)]).await?.pop().flatten();
        let Some(Row::Room { settings, .. }) = row.map(admitone_domain::Loaded::into_row) else {
            return Ok(None);
        };
        let settings = settings_of(&settings);
        let desk = match &self.setup.kept {
            Kept::Shared(shared) => self.open_shared(room, &**shared, &settings).await?,
            Kept::Here(log) => self.open_own(room, Arc::clone(log), settings.clone()).await?,
        };
        if *desk.view().settings != settings {
            // They were changed while the room could not be told.
            let changed = desk.control(Control::Change(Box::new(settings))).await?;
            changed.unwrap_or_else(|problem| tracing::warn!(%problem, %room, "settings refused"));
        }
        let keys = TokenKeys::new(number(room), &self.setup.key, None);
        let found = Arc::new(OpenRoom { desk, keys });
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.insert(room, Arc::clone(&found));
        Ok(Some(found))
    }

    /// The room itself, back from its history.
    async fn open_own(
        &self,
        room: RoomId,
        log: Arc<dyn RoomLog>,
        settings: RoomSettings,
    ) -> Result<Desk, Trouble> {
        let RoomsSetup { reads, clock, tracker, stop, .. } = &self.setup;
        let recovered = Desk::recover(DeskSetup {
            room: number(room),
            settings,
            log,
            clock: Arc::clone(clock),
            tracker: tracker.clone(),
            stop: stop.clone(),
        })
        .await?;
        let slots = recovered.slots();
        let news = missed::news(&**reads, room, recovered.epoch(), &slots).await?;
        recovered.open(news).await
    }

    /// This instance's way to the room that all share. Others may be at work in it: what nobody
    /// told it is told like anything else.
    async fn open_shared(
        &self,
        room: RoomId,
        shared: &dyn SharedRooms,
        settings: &RoomSettings,
    ) -> Result<Desk, Trouble> {
        let RoomsSetup { reads, clock, tracker, stop, .. } = &self.setup;
        let (desk, slots) = Desk::open_shared(SharedDeskSetup {
            room: number(room),
            way: shared.open(number(room), settings).await?,
            clock: Arc::clone(clock),
            tracker: tracker.clone(),
            stop: stop.clone(),
        })
        .await?;
        let news = missed::news(&**reads, room, desk.epoch(), &slots).await?;
        for end in news.ends {
            desk.end(end).await?;
        }
        for extension in news.extensions {
            desk.extend(extension).await?;
        }
        Ok(desk)
    }
}

impl Drop for Rooms {
    fn drop(&mut self) {
        self.messages.end();
    }
}

/// Settings as they are kept; those that cannot be read are the default.
fn settings_of(json: &str) -> RoomSettings {
    serde_json::from_str(json).unwrap_or_else(|error| {
        tracing::error!(%error, "a room's settings cannot be read, it has the default ones");
        RoomSettings::default()
    })
}

fn number(room: RoomId) -> u32 {
    u32::try_from(room.0).unwrap_or(u32::MAX)
}

fn user_key(buyer: BuyerId) -> UserKey {
    UserKey(buyer.0.to_be_bytes())
}

fn buyer_of(user: UserKey) -> BuyerId {
    BuyerId(u128::from_be_bytes(user.0))
}

/// How a place stands, as a word.
fn status(standing: Standing) -> &'static str {
    match standing {
        Standing::Waiting => "waiting",
        Standing::OnDeck => "on_deck",
        Standing::Active { .. } => "active",
    }
}
