//! In-memory adapters: for tests, and as the model that the others are compared with.

mod cache;
mod instances;
mod lanes;
mod outbox;
mod reads;
mod state;
mod store;
mod webhooks;

pub use cache::MemoryCache;
pub use instances::MemoryInstances;
pub use store::MemoryStore;
