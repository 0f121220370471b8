//! Why nothing was answered, in words for who reads the log of an endpoint.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

/// What went wrong.
#[derive(Debug, Clone, thiserror::Error)]
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
    Unresolved { host: String, why: String },
    #[error("the name {0} leads nowhere")]
    Nowhere(String),
    #[error("no connection to {to}: {why}")]
    Unconnected { to: std::net::SocketAddr, why: String },
    #[error("no connection to {to} within {} ms", .wait.as_millis())]
    ConnectedTooLate { to: std::net::SocketAddr, wait: Duration },
    #[error("no TLS with {host}: {why}")]
    Untrusted { host: String, why: String },
    #[error("the certificates of this machine cannot be read: {0}")]
    NoTrust(String),
    #[error("no answer within {} ms", .0.as_millis())]
    AnsweredTooLate(Duration),
    #[error("the connection was closed before an answer came")]
    Closed,
    #[error("what was answered is no HTTP that can be read: {0}")]
    Unreadable(String),
    #[error("the request could not be made: {0}")]
    Request(String),
}

impl Failed {
    /// Of what a client says: why there was no connection, or what was wrong with the answer.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(found) = cause {
            if let Some(failed) = found.downcast_ref::<Self>() {
                return failed.clone();
            }
            if let Some(wrong) = found.downcast_ref::<hyper::Error>() {
                return Self::of_answer(wrong);
            }
            cause = found.source();
        }
        Self::Closed
    }

    fn of_answer(error: &hyper::Error) -> Self {
        let is_closed = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
        // A connection that is reset is closed too, whatever was half written.
        if is_closed || !(error.is_parse() || error.is_parse_too_large()) {
            Self::Closed
        } else {
            Self::Unreadable(error.to_string())
        }
    }
}
