//! In-memory adapters: for tests, and as the model that the others are compared with.

mod reads;
mod state;
mod store;

pub use store::MemoryStore;
