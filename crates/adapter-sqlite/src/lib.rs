//! The embedded store: journal first, tables folded behind it.
//!
//! * `journal.db` has one row for each batch, committed with `synchronous=FULL` before anybody is
//!   answered. It is the truth.
//! * `tables.db` is the SQL schema, folded from memory in the background in large transactions;
//!   `folded_seq` stands in the same transaction, so that a crash repeats nothing.
//! * Memory has what the journal has and the tables do not yet, and the rows that are hot.
//!
//! The costs that this avoids are random index keys and checkpoints in the writer: the journal is
//! append-only, checkpoints run on the fold's thread, and the ids of answered commands, which are
//! hashes and would be the worst keys of all, are indexed in memory (16 bytes each) while their
//! rows are appended. One process at a time: it offers the one strategy `single-writer`.

mod answers;

mod due;
mod fold;
mod journal;
mod memory;
mod notes;
mod open;
mod outbox;
mod reads;
mod roads;
mod room_log;
mod shards;
mod store;
mod tables;
mod trouble;
pub mod verify;
mod webhooks;

pub use open::{OpenTrouble, Options, SqliteStore};
pub use roads::SqliteRoads;
pub use room_log::SqliteRoomLog;

/// The migrations of the two databases, the guards as one of their own.
mod migrations {
    pub(crate) mod journal {
        refinery::embed_migrations!("migrations/journal");
    }
    pub(crate) mod roads {
        refinery::embed_migrations!("migrations/roads");
    }
    pub(crate) mod rooms {
        refinery::embed_migrations!("migrations/rooms");
    }
    pub(crate) mod tables {
        refinery::embed_migrations!("migrations/tables");
    }
}
