//! How often somebody may ask.

use crate::exit::{Failed, failed};
use admitone_api::limits::Limits;
use admitone_app::ports::buckets::{Buckets, Rate};
use serde::Deserialize;
use std::sync::Arc;

/// Zero is no limit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LimitsConfiguration {
    pub(crate) sale_per_second: u32,
    pub(crate) sale_burst: u32,
    pub(crate) read_per_second: u32,
    pub(crate) read_burst: u32,
    pub(crate) accounts_per_minute: u32,
    pub(crate) accounts_burst: u32,
    /// In which header a proxy says from where a request came.
    pub(crate) client_header: String,
}

impl Default for LimitsConfiguration {
    fn default() -> Self {
        Self {
            sale_per_second: 0,
            sale_burst: 50,
            read_per_second: 0,
            read_burst: 100,
            accounts_per_minute: 0,
            accounts_burst: 20,
            client_header: String::new(),
        }
    }
}

impl LimitsConfiguration {
    /// Whether anything is limited.
    pub(crate) fn are_on(&self) -> bool {
        self.rates().iter().any(Option::is_some)
    }

    fn rates(&self) -> [Option<Rate>; 3] {
        [
            Rate::new(self.sale_per_second, 1_000, self.sale_burst),
            Rate::new(self.read_per_second, 1_000, self.read_burst),
            Rate::new(self.accounts_per_minute, 60_000, self.accounts_burst),
        ]
    }

    /// The limits in these buckets.
    pub(crate) fn limits(&self, buckets: Arc<dyn Buckets>) -> Result<Limits, Failed> {
        let [sale, read, accounts] = self.rates();
        let header = Some(&self.client_header).filter(|name| !name.is_empty());
        let header = header.map(|name| name.parse()).transpose();
        let client_header = header.map_err(failed("limits.client_header"))?;
        Ok(Limits { buckets, sale, read, accounts, client_header })
    }
}
