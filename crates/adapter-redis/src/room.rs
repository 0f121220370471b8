//! The waiting room in Redis: one script, one round trip, one step for all instances.
//!
//! A waiting user costs an entry of twenty bytes by place and one of about as much by user; the
//! crowd is answered from counters and tokens and never comes here. The round trips are those of
//! the instances' ticks, whatever the number of users.
//!
//! A server that lost its memory or a part of it is found out by its name, by the room's life and
//! by the turn that this instance saw last; then the instances put the room together again from
//! what they saw (`heal.lua`), and from the tokens that users bring.

mod answer;
mod words;

use crate::chance;
use crate::node::{Node, script};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::shared_room::{Exchanged, SharedPass, SharedRoom, SharedRooms};
use admitone_app::waiting_room::{Batch, Place, RoomSettings};
use admitone_app::{Trouble, TroubleKind};
use answer::Answer;
use async_trait::async_trait;
use redis::{Script, ScriptInvocation, Value};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// A room that is not there although rooms were: whoever saw it has so long to say so.
const BORN_AFTER: Duration = Duration::from_millis(1_500);

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
    /// Another script than [`SCRIPT`]; for tests that plant a defect. Default `None`.
    pub script: Option<String>,
}

impl Default for RoomOptions {
    fn default() -> Self {
        let born_after_ms = u64::try_from(BORN_AFTER.as_millis()).unwrap_or(0);
        Self { prefix: "admitone".to_owned(), born_after_ms, time: None, script: None }
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
        };
        if !opened.is_there().await? {
            let pause = Duration::from_millis(self.options.born_after_ms);
            let _ = tokio::time::timeout(pause, std::future::pending::<()>()).await;
        }
        opened.find_or_make(settings).await?;
        Ok(opened)
    }
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

    async fn find_or_make(&mut self, settings: &RoomSettings) -> Result<(), Trouble> {
        let mut call = self.call("open");
        let [text, json, json_open] = words::settings(settings);
        call.arg(text).arg(json).arg(json_open).arg(chance::name()).arg(&self.instance);
        let said: Vec<Value> = self.node.run("open a room", &call).await?;
        self.memory.life = answer::text(said.get(1));
        Ok(())
    }

    /// One exchange. A room that lost something is healed first, and asked again.
    ///
    /// # Errors
    /// The server is away, or cannot be understood.
    pub async fn exchange_once(&mut self, batch: &Batch) -> Result<Exchanged, Trouble> {
        let (batch, refused) = words::valid(batch);
        for _ in 0..3 {
            let said: Vec<Value> = self.node.run("ask a room", &self.question(&batch)).await?;
            match answer::status(&said).as_str() {
                "OK" => {
                    let mut answer = Answer::read(said)?;
                    self.memory.learn(&mut answer);
                    let memory = &self.memory;
                    return answer.told(self.room, &memory.settings, &refused);
                }
                _ => self.heal().await?,
            }
        }
        let detail = "the room is being put together again";
        Err(Trouble::new(TroubleKind::Unavailable, "ask a room", detail))
    }

    /// Puts the room together again from what this instance saw, or adds it to what others did.
    async fn heal(&mut self) -> Result<(), Trouble> {
        let mut call = self.call("heal");
        let memory = &self.memory;
        call.arg(&self.instance).arg(chance::name()).arg(&memory.life).arg(memory.turn);
        call.arg(&memory.essence[..]).arg(words::inside(&memory.inside));
        let said: Vec<Value> = self.node.run("heal a room", &call).await?;
        if answer::status(&said) == "EMPTY" {
            // Nobody who saw it is left: it begins anew.
            let settings = self.memory.settings.clone();
            return self.find_or_make(&settings).await;
        }
        metrics::counter!("wr_heals_total").increment(1);
        tracing::warn!(room = self.room, "the server of a room lost something: it was healed");
        self.memory.life = answer::text(said.get(1));
        // What is seen from now on is told whole.
        self.memory.revision = -1;
        Ok(())
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
