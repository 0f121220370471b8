//! Redis beside the store: locks, the waiting room of many instances, jobs, cache and live events.
//!
//! Nothing here is the truth about stock or money: the store decides, and a Redis that is lost
//! costs speed. What a script does is one step for everybody; the scripts are the `.lua` files
//! beside the code that calls them.

mod bell;
mod buckets;
mod cache;
mod chance;
mod hints;
pub mod jobs;
pub mod lock;
mod monotonic;
mod node;
pub mod room;

pub use bell::RedisBell;
pub use buckets::RedisBuckets;
pub use cache::RedisCache;
pub use hints::RedisHints;
pub use jobs::{JobsOptions, RedisJobs};
pub use lock::{LockOptions, LockSetup, RedisLock};
pub use node::Node;
pub use room::{RedisRoom, RedisRooms, RoomOptions};
