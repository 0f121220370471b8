//! `cash`: charges and uses of one wallet.

use super::{About, Act, Brief, Recipe, Set};
use crate::Trouble;
use crate::client::{Answer, last_number, text_field};
use crate::history::{Asked, Op, Outcome};
use crate::load::Pace;
use crate::parameters::Parameter;
use crate::requests::{finish, number_of, post_heads};
use crate::state::{Opening, Scope};
use crate::target::{Account, As};
use crate::workload::{Work, Workload, refused};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

/// Amounts differ, so that what is lost cannot hide behind what is doubled.
const AMOUNTS: u64 = 97;
/// Whatever comes first, the wallet has enough.
const OPENING: i64 = 100_000_000;

pub(super) struct Cash;

impl Recipe for Cash {
    fn about(&self) -> About {
        About {
            name: "cash",
            about: "Charges, then uses, then half of each mixed, all of one wallet, as fast as \
                    they are answered.",
            origin: "R1: 3,000 uses and 3,000 charges on each of its concurrency controls, 1,500 \
                     and 1,500 mixed, and 30,000 of each; its best was 0.3 s for 3,000.",
            parameters: const {
                &[
                    Parameter {
                        name: "count",
                        usual: 3_000,
                        quick: 600,
                        about: "movements of an act",
                    },
                    Parameter { name: "users", usual: 100, quick: 50, about: "connections" },
                    Parameter { name: "seconds", usual: 60, quick: 10, about: "each act, at most" },
                ]
            },
            reference_routes: false,
            is_contended: true,
        }
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        let Brief { site, with, .. } = brief;
        let (accounts, opening) = site.wait(async {
            let accounts = site.accounts(1).await?;
            let opening = charge(site, &accounts[0], OPENING).await?;
            Ok::<_, Trouble>((accounts, opening))
        })?;
        let count = with.get("count");
        let mut acts = Vec::new();
        for (at, (name, kind)) in
            (0..).zip([("charges", Kind::Charges), ("uses", Kind::Uses), ("mixed", Kind::Mixed)])
        {
            let movements = Movements::new(&site.host(), &accounts[..1], (kind, count, at));
            acts.push(Act {
                name: name.to_owned(),
                work: Work::Requests(Arc::new(movements)),
                pace: Pace::Closed,
                users: with.count("users"),
                warm_up: Duration::ZERO,
                span: with.seconds("seconds"),
                measured: if kind == Kind::Uses { Op::Use } else { Op::Charge },
                goals: Vec::new(),
            });
        }
        let scope = Scope {
            accounts: Arc::new(accounts),
            wallets: BTreeMap::from([(0, Some(opening))]),
            ..Scope::default()
        };
        Ok(Set { acts, scope })
    }
}

/// Puts money into a wallet before a load; which entry that is.
pub(super) async fn charge(
    site: &crate::site::Site,
    account: &Account,
    amount: i64,
) -> Result<Opening, Trouble> {
    let mut visit = site.visit().await?;
    let (who, body) = (As::Bearer(&account.token), json!({ "amount": amount }));
    let path = "/api/v1/wallet/charges";
    let made = visit.post(who, path, Some("opening"), Some(&body)).await?;
    let entry = made["entry"]["id"].as_str().and_then(number_of);
    let entry = entry.ok_or_else(|| Trouble::Impossible(format!("a charge: {made}")))?;
    Ok(Opening { entry, amount })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Charges,
    Uses,
    Mixed,
}

/// Movements of wallets, each owner's in turn.
pub(super) struct Movements {
    heads: [Vec<Vec<u8>>; 2],
    kind: Kind,
    count: u64,
    /// Keys of one act are not those of another.
    act: u64,
}

impl Movements {
    pub(super) fn new(
        host: &str,
        accounts: &[Account],
        (kind, count, act): (Kind, u64, u64),
    ) -> Self {
        let heads = ["/api/v1/wallet/charges", "/api/v1/wallet/uses"].map(|path| {
            post_heads(path, host, accounts.iter().map(|account| account.token.as_str()))
        });
        Self { heads, kind, count, act }
    }

    fn is_use(&self, number: u64) -> bool {
        match self.kind {
            Kind::Charges => false,
            Kind::Uses => true,
            Kind::Mixed => number % 2 == 1,
        }
    }
}

impl Workload for Movements {
    fn stock(&self) -> u64 {
        self.count
    }

    fn asked(&self, number: u64) -> Asked {
        let by = usize::try_from(number).unwrap_or(0) % self.heads[0].len();
        Asked {
            op: if self.is_use(number) { Op::Use } else { Op::Charge },
            by: u32::try_from(by).unwrap_or(0),
            on: 0,
            amount: i64::try_from(number % AMOUNTS).unwrap_or(0) + 1,
        }
    }

    fn ask(&self, number: u64, out: &mut Vec<u8>) {
        let Asked { by, amount, .. } = self.asked(number);
        let heads = &self.heads[usize::from(self.is_use(number))];
        out.extend_from_slice(&heads[usize::try_from(by).unwrap_or(0)]);
        let mut body = [0; 40];
        let mut rest = &mut body[..];
        // An amount below a hundred has room.
        let _ = write!(rest, "{{\"amount\":{amount}}}");
        let left = rest.len();
        finish(out, self.act * 1_000_000_000 + number, &body[..body.len() - left]);
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> Outcome {
        moved(answer)
    }
}

/// A movement's entry and the balance behind it.
pub(super) fn moved(answer: &Answer<'_>) -> Outcome {
    if answer.status != 201 {
        return refused(answer);
    }
    let named = text_field(answer.body, "\"id\":\"").and_then(number_of);
    match (named, last_number(answer.body, "\"balance\":")) {
        (Some(named), Some(value)) => Outcome::Done { named, value },
        _ => Outcome::Wrong,
    }
}
