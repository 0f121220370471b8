//! In-memory adapters: for tests, and as the model that the others are compared with.

mod cache;
mod carrier;
mod instances;
mod lanes;
mod notes;
mod outbox;
mod queue_book;
mod reads;
mod records;
mod state;
mod store;
mod webhooks;

pub use cache::MemoryCache;
pub use carrier::MemoryCarrier;
pub use instances::MemoryInstances;
pub use queue_book::MemoryQueueBook;
pub use store::MemoryStore;
