//! The waiting room in Redis: one script, one round trip, one step for all instances.
//!
//! A waiting user costs an entry of twenty bytes by place and one of about as much by user; the
//! crowd is answered from counters and tokens and never comes here. The round trips are those of
//! the instances' ticks, whatever the number of users.
//!
//! A server that lost its memory or a part of it is found out by its name, by the room's life and
//! by the turn that this instance saw last; then the instances put the room together again from
//! what they saw (`heal.lua`), from the book of places that is kept beside the server, and from
//! the tokens that users bring.

mod answer;
mod healing;
mod words;

use crate::chance;
use crate::node::{Node, script};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::room_journal::RoomJournal;
use admitone_app::ports::shared_room::{Exchanged, SharedPass, SharedRoom, SharedRooms};
use admitone_app::waiting_room::{Batch, Noted, Place, PlaceBook, RoomSettings};
use admitone_app::{Trouble, TroubleKind};
use answer::Answer;
use async_trait::async_trait;
use redis::{Script, ScriptInvocation, Value};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// A room that is not there although rooms were: whoever saw it has so long to say so.
const BORN_AFTER: Duration = Duration::from_millis(1_500);

/// How long copies of the server are waited for, unless it is said otherwise.
const COPIES_MS: u64 = 100;
/// So often a room is asked again while it is put together, with this pause.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);
/// A room that begins anew may have many places to put back before it opens: a minute's worth.
const OPENING_TRIES: u32 = 1_200;

/// What a room is, as the server runs it.
pub const SCRIPT: &str = concat!(
    include_str!("room/state.lua"),
    include_str!("room/line.lua"),
    include_str!("room/people.lua"),
    include_str!("room/exchange.lua"),
    include_str!("room/heal.lua"),
);

/// How rooms are kept.
#[derive(Clone)]
pub struct RoomOptions {
    /// What their keys begin with. Default `admitone`.
    pub prefix: String,
    /// How long to wait before a room that is not there is made, in ms: an instance that knows
    /// one heals it meanwhile. Default 1,500.
    pub born_after_ms: u64,
    /// The time instead of the server's; for tests. Default `None`.
    pub time: Option<Arc<dyn Clock>>,
    /// Where it is written down who has which place, so that nobody loses it with the server's
    /// memory. Default `None`: then it comes back with the tokens of the users.
    pub places: Option<Arc<dyn RoomJournal>>,
    /// So many copies of the server must know of an admission before anybody is told, if it has
    /// copies at all. Default 1; 0 is not to wait.
    pub copies: u32,
    /// They are waited for so many ms at most. Default 100.
    pub copies_ms: u64,
    /// Where the book of places is made shorter, beside the room. Default one of its own.
    pub tracker: TaskTracker,
    /// Another script than [`SCRIPT`]; for tests that plant a defect. Default `None`.
    pub script: Option<String>,
}

impl Default for RoomOptions {
    fn default() -> Self {
        let born_after_ms = u64::try_from(BORN_AFTER.as_millis()).unwrap_or(0);
        Self {
            prefix: "admitone".to_owned(),
            born_after_ms,
            time: None,
            places: None,
            copies: 1,
            copies_ms: COPIES_MS,
            tracker: TaskTracker::new(),
            script: None,
        }
    }
}

/// The waiting rooms of many instances.
pub struct RedisRooms {
    node: Node,
    script: Arc<Script>,
    options: RoomOptions,
    instance: String,
}

impl RedisRooms {
    /// Rooms on this server. The connection should be theirs alone.
    pub fn new(node: Node, options: RoomOptions) -> Self {
        let source = options.script.as_deref().unwrap_or(SCRIPT);
        Self { node, script: Arc::new(script(source)), options, instance: chance::name() }
    }

    /// One instance's way to a room.
    ///
    /// # Errors
    /// The server is away, or the settings cannot be.
    pub async fn open_room(
        &self,
        room: u32,
        settings: &RoomSettings,
    ) -> Result<RedisRoom, Trouble> {
        let broken = |problem| Trouble::new(TroubleKind::Inconsistent, "open room", problem);
        settings.validate().map_err(broken)?;
        let mut opened = RedisRoom {
            node: self.node.clone(),
            script: Arc::clone(&self.script),
            base: format!("{}:{{room:{room}}}:", self.options.prefix),
            room,
            time: self.options.time.clone(),
            instance: self.instance.clone(),
            memory: Memory::new(settings.clone()),
            book: self.options.places.clone().map(|journal| {
                PlaceBook::new(journal, room).shortened_in(self.options.tracker.clone())
            }),
            copies: (self.options.copies, self.options.copies_ms),
        };
        if !opened.is_there().await? {
            pause(Duration::from_millis(self.options.born_after_ms)).await;
        }
        opened.find_or_make().await?;
        Ok(opened)
    }
}

async fn pause(span: Duration) {
    let _ = tokio::time::timeout(span, std::future::pending::<()>()).await;
}

#[async_trait]
impl SharedRooms for RedisRooms {
    async fn open(
        &self,
        room: u32,
        settings: &RoomSettings,
    ) -> Result<Box<dyn SharedRoom>, Trouble> {
        Ok(Box::new(self.open_room(room, settings).await?))
    }
}

/// One instance's way to a room.
pub struct RedisRoom {
    node: Node,
    script: Arc<Script>,
    base: String,
    room: u32,
    time: Option<Arc<dyn Clock>>,
    instance: String,
    memory: Memory,
    book: Option<PlaceBook>,
    /// How many copies of the server are waited for, and for how many ms.
    copies: (u32, u64),
}

/// What this instance saw of the room; when the server forgets, it is what is left.
struct Memory {
    /// Which life of the room: a new one begins when something was lost.
    life: String,
    /// The turn, the revision of passes and of the settings that were seen last.
    turn: i64,
    revision: i64,
    settings_revision: i64,
    settings: RoomSettings,
    epoch: i64,
    /// The room's head as it was then.
    essence: Vec<u8>,
    inside: HashMap<Place, SharedPass>,
    /// Places inside that were asked to end, and nothing was heard of it.
    doubtful: HashSet<Place>,
}

impl Memory {
    fn new(settings: RoomSettings) -> Self {
        Self {
            life: String::new(),
            turn: 0,
            revision: -1,
            settings_revision: -1,
            settings,
            epoch: 0,
            essence: Vec::new(),
            inside: HashMap::new(),
            doubtful: HashSet::new(),
        }
    }

    /// Takes over what an exchange told.
    fn learn(&mut self, answer: &mut Answer) {
        let [epoch, ..] = answer.snapshot[..] else { return };
        if answer.is_whole || epoch != self.epoch {
            self.inside.clear();
            answer.is_whole = true;
        }
        for (place, pass) in &answer.passes {
            match pass {
                Some(pass) => self.inside.insert(*place, *pass),
                None => self.inside.remove(place),
            };
        }
        self.doubtful.clear();
        self.epoch = epoch;
        [self.revision, self.settings_revision, self.turn] = answer.revisions;
        if let Some(settings) = answer.settings.take() {
            self.settings = settings;
        }
        self.essence = std::mem::take(&mut answer.essence);
    }
}

impl RedisRoom {
    /// Which room.
    pub fn number(&self) -> u32 {
        self.room
    }

    async fn is_there(&self) -> Result<bool, Trouble> {
        let mut call = self.call("exchange");
        call.arg(-1).arg(-1).arg(&self.instance).arg("").arg(0).arg("").arg("").arg("").arg("");
        let said: Vec<Value> = self.node.run("look for a room", &call).await?;
        Ok(answer::status(&said) != "EMPTY")
    }

    /// One exchange. A room that lost something is healed first, and asked again.
    ///
    /// # Errors
    /// The server is away, or cannot be understood.
    pub async fn exchange_once(&mut self, batch: &Batch) -> Result<Exchanged, Trouble> {
        let (batch, refused) = words::valid(batch);
        for _ in 0..TRIES {
            let said: Vec<Value> = match self.node.run("ask a room", &self.question(&batch)).await {
                Ok(said) => said,
                Err(trouble) => {
                    self.note_doubtful(&batch).await;
                    return Err(trouble);
                }
            };
            if answer::status(&said) == "OK" {
                let mut answer = Answer::read(said)?;
                self.keep(&mut answer).await;
                return answer.told(self.room, &self.memory.settings, &refused);
            }
            if !self.heal().await? {
                pause(PAUSE).await;
            }
        }
        let detail = "the room is being put together again";
        Err(Trouble::new(TroubleKind::Unavailable, "ask a room", detail))
    }

    /// Before anybody is told: who was given a place is written down, and whoever was admitted is
    /// known to a copy of the server.
    async fn keep(&mut self, answer: &mut Answer) {
        let epoch_before = self.memory.epoch;
        self.memory.learn(answer);
        if self.copies.0 > 0 && answer.copies > 0 {
            self.wait_for_copies().await;
        }
        let noted = std::mem::take(&mut answer.noted);
        let is_new_life = epoch_before != 0 && epoch_before != self.memory.epoch;
        if let Some(book) = &mut self.book
            && (!noted.is_empty() || is_new_life || book.is_behind())
        {
            book.note(noted).await;
        }
    }

    /// It is not known whether anything came of a question: what was asked to end is over whatever
    /// comes of it, also if the server is lost before it can tell. Of who waits the instance knows
    /// nothing; what the server knows of them it tells again.
    async fn note_doubtful(&mut self, batch: &Batch) {
        let Some(book) = &mut self.book else { return };
        let inside = &self.memory.inside;
        let place_of = |user| inside.iter().find(|(_, pass)| pass.user == user).map(|(at, _)| *at);
        let mut ended: Vec<Place> = Vec::new();
        for end in &batch.ends {
            let place = place_of(end.user).filter(|at| end.place.is_none_or(|meant| meant == *at));
            ended.extend(place.filter(|place| self.memory.doubtful.insert(*place)));
        }
        if !ended.is_empty() || book.is_behind() {
            let epoch = u16::try_from(self.memory.epoch).unwrap_or(0);
            book.note(Noted { epoch, given: Vec::new(), ended }).await;
        }
    }

    /// A server that fails over without knowing of an admission is healed like any other that lost
    /// something: what was not copied in time is counted, and nobody waits longer.
    async fn wait_for_copies(&self) {
        let (copies, span_ms) = self.copies;
        let known = self.node.wait_for_copies(copies, span_ms).await;
        if known.as_ref().is_ok_and(|known| *known >= copies) {
            return;
        }
        metrics::counter!("wr_not_copied_total").increment(1);
        tracing::warn!(room = self.room, ?known, "no copy of Redis knows of an admission yet");
    }

    fn call(&self, what: &str) -> ScriptInvocation<'_> {
        let mut call = self.script.prepare_invoke();
        let time = self.time.as_ref();
        let now = time.map_or_else(String::new, |time| time.now().0.to_string());
        call.key(&self.base).arg(what).arg(now);
        call
    }

    fn question(&self, batch: &Batch) -> ScriptInvocation<'_> {
        let memory = &self.memory;
        let mut call = self.call("exchange");
        call.arg(memory.revision).arg(memory.settings_revision).arg(&self.instance);
        call.arg(&memory.life).arg(memory.turn);
        call.arg(words::joins(batch)).arg(words::touches(batch));
        call.arg(words::ends(batch)).arg(words::extensions(batch));
        for control in words::controls(batch) {
            call.arg(&control[..]);
        }
        call
    }
}

#[async_trait]
impl SharedRoom for RedisRoom {
    async fn exchange(&mut self, batch: &Batch) -> Result<Exchanged, Trouble> {
        self.exchange_once(batch).await
    }
}
