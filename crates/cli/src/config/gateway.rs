//! The payment gateway.

use serde::Deserialize;
use std::fmt;

/// Where the gateway is, and how it is asked.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GatewayConfiguration {
    /// Empty: none.
    pub(crate) url: String,
    pub(crate) secret_key: String,
    /// Where buyers agree to a payment. Empty: no page of this house leads there.
    pub(crate) page: String,
    /// How long an answer of the gateway may take.
    pub(crate) answer_ms: u64,
    /// How long a buyer waits for the outcome before it is answered that it is being checked.
    pub(crate) wait_ms: u64,
}

impl Default for GatewayConfiguration {
    fn default() -> Self {
        let (url, secret_key, page) = Default::default();
        Self { url, secret_key, page, answer_ms: 10_000, wait_ms: 8_000 }
    }
}

/// Whatever prints a configuration prints no secret.
impl fmt::Debug for GatewayConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayConfiguration")
            .field("url", &self.url)
            .field("page", &self.page)
            .field("answer_ms", &self.answer_ms)
            .field("wait_ms", &self.wait_ms)
            .finish_non_exhaustive()
    }
}
