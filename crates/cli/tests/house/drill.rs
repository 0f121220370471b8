//! A rehearsal from the page of operators: it plays on a copy, is kept with its report, and the sale
//! is what it was.

use crate::operators::{Browser, between, location};
use crate::process::{Answer, Connection, House, admitone};
use crate::shared_store::Server;
use crate::shopper::import;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const PROGRAMME: &str = r#"{
  "rooms": [{ "name": "Main", "settings": { "active_max": 20 } }],
  "concerts": [{ "name": "Winter <Lights>", "category": "rock", "shows": [{
    "opens_at": "2099-01-01T19:00:00Z", "closes_at": "2099-01-01T22:00:00Z",
    "booking_opens_at": "2098-01-01T00:00:00Z", "booking_closes_at": "2099-01-01T00:00:00Z",
    "room": "Main", "seats": [{ "section": "A", "row": "1", "numbers": [1, 30], "price": 10 }],
    "ticket_types": [{ "name": "Standing", "price": 5, "quantity": 10 }] }] }] }"#;
const HERE: &str = "/operator/drill";
/// On a busy machine everything takes its time.
const PATIENCE: Duration = Duration::from_mins(3);

fn opened(directory: &Path) -> (House, Browser) {
    let programme = directory.join("programme.json");
    std::fs::write(&programme, PROGRAMME).unwrap();
    let (code, said) = admitone(&["import", programme.to_str().unwrap()], directory);
    assert_eq!(code, 0, "{said}");
    let house = House::start(directory, &[]);
    let key = house.operator_key.clone().unwrap();
    let mut opal = Browser::at(&house);
    location(&opal.post("/operator/sign-in", "/operator/sign-in", &format!("key={key}")));
    (house, opal)
}

/// The page once it says something, for as long as people wait.
fn wait_for(opal: &mut Browser, what: &str) -> String {
    let begun = Instant::now();
    loop {
        let page = opal.get(HERE).body;
        if page.contains(what) {
            return page;
        }
        assert!(begun.elapsed() < PATIENCE, "no {what}: {page}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// All that the sale has: its shows, its reservations, its log.
fn sale(house: &House) -> (Vec<Value>, usize) {
    let mut connection = house.connect();
    let bearer = format!("Bearer {}", house.operator_key.as_deref().unwrap());
    let mut get = |path: &str| connection.get(path, &[("authorization", bearer.as_str())]).json();
    let all = [
        "/api/v1/concerts",
        "/api/v1/concerts/concert_1/shows",
        "/api/v1/shows/show_1/ticket-types",
        "/api/v1/operator/reservations",
        "/api/v1/operator/payments/inbox",
    ];
    let log = get("/api/v1/operator/log")["data"].as_array().unwrap().len();
    (all.map(get).to_vec(), log)
}

#[test]
fn a_rehearsal_is_played_on_a_copy_and_the_sale_is_what_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let (house, mut opal) = opened(directory.path());
    let (before, log) = sale(&house);
    let few = "show=show_1&buyers=20&seconds=1&arrivals=at-once&key=1";
    location(&opal.post(HERE, HERE, few));
    let page = wait_for(&mut opal, "id=\"running\"");
    assert!(page.contains("http-equiv=\"refresh\""), "{page}");
    // One at a time: the form is not offered, and posted all the same it is refused.
    assert!(!page.contains("name=\"buyers\""), "{page}");
    let second = opal.post(HERE, HERE, "buyers=20&seconds=1&arrivals=evenly&key=2");
    assert_eq!(second.status, 422, "{}", second.body);
    assert!(second.body.contains("goes on already"), "{}", second.body);

    let page = wait_for(&mut opal, "all that was answered was true");
    assert!(page.contains("Winter &#60;Lights&#62;, show_1"), "{page}");
    let report = between(&page, "href=\"/operator/drill/drill_", "\"").to_owned();
    let report = format!("{HERE}/drill_{report}");
    let shown = opal.get(&report);
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(shown.body.contains("drill under"), "{}", shown.body);
    assert!(!shown.body.contains("<style>"), "the policy would leave it out");
    assert!(shown.head.contains("default-src 'none'"), "{}", shown.head);
    let style = opal.get(&format!("{report}/style.css"));
    assert!(style.has_header("content-type: text/css; charset=utf-8"), "{}", style.head);
    assert!(style.body.contains("table"), "{}", style.body);
    assert_eq!(opal.get(&format!("{HERE}/drill_999")).status, 404);

    let (after, longer) = sale(&house);
    assert_eq!(after, before, "something of the sale was written");
    assert_eq!(longer, log + 1, "that it was done, and by whom, and nothing else");
    let told = opal.get("/operator/log").body;
    assert!(told.contains("rehearsed the sale"), "{told}");
    assert!(house.stop());
    let (code, said) = admitone(&["verify"], directory.path());
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_rehearsal_is_stopped_by_whoever_may_and_with_its_house() {
    let directory = tempfile::tempdir().unwrap();
    let (house, mut opal) = opened(directory.path());
    let long = "show=&buyers=20&seconds=300&arrivals=evenly&key=1";
    location(&opal.post(HERE, HERE, long));
    let page = wait_for(&mut opal, "of 360 s");
    let stop = between(&page, "action=\"/operator/drill/drill_", "\"").to_owned();
    let made = opal.post("/operator/staff", "/operator/staff", "name=Rita&role=read-only&key=9");
    let key = between(&made.body, "id=\"made\">", "<").to_owned();
    let mut rita = Browser::at(&house);
    location(&rita.post("/operator/sign-in", "/operator/sign-in", &format!("key={key}")));
    let refused = rita.post(HERE, &format!("{HERE}/drill_{stop}"), "");
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(rita.get(HERE).body.contains("id=\"running\""));
    location(&opal.post(HERE, &format!("{HERE}/drill_{stop}"), ""));
    wait_for(&mut opal, ">stopped<");

    location(&opal.post(HERE, HERE, &long.replace("key=1", "key=2")));
    wait_for(&mut opal, "of 360 s");
    let begun = Instant::now();
    assert!(house.stop(), "it is ended with its house");
    assert!(begun.elapsed() < PATIENCE);
    assert_eq!(left(directory.path()), 0, "its store is gone");
}

/// How many rehearsals have a directory.
fn left(directory: &Path) -> usize {
    std::fs::read_dir(directory.join("drills")).map_or(0, Iterator::count)
}

/// An operator who asks for JSON.
struct Staff {
    connection: Connection,
    bearer: String,
    wishes: u32,
}

impl Staff {
    fn at(house: &House, key: &str) -> Self {
        Self { connection: house.connect(), bearer: format!("Bearer {key}"), wishes: 0 }
    }

    fn ask(&mut self, what: &str, body: &Value) -> Answer {
        self.wishes += 1;
        let wish = self.wishes.to_string();
        self.ask_under(&wish, what, body)
    }

    fn ask_under(&mut self, wish: &str, what: &str, body: &Value) -> Answer {
        let headers = [
            ("authorization", self.bearer.as_str()),
            ("idempotency-key", wish),
            ("content-type", "application/json"),
        ];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.connection.send(what, &headers, &body)
    }

    fn read(&mut self, path: &str) -> Value {
        let answer = self.ask(&format!("GET {path}"), &Value::Null);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    /// Waits until the newest rehearsal is in a state, and of it whatever `is_so` asks.
    fn until(&mut self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let newest = self.read(DRILLS)["data"][0].clone();
            if is_so(&newest) {
                return newest;
            }
            assert!(begun.elapsed() < PATIENCE, "never {what}: {newest}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

const DRILLS: &str = "/api/v1/operator/drills";

#[test]
fn a_rehearsal_is_begun_followed_and_read_by_the_api() {
    let directory = tempfile::tempdir().unwrap();
    let (house, _) = opened(directory.path());
    let mut opal = Staff::at(&house, house.operator_key.as_deref().unwrap());
    let post = format!("POST {DRILLS}");
    assert_eq!(opal.read(DRILLS)["data"], json!([]));
    let few = json!({ "show": "show_1", "buyers": 20, "seconds": 1, "arrivals": "at-once" });
    for (wrong, status) in [
        (json!({ "buyers": 0, "seconds": 1, "arrivals": "evenly" }), 400),
        (json!({ "buyers": 20, "seconds": 301, "arrivals": "evenly" }), 400),
        (json!({ "buyers": 20, "seconds": 1, "arrivals": "never" }), 400),
        (json!({ "show": "show_9", "buyers": 20, "seconds": 1, "arrivals": "evenly" }), 404),
    ] {
        assert_eq!(opal.ask(&post, &wrong).status, status, "{wrong}");
    }
    let begun = opal.ask_under("once", &post, &few);
    assert_eq!((begun.status, &begun.json()["state"]), (201, &json!("running")), "{}", begun.body);
    let id = begun.json()["id"].as_str().unwrap().to_owned();
    let again = opal.ask_under("once", &post, &few);
    assert_eq!((again.status, again.json()["id"].as_str()), (201, Some(id.as_str())));
    assert!(again.has_header("idempotent-replayed: true"), "{}", again.head);
    let second = opal.ask(&post, &few);
    assert_eq!((second.status, &second.json()["code"]), (409, &json!("DRILL_CANNOT")));
    let none = opal.ask(&format!("GET {DRILLS}/{id}/report"), &Value::Null);
    assert_eq!(none.status, 404, "there is none before its end");

    let sound = opal.until("sound", |one| one["state"] == "sound");
    assert_eq!((&sound["id"], &sound["has_report"]), (&json!(id), &json!(true)));
    assert_eq!(opal.read(&format!("{DRILLS}/{id}")), sound);
    let report = opal.read(&format!("{DRILLS}/{id}/report"));
    assert!(report.as_object().is_some_and(|report| !report.is_empty()), "{report}");
    let stop = format!("POST {DRILLS}/{id}/actions/stop");
    assert_eq!(opal.ask(&stop, &Value::Null).json(), sound, "what has ended stays as it is");
    let nothing = format!("{DRILLS}/drill_9");
    for what in [format!("GET {nothing}"), format!("POST {nothing}/actions/stop")] {
        assert_eq!(opal.ask(&what, &Value::Null).status, 404, "{what}");
    }
    assert_eq!(opal.read(DRILLS)["data"].as_array().unwrap().len(), 1);
    let log = opal.read("/api/v1/operator/log");
    let told = log["data"].as_array().unwrap().iter().filter(|one| one["what"] == "rehearsed");
    assert_eq!(told.count(), 1, "{log}");
    assert!(house.stop());
}

#[test]
fn another_instance_shows_stops_and_outlives_a_rehearsal() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, 30, None);
    let flags = ["--store", store.as_str()];
    let first = House::start(directory.path(), &flags);
    let key = first.operator_key.clone().unwrap();
    let second = House::start(directory.path(), &flags);
    let mut there = Staff::at(&second, &key);
    let long = json!({ "buyers": 20, "seconds": 300, "arrivals": "evenly" });
    let post = format!("POST {DRILLS}");
    let begun = Staff::at(&first, &key).ask_under("1", &post, &long);
    assert_eq!(begun.status, 201, "{}", begun.body);
    let plays = there.until("playing", |one| one["says"].to_string().contains("of 360 s"));
    let place = plays["place"].as_str().unwrap();
    assert!(place.ends_with(&format!("process {}", first.pid())), "{place}");
    let refused = there.ask(&post, &long);
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("DRILL_CANNOT")));
    let mut opal = Browser::at(&second);
    location(&opal.post("/operator/sign-in", "/operator/sign-in", &format!("key={key}")));
    let page = wait_for(&mut opal, "id=\"running\"");
    assert!(page.contains(&format!("Played by {place}")), "{page}");
    let stop = between(&page, "action=\"/operator/drill/drill_", "\"").to_owned();
    location(&opal.post(HERE, &format!("{HERE}/drill_{stop}"), ""));
    there.until("stopped", |one| one["state"] == "stopped");

    // Begun anew, and the instance that plays it is killed: the other shows that it has ended.
    let begun = Staff::at(&first, &key).ask_under("2", &post, &long);
    assert_eq!(begun.status, 201, "{}", begun.body);
    there.until("playing", |one| one["says"].to_string().contains("of 360 s"));
    first.kill();
    let lost = there.until("lost", |one| one["state"] == "lost");
    assert_eq!(lost["id"], begun.json()["id"]);
    assert!(opal.get(HERE).body.contains("ended with its instance"));
    let next = there.ask(&post, &long);
    assert_eq!(next.status, 201, "{}", next.body);
    let id = next.json()["id"].as_str().unwrap().to_owned();
    there.ask(&format!("POST {DRILLS}/{id}/actions/stop"), &Value::Null);
    there.until("stopped", |one| one["state"] == "stopped");
    let logged = there.read("/api/v1/operator/log");
    let told = logged["data"].as_array().unwrap().iter().filter(|one| one["what"] == "stopped");
    let told: Vec<&str> = told.filter_map(|one| one["id"].as_str()).collect();
    assert!(told.contains(&id.as_str()), "{logged}");
    assert!(second.stop());
}
