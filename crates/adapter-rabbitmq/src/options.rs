//! What can be set.

use admitone_app::ports::carrier::{Abilities, Lane};
use std::time::Duration;

/// How the broker keeps a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueKind {
    /// On most nodes of a cluster, by a log that they agree on.
    Quorum,
    /// On one node.
    Classic,
}

impl QueueKind {
    /// As the broker calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quorum => "quorum",
            Self::Classic => "classic",
        }
    }
}

/// What can be set of a carrier.
#[derive(Debug, Clone)]
pub struct RabbitOptions {
    /// Where the broker is: `amqp://USER:PASSWORD@HOST:PORT/VHOST`; of a cluster that of each node, with commas
    /// between them. The first that answers is taken.
    pub address: String,
    /// What the names of its queues begin with.
    pub name: String,
    /// What operators call it.
    pub title: String,
    /// So many lanes, each with a queue that has one consumer at a time; none where order does not
    /// matter.
    pub lanes: Option<u16>,
    /// How its queues are kept.
    pub kind: QueueKind,
    /// So many jobs of a queue are sent to a consumer before it has ended the first.
    pub prefetch: u16,
    /// So many jobs wait in a queue at most; one more is refused as busy.
    pub length_max: u32,
    /// The largest job, in bytes.
    pub body_max: usize,
    /// So often the broker delivers a job of a quorum queue before it puts it away by itself: more often than
    /// a worker may be set to try, because a worker says why.
    pub deliveries_max: u32,
    /// Whether the broker says when it has a job. Without, jobs are lost: only a test wants that.
    pub has_confirms: bool,
    /// Whether the broker keeps what it gives up itself. Without, that is lost: only a test wants that.
    pub has_dead_letters: bool,
    /// Whether the queue of a lane has one consumer at a time. Without, a lane has no order: only a test wants that.
    pub has_one_consumer: bool,
    /// No call takes longer.
    pub patience: Duration,
}

impl RabbitOptions {
    /// The usual ones.
    pub fn new(address: &str, name: &str, lanes: Option<u16>) -> Self {
        Self {
            address: address.to_owned(),
            name: name.to_owned(),
            title: name.to_owned(),
            lanes,
            kind: QueueKind::Quorum,
            prefetch: 1,
            length_max: 100_000,
            body_max: 1 << 20,
            deliveries_max: 2_000,
            has_confirms: true,
            has_dead_letters: true,
            has_one_consumer: true,
            patience: Duration::from_secs(10),
        }
    }

    pub(crate) fn abilities(&self) -> Abilities {
        Abilities {
            lanes: self.lanes,
            has_urgency: self.has_urgency(),
            has_delay: false,
            body_max: self.body_max,
        }
    }

    /// Quorum queues know no priorities, and a lane keeps its order.
    pub(crate) fn has_urgency(&self) -> bool {
        self.lanes.is_none() && self.kind == QueueKind::Classic
    }

    /// The queue of a lane.
    pub(crate) fn queue(&self, lane: Option<Lane>) -> String {
        match lane {
            Some(Lane(number)) => format!("{}.lane.{number}", self.name),
            None => format!("{}.jobs", self.name),
        }
    }

    /// All lanes, or the one queue of all.
    pub(crate) fn all_lanes(&self) -> Vec<Option<Lane>> {
        match self.lanes {
            Some(count) => (0..count).map(|number| Some(Lane(number))).collect(),
            None => vec![None],
        }
    }

    /// Where jobs are put away: an exchange and its queue.
    pub(crate) fn dead(&self) -> String {
        format!("{}.dead", self.name)
    }
}
