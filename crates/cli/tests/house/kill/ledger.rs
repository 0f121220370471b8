//! Buyers who hold fresh seats of a show without a room and charge their wallets in turn. Each keeps
//! notes of what was sent and what was answered, which outlive the house.

use crate::process::{Answer, Connection, House};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A command that was sent, and its answer, if one came.
#[derive(Clone)]
struct Sent {
    key: String,
    path: &'static str,
    body: String,
    answer: Option<String>,
}

/// A buyer's own notes.
pub(super) struct Ledger {
    token: String,
    sent: Vec<Sent>,
}

impl Ledger {
    pub(super) fn open(house: &House) -> Self {
        let json = [("content-type", "application/json")];
        let opened = house.connect().send("POST /api/v1/users", &json, r#"{"name":"k"}"#).json();
        Self { token: format!("Bearer {}", opened["token"].as_str().unwrap()), sent: Vec::new() }
    }

    /// How many commands were acknowledged, and of how many nobody knows.
    pub(super) fn count(&self) -> [usize; 2] {
        let known = self.sent.iter().filter(|sent| sent.answer.is_some()).count();
        [known, self.sent.len() - known]
    }

    /// Sends everything again under its key: what was acknowledged is answered the same, what is
    /// unknown is done now if it was not; then every charge is in the balance exactly once.
    pub(super) fn check(&self, house: &House) {
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
pub(super) fn buy(
    ledger: &Mutex<Ledger>,
    seats: &AtomicU64,
    mut connection: Connection,
    stop: &AtomicBool,
) {
    while !stop.load(Ordering::SeqCst) {
        let (token, wish) = {
            let mut ledger = ledger.lock().unwrap();
            let number = ledger.sent.len();
            let seat = seats.fetch_add(1, Ordering::SeqCst);
            let (path, body) = if number.is_multiple_of(2) {
                let hold = json!({ "show": "show_2", "seats": [format!("seat_{seat}")] });
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

fn send(connection: &mut Connection, token: &str, sent: &Sent) -> std::io::Result<Answer> {
    let headers = [
        ("authorization", token),
        ("idempotency-key", sent.key.as_str()),
        ("content-type", "application/json"),
    ];
    connection.try_send(&format!("POST {}", sent.path), &headers, &sent.body)
}
