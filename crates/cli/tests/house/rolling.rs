//! A rolling restart under load: two instances on one store are asked to end and started again in
//! turn while buyers go on buying at both. Every request is answered, or refused with a time to come
//! back; and whoever repeats it under the same key gets the one answer.
//!
//! Nobody is told that an instance ends: buyers ask it directly, and its address stays until another
//! has taken its place. While it ends, somebody who was accepted before has not finished his request,
//! so that there is time to be refused.

use crate::process::{Answer, Connection, House, admitone};
use crate::redis::shared;
use crate::shared_store::Server;
use crate::shopper::{import_behind, until};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

const SEATS: usize = 3_000;
const BUYERS: usize = 12;
/// Between two restarts, so that there is load on both.
const BETWEEN: Duration = Duration::from_millis(700);
/// Nobody waits for longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// So many have to be refused at each restart.
const REFUSED: usize = 3;

/// Where the instances are, or were a moment ago, and what became of the requests.
#[derive(Default)]
struct Front {
    addresses: Mutex<Vec<String>>,
    /// Buyers go through this room first.
    room: Option<&'static str>,
    is_over: AtomicBool,
    answered: AtomicUsize,
    come_back: Mutex<BTreeMap<String, usize>>,
    unconnected: AtomicUsize,
    closed: AtomicUsize,
    longest: Mutex<Duration>,
}

impl Front {
    fn addresses(&self) -> MutexGuard<'_, Vec<String>> {
        self.addresses.lock().unwrap()
    }

    fn refused(&self, code: &str) -> usize {
        self.come_back.lock().unwrap().get(code).copied().unwrap_or(0)
    }
}

/// A request that was accepted and is not finished.
struct Unfinished(BufReader<TcpStream>);

impl Unfinished {
    const BODY: [&str; 2] = ["{\"name\":", "\"late\"}"];

    fn begin(house: &House) -> Self {
        let mut stream = TcpStream::connect(&house.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = Self::BODY.concat().len();
        write!(
            stream,
            "POST /api/v1/users HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nexpect: 100-continue\r\nidempotency-key: late\r\n\r\n"
        )
        .unwrap();
        let mut reader = BufReader::new(stream);
        // The body is asked for: it is being answered.
        assert!(line(&mut reader).contains("100"));
        assert_eq!(line(&mut reader).trim(), "");
        reader.get_mut().write_all(Self::BODY[0].as_bytes()).unwrap();
        Self(reader)
    }

    /// Says the rest; the line with the status.
    fn finish(mut self) -> String {
        self.0.get_mut().write_all(Self::BODY[1].as_bytes()).unwrap();
        line(&mut self.0)
    }
}

fn line(reader: &mut impl BufRead) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    line
}

/// Asks one instance after the other, under one key, until it is answered.
struct Caller<'a> {
    front: &'a Front,
    /// Which instance it asks; the next one when that is gone.
    counter: usize,
    connection: Option<Connection>,
    bearer: String,
    pass: String,
    keys: usize,
}

impl<'a> Caller<'a> {
    fn new(front: &'a Front, counter: usize) -> Self {
        let (bearer, pass) = (String::new(), String::new());
        let mut caller = Self { front, counter, connection: None, bearer, pass, keys: 0 };
        let opened = caller.ask("POST /api/v1/users", r#"{"name":"r"}"#, "opened");
        assert_eq!(opened.status, 201, "{}", opened.body);
        caller.bearer = format!("Bearer {}", opened.json()["token"].as_str().unwrap());
        caller
    }

    /// Asks, and asks the other instance for the same again: there is one answer.
    fn once(&mut self, request: &str, body: &str) -> Answer {
        self.keys += 1;
        let key = format!("key-{}", self.keys);
        let first = self.ask(request, body, &key);
        self.elsewhere();
        let again = self.ask(request, body, &key);
        assert_eq!(
            (first.status, &first.body),
            (again.status, &again.body),
            "one answer to {request} {body}"
        );
        first
    }

    fn ask(&mut self, request: &str, body: &str, key: &str) -> Answer {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let Some(answer) = self.attempt(request, body, key) else { continue };
            let mut longest = self.front.longest.lock().unwrap();
            *longest = begun.elapsed().max(*longest);
            self.front.answered.fetch_add(1, Ordering::SeqCst);
            return answer;
        }
        panic!("nobody answered {request} for {PATIENCE:?}");
    }

    fn attempt(&mut self, request: &str, body: &str, key: &str) -> Option<Answer> {
        let address = {
            let addresses = self.front.addresses();
            addresses[self.counter % addresses.len()].clone()
        };
        let kept = self.connection.take().filter(|connection| connection.is_to(&address));
        let Some(mut connection) = kept.or_else(|| Connection::try_to(&address).ok()) else {
            self.front.unconnected.fetch_add(1, Ordering::SeqCst);
            self.elsewhere();
            std::thread::sleep(Duration::from_millis(5));
            return None;
        };
        let mut headers = vec![("idempotency-key", key), ("content-type", "application/json")];
        if !self.bearer.is_empty() {
            headers.push(("authorization", self.bearer.as_str()));
        }
        if !self.pass.is_empty() {
            headers.push(("queue-token", self.pass.as_str()));
        }
        let Ok(answer) = connection.try_send(request, &headers, body) else {
            self.front.closed.fetch_add(1, Ordering::SeqCst);
            self.elsewhere();
            return None;
        };
        if answer.status == 403 && answer.body.contains("\"ADMISSION_") {
            // Called a moment ago by the other instance: it is known here soon.
            std::thread::sleep(Duration::from_millis(10));
            return None;
        }
        if answer.status < 500 && answer.status != 429 {
            // An instance that ends asks nobody back on the same connection.
            self.connection = (!answer.has_header("connection: close")).then_some(connection);
            return Some(answer);
        }
        // Nothing else is allowed to go wrong, and whoever is sent away is told for how long.
        assert_eq!(answer.status, 503, "{request}: {}", answer.body);
        let head = answer.head.to_ascii_lowercase();
        assert!(head.contains("\nretry-after: "), "no time to come back: {head}{}", answer.body);
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        *self.front.come_back.lock().unwrap().entry(code).or_default() += 1;
        self.elsewhere();
        std::thread::sleep(Duration::from_millis(50));
        None
    }

    fn elsewhere(&mut self) {
        self.counter += 1;
        self.connection = None;
    }

    /// Through the room, if there is one.
    fn enter(&mut self) {
        let Some(room) = self.front.room else { return };
        let joined = self.ask(&format!("POST /api/v1/rooms/{room}/places"), "", "join");
        assert!(matches!(joined.status, 200 | 201), "{}", joined.body);
        let mut place = joined.json();
        place["token"].as_str().unwrap().clone_into(&mut self.pass);
        let begun = Instant::now();
        while place["status"] != "active" {
            assert!(begun.elapsed() < PATIENCE, "never let in: {place}");
            std::thread::sleep(Duration::from_millis(20));
            let polled = self.ask(&format!("GET /api/v1/rooms/{room}/place"), "", "poll");
            assert_eq!(polled.status, 200, "{}", polled.body);
            place = polled.json();
        }
    }

    /// Buys one seat; none if others are faster every time.
    fn buy(&mut self) -> Option<String> {
        let charged = self.once("POST /api/v1/wallet/charges", r#"{"amount":10}"#);
        assert_eq!(charged.status, 201, "{}", charged.body);
        self.enter();
        let best = r#"{"show":"show_1","best_available":{"quantity":1}}"#;
        // Others may be faster at the seats that were chosen, which is an answer too.
        let mut held = (0..100).map(|_| self.once("POST /api/v1/reservations", best));
        let held = held.find(|held| {
            assert!(matches!(held.status, 201 | 409), "{}", held.body);
            held.status == 201
        })?;
        let pay = json!({ "reservation": held.json()["id"] }).to_string();
        let paid = self.once("POST /api/v1/payments", &pay);
        assert_eq!(paid.status, 201, "{}", paid.body);
        let tickets = self.ask("GET /api/v1/tickets", "", "read").json();
        let tickets: &Vec<Value> = tickets["data"].as_array().unwrap();
        assert_eq!(tickets.len(), 1, "paid once, one ticket: {tickets:?}");
        let wallet = self.ask("GET /api/v1/wallet", "", "read");
        assert_eq!(wallet.json()["balance"], 0, "charged and used once: {}", wallet.body);
        Some(tickets[0]["item"]["seat"].as_str().unwrap().to_owned())
    }
}

#[test]
fn a_rolling_restart_on_postgres_answers_every_request_once() {
    roll(Server::Postgres, Beside::Nothing, 2);
}

#[test]
fn a_rolling_restart_on_postgres_with_redis_and_a_room_answers_every_request_once() {
    roll(Server::Postgres, Beside::RedisAndRoom, 1);
}

#[test]
fn a_rolling_restart_on_mariadb_with_redis_and_a_room_answers_every_request_once() {
    roll(Server::Mariadb, Beside::RedisAndRoom, 1);
}

/// What there is beside the store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Nothing,
    RedisAndRoom,
}

fn roll(server: Server, beside: Beside, rounds: usize) {
    let Some(store) = server.fresh() else { return };
    let mut flags = vec!["--store".to_owned(), store.clone()];
    let mut front = Front::default();
    let mut room = None;
    if beside == Beside::RedisAndRoom {
        let Some(redis) = shared() else { return };
        flags.extend(["--redis".to_owned(), redis]);
        let settings = json!({ "active_max": BUYERS, "rate": null, "presence": false });
        (front.room, room) =
            (Some("room_1"), Some(json!({ "name": "Door", "settings": settings })));
    }
    let directory = tempfile::tempdir().unwrap();
    import_behind(directory.path(), &store, SEATS, room);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let start = || House::start(directory.path(), &flags);
    let mut houses = vec![start(), start()];
    front.addresses().extend(houses.iter().map(|house| house.address.clone()));
    let sold: Vec<String> = std::thread::scope(|scope| {
        let buy = |number| {
            let front = &front;
            let go_on = move || !front.is_over.load(Ordering::SeqCst);
            let one_more = move || go_on().then(|| Caller::new(front, number).buy()).flatten();
            scope.spawn(move || std::iter::from_fn(one_more).collect::<Vec<_>>())
        };
        let buyers: Vec<_> = (0..BUYERS).map(buy).collect();
        for which in (0..houses.len()).cycle().take(rounds * houses.len()) {
            std::thread::sleep(BETWEEN);
            restart(&front, &mut houses, which, &start);
        }
        std::thread::sleep(BETWEEN);
        front.is_over.store(true, Ordering::SeqCst);
        buyers.into_iter().flat_map(|buyer| buyer.join().unwrap()).collect()
    });
    let distinct: BTreeSet<&String> = sold.iter().collect();
    assert_eq!(distinct.len(), sold.len(), "no seat is sold twice");
    assert!(sold.len() > BUYERS && sold.len() < SEATS, "{} sold: load all the time", sold.len());
    assert!(houses.into_iter().all(House::stop));
    says_all_is_well(directory.path(), &store);
    // Between the last look at the queue and the end of it somebody may have come: very seldom.
    let closed = front.closed.load(Ordering::SeqCst);
    assert!(closed <= rounds * 2, "{closed} connections were closed before an answer");
    report(&front, rounds * 2, sold.len());
}

/// One is restarted while the other goes on. What was accepted before it was asked to end is
/// answered, and whoever comes while it ends is refused.
fn restart(front: &Front, houses: &mut Vec<House>, which: usize, start: &dyn Fn() -> House) {
    let before = front.answered.load(Ordering::SeqCst);
    let refused = front.refused("CLOSING");
    let house = houses.remove(which);
    let unfinished = Unfinished::begin(&house);
    house.ask_to_end();
    until("some are refused", || front.refused("CLOSING") >= refused + REFUSED);
    let finished = unfinished.finish();
    assert!(finished.contains(" 201 "), "it was accepted before: {finished}");
    assert!(house.ended(), "it ends well");
    assert!(front.answered.load(Ordering::SeqCst) > before, "the other goes on");
    let again = start();
    front.addresses()[which].clone_from(&again.address);
    houses.insert(which, again);
}

fn says_all_is_well(directory: &Path, store: &str) {
    let (code, said) = admitone(&["verify", "--store", store], directory);
    assert_eq!(code, 0, "{said}");
}

fn report(front: &Front, restarts: usize, sold: usize) {
    println!(
        "{restarts} restarts under load: {} answered, told to come back {:?}, {} found nobody \
         listening, {} closed before an answer; {sold} seats sold, none twice; the longest answer \
         took {:.1?}, repetitions among it",
        front.answered.load(Ordering::SeqCst),
        front.come_back.lock().unwrap(),
        front.unconnected.load(Ordering::SeqCst),
        front.closed.load(Ordering::SeqCst),
        front.longest.lock().unwrap()
    );
}
