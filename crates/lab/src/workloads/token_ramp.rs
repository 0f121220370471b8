//! `token-ramp`: ever more users ask for a token of the queue.

use super::{About, Act, Brief, Figure, Goal, Recipe, Set};
use crate::Trouble;
use crate::audit::FIRST_TOKEN;
use crate::client::{Answer, text_field};
use crate::history::{Asked, Op, Outcome};
use crate::load::{Arrivals, Pace};
use crate::parameters::{Parameter, Parameters};
use crate::state::Scope;
use crate::workload::{Work, Workload, refused};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

/// Each with what it is in R4.
const STEPS: [u64; 5] = [1_000, 1_500, 1_900, 2_000, 10_000];

/// The number of the act behind the steps.
const OPEN: u64 = 5;
const OPEN_USERS: u64 = 2_000;
/// So many users of an act are told apart.
const USERS: u64 = 1 << 28;

pub(super) struct TokenRamp;

impl Recipe for TokenRamp {
    fn about(&self) -> About {
        About {
            name: "token-ramp",
            about: "Users ask for queue tokens, each token for another user: ever more users at \
                    once, then at a fixed rate whatever the house does.",
            origin: "R4: 1,000, 1,500, 1,900 and 2,000 users for 60 s each, 157,184 requests at \
                     most, 0.29 % failed; 10,000 users stopped its load generator.",
            parameters: const {
                &[
                    Parameter { name: "seconds", usual: 60, quick: 2, about: "each step" },
                    Parameter {
                        name: "users_max",
                        usual: 10_000,
                        quick: 2_000,
                        about: "last step",
                    },
                    Parameter {
                        name: "rate",
                        usual: 2_620,
                        quick: 2_620,
                        about: "of the open loop",
                    },
                ]
            },
            reference_routes: true,
            is_contended: false,
        }
    }

    fn connections(&self, with: &Parameters) -> u64 {
        steps(with).max().unwrap_or(0).max(OPEN_USERS)
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        let Brief { site, with, .. } = brief;
        let work = |act: u64| {
            let tag = site.tag();
            let tag = tag[tag.len().saturating_sub(12)..].to_owned();
            Work::Requests(Arc::new(Tokens { host: site.host(), tag, act }))
        };
        let act = |at: u64, users: u64| Act {
            name: format!("{users} users"),
            work: work(at),
            pace: Pace::Closed,
            users: usize::try_from(users).unwrap_or(usize::MAX),
            warm_up: Duration::from_millis(500),
            span: with.seconds("seconds"),
            measured: Op::Join,
            goals: vec![Goal { figure: Figure::Failed, bound: 0.0 }],
        };
        let mut acts: Vec<Act> = (0..).zip(steps(with)).map(|(at, users)| act(at, users)).collect();
        let rate = with.small("rate");
        acts.push(Act {
            name: format!("{rate} a second"),
            pace: Pace::Open { rate, arrivals: Arrivals::Poisson },
            goals: vec![
                Goal { figure: Figure::Failed, bound: 0.0 },
                Goal { figure: Figure::P99Ms, bound: 50.0 },
            ],
            ..act(OPEN, OPEN_USERS)
        });
        Ok(Set { acts, scope: Scope::default() })
    }
}

/// The users of each step that is not beyond the last one.
fn steps(with: &Parameters) -> impl Iterator<Item = u64> {
    let most = with.get("users_max");
    STEPS.into_iter().filter(move |users| *users <= most)
}

/// What a token is told apart by; never what says that somebody is inside.
fn fingerprint(token: &str) -> i64 {
    let mut hasher = DefaultHasher::new();
    token.hash(&mut hasher);
    i64::try_from(hasher.finish() >> 2 | FIRST_TOKEN).unwrap_or(i64::MAX)
}

struct Tokens {
    host: String,
    tag: String,
    act: u64,
}

impl Workload for Tokens {
    fn asked(&self, number: u64) -> Asked {
        // Another user each time, and in each act.
        let by = u32::try_from(self.act * USERS + number % USERS).unwrap_or(0);
        Asked { op: Op::Join, by, on: 0, amount: 0 }
    }

    fn ask(&self, number: u64, out: &mut Vec<u8>) {
        let body = format!(r#"{{"userId":"{}-{}-{number}"}}"#, self.tag, self.act);
        let _ = write!(
            out,
            "POST /queue/issue HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> Outcome {
        if answer.status != 200 {
            return refused(answer);
        }
        match text_field(answer.body, "\"token\":\"") {
            // The place is not told here; who has the token has a place of his own.
            Some(token) if token.len() >= 32 => {
                Outcome::Done { named: 0, value: fingerprint(token) }
            }
            _ => Outcome::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_of_all_acts_are_told_apart_and_so_are_their_tokens() {
        let by = |act: u64, number: u64| {
            let (host, tag) = (String::new(), String::new());
            Tokens { host, tag, act }.asked(number).by
        };
        let all = [by(0, 0), by(0, USERS - 1), by(1, 0), by(OPEN, 0), by(OPEN, USERS - 1)];
        assert!(all.is_sorted_by(|one, next| one < next), "{all:?}");
        assert_eq!(u64::try_from(STEPS.len()).unwrap_or(0), OPEN);
        let token = "x".repeat(32);
        assert_eq!(fingerprint(&token), fingerprint(&token));
        assert_ne!(fingerprint(&token), fingerprint(&format!("{token}y")));
        assert!(fingerprint(&token) >= i64::try_from(FIRST_TOKEN).unwrap_or(i64::MAX));
    }
}
