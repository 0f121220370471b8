//! Kafka as a carrier of commands: a partition for each lane, an idempotent producer that waits for
//! all copies, a consumer group whose offsets move after the commit of the store.
//!
//! A group gives a partition to one consumer at a time, and cannot keep one that was presumed dead
//! from going on: that is what the token of the lane is for, which the store gives and checks.
//! Nothing here is the truth about stock or money; the answer that the store keeps is what makes a
//! second delivery harmless.

mod carrier;
mod consumer;
mod context;
mod dead;
mod events;
mod oldest;
mod options;
mod producer;
mod queues;
mod starts;
mod topics;
mod word;

pub use carrier::KafkaCarrier;
pub use events::KafkaEvents;
pub use options::{Confirms, KafkaOptions};
