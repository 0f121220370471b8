//! A waiting room before two instances, in Redis or in the store: one line and one order,
//! whichever instance is asked; one of them killed, the other goes on at once; Redis killed and
//! empty, nobody loses the place.

use crate::buyer::text;
use crate::process::{Answer, House, admitone, serve};
use crate::redis::{Redis, shared};
use crate::shared_store::Server;
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const GUESTS: u64 = 12;
const INSIDE_MAX: usize = 2;
const PATIENCE: Duration = Duration::from_mins(1);

/// Somebody who stands in the line and buys one seat.
pub(crate) struct Guest {
    pub(crate) token: String,
    pub(crate) pass: String,
    pub(crate) place: u64,
}

impl Guest {
    pub(crate) fn joins(house: &House) -> Self {
        let json = [("content-type", "application/json")];
        let opened = house.connect().send("POST /api/v1/users", &json, r#"{"name":"g"}"#).json();
        let token = format!("Bearer {}", text(&opened, "token"));
        let mut guest = Self { token, pass: String::new(), place: 0 };
        let given = guest.send(house, "POST /api/v1/rooms/room_1/places", "join", "");
        assert_eq!(given.status, 201, "{}", given.body);
        let given = given.json();
        (guest.pass, guest.place) = (text(&given, "token"), given["place"].as_u64().unwrap());
        guest
    }

    /// Sends until there is somebody who can answer.
    fn send(&self, house: &House, request: &str, key: &str, body: &str) -> Answer {
        let headers = [
            ("authorization", self.token.as_str()),
            ("queue-token", self.pass.as_str()),
            ("idempotency-key", key),
            ("content-type", "application/json"),
        ];
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            // An error: whoever was asked died meanwhile.
            match house.connect().try_send(request, &headers, body) {
                Ok(answer) if answer.status != 503 => return answer,
                _ => std::thread::sleep(Duration::from_millis(100)),
            }
        }
        panic!("nobody answered {request}");
    }

    /// Joins once more, as one who has lost the token.
    fn joins_again(&self, house: &House, key: &str) {
        let given = self.send(house, "POST /api/v1/rooms/room_1/places", key, "");
        assert!([200, 201].contains(&given.status), "{}", given.body);
        assert_eq!(given.json()["place"].as_u64(), Some(self.place), "the same place");
    }

    pub(crate) fn is_inside(&self, house: &House) -> bool {
        let answer = self.send(house, "GET /api/v1/rooms/room_1/place", "", "");
        assert_eq!(answer.status, 200, "{}: {}", self.place, answer.body);
        let place = answer.json();
        assert_eq!(place["place"].as_u64(), Some(self.place), "the token leads to its place");
        place["status"] == "active"
    }

    pub(crate) fn charges(&self, house: &House) {
        let charged = self.send(house, "POST /api/v1/wallet/charges", "c", r#"{"amount":10}"#);
        assert_eq!(charged.status, 201, "{}", charged.body);
    }

    pub(crate) fn tries_to_hold(&self, house: &House) -> Answer {
        let wish = json!({ "show": "show_1", "seats": [format!("seat_{}", self.place)] });
        self.send(house, "POST /api/v1/reservations", "h", &wish.to_string())
    }

    /// Holds at one instance and pays at another. Somebody who was called a moment ago may not be
    /// known to be inside there: then it is tried again.
    fn buys(&self, there: &House, here: &House) {
        let begun = Instant::now();
        let held = loop {
            let held = self.tries_to_hold(there);
            if held.status == 201 || begun.elapsed() > PATIENCE {
                break held;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        assert_eq!(held.status, 201, "{}: {}", self.place, held.body);
        let pay = json!({ "reservation": text(&held.json(), "id") }).to_string();
        let paid = self.send(here, "POST /api/v1/payments", "p", &pay);
        assert_eq!(paid.status, 201, "{}: {}", self.place, paid.body);
    }
}

/// Lets those in the line come through until `rest` are left, and looks that the limit holds and
/// that nobody is overtaken.
pub(crate) fn come_through(line: &mut Vec<Guest>, houses: &[&House], rest: usize) {
    let begun = Instant::now();
    let mut turn = 0;
    while line.len() > rest {
        assert!(begun.elapsed() < PATIENCE, "{} never came through", line.len() - rest);
        turn += 1;
        let (here, there) = (houses[turn % houses.len()], houses[(turn + 1) % houses.len()]);
        // The last first: whoever is asked later can only have come further meanwhile.
        let inside: Vec<bool> = line.iter().rev().map(|guest| guest.is_inside(here)).collect();
        let inside: Vec<bool> = inside.into_iter().rev().collect();
        let count = inside.iter().filter(|is_in| **is_in).count();
        assert!(count <= INSIDE_MAX, "more than {INSIDE_MAX} are inside: {inside:?}");
        assert!(!inside[count..].contains(&true), "somebody was overtaken: {inside:?}");
        let Some(next) = inside.iter().position(|is_in| *is_in) else {
            std::thread::sleep(Duration::from_millis(50));
            continue;
        };
        let guest = line.remove(next);
        guest.buys(there, here);
        let again = guest.tries_to_hold(there);
        assert!(again.status == 201 && again.has_header("idempotent-replayed: true"));
    }
}

pub(crate) fn import(directory: &Path, store: &str) {
    let programme = directory.join("programme.json");
    let document = json!({
        "rooms": [{ "name": "Door", "settings": {
            "active_max": INSIDE_MAX, "rate": null, "presence": false, "claim_ms": 600_000,
        }}],
        "concerts": [{ "name": "Door", "category": "rock", "shows": [{
            "room": "Door",
            "opens_at": "2099-01-01T19:00:00Z", "closes_at": "2099-01-01T22:00:00Z",
            "booking_opens_at": "2020-01-01T00:00:00Z", "booking_closes_at": "2099-01-01T00:00:00Z",
            "seats": [{ "section": "A", "row": "1", "numbers": [1, GUESTS], "price": 10 }],
        }]}],
    });
    std::fs::write(&programme, document.to_string()).unwrap();
    let (code, said) =
        admitone(&["import", programme.to_str().unwrap(), "--store", store], directory);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn two_instances_on_postgres_have_one_line_though_one_is_killed() {
    one_line(Server::Postgres, Rooms::InStore);
}

#[test]
fn two_instances_on_mariadb_have_one_line_though_one_is_killed() {
    one_line(Server::Mariadb, Rooms::InStore);
}

#[test]
fn two_instances_on_postgres_and_redis_have_one_line_though_one_is_killed() {
    one_line(Server::Postgres, Rooms::InRedis);
}

#[test]
fn two_instances_on_mariadb_and_redis_have_one_line_though_one_is_killed() {
    one_line(Server::Mariadb, Rooms::InRedis);
}

/// Where the rooms are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rooms {
    InStore,
    InRedis,
}

fn one_line(server: Server, rooms: Rooms) {
    let (Some(store), Some(redis)) = (server.fresh(), shared()) else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store);
    let (plain, with_redis) = (["--store", &store], ["--store", &store, "--redis", &redis]);
    let (flags, others, named): (&[&str], &[&str], _) = match rooms {
        Rooms::InStore => (&plain, &with_redis, "waiting rooms in the store"),
        Rooms::InRedis => (&with_redis, &plain, "waiting rooms in Redis"),
    };
    let first = House::start(directory.path(), flags);
    let second = House::start(directory.path(), flags);
    let refused = serve(directory.path(), others).stderr(Stdio::piped()).spawn();
    let houses = [&first, &second];
    let mut line: Vec<Guest> =
        (0..GUESTS).map(|number| Guest::joins(houses[usize::from(number % 3 == 0)])).collect();
    let places: Vec<u64> = line.iter().map(|guest| guest.place).collect();
    let expected: Vec<u64> = (1..=GUESTS).collect();
    assert_eq!(places, expected, "one line, in the order of coming");
    for guest in &line {
        guest.charges(&second);
    }
    assert_eq!(line[5].tries_to_hold(&first).status, 403, "whoever waits holds nothing");
    come_through(&mut line, &houses, 7);
    first.kill();
    come_through(&mut line, &[&second], 0);
    // Who would have a room of its own is refused: a line would be two.
    let output = refused.unwrap().wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains(named), "{said}");
    assert!(second.stop());
    let (code, said) = admitone(&["verify", "--store", &store], directory.path());
    assert_eq!(code, 0, "{said}");
}

#[test]
fn nobody_loses_the_place_when_redis_forgets_everything() {
    let (Some(store), Some(mut redis)) = (Server::Postgres.fresh(), Redis::start()) else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store);
    let address = redis.address();
    let flags = ["--store", &store, "--redis", &address];
    let first = House::start(directory.path(), &flags);
    let second = House::start(directory.path(), &flags);
    let houses = [&first, &second];
    let mut line: Vec<Guest> =
        (0..GUESTS).map(|number| Guest::joins(houses[usize::from(number % 2 == 0)])).collect();
    for guest in &line {
        guest.charges(&second);
    }
    come_through(&mut line, &houses, 9);
    redis.kill();
    let open = line[0].send(&first, "GET /api/v1/concerts", "", "");
    assert_eq!(open.status, 200, "the house goes on");
    redis.restart();
    for (guest, house) in line.iter().zip([&first, &second].into_iter().cycle()) {
        guest.joins_again(house, "again");
    }
    come_through(&mut line, &houses, 0);
    assert!(first.stop() && second.stop());
}

/// Without Redis: an instance that is paused, perhaps in the middle of something, holds up nobody,
/// and when it wakes up it has the same line.
#[test]
fn an_instance_that_is_paused_holds_up_nobody_in_the_line() {
    for server in [Server::Postgres, Server::Mariadb] {
        let Some(store) = server.fresh() else { return };
        let directory = tempfile::tempdir().unwrap();
        import(directory.path(), &store);
        let flags = ["--store", store.as_str()];
        let first = House::start(directory.path(), &flags);
        let second = House::start(directory.path(), &flags);
        let signal = |name: &str| {
            let pid = first.pid().to_string();
            assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
        };
        let houses = [&first, &second];
        let mut line: Vec<Guest> =
            (0..6).map(|number| Guest::joins(houses[usize::from(number % 2 == 0)])).collect();
        for guest in &line {
            guest.charges(&second);
        }
        assert!(line[0].is_inside(&first), "whoever is inside there");
        signal("-STOP");
        let begun = Instant::now();
        assert!(line[0].is_inside(&second), "is inside here");
        come_through(&mut line, &[&second], 2);
        line.push(Guest::joins(&second));
        println!("four came through beside a paused instance in {:.1?}", begun.elapsed());
        signal("-CONT");
        let places: Vec<u64> = line.iter().map(|guest| guest.place).collect();
        assert_eq!(places, [5, 6, 7]);
        line.push(Guest::joins(&first));
        assert_eq!(line[3].place, 8, "one line, and it knows where it is");
        for newcomer in &line[2..] {
            newcomer.charges(&second);
        }
        come_through(&mut line, &[&first], 0);
        assert!(first.stop() && second.stop());
    }
}
