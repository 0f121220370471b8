//! `ceiling`: what the generator itself can do, and what it adds.

use super::{About, Act, Brief, Recipe, Set, seconds, users};
use crate::Trouble;
use crate::client::Answer;
use crate::history::Outcome;
use crate::load::{Arrivals, Pace};
use crate::mirror::Mirror;
use crate::parameters::{Parameter, Parameters};
use crate::requests::get;
use crate::state::Scope;
use crate::target::As;
use crate::workload::{Work, Workload, refused};
use std::net::SocketAddr;
use std::sync::Arc;

/// Whoever answers the generator when it is alone has its open files of the same process.
const ALONE: usize = 1_000;

pub(super) struct Ceiling;

impl Recipe for Ceiling {
    fn about(&self) -> About {
        About {
            name: "ceiling",
            about: "Requests that the house answers from memory without doing anything; then the same \
                    with no house behind, answered by a thread of the laboratory: as fast as the \
                    generator can, and so many a second, which shows what it adds to a latency.",
            origin: "A figure is only worth as much as the generator that took it.",
            parameters: const {
                &[
                    users(256, 64),
                    seconds(5, 1),
                    Parameter {
                        name: "rate",
                        usual: 10_000,
                        quick: 2_000,
                        about: "requests a second that come alone in the open loop",
                    },
                ]
            },
            reference_routes: false,
            is_contended: false,
        }
    }

    fn connections(&self, with: &Parameters) -> u64 {
        let alone = with.count("users").min(ALONE) * 2;
        with.get("users").max(u64::try_from(alone).unwrap_or(u64::MAX))
    }

    fn needs_bench_routes(&self) -> bool {
        true
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        let Brief { site, with, .. } = brief;
        let (users, span) = (with.count("users"), with.seconds("seconds"));
        let mirror = Arc::new(Mirror::start()?);
        let alone = || asks("/", &mirror.address.to_string(), Some(Arc::clone(&mirror)));
        let pace = Pace::Open { rate: with.small("rate").max(1), arrivals: Arrivals::Poisson };
        let acts = vec![
            Act::reads("no-op", asks("/bench/noop", &site.host(), None), users, span),
            Act::reads("generator alone", alone(), users.min(ALONE), span),
            Act {
                pace,
                ..Act::reads("generator alone, open loop", alone(), users.min(ALONE), span)
            },
        ];
        Ok(Set { acts, scope: Scope::default() })
    }
}

fn asks(path: &str, host: &str, mirror: Option<Arc<Mirror>>) -> Work {
    Work::Requests(Arc::new(Asks { request: get(path, host, As::Nobody), mirror }))
}

/// One request, again and again.
struct Asks {
    request: Vec<u8>,
    mirror: Option<Arc<Mirror>>,
}

impl Workload for Asks {
    fn elsewhere(&self) -> Option<SocketAddr> {
        self.mirror.as_ref().map(|mirror| mirror.address)
    }

    fn ask(&self, _number: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.request);
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> Outcome {
        if answer.status == 200 { Outcome::Done { named: 0, value: 0 } } else { refused(answer) }
    }
}
