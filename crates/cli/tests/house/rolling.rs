//! A rolling restart under load: two instances on one store are asked to end and started again in
//! turn while buyers go on buying at both. Every request is answered, refused with a time to come
//! back, or its connection is closed before an answer; and whoever repeats it under the same key
//! gets the one answer.

use crate::process::{Answer, Connection, House, admitone};
use crate::shared_store::Server;
use crate::shopper::import;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

const SEATS: usize = 3_000;
const BUYERS: usize = 12;
const ROUNDS: usize = 2;
/// Between two restarts, so that there is load on both.
const BETWEEN: Duration = Duration::from_millis(700);
/// Nobody waits for longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the instances are, or were a moment ago, and what became of the requests.
#[derive(Default)]
struct Front {
    addresses: Mutex<Vec<String>>,
    is_over: AtomicBool,
    answered: AtomicUsize,
    come_back: AtomicUsize,
    refused: AtomicUsize,
    closed: AtomicUsize,
    longest: Mutex<Duration>,
}

impl Front {
    fn addresses(&self) -> MutexGuard<'_, Vec<String>> {
        self.addresses.lock().unwrap()
    }
}

/// Asks one instance after the other, under one key, until it is answered.
struct Caller<'a> {
    front: &'a Front,
    /// Which instance it asks; the next one when that is gone.
    counter: usize,
    connection: Option<Connection>,
    bearer: String,
    keys: usize,
}

impl<'a> Caller<'a> {
    fn new(front: &'a Front, counter: usize) -> Self {
        let mut caller = Self { front, counter, connection: None, bearer: String::new(), keys: 0 };
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
            self.front.refused.fetch_add(1, Ordering::SeqCst);
            self.elsewhere();
            std::thread::sleep(Duration::from_millis(5));
            return None;
        };
        let mut headers = vec![("idempotency-key", key), ("content-type", "application/json")];
        if !self.bearer.is_empty() {
            headers.push(("authorization", self.bearer.as_str()));
        }
        let Ok(answer) = connection.try_send(request, &headers, body) else {
            self.front.closed.fetch_add(1, Ordering::SeqCst);
            self.elsewhere();
            return None;
        };
        if answer.status < 500 && answer.status != 429 {
            self.connection = Some(connection);
            return Some(answer);
        }
        // Nothing else is allowed to go wrong, and whoever is sent away is told for how long.
        assert_eq!(answer.status, 503, "{request}: {}", answer.body);
        let head = answer.head.to_ascii_lowercase();
        assert!(head.contains("\nretry-after: "), "no time to come back: {head}{}", answer.body);
        self.front.come_back.fetch_add(1, Ordering::SeqCst);
        self.elsewhere();
        std::thread::sleep(Duration::from_millis(50));
        None
    }

    fn elsewhere(&mut self) {
        self.counter += 1;
        self.connection = None;
    }

    /// Buys one seat; none if others are faster every time.
    fn buy(&mut self) -> Option<String> {
        let charged = self.once("POST /api/v1/wallet/charges", r#"{"amount":10}"#);
        assert_eq!(charged.status, 201, "{}", charged.body);
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
fn a_rolling_restart_under_load_answers_every_request_once() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, SEATS, None);
    let flags = ["--store", store.as_str()];
    let start = || House::start(directory.path(), &flags);
    let mut houses = vec![start(), start()];
    let front = Front::default();
    front.addresses().extend(houses.iter().map(|house| house.address.clone()));
    let mut restarts = Vec::new();
    let sold: Vec<String> = std::thread::scope(|scope| {
        let buy = |number| {
            let front = &front;
            let go_on = move || !front.is_over.load(Ordering::SeqCst);
            let one_more = move || go_on().then(|| Caller::new(front, number).buy()).flatten();
            scope.spawn(move || std::iter::from_fn(one_more).collect::<Vec<_>>())
        };
        let buyers: Vec<_> = (0..BUYERS).map(buy).collect();
        for which in (0..houses.len()).cycle().take(ROUNDS * houses.len()) {
            std::thread::sleep(BETWEEN);
            let before = front.answered.load(Ordering::SeqCst);
            // Nobody is told that it ends: its address stays until another has taken its place.
            assert!(houses.remove(which).stop(), "it ends well");
            restarts.push(front.answered.load(Ordering::SeqCst) - before);
            let again = start();
            front.addresses()[which].clone_from(&again.address);
            houses.insert(which, again);
        }
        std::thread::sleep(BETWEEN);
        front.is_over.store(true, Ordering::SeqCst);
        buyers.into_iter().flat_map(|buyer| buyer.join().unwrap()).collect()
    });
    let distinct: BTreeSet<&String> = sold.iter().collect();
    assert_eq!(distinct.len(), sold.len(), "no seat is sold twice");
    assert!(sold.len() > BUYERS && sold.len() < SEATS, "{} sold: load all the time", sold.len());
    let disturbed = [&front.closed, &front.refused].map(|count| count.load(Ordering::SeqCst));
    assert!(disturbed.iter().all(|count| *count > 0), "the restarts were met: {disturbed:?}");
    assert!(restarts.iter().all(|answered| *answered > 0), "the other goes on: {restarts:?}");
    assert!(houses.into_iter().all(House::stop));
    let (code, said) = admitone(&["verify", "--store", &store], directory.path());
    assert_eq!(code, 0, "{said}");
    println!(
        "{} restarts under load: {} answered, {} told to come back, {} refused, {} closed before an \
         answer; {} seats sold, none twice; the longest answer took {:.1?}, repetitions among it",
        ROUNDS * 2,
        front.answered.load(Ordering::SeqCst),
        front.come_back.load(Ordering::SeqCst),
        disturbed[1],
        disturbed[0],
        sold.len(),
        front.longest.lock().unwrap()
    );
}
