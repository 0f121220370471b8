//! Locks inside one process. They exclude nobody in another process; locks that do live in
//! adapters.

mod lanes;
mod line;
mod looks;
mod mutex;
mod orderly;
mod scope;
mod simple;
mod spin;
mod table;
mod unfenced;

pub use lanes::{CameBy, LaneLock};
pub use line::{LineLock, LineTurn};
pub use mutex::MutexLock;
pub use orderly::Orderly;
pub use scope::LockScope;
pub use simple::SimpleLock;
pub use spin::SpinLock;
pub use unfenced::Unfenced;

use crate::{Trouble, TroubleKind};

/// The patience is over, and somebody else has one of the keys still.
fn busy() -> Trouble {
    Trouble::new(TroubleKind::Busy, "acquire", "the lock was not free in time")
}
