//! The waiting room in front of a sale: at most so many users inside, at most so many admitted
//! per interval, in the order of their places, one place per user.
//!
//! A waiting user costs a token and twenty bytes. The crowd is told when to ask again and is
//! answered from two counters; only the next few seconds' worth of people who have shown
//! themselves, the *deck*, is known exactly, and admission takes the smallest place from it. So an
//! absent user never takes a slot, and nobody who keeps the promised poll times is overtaken.
//!
//! [`Room`] is the whole behaviour as a pure state machine. It does not know HTTP, tokens, time,
//! or where its records are kept.

pub mod batch;
mod called;
mod credit;
mod deck;
pub mod desk;
pub mod document;
mod estimate;
mod frontier;
pub mod gauges;
pub mod memory_journal;
pub mod memory_log;
mod pace;
mod passes;
pub mod place;
mod places;
pub mod record;
mod register;
mod replica;
mod room;
mod rules;
pub mod settings;
mod slots;
pub mod snapshot;
pub mod token;
pub mod uuid_token;

pub use batch::{
    Admission, Batch, Control, End, Extension, Gone, Join, JoinRefusal, Joined, Outcome, Position,
    Standing, Touch,
};
pub use desk::{Desk, DeskSetup, Frame, Pass, PollAnswer, Recovered, SharedDeskSetup, View};
pub use document::PublicDocument;
pub use estimate::Stretch;
pub use gauges::{Gauges, Totals};
pub use place::{Generation, Place, UserKey};
pub use places::{Noted, PlaceBook, Places};
pub use record::{EndReason, Record, UnreadableHistory, decode, encode};
pub use replica::JournalRooms;
pub use room::{Checkpoint, Room, WholeRoom};
pub use settings::{Mode, Rate, RoomSettings, SettingsProblem, Shape};
pub use slots::Slot;
pub use snapshot::{Eta, Snapshot};
pub use token::{Claims, Kind, MasterKey, TokenKeys, TokenRefusal, UserKeys};
pub use uuid_token::UuidKeys;

#[cfg(test)]
mod tests;
