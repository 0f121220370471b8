//! Deliveries inside one process. Others live in adapters.

mod channel;
mod direct;

pub use channel::{Channel, ChannelLimits};
pub use direct::Direct;
