//! What was asked when, and what came of it.

pub mod file;
pub mod lines;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What kind of thing is asked for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Something is looked at.
    #[default]
    Read,
    /// A place in a line.
    Join,
    /// How far the place is.
    Poll,
    /// The place is given back.
    Leave,
    /// Seats are held.
    Hold,
    /// Tickets of a type are held.
    Take,
    /// A hold is given up.
    Release,
    /// A hold is paid.
    Pay,
    /// What was bought is given back.
    Cancel,
    /// Money comes into a wallet.
    Charge,
    /// Money is spent.
    Use,
    /// Money that was spent comes back.
    Refund,
    /// A ticket is taken for a payment that was made elsewhere.
    Confirm,
    /// A whole visit of several requests, counted as one.
    Flow,
}

impl Op {
    /// Whether this is of what an act counts that is measured by `measured`: charges and uses of a wallet are movements of
    /// one kind, and where both are sent neither is left out.
    pub fn counts_as(self, measured: Self) -> bool {
        self == measured || (measured, self) == (Self::Charge, Self::Use)
    }
}

/// What a request asks for, as far as an auditor must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Asked {
    /// What kind of thing.
    pub op: Op,
    /// Who asks, by the number of the account.
    pub by: u32,
    /// Of what: a seat, a ticket type, a reservation, a payment; 0 where the kind says it all.
    pub on: u64,
    /// How much: money, or how many tickets.
    pub amount: i64,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
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
    #[default]
    Unknown,
    /// Not sent: too many others were waiting already, or nobody listened.
    NotSent,
}

impl Outcome {
    /// Whether it was answered as wanted.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }

    /// Whether it may have been done without anybody being told.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Unknown | Self::Wrong => true,
            // Whoever is answered so is told that it may have been done, or will be: a store that goes
            // away may have saved it before.
            Self::Refused { status, code } => {
                *status == 202 || matches!(code.as_deref(), Some("NOT_ANSWERED" | "UNAVAILABLE"))
            }
            Self::Done { .. } | Self::NotSent => false,
        }
    }

    /// What people call it: `done`, a status with its code, `unknown`.
    pub fn name(&self) -> String {
        match self {
            Self::Done { .. } => "done".to_owned(),
            Self::Refused { status, code: Some(code) } => format!("{status} {code}"),
            Self::Refused { status, code: None } => status.to_string(),
            Self::Wrong => "wrong content".to_owned(),
            Self::Unknown => "unknown".to_owned(),
            Self::NotSent => "not sent".to_owned(),
        }
    }
}

/// One request. Times are nanoseconds since the run began.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Event {
    /// Which request of the workload. The same number and kind again is the same command, sent
    /// under the same key.
    pub number: u64,
    /// What was asked for.
    pub asked: Asked,
    /// When it should have been sent.
    pub intended_ns: u64,
    /// When it was sent.
    pub sent_ns: u64,
    /// When its answer was there, or when nobody waited for it any more.
    pub ended_ns: u64,
    /// What came of it.
    pub outcome: Outcome,
    /// The seats that the answer names: those that are held, or those that are taken.
    pub items: Box<[u64]>,
}

/// The part of a run that counts: behind the warm-up, before the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// Numbers of the requests of one act are so far from those of the next, as a power of two.
const ACT_BITS: u32 = 40;

impl Event {
    /// Makes it one of an act: until now its number began with the first.
    pub(crate) fn move_to_act(&mut self, act: u64) {
        self.number += act << ACT_BITS;
    }

    /// Of which act it is.
    pub(crate) fn act(&self) -> u64 {
        self.number >> ACT_BITS
    }
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
            *counts.entry(event.outcome.name()).or_default() += 1;
        }
        counts
    }

    /// What is measured by one kind and was due in a window, which is the window then.
    #[must_use]
    pub fn of(&self, measured: Op, window: Window) -> Self {
        let is_meant =
            |event: &&Event| event.asked.op.counts_as(measured) && window.has(event.intended_ns);
        Self { events: self.events.iter().filter(is_meant).cloned().collect(), window }
    }
}
