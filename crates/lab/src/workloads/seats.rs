//! `hot-seat`, `distinct-seats`: many want one seat, and everybody wants another one.

use super::sell_out::{Buyer, fine, reserved};
use super::{About, Act, Brief, Recipe, Set, seconds, users};
use crate::Trouble;
use crate::history::{Asked, Op, Outcome};
use crate::load::Pace;
use crate::parameters::Parameter;
use crate::programme::{HOLD_MS, Hall, hall_with};
use crate::scene::{Scene, Script};
use crate::state::{Rules, Scope};
use crate::target::Account;
use crate::workload::Work;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

pub(super) struct HotSeat;

impl Recipe for HotSeat {
    fn about(&self) -> About {
        About {
            name: "hot-seat",
            about: "Everybody wants the same seat; who gets it gives it back at once.",
            origin: "R4: one seat and six users, pessimistic against optimistic; R1: many users \
                     hold one seat.",
            parameters: const {
                &[
                    users(64, 24),
                    seconds(5, 2),
                    Parameter { name: "seats", usual: 1, quick: 1, about: "hot seats" },
                ]
            },
            reference_routes: false,
            is_contended: true,
        }
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        let seats = brief.with.get("seats").max(1);
        set(brief, ("tug", seats.next_multiple_of(50)), |hall| Wish {
            hall,
            seats,
            gives_back: true,
        })
    }
}

pub(super) struct DistinctSeats;

impl Recipe for DistinctSeats {
    fn about(&self) -> About {
        About {
            name: "distinct-seats",
            about: "Everybody holds a seat that nobody else wants.",
            origin: "The other end of hot-seat: where nothing conflicts, what does a strategy \
                     cost.",
            parameters: const {
                &[
                    users(256, 64),
                    seconds(5, 2),
                    Parameter {
                        name: "seats",
                        usual: 200_000,
                        quick: 20_000,
                        about: "of the show",
                    },
                ]
            },
            reference_routes: false,
            is_contended: false,
        }
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        let seats = brief.with.get("seats").max(50).next_multiple_of(50);
        set(brief, ("holds", seats), |hall| Wish { hall, seats, gives_back: false })
    }
}

struct Wish {
    hall: Hall,
    /// So many of them are wanted, in turn.
    seats: u64,
    gives_back: bool,
}

fn set(
    brief: &Brief<'_>,
    (name, seats): (&str, u64),
    wish: impl FnOnce(Hall) -> Wish,
) -> Result<Set, Trouble> {
    let Brief { site, with, .. } = brief;
    let users = with.count("users");
    let (accounts, hall) = site.wait(async {
        let seats = u32::try_from(seats).unwrap_or(u32::MAX);
        let hall = hall_with(site, seats, &[("per_reservation_max", 10.into())]).await?;
        Ok::<_, Trouble>((Arc::new(site.accounts(users).await?), hall))
    })?;
    let wanting = Wanting { host: site.host(), accounts: Arc::clone(&accounts), wish: wish(hall) };
    let act = Act {
        name: name.to_owned(),
        work: Work::Visits(Arc::new(wanting)),
        pace: Pace::Closed,
        users,
        warm_up: Duration::from_millis(500),
        span: with.seconds("seconds"),
        measured: Op::Hold,
        goals: Vec::new(),
    };
    let scope = Scope {
        accounts,
        shows: vec![hall.show],
        rules: Rules { hold_ms: HOLD_MS, ..Rules::default() },
        ..Scope::default()
    };
    Ok(Set { acts: vec![act], scope })
}

struct Wanting {
    host: String,
    accounts: Arc<Vec<Account>>,
    wish: Wish,
}

#[async_trait]
impl Script for Wanting {
    fn stock(&self) -> u64 {
        if self.wish.gives_back { u64::MAX } else { self.wish.seats }
    }

    async fn play(&self, scene: &mut Scene<'_>) -> Outcome {
        let Wish { hall, seats, gives_back } = &self.wish;
        let buyer = Buyer::new(
            &self.host,
            &self.accounts,
            if *gives_back { u64::try_from(scene.user).unwrap_or(0) } else { scene.number },
        );
        let seat = hall.first_seat.0 + scene.number % seats;
        let wish = format!(r#"{{"show":"{}","seats":["seat_{seat}"]}}"#, hall.show);
        let asked = Asked { op: Op::Hold, by: buyer.by, on: seat, amount: 1 };
        let held = buyer.command(scene, "/api/v1/reservations", (asked, &wish), reserved).await;
        let (Outcome::Done { named, .. }, true) = (&held, gives_back) else { return held };
        let path = format!("/api/v1/reservations/res_{named}/actions/release");
        let asked = Asked { op: Op::Release, by: buyer.by, on: *named, amount: 1 };
        buyer.command(scene, &path, (asked, ""), fine).await
    }
}
