//! `drop-outs`: many hold and never pay; what they had is soon somebody else's.

use super::sell_out::{Buyer, reserved};
use super::{About, Act, Brief, Recipe, Set, users};
use crate::Trouble;
use crate::chance::Chance;
use crate::history::{Asked, Op, Outcome};
use crate::load::Pace;
use crate::parameters::Parameter;
use crate::programme::{Hall, PRICE, hall_with};
use crate::scene::{Scene, Script};
use crate::state::Scope;
use crate::target::Account;
use crate::workload::Work;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

pub(super) struct DropOuts;

impl Recipe for DropOuts {
    fn about(&self) -> About {
        About {
            name: "drop-outs",
            about: "Buyers hold a seat; some pay, the others let it lapse, and what lapsed must \
                    be free for the next at once.",
            origin: "R1: an unpaid hold ends by itself and the seat is free again; a payment may \
                     race it.",
            parameters: const {
                &[
                    users(100, 50),
                    Parameter { name: "seconds", usual: 20, quick: 8, about: "how long it counts" },
                    Parameter {
                        name: "seats",
                        usual: 2_000,
                        quick: 500,
                        about: "seats of the show",
                    },
                    Parameter {
                        name: "hold_seconds",
                        usual: 3,
                        quick: 2,
                        about: "how long a hold is",
                    },
                    Parameter { name: "pay_percent", usual: 20, quick: 20, about: "who pays" },
                    Parameter {
                        name: "late_percent",
                        usual: 20,
                        quick: 20,
                        about: "who pays at the very moment at which the hold ends",
                    },
                ]
            },
            reference_routes: false,
            is_contended: true,
        }
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        let Brief { site, with, .. } = brief;
        let (users, hold) = (with.count("users"), with.get("hold_seconds"));
        let seats = with.small("seats").max(50).next_multiple_of(50);
        let (accounts, hall) = site.wait(async {
            let hall = hall_with(site, seats, &[("hold_seconds", hold.into())]).await?;
            Ok::<_, Trouble>((Arc::new(site.accounts(users).await?), hall))
        })?;
        let dropping = Dropping {
            host: site.host(),
            accounts: Arc::clone(&accounts),
            hall,
            hold: Duration::from_secs(hold),
            percents: [with.get("pay_percent"), with.get("late_percent")],
            seed: brief.seed,
        };
        let act = Act {
            name: "drop-outs".to_owned(),
            work: Work::Visits(Arc::new(dropping)),
            pace: Pace::Closed,
            users,
            warm_up: Duration::ZERO,
            span: with.seconds("seconds"),
            measured: Op::Hold,
            goals: Vec::new(),
        };
        let scope = Scope::of_buyers(accounts, vec![hall.show], hold * 1_000);
        Ok(Set { acts: vec![act], scope })
    }
}

struct Dropping {
    host: String,
    accounts: Arc<Vec<Account>>,
    hall: Hall,
    hold: Duration,
    /// Who pays in time, and who at the last moment.
    percents: [u64; 2],
    seed: u64,
}

#[async_trait]
impl Script for Dropping {
    async fn play(&self, scene: &mut Scene<'_>) -> Outcome {
        let user = u64::try_from(scene.user).unwrap_or(0);
        let buyer = Buyer::new(&self.host, &self.accounts, user);
        let mut chance = Chance::new(self.seed ^ scene.number.wrapping_mul(0x9e37_79b9));
        let seat = self.hall.first_seat.0 + chance.below(self.hall.count);
        let wish = format!(r#"{{"show":"{}","seats":["seat_{seat}"]}}"#, self.hall.show);
        let asked = Asked { op: Op::Hold, by: buyer.by, on: seat, amount: 1 };
        let held = buyer.command(scene, "/api/v1/reservations", (asked, &wish), reserved).await;
        let Outcome::Done { named, .. } = held else { return held };
        let [pays, late] = self.percents;
        match chance.below(100) {
            drawn if drawn < pays => buyer.pay(scene, named, PRICE).await,
            drawn if drawn < pays + late => {
                let early = Duration::from_millis(5 + chance.below(20));
                scene.think(self.hold.saturating_sub(early)).await;
                buyer.pay(scene, named, PRICE).await
            }
            _ => held,
        }
    }
}
