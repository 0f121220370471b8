//! Deliveries: those inside one process, and the two ends of those that travel. What carries
//! between the ends lives in adapters, behind [`crate::ports::carrier`].

mod backlog;
mod booked;
mod callers;
mod channel;
mod direct;
mod job;
mod lanes;
mod leaf;
mod pace;
mod router;
mod sender;
mod travel;
mod worker;

pub use backlog::{Backlog, Ended};
pub use booked::BookedQueues;
pub use callers::{Call, Callers, Lookout};
pub use channel::{Channel, ChannelLimits, ChannelQueue};
pub use direct::Direct;
pub use job::{Job, NoJob, journey, journey_of};
pub use lanes::Lanes;
pub use leaf::Leaf;
pub use router::{NotAvailable, Router, RouterSetup};
pub use sender::{Sender, SenderLimits, SenderSetup};
pub use travel::{Carried, Travel};
pub use worker::{Worker, WorkerLimits};
