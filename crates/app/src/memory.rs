//! In-memory adapters: for tests, and as the model that the others are compared with.

mod instances;
mod reads;
mod state;
mod store;

pub use instances::MemoryInstances;
pub use store::MemoryStore;
