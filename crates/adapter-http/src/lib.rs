//! Sends webhooks over HTTP/1.1, with TLS, to addresses of the open net alone unless it is allowed
//! to send elsewhere.
//!
//! Whoever may name an endpoint makes the house ask an address of his choice. So the name is
//! resolved here, what it leads to is looked at, and the connection goes to exactly that: a name that
//! leads elsewhere a moment later changes nothing, and no redirect is followed. A connection is kept a
//! while for the next message to the same host. What was not answered is not tried again here, unless
//! such a connection was closed meanwhile; of an answer the status is told and nothing else.

mod connector;
mod courier;
mod exchange;
mod failed;
mod line;
mod notices;
mod public;
mod target;
mod tls;

pub use courier::{CourierOptions, HttpCourier};
pub use notices::{HttpNotices, Unusable};
pub use public::is_public;
pub use tls::Trust;
