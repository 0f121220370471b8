//! Checkpoint and recovery.
//!
//! A checkpoint of a million users has about 20 MB. The room is held up only while pointers to
//! its chunks are copied (a thousand of them for a million users); the bytes are made elsewhere,
//! and a chunk that changes meanwhile is copied by the room first.

use super::Room;
use crate::waiting_room::called::CalledLog;
use crate::waiting_room::credit::Credit;
use crate::waiting_room::gauges::Totals;
use crate::waiting_room::pace::Pace;
use crate::waiting_room::place::Place;
use crate::waiting_room::record::{Record, UnreadableHistory, decode};
use crate::waiting_room::register::{Register, RegisterImage, SavedRegister};
use crate::waiting_room::settings::RoomSettings;
use crate::waiting_room::slots::Slot;
use serde::{Deserialize, Serialize};

/// A room at one moment. Cheap to take, dear to turn into bytes: do that on another thread.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    head: Head,
    issued: u64,
    register: RegisterImage,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Head {
    epoch: u16,
    settings: RoomSettings,
    clock_us: i64,
    slots: Vec<(Place, Slot)>,
    deck_to: u64,
    ripe_to: u64,
    pace: Pace,
    credit: Credit,
    called: CalledLog,
    called_to: u64,
    totals: Totals,
}

impl Checkpoint {
    /// The checkpoint as bytes.
    pub fn encode(&self) -> Vec<u8> {
        // Writing into a growing vector fails for no value that these types can hold.
        postcard::to_stdvec(&(&self.head, self.register.save(self.issued))).unwrap_or_default()
    }
}

impl Room {
    /// The room as it is now.
    pub fn checkpoint(&self) -> Checkpoint {
        let head = Head {
            epoch: self.epoch,
            settings: self.settings.clone(),
            clock_us: self.clock_us,
            slots: self.slots.iter().collect(),
            deck_to: self.frontier.deck_to,
            ripe_to: self.frontier.ripe_to,
            pace: self.pace,
            credit: self.credit.clone(),
            called: self.called.clone(),
            called_to: self.called_to,
            totals: self.totals,
        };
        Checkpoint { head, issued: self.register.issued(), register: self.register.image() }
    }

    /// Rebuilds this empty room from its history. The deck is lost: nobody is admitted for one
    /// reaction time, in which whoever is there shows up again, so that nobody is overtaken.
    ///
    /// # Errors
    /// The history was not written by a room.
    pub fn recover(
        mut self,
        checkpoint: Option<&[u8]>,
        batches: &[Vec<u8>],
        now_us: i64,
    ) -> Result<Self, UnreadableHistory> {
        if let Some(bytes) = checkpoint {
            self.restore(bytes, now_us)?;
        }
        for (index, bytes) in batches.iter().enumerate() {
            let records = decode(bytes)?;
            if index == 0 && checkpoint.is_none() {
                self.begin_with(&records);
            }
            for record in &records {
                self.apply(record);
            }
        }
        self.clock_us = self.clock_us.max(now_us);
        self.register.forgive(self.clock_us);
        let (deck_to, ripe_to) = (self.frontier.deck_to, self.frontier.ripe_to);
        self.frontier.resume(deck_to, ripe_to, self.clock_us, self.pace.react_us);
        if self.waiting() > 0 {
            self.rest();
        }
        Ok(self)
    }

    /// This room was made just now, but its history begins when it began: else all of it would
    /// happen again in one moment, and spend the rate of hours at once.
    fn begin_with(&mut self, records: &[Record]) {
        if let Some(Record::Clock { clock_us }) = records.first() {
            self.clock_us = *clock_us;
        }
    }

    fn restore(&mut self, bytes: &[u8], now_us: i64) -> Result<(), UnreadableHistory> {
        let (head, register): (Head, SavedRegister) =
            postcard::from_bytes(bytes).map_err(|error| UnreadableHistory(error.to_string()))?;
        self.epoch = head.epoch;
        self.settings = head.settings;
        self.clock_us = head.clock_us;
        self.register = Register::restore(&register, now_us);
        for (place, slot) in head.slots {
            self.slots.put(place, slot);
        }
        self.frontier.level(head.ripe_to);
        self.frontier.deck_to = head.deck_to;
        self.pace = head.pace;
        self.credit = head.credit;
        self.called = head.called;
        self.called_to = head.called_to;
        self.totals = head.totals;
        Ok(())
    }
}
