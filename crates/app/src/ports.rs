//! What the application needs of the world, each need a file.

pub mod bell;
pub mod buckets;
pub mod cache;
pub mod carrier;
pub mod clock;
pub mod delivery;
pub mod event_bus;
pub mod gateway;
pub mod hints;
pub mod instances;
pub mod lanes;
pub mod lock;
pub mod lock_waits;
pub mod notices;
pub mod outbox;
pub mod queue_book;
pub mod queues;
pub mod reads;
pub mod records;
pub mod rehearsals;
pub mod room_journal;
pub mod room_log;
pub mod shared_room;
pub mod store;
pub mod tap;
pub mod webhooks;
