//! `charges`: one hot wallet.

use super::holds;
use super::stage::{House, Scenario, Stage};
use crate::audit::Audited;
use crate::audit::wallet::{Entry, audit};
use crate::client::{Answer, last_number, text_field};
use crate::history::{History, Outcome};
use crate::programme::halls;
use crate::requests::{finish, number_of, post_heads};
use crate::target::{Account, As};
use crate::workload::{Workload, refused};
use crate::{Trouble, purse};
use serde_json::Value;
use std::io::Write;
use std::sync::Arc;

/// Amounts differ, so that a lost charge cannot hide behind a doubled one.
const AMOUNTS: u64 = 97;

pub(super) struct Charges;

impl Scenario for Charges {
    fn about(&self) -> &'static str {
        "charges of one wallet, another idempotency key each, against a POST that parses the body \
         of a hold and does nothing"
    }

    fn rate(&self) -> Option<u32> {
        Some(20_000)
    }

    fn stage(&self, house: &House<'_>, _requests_max: u64) -> Result<Box<dyn Stage>, Trouble> {
        house.wait(async {
            let mut accounts = house.accounts(1).await?;
            let account = accounts.remove(0);
            let noop = holds::noop(house, vec![account.clone()], halls(house, 1, 50).await?);
            let host = house.target.address.to_string();
            Ok(Box::new(Wallet { host, account, noop }) as Box<dyn Stage>)
        })
    }
}

struct Wallet {
    host: String,
    account: Account,
    noop: Arc<dyn Workload>,
}

fn amount(number: u64) -> i64 {
    i64::try_from(number % AMOUNTS).unwrap_or(0) + 1
}

impl Stage for Wallet {
    fn workload(&self) -> Arc<dyn Workload> {
        let heads = post_heads("/api/v1/wallet/charges", &self.host, [self.account.token.as_str()]);
        Arc::new(Requests { head: heads.concat() })
    }

    fn noop(&self) -> Arc<dyn Workload> {
        Arc::clone(&self.noop)
    }

    fn audit(&self, house: &House<'_>, history: &History) -> Result<Audited, Trouble> {
        let (found, balance) = house.wait(async {
            let mut visit = house.visit().await?;
            purse::read(&mut visit, As::Bearer(&self.account.token), entry).await
        })?;
        Ok(audit(history, amount, &found, balance))
    }
}

fn entry(value: &Value) -> Option<Entry> {
    let is_charge = value["kind"] == "charge";
    let amount = value["amount"].as_i64().filter(|_| is_charge)?;
    Some(Entry { id: value["id"].as_str()?.parse().ok()?, amount })
}

struct Requests {
    head: Vec<u8>,
}

impl Workload for Requests {
    fn ask(&self, number: u64, out: &mut Vec<u8>) {
        let mut body = [0; 40];
        let mut rest = &mut body[..];
        // An amount below a hundred has room.
        let _ = write!(rest, "{{\"amount\":{}}}", amount(number));
        let left = rest.len();
        out.extend_from_slice(&self.head);
        finish(out, number, &body[..body.len() - left]);
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> Outcome {
        if answer.status != 201 {
            return refused(answer);
        }
        let named = text_field(answer.body, "\"id\":\"").and_then(number_of);
        match (named, last_number(answer.body, "\"balance\":")) {
            (Some(named), Some(value)) => Outcome::Done { named, value },
            _ => Outcome::Wrong,
        }
    }
}
