//! `holds`: durable holds of fresh seats, one seat and one idempotency key each.

use super::stage::{House, Scenario, Stage};
use crate::Trouble;
use crate::audit::Audited;
use crate::audit::holds::{Held, Wish, audit};
use crate::client::{Answer, text_field};
use crate::history::{History, Outcome};
use crate::programme::{Hall, halls};
use crate::requests::{finish, number_of, post_heads};
use crate::target::{Account, As};
use crate::workload::{Workload, refused};
use admitone_domain::id::SeatId;
use serde_json::Value;
use std::io::Write;
use std::sync::Arc;

/// Seats of one show.
const HALL: u32 = 50_000;
/// Seats of one row.
const ROW: u32 = 50;
/// Seats are asked for in this stride, so that neighbours are not asked for one after the other.
/// A prime that divides no hall of whole rows, so that each is asked for once.
const STRIDE: u64 = 7_919;

pub(super) struct Holds;

impl Scenario for Holds {
    fn about(&self) -> &'static str {
        "durable holds of fresh seats, one seat and another idempotency key each, against a POST \
         that parses the same body and does nothing"
    }

    fn stage(&self, house: &House<'_>, requests_max: u64) -> Result<Box<dyn Stage>, Trouble> {
        Ok(Box::new(set(house, requests_max)?))
    }
}

/// A stage of fresh seats and fresh accounts.
pub(super) fn set(house: &House<'_>, requests_max: u64) -> Result<HoldStage, Trouble> {
    house.wait(async {
        // Whole rows: then the stride has no factor in common with it.
        let hall =
            u32::try_from(requests_max).unwrap_or(HALL).clamp(ROW, HALL).next_multiple_of(ROW);
        let shows = usize::try_from(requests_max.div_ceil(u64::from(hall))).unwrap_or(1).max(1);
        let stock = Arc::new(Stock {
            accounts: house.accounts(house.settings.connections.max(1)).await?,
            halls: halls(house, shows, hall).await?,
        });
        let host = house.target.address.to_string();
        Ok(HoldStage { host, stock })
    })
}

/// What a load asks for, by number.
struct Stock {
    accounts: Vec<Account>,
    halls: Vec<Hall>,
}

impl Stock {
    fn len(&self) -> u64 {
        self.halls.iter().map(|hall| hall.count).sum()
    }

    fn account(&self, number: u64) -> usize {
        let accounts = u64::try_from(self.accounts.len()).unwrap_or(1);
        usize::try_from(number % accounts).unwrap_or(0)
    }

    fn hall(&self, number: u64) -> (Hall, SeatId) {
        // All halls have the same size.
        let count = self.halls[0].count;
        let at = usize::try_from(number / count).unwrap_or(0) % self.halls.len();
        let hall = self.halls[at];
        (hall, SeatId(hall.first_seat.0 + number % count * STRIDE % count))
    }

    fn wish(&self, number: u64) -> Wish {
        let (hall, seat) = self.hall(number);
        Wish { buyer: self.accounts[self.account(number)].buyer, show: hall.show, seat }
    }
}

pub(super) struct HoldStage {
    host: String,
    stock: Arc<Stock>,
}

impl HoldStage {
    fn requests(&self, path: &str, kind: Kind) -> Arc<dyn Workload> {
        let tokens = self.stock.accounts.iter().map(|account| account.token.as_str());
        let heads = post_heads(path, &self.host, tokens);
        Arc::new(Requests { heads, stock: Arc::clone(&self.stock), kind })
    }
}

/// The no-op route with the body of a hold, for any scenario that posts.
pub(super) fn noop(
    house: &House<'_>,
    accounts: Vec<Account>,
    halls: Vec<Hall>,
) -> Arc<dyn Workload> {
    let stock = Arc::new(Stock { accounts, halls });
    HoldStage { host: house.target.address.to_string(), stock }.noop()
}

impl Stage for HoldStage {
    fn workload(&self) -> Arc<dyn Workload> {
        self.requests("/api/v1/reservations", Kind::Hold)
    }

    fn noop(&self) -> Arc<dyn Workload> {
        self.requests("/bench/noop", Kind::Noop)
    }

    fn audit(&self, house: &House<'_>, history: &History) -> Result<Audited, Trouble> {
        house.wait(async {
            let mut visit = house.visit().await?;
            let (mut found, mut unreadable) = (Vec::new(), 0_u32);
            for account in &self.stock.accounts {
                let path = "/api/v1/reservations";
                let read = |value: &Value| match held(value) {
                    Some(held) => found.push(held),
                    None => unreadable += 1,
                };
                visit.list(As::Bearer(&account.token), path, read).await?;
            }
            if unreadable > 0 {
                let why = format!("{unreadable} reservations cannot be read");
                return Err(Trouble::Impossible(why));
            }
            let mut taken = 0;
            for hall in &self.stock.halls {
                let path = format!("/api/v1/shows/{}/seats", hall.show);
                let seats = visit.get(As::Nobody, &path).await?;
                let seats = seats["seats"].as_array().map(Vec::as_slice).unwrap_or_default();
                let is_taken = |seat: &&Value| seat["state"] != "available";
                taken += u64::try_from(seats.iter().filter(is_taken).count()).unwrap_or(0);
            }
            Ok(audit(history, |number| self.stock.wish(number), &found, taken))
        })
    }
}

fn held(value: &Value) -> Option<Held> {
    let seat = |item: &Value| item["seat"].as_str()?.parse().ok();
    let items = value["items"].as_array()?;
    Some(Held {
        id: value["id"].as_str()?.parse().ok()?,
        buyer: value["buyer"].as_str()?.parse().ok()?,
        show: value["show"].as_str()?.parse().ok()?,
        seats: items.iter().map(seat).collect::<Option<_>>()?,
        is_live: matches!(value["state"].as_str()?, "held" | "confirming" | "sold"),
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Hold,
    Noop,
}

struct Requests {
    heads: Vec<Vec<u8>>,
    stock: Arc<Stock>,
    kind: Kind,
}

impl Workload for Requests {
    fn stock(&self) -> u64 {
        match self.kind {
            Kind::Hold => self.stock.len(),
            Kind::Noop => u64::MAX,
        }
    }

    fn ask(&self, number: u64, out: &mut Vec<u8>) {
        let (hall, seat) = self.stock.hall(number);
        let mut body = [0; 80];
        let mut rest = &mut body[..];
        // Two ids of at most 20 digits each have room.
        let _ = write!(rest, "{{\"show\":\"{}\",\"seats\":[\"{seat}\"]}}", hall.show);
        let left = rest.len();
        out.extend_from_slice(&self.heads[self.stock.account(number)]);
        finish(out, number, &body[..body.len() - left]);
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> Outcome {
        if answer.status != 201 {
            return refused(answer);
        }
        match self.kind {
            Kind::Noop => Outcome::Done { named: 0, value: 0 },
            Kind::Hold => text_field(answer.body, "\"id\":\"")
                .and_then(number_of)
                .map_or(Outcome::Wrong, |named| Outcome::Done { named, value: 0 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_domain::id::{BuyerId, ShowId};
    use std::collections::HashSet;

    #[test]
    fn every_seat_is_asked_for_once() {
        for count in [100, 37_500, 50_000] {
            let hall =
                |show: u64| Hall { show: ShowId(show), first_seat: SeatId(show * count), count };
            let account = Account { buyer: BuyerId(1), token: String::new() };
            let stock = Stock { accounts: vec![account], halls: vec![hall(1), hall(2)] };
            let seats: HashSet<SeatId> = (0..stock.len()).map(|n| stock.wish(n).seat).collect();
            assert_eq!(u64::try_from(seats.len()).unwrap(), 2 * count);
            assert!(seats.contains(&SeatId(count)) && seats.contains(&SeatId(3 * count - 1)));
        }
    }

    #[test]
    fn the_longest_ids_fit_into_a_body() {
        let hall = Hall { show: ShowId(u64::MAX), first_seat: SeatId(u64::MAX - 99), count: 100 };
        let account = Account { buyer: BuyerId(1), token: "t".to_owned() };
        let stock = Arc::new(Stock { accounts: vec![account], halls: vec![hall] });
        let stage = HoldStage { host: "h".to_owned(), stock };
        let mut out = Vec::new();
        stage.workload().ask(0, &mut out);
        assert!(out.ends_with(b"\"]}"), "{}", String::from_utf8_lossy(&out));
    }
}
