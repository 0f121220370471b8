//! `sell-out`: more buyers than tickets, until nothing is left.

use super::cash::moved;
use super::{About, Act, Brief, Recipe, Set};
use crate::Trouble;
use crate::chance::Chance;
use crate::client::{Answer, last_number, text_field};
use crate::history::{Asked, Op, Outcome};
use crate::parameters::Parameter;
use crate::programme::{HOLD_MS, PRICE, Sale, limited_sale};
use crate::requests::{number_of, post};
use crate::scene::{Scene, Script};
use crate::state::Scope;
use crate::target::{Account, As};
use crate::workload::refused;
use async_trait::async_trait;
use std::sync::Arc;

/// Nobody wants more, and nobody may have more.
const MOST: u64 = 4;

pub(super) struct SellOut;

impl Recipe for SellOut {
    fn about(&self) -> About {
        About {
            name: "sell-out",
            about: "Each buyer holds 1 to 4 tickets, which is all that he may have, charges what \
                    they cost and pays; who comes too late is told so.",
            origin: "The sale that all five systems are about: 15,000 buyers, 10,000 tickets.",
            parameters: const {
                &[
                    Parameter { name: "buyers", usual: 15_000, quick: 1_500, about: "who comes" },
                    Parameter {
                        name: "tickets",
                        usual: 10_000,
                        quick: 1_000,
                        about: "what there is",
                    },
                    Parameter { name: "users", usual: 256, quick: 128, about: "who buys at once" },
                    Parameter { name: "seconds", usual: 120, quick: 20, about: "at most" },
                ]
            },
            reference_routes: false,
            is_contended: true,
        }
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        let Brief { site, with, .. } = brief;
        let buyers = with.count("buyers");
        let (accounts, event) = site.wait(async {
            let event = limited_sale(site, with.small("tickets"), MOST).await?;
            Ok::<_, Trouble>((Arc::new(site.accounts(buyers).await?), event))
        })?;
        let buying =
            Buying { host: site.host(), accounts: Arc::clone(&accounts), event, seed: brief.seed };
        let act = Act::sale(buying, with.count("users"), with.seconds("seconds"));
        let mut scope = Scope::of_buyers(accounts, vec![event.show], HOLD_MS);
        scope.rules.per_buyer_max = Some(MOST);
        Ok(Set { acts: vec![act], scope })
    }
}

struct Buying {
    host: String,
    accounts: Arc<Vec<Account>>,
    event: Sale,
    seed: u64,
}

#[async_trait]
impl Script for Buying {
    fn stock(&self) -> u64 {
        u64::try_from(self.accounts.len()).unwrap_or(u64::MAX)
    }

    async fn play(&self, scene: &mut Scene<'_>) -> Outcome {
        let buyer = Buyer::new(&self.host, &self.accounts, scene.number);
        let quantity = 1 + Chance::new(self.seed ^ scene.number.wrapping_mul(0x9e37)).below(MOST);
        let wish = self.event.wish(quantity);
        let amount = i64::try_from(quantity).unwrap_or(1);
        let asked = Asked { op: Op::Take, by: buyer.by, on: self.event.ticket_type.0, amount };
        match buyer.command(scene, "/api/v1/reservations", (asked, &wish), reserved).await {
            Outcome::Done { named, .. } => buyer.pay(scene, named, amount * PRICE).await,
            other => other,
        }
    }
}

/// A buyer with his number, as scripts play him.
pub(super) struct Buyer<'a> {
    host: &'a str,
    who: As<'a>,
    pub(super) by: u32,
}

impl<'a> Buyer<'a> {
    pub(super) fn new(host: &'a str, accounts: &'a [Account], number: u64) -> Self {
        let at = usize::try_from(number).unwrap_or(0) % accounts.len();
        let who = As::Bearer(&accounts[at].token);
        Self { host, who, by: u32::try_from(at).unwrap_or(0) }
    }

    /// The same with a pass of a waiting room.
    pub(super) fn with_pass(self, accounts: &'a [Account], place: &'a str) -> Self {
        let at = usize::try_from(self.by).unwrap_or(0);
        Self { who: As::Visitor { token: &accounts[at].token, place }, ..self }
    }

    /// Wants something, under a key that is of this kind and this visit.
    pub(super) async fn command(
        &self,
        scene: &mut Scene<'_>,
        path: &str,
        (asked, body): (Asked, &str),
        hear: fn(&Answer<'_>, &mut Vec<u64>) -> Outcome,
    ) -> Outcome {
        self.write(scene, path, (asked.op, body));
        scene.ask(asked, hear).await
    }

    /// Writes a command.
    pub(super) fn write(&self, scene: &mut Scene<'_>, path: &str, (op, body): (Op, &str)) {
        let key = format!("{op:?}-{}", scene.number);
        post(scene.out(), [path, self.host], self.who, (&key, body));
    }

    /// Charges what a hold costs, and pays it.
    pub(super) async fn pay(&self, scene: &mut Scene<'_>, hold: u64, amount: i64) -> Outcome {
        let asked = Asked { op: Op::Charge, by: self.by, on: 0, amount };
        let body = format!("{{\"amount\":{amount}}}");
        let hear = |answer: &Answer<'_>, _: &mut Vec<u64>| moved(answer);
        let charged = self.command(scene, "/api/v1/wallet/charges", (asked, &body), hear).await;
        if !charged.is_done() {
            return charged;
        }
        let asked = Asked { op: Op::Pay, by: self.by, on: hold, amount };
        let body = format!("{{\"reservation\":\"res_{hold}\"}}");
        self.command(scene, "/api/v1/payments", (asked, &body), paid).await
    }
}

/// A reservation, with its seats and what it costs.
pub(super) fn reserved(answer: &Answer<'_>, items: &mut Vec<u64>) -> Outcome {
    if !matches!(answer.status, 200 | 201) {
        items.extend(seats_of(answer.body));
        return refused(answer);
    }
    items.extend(seats_of(answer.body));
    let named = text_field(answer.body, "\"id\":\"").and_then(number_of);
    match (named, last_number(answer.body, "\"total\":")) {
        (Some(named), Some(value)) => Outcome::Done { named, value },
        _ => Outcome::Wrong,
    }
}

/// The seats that a body names.
fn seats_of(body: &[u8]) -> Vec<u64> {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let found = text.match_indices("\"seat_").filter_map(|(at, start)| {
        let rest = &text[at + start.len()..];
        rest[..rest.find('"')?].parse().ok()
    });
    found.collect()
}

/// A payment and the balance behind it.
pub(super) fn paid(answer: &Answer<'_>, _items: &mut Vec<u64>) -> Outcome {
    if answer.status != 201 {
        return refused(answer);
    }
    let named = text_field(answer.body, "\"id\":\"pay_").and_then(|text| text.parse().ok());
    match (named, last_number(answer.body, "\"balance\":")) {
        (Some(named), Some(value)) => Outcome::Done { named, value },
        _ => Outcome::Wrong,
    }
}

/// An answer whose content is nobody's business.
pub(super) fn fine(answer: &Answer<'_>, _items: &mut Vec<u64>) -> Outcome {
    if (200..300).contains(&answer.status) {
        Outcome::Done { named: 0, value: 0 }
    } else {
        refused(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seats_of_an_answer_and_of_a_refusal_are_read() {
        let body = br#"{"id":"res_7","items":[{"seat":"seat_3"},{"seat":"seat_4"}],"total":2000}"#;
        let mut items = Vec::new();
        let answer = Answer { status: 201, body, length: body.len() };
        assert_eq!(reserved(&answer, &mut items), Outcome::Done { named: 7, value: 2_000 });
        assert_eq!(items, [3, 4]);
        let body = br#"{"code":"SEAT_TAKEN","context":{"seats":["seat_9"]}}"#;
        let answer = Answer { status: 409, body, length: body.len() };
        items.clear();
        assert!(matches!(reserved(&answer, &mut items), Outcome::Refused { status: 409, .. }));
        assert_eq!(items, [9]);
    }
}
