//! Kafka keeps the promises of every carrier, and of every delivery.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_kafka::{KafkaCarrier, KafkaOptions};
use admitone_app::clock::SystemClock;
use admitone_conformance::carrier::{CarrierFixture, FreshCarrier, main as run};
use admitone_conformance::own_broker::Broker;
use admitone_conformance::redis_server::own_prefix;
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Kafka;

#[async_trait]
impl CarrierFixture for Kafka {
    fn forms(&self) -> &'static [(&'static str, Option<u16>)] {
        &[("lanes", Some(4))]
    }

    async fn fresh(&self, lanes: Option<u16>) -> FreshCarrier {
        let (address, name) = (Broker::Kafka.shared().unwrap(), own_prefix());
        let options = KafkaOptions::new(&address, &name, lanes.unwrap());
        let patience = std::time::Duration::from_mins(1);
        let options = KafkaOptions { patience, ..options };
        let carrier = Arc::new(KafkaCarrier::new(options, Arc::new(SystemClock::default())));
        FreshCarrier { carrier: carrier.clone(), queues: (carrier, name), keep: Box::new(()) }
    }

    fn absent(&self) -> Option<String> {
        Broker::Kafka.absent()
    }
}

fn main() -> ExitCode {
    run(Kafka)
}
