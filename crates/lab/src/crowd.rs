//! A crowd for a demonstration: people who wait, look, hold, pay or give up, and leave.

use crate::Trouble;
use crate::chance::Chance;
use crate::target::{Account, As, Visit, text};
use crate::time::pause;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// So many requests of the crowd are under way at once.
const DOORS: usize = 32;
/// The largest answer that somebody of the crowd reads.
const KEEP: usize = 512 * 1024;
/// People come so fast: more of them in a second than the demo lets in, so that there is a line.
const COME_EVERY: Duration = Duration::from_millis(20);
/// Of a hundred who hold something, so many pay.
const PAY_PERCENT: u64 = 40;
/// Nobody asks again sooner, whatever the house says.
const POLL_MIN_MS: u64 = 100;
/// After a trouble.
const CALM: Duration = Duration::from_secs(1);

/// Sends so many people to a house, again and again, until the future is dropped.
pub async fn run(address: SocketAddr, people: usize, seed: u64) {
    let house = Arc::new(Doors::new(address));
    let programme = Arc::new(programme(&house).await);
    let mut crowd = JoinSet::new();
    for (number, seed) in (0..people).zip((0..).map(|add| seed.wrapping_add(add))) {
        let (house, programme) = (Arc::clone(&house), Arc::clone(&programme));
        crowd.spawn(async move {
            let mut person = Person { house, programme, chance: Chance::new(seed), number };
            person.live().await;
        });
        pause(COME_EVERY).await;
    }
    while crowd.join_next().await.is_some() {}
}

/// A show behind a waiting room.
#[derive(Debug, Clone)]
struct Gated {
    room: String,
    show: String,
}

/// Looks for shows behind waiting rooms until there are some.
async fn programme(house: &Doors) -> Vec<Gated> {
    loop {
        match shows(house).await {
            Ok(shows) if !shows.is_empty() => return shows,
            _ => pause(CALM).await,
        }
    }
}

async fn shows(house: &Doors) -> Result<Vec<Gated>, Trouble> {
    let mut found = Vec::new();
    let concerts = house.ask("GET /api/v1/concerts", As::Nobody, None, None).await?;
    for concert in items(&concerts) {
        let path = format!("GET /api/v1/concerts/{}/shows", text(concert, "id")?);
        let listed = house.ask(&path, As::Nobody, None, None).await?;
        for show in items(&listed) {
            let Some(room) = show["room"].as_str() else { continue };
            found.push(Gated { room: room.to_owned(), show: text(show, "id")? });
        }
    }
    Ok(found)
}

fn items(list: &Value) -> &[Value] {
    list["data"].as_array().or(list.as_array()).map(Vec::as_slice).unwrap_or_default()
}

struct Person {
    house: Arc<Doors>,
    programme: Arc<Vec<Gated>>,
    chance: Chance,
    number: usize,
}

impl Person {
    /// Comes, goes, and comes again as somebody else.
    async fn live(&mut self) {
        loop {
            // Whoever is refused or finds nobody goes home like everybody else.
            let rest = if self.come().await.is_ok() { Duration::ZERO } else { CALM };
            pause(rest + self.moment(1_000, 4_000)).await;
        }
    }

    async fn come(&mut self) -> Result<(), Trouble> {
        let name = json!({ "name": format!("visitor {}", self.number) });
        let opened = self.house.ask("POST /api/v1/users", As::Nobody, None, Some(&name)).await?;
        let account = Account::read(&opened)?;
        let at = self.chance.below(u64::try_from(self.programme.len()).unwrap_or(1));
        let wanted = self.programme[usize::try_from(at).unwrap_or(0)].clone();
        let place = self.wait(&account, &wanted.room).await?;
        let visitor = As::Visitor { token: &account.token, place: &place };
        let bought = self.buy(visitor, &wanted).await;
        // A payment has ended the place already; leaving twice is no trouble.
        let path = format!("DELETE /api/v1/rooms/{}/place", wanted.room);
        drop(self.house.ask(&path, visitor, None, None).await);
        bought
    }

    /// Joins the line and asks as often as it is told to, until inside; the token of the pass.
    async fn wait(&mut self, account: &Account, room: &str) -> Result<String, Trouble> {
        let path = format!("POST /api/v1/rooms/{room}/places");
        let who = As::Bearer(&account.token);
        let mut place = self.house.ask(&path, who, None, None).await?;
        loop {
            let token = text(&place, "token")?;
            if place["status"] == "active" {
                return Ok(token);
            }
            let until = place["next_poll_ms"].as_u64().unwrap_or(0).max(POLL_MIN_MS);
            pause(Duration::from_millis(until)).await;
            let who = As::Visitor { token: &account.token, place: &token };
            let path = format!("GET /api/v1/rooms/{room}/place");
            place = self.house.ask(&path, who, None, None).await?;
        }
    }

    /// Looks, thinks, holds, thinks again, and pays or lets go.
    async fn buy(&mut self, visitor: As<'_>, wanted: &Gated) -> Result<(), Trouble> {
        let wish = self.wish(visitor, wanted).await?;
        pause(self.moment(500, 3_000)).await;
        let house = Arc::clone(&self.house);
        let ask = async |path: &str, key: &str, body: Option<&Value>| {
            house.ask(&format!("POST /api/v1/{path}"), visitor, Some(key), body).await
        };
        let held = ask("reservations", "hold", Some(&wish)).await?;
        let (id, total) = (text(&held, "id")?, held["total"].as_i64().unwrap_or(0));
        pause(self.moment(500, 5_000)).await;
        if self.chance.below(100) >= PAY_PERCENT {
            return ask(&format!("reservations/{id}/actions/release"), "release", None)
                .await
                .map(|_| ());
        }
        if total > 0 {
            ask("wallet/charges", "charge", Some(&json!({ "amount": total }))).await?;
        }
        ask("payments", "pay", Some(&json!({ "reservation": id }))).await.map(|_| ())
    }

    /// Looks at the show and wishes for one or two of what it has: seats that are together, or
    /// tickets of a type.
    async fn wish(&mut self, visitor: As<'_>, wanted: &Gated) -> Result<Value, Trouble> {
        let show = &wanted.show;
        let quantity = 1 + self.chance.below(2);
        let path = format!("GET /api/v1/shows/{show}/ticket-types");
        let types = self.house.ask(&path, visitor, None, None).await?;
        let free = items(&types).iter().find(|kind| kind["left"].as_u64() >= Some(quantity));
        let path = format!("GET /api/v1/shows/{show}/seats");
        let seats = self.house.ask(&path, visitor, None, None).await?;
        let is_free = |seat: &Value| seat["state"] == "available";
        let has_seats = seats["seats"].as_array().is_some_and(|seats| seats.iter().any(is_free));
        Ok(match free {
            Some(kind) if !has_seats || self.chance.below(2) == 0 => {
                let tickets = json!([{ "ticket_type": kind["id"], "quantity": quantity }]);
                json!({ "show": show, "tickets": tickets })
            }
            _ => json!({ "show": show, "best_available": { "quantity": quantity } }),
        })
    }

    /// Some time between two spans.
    fn moment(&mut self, from_ms: u64, to_ms: u64) -> Duration {
        Duration::from_millis(from_ms + self.chance.below(to_ms - from_ms))
    }
}

/// The connections of the crowd: a few, which everybody shares.
struct Doors {
    address: SocketAddr,
    free: Semaphore,
    open: Mutex<Vec<Visit>>,
}

impl Doors {
    fn new(address: SocketAddr) -> Self {
        Self { address, free: Semaphore::new(DOORS), open: Mutex::default() }
    }

    async fn ask(
        &self,
        request: &str,
        who: As<'_>,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Value, Trouble> {
        let closed = |_| Trouble::Interrupted;
        let _slot = self.free.acquire().await.map_err(closed)?;
        let idle = self.open.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut visit = match idle {
            Some(visit) => visit,
            None => Visit::begin_keeping(self.address, KEEP).await?,
        };
        let answer = visit.ask(request, who, key, body).await;
        // After a broken connection the next one opens another.
        if !matches!(answer, Err(Trouble::System { .. })) {
            self.open.lock().unwrap_or_else(PoisonError::into_inner).push(visit);
        }
        answer
    }
}
