//! A rehearsal from the page of operators: it plays on a copy, is kept with its report, and the sale
//! is what it was.

use crate::operators::{Browser, between, location};
use crate::process::{House, admitone};
use serde_json::Value;
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
    let drills: Vec<_> = std::fs::read_dir(directory.path().join("drills")).unwrap().collect();
    assert_eq!(drills.len(), 2);
    for drill in drills {
        let kept = std::fs::read_dir(drill.unwrap().path()).unwrap();
        let kept: Vec<_> = kept.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(kept.len(), 2, "its store is gone: {kept:?}");
    }
}
