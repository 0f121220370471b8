//! Customers who wait in line, come in, charge, hold and pay: nobody loses a place or is overtaken, a
//! pass that a payment ended stays ended and its slot is free, every payment is there once. Nobody
//! leaves: a room that missed a payment must learn of it from the store.

use crate::buyer::text;
use crate::process::{Answer, Connection, House};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// So many wait or are inside at a time.
pub(super) const CUSTOMERS: usize = 12;
/// So many are inside.
pub(super) const INSIDE_MAX: u32 = 4;
/// What a seat costs.
pub(super) const PRICE: i64 = 2;
const CHARGED: i64 = 5;

/// How far a customer has come; what is unknown after a kill is done again under its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Join,
    Wait,
    Charge,
    Hold,
    Pay,
    Done,
}

/// One who comes once and buys a seat. The notes outlive the house.
#[derive(Clone)]
struct Customer {
    token: String,
    pass: String,
    place: u64,
    step: Step,
    /// Whether the step was tried before, and how it went is not known.
    is_retry: bool,
    held: String,
    paid: String,
}

/// What all customers share.
pub(super) struct Hall {
    seats: AtomicU64,
    /// The highest place that anybody was told.
    place_max: AtomicU64,
    places: Mutex<BTreeSet<u64>>,
    done: Mutex<Vec<Customer>>,
    inside: Vec<Mutex<Option<Customer>>>,
}

impl Hall {
    /// Nobody came yet.
    pub(super) fn new() -> Self {
        Self {
            seats: AtomicU64::new(1),
            place_max: AtomicU64::new(0),
            places: Mutex::default(),
            done: Mutex::default(),
            inside: (0..CUSTOMERS).map(|_| Mutex::default()).collect(),
        }
    }

    /// How many places were given, and how many customers paid.
    pub(super) fn count(&self) -> [u64; 2] {
        let done = self.done.lock().unwrap().len();
        [self.place_max.load(Ordering::SeqCst), u64::try_from(done).unwrap()]
    }

    /// At the end: all who paid have what they paid for, once.
    pub(super) fn check_paid(&self, house: &House) {
        for customer in self.done.lock().unwrap().iter() {
            customer.check(house);
        }
    }

    /// One customer after the other, until the house dies.
    pub(super) fn visit(&self, number: usize, mut connection: Connection, stop: &AtomicBool) {
        let mut slot = self.inside[number].lock().unwrap();
        while !stop.load(Ordering::SeqCst) {
            let Some(customer) = slot.as_mut() else {
                let Ok(opened) = Customer::open(&mut connection) else { return };
                *slot = Some(opened);
                continue;
            };
            if customer.step == Step::Done {
                self.done.lock().unwrap().extend(slot.take());
                continue;
            }
            let before = customer.is_retry;
            customer.is_retry = true;
            if self.take_step(customer, before, &mut connection).is_err() {
                return;
            }
            customer.is_retry = customer.step == Step::Wait;
        }
    }

    fn take_step(
        &self,
        customer: &mut Customer,
        is_retry: bool,
        connection: &mut Connection,
    ) -> std::io::Result<()> {
        match customer.step {
            Step::Join => {
                let known = self.place_max.load(Ordering::SeqCst);
                let (pass, place) = customer.join(connection)?;
                customer.pass = pass;
                assert!(self.places.lock().unwrap().insert(place), "{place} was given twice");
                assert!(is_retry || place > known, "{place} was given after {known}");
                self.place_max.fetch_max(place, Ordering::SeqCst);
                (customer.place, customer.step) = (place, Step::Wait);
            }
            Step::Wait => {
                if customer.is_inside(connection)? {
                    customer.step = Step::Charge;
                } else {
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
            Step::Charge => {
                let charge = json!({ "amount": CHARGED });
                customer.ask(connection, "charge", "/api/v1/wallet/charges", &charge)?;
                customer.step = Step::Hold;
            }
            Step::Hold => {
                if customer.held.is_empty() {
                    let seat = self.seats.fetch_add(1, Ordering::SeqCst);
                    let wish = json!({ "show": "show_1", "seats": [format!("seat_{seat}")] });
                    customer.held = wish.to_string();
                }
                let wish: Value = serde_json::from_str(&customer.held).unwrap();
                let held = customer.ask(connection, "hold", "/api/v1/reservations", &wish)?;
                customer.held = json!({ "reservation": text(&held.json(), "id") }).to_string();
                customer.step = Step::Pay;
            }
            Step::Pay => {
                customer.paid = customer.pay(connection)?.body;
                customer.step = Step::Done;
            }
            Step::Done => {}
        }
        Ok(())
    }

    /// After a restart: everybody has the place they were told, those inside are inside, and
    /// nobody is inside before somebody with a smaller place.
    pub(super) fn check_line(&self, house: &House, kill: u64) {
        let mut connection = house.connect();
        let mut line: Vec<Customer> =
            self.inside.iter().filter_map(|slot| slot.lock().unwrap().clone()).collect();
        line.retain(|customer| (Step::Wait..=Step::Hold).contains(&customer.step));
        // The last first: whoever is asked later can only have come further meanwhile.
        line.sort_by_key(|customer| std::cmp::Reverse(customer.place));
        let mut inside_from = u64::MAX;
        for customer in &line {
            let (_, place) = customer.join(&mut connection).unwrap();
            assert_eq!(place, customer.place, "a place is kept");
            let is_inside = customer.is_inside(&mut connection).unwrap();
            assert!(is_inside || customer.step == Step::Wait, "{} was put out", customer.place);
            assert!(
                is_inside || inside_from == u64::MAX,
                "{} waits while {inside_from} is inside",
                customer.place
            );
            if is_inside {
                inside_from = customer.place;
            }
        }
        let document = connection.get("/api/v1/rooms/room_1", &[]).json();
        assert!(document["active"].as_u64().unwrap() <= u64::from(INSIDE_MAX), "{document}");
        for gone in self.done.lock().unwrap().iter().rev().take(3) {
            gone.check_pass_is_over(&mut connection, &format!("after-{kill}"));
        }
    }
}

impl Customer {
    fn open(connection: &mut Connection) -> std::io::Result<Self> {
        let json = [("content-type", "application/json")];
        let opened = connection.try_send("POST /api/v1/users", &json, r#"{"name":"c"}"#)?.json();
        Ok(Self {
            token: format!("Bearer {}", text(&opened, "token")),
            pass: String::new(),
            place: 0,
            step: Step::Join,
            is_retry: false,
            held: String::new(),
            paid: String::new(),
        })
    }

    fn send(
        &self,
        connection: &mut Connection,
        key: &str,
        request: &str,
        body: &str,
    ) -> std::io::Result<Answer> {
        let headers = [
            ("authorization", self.token.as_str()),
            ("queue-token", self.pass.as_str()),
            ("idempotency-key", key),
            ("content-type", "application/json"),
        ];
        connection.try_send(request, &headers, body)
    }

    /// Asks under a key, and is not refused.
    fn ask(
        &self,
        connection: &mut Connection,
        key: &str,
        path: &str,
        body: &Value,
    ) -> std::io::Result<Answer> {
        let answer = self.send(connection, key, &format!("POST {path}"), &body.to_string())?;
        assert_eq!(answer.status, 201, "{path} {:?}: {}", self.step, answer.body);
        Ok(answer)
    }

    fn pay(&self, connection: &mut Connection) -> std::io::Result<Answer> {
        let wish: Value = serde_json::from_str(&self.held).unwrap();
        self.ask(connection, "pay", "/api/v1/payments", &wish)
    }

    /// The token and the place.
    fn join(&self, connection: &mut Connection) -> std::io::Result<(String, u64)> {
        let answer = self.send(connection, "join", "POST /api/v1/rooms/room_1/places", "")?;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let place = answer.json();
        Ok((text(&place, "token"), place["place"].as_u64().unwrap()))
    }

    fn is_inside(&self, connection: &mut Connection) -> std::io::Result<bool> {
        let answer = self.send(connection, "", "GET /api/v1/rooms/room_1/place", "")?;
        assert_eq!(answer.status, 200, "place {}: {}", self.place, answer.body);
        let place = answer.json();
        assert_eq!(place["place"].as_u64(), Some(self.place), "the token leads to its place");
        Ok(place["status"] == "active")
    }

    fn check_pass_is_over(&self, connection: &mut Connection, key: &str) {
        let wish = json!({ "show": "show_1", "seats": ["seat_20000"] }).to_string();
        let answer = self.send(connection, key, "POST /api/v1/reservations", &wish).unwrap();
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert!(text(&answer.json(), "code").starts_with("ADMISSION_"), "{}", answer.body);
    }

    /// At the end: the payment is answered as it was, taken once, and led to one ticket.
    fn check(&self, house: &House) {
        let mut connection = house.connect();
        let again = self.pay(&mut connection).unwrap();
        assert_eq!(again.body, self.paid);
        assert!(again.has_header("idempotent-replayed: true"), "place {} paid again", self.place);
        let mut read = |path: &str| self.send(&mut connection, "", path, "").unwrap().json();
        assert_eq!(read("GET /api/v1/wallet")["balance"], CHARGED - PRICE);
        assert_eq!(read("GET /api/v1/tickets")["data"].as_array().unwrap().len(), 1);
        assert_eq!(read("GET /api/v1/wallet/entries")["data"].as_array().unwrap().len(), 2);
        self.check_pass_is_over(&mut connection, "at-the-end");
    }
}
