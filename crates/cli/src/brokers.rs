//! The brokers that carry commands and events beside a store that instances share.

use crate::config::{Configuration, KafkaConfiguration, RabbitmqConfiguration};
use crate::exit::{Failed, failed};
use admitone_adapter_kafka::{KafkaCarrier, KafkaEvents, KafkaOptions};
use admitone_adapter_rabbitmq::{RabbitCarrier, RabbitEvents, RabbitOptions};
use admitone_app::ports::carrier::Carrier;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::event_bus::EventBus;
use admitone_app::ports::queues::Queues;
use admitone_app::strategy::{DeliveryKind, LockKind, Strategy};
use std::sync::Arc;

/// What carries the commands of a strategy, and where an operator looks at it.
pub(crate) struct Brokered {
    pub(crate) carrier: Arc<dyn Carrier>,
    pub(crate) queues: Arc<dyn Queues>,
    /// How many consumers a worker is.
    pub(crate) consumers: usize,
}

/// Whether a broker that is configured carries the commands of a strategy.
pub(crate) fn is_at_hand(strategy: Strategy, configuration: &Configuration) -> bool {
    match strategy.delivery {
        DeliveryKind::RabbitMq => !configuration.rabbitmq.server.is_empty(),
        DeliveryKind::Kafka | DeliveryKind::KafkaBatch => !configuration.kafka.servers.is_empty(),
        DeliveryKind::Direct | DeliveryKind::Channel | DeliveryKind::Jobs => false,
    }
}

/// What carries the commands of a strategy through the broker that is at hand. The house's own
/// name is in those of its queues: what another run left over, another house never sees.
pub(crate) fn carrier(
    strategy: Strategy,
    configuration: &Configuration,
    house: &str,
    clock: &Arc<dyn Clock>,
) -> Result<Brokered, Failed> {
    let (name, title) = (queue_name(house, strategy), strategy.to_string());
    if strategy.delivery == DeliveryKind::RabbitMq {
        let options = RabbitOptions { title, ..rabbit(&configuration.rabbitmq, &name) };
        let carrier = RabbitCarrier::new(options, Arc::clone(clock));
        let carrier = carrier.map_err(|trouble| failed("--rabbitmq")(trouble.detail))?;
        let carrier = Arc::new(carrier);
        let consumers = consumers(strategy, &configuration.rabbitmq);
        return Ok(Brokered { carrier: carrier.clone(), queues: carrier, consumers });
    }
    let options = KafkaOptions { title, ..kafka(&configuration.kafka, &name) };
    let carrier = Arc::new(KafkaCarrier::new(options, Arc::clone(clock)));
    Ok(Brokered { carrier: carrier.clone(), queues: carrier, consumers: 1 })
}

/// Where events are published.
pub(crate) fn buses(
    configuration: &Configuration,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Arc<dyn EventBus>>, Failed> {
    let Configuration { rabbitmq: amqp, kafka: log, .. } = configuration;
    let mut buses: Vec<Arc<dyn EventBus>> = Vec::new();
    if !amqp.server.is_empty() && !amqp.events.is_empty() {
        let bus = RabbitEvents::new(rabbit(amqp, &amqp.events), Arc::clone(clock));
        buses.push(Arc::new(bus.map_err(|trouble| failed("--rabbitmq")(trouble.detail))?));
    }
    if !log.servers.is_empty() && !log.events.is_empty() {
        buses.push(Arc::new(KafkaEvents::new(kafka(log, &log.events))));
    }
    Ok(buses)
}

/// How many consumers of a queue a worker is. Where a lock keeps them apart, one settles while the next is brought its
/// command. A lane has one consumer whatever comes, and without a lock they would only meet each other.
fn consumers(strategy: Strategy, configured: &RabbitmqConfiguration) -> usize {
    let is_apart = strategy.lock != LockKind::None && configured.lanes == 0;
    if is_apart { configured.consumers.into() } else { 1 }
}

fn rabbit(configured: &RabbitmqConfiguration, name: &str) -> RabbitOptions {
    let lanes = Some(configured.lanes).filter(|lanes| *lanes > 0);
    RabbitOptions {
        kind: configured.queues,
        prefetch: configured.prefetch,
        length_max: configured.length_max,
        ..RabbitOptions::new(&configured.server, name, lanes)
    }
}

fn kafka(configured: &KafkaConfiguration, name: &str) -> KafkaOptions {
    KafkaOptions::new(&configured.servers, name, configured.lanes)
}

/// A name that both brokers take.
fn queue_name(house: &str, strategy: Strategy) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let strategy: String = strategy.to_string().chars().map(plain).collect();
    format!("admitone.{house}.{strategy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_several_consumers_only_where_a_lock_keeps_them_apart() {
        let configured = RabbitmqConfiguration::default();
        let count = |strategy: &str, configured| consumers(strategy.parse().unwrap(), configured);
        assert_eq!(count("rabbitmq-lock", &configured), 6);
        assert_eq!(count("rabbitmq/none/optimistic", &configured), 1);
        let in_lanes = RabbitmqConfiguration { lanes: 4, ..RabbitmqConfiguration::default() };
        assert_eq!(count("rabbitmq-lock", &in_lanes), 1);
    }

    #[test]
    fn every_strategy_of_a_house_has_a_name_that_brokers_take() {
        let strategy = "rabbitmq/redlock/plain@show".parse().unwrap();
        assert_eq!(queue_name("h1", strategy), "admitone.h1.rabbitmq-lock-show");
        let strategy = "kafka/none/optimistic".parse().unwrap();
        assert_eq!(queue_name("h1", strategy), "admitone.h1.kafka-none-optimistic");
    }
}
