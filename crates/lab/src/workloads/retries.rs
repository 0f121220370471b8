//! `retries`: replies are lost, and everybody asks again under the same key.

use super::cash::moved;
use super::sell_out::{Buyer, reserved};
use super::{About, Act, Brief, Recipe, Set, seconds, users};
use crate::Trouble;
use crate::chance::Chance;
use crate::client::Answer;
use crate::history::{Asked, Op, Outcome};
use crate::load::Pace;
use crate::parameters::Parameter;
use crate::programme::{HOLD_MS, Sale, sale};
use crate::scene::{Scene, Script};
use crate::state::Scope;
use crate::target::Account;
use crate::workload::Work;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

const TRIES: u32 = 40;

pub(super) struct Retries;

impl Recipe for Retries {
    fn about(&self) -> About {
        About {
            name: "retries",
            about: "Charges and bookings whose replies are lost now and then; each is asked again \
                    under its key until it is answered, and once more after that.",
            origin: "Mistakes that were seen: a redelivery without a memory of what was done, a \
                     double debit.",
            parameters: const {
                &[
                    users(64, 32),
                    seconds(5, 2),
                    Parameter { name: "lost_percent", usual: 30, quick: 30, about: "lost replies" },
                    Parameter { name: "stock", usual: 100_000, quick: 100_000, about: "tickets" },
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
            let event = sale(site, with.small("stock")).await?;
            Ok::<_, Trouble>((Arc::new(site.accounts(users).await?), event))
        })?;
        let asking = Asking {
            host: site.host(),
            accounts: Arc::clone(&accounts),
            event,
            lost_percent: with.get("lost_percent"),
            seed: brief.seed,
        };
        let act = Act {
            name: "retries".to_owned(),
            work: Work::Visits(Arc::new(asking)),
            pace: Pace::Closed,
            users,
            warm_up: Duration::from_millis(500),
            span: with.seconds("seconds"),
            measured: Op::Flow,
            goals: Vec::new(),
        };
        let of_buyers = Scope::of_buyers(accounts, vec![event.show], HOLD_MS);
        let scope = Scope { payments: false, ..of_buyers };
        Ok(Set { acts: vec![act], scope })
    }
}

struct Asking {
    host: String,
    accounts: Arc<Vec<Account>>,
    event: Sale,
    lost_percent: u64,
    seed: u64,
}

#[async_trait]
impl Script for Asking {
    async fn play(&self, scene: &mut Scene<'_>) -> Outcome {
        let user = u64::try_from(scene.user).unwrap_or(0);
        let buyer = Buyer::new(&self.host, &self.accounts, user);
        let mut chance = Chance::new(self.seed ^ scene.number.wrapping_mul(0x9e37_79b9));
        let is_charge = scene.number.is_multiple_of(2);
        let amount = if is_charge { 1 + i64::try_from(scene.number % 97).unwrap_or(0) } else { 1 };
        let (path, op, on, body) = if is_charge {
            ("/api/v1/wallet/charges", Op::Charge, 0, format!("{{\"amount\":{amount}}}"))
        } else {
            let on = self.event.ticket_type.0;
            ("/api/v1/reservations", Op::Take, on, self.event.wish(1))
        };
        let asked = Asked { op, by: buyer.by, on, amount };
        for _ in 0..TRIES {
            buyer.write(scene, path, (op, &body));
            if chance.below(100) < self.lost_percent {
                scene.drop_reply(asked).await;
                continue;
            }
            let heard = scene.ask(asked, if is_charge { charged } else { reserved }).await;
            if heard.is_done() {
                // Whoever is answered and asks again is told the same.
                buyer.write(scene, path, (op, &body));
                return scene.ask(asked, if is_charge { charged } else { reserved }).await;
            }
            if !is_passing(&heard) {
                return heard;
            }
        }
        Outcome::Unknown
    }
}

fn charged(answer: &Answer<'_>, _items: &mut Vec<u64>) -> Outcome {
    moved(answer)
}

/// Whether it is worth asking again.
fn is_passing(heard: &Outcome) -> bool {
    match heard {
        Outcome::Refused { status, .. } => *status == 503,
        Outcome::Unknown | Outcome::NotSent => true,
        Outcome::Done { .. } | Outcome::Wrong => false,
    }
}
