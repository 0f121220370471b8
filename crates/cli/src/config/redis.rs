//! Redis beside the store.

use admitone_app::ports::store::Mode;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// Where Redis is, and how its locks behave.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RedisConfiguration {
    /// Addresses, separated by commas.
    pub(crate) servers: String,
    pub(crate) lease_ms: u64,
    pub(crate) renew_ms: u64,
    /// So many replicas of the first server know of an admission before it is told.
    pub(crate) replicas: u32,
    /// How a batch is settled whose lock cannot be reached; none: it is refused.
    #[serde(deserialize_with = "fallback")]
    pub(crate) fallback: Option<Mode>,
}

impl Default for RedisConfiguration {
    fn default() -> Self {
        Self {
            servers: String::new(),
            lease_ms: 10_000,
            renew_ms: 3_000,
            replicas: 1,
            fallback: None,
        }
    }
}

impl RedisConfiguration {
    pub(crate) fn addresses(&self) -> Vec<&str> {
        self.servers.split(',').map(str::trim).filter(|address| !address.is_empty()).collect()
    }
}

/// Those that check what they write over: the others rely on what everybody else does.
const FALLBACKS: [Mode; 3] = [Mode::Pessimistic, Mode::Optimistic, Mode::Conditional];

fn fallback<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Mode>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "refuse" {
        return Ok(None);
    }
    FALLBACKS.into_iter().find(|mode| mode.name() == text).map(Some).ok_or_else(|| {
        let names = FALLBACKS.map(|mode| format!("`{mode}`")).join(", ");
        D::Error::custom(format!("`{text}` is neither `refuse` nor one of {names}"))
    })
}
