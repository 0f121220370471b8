//! Signed webhooks: each endpoint is a road of its own, so a slow one stops nobody, whoever takes
//! its lanes over goes on where they were, and the order of each aggregate holds.
//!
//! The form is that of Standard Webhooks: three headers, of which one is a signature over the
//! other two and the body. A message is thin; whoever wants more follows its link.

mod carrier;
mod desk;
mod message;
mod patience;
mod signature;
mod supervisor;

pub use desk::{Asked, Change, DeskTrouble, Done, NewEndpoint, WebhookDesk};
pub use message::{TRIAL, endpoint_id};
pub use patience::{GIVEN_UP_MS, STEPS_MS};
pub use signature::{SECRET_PREFIX, sign};
pub use supervisor::{Supervisor, SupervisorSetup};
