//! `seat-browse`, `list-cache`, `search-index`: what is looked at.

use super::{About, Act, Brief, Figure, Goal, Recipe, Set, seconds, users};
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
use std::time::Duration;
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
            looked_at(&format!("{users} users"), work.clone(), users, with.seconds("seconds"))
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
        // A day that no concert is on has nothing that could be looked at.
        let filled = brief.with.get("days").min(brief.with.get("concerts"));
        let paths = (0..filled).map(|day| format!("/api/v1/concerts?date={}", day_of(day)));
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
        let count = brief.with.get("concerts");
        let paths = (0..CATEGORIES.min(count)).map(|category| {
            let from = day_of(first_day_of(category, count));
            format!("/api/v1/concerts?category=c{category}&from={from}T00:00:00Z&limit=30")
        });
        lists(brief, &paths.collect::<Vec<_>>())
    }
}

/// Reads of which each has an answer with the right content: whoever is answered otherwise is one too many.
fn looked_at(name: &str, work: Work, users: usize, span: Duration) -> Act {
    let goals = vec![Goal { figure: Figure::Failed, bound: 0.0 }];
    Act { goals, ..Act::reads(name, work, users, span) }
}

fn lists(brief: &Brief<'_>, paths: &[String]) -> Result<Set, Trouble> {
    let Brief { site, with, .. } = brief;
    site.wait(concerts(site, with.get("concerts")))?;
    let requests = paths.iter().map(|path| get(path, &site.host(), As::Nobody)).collect();
    let looks = Looks { requests, wanted: b"\"data\":[{".to_vec() };
    let work = Work::Requests(Arc::new(looks));
    let act = looked_at("lists", work, with.count("users"), with.seconds("seconds"));
    Ok(Set { acts: vec![act], scope: Scope::default() })
}

/// A day of 2097, as a date says it.
fn day_of(number: u64) -> String {
    format!("2097-{:02}-{:02}", 1 + number / 28 % 12, 1 + number % 28)
}

/// On which of the days a concert is.
fn day_number(number: u64) -> u64 {
    number % DAYS
}

/// Of which category it is. Those beside each other are of different ones, so that a few fill all of them, and in
/// the long run each has as many on every day.
fn category_of(number: u64) -> u64 {
    (number + number / DAYS) % CATEGORIES
}

/// From which day on a category is looked at, another for each, and none behind the last that it has a concert on.
fn first_day_of(category: u64, count: u64) -> u64 {
    let last = (0..count.min(DAYS)).rev().find(|number| category_of(*number) == category);
    (category * 7).min(last.unwrap_or(0))
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
    let day = day_of(day_number(number));
    json!({
        "name": format!("{name} {number}"),
        "category": format!("c{}", category_of(number)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_of_a_category_has_a_concert_however_few_there_are() {
        for count in [1, 7, 20, 21, 139, 200, 301, 2_000, 6_000, 12_345] {
            for category in 0..CATEGORIES.min(count) {
                let from = first_day_of(category, count);
                let is_on_it =
                    |number: u64| category_of(number) == category && day_number(number) >= from;
                assert!((0..count).any(is_on_it), "{category} from {from} of {count}");
            }
        }
    }

    #[test]
    fn categories_are_spread_over_the_days_and_looked_at_from_days_apart() {
        let all = DAYS * CATEGORIES;
        let places: std::collections::BTreeSet<_> =
            (0..all).map(|number| (category_of(number), day_number(number))).collect();
        assert_eq!(u64::try_from(places.len()).unwrap(), all, "one on each day in each");
        let quick: Vec<u64> = (0..CATEGORIES).map(|at| first_day_of(at, 2_000)).collect();
        let wanted: Vec<u64> = (0..CATEGORIES).map(|at| at * 7).collect();
        assert_eq!(quick, wanted);
    }

    #[test]
    fn an_answer_without_what_was_looked_for_is_wrong_and_no_read_may_be() {
        let looks = Looks { requests: vec![Vec::new()], wanted: b"\"data\":[{".to_vec() };
        let hear = |body: &[u8]| looks.hear(0, &Answer { status: 200, body, length: body.len() });
        assert_eq!(hear(br#"{"data":[]}"#), Outcome::Wrong);
        assert!(hear(br#"{"data":[{"id":1}]}"#).is_done());
        let act = looked_at("lists", Work::Requests(Arc::new(looks)), 1, Duration::from_secs(1));
        assert_eq!(act.goals, [Goal { figure: Figure::Failed, bound: 0.0 }]);
    }
}
