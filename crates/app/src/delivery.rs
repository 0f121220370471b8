//! Deliveries inside one process. Others live in adapters.

mod channel;
mod direct;
mod router;

pub use channel::{Channel, ChannelLimits};
pub use direct::Direct;
pub use router::{NotAvailable, Router, RouterSetup};
