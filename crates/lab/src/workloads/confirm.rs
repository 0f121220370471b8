//! `confirm`: payments that were made elsewhere are confirmed.

use super::{About, Act, Brief, Figure, Goal, Recipe, Set, seconds, users};
use crate::Trouble;
use crate::client::{Answer, text_field};
use crate::history::{Asked, Op, Outcome};
use crate::load::{Arrivals, Pace};
use crate::parameters::{Parameter, Parameters};
use crate::programme::{HOLD_MS, Sale, sale_at};
use crate::requests::number_of;
use crate::state::{Rules, Scope};
use crate::workload::{Work, Workload, refused};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

/// Whom a confirmation is for, as its clients number them.
const MEMBERS: u64 = 100;
/// So many confirmations of the ramp are under way at most.
const RAMP_USERS: u64 = 256;
const SLOW: &str = "slow_ms";
/// What is paid, which has to be what a ticket costs.
const AMOUNT: i64 = 10_000;

pub(super) struct Confirm;

impl Recipe for Confirm {
    fn about(&self) -> About {
        About {
            name: "confirm",
            about: "Users confirm payments with a second of thought between them, on a database that \
                    is slow; then ever more confirmations come, whatever the house does.",
            origin: "R2: 100 virtual users for 15 s with one second of think time; its best \
                     design answered after 4 s on a database whose transactions were slowed.",
            parameters: const {
                &[
                    users(100, 100),
                    seconds(15, 4),
                    Parameter { name: "think_ms", usual: 1_000, quick: 1_000, about: "think time" },
                    Parameter {
                        name: "rate",
                        usual: 500,
                        quick: 300,
                        about: "confirmations a second at the end of the ramp",
                    },
                    Parameter {
                        name: "ramp_seconds",
                        usual: 15,
                        quick: 4,
                        about: "how long the ramp takes",
                    },
                    Parameter { name: "stock", usual: 100_000, quick: 100_000, about: "tickets" },
                    Parameter {
                        name: SLOW,
                        usual: 20,
                        quick: 20,
                        about: "by which each transaction of the store is made longer",
                    },
                ]
            },
            reference_routes: true,
            is_contended: true,
        }
    }

    fn connections(&self, with: &Parameters) -> u64 {
        with.get("users").max(RAMP_USERS)
    }

    fn flags(&self, with: &Parameters) -> Vec<String> {
        let slow = Some(with.get(SLOW)).filter(|ms| *ms > 0);
        slow.map(|ms| vec!["--slow-ms".to_owned(), ms.to_string()]).unwrap_or_default()
    }

    fn limit(&self, with: &Parameters) -> Option<String> {
        let slow = Some(with.get(SLOW)).filter(|ms| *ms > 0)?;
        Some(format!("each transaction of the store is made {slow} ms longer on purpose"))
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        let Brief { site, with, .. } = brief;
        let event = site.wait(sale_at(site, with.small("stock"), AMOUNT))?;
        let work = |act: u64| {
            let tag = format!("{}-{act}", site.tag());
            Work::Requests(Arc::new(Confirmations { host: site.host(), event, tag, act }))
        };
        let common = Act {
            name: "100 users".to_owned(),
            work: work(0),
            pace: Pace::Thinking { think: with.ms("think_ms") },
            users: with.count("users"),
            warm_up: Duration::from_secs(1),
            span: with.seconds("seconds"),
            measured: Op::Confirm,
            goals: vec![Goal { figure: Figure::Failed, bound: 0.0 }],
        };
        let over_ms = u32::try_from(with.get("ramp_seconds") * 1_000).unwrap_or(u32::MAX);
        let arrivals = Arrivals::Ramp { from: 10, over_ms };
        let ramp = Act {
            name: "ramp".to_owned(),
            work: work(1),
            pace: Pace::Open { rate: with.small("rate"), arrivals },
            users: usize::try_from(RAMP_USERS).unwrap_or(usize::MAX),
            warm_up: Duration::ZERO,
            span: with.seconds("ramp_seconds"),
            ..common
        };
        let first = Act { work: work(0), pace: common.pace, goals: ramp.goals.clone(), ..common };
        let scope = Scope {
            shows: vec![event.show],
            rules: Rules { hold_ms: HOLD_MS, ..Rules::default() },
            ..Scope::default()
        };
        Ok(Set { acts: vec![first, ramp], scope })
    }
}

struct Confirmations {
    host: String,
    event: Sale,
    tag: String,
    act: u64,
}

impl Workload for Confirmations {
    fn asked(&self, _number: u64) -> Asked {
        Asked { op: Op::Confirm, by: 0, on: self.event.ticket_type.0, amount: AMOUNT }
    }

    fn ask(&self, number: u64, out: &mut Vec<u8>) {
        let body = format!(
            r#"{{"paymentKey":"test-key","orderId":"{}-{number}","amount":{AMOUNT},"ticketTypeId":{},"memberId":{}}}"#,
            &self.tag[self.tag.len().saturating_sub(30)..],
            self.event.ticket_type.0,
            1 + (number + self.act) % MEMBERS,
        );
        let _ = write!(
            out,
            "POST /v1/api/payments/confirm HTTP/1.1\r\nhost: {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> Outcome {
        if answer.status != 200 {
            return refused(answer);
        }
        match text_field(answer.body, "\"paymentId\":\"").and_then(number_of) {
            Some(named) => Outcome::Done { named, value: 0 },
            None => Outcome::Wrong,
        }
    }
}
