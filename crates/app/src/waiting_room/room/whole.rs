//! A room with everything that is in it, so that it can go on elsewhere as if nothing had happened:
//! the deck, the pace, the estimates, when each user was seen. A [`Checkpoint`](super::Checkpoint)
//! leaves these out, because after a crash nobody is sure of them.

use super::Room;
use crate::waiting_room::called::CalledLog;
use crate::waiting_room::credit::Credit;
use crate::waiting_room::deck::Deck;
use crate::waiting_room::estimate::Estimates;
use crate::waiting_room::frontier::Frontier;
use crate::waiting_room::gauges::Totals;
use crate::waiting_room::pace::Pace;
use crate::waiting_room::place::Place;
use crate::waiting_room::record::UnreadableHistory;
use crate::waiting_room::register::{Register, RegisterImage, WholeRegister};
use crate::waiting_room::rules::Rules;
use crate::waiting_room::settings::RoomSettings;
use crate::waiting_room::slots::{Slot, Slots};
use serde::{Deserialize, Serialize};

/// A room at one moment. Cheap to take, dear to turn into bytes: do that on another thread.
#[derive(Debug, Clone)]
pub struct WholeRoom {
    state: State,
    register: RegisterImage,
    issued: u64,
    origin_us: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct State {
    id: u32,
    epoch: u16,
    settings: RoomSettings,
    clock_us: i64,
    slots: Vec<(Place, Slot)>,
    deck: Deck,
    frontier: Frontier,
    pace: Pace,
    credit: Credit,
    called: CalledLog,
    called_to: u64,
    estimates: Estimates,
    totals: Totals,
    rest_until_us: i64,
    sweep_at_us: i64,
    ready_at_us: Option<i64>,
}

impl WholeRoom {
    /// The room as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let register = self.register.whole(self.issued, self.origin_us);
        // Writing into a growing vector fails for no value that these types can hold.
        postcard::to_stdvec(&(&self.state, register)).unwrap_or_default()
    }
}

impl Room {
    /// All of the room as it is now.
    pub fn whole(&self) -> WholeRoom {
        let state = State {
            id: self.id,
            epoch: self.epoch,
            settings: self.settings.clone(),
            clock_us: self.clock_us,
            slots: self.slots.iter().collect(),
            deck: self.deck.clone(),
            frontier: self.frontier.clone(),
            pace: self.pace,
            credit: self.credit.clone(),
            called: self.called.clone(),
            called_to: self.called_to,
            estimates: self.estimates.clone(),
            totals: self.totals,
            rest_until_us: self.rest_until_us,
            sweep_at_us: self.sweep_at_us,
            ready_at_us: self.ready_at_us,
        };
        let (issued, origin_us) = (self.register.issued(), self.register.origin_us());
        WholeRoom { state, register: self.register.image(), issued, origin_us }
    }

    /// A room from what [`WholeRoom::encode`] wrote; it goes on where that one was.
    ///
    /// # Errors
    /// The bytes were not written by it.
    pub fn from_whole(bytes: &[u8]) -> Result<Self, UnreadableHistory> {
        let (state, register): (State, WholeRegister) =
            postcard::from_bytes(bytes).map_err(|error| UnreadableHistory(error.to_string()))?;
        let mut slots = Slots::default();
        for (place, slot) in state.slots {
            slots.put(place, slot);
        }
        Ok(Self {
            id: state.id,
            epoch: state.epoch,
            settings: state.settings,
            clock_us: state.clock_us,
            register: Register::from_whole(&register),
            slots,
            deck: state.deck,
            frontier: state.frontier,
            pace: state.pace,
            credit: state.credit,
            called: state.called,
            called_to: state.called_to,
            estimates: state.estimates,
            totals: state.totals,
            rest_until_us: state.rest_until_us,
            sweep_at_us: state.sweep_at_us,
            ready_at_us: state.ready_at_us,
            rules: Rules::default(),
            records: Vec::new(),
        })
    }
}
