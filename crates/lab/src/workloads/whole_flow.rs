//! `whole-flow`: a visit from the queue to the ticket; `soak`: the same for hours.

use super::sell_out::{Buyer, fine, reserved};
use super::{About, Act, Brief, Figure, Goal, Recipe, Set};
use crate::Trouble;
use crate::client::{Answer, text_field};
use crate::history::{Asked, Op, Outcome};
use crate::load::{Arrivals, Pace};
use crate::parameters::Parameter;
use crate::programme::{HOLD_MS, Hall, PASS_MS, PRICE, gated};
use crate::requests::{get, post};
use crate::scene::{Scene, Script};
use crate::state::Scope;
use crate::target::{Account, As};
use crate::workload::{Work, refused};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// Seats of one show.
const SEATS: u64 = 50;
/// Shows of one concert.
const SHOWS: usize = 20;
/// For so many visits a second there are seats where nobody says how many come: half as many again as
/// two processors were ever seen to serve.
const CLOSED_RATE: u64 = 8_000;
/// What the room in front allows.
const INSIDE: Parameter = Parameter {
    name: "inside_max",
    usual: 0,
    quick: 0,
    about: "whom the room lets in at once; 0: all who come",
};
/// Whoever waits asks again after so long.
const POLL: Duration = Duration::from_millis(100);

pub(super) struct WholeFlow;

impl Recipe for WholeFlow {
    fn about(&self) -> About {
        About {
            name: "whole-flow",
            about: "Visits come at a rate, whatever the house does: join the queue, wait until \
                    inside, look at dates and seats, hold one, charge, pay.",
            origin: "R1 and R4: the flow that their services are made for, as one scenario.",
            parameters: const {
                &[
                    Parameter { name: "rate", usual: 300, quick: 100, about: "visits a second" },
                    Parameter { name: "seconds", usual: 10, quick: 4, about: "how long it counts" },
                    Parameter { name: "users", usual: 4_000, quick: 500, about: "inside at once" },
                    Parameter {
                        name: "closed",
                        usual: 0,
                        quick: 0,
                        about: "1: as fast as it goes",
                    },
                    INSIDE,
                ]
            },
            reference_routes: false,
            is_contended: false,
        }
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        let mut set = flow(brief, "visits")?;
        // Where they come at a rate and nobody is kept outside, whoever has no ticket is one too many.
        if brief.with.get("closed") == 0 && brief.with.get(INSIDE.name) == 0 {
            for act in &mut set.acts {
                act.goals.push(Goal { figure: Figure::Failed, bound: 0.0 });
            }
        }
        Ok(set)
    }
}

pub(super) struct Soak;

impl Recipe for Soak {
    fn about(&self) -> About {
        About {
            name: "soak",
            about: "Visits at a modest rate for hours; memory, open files and disk of the house \
                    are watched, and growth without end is a finding.",
            origin: "R3 wanted soak tests of an hour and more, and never ran them.",
            parameters: const {
                &[
                    Parameter { name: "rate", usual: 50, quick: 50, about: "visits a second" },
                    Parameter { name: "seconds", usual: 7_200, quick: 20, about: "how long" },
                    Parameter { name: "users", usual: 500, quick: 200, about: "inside at once" },
                    Parameter {
                        name: "closed",
                        usual: 0,
                        quick: 0,
                        about: "1: as fast as it goes",
                    },
                    INSIDE,
                ]
            },
            reference_routes: false,
            is_contended: false,
        }
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        flow(brief, "soak")
    }
}

fn flow(brief: &Brief<'_>, name: &str) -> Result<Set, Trouble> {
    let Brief { site, with, .. } = brief;
    let (rate, span) = (with.small("rate"), with.seconds("seconds"));
    let warm_up = Duration::from_secs(1);
    let is_closed = with.get("closed") != 0;
    let most = if is_closed { CLOSED_RATE.max(u64::from(rate)) } else { u64::from(rate) };
    let visits = most * (span + warm_up).as_secs() * 11 / 10 + SEATS;
    let halls = usize::try_from(visits.div_ceil(SEATS)).unwrap_or(1).max(1);
    let users = with.count("users");
    let inside_max = Some(with.get(INSIDE.name)).filter(|most| *most > 0);
    // Whoever comes again must have left: twice as many as can be inside.
    let buyers = usize::try_from(visits).unwrap_or(usize::MAX).min(users * 2 + 1_000);
    let (accounts, (room, shows)) = site.wait(async {
        let seats = u32::try_from(SEATS).unwrap_or(50);
        let made = gated(site, (halls, SHOWS), seats, inside_max).await?;
        Ok::<_, Trouble>((Arc::new(site.accounts(buyers).await?), made))
    })?;
    let visiting = Visiting {
        host: site.host(),
        accounts: Arc::clone(&accounts),
        room,
        halls: shows
            .iter()
            .flat_map(|(concert, halls)| halls.iter().map(|hall| (concert.clone(), *hall)))
            .collect(),
    };
    let act = Act {
        name: name.to_owned(),
        pace: if is_closed {
            Pace::Closed
        } else {
            Pace::Open { rate, arrivals: Arrivals::Poisson }
        },
        users,
        warm_up,
        span,
        measured: Op::Flow,
        goals: Vec::new(),
        work: Work::Visits(Arc::new(visiting)),
    };
    let halls = shows.iter().flat_map(|(_, halls)| halls);
    let mut scope = Scope::of_buyers(accounts, halls.map(|hall| hall.show).collect(), HOLD_MS);
    scope.rules.active_max = inside_max;
    scope.rules.pass_ms = Some(PASS_MS);
    Ok(Set { acts: vec![act], scope })
}

struct Visiting {
    host: String,
    accounts: Arc<Vec<Account>>,
    room: String,
    /// Each with its concert.
    halls: Vec<(String, Hall)>,
}

impl Visiting {
    fn hall(&self, number: u64) -> (&str, Hall, u64) {
        let at = usize::try_from(number / SEATS).unwrap_or(0) % self.halls.len();
        let (concert, hall) = &self.halls[at];
        (concert, *hall, hall.first_seat.0 + number % SEATS)
    }

    fn account(&self, number: u64) -> (u32, &Account) {
        let at = usize::try_from(number).unwrap_or(0) % self.accounts.len();
        (u32::try_from(at).unwrap_or(0), &self.accounts[at])
    }

    /// Joins, and waits until inside; the token of the pass.
    async fn enter(&self, scene: &mut Scene<'_>) -> Result<String, Outcome> {
        let (by, account) = self.account(scene.number);
        let path = format!("/api/v1/rooms/{}/places", self.room);
        post(scene.out(), [&path, &self.host], As::Bearer(&account.token), ("", ""));
        let mut asked = Asked { op: Op::Join, by, ..Asked::default() };
        let poll = format!("/api/v1/rooms/{}/place", self.room);
        let mut token = String::new();
        loop {
            let (answered, said) = place(scene, asked).await;
            match answered {
                Outcome::Done { value: 1, .. } => return Ok(said),
                Outcome::Done { .. } => token = said,
                other if token.is_empty() => return Err(other),
                _ => {}
            }
            if scene.is_over() {
                return Err(Outcome::Unknown);
            }
            scene.think(POLL).await;
            let who = As::Visitor { token: &account.token, place: &token };
            scene.out().extend_from_slice(&get(&poll, &self.host, who));
            asked.op = Op::Poll;
        }
    }

    /// Looks at something.
    async fn look(&self, scene: &mut Scene<'_>, path: &str, who: As<'_>) -> Outcome {
        scene.out().extend_from_slice(&get(path, &self.host, who));
        scene.ask(Asked::default(), fine).await
    }
}

/// Asks for a place, or how far it is; the token.
async fn place(scene: &mut Scene<'_>, asked: Asked) -> (Outcome, String) {
    let mut said = String::new();
    let hear = |answer: &Answer<'_>, _: &mut Vec<u64>| {
        if !matches!(answer.status, 200 | 201) {
            return refused(answer);
        }
        text_field(answer.body, "\"token\":\"").unwrap_or_default().clone_into(&mut said);
        let is_active = text_field(answer.body, "\"status\":\"") == Some("active");
        match crate::client::last_number(answer.body, "\"place\":") {
            Some(place) => Outcome::Done {
                named: u64::try_from(place).unwrap_or(0),
                value: i64::from(is_active),
            },
            None => Outcome::Wrong,
        }
    };
    let outcome = scene.ask(asked, hear).await;
    (outcome, said)
}

#[async_trait]
impl Script for Visiting {
    fn stock(&self) -> u64 {
        u64::try_from(self.halls.len()).unwrap_or(1) * SEATS
    }

    async fn play(&self, scene: &mut Scene<'_>) -> Outcome {
        let pass = match self.enter(scene).await {
            Ok(pass) => pass,
            Err(outcome) => return outcome,
        };
        let (concert, hall, seat) = self.hall(scene.number);
        let (by, account) = self.account(scene.number);
        let who = As::Visitor { token: &account.token, place: &pass };
        let dates = format!("/api/v1/concerts/{concert}/shows");
        let seats = format!("/api/v1/shows/{}/seats", hall.show);
        for path in [dates, seats] {
            let seen = self.look(scene, &path, who).await;
            if !seen.is_done() {
                return seen;
            }
        }
        let buyer = Buyer::new(&self.host, &self.accounts, u64::from(by));
        let buyer = buyer.with_pass(&self.accounts, &pass);
        let wish = format!(r#"{{"show":"{}","seats":["seat_{seat}"]}}"#, hall.show);
        let asked = Asked { op: Op::Hold, by, on: seat, amount: 1 };
        let held = buyer.command(scene, "/api/v1/reservations", (asked, &wish), reserved).await;
        let Outcome::Done { named, .. } = held else { return held };
        buyer.pay(scene, named, PRICE).await
    }
}
