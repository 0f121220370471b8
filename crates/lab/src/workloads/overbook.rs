//! `overbook`: everybody books one ticket of one event at once.

use super::{About, Act, Brief, Recipe, Set, seconds, users};
use crate::Trouble;
use crate::client::{Answer, last_number, text_field};
use crate::history::{Asked, Op, Outcome};
use crate::load::Pace;
use crate::parameters::Parameter;
use crate::programme::{HOLD_MS, Sale, sale};
use crate::requests::{finish, number_of, post_heads};
use crate::state::{Rules, Scope};
use crate::workload::{Work, Workload, refused};
use std::sync::Arc;
use std::time::Duration;

pub(super) struct Overbook;

impl Recipe for Overbook {
    fn about(&self) -> About {
        About {
            name: "overbook",
            about: "So many users book one ticket after the other of one event, as fast as they \
                    are answered, until the time is over or nothing is left.",
            origin: "R0: 1,000 virtual users for 5 s on one event, several processes behind one \
                     port; no ticket sold twice, none beyond the stock.",
            parameters: const {
                &[
                    users(1_000, 200),
                    seconds(5, 2),
                    Parameter {
                        name: "stock",
                        usual: 1_000_000,
                        quick: 200_000,
                        about: "tickets there are; what a second sells has to be less, or refusals \
                            are compared",
                    },
                ]
            },
            reference_routes: false,
            is_contended: true,
        }
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        let Brief { site, with, .. } = brief;
        let users = with.count("users");
        let (accounts, event) = site.wait(async {
            Ok::<_, Trouble>((site.accounts(users).await?, sale(site, with.small("stock")).await?))
        })?;
        let tokens = accounts.iter().map(|account| account.token.as_str());
        let heads = post_heads("/api/v1/reservations", &site.host(), tokens);
        let body = event.wish(1).into_bytes();
        let act = Act {
            name: "book".to_owned(),
            work: Work::Requests(Arc::new(Bookings { heads, event, body })),
            pace: Pace::Closed,
            users,
            warm_up: Duration::from_millis(500),
            span: with.seconds("seconds"),
            measured: Op::Take,
            goals: Vec::new(),
        };
        let scope = Scope {
            accounts: Arc::new(accounts),
            shows: vec![event.show],
            rules: Rules { hold_ms: HOLD_MS, ..Rules::default() },
            ..Scope::default()
        };
        Ok(Set { acts: vec![act], scope })
    }
}

struct Bookings {
    heads: Vec<Vec<u8>>,
    event: Sale,
    body: Vec<u8>,
}

impl Bookings {
    fn by(&self, number: u64) -> usize {
        usize::try_from(number).unwrap_or(0) % self.heads.len()
    }
}

impl Workload for Bookings {
    fn asked(&self, number: u64) -> Asked {
        let by = u32::try_from(self.by(number)).unwrap_or(0);
        Asked { op: Op::Take, by, on: self.event.ticket_type.0, amount: 1 }
    }

    fn ask(&self, number: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.heads[self.by(number)]);
        finish(out, number, &self.body);
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> Outcome {
        if answer.status != 201 {
            return refused(answer);
        }
        let named = text_field(answer.body, "\"id\":\"").and_then(number_of);
        match (named, last_number(answer.body, "\"total\":")) {
            (Some(named), Some(value)) => Outcome::Done { named, value },
            _ => Outcome::Wrong,
        }
    }
}
