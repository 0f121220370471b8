//! What numbers may be set to. A house that is told to take no connections, or to put nothing into a
//! batch, sells nothing and says nothing of it: so it does not start.

use super::Configuration;
use crate::exit::{Failed, failed};
use std::fmt::Display;

/// An hour, in milliseconds: longer than anybody waits for anything here.
const HOUR_MS: u64 = 3_600_000;

/// The name of a setting, what it is, and why it cannot be that if it cannot.
type Judged = (&'static str, Result<(), String>);

impl Configuration {
    /// Whether every number is one with which a house can sell.
    pub(crate) fn check_bounds(&self) -> Result<(), Failed> {
        for (name, judged) in self.own_numbers().into_iter().chain(self.numbers_beside()) {
            judged.map_err(|why| failed(name)(why))?;
        }
        Ok(())
    }

    fn own_numbers(&self) -> [Judged; 12] {
        let (gateway, deliveries) = (&self.gateway, &self.deliveries);
        [
            ("connections_max", within(self.connections_max, 1, 1_000_000)),
            ("answer_ms", within(self.answer_ms, 1, HOUR_MS)),
            ("queue_depth_max", within(self.queue_depth_max, 1, 10_000_000)),
            ("batch_max", within(self.batch_max, 1, 100_000)),
            ("drain_ms", within(self.drain_ms, 0, HOUR_MS)),
            ("strategy.lock_wait_ms", within(self.strategy.lock_wait_ms, 1, HOUR_MS)),
            ("deliveries.workers", within(deliveries.workers, 0, 1_000)),
            ("deliveries.attempts_max", within(deliveries.attempts_max, 1, 1_000)),
            ("deliveries.jobs_batch_max", within(deliveries.jobs_batch_max, 1, 100_000)),
            ("deliveries.deadline_ms", within(deliveries.deadline_ms, 1, 24 * HOUR_MS)),
            ("gateway.answer_ms", within(gateway.answer_ms, 1, HOUR_MS)),
            ("webhooks.answer_ms", within(self.webhooks.answer_ms, 1, HOUR_MS)),
        ]
    }

    fn numbers_beside(&self) -> [Judged; 6] {
        let (redis, rabbitmq) = (&self.redis, &self.rabbitmq);
        [
            ("redis.lease_ms", within(redis.lease_ms, 10, HOUR_MS)),
            // What is made new late is lost; half of the lease is left for nodes that answer slowly.
            ("redis.renew_ms", within(redis.renew_ms, 1, redis.lease_ms / 2)),
            // Without a bound a broker sends all that it has.
            ("rabbitmq.prefetch", within(rabbitmq.prefetch, 1, u16::MAX)),
            ("rabbitmq.consumers", within(rabbitmq.consumers, 1, 100)),
            ("rabbitmq.length_max", within(rabbitmq.length_max, 1, u32::MAX)),
            ("kafka.lanes", within(self.kafka.lanes, 1, 10_000)),
        ]
    }
}

fn within<N: PartialOrd + Display + Copy>(number: N, least: N, most: N) -> Result<(), String> {
    if number < least || number > most {
        return Err(format!("{number} is not between {least} and {most}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_numbers_are_good() {
        assert!(Configuration::default().check_bounds().is_ok());
    }

    #[test]
    fn a_number_with_which_nothing_is_sold_is_said_with_what_it_may_be() {
        for (text, said) in [
            ("batch_max = 0", "batch_max: 0 is not between 1 and 100000"),
            ("queue_depth_max = 0", "queue_depth_max: 0"),
            ("queue_depth_max = 9223372036854775807", "queue_depth_max: 9223372036854775807"),
            ("connections_max = 0", "connections_max: 0"),
            ("connections_max = 9223372036854775807", "connections_max: 9223372036854775807"),
            ("answer_ms = 0", "answer_ms: 0"),
            ("[redis]\nlease_ms = 1000\nrenew_ms = 1000", "redis.renew_ms: 1000"),
            ("[rabbitmq]\nprefetch = 0", "rabbitmq.prefetch: 0"),
            ("[kafka]\nlanes = 0", "kafka.lanes: 0"),
        ] {
            let refused = Configuration::parse(text).unwrap().check_bounds().unwrap_err();
            assert!(refused.to_string().starts_with(said), "{text}: {refused}");
        }
    }
}
