//! `seat-browse`, `list-cache`, `search-index`: what is looked at.

use super::{About, Act, Brief, Recipe, Set, seconds, users};
use crate::Trouble;
use crate::client::Answer;
use crate::history::Outcome;
use crate::parameters::Parameter;
use crate::programme::hall_with;
use crate::requests::get;
use crate::site::{Site, VISITORS, all};
use crate::state::Scope;
use crate::target::{As, Visit};
use crate::workload::{Work, Workload, refused};
use serde_json::json;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Concerts of one document.
const DOCUMENT: u64 = 200;
const CATEGORIES: u64 = 20;
const DAYS: u64 = 300;

pub(super) struct SeatBrowse;

impl Recipe for SeatBrowse {
    fn about(&self) -> About {
        About {
            name: "seat-browse",
            about: "Users look at all seats of a show, again and again.",
            origin: "R4: seats of a concert by 1,000 and 1,500 users for 60 s each: 5,900 and \
                     7,900 requests, p90 741 ms and 1.05 s.",
            parameters: const {
                &[
                    users(1_000, 500),
                    Parameter { name: "users_more", usual: 1_500, quick: 750, about: "second act" },
                    seconds(60, 2),
                    Parameter { name: "seats", usual: 50, quick: 50, about: "of the show" },
                ]
            },
            reference_routes: false,
            is_contended: false,
        }
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        let Brief { site, with, .. } = brief;
        let seats = with.small("seats");
        let hall = site.wait(hall_with(site, seats, &[]))?;
        let path = format!("/api/v1/shows/{}/seats", hall.show);
        let requests = vec![get(&path, &site.host(), As::Nobody)];
        let wanted = format!("\"seat_{}\"", hall.first_seat.0);
        let looks = Looks { requests, wanted: wanted.into_bytes() };
        let work = Work::Requests(Arc::new(looks));
        let acts = ["users", "users_more"].map(|users| {
            let users = with.count(users);
            Act::reads(&format!("{users} users"), work.clone(), users, with.seconds("seconds"))
        });
        Ok(Set { acts: acts.into(), scope: Scope::default() })
    }
}

pub(super) struct ListCache;

impl Recipe for ListCache {
    fn about(&self) -> About {
        About {
            name: "list-cache",
            about: "Users look at the concerts of a day; many look at the same days.",
            origin: "R4: concerts by date with a cache of ten minutes, 10,000 samples: 981 \
                     requests a second against 514 from the database.",
            parameters: const {
                &[
                    users(256, 64),
                    seconds(10, 2),
                    Parameter { name: "concerts", usual: 3_000, quick: 600, about: "there are" },
                    Parameter { name: "days", usual: 30, quick: 30, about: "that are looked at" },
                ]
            },
            reference_routes: false,
            is_contended: false,
        }
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        let days = brief.with.get("days").clamp(1, DAYS);
        let paths = (0..days).map(|day| format!("/api/v1/concerts?date={}", day_of(day)));
        lists(brief, &paths.collect::<Vec<_>>())
    }
}

pub(super) struct SearchIndex;

impl Recipe for SearchIndex {
    fn about(&self) -> About {
        About {
            name: "search-index",
            about: "Users look at the next 30 concerts of a category from a day on.",
            origin: "R4: 700,000 concerts, 0.206 s without an index on category and date, \
                     0.0041 s with it.",
            parameters: const {
                &[
                    users(64, 32),
                    seconds(10, 2),
                    Parameter {
                        name: "concerts",
                        usual: 700_000,
                        quick: 2_000,
                        about: "there are",
                    },
                ]
            },
            reference_routes: false,
            is_contended: false,
        }
    }

    fn set(&self, brief: &Brief<'_>) -> Result<Set, Trouble> {
        let paths = (0..CATEGORIES).map(|category| {
            let from = day_of(category * 7 % DAYS);
            format!("/api/v1/concerts?category=c{category}&from={from}T00:00:00Z&limit=30")
        });
        lists(brief, &paths.collect::<Vec<_>>())
    }
}

fn lists(brief: &Brief<'_>, paths: &[String]) -> Result<Set, Trouble> {
    let Brief { site, with, .. } = brief;
    site.wait(concerts(site, with.get("concerts")))?;
    let requests = paths.iter().map(|path| get(path, &site.host(), As::Nobody)).collect();
    let looks = Looks { requests, wanted: b"\"data\":[{".to_vec() };
    let work = Work::Requests(Arc::new(looks));
    let act = Act::reads("lists", work, with.count("users"), with.seconds("seconds"));
    Ok(Set { acts: vec![act], scope: Scope::default() })
}

/// A day of 2097, as a date says it.
fn day_of(number: u64) -> String {
    format!("2097-{:02}-{:02}", 1 + number / 28 % 12, 1 + number % 28)
}

/// Brings in so many concerts of one show each.
async fn concerts(site: &Site, count: u64) -> Result<(), Trouble> {
    let mut bringing = JoinSet::new();
    let visitors = u64::try_from(VISITORS).unwrap_or(1);
    for visitor in 0..visitors {
        let (address, name) = (site.address(), site.name());
        let key = site.target.operator_key.clone();
        bringing.spawn(async move {
            let mut visit = Visit::begin(address).await?;
            let mut at = visitor * DOCUMENT;
            while at < count {
                let some = (at..count.min(at + DOCUMENT)).map(|number| concert(&name, number));
                let document = json!({ "concerts": some.collect::<Vec<_>>() });
                let path = "/api/v1/operator/import";
                visit.post(As::Bearer(&key), path, None, Some(&document)).await?;
                at += DOCUMENT * visitors;
            }
            Ok(Vec::<()>::new())
        });
    }
    all(bringing).await.map(|_| ())
}

fn concert(name: &str, number: u64) -> serde_json::Value {
    let day = day_of(number % DAYS);
    json!({
        "name": format!("{name} {number}"),
        "category": format!("c{}", number / DAYS % CATEGORIES),
        "shows": [{
            "opens_at": format!("{day}T19:00:00Z"), "closes_at": format!("{day}T22:00:00Z"),
            "booking_opens_at": "2020-01-01T00:00:00Z",
            "booking_closes_at": format!("{day}T19:00:00Z"),
            "ticket_types": [{ "name": "Standing", "price": 1_000, "quantity": 100 }],
        }],
    })
}

/// Reads whose answers must have something in them.
struct Looks {
    requests: Vec<Vec<u8>>,
    wanted: Vec<u8>,
}

impl Workload for Looks {
    fn ask(&self, number: u64, out: &mut Vec<u8>) {
        let at = usize::try_from(number).unwrap_or(0) % self.requests.len();
        out.extend_from_slice(&self.requests[at]);
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> Outcome {
        if answer.status != 200 {
            return refused(answer);
        }
        let is_there = answer.body.windows(self.wanted.len()).any(|at| at == self.wanted);
        if is_there { Outcome::Done { named: 0, value: 0 } } else { Outcome::Wrong }
    }
}
