//! Kill -9 at random moments under load: every acknowledged command is there once.

use crate::process::{Connection, House, admitone};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const BUYERS: usize = 4;

/// A command that was sent, and its answer, if one came.
#[derive(Clone)]
struct Sent {
    key: String,
    path: &'static str,
    body: String,
    answer: Option<String>,
}

/// A buyer's own notes, which outlive the house.
struct Ledger {
    token: String,
    sent: Vec<Sent>,
}

#[test]
fn nothing_acknowledged_is_lost_or_done_twice_over_a_hundred_kills() {
    let directory = tempfile::tempdir().unwrap();
    import(directory.path());
    let ledgers: Vec<Arc<Mutex<Ledger>>> = {
        let house = House::start(directory.path(), &[]);
        (0..BUYERS).map(|_| Arc::new(Mutex::new(Ledger::open(&house)))).collect()
    };
    let next_seat = Arc::new(AtomicU32::new(1));
    for kill in 0..100_u64 {
        let house = House::start(directory.path(), &[]);
        let stop = Arc::new(AtomicBool::new(false));
        let buyers: Vec<_> = ledgers
            .iter()
            .map(|ledger| {
                let (ledger, stop) = (Arc::clone(ledger), Arc::clone(&stop));
                let (seats, address) = (Arc::clone(&next_seat), house.connect());
                std::thread::spawn(move || buy(&ledger, &seats, address, &stop))
            })
            .collect();
        // A moment that differs from kill to kill, before, during and after a fold.
        std::thread::sleep(Duration::from_millis(20 + kill * 37 % 180));
        house.kill();
        stop.store(true, Ordering::SeqCst);
        for buyer in buyers {
            buyer.join().unwrap();
        }
    }
    let house = House::start(directory.path(), &[]);
    let (mut acknowledged, mut unknown) = (0, 0);
    for ledger in &ledgers {
        let ledger = ledger.lock().unwrap();
        acknowledged += ledger.sent.iter().filter(|sent| sent.answer.is_some()).count();
        unknown += ledger.sent.iter().filter(|sent| sent.answer.is_none()).count();
        ledger.check(&house);
    }
    assert!(acknowledged > 1_000, "the load was too small to mean anything: {acknowledged}");
    assert!(house.stop());
    let (code, said) = admitone(&["verify"], directory.path());
    assert_eq!(code, 0, "{said}");
    println!("100 kills, {acknowledged} acknowledged, {unknown} unknown, 0 lost, 0 twice; {said}");
}

impl Ledger {
    fn open(house: &House) -> Self {
        let json = [("content-type", "application/json")];
        let opened = house.connect().send("POST /api/v1/users", &json, r#"{"name":"k"}"#).json();
        Self { token: format!("Bearer {}", opened["token"].as_str().unwrap()), sent: Vec::new() }
    }

    /// Sends everything again under its key: what was acknowledged is answered the same, what is
    /// unknown is done now if it was not; then every charge is in the balance exactly once.
    fn check(&self, house: &House) {
        let mut connection = house.connect();
        let mut charged = 0;
        for sent in &self.sent {
            let answer = send(&mut connection, &self.token, sent).unwrap();
            if let Some(known) = &sent.answer {
                assert_eq!(&answer.body, known, "{} was answered otherwise", sent.key);
                assert!(
                    answer.has_header("idempotent-replayed: true"),
                    "{} was done again",
                    sent.key
                );
            }
            let amount = serde_json::from_str::<Value>(&sent.body).unwrap()["amount"].as_i64();
            charged += amount.unwrap_or(0);
        }
        let headers = [("authorization", self.token.as_str())];
        let balance = connection.get("/api/v1/wallet", &headers).json()["balance"].as_i64();
        assert_eq!(balance, Some(charged), "every charge once");
    }
}

/// Holds fresh seats and charges in turn, until the house dies.
fn buy(ledger: &Mutex<Ledger>, seats: &AtomicU32, mut connection: Connection, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        let (token, wish) = {
            let mut ledger = ledger.lock().unwrap();
            let number = ledger.sent.len();
            let seat = seats.fetch_add(1, Ordering::SeqCst);
            let (path, body) = if number.is_multiple_of(2) {
                let hold = json!({ "show": "show_1", "seats": [format!("seat_{seat}")] });
                ("/api/v1/reservations", hold)
            } else {
                ("/api/v1/wallet/charges", json!({ "amount": number % 97 + 1 }))
            };
            let new =
                Sent { key: format!("k{number}"), path, body: body.to_string(), answer: None };
            ledger.sent.push(new.clone());
            (ledger.token.clone(), new)
        };
        let Ok(answer) = send(&mut connection, &token, &wish) else { return };
        assert_eq!(answer.status, 201, "{}", answer.body);
        ledger.lock().unwrap().sent.last_mut().unwrap().answer = Some(answer.body);
    }
}

fn send(
    connection: &mut Connection,
    token: &str,
    sent: &Sent,
) -> std::io::Result<crate::process::Answer> {
    let headers = [
        ("authorization", token),
        ("idempotency-key", sent.key.as_str()),
        ("content-type", "application/json"),
    ];
    connection.try_send(&format!("POST {}", sent.path), &headers, &sent.body)
}

fn import(directory: &Path) {
    let programme = directory.join("programme.json");
    let document = json!({ "concerts": [{
        "name": "Endless", "category": "rock",
        "shows": [{
            "opens_at": "2099-01-01T19:00:00Z", "closes_at": "2099-01-01T22:00:00Z",
            "booking_opens_at": "2020-01-01T00:00:00Z", "booking_closes_at": "2099-01-01T00:00:00Z",
            "seats": [{ "section": "A", "row": "1", "numbers": [1, 100_000], "price": 1 }],
        }],
    }]});
    std::fs::write(&programme, document.to_string()).unwrap();
    let (code, said) = admitone(&["import", programme.to_str().unwrap()], directory);
    assert_eq!(code, 0, "{said}");
}
