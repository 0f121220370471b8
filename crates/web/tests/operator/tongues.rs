//! A Korean page has no English on it: every page there is, and what is said of forms that cannot be taken. The
//! list of pages is read from the routes themselves. What a page says are its texts and the attributes that are
//! read out or shown; what people, machines and brokers are called is no language and stands in [`NAMES`].

use crate::browser::{Answer, Browser, Form};
use crate::house::House;
use crate::queues::put_away;
use axum::http::StatusCode;
use std::collections::BTreeSet;

const ROUTES: &str = include_str!("../../src/routes.rs");

/// In Korean, so that what is said of it is not taken for a word of the house.
const PROGRAMME: &str = r#"{
  "rooms": [{ "name": "정문", "settings": { "active_max": 50 } }],
  "concerts": [{ "name": "겨울 <빛>", "category": "록", "venue": "강당", "shows": [{
    "opens_at": "2026-12-24T19:00:00Z", "closes_at": "2026-12-24T22:00:00Z",
    "booking_opens_at": "2026-11-01T00:00:00Z", "booking_closes_at": "2026-12-24T18:00:00Z",
    "time_zone": "Asia/Seoul",
    "seats": [{ "section": "가", "row": "1", "numbers": [1, 20], "price": 1000, "attribute": "wheelchair" }],
    "ticket_types": [{ "name": "입석", "quantity": 20, "price": 300 }]
  }] }]
}"#;

/// What is called so in every language.
const NAMES: [&str; 45] = [
    // The house, and its people in these tests.
    "admitone",
    "Opal",
    "the",
    "operator",
    "Ann",
    "here",
    // Abbreviations and things of the trade.
    "API",
    "UTC",
    "KRW",
    "ISO",
    "show",
    "sold",
    "CSV",
    "JSON",
    "QR",
    "ms",
    "p99",
    "Enter",
    "Asia",
    "Seoul",
    "Kafka",
    "RabbitMQ",
    "https",
    "http",
    "example",
    "hooks",
    // What is written and read as it is: names of strategies, operations, events and starts.
    "none",
    "optimistic",
    "memory",
    "kafka",
    "rabbitmq",
    "beginning",
    "end",
    "charge",
    "reservation",
    "wallet",
    "moved",
    "endpoint",
    "tested",
    "bank",
    "com",
    "op",
    "res",
    "pay",
    "buyer",
];

/// Attributes that are read out, shown, or put on the page by a script.
const SAID: [&str; 26] = [
    "aria-label",
    "title",
    "placeholder",
    "alt",
    "data-b",
    "data-c",
    "data-card",
    "data-chosen",
    "data-days",
    "data-f",
    "data-h",
    "data-here",
    "data-kept",
    "data-last",
    "data-left",
    "data-lost",
    "data-minutes",
    "data-nearest",
    "data-over",
    "data-remove",
    "data-s",
    "data-seat",
    "data-stage",
    "data-there",
    "data-too-many",
    "data-words",
];

/// What a page says, without its markup. What is marked as English is said to be so to who listens.
fn said(page: &str) -> String {
    let mut said = String::new();
    let mut foreign: Option<String> = None;
    for part in page.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        let name = tag.split([' ', '\n', '/']).next().unwrap_or_default();
        match &foreign {
            Some(open) if tag == format!("/{open}") => foreign = None,
            Some(_) => continue,
            // What is shown as it is: a message that was sent, the code of a problem.
            None if tag.contains(" lang=\"en\"") || ["pre", "code"].contains(&name) => {
                foreign = Some(name.to_owned());
                continue;
            }
            None => {}
        }
        for attribute in SAID {
            let begin = format!(" {attribute}=\"");
            let value = tag.split_once(begin.as_str()).and_then(|(_, rest)| rest.split('"').next());
            said.extend(value.into_iter().chain([" "]));
        }
        said.push_str(text);
        said.push(' ');
    }
    said.replace("&#60;", " ").replace("&#62;", " ").replace("&#39;", "'").replace("&#38;", "&")
}

/// Words of Latin letters that are no names. What has digits or underscores is an id.
fn english(page: &str) -> BTreeSet<String> {
    let said = said(page);
    let words = said.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let is_word =
        |word: &&str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    words.filter(is_word).filter(|word| !NAMES.contains(word)).map(str::to_owned).collect()
}

/// The pages that the routes have, each with what stands for its ids; streams never end, and files
/// are no pages.
fn pages(samples: &[(&str, String)]) -> Vec<String> {
    let routes = ROUTES.split(".route(").skip(1).filter_map(|route| {
        let path = route.split('"').nth(1)?;
        let is_file = path.contains('.') || path.contains("/assets") || path.ends_with("/map");
        let line = route.split("\n        .").next()?.split("\n}").next()?;
        let is_page = line.contains("get(") && !is_file;
        (is_page && !path.contains("/events") && path != "/language/{code}").then_some(path)
    });
    let mut all = Vec::new();
    for path in routes {
        let mut path = path.to_owned();
        for (part, sample) in samples {
            path = path.replace(part, sample);
        }
        assert!(!path.contains('{'), "nothing stands for the id in {path}");
        all.push(path);
    }
    all
}

/// What was found, all of it at once.
#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    fn look(&mut self, what: &str, answer: &Answer) {
        assert!(answer.has("<html lang=\"ko\"") || !answer.has("<html"), "{what}: {}", answer.body);
        let words = english(&answer.body);
        if !words.is_empty() {
            self.0.push(format!("{what} says {words:?}"));
        }
    }

    /// Fills in the form of a page, and looks at what comes of it.
    async fn tries(
        &mut self,
        browser: &mut Browser,
        (page, action): (&str, &str),
        fields: &[(&str, &str)],
    ) {
        let form = browser.form(page, action).await;
        let form = fields.iter().fold(form, |form, (name, value)| form.with(name, value));
        let answer = browser.post(&form).await;
        let what = format!("{action} with {fields:?}");
        if answer.status == StatusCode::SEE_OTHER {
            let page = browser.get(&answer.location).await;
            self.look(&what, &page);
        } else {
            self.look(&what, &answer);
        }
    }
}

#[tokio::test]
async fn no_page_has_english_on_it_for_who_reads_korean() {
    let house = House::of(PROGRAMME).await;
    let mut found = Found::default();
    let consumer = put_away(&house.queue).await;
    let (sold, held) = (house.buy(&[1, 2]).await, house.hold(&[3]).await);
    let payment = house.begin_to_pay(held).await;
    let (mut opal, mut ann) = (house.staff().await, house.as_ann());
    for browser in [&mut opal, &mut ann] {
        browser.get("/language/ko").await;
    }
    let hooks = "/operator/webhooks";
    found.tries(&mut opal, (hooks, hooks), &[("url", "https://a.example/hooks")]).await;
    let list = opal.get("/operator/webhooks").await.body;
    let hook = list.split_once("/operator/webhooks/endpoint_").unwrap().1;
    let hook = format!("endpoint_{}", hook.split('"').next().unwrap());
    let hooks = format!("/operator/webhooks/{hook}");
    found.tries(&mut opal, (&hooks, &format!("{hooks}/test")), &[]).await;
    found.tries(&mut opal, (&hooks, &format!("{hooks}/disable")), &[("why", "고장")]).await;
    found.tries(&mut opal, ("/operator/queues", "/operator/queues"), &[("action", "pause")]).await;
    found.tries(&mut opal, ("/operator/drill", "/operator/drill"), &[("buyers", "5")]).await;

    let samples = [
        ("/reservations/{id}/{deed}", format!("/reservations/{sold}/cancel")),
        ("/reservations/{id}", format!("/reservations/{sold}")),
        ("/concerts/{id}", "/concerts/concert_1".to_owned()),
        ("/shows/{id}", "/shows/show_1".to_owned()),
        ("/wallets/{buyer}", format!("/wallets/{}", house.ann)),
        ("/webhooks/{id}", format!("/webhooks/{hook}")),
        ("/drill/{id}", "/drill/drill_1".to_owned()),
    ];
    let all = pages(&samples);
    assert!(all.len() > 30, "{all:?}");
    let more =
        ["dead", "waiting"].map(|state| format!("/operator/queues?queue=memory&state={state}"));
    let held = [format!("/reservations/{held}"), format!("/operator/reservations/{held}/release")];
    for path in all.iter().chain(&more).chain(&held) {
        let browser = if path.starts_with("/operator") { &mut opal } else { &mut ann };
        let mut answer = browser.get(path).await;
        if answer.status == StatusCode::SEE_OTHER {
            answer = browser.get(&answer.location).await;
        }
        assert!(!answer.body.is_empty(), "{path}");
        found.look(path, &answer);
        let mut stranger = house.nobody();
        stranger.headers = vec![("accept-language", "ko".into())];
        found.look(path, &stranger.get(path).await);
    }
    assert!(opal.get("/operator/payments").await.has(&payment.to_string()));
    drop(consumer);
    assert!(found.0.is_empty(), "{}", found.0.join("\n"));
}

#[test]
fn english_is_found_wherever_it_is_said() {
    let page = |text: &str| format!("<html lang=\"ko\"><p>{text}</p>");
    for (text, word) in [
        ("안녕 hello", "hello"),
        ("<b aria-label=\"Close\">x</b>", "Close"),
        ("<div data-words=\"about {1}\"></div>", "about"),
        ("<a lang=\"en\">Yes</a> <code>id</code> no", "no"),
    ] {
        assert_eq!(english(&page(text)), BTreeSet::from([word.to_owned()]), "{text}");
    }
    for text in
        ["안녕", "res_12 op_1 {1}", "admitone API", "<a class=\"big one\" href=\"/sign-in\">가</a>"]
    {
        assert_eq!(english(&page(text)), BTreeSet::new(), "{text}");
    }
}

/// The page of a form, where it is posted, and what is filled in.
type Filled = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What an operator's form cannot be.
const WRONG: [Filled; 23] = [
    (
        "/operator/concerts",
        "/operator/concerts",
        &[("title", " "), ("category", "록"), ("venue", "강당")],
    ),
    (
        "/operator/concerts",
        "/operator/concerts",
        &[("title", "봄"), ("category", "록"), ("currency", "원")],
    ),
    (
        "/operator/concerts/concert_1",
        "/operator/concerts/concert_1/shows",
        &[("time_zone", "Asia/Seoul")],
    ),
    ("/operator/concerts/concert_1", "/operator/concerts/concert_1/shows", &[("opens_at", "1")]),
    ("/operator/shows/show_1", "/operator/shows/show_1", &[("hold_seconds", "0")]),
    ("/operator/shows/show_1", "/operator/shows/show_1", &[("per_reservation_max", "0")]),
    (
        "/operator/shows/show_1",
        "/operator/shows/show_1",
        &[("time_zone", "Asia/Seoul"), ("closes_at", "2026-12-24T01:00")],
    ),
    (
        "/operator/shows/show_1",
        "/operator/shows/show_1/seats",
        &[("section", "가"), ("row", "1"), ("count", "4"), ("price", "5")],
    ),
    (
        "/operator/shows/show_1",
        "/operator/shows/show_1/seats",
        &[("section", "나"), ("row", "1"), ("count", "200000"), ("price", "5")],
    ),
    (
        "/operator/shows/show_1",
        "/operator/shows/show_1/types",
        &[("name", " "), ("price", "5"), ("capacity", "5")],
    ),
    ("/operator/shows/show_1", "/operator/types/type_1", &[("name", " ")]),
    ("/operator", "/operator/rooms", &[("name", " ")]),
    ("/operator", "/operator/rooms/room_1/dial", &[("users", "0"), ("interval_ms", "1000")]),
    ("/operator", "/operator/rooms/room_1/dial", &[("active_max", "0")]),
    ("/operator/staff", "/operator/staff", &[("name", " ")]),
    ("/operator/webhooks", "/operator/webhooks", &[("url", "https://a.example/"), ("types", "1")]),
    ("/operator/webhooks", "/operator/webhooks", &[("url", "http://a.example/")]),
    ("/operator/import", "/operator/import", &[("document", "?")]),
    ("/operator/drill", "/operator/drill", &[("buyers", "0")]),
    ("/operator/queues", "/operator/queues", &[("action", "start"), ("from", "?")]),
    ("/operator/queues", "/operator/queues", &[("action", "start"), ("from", "120")]),
    ("/operator/queues", "/operator/queues", &[("action", "retry"), ("job", "99")]),
    ("/operator/door", "/operator/door", &[("code", "7")]),
];

#[tokio::test]
async fn what_cannot_be_taken_is_refused_in_korean_to_who_reads_it() {
    let house = House::of(PROGRAMME).await;
    let sold = house.buy(&[1]).await;
    let (mut opal, mut ann, mut found) = (house.staff().await, house.as_ann(), Found::default());
    for browser in [&mut opal, &mut ann] {
        browser.get("/language/ko").await;
    }
    for (page, action, fields) in WRONG {
        found.tries(&mut opal, (page, action), fields).await;
    }
    let wallet = format!("/operator/wallets/{}", house.ann);
    for (deed, amount, why) in
        [("charge", "5", ""), ("charge", "0", "현금"), ("withdraw", "1,000,000", "현금")]
    {
        let fields = [("amount", amount), ("why", why)];
        found.tries(&mut opal, (&wallet, &format!("{wallet}/{deed}")), &fields).await;
    }
    let own = opal.form("/operator/staff", "/operator/staff").await;
    let own = Form { action: "/operator/staff/op_1/refuse".into(), ..own };
    found.look("the own key", &opal.post(&own).await);
    for (page, fields) in [
        ("/sign-in", [("name", "가나다"), ("password", "가나다라마바사아")]),
        ("/sign-up", [("name", "가"), ("password", "가나다라마바사아")]),
        ("/sign-up", [("name", "가나다"), ("password", "1")]),
        ("/operator/sign-in", [("key", "열쇠"), ("name", "")]),
    ] {
        let mut stranger = house.nobody();
        stranger.get("/language/ko").await;
        found.tries(&mut stranger, (page, page), &fields).await;
    }
    let seats = "/shows/show_1/seats";
    found
        .tries(&mut ann, (seats, "/shows/show_1/hold"), &[("how", "items"), ("seat", "seat_1")])
        .await;
    found
        .tries(&mut ann, (seats, "/shows/show_1/hold"), &[("how", "items"), ("seat", "seat_999")])
        .await;
    found.tries(&mut ann, ("/wallet", "/wallet/charge"), &[("amount", "0")]).await;
    let cancel = format!("/reservations/{sold}/cancel");
    found.tries(&mut ann, (&cancel, &cancel), &[]).await;
    assert!(found.0.is_empty(), "{}", found.0.join("\n"));
}
