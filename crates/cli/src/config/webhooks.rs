//! Webhooks to endpoints of others, and where notices to buyers go.

use admitone_adapter_http::{CourierOptions, Trust};
use serde::Deserialize;
use std::fmt;

/// How endpoints are told of events.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WebhooksConfiguration {
    /// Whether endpoints may be on private addresses, and without TLS.
    pub(crate) private_addresses: bool,
    /// How long an endpoint may take.
    pub(crate) answer_ms: u64,
    /// Where the house is reached, for links; empty makes links without a host.
    pub(crate) links: String,
}

impl Default for WebhooksConfiguration {
    fn default() -> Self {
        Self { private_addresses: false, answer_ms: 10_000, links: String::new() }
    }
}

impl WebhooksConfiguration {
    /// How messages to endpoints are sent.
    pub(crate) fn courier(&self) -> CourierOptions {
        let Self { private_addresses, answer_ms, .. } = *self;
        CourierOptions { private_addresses, answer_ms, trust: Trust::System }
    }
}

/// Who sends notices to buyers.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NoticesConfiguration {
    /// Empty: nobody does.
    pub(crate) url: String,
    pub(crate) secret: String,
}

/// Whatever prints a configuration prints no secret.
impl fmt::Debug for NoticesConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoticesConfiguration").field("url", &self.url).finish_non_exhaustive()
    }
}
