//! `polls`: users far back in the line ask how far they are.

use super::stage::{House, Scenario, Stage};
use crate::Trouble;
use crate::audit::Audited;
use crate::client::{Answer, text_field};
use crate::history::{History, Outcome};
use crate::programme::room;
use crate::reads::{Same, audit};
use crate::requests::get;
use crate::site::all;
use crate::target::{Account, As, Visit, text};
use crate::workload::{Workload, refused};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Users before those who ask, when the line is new.
pub(super) const BEFORE: usize = 200;
/// More of them for each second: the line moves, though slowly, and who asks must stay far back.
const BEFORE_PER_SECOND: f64 = 4.0;
/// Users who ask in turn.
const ASKING: usize = 500;
/// Users who join over one connection.
const EACH: usize = 20;

pub(super) struct Polls;

impl Scenario for Polls {
    fn about(&self) -> &'static str {
        "polls by users far back in the line of a waiting room, against a GET that answers sixty \
         bytes from memory"
    }

    fn stage(&self, house: &House<'_>, _requests_max: u64) -> Result<Box<dyn Stage>, Trouble> {
        house.wait(async {
            let room = room(house).await?;
            let path = format!("/api/v1/rooms/{room}/place");
            let host = house.target.address.to_string();
            let seconds = house.settings.seconds + house.settings.warm_up_seconds;
            let more = Duration::from_secs_f64(seconds * BEFORE_PER_SECOND).as_secs();
            let before = BEFORE + usize::try_from(more).unwrap_or(0);
            let mut places = join(house, &room, before + ASKING).await?;
            places.sort_by_key(|place| place.number);
            let polls = places.drain(before..).map(|place| {
                let who = As::Visitor { token: &place.account.token, place: &place.token };
                [get(&path, &host, who), get("/bench/noop", &host, who)]
            });
            let (polls, mut noops): (Vec<_>, Vec<_>) = polls.map(<(_, _)>::from).unzip();
            let mut visit = house.visit().await?;
            let answer = visit.exchange("GET /bench/noop", As::Nobody, None, None).await?;
            let (length, begins) = (answer.length, answer.body.to_vec());
            let noop = Same { request: noops.pop().unwrap_or_default(), length, begins };
            let line = Line { polls, noop: Arc::new(noop) };
            Ok(Box::new(line) as Box<dyn Stage>)
        })
    }
}

/// A place in the line.
pub(super) struct Place {
    account: Account,
    pub(super) number: u64,
    pub(super) token: String,
}

/// Lets buyers join the line, several at a time, in no order.
pub(super) async fn join(
    house: &House<'_>,
    room: &str,
    count: usize,
) -> Result<Vec<Place>, Trouble> {
    let mut accounts = house.accounts(count).await?;
    let mut joining = JoinSet::new();
    while !accounts.is_empty() {
        let some = accounts.split_off(accounts.len().saturating_sub(EACH));
        let (address, path) = (house.target.address, format!("/api/v1/rooms/{room}/places"));
        joining.spawn(async move {
            let mut visit = Visit::begin(address).await?;
            let mut places = Vec::new();
            for account in some {
                let who = As::Bearer(&account.token);
                let joined = visit.post(who, &path, None, None).await?;
                let number = joined["place"].as_u64().unwrap_or(0);
                places.push(Place { number, token: text(&joined, "token")?, account });
            }
            Ok(places)
        });
    }
    all(joining).await
}

struct Line {
    polls: Vec<Vec<u8>>,
    noop: Arc<dyn Workload>,
}

impl Stage for Line {
    fn workload(&self) -> Arc<dyn Workload> {
        Arc::new(Asking { polls: self.polls.clone() })
    }

    fn noop(&self) -> Arc<dyn Workload> {
        Arc::clone(&self.noop)
    }

    fn audit(&self, _house: &House<'_>, history: &History) -> Result<Audited, Trouble> {
        Ok(audit(history))
    }
}

struct Asking {
    polls: Vec<Vec<u8>>,
}

impl Asking {
    fn at(&self, number: u64) -> usize {
        usize::try_from(number).unwrap_or(0) % self.polls.len()
    }
}

impl Workload for Asking {
    fn ask(&self, number: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.polls[self.at(number)]);
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> Outcome {
        if answer.status != 200 {
            return refused(answer);
        }
        match text_field(answer.body, "\"status\":\"") {
            Some("waiting") => Outcome::Done { named: 0, value: 0 },
            _ => Outcome::Wrong,
        }
    }
}
