//! A house for one run: the demo on a free port, in a directory of its own, with a buyer inside.

use crate::served::Served;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A running house. Dropped, it is killed and its directory removed.
pub(crate) struct House {
    served: Served,
    /// Behind it, so that it is removed when nobody writes there any more.
    directory: Scratch,
}

/// A buyer inside, and what is his.
pub(crate) struct Known {
    pub(crate) buyer_token: String,
    pub(crate) pass: String,
    pub(crate) reservation: String,
    pub(crate) payment: String,
    pub(crate) ticket: String,
    pub(crate) endpoint: String,
}

impl House {
    /// Starts the demo and waits until it says where it listens.
    pub(crate) fn start(binary: &Path) -> Result<Self, String> {
        let directory = std::env::temp_dir().join(format!("admitone-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&directory).map_err(said(&directory.display()))?;
        let log = std::fs::File::create(directory.join("log")).map_err(said(&"the log"))?;
        let mut serve = Command::new(binary);
        serve
            .args(["serve", "--demo", "--reference-routes", "--listen", "127.0.0.1:0"])
            // Who tries an endpoint that says nothing hears of it within what an answer may take.
            .env("ADMITONE_WEBHOOKS_ANSWER_MS", "2000")
            .arg("--data-dir")
            .arg(directory.join("data"))
            .stderr(log);
        let served = Served::start(&mut serve);
        let served = served.map_err(|why| format!("{why}: see {}/log", directory.display()))?;
        Ok(Self { served, directory: Scratch(directory) })
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory.0
    }

    pub(crate) fn operator_key(&self) -> &str {
        &self.served.operator_key
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.served.address)
    }

    /// Whether it still runs, and ends it.
    pub(crate) fn stop(mut self) -> Result<(), String> {
        match self.served.ended().map_err(said(&"the server"))? {
            None => Ok(()),
            Some(ended) => Err(format!("the server ended by itself: {ended}")),
        }
    }

    /// A buyer who has a ticket, a payment, and a hold, and is inside again.
    pub(crate) fn prepare(&self) -> Result<Known, String> {
        let account = self.ask("POST /api/v1/users", &[], &json!({ "name": "ann" }))?;
        let buyer_token = text(&account, "token")?;
        let pass = self.admitted(&buyer_token)?;
        let visitor = (buyer_token.as_str(), pass.as_str());
        self.buy(visitor, "/wallet/charges", &json!({ "amount": 1_000_000 }))?;
        let seat = json!({ "show": "show_1", "seats": ["seat_50"] });
        let held = self.buy(visitor, "/reservations", &seat)?;
        let wish = json!({ "reservation": text(&held, "id")? });
        let paid = self.buy(visitor, "/payments", &wish)?;
        let ticket = text(&held, "id")?.replace("res_", "ticket_") + "_0";
        // The payment ended the pass.
        let pass = self.admitted(&buyer_token)?;
        let seat = json!({ "show": "show_1", "seats": ["seat_49"] });
        let held = self.buy((&buyer_token, &pass), "/reservations", &seat)?;
        let (reservation, payment) = (text(&held, "id")?, text(&paid["payment"], "id")?);
        let endpoint = self.endpoint()?;
        Ok(Known { buyer_token, pass, reservation, payment, ticket, endpoint })
    }

    /// An endpoint of webhooks that is never reached: its name leads to this machine.
    fn endpoint(&self) -> Result<String, String> {
        let bearer = format!("Bearer {}", self.served.operator_key);
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", "endpoint")];
        let wish = json!({ "url": "https://localhost:9/hooks", "types": ["wallet.*"] });
        text(&self.ask("POST /api/v1/operator/endpoints", &headers, &wish)?, "id")
    }

    fn admitted(&self, token: &str) -> Result<String, String> {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let mut place = self.ask("POST /api/v1/rooms/room_1/places", &headers, &Value::Null)?;
        for _ in 0..10 {
            let pass = text(&place, "token")?;
            if place["status"] == "active" {
                return Ok(pass);
            }
            let pause = place["next_poll_ms"].as_u64().unwrap_or(1_000).min(5_000);
            std::thread::sleep(Duration::from_millis(pause));
            let headers = [("queue-token", pass.as_str())];
            place = self.ask("GET /api/v1/rooms/room_1/place", &headers, &Value::Null)?;
        }
        Err(format!("the buyer was not admitted: {place}"))
    }

    /// Has something changed, each thing once.
    fn buy(&self, visitor: (&str, &str), path: &str, wish: &Value) -> Result<Value, String> {
        let (token, pass) = visitor;
        let bearer = format!("Bearer {token}");
        let key = wish.to_string();
        let headers =
            [("authorization", bearer.as_str()), ("queue-token", pass), ("idempotency-key", &key)];
        self.ask(&format!("POST /api/v1{path}"), &headers, wish)
    }

    /// One request on a connection of its own; an answer that is no success is an error.
    fn ask(&self, what: &str, headers: &[(&str, &str)], body: &Value) -> Result<Value, String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut request = format!(
            "{what} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n\
             content-type: application/json\r\n",
            self.served.address,
            body.len()
        );
        for (name, value) in headers {
            for part in [*name, ": ", *value, "\r\n"] {
                request += part;
            }
        }
        request += "\r\n";
        request += &body;
        let mut stream = TcpStream::connect(&self.served.address).map_err(said(&what))?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).map_err(said(&what))?;
        stream.write_all(request.as_bytes()).map_err(said(&what))?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(said(&what))?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        if head.split(' ').nth(1).is_none_or(|status| !status.starts_with('2')) {
            return Err(format!("{what}: {answer}"));
        }
        serde_json::from_str(body).map_err(said(&what))
    }
}

/// A directory of its own. Dropped, it is removed.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // One that stays does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(value: &Value, field: &str) -> Result<String, String> {
    value[field].as_str().map(str::to_owned).ok_or_else(|| format!("no {field} in {value}"))
}

fn said<E: std::fmt::Display>(what: &impl std::fmt::Display) -> impl Fn(E) -> String {
    move |error| format!("{what}: {error}")
}
