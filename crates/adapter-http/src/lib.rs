//! Sends webhooks over HTTP/1.1, with TLS, to addresses of the open net alone unless it is allowed
//! to send elsewhere.
//!
//! Whoever may name an endpoint makes the house ask an address of his choice. So the name is
//! resolved here, what it leads to is looked at, and the connection goes to exactly that: a name that
//! leads elsewhere a moment later changes nothing, and no redirect is followed. Nothing is tried
//! again here; of an answer the status is told and nothing else.

mod courier;
mod exchange;
mod failed;
mod notices;
mod public;
mod target;
mod tls;

pub use courier::{CourierOptions, HttpCourier};
pub use notices::{HttpNotices, Unusable};
pub use public::is_public;
pub use tls::Trust;
