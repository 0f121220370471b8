//! Settles batches of commands: ports, deliveries, boards, sweeping, and in-memory adapters.
//!
//! The one idea of the product lives in [`settle`]: load the rows that a batch names, decide it
//! with the domain's pure function, save what it comes to, commit, answer. How commands come
//! ([`ports::delivery`]), what excludes others meanwhile ([`ports::lock`]) and how a store
//! protects itself ([`ports::store::Mode`]) are three axes between which only data crosses.
//!
//! To add an adapter: a crate with the file names of its sisters, which passes the cases of
//! `admitone-conformance` and is wired in the command line, nowhere else.

pub mod board;
pub mod box_office;
pub mod cached;
pub mod cached_lists;
pub mod clock;
pub mod delivery;
pub mod events;
pub mod follower;
pub mod gates;
pub mod ids;
pub mod import;
pub mod lane;
pub mod limits;
pub mod lock;
pub mod lock_watch;
pub mod logbook;
pub mod membership;
pub mod memory;
pub mod notices;
pub mod observed;
pub mod operating;
pub mod parties;
pub mod payments;
pub mod ports;
pub mod programme_copy;
pub mod pulse;
pub mod queue_desk;
pub mod rehearsals;
pub mod rooms;
pub mod settle;
pub mod slow;
pub mod strategy;
pub mod sweeper;
pub mod ticket_codes;
pub mod trouble;
pub mod verify;
pub mod waiting_room;
pub mod webhooks;

pub use box_office::BoxOffice;
pub use trouble::{Trouble, TroubleKind};
