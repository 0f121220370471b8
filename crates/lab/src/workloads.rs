//! The workloads of the laboratory, by name.
//!
//! A workload is one file: what it is and where it comes from, its parameters, and how it sets a
//! stage and what acts are then played on it. To add one, write its file and its line in [`ALL`].

mod cash;
mod ceiling;
mod confirm;
mod drill;
mod drop_outs;
mod overbook;
mod points;
mod reads;
mod retries;
mod seats;
mod sell_out;
mod token_ramp;
mod whole_flow;

use crate::Trouble;
use crate::history::Op;
use crate::load::Pace;
use crate::parameters::{Parameter, Parameters};
use crate::scene::Script;
use crate::site::Site;
use crate::state::Scope;
use crate::workload::Work;
use std::sync::Arc;
use std::time::Duration;

/// What a workload is.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Where it comes from.
    pub origin: &'static str,
    /// What can be set.
    pub parameters: &'static [Parameter],
    /// Whether the house must serve the routes of the reference systems.
    pub reference_routes: bool,
    /// Whether people want the same rows, so that a strategy that does not keep them apart must be
    /// found out.
    pub is_contended: bool,
}

/// A workload.
pub trait Recipe: Sync {
    /// What it is.
    fn about(&self) -> About;

    /// What a house of our own is told when it starts.
    fn flags(&self, _with: &Parameters) -> Vec<String> {
        Vec::new()
    }

    /// How many connections it has at most at the same time, with both ends in this process counted twice.
    fn connections(&self, with: &Parameters) -> u64 {
        ["users", "users_more"].into_iter().map(|name| with.get(name)).max().unwrap_or(0)
    }

    /// Whether the house must serve the routes that benchmarks compare with.
    fn needs_bench_routes(&self) -> bool {
        false
    }

    /// What of it limits the figures on purpose, for whoever reads them.
    fn limit(&self, _with: &Parameters) -> Option<String> {
        None
    }

    /// Sets a stage, and says what is played on it.
    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble>;
}

/// What a stage is set with.
pub struct Brief<'a> {
    /// The house.
    pub site: &'a Site,
    /// The parameters.
    pub with: &'a Parameters,
    /// For what is random.
    pub seed: u64,
}

/// A stage that is set.
pub struct Set {
    /// What is played, one after the other.
    pub acts: Vec<Act>,
    /// What it can have changed.
    pub scope: Scope,
}

/// One load.
pub struct Act {
    /// Its name within the workload.
    pub name: String,
    /// What is sent.
    pub work: Work,
    /// When.
    pub pace: Pace,
    /// How many connections: virtual users, or how many may be under way at once.
    pub users: usize,
    /// How long before anything counts.
    pub warm_up: Duration,
    /// How long it counts, at most.
    pub span: Duration,
    /// What is counted and timed.
    pub measured: Op,
    /// What should be reached.
    pub goals: Vec<Goal>,
}

impl Act {
    /// Reads that nobody waits between, of so many users.
    fn reads(name: &str, work: Work, users: usize, span: Duration) -> Self {
        Self {
            name: name.to_owned(),
            work,
            pace: Pace::Closed,
            users,
            warm_up: Duration::from_millis(500),
            span,
            measured: Op::Read,
            goals: Vec::new(),
        }
    }

    /// A sale: visits, so many at once, until everybody came or the time is over. All of it counts.
    fn sale(script: impl Script + 'static, users: usize, span: Duration) -> Self {
        Self {
            name: "sale".to_owned(),
            work: Work::Visits(Arc::new(script)),
            pace: Pace::Closed,
            users,
            warm_up: Duration::ZERO,
            span,
            measured: Op::Flow,
            goals: Vec::new(),
        }
    }
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goal {
    /// Which figure of an act.
    pub figure: Figure,
    /// Its bound.
    pub bound: f64,
}

/// A figure that can have a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Audited outcomes a second, at least.
    Throughput,
    /// 95 of 100 within so many milliseconds.
    P95Ms,
    /// 99 of 100 within so many milliseconds.
    P99Ms,
    /// The longest, in milliseconds.
    LongestMs,
    /// Requests that failed, at most.
    Failed,
    /// The share that succeeded, at least.
    Success,
}

/// All of them.
pub const ALL: [&dyn Recipe; 18] = [
    &overbook::Overbook,
    &cash::Cash,
    &confirm::Confirm,
    &points::Spread,
    &points::Spike,
    &token_ramp::TokenRamp,
    &reads::SeatBrowse,
    &reads::ListCache,
    &reads::SearchIndex,
    &whole_flow::WholeFlow,
    &drill::Drill,
    &seats::HotSeat,
    &seats::DistinctSeats,
    &sell_out::SellOut,
    &drop_outs::DropOuts,
    &retries::Retries,
    &whole_flow::Soak,
    &ceiling::Ceiling,
];

/// The one of a name.
pub fn named(name: &str) -> Option<&'static dyn Recipe> {
    ALL.into_iter().find(|recipe| recipe.about().name == name)
}

/// The usual parameter of how many virtual users there are.
const fn users(usual: u64, quick: u64) -> Parameter {
    Parameter { name: "users", usual, quick, about: "virtual users, each with a connection" }
}

/// The usual parameter of how long an act counts.
const fn seconds(usual: u64, quick: u64) -> Parameter {
    Parameter { name: "seconds", usual, quick, about: "how long it counts" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_has_a_name_of_its_own_and_says_where_it_comes_from() {
        let mut names: Vec<&str> = ALL.iter().map(|recipe| recipe.about().name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        for recipe in ALL {
            let About { name, about, origin, parameters, .. } = recipe.about();
            assert!(about.ends_with('.') && origin.ends_with('.'), "{name}");
            assert!(!parameters.is_empty() && named(name).is_some(), "{name}");
        }
    }
}
