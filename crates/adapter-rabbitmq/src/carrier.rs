//! The carrier: who hands over and who consumes, each by connections of its own.

use crate::consumer::RabbitConsumer;
use crate::options::RabbitOptions;
use crate::publisher::{Message, Publisher};
use crate::topology::Topology;
use admitone_app::Trouble;
use admitone_app::ports::carrier::{Abilities, Carrier, Consumer, Outgoing, Urgency};
use admitone_app::ports::clock::Clock;
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Carries jobs through RabbitMQ.
pub struct RabbitCarrier {
    pub(crate) options: Arc<RabbitOptions>,
    clock: Arc<dyn Clock>,
    pub(crate) publisher: Arc<Publisher>,
    /// How many jobs the consumers of this process have.
    running: Arc<AtomicUsize>,
}

impl RabbitCarrier {
    /// A carrier by its options. The broker need not be there yet: a call says so.
    ///
    /// # Errors
    /// The address is none.
    pub fn new(options: RabbitOptions, clock: Arc<dyn Clock>) -> Result<Self, Trouble> {
        let options = Arc::new(options);
        let publisher = Publisher::new(Arc::clone(&options), Topology::Jobs, Arc::clone(&clock))?;
        let (publisher, running) = (Arc::new(publisher), Arc::default());
        Ok(Self { options, clock, publisher, running })
    }

    pub(crate) fn running(&self) -> u64 {
        self.running.load(Ordering::Relaxed) as u64
    }

    fn message<'a>(&self, job: &'a Outgoing) -> Message<'a> {
        let lane = self.options.lanes.map(|_| job.lane);
        let priority = self.options.has_urgency().then_some(match job.urgency {
            Urgency::High => 2,
            Urgency::Usual => 1,
            Urgency::Low => 0,
        });
        Message {
            exchange: String::new(),
            is_mandatory: true,
            key: self.options.queue(lane),
            body: &job.body,
            priority,
            content_type: None,
            headers: Vec::new(),
        }
    }
}

#[async_trait]
impl Carrier for RabbitCarrier {
    fn abilities(&self) -> Abilities {
        self.options.abilities()
    }

    async fn publish(&self, jobs: Vec<Outgoing>) -> Vec<Result<(), Trouble>> {
        let messages: Vec<Message<'_>> = jobs.iter().map(|job| self.message(job)).collect();
        self.publisher.publish(&messages).await
    }

    async fn consumer(&self) -> Result<Box<dyn Consumer>, Trouble> {
        let (options, clock) = (Arc::clone(&self.options), Arc::clone(&self.clock));
        let ends = (Arc::clone(&self.publisher), Arc::clone(&self.running));
        Ok(Box::new(RabbitConsumer::open(options, clock, ends).await?))
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.publisher.check().await
    }
}
