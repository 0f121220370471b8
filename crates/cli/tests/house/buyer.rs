//! A buyer with an account, a place in the line and a wallet.

use crate::process::{Answer, Connection, House};
use serde_json::Value;

pub(crate) struct Buyer {
    pub(crate) connection: Connection,
    pub(crate) token: String,
    pub(crate) pass: String,
    pub(crate) keys: u32,
}

impl Buyer {
    /// Opens an account.
    pub(crate) fn new(house: &House) -> Self {
        let mut connection = house.connect();
        let json = [("content-type", "application/json")];
        let opened = connection.send("POST /api/v1/users", &json, r#"{"name":"ann"}"#);
        assert_eq!(opened.status, 201, "{}", opened.body);
        let token = opened.json()["token"].as_str().unwrap().to_owned();
        Self { connection, token: format!("Bearer {token}"), pass: String::new(), keys: 0 }
    }

    /// Joins a room and polls as promised until inside.
    pub(crate) fn admitted(mut self, room: &str) -> Self {
        let authorization = [("authorization", self.token.as_str())];
        let path = format!("POST /api/v1/rooms/{room}/places");
        let mut place = self.connection.send(&path, &authorization, "").json();
        self.pass = text(&place, "token");
        for _ in 0..10 {
            if place["status"] == "active" {
                return self;
            }
            let pause = place["next_poll_ms"].as_u64().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(pause));
            let token = [("queue-token", self.pass.as_str())];
            place = self.connection.get(&format!("/api/v1/rooms/{room}/place"), &token).json();
        }
        panic!("never admitted: {place}");
    }

    /// Asks for a change under a key of its own.
    pub(crate) fn post(&mut self, path: &str, body: &str) -> Answer {
        self.keys += 1;
        let key = format!("key-{}", self.keys);
        self.post_as(&key, path, body)
    }

    /// Asks for a change under a key.
    pub(crate) fn post_as(&mut self, key: &str, path: &str, body: &str) -> Answer {
        let headers = [
            ("authorization", self.token.as_str()),
            ("queue-token", self.pass.as_str()),
            ("idempotency-key", key),
            ("content-type", "application/json"),
        ];
        self.connection.send(&format!("POST {path}"), &headers, body)
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        let headers = [("authorization", self.token.as_str()), ("queue-token", self.pass.as_str())];
        self.connection.get(path, &headers)
    }
}

pub(crate) fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}")).to_owned()
}
