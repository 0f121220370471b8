//! The shared store on MariaDB, and written for `MySQL` 8: any number of instances, nothing shared
//! between them but this. It follows the plan of its sister on PostgreSQL; what differs:
//!
//! * A batch travels as text, the rows of a table as one JSON document that the server reads as a
//!   table. All statements of a step are one message: load, save and commit are a round trip each.
//!   The driver cannot send prepared statements ahead of their answers, so none is prepared; a
//!   statement is parsed once for a whole batch.
//! * The JSON table leads every join and the primary key is forced on the other side: rows are
//!   locked in the order of the document, which is that of [`admitone_domain::Key`], and never
//!   more rows than are named, however small the table.
//! * A row that was not there is inserted, and a second one of its name is a conflict.
//! * *serializable* is the server's: what is read is locked shared, and two batches that read the
//!   same row and change it find each other in a deadlock, which the server ends at once; it is a
//!   conflict. Reservations and payments are read before the transaction begins: the server locks
//!   the gap where a row is missing, and behind the last id that gap is everybody's (measured: one
//!   of twenty racing buyers waited ten seconds). Their version and their key keep them safe.
//! * A batch that is dropped before its commit rolls back in a task of its own before its
//!   connection comes back to the pool: this driver cannot send what nobody waits for.
//!
//! Not tried on MySQL 8, only written for it: everything. `JSON_TABLE` and
//! `CHECK` are there (8.0.16 and later). Two bounds are MariaDB's alone and are
//! sent in comments that only MariaDB reads: how long a statement may take, and how long a
//! transaction may lie idle. On MySQL 8 an instance that is paused inside a pessimistic batch
//! keeps its locks until its connection ends.

mod answers;
mod client;
mod due;
mod house;
mod instances;
mod lanes;
mod lock_waits;
mod notes;
mod open;
mod outbox;
mod place;
mod queue_book;
mod reads;
mod records;
mod room_journal;
mod script;
mod store;
mod tables;
mod trouble;
pub mod verify;
mod webhooks;

pub use open::{Guards, MysqlStore, OpenTrouble, Options, Time};
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
