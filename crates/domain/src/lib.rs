//! The rules of selling, holding and paying: values in, values out.
//!
//! [`decide()`] is the whole product in one pure function: it is given the rows that a batch of
//! [`Command`]s names and the time, and answers what happens. Nothing here waits, reads a clock,
//! draws a random number or knows how rows are stored; whoever calls it does.
//!
//! To add a command: one file in `command/`, one variant of [`Action`], one arm in
//! `command.rs` (its keys and its decision), one test file in `tests/`.

pub mod answer;
pub mod command;
pub mod concert;
mod decide;
pub mod event;
pub mod id;
mod key;
pub mod moment;
pub mod money;
pub mod party;
pub mod pass;
pub mod payment;
mod refusal;
pub mod reservation;
mod rows;
pub mod seat;
pub mod show;
pub mod ticket_type;
mod verdict;
pub mod wallet;

pub use answer::{Answer, CommandId, Fingerprint, Outcome, StoredAnswer};
pub use command::{Action, Actor, Command};
pub use decide::decide;
pub use event::{Deed, Event, Happening};
pub use key::{CommandMap, Key, KeyHasher, KeyMap};
pub use moment::Moment;
pub use money::{Currency, Money};
pub use refusal::Refusal;
pub use rows::{Loaded, Row, Rows};
pub use verdict::{Change, Delta, Guard, Verdict};
