//! RabbitMQ as a carrier of commands: durable queues, publisher confirms, acknowledgement by hand.
//!
//! Where order matters there is one queue for each lane, and the broker gives it to one consumer
//! at a time; else all consumers take from one queue. What waits for another try waits at the
//! consumer that has it, unacknowledged: the broker gives it to somebody else if that one dies.
//! Nothing here is the truth about stock or money; the answer that the store keeps is what makes a
//! second delivery harmless.

mod attempt;
mod carrier;
mod consumer;
mod events;
mod nodes;
mod options;
mod publisher;
mod queues;
mod session;
mod topology;

pub use carrier::RabbitCarrier;
pub use events::RabbitEvents;
pub use nodes::addresses;
pub use options::{QueueKind, RabbitOptions};
