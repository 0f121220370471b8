//! What was asked when, and what came of it.

use std::collections::BTreeMap;

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Answered as wanted.
    Done {
        /// The number of what was made or read, such as a reservation's.
        named: u64,
        /// What else the answer says, such as a balance.
        value: i64,
    },
    /// Answered with another status.
    Refused {
        /// The status.
        status: u16,
        /// The code of the problem, if it had one.
        code: Option<Box<str>>,
    },
    /// Answered with the wanted status and the wrong content.
    Wrong,
    /// Sent and not answered: it may have been done or not.
    Unknown,
    /// Not sent: too many others were waiting already.
    NotSent,
}

/// One request. Times are nanoseconds since the run began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Which request of the workload.
    pub number: u64,
    /// When it should have been sent.
    pub intended_ns: u64,
    /// When it was sent.
    pub sent_ns: u64,
    /// When its answer was there, or when nobody waited for it any more.
    pub ended_ns: u64,
    /// What came of it.
    pub outcome: Outcome,
}

/// The part of a run that counts: behind the warm-up, before the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From here.
    pub from_ns: u64,
    /// Up to here, exclusive.
    pub to_ns: u64,
}

impl Window {
    /// Whether a moment is inside.
    pub fn has(&self, ns: u64) -> bool {
        (self.from_ns..self.to_ns).contains(&ns)
    }

    /// How long it is.
    pub fn seconds(&self) -> f64 {
        std::time::Duration::from_nanos(self.to_ns.saturating_sub(self.from_ns)).as_secs_f64()
    }
}

/// Everything that one run sent.
#[derive(Debug, Clone)]
pub struct History {
    /// In no order.
    pub events: Vec<Event>,
    /// What of it counts.
    pub window: Window,
}

impl History {
    /// The requests that were done, with what the answer named and said.
    pub fn done(&self) -> impl Iterator<Item = (&Event, u64, i64)> {
        self.events.iter().filter_map(|event| match event.outcome {
            Outcome::Done { named, value } => Some((event, named, value)),
            _ => None,
        })
    }

    /// How often each kind of outcome came, by name: `done`, a status with its code, `unknown`.
    pub fn outcomes(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for event in &self.events {
            let name = match &event.outcome {
                Outcome::Done { .. } => "done".to_owned(),
                Outcome::Refused { status, code: Some(code) } => format!("{status} {code}"),
                Outcome::Refused { status, code: None } => status.to_string(),
                Outcome::Wrong => "wrong content".to_owned(),
                Outcome::Unknown => "unknown".to_owned(),
                Outcome::NotSent => "not sent".to_owned(),
            };
            *counts.entry(name).or_default() += 1;
        }
        counts
    }
}
