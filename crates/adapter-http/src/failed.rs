//! Why nothing was answered, in words for who reads the log of an endpoint.

use std::net::IpAddr;
use std::time::Duration;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// The text is no address that may be asked.
    #[error("the address cannot be used: {0}")]
    Address(&'static str),
    #[error("the address has no TLS: write https:// (webhooks.private_addresses allows http://)")]
    Plain,
    #[error(
        "{host} leads to {found}, which is not on the open net; webhooks.private_addresses allows it"
    )]
    Private { host: String, found: IpAddr },
    #[error("the name {host} cannot be resolved: {why}")]
    Unresolved { host: String, why: std::io::Error },
    #[error("the name {0} leads nowhere")]
    Nowhere(String),
    #[error("no connection to {to}: {why}")]
    Unconnected { to: std::net::SocketAddr, why: std::io::Error },
    #[error("no connection to {to} within {} ms", .wait.as_millis())]
    ConnectedTooLate { to: std::net::SocketAddr, wait: Duration },
    #[error("no TLS with {host}: {why}")]
    Untrusted { host: String, why: std::io::Error },
    #[error("the certificates of this machine cannot be read: {0}")]
    NoTrust(String),
    #[error("no answer within {} ms", .0.as_millis())]
    AnsweredTooLate(Duration),
    #[error("the connection was closed before an answer came")]
    Closed,
    #[error("what was answered is no HTTP that can be read: {0}")]
    Unreadable(hyper::Error),
    #[error("the request could not be made: {0}")]
    Request(#[from] hyper::http::Error),
}

impl From<hyper::Error> for Failed {
    fn from(error: hyper::Error) -> Self {
        let is_closed = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
        // A connection that is reset is closed too, whatever was half written.
        if is_closed || !(error.is_parse() || error.is_parse_too_large()) {
            Self::Closed
        } else {
            Self::Unreadable(error)
        }
    }
}
