//! The auditor: compares what was answered with what is there afterwards.
//!
//! Pure functions from a history and a final state to findings. Each finding names the requests
//! and ids that prove it.

pub mod holds;
pub mod wallet;

use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

/// Something that must never be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// Acknowledged, and not there.
    Lost {
        /// Which request.
        request: u64,
        /// What it was told.
        acknowledged: String,
    },
    /// Asked once, there more than once.
    Twice {
        /// Which request.
        request: u64,
        /// What is there.
        found: Vec<String>,
    },
    /// Two requests were told that the same thing is theirs.
    Shared {
        /// Which requests.
        requests: [u64; 2],
        /// What both were told.
        acknowledged: String,
    },
    /// There, and nobody asked for it.
    Foreign {
        /// What is there.
        found: String,
    },
    /// There, though the request was refused or never sent.
    Unacknowledged {
        /// Which request.
        request: u64,
        /// What is there.
        found: String,
    },
    /// There, and not what was asked or acknowledged.
    Different {
        /// Which request.
        request: u64,
        /// What is there.
        found: String,
        /// What should be.
        wanted: String,
    },
    /// More than one live reservation has the seat.
    SoldTwice {
        /// Which seat.
        seat: String,
        /// Whose.
        reservations: Vec<String>,
    },
    /// Two ways to count, two results.
    Miscounted {
        /// What is counted.
        what: String,
        /// What the house says.
        said: i64,
        /// What is there.
        counted: i64,
    },
    /// The returned balances are those of no order of the requests, or of none that respects
    /// which answer was there before which request was sent.
    Disordered {
        /// Which request.
        request: u64,
        /// The balance that it was told.
        balance: i64,
    },
}

impl Finding {
    /// The requests that it takes the credit from.
    fn requests(&self) -> Vec<u64> {
        match self {
            Self::Lost { request, .. }
            | Self::Twice { request, .. }
            | Self::Unacknowledged { request, .. }
            | Self::Different { request, .. }
            | Self::Disordered { request, .. } => vec![*request],
            Self::Shared { requests, .. } => requests.to_vec(),
            Self::Foreign { .. } | Self::SoldTwice { .. } | Self::Miscounted { .. } => Vec::new(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost { request, acknowledged } => {
                write!(f, "lost: request {request} was told {acknowledged}, which is not there")
            }
            Self::Twice { request, found } => {
                write!(f, "twice: request {request} is there as {}", found.join(", "))
            }
            Self::Shared { requests: [one, other], acknowledged } => {
                write!(f, "shared: requests {one} and {other} were both told {acknowledged}")
            }
            Self::Foreign { found } => write!(f, "foreign: nobody asked for {found}"),
            Self::Unacknowledged { request, found } => {
                write!(f, "unacknowledged: request {request} was refused, {found} is there")
            }
            Self::Different { request, found, wanted } => {
                write!(f, "different: request {request} is there as {found}, not as {wanted}")
            }
            Self::SoldTwice { seat, reservations } => {
                write!(f, "sold twice: {seat} is in {}", reservations.join(", "))
            }
            Self::Miscounted { what, said, counted } => {
                write!(f, "miscounted: {what}: the house says {said}, there are {counted}")
            }
            Self::Disordered { request, balance } => {
                write!(f, "disordered: request {request} was told a balance of {balance}")
            }
        }
    }
}

/// What an audit came to.
#[derive(Debug, Clone, Default)]
pub struct Audited {
    /// How many requests were compared with what is there.
    pub checked: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

impl Audited {
    /// The requests whose answers do not count.
    pub fn convicted(&self) -> HashSet<u64> {
        self.findings.iter().flat_map(Finding::requests).collect()
    }
}

/// Things that are there, by something they have in common.
fn grouped<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, Vec<V>> {
    let mut groups: BTreeMap<K, Vec<V>> = BTreeMap::new();
    for (key, value) in pairs {
        groups.entry(key).or_default().push(value);
    }
    groups
}
