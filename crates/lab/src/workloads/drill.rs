//! `drill`: buyers for whatever a house sells, as a rehearsal before its sale.

use super::sell_out::{Buyer, fine, paid, reserved};
use super::{About, Act, Brief, Recipe, Set};
use crate::Trouble;
use crate::chance::Chance;
use crate::client::{Answer, last_number, text_field};
use crate::history::{Asked, Op, Outcome};
use crate::parameters::{Parameter, Parameters};
use crate::requests::{delete, get, number_of, post};
use crate::scene::{Scene, Script};
use crate::site::Site;
use crate::state::{Scope, numbers};
use crate::target::{Account, As, text};
use crate::workload::refused;
use admitone_domain::id::ShowId;
use async_trait::async_trait;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Nobody asks again sooner, whatever the house says.
const POLL_MIN_MS: u64 = 100;
const NOTHING: &str = "the house sells nothing: give a house of the laboratory something to sell with \
                       `--programme FILE`, and one that runs already by `POST /api/v1/operator/import`";
/// Nobody wants more at once.
const WISH_MAX: u64 = 4;

pub(super) struct Drill;

impl Recipe for Drill {
    fn about(&self) -> About {
        About {
            name: "drill",
            about: "Buyers come to whatever the house sells: they wait in its lines as they are \
                    told to, look, hold 1 to 4 seats or tickets, and most of them pay.",
            origin: "Operators rehearse a sale on a copy of it before it begins.",
            parameters: const {
                &[
                    Parameter { name: "buyers", usual: 1_000, quick: 60, about: "who comes" },
                    Parameter {
                        name: "seconds",
                        usual: 60,
                        quick: 2,
                        about: "within which they come",
                    },
                    Parameter {
                        name: "arrivals",
                        usual: 0,
                        quick: 0,
                        about: "0: half of them at once, 1: evenly, 2: ever more",
                    },
                    Parameter {
                        name: "patience",
                        usual: 60,
                        quick: 10,
                        about: "seconds for the last to buy; who waits then goes home",
                    },
                    Parameter { name: "think_ms", usual: 1_500, quick: 50, about: "between steps" },
                    Parameter {
                        name: "pay_percent",
                        usual: 85,
                        quick: 85,
                        about: "of those who hold",
                    },
                    Parameter {
                        name: "users",
                        usual: 2_000,
                        quick: 500,
                        about: "at once, at most",
                    },
                ]
            },
            reference_routes: false,
            is_contended: false,
        }
    }

    fn connections(&self, with: &Parameters) -> u64 {
        with.get("users").min(with.get("buyers"))
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        let Brief { site, with, .. } = brief;
        let buyers = with.count("buyers").max(1);
        let (accounts, wanted) = site.wait(async {
            let wanted = programme(site).await?;
            Ok::<_, Trouble>((Arc::new(site.accounts(buyers).await?), wanted))
        })?;
        let hold_ms = wanted.iter().map(|show| show.hold_ms).min().unwrap_or(0);
        let shows = wanted.iter().map(|show| show.id.parse());
        let shows = shows.collect::<Result<_, _>>();
        let shows: Vec<ShowId> =
            shows.map_err(|_| Trouble::Impossible("a show without an id".to_owned()))?;
        // Lists have what was told before when the house has settled.
        site.settle()?;
        let before = site.wait(numbers(site, &shows))?;
        let coming = Coming {
            host: site.host(),
            accounts: Arc::clone(&accounts),
            wanted,
            seed: brief.seed,
            over: with.seconds("seconds"),
            arrivals: with.get("arrivals"),
            think_ms: with.get("think_ms"),
            pay_percent: with.get("pay_percent"),
        };
        let users = with.count("users").clamp(1, buyers);
        let act = Act::sale(coming, users, with.seconds("seconds") + with.seconds("patience"));
        let scope = Scope { before, ..Scope::of_buyers(accounts, shows, hold_ms) };
        Ok(Set { acts: vec![act], scope })
    }
}

/// A show that is for sale.
#[derive(Debug, Clone)]
struct Wanted {
    id: String,
    /// The room before it.
    room: Option<String>,
    types: Vec<String>,
    /// At most so many of them for one buyer.
    most: u64,
    hold_ms: u64,
}

/// What the house sells.
async fn programme(site: &Site) -> Result<Vec<Wanted>, Trouble> {
    let (mut visit, mut concerts, mut wanted) = (site.visit().await?, Vec::new(), Vec::new());
    let keep = |concert: &Value| concerts.push(text(concert, "id"));
    visit.list(As::Nobody, "/api/v1/concerts", keep).await?;
    for concert in concerts {
        let listed = visit.get(As::Nobody, &format!("/api/v1/concerts/{}/shows", concert?)).await?;
        for show in items(&listed) {
            let id = text(show, "id")?;
            let path = format!("/api/v1/shows/{id}/ticket-types");
            let types = visit.get(As::Nobody, &path).await?;
            let types = items(&types).iter().map(|kind| text(kind, "id"));
            wanted.push(Wanted {
                room: show["room"].as_str().map(str::to_owned),
                types: types.collect::<Result<_, _>>()?,
                most: ["per_reservation_max", "per_buyer_max"]
                    .iter()
                    .filter_map(|limit| show[*limit].as_u64())
                    .fold(WISH_MAX, u64::min),
                hold_ms: show["hold_seconds"].as_u64().unwrap_or(0).saturating_mul(1_000),
                id,
            });
        }
    }
    if wanted.is_empty() {
        return Err(Trouble::Impossible(NOTHING.to_owned()));
    }
    Ok(wanted)
}

fn items(list: &Value) -> &[Value] {
    list["data"].as_array().or(list.as_array()).map(Vec::as_slice).unwrap_or_default()
}

struct Coming {
    host: String,
    accounts: Arc<Vec<Account>>,
    wanted: Vec<Wanted>,
    seed: u64,
    over: Duration,
    arrivals: u64,
    think_ms: u64,
    pay_percent: u64,
}

/// When a buyer comes: `number` of `all` within `over`.
fn arrival(arrivals: u64, (number, all): (u64, u64), over: Duration) -> Duration {
    let share = crate::figures::real(number) / crate::figures::real(all.max(1));
    let at = match arrivals {
        // Everybody sits before the clock, and half of them press at once.
        0 if share < 0.5 => share * 0.1,
        0 => 0.05 + (share - 0.5) * 1.9,
        1 => share,
        _ => share.sqrt(),
    };
    over.mul_f64(at.clamp(0.0, 1.0))
}

#[async_trait]
impl Script for Coming {
    fn stock(&self) -> u64 {
        u64::try_from(self.accounts.len()).unwrap_or(u64::MAX)
    }

    fn is_planned(&self) -> bool {
        true
    }

    async fn play(&self, scene: &mut Scene<'_>) -> Outcome {
        let at = arrival(self.arrivals, (scene.number, self.stock()), self.over);
        scene.come_after(at).await;
        let mut guest = Guest {
            of: self,
            chance: Chance::new(self.seed ^ scene.number.wrapping_mul(0x9e37)),
            by: u32::try_from(scene.number).unwrap_or(0),
        };
        let at = guest.chance.below(u64::try_from(self.wanted.len()).unwrap_or(1));
        let show = &self.wanted[usize::try_from(at).unwrap_or(0)];
        let place = match &show.room {
            None => String::new(),
            Some(room) => match guest.wait(scene, room).await {
                Ok(place) => place,
                Err(outcome) => return outcome,
            },
        };
        let came_to = guest.buy(scene, show, &place).await;
        if let (Some(room), Err(_)) = (&show.room, &came_to) {
            guest.leave(scene, room, &place).await;
        }
        came_to.unwrap_or_else(|outcome| outcome)
    }
}

/// One who comes.
struct Guest<'a> {
    of: &'a Coming,
    chance: Chance,
    by: u32,
}

impl<'a> Guest<'a> {
    fn account(&self) -> &'a Account {
        &self.of.accounts[usize::try_from(self.by).unwrap_or(0) % self.of.accounts.len()]
    }

    fn visitor<'b>(&self, place: &'b str) -> As<'b>
    where
        'a: 'b,
    {
        match place {
            "" => As::Bearer(&self.account().token),
            place => As::Visitor { token: &self.account().token, place },
        }
    }

    async fn think(&mut self, scene: &Scene<'_>) {
        let ms = self.chance.below(self.of.think_ms.saturating_mul(2));
        scene.think(Duration::from_millis(ms)).await;
    }

    /// Joins the line and asks as often as it is told to, until inside; the token of the pass.
    async fn wait(&mut self, scene: &mut Scene<'_>, room: &str) -> Result<String, Outcome> {
        let on = number_of(room).unwrap_or(0);
        let mut asked = Asked { op: Op::Join, by: self.by, on, amount: 0 };
        let path = format!("/api/v1/rooms/{room}/places");
        post(scene.out(), [&path, &self.of.host], self.visitor(""), ("", ""));
        let mut token = String::new();
        loop {
            let mut said = Said::default();
            let answered = scene.ask(asked, |answer, _| said.hear(answer)).await;
            match answered {
                Outcome::Done { value: 1, .. } => return Ok(said.token),
                Outcome::Done { .. } => token = said.token,
                other if token.is_empty() => return Err(other),
                // It is asked again, as a page would.
                _ => {}
            }
            if scene.is_over() {
                self.leave(scene, room, &token).await;
                let code = Some("STILL_IN_LINE".into());
                return Err(Outcome::Refused { status: 200, code });
            }
            scene.rest(Duration::from_millis(said.next_ms.max(POLL_MIN_MS))).await;
            let path = format!("/api/v1/rooms/{room}/place");
            scene.out().extend_from_slice(&get(&path, &self.of.host, self.visitor(&token)));
            asked.op = Op::Poll;
        }
    }

    async fn leave(&self, scene: &mut Scene<'_>, room: &str, place: &str) {
        let path = format!("/api/v1/rooms/{room}/place");
        let on = number_of(room).unwrap_or(0);
        let asked = Asked { op: Op::Leave, by: self.by, on, amount: 0 };
        scene.out().extend_from_slice(&delete(&path, &self.of.host, self.visitor(place)));
        scene.ask(asked, fine).await;
    }

    /// Looks, thinks, holds, thinks again, and pays or lets go: `Err` of who has not paid.
    async fn buy(
        &mut self,
        scene: &mut Scene<'_>,
        show: &Wanted,
        place: &str,
    ) -> Result<Outcome, Outcome> {
        let (asked, wish) = self.wish(scene, show, place).await?;
        self.think(scene).await;
        let buyer = Buyer::new(&self.of.host, &self.of.accounts, u64::from(self.by));
        let buyer = match place {
            "" => buyer,
            place => buyer.with_pass(&self.of.accounts, place),
        };
        let held = buyer.command(scene, "/api/v1/reservations", (asked, &wish), reserved).await;
        let Outcome::Done { named, value: total } = held else { return Err(held) };
        self.think(scene).await;
        if self.chance.below(100) >= self.of.pay_percent {
            let asked = Asked { op: Op::Release, by: self.by, on: named, amount: 0 };
            let path = format!("/api/v1/reservations/res_{named}/actions/release");
            return Err(buyer.command(scene, &path, (asked, ""), fine).await);
        }
        if total > 0 {
            return Ok(buyer.pay(scene, named, total).await);
        }
        let asked = Asked { op: Op::Pay, by: self.by, on: named, amount: 0 };
        let body = format!("{{\"reservation\":\"res_{named}\"}}");
        Ok(buyer.command(scene, "/api/v1/payments", (asked, &body), paid).await)
    }

    /// Looks at the seats, and wishes for some that are together or for tickets of a type.
    async fn wish(
        &mut self,
        scene: &mut Scene<'_>,
        show: &Wanted,
        place: &str,
    ) -> Result<(Asked, String), Outcome> {
        let path = format!("/api/v1/shows/{}/seats", show.id);
        scene.out().extend_from_slice(&get(&path, &self.of.host, self.visitor(place)));
        let mut has_seats = false;
        let hear = |answer: &Answer<'_>, items: &mut Vec<u64>| {
            has_seats = text_field(answer.body, "\"id\":\"seat_").is_some();
            fine(answer, items)
        };
        let looked = scene.ask(Asked { by: self.by, ..Asked::default() }, hear).await;
        if !looked.is_done() {
            return Err(looked);
        }
        let quantity = 1 + self.chance.below(show.most);
        let amount = i64::try_from(quantity).unwrap_or(1);
        let id = &show.id;
        let wants_seat = has_seats && (show.types.is_empty() || self.chance.below(2) == 0);
        let at = self.chance.below(u64::try_from(show.types.len()).unwrap_or(1));
        let kind = show.types.get(usize::try_from(at).unwrap_or(0)).filter(|_| !wants_seat);
        let Some(kind) = kind else {
            let wish = format!(r#"{{"show":"{id}","best_available":{{"quantity":{quantity}}}}}"#);
            return Ok((Asked { op: Op::Hold, by: self.by, on: 0, amount }, wish));
        };
        let on = number_of(kind).unwrap_or(0);
        let wish = format!(
            r#"{{"show":"{id}","tickets":[{{"ticket_type":"{kind}","quantity":{quantity}}}]}}"#
        );
        Ok((Asked { op: Op::Take, by: self.by, on, amount }, wish))
    }
}

/// What a room says of a place.
#[derive(Default)]
struct Said {
    token: String,
    next_ms: u64,
}

impl Said {
    fn hear(&mut self, answer: &Answer<'_>) -> Outcome {
        if !matches!(answer.status, 200 | 201) {
            return refused(answer);
        }
        text_field(answer.body, "\"token\":\"").unwrap_or_default().clone_into(&mut self.token);
        let number = |name: &str| last_number(answer.body, name);
        self.next_ms =
            number("\"next_poll_ms\":").and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0);
        let is_active = text_field(answer.body, "\"status\":\"") == Some("active");
        match number("\"place\":").and_then(|place| u64::try_from(place).ok()) {
            Some(named) => Outcome::Done { named, value: i64::from(is_active) },
            None => Outcome::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_come_within_the_time_one_after_the_other_and_half_of_them_at_once() {
        let over = Duration::from_secs(100);
        for arrivals in 0..3 {
            let at = |number| arrival(arrivals, (number, 1_000), over);
            assert!((1..1_000).all(|number| at(number) >= at(number - 1)), "{arrivals}");
            assert!(at(999) <= over && at(999) > over.mul_f64(0.9), "{arrivals}");
        }
        let half = |arrivals| arrival(arrivals, (500, 1_000), over).as_secs();
        assert_eq!((half(0), half(1), half(2)), (5, 50, 70));
    }
}
