//! The in-memory carrier keeps the promises of every carrier, and of every delivery.

use admitone_app::clock::SystemClock;
use admitone_app::memory::MemoryCarrier;
use admitone_conformance::carrier::{CarrierFixture, FreshCarrier, main as run};
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Memory;

#[async_trait]
impl CarrierFixture for Memory {
    fn forms(&self) -> &'static [(&'static str, Option<u16>)] {
        &[("queue", None), ("lanes", Some(4))]
    }

    async fn fresh(&self, lanes: Option<u16>) -> FreshCarrier {
        let carrier = Arc::new(MemoryCarrier::new(lanes, Arc::new(SystemClock::default())));
        let queues = (carrier.clone() as Arc<_>, MemoryCarrier::NAME.to_owned());
        FreshCarrier { carrier, queues, keep: Box::new(()) }
    }
}

fn main() -> ExitCode {
    run(Memory)
}
