//! The others in the line: synthetic, each with an account, asking as often as the room wants, and
//! leaving as soon as they are inside.

use crate::process::{Connection, House};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// People in a line, on one thread.
pub(crate) struct Others {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<u64>>,
}

/// One of them.
struct Other {
    /// The token of his account.
    account: String,
    pass: String,
    /// When the room wants to hear of him.
    due: Instant,
}

impl Others {
    /// So many join a room, one after the other, and wait.
    pub(crate) fn join(house: &House, room: &str, count: u64) -> Self {
        let mut connection = house.connect();
        let line = (0..count).map(|_| Other::join(&mut connection, room)).collect();
        let is_over = Arc::new(AtomicBool::new(false));
        let (ends, room) = (Arc::clone(&is_over), room.to_owned());
        let thread = std::thread::spawn(move || wait(line, &mut connection, &room, &ends));
        Self { is_over, thread: Some(thread) }
    }

    /// They go home; how many of them were let in.
    pub(crate) fn leave(mut self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

impl Other {
    fn join(connection: &mut Connection, room: &str) -> Self {
        let kind = [("content-type", "application/json")];
        let opened =
            connection.send("POST /api/v1/users", &kind, &json!({ "name": "w" }).to_string());
        let account = format!("Bearer {}", opened.json()["token"].as_str().unwrap());
        let path = format!("POST /api/v1/rooms/{room}/places");
        let place = connection.send(&path, &[("authorization", &account)], "");
        assert_eq!(place.status, 201, "{}", place.body);
        let place = place.json();
        let pass = place["token"].as_str().unwrap().to_owned();
        Self { account, pass, due: due(&place) }
    }

    /// Asks how he stands; whether he was let in, and left for the next.
    fn ask(&mut self, connection: &mut Connection, room: &str) -> bool {
        let pass = [("queue-token", self.pass.as_str())];
        let place = connection.get(&format!("/api/v1/rooms/{room}/place"), &pass);
        assert_eq!(place.status, 200, "{}", place.body);
        let place = place.json();
        if place["status"] != "active" {
            self.due = due(&place);
            return false;
        }
        let headers = [("authorization", &*self.account), ("queue-token", &*self.pass)];
        let left = connection.send(&format!("DELETE /api/v1/rooms/{room}/place"), &headers, "");
        assert!(left.status < 300, "{}", left.body);
        true
    }
}

fn due(place: &Value) -> Instant {
    Instant::now() + Duration::from_millis(place["next_poll_ms"].as_u64().unwrap())
}

fn wait(mut line: Vec<Other>, connection: &mut Connection, room: &str, ends: &AtomicBool) -> u64 {
    let before = line.len();
    while !ends.load(Ordering::Relaxed) {
        let now = Instant::now();
        line.retain_mut(|other| other.due > now || !other.ask(connection, room));
        std::thread::sleep(Duration::from_millis(5));
    }
    u64::try_from(before - line.len()).unwrap()
}
