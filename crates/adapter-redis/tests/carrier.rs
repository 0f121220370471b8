//! The queue of jobs keeps the promises of every carrier, and of every delivery, on a real server.
//! Each case has a queue of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod nodes;

use admitone_adapter_redis::{JobsOptions, RedisJobs};
use admitone_conformance::carrier::{CarrierFixture, FreshCarrier, main as run};
use admitone_conformance::redis_server;
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Redis;

#[async_trait]
impl CarrierFixture for Redis {
    fn forms(&self) -> &'static [(&'static str, Option<u16>)] {
        &[("jobs", None)]
    }

    async fn fresh(&self, _lanes: Option<u16>) -> FreshCarrier {
        let address = redis_server::shared().unwrap().swap_remove(0);
        let prefix = redis_server::own_prefix();
        let options = JobsOptions { prefix, silent_ms: 1_000, ..JobsOptions::default() };
        let name = options.name.clone();
        let jobs = Arc::new(RedisJobs::new(nodes::node(&address), options));
        FreshCarrier { carrier: jobs.clone(), queues: (jobs, name), keep: Box::new(()) }
    }

    fn absent(&self) -> Option<String> {
        redis_server::shared().is_none().then(|| "there are no servers".to_owned())
    }
}

fn main() -> ExitCode {
    run(Redis)
}
