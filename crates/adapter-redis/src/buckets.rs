//! Token buckets that all instances share: one script, one call, the server's time.

use crate::node::{Node, script};
use admitone_app::Trouble;
use admitone_app::ports::buckets::{Buckets, Rate, Taken};
use async_trait::async_trait;
use redis::Script;

/// Buckets on a server.
pub struct RedisBuckets {
    node: Node,
    prefix: String,
    take: Script,
}

impl RedisBuckets {
    /// Buckets whose names begin like this.
    pub fn new(node: Node, prefix: &str) -> Self {
        Self { node, prefix: format!("{prefix}:limit:"), take: script(include_str!("take.lua")) }
    }
}

#[async_trait]
impl Buckets for RedisBuckets {
    async fn take(&self, name: &str, rate: Rate) -> Result<Taken, Trouble> {
        let mut call = self.take.prepare_invoke();
        call.key(format!("{}{name}", self.prefix)).arg(rate.interval_us).arg(rate.burst);
        let (is_taken, left, wait_us): (bool, u32, u64) =
            self.node.run("take from a bucket", &call).await?;
        Ok(Taken { wait_us: (!is_taken).then_some(wait_us), left })
    }
}
