//! RabbitMQ keeps the promises of every carrier, and of every delivery: a quorum queue for each
//! lane, and one classic queue for all.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_rabbitmq::{QueueKind, RabbitCarrier, RabbitOptions};
use admitone_app::clock::SystemClock;
use admitone_conformance::carrier::{CarrierFixture, FreshCarrier, main as run};
use admitone_conformance::own_broker::Broker;
use admitone_conformance::redis_server::own_prefix;
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Rabbit;

#[async_trait]
impl CarrierFixture for Rabbit {
    fn forms(&self) -> &'static [(&'static str, Option<u16>)] {
        &[("queue", None), ("lanes", Some(4))]
    }

    async fn fresh(&self, lanes: Option<u16>) -> FreshCarrier {
        let address = Broker::Rabbitmq.shared().unwrap();
        let name = own_prefix();
        let kind = if lanes.is_some() { QueueKind::Quorum } else { QueueKind::Classic };
        let options = RabbitOptions::new(&address, &name, lanes);
        let options = RabbitOptions {
            kind,
            prefetch: 100,
            patience: std::time::Duration::from_mins(1),
            ..options
        };
        let carrier =
            Arc::new(RabbitCarrier::new(options, Arc::new(SystemClock::default())).unwrap());
        FreshCarrier { carrier: carrier.clone(), queues: (carrier, name), keep: Box::new(()) }
    }

    fn absent(&self) -> Option<String> {
        Broker::Rabbitmq.absent()
    }
}

fn main() -> ExitCode {
    run(Rabbit)
}
