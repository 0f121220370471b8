//! Deliveries: those inside one process, and the two ends of those that travel. What carries
//! between the ends lives in adapters, behind [`crate::ports::carrier`].

mod backlog;
mod callers;
mod channel;
mod direct;
mod job;
mod lanes;
mod router;
mod sender;
mod travel;
mod worker;

pub use backlog::{Backlog, Ended};
pub use callers::{Call, Callers, Lookout};
pub use channel::{Channel, ChannelLimits};
pub use direct::Direct;
pub use job::{Job, NoJob, journey, journey_of};
pub use lanes::Lanes;
pub use router::{NotAvailable, Router, RouterSetup};
pub use sender::{Sender, SenderLimits, SenderSetup};
pub use travel::{Carried, Travel};
pub use worker::{Worker, WorkerLimits};
