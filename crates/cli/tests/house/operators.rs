//! The pages of operators on the real binary and its store: a ticket that is bought at the pages is
//! let in at the door, told in the history, and the books are right afterwards.

use crate::buyer::{Buyer, text};
use crate::process::{Answer, Connection, House, admitone};
use serde_json::Value;
use std::collections::BTreeMap;

const PROGRAMME: &str = r#"{ "concerts": [{ "name": "At the door", "category": "rock", "shows": [{
    "opens_at": "2099-01-01T19:00:00Z", "closes_at": "2099-01-01T22:00:00Z",
    "booking_opens_at": "2020-01-01T00:00:00Z", "booking_closes_at": "2099-01-01T00:00:00Z",
    "seats": [{ "section": "A", "row": "1", "numbers": [1, 4], "price": 10 }] }] }] }"#;

/// The page of the queues.
pub(crate) const QUEUES: &str = "/operator/queues";

/// Somebody at a browser without scripts.
pub(crate) struct Browser {
    connection: Connection,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn at(house: &House) -> Self {
        Self { connection: house.connect(), cookies: BTreeMap::new() }
    }

    /// An operator with this key.
    pub(crate) fn staff(house: &House, key: &str) -> Self {
        let mut browser = Self::at(house);
        let page = "/operator/sign-in";
        location(&browser.post(page, page, &format!("key={key}")));
        browser
    }

    fn send(&mut self, request: &str, body: &str) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let headers = [
            ("accept", "text/html"),
            ("cookie", cookies.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let answer = self.connection.send(request, &headers, body);
        for line in answer.head.lines() {
            let Some((name, value)) = line.split_once(": ") else { continue };
            if name.eq_ignore_ascii_case("set-cookie") {
                let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(&format!("GET {path}"), "")
    }

    /// Posts what a form on a page says, and these fields; where that leads.
    pub(crate) fn post(&mut self, page: &str, action: &str, fields: &str) -> Answer {
        let shown = self.get(page);
        assert_eq!(shown.status, 200, "{page}: {}", shown.body);
        let token = between(&shown.body, "name=\"form_token\" value=\"", "\"").to_owned();
        self.send(&format!("POST {action}"), &format!("form_token={token}&{fields}"))
    }
}

pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
    rest.split(after).next().unwrap()
}

pub(crate) fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    let line = answer
        .head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("location: ").map(str::to_owned));
    line.unwrap()
}

/// Buys a seat at the pages; its reservation and the code of its ticket.
fn buy(house: &House) -> (String, String) {
    let mut ann = Browser::at(house);
    location(&ann.post("/sign-up", "/sign-up", "name=Ann&password=long+enough"));
    location(&ann.post("/wallet", "/wallet/charge", "amount=100&key=1"));
    let held = ann.post("/shows/show_1/seats", "/shows/show_1/hold", "how=items&seat=seat_2&key=2");
    let reservation = location(&held);
    location(&ann.post(&reservation, &format!("{reservation}/pay"), "amount=10&key=3"));
    let tickets = ann.get(&format!("{reservation}/tickets"));
    let code = between(&tickets.body, "<p class=\"code\">", "<").to_owned();
    (reservation, code)
}

/// A key of a role, made on the page that shows it once.
fn key_of(opal: &mut Browser, role: &str) -> String {
    let page = "/operator/staff";
    let made = opal.post(page, page, &format!("name={role}&role={role}&key={role}"));
    assert_eq!(made.status, 200, "{}", made.body);
    format!("Bearer {}", between(&made.body, "id=\"made\">", "<"))
}

/// Whoever stands at the door lets in, once, and may do nothing else; who only looks lets nobody in.
fn door_by_the_api(house: &House, opal: &mut Browser) {
    let mut bob = Buyer::new(house);
    let wanted = r#"{"show":"show_1","seats":["seat_3"]}"#;
    let held = text(&bob.post("/api/v1/reservations", wanted).json(), "id");
    bob.post("/api/v1/wallet/charges", r#"{"amount":10}"#);
    let wish = format!(r#"{{"reservation":"{held}"}}"#);
    assert_eq!(bob.post("/api/v1/payments", &wish).status, 201);
    let code = text(&bob.get("/api/v1/tickets").json()["data"][0], "code");

    let (door, reader) = (key_of(opal, "door"), key_of(opal, "read-only"));
    let mut connection = house.connect();
    let mut admit = |bearer: &str, key: &str, show: &str| {
        let headers = [
            ("authorization", bearer),
            ("idempotency-key", key),
            ("content-type", "application/json"),
        ];
        let body = format!(r#"{{"code":"{}","show":"{show}"}}"#, code.to_lowercase());
        connection.send("POST /api/v1/operator/admissions", &headers, &body)
    };
    assert_eq!(admit(&reader, "1", "show_1").status, 403, "who only looks");
    assert_eq!(admit(&bob.token, "2", "show_1").status, 403, "a buyer");
    assert_eq!(admit(&door, "3", "show_2").status, 404, "another show's ticket is not used");
    let first = admit(&door, "4", "show_1");
    assert_eq!((first.status, text(&first.json(), "reservation")), (200, held));
    assert!(admit(&door, "4", "show_1").has_header("idempotent-replayed: true"));
    let again = admit(&door, "5", "show_1");
    assert_eq!((again.status, text(&again.json(), "code")), (409, "TICKET_USED".to_owned()));
    let list = "/api/v1/operator/reservations";
    assert_eq!(connection.get(list, &[("authorization", &door)]).status, 403);
    assert_eq!(connection.get(list, &[("authorization", &reader)]).status, 200);
    // Whose answer is on its way may ask for it, whatever the key allows; this one is nobody's.
    let command = "/api/v1/commands/cmd_AAAA";
    assert_eq!(connection.get(command, &[("authorization", &door)]).status, 404);
    assert_eq!(connection.get(command, &[("authorization", "Bearer amo_x")]).status, 401);
    every_route_is_guarded(house, (&door, &reader));
    the_queues_are_guarded(house, (&door, &reader));
}

/// An address of the document, with the examples that it gives for its parts.
fn example_of(path: &str, operation: &Value) -> String {
    let said = operation["parameters"].as_array().into_iter().flatten();
    said.filter(|one| one["in"] == "path").fold(path.to_owned(), |path, one| {
        let name = format!("{{{}}}", one["name"].as_str().unwrap());
        path.replace(&name, one["example"].as_str().unwrap_or("1"))
    })
}

/// Whatever the served document has for operators is refused to keys that do not allow it, so that a
/// route which is added without a guard fails here.
fn every_route_is_guarded(house: &House, (door, reader): (&str, &str)) {
    let mut connection = house.connect();
    let document = connection.get("/api/v1/openapi.json", &[]).json();
    let (mut changes, mut looks) = (0, 0);
    for (path, methods) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/api/v1/operator/") {
            continue;
        }
        for (method, operation) in methods.as_object().unwrap() {
            let request = format!("{} {}", method.to_uppercase(), example_of(path, operation));
            let mut status =
                |bearer: &str| connection.send(&request, &[("authorization", bearer)], "").status;
            if method == "get" {
                looks += 1;
            } else {
                changes += 1;
                assert_eq!(status(reader), 403, "who only looks: {request}");
            }
            if path != "/api/v1/operator/admissions" {
                assert_eq!(status(door), 403, "who stands at the door: {request}");
            }
        }
    }
    assert!(changes > 20 && looks > 5, "{changes} changes and {looks} looks in the document");
}

/// At the page of the queues.
fn the_queues_are_guarded(house: &House, (door, reader): (&str, &str)) {
    let signed_in = |bearer: &str| {
        let key = bearer.strip_prefix("Bearer ").unwrap();
        Browser::staff(house, key)
    };
    assert_eq!(signed_in(door).get(QUEUES).status, 403);
    let mut reader = signed_in(reader);
    let pressed = reader.post(QUEUES, QUEUES, "queue=none&action=pause");
    assert_eq!(pressed.status, 403, "who only looks pauses nothing");
}

#[test]
fn a_ticket_is_let_in_once_and_the_history_says_by_whom() {
    let directory = tempfile::tempdir().unwrap();
    let programme = directory.path().join("programme.json");
    std::fs::write(&programme, PROGRAMME).unwrap();
    let (code, said) = admitone(&["import", programme.to_str().unwrap()], directory.path());
    assert_eq!(code, 0, "{said}");
    let house = House::start(directory.path(), &[]);
    let (reservation, ticket) = buy(&house);

    let mut opal = Browser::at(&house);
    assert_eq!(opal.get("/operator").status, 401);
    let key = house.operator_key.clone().unwrap();
    let signed_in = opal.post("/operator/sign-in", "/operator/sign-in", &format!("key={key}"));
    assert_eq!(location(&signed_in), "/operator");
    let live = opal.get("/operator").body;
    assert_eq!(between(&live, "data-value=\"sold\">", "<"), "1", "{live}");
    assert!(live.contains("Nothing is oversold"), "{live}");

    let door = "/operator/door";
    let scan = |key: u32| format!("code={ticket}&show=show_1&key={key}");
    let first = opal.post(door, door, &scan(1));
    assert_eq!(first.status, 200, "{}", first.body);
    let again = opal.post(door, door, &scan(2));
    assert_eq!(again.status, 409, "{}", again.body);
    assert!(again.body.contains("Already used since"), "{}", again.body);

    door_by_the_api(&house, &mut opal);

    let told = opal.get(&format!("/operator{reservation}")).body;
    for step in
        ["held until", "paid with pay_", "item 1 was let in at the door", "first operator (op_"]
    {
        assert!(told.contains(step), "{step}: {told}");
    }
    let log = opal.get("/operator/log").body;
    assert!(log.contains("<td>let in</td>"), "{log}");

    assert!(house.stop());
    let (code, said) = admitone(&["verify"], directory.path());
    assert_eq!(code, 0, "{said}");
}
