//! What an instance does when the server lost something: it tells what it saw, and puts back the
//! places that the book knows.

use super::{OPENING_TRIES, PAUSE, RedisRoom, answer, pause, words};
use crate::chance;
use admitone_app::waiting_room::{Place, Places};
use admitone_app::{Trouble, TroubleKind};
use redis::{ScriptInvocation, Value};

/// So many places go back in one step: it holds up everybody who shares the server.
const STEP: usize = 500;
/// A step that was not answered is told again: it does no harm twice.
const STEP_TRIES: u32 = 5;

impl RedisRoom {
    /// Finds the room, or makes it; one that the book knows goes on in its line.
    pub(super) async fn find_or_make(&mut self) -> Result<(), Trouble> {
        let settings = self.memory.settings.clone();
        let mut places = None;
        for _ in 0..OPENING_TRIES {
            let mut call = self.call("open");
            let [text, json, json_open] = words::settings(&settings);
            call.arg(text).arg(json).arg(json_open).arg(chance::name()).arg(&self.instance);
            self.add_book(&mut call, places.as_ref());
            let said: Vec<Value> = self.node.run("open a room", &call).await?;
            match answer::status(&said).as_str() {
                "READ" => places = Some(self.read_book().await?),
                // Another instance puts places back.
                "BUSY" => pause(PAUSE).await,
                _ => {
                    self.memory.life = answer::text(said.get(1));
                    match places.take().filter(|_| is_to_restore(&said)) {
                        Some(places) if !self.restore(&places).await? => pause(PAUSE).await,
                        Some(_) | None => return Ok(()),
                    }
                }
            }
        }
        let detail = "the room is being put together for too long";
        Err(Trouble::new(TroubleKind::Unavailable, "open a room", detail))
    }

    /// Puts the room together again from what this instance saw, or adds it to what others did.
    /// Says whether it is worth asking the room again at once.
    pub(super) async fn heal(&mut self) -> Result<bool, Trouble> {
        let mut places = None;
        loop {
            let mut call = self.call("heal");
            let memory = &self.memory;
            call.arg(&self.instance).arg(chance::name()).arg(&memory.life).arg(memory.turn);
            call.arg(&memory.essence[..]).arg(words::inside(&memory.inside));
            self.add_book(&mut call, places.as_ref());
            let said: Vec<Value> = self.node.run("heal a room", &call).await?;
            match answer::status(&said).as_str() {
                "READ" => places = Some(self.read_book().await?),
                "BUSY" => return Ok(false),
                // Nobody who saw it is left: it goes on from the book, or begins anew.
                "EMPTY" => return self.find_or_make().await.map(|()| true),
                _ => {
                    self.healed(&said);
                    return match places.filter(|_| is_to_restore(&said)) {
                        Some(places) => self.restore(&places).await,
                        None => Ok(true),
                    };
                }
            }
        }
    }

    fn healed(&mut self, said: &[Value]) {
        metrics::counter!("wr_heals_total").increment(1);
        tracing::warn!(room = self.room, "the server of a room lost something: it was healed");
        self.memory.life = answer::text(said.get(1));
        // What is seen from now on is told whole.
        self.memory.revision = -1;
    }

    /// What the book knows; that there is one which was not read yet; or that there is none.
    fn add_book(&self, call: &mut ScriptInvocation<'_>, places: Option<&Places>) {
        match places {
            Some(places) => call.arg(places.epoch).arg(places.issued()).arg(places.first()),
            None if self.book.is_some() => call.arg("?").arg("").arg(""),
            None => call.arg("").arg("").arg(""),
        };
    }

    async fn read_book(&self) -> Result<Places, Trouble> {
        if let Some(book) = &self.book {
            return book.read().await;
        }
        let detail = "there is no book of places";
        Err(Trouble::new(TroubleKind::Inconsistent, "heal a room", detail))
    }

    /// Puts back all places of the book; says whether no other instance took that over.
    async fn restore(&self, places: &Places) -> Result<bool, Trouble> {
        let ended: Vec<Place> = places.ended().collect();
        for part in ended.chunks(STEP) {
            let words: Vec<u8> = part.iter().flat_map(|place| place.0.to_be_bytes()).collect();
            if !self.restore_some(0, &words, &[]).await? {
                return Ok(false);
            }
        }
        let live: Vec<_> = places.live.iter().collect();
        for part in live.chunks(STEP) {
            if !self.restore_some(0, &[], &words::places(part)).await? {
                return Ok(false);
            }
        }
        let is_done = self.restore_some(places.issued(), &[], &[]).await?;
        if is_done && let Some(book) = &self.book {
            tracing::warn!(room = self.room, places = live.len(), "places were put back");
            if let Err(trouble) = book.shorten(places).await {
                tracing::warn!(room = self.room, %trouble, "the book of places stays long");
            }
        }
        Ok(is_done)
    }

    /// One step; `known_to` is not 0 in the last one.
    async fn restore_some(
        &self,
        known_to: u64,
        ended: &[u8],
        live: &[u8],
    ) -> Result<bool, Trouble> {
        let mut call = self.call("restore");
        call.arg(&self.instance).arg(&self.memory.life).arg(known_to).arg(ended).arg(live);
        let mut tries = 1;
        loop {
            let said: Result<Vec<Value>, Trouble> = self.node.run("put places back", &call).await;
            match said {
                Err(trouble) if trouble.is_temporary() && tries < STEP_TRIES => tries += 1,
                said => return Ok(answer::status(&said?) == "OK"),
            }
        }
    }
}

fn is_to_restore(said: &[Value]) -> bool {
    said.get(2) == Some(&Value::Int(1))
}
