//! A client that keeps a list of what it asked, by the operations of the OpenAPI document.

use crate::buyer::text;
use crate::process::{Answer, Connection, House};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Who asks: what stands in the headers.
#[derive(Debug, Clone, Default)]
pub(super) struct Who {
    pub(super) authorization: Option<String>,
    pub(super) pass: Option<String>,
}

/// A client with a list.
pub(super) struct Tour<'a> {
    pub(super) house: &'a House,
    connection: Connection,
    operations: Vec<Operation>,
    succeeded: BTreeSet<String>,
    /// What left a row in the operators' log whenever it succeeded.
    logged: BTreeSet<String>,
    /// The newest row of that log.
    newest: Value,
    keys: u32,
}

/// An operation of the document.
struct Operation {
    id: String,
    method: String,
    /// `None` stands for a parameter.
    path: Vec<Option<String>>,
    statuses: BTreeMap<u16, Value>,
}

impl<'a> Tour<'a> {
    /// A tour of a house by the document that it serves.
    pub(super) fn of(house: &'a House) -> Self {
        let mut connection = house.connect();
        let document = connection.get("/api/v1/openapi.json", &[]).json();
        let mut operations = Vec::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, described) in methods.as_object().unwrap() {
                let responses = described["responses"].as_object().unwrap();
                let statuses = responses.iter().map(|(s, what)| (s.parse().unwrap(), what.clone()));
                operations.push(Operation {
                    id: text(described, "operationId"),
                    method: method.to_uppercase(),
                    path: path.split('/').map(|part| fixed(part).map(str::to_owned)).collect(),
                    statuses: statuses.collect(),
                });
            }
        }
        let (succeeded, logged) = <(BTreeSet<String>, BTreeSet<String>)>::default();
        let newest = Value::Null;
        Self { house, connection, operations, succeeded, logged, newest, keys: 0 }
    }

    /// Asks, under a key of its own. Whatever comes back must be in the document.
    pub(super) fn ask(&mut self, who: &Who, what: &str, body: &str) -> Answer {
        self.ask_with(who, what, &[], body)
    }

    /// Asks with more headers.
    pub(super) fn ask_with(
        &mut self,
        who: &Who,
        what: &str,
        more: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        self.keys += 1;
        let key = format!("tour-{}", self.keys);
        let mut headers = vec![("idempotency-key", key.as_str())];
        headers.extend(who.headers());
        if !body.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        headers.extend(more);
        let answer = self.connection.send(what, &headers, body);
        self.note(what, answer.status);
        let is_replayed = answer.has_header("idempotent-replayed: true");
        if is_change(what) && (200..300).contains(&answer.status) && !is_replayed {
            self.look_for_row(what);
        }
        answer
    }

    /// Looks whether what an operator did left a row in the log.
    pub(super) fn look_for_row(&mut self, what: &str) {
        let bearer = self.operator().authorization.unwrap_or_default();
        let path = "/api/v1/operator/log?limit=1";
        let log = self.connection.get(path, &[("authorization", bearer.as_str())]).json();
        let newest = log["data"][0].clone();
        // What is imported again is there already.
        let is_known = self.logged.contains("import_programme");
        if what.ends_with("/operator/import") && is_known {
            return;
        }
        assert_ne!(newest, self.newest, "{what} left no row in the operators' log");
        assert!(newest["by"].as_str().is_some_and(|by| by.starts_with("op_")), "{what}: {newest}");
        self.newest = newest;
        self.logged
            .extend(self.operations.iter().find(|known| known.is(what)).map(|o| o.id.clone()));
    }

    /// What operators change and of which nobody has seen a row in the log.
    pub(super) fn never_logged(&self) -> Vec<String> {
        let changes = self.operations.iter().filter(|known| known.is_change());
        changes.map(|known| known.id.clone()).filter(|id| !self.logged.contains(id)).collect()
    }

    /// Asks and expects success.
    pub(super) fn done(&mut self, who: &Who, what: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.ask(who, what, &body);
        assert!((200..300).contains(&answer.status), "{what}: {} {}", answer.status, answer.body);
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    /// Asks and expects to read something.
    pub(super) fn read(&mut self, who: &Who, path: &str) -> Value {
        self.done(who, &format!("GET {path}"), &Value::Null)
    }

    /// Asks and expects a refusal.
    pub(super) fn refused(&mut self, who: &Who, what: &str, body: &str, expected: (u16, &str)) {
        let answer = self.ask(who, what, body);
        let code = text(&answer.json(), "code");
        assert_eq!((answer.status, code.as_str()), expected, "{what}: {}", answer.body);
        assert!(answer.has_header("content-type: application/problem+json"), "{}", answer.head);
    }

    /// Reads twice: the second time nothing has changed and nothing is sent. The validator.
    pub(super) fn read_unchanged(&mut self, who: &Who, path: &str) -> String {
        let what = format!("GET {path}");
        let first = self.ask(who, &what, "");
        assert_eq!(first.status, 200, "{what}: {}", first.body);
        let etag = header(&first, "etag").unwrap_or_else(|| panic!("{what} has no validator"));
        let known = [("if-none-match", etag.as_str())];
        let second = self.ask_with(who, &what, &known, "");
        assert_eq!((second.status, second.body.as_str()), (304, ""), "{what}");
        let strong = etag.trim_start_matches("W/");
        let weak = format!("W/{strong}");
        for said in [strong, &weak, &format!("\"other\", {weak}"), "*"] {
            let again = self.ask_with(who, &what, &[("if-none-match", said)], "");
            assert_eq!(again.status, 304, "{what}: {said}");
        }
        let other = self.ask_with(who, &what, &[("if-none-match", "\"other\"")], "");
        assert_eq!(other.status, 200, "{what}: another validator is another state");
        etag
    }

    /// Reads what has changed since it had that validator: it is sent anew.
    pub(super) fn read_changed(&mut self, who: &Who, path: &str, etag: &str) -> Value {
        let what = format!("GET {path}");
        let answer = self.ask_with(who, &what, &[("if-none-match", etag)], "");
        assert_eq!(answer.status, 200, "{what} is not what it was");
        assert_ne!(header(&answer, "etag").as_deref(), Some(etag), "{what}");
        answer.json()
    }

    /// The operations that were never answered with success.
    pub(super) fn never_succeeded(&self) -> Vec<String> {
        let ids = self.operations.iter().map(|operation| operation.id.clone());
        ids.filter(|id| !self.succeeded.contains(id)).collect()
    }

    /// Notes an answer to something that was asked elsewhere, such as a stream.
    pub(super) fn note(&mut self, what: &str, status: u16) {
        let found = self.operations.iter().find(|operation| operation.is(what));
        let found = found.unwrap_or_else(|| panic!("{what} is not in the document"));
        assert!(found.statuses.contains_key(&status), "{what}: {status} is not in the document");
        if (200..300).contains(&status) {
            self.succeeded.insert(found.id.clone());
        }
    }

    /// The operator who was made at the first start.
    pub(super) fn operator(&self) -> Who {
        let key = self.house.operator_key.as_deref().unwrap();
        Who { authorization: Some(format!("Bearer {key}")), pass: None }
    }

    /// A new buyer.
    pub(super) fn buyer(&mut self) -> Who {
        let account = self.done(&Who::default(), "POST /api/v1/users", &json!({ "name": "ann" }));
        let authorization = Some(format!("Bearer {}", text(&account, "token")));
        Who { authorization, pass: None }
    }

    /// A buyer with money, inside the first room.
    pub(super) fn buyer_inside(&mut self) -> Who {
        let mut buyer = self.buyer();
        self.done(&buyer, "POST /api/v1/wallet/charges", &json!({ "amount": 1_000_000 }));
        self.let_in(&mut buyer);
        buyer
    }

    /// Joins the first room and polls until inside.
    pub(super) fn let_in(&mut self, buyer: &mut Who) {
        let mut place = self.done(buyer, "POST /api/v1/rooms/room_1/places", &Value::Null);
        buyer.pass = Some(text(&place, "token"));
        for _ in 0..10 {
            if place["status"] == "active" {
                return;
            }
            std::thread::sleep(Duration::from_millis(place["next_poll_ms"].as_u64().unwrap()));
            place = self.read(buyer, "/api/v1/rooms/room_1/place");
        }
        panic!("never admitted: {place}");
    }
}

impl Who {
    pub(super) fn headers(&self) -> Vec<(&str, &str)> {
        let authorization = self.authorization.as_deref().map(|value| ("authorization", value));
        let pass = self.pass.as_deref().map(|value| ("queue-token", value));
        authorization.into_iter().chain(pass).collect()
    }
}

/// Whether an operator changes something with it.
fn is_change(what: &str) -> bool {
    what.split_once(' ')
        .is_some_and(|(method, path)| method != "GET" && path.starts_with("/api/v1/operator/"))
}

impl Operation {
    fn is_change(&self) -> bool {
        let path: Vec<&str> = self.path.iter().flatten().map(String::as_str).collect();
        self.method != "GET" && path.starts_with(&["", "api", "v1", "operator"])
    }

    fn is(&self, what: &str) -> bool {
        let (method, path) = what.split_once(' ').unwrap();
        let path: Vec<&str> = path.split('?').next().unwrap().split('/').collect();
        let fits = |(known, part): (&Option<String>, &&str)| {
            known.as_deref().is_none_or(|known| known == *part)
        };
        self.method == method
            && self.path.len() == path.len()
            && self.path.iter().zip(&path).all(fits)
    }
}

/// A part of a path, unless it is a parameter.
fn fixed(part: &str) -> Option<&str> {
    (!part.starts_with('{')).then_some(part)
}

/// A header's value.
pub(super) fn header(answer: &Answer, name: &str) -> Option<String> {
    answer.head.lines().find_map(|line| {
        let (known, value) = line.split_once(": ")?;
        known.eq_ignore_ascii_case(name).then(|| value.to_owned())
    })
}
