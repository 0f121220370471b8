//! Buyers who ask whichever instance is there, under the same keys, until somebody answers.

use crate::process::{Answer, Connection, House, admitone};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Nobody keeps trying for longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Where the instances are; the one that is killed is never asked again.
pub(crate) struct Front {
    pub(crate) addresses: Mutex<Vec<String>>,
    pub(crate) sold: AtomicUsize,
    pub(crate) seats: usize,
}

impl Front {
    pub(crate) fn of(houses: &[&House], seats: usize) -> Arc<Self> {
        let addresses = houses.iter().map(|house| house.address.clone()).collect();
        Arc::new(Self { addresses: Mutex::new(addresses), sold: AtomicUsize::new(0), seats })
    }

    /// Sends so many buyers at once; each returns the seats it bought.
    pub(crate) fn send(self: &Arc<Self>, buyers: usize) -> Vec<JoinHandle<Vec<String>>> {
        let buyer = |number| {
            let front = Arc::clone(self);
            let thread = std::thread::Builder::new().stack_size(256 << 10);
            thread.spawn(move || Shopper::new(&front, number).buy()).unwrap()
        };
        (0..buyers).map(buyer).collect()
    }
}

/// A buyer who asks one instance, and another when that is gone, under the same key.
pub(crate) struct Shopper<'a> {
    pub(crate) front: &'a Front,
    number: usize,
    connection: Option<Connection>,
    token: String,
    keys: usize,
}

impl<'a> Shopper<'a> {
    pub(crate) fn new(front: &'a Front, number: usize) -> Self {
        let (connection, token, keys) = (None, String::new(), 0);
        let mut shopper = Self { front, number, connection, token, keys };
        let opened = shopper.send("POST /api/v1/users", r#"{"name":"s"}"#);
        assert_eq!(opened.status, 201, "{}", opened.body);
        shopper.token = format!("Bearer {}", opened.json()["token"].as_str().unwrap());
        shopper
    }

    /// Sends until somebody answers for good.
    pub(crate) fn send(&mut self, request: &str, body: &str) -> Answer {
        self.keys += 1;
        let key = format!("key-{}", self.keys);
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let addresses = self.front.addresses.lock().unwrap().clone();
            let address = &addresses[self.number % addresses.len()];
            let kept = self.connection.take().filter(|connection| connection.is_to(address));
            let Some(mut connection) = kept.or_else(|| Connection::try_to(address).ok()) else {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            };
            let mut headers =
                vec![("idempotency-key", key.as_str()), ("content-type", "application/json")];
            if !self.token.is_empty() {
                headers.push(("authorization", &self.token));
            }
            match connection.try_send(request, &headers, body) {
                // Not answered yet, or not at all: the same again, under the same key.
                Ok(answer) if [202, 503].contains(&answer.status) => {
                    self.connection = Some(connection);
                    std::thread::sleep(Duration::from_millis(50));
                }
                Ok(answer) => {
                    self.connection = Some(connection);
                    return answer;
                }
                // What became of it is not known: the same again, where somebody answers.
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        panic!("nobody answered {request}");
    }

    /// The same buyer at another counter.
    pub(crate) fn beside(&self, number: usize) -> Self {
        let (front, token, keys) = (self.front, self.token.clone(), number * 1_000);
        Self { front, number, connection: None, token, keys }
    }

    /// Sends once, to one that is there.
    pub(crate) fn ask(&self, request: &str, body: &str) -> Answer {
        let address = self.front.addresses.lock().unwrap()[0].clone();
        let mut connection = Connection::try_to(&address).unwrap();
        let headers = [
            ("idempotency-key", "asked-once"),
            ("content-type", "application/json"),
            ("authorization", self.token.as_str()),
        ];
        connection.send(request, &headers, body)
    }

    /// Sends once, and waits for no outcome.
    pub(crate) fn send_async(&self, request: &str, body: &str) -> Answer {
        let address = self.front.addresses.lock().unwrap()[0].clone();
        let headers = [
            ("idempotency-key", "sent-once"),
            ("content-type", "application/json"),
            ("prefer", "respond-async"),
            ("authorization", self.token.as_str()),
        ];
        Connection::try_to(&address).unwrap().send(request, &headers, body)
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn hold_best(&mut self) -> Answer {
        let best = r#"{"show":"show_1","best_available":{"quantity":1}}"#;
        self.send("POST /api/v1/reservations", best)
    }

    /// Pays for what is held through a gateway, under a key of its own there; how it was answered.
    pub(crate) fn pay_through(&mut self, reservation: &str, key: &str) -> Answer {
        let order = format!("{reservation}-{}", self.number);
        let body = json!({
            "reservation": reservation, "method": "gateway", "amount": 10,
            "payment_key": key, "order_id": order,
        });
        self.send("POST /api/v1/payments", &body.to_string())
    }

    /// Buys one seat, unless all are sold; the seats on its tickets.
    pub(crate) fn buy(mut self) -> Vec<String> {
        let charged = self.send("POST /api/v1/wallet/charges", r#"{"amount":10}"#);
        assert_eq!(charged.status, 201, "{}", charged.body);
        let begun = Instant::now();
        while self.front.sold.load(Ordering::SeqCst) < self.front.seats {
            assert!(begun.elapsed() < PATIENCE, "some seats were never sold");
            let held = self.hold_best();
            if held.status != 201 {
                assert_eq!(held.status, 409, "{}", held.body);
                std::thread::sleep(Duration::from_millis(50));
                continue;
            }
            let pay = json!({ "reservation": held.json()["id"] }).to_string();
            let paid = self.send("POST /api/v1/payments", &pay);
            if paid.status == 201 {
                self.front.sold.fetch_add(1, Ordering::SeqCst);
                break;
            }
            // A hold that lapsed before it was paid; nothing else may keep it from being paid.
            assert!(paid.body.contains("HOLD_EXPIRED"), "{}", paid.body);
        }
        let tickets = self.send("GET /api/v1/tickets", "").json();
        let count = i64::try_from(tickets["data"].as_array().unwrap().len()).unwrap();
        let wallet = self.send("GET /api/v1/wallet", "").json();
        assert_eq!(wallet["balance"], 10 - 10 * count, "paid for what is there: {tickets}");
        let seat = |ticket: &Value| ticket["item"]["seat"].as_str().unwrap().to_owned();
        tickets["data"].as_array().unwrap().iter().map(seat).collect()
    }
}

pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A show with so many seats in a row. Its holds are short, so that the seats of who vanishes come
/// back.
pub(crate) fn import(directory: &Path, store: &str, seats: usize, room: Option<&str>) {
    import_behind(directory, store, seats, room.map(|name| json!({ "name": name })));
}

/// The same behind a room with its settings.
pub(crate) fn import_behind(directory: &Path, store: &str, seats: usize, room: Option<Value>) {
    let programme = directory.join("programme.json");
    let mut show = json!({
        "opens_at": "2099-01-01T19:00:00Z", "closes_at": "2099-01-01T22:00:00Z",
        "booking_opens_at": "2020-01-01T00:00:00Z", "booking_closes_at": "2099-01-01T00:00:00Z",
        "hold_seconds": 15,
        "seats": [{ "section": "A", "row": "1", "numbers": [1, seats], "price": 10 }],
    });
    if let Some(room) = &room {
        show["room"] = room["name"].clone();
    }
    let rooms: Vec<Value> = room.into_iter().collect();
    let concert = json!({ "name": "Both", "category": "rock", "shows": [show] });
    let document = json!({ "rooms": rooms, "concerts": [concert] });
    std::fs::write(&programme, document.to_string()).unwrap();
    let arguments = ["import", programme.to_str().unwrap(), "--store", store];
    let (code, said) = admitone(&arguments, directory);
    assert_eq!(code, 0, "{said}");
}
