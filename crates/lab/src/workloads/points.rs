//! `points-spread`, `points-spike`: points are charged and used by many users, and by one.

use super::cash::{Kind, Movements, charge};
use super::{About, Act, Brief, Figure, Goal, Recipe, Set, seconds, users};
use crate::Trouble;
use crate::history::Op;
use crate::load::Pace;
use crate::parameters::{Parameter, Parameters};
use crate::state::Scope;
use crate::workload::Work;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Enough for whatever is used first.
const OPENING: i64 = 10_000_000;

pub(super) struct Spread;

impl Recipe for Spread {
    fn about(&self) -> About {
        About {
            name: "points-spread",
            about: "Charges and uses in turn, over so many wallets as there are users.",
            origin: "R3: 100 virtual users over many users, two minutes; p95 under 500 ms, fewer \
                     than 50 errors, success above 95 %, fewer than 5 consistency failures.",
            parameters: const {
                &[
                    users(100, 100),
                    seconds(30, 3),
                    Parameter { name: "think_ms", usual: 0, quick: 0, about: "think time" },
                ]
            },
            reference_routes: false,
            is_contended: false,
        }
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        points(brief, brief.with.count("users"), "spread")
    }
}

pub(super) struct Spike;

impl Recipe for Spike {
    fn about(&self) -> About {
        About {
            name: "points-spike",
            about: "Charges and uses in turn, all of one wallet.",
            origin: "R3, scenario single_user_spike: 50 virtual users on one user; each of its \
                     three designs was inconsistent and kept somebody waiting for 91 s.",
            parameters: const {
                &[
                    users(50, 50),
                    seconds(30, 3),
                    Parameter { name: "think_ms", usual: 0, quick: 0, about: "think time" },
                ]
            },
            reference_routes: false,
            is_contended: true,
        }
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        points(brief, 1, "single_user_spike")
    }
}

fn points(brief: &Brief<'_>, wallets: usize, name: &str) -> Result<Set, Trouble> {
    let Brief { site, with, .. } = brief;
    let (accounts, openings) = site.wait(async {
        let accounts = site.accounts(wallets).await?;
        let mut openings = BTreeMap::new();
        for (by, account) in (0..).zip(&accounts) {
            openings.insert(by, Some(charge(site, account, OPENING).await?));
        }
        Ok::<_, Trouble>((accounts, openings))
    })?;
    let movements = Movements::new(&site.host(), &accounts, (Kind::Mixed, u64::MAX, 0));
    let act = Act {
        name: name.to_owned(),
        work: Work::Requests(Arc::new(movements)),
        pace: pace(with),
        users: with.count("users"),
        warm_up: Duration::from_millis(500),
        span: with.seconds("seconds"),
        measured: Op::Charge,
        goals: vec![
            Goal { figure: Figure::P95Ms, bound: 500.0 },
            Goal { figure: Figure::Failed, bound: 50.0 },
            Goal { figure: Figure::Success, bound: 0.95 },
            Goal { figure: Figure::LongestMs, bound: 250.0 },
        ],
    };
    let scope = Scope { accounts: Arc::new(accounts), wallets: openings, ..Scope::default() };
    Ok(Set { acts: vec![act], scope })
}

/// Users who think, or who ask again at once.
pub(super) fn pace(with: &Parameters) -> Pace {
    match with.ms("think_ms") {
        Duration::ZERO => Pace::Closed,
        think => Pace::Thinking { think },
    }
}
