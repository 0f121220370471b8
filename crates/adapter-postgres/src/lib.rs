//! The shared store on PostgreSQL: any number of instances, nothing shared between them but this.
//!
//! * A batch travels as arrays, and all that it asks for is one statement, as is all that it
//!   writes (`merged.rs`): a part for each kind of row, whatever the number of rows. A batch of a
//!   thousand commands costs as many round trips as a batch of one: load and save, where a mode
//!   needs a transaction around both its commit as well. Only what locks the rows that it reads
//!   sends a statement for each kind, all before the first is answered.
//! * Arrays are sorted in the one order of [`admitone_domain::Key`], and a statement that inserts
//!   or updates from an array takes its locks in the array's order: two batches never wait for
//!   each other in a circle. Holds that are over, which a second load would have to go back for, are
//!   loaded anew with the others; where something else goes back the server finds a circle, and it is
//!   a conflict like any other.
//! * The five modes differ in two places only: how rows are read ([`store`](self)), and which
//!   statement writes them (`tables/write.rs`). *plain* and the others that hold no lock between
//!   load and save read without a transaction, which at READ COMMITTED is the same; *pessimistic*
//!   locks what can change `FOR UPDATE`, what the house only looks up `FOR SHARE`, and first
//!   inserts wallets, quotas and passes that are missing (version 0: there is none);
//!   *serializable* is the server's own isolation level. All but *plain* also check the version.
//! * A token of a fence is read `FOR SHARE` in the transaction that saves, so that no newer one is
//!   drawn between the check and the commit.
//! * A connection that is lost while it commits leaves the outcome unknown: the store asks for the
//!   answer of the batch on another connection.

mod answers;
mod bell;
mod client;
mod due;
mod house;
mod instances;
mod lanes;
mod lock_waits;
mod merged;
mod notes;
mod open;
mod outbox;
mod pipeline;
mod place;
mod queue_book;
mod reads;
mod records;
mod room_journal;
mod store;
mod tables;
mod trouble;
pub mod verify;
mod webhooks;

pub use bell::PostgresBell;
pub use open::{Guards, OpenTrouble, Options, PostgresStore, Time};
pub use place::{clear_place, empty_place};

/// The migrations: the tables, and the guards as a set of their own that can be left out.
mod migrations {
    pub(crate) mod guards {
        refinery::embed_migrations!("migrations/guards");
    }
    pub(crate) mod tables {
        refinery::embed_migrations!("migrations/tables");
    }
}
