//! Whatever an operator changes on a page leaves a row in the log. The list of such pages is read from
//! the routes themselves, so that one which is added without a row is found here.

use crate::browser::{Browser, Form};
use crate::door::codes;
use crate::house::House;
use admitone_app::Trouble;
use admitone_app::ports::rehearsals::{Plan, Rehearsal, Rehearsals, Report, Stage};
use admitone_domain::Moment;
use async_trait::async_trait;
use axum::http::StatusCode;
use std::collections::BTreeSet;
use std::sync::Mutex;

/// A hall in which somebody rehearses until it is stopped.
#[derive(Default)]
pub(crate) struct Hall(Mutex<Vec<Rehearsal>>);

#[async_trait]
impl Rehearsals for Hall {
    async fn begin(&self, id: String, plan: Plan) -> Result<bool, Trouble> {
        let (title, by, began_at) = (plan.title, plan.by, Moment(0));
        let (stage, place) = (Stage::Running("playing".into()), "here".into());
        let (buyers, seconds, arrivals) = (plan.buyers, plan.seconds, plan.arrivals);
        let is_stopping = false;
        self.0.lock().unwrap().push(Rehearsal {
            id,
            title,
            buyers,
            seconds,
            arrivals,
            by,
            place,
            is_stopping,
            began_at,
            stage,
        });
        Ok(true)
    }

    async fn all(&self) -> Result<Vec<Rehearsal>, Trouble> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn stop(&self, id: &str) -> Result<bool, Trouble> {
        let mut all = self.0.lock().unwrap();
        let Some(one) = all.iter_mut().find(|one| one.id == id) else { return Ok(false) };
        one.stage = Stage::Stopped;
        Ok(true)
    }

    async fn report(&self, _id: &str) -> Result<Option<Report>, Trouble> {
        Ok(None)
    }
}

const ROUTES: &str = include_str!("../../src/routes.rs");

/// What is posted by operators and changes nothing: who comes in and goes.
const NO_CHANGE: [&str; 2] = ["/operator/sign-in", "/operator/sign-out"];

/// The addresses of operators to which something is posted, as the routes have them.
fn posted() -> BTreeSet<String> {
    let routes = ROUTES.split(".route(").skip(1);
    let posted = routes.filter_map(|route| {
        let route = route.split("\n        .").next()?;
        let path = route.split('"').nth(1)?;
        let is_posted = route.contains("post(") || route.contains("patch(");
        (is_posted && path.starts_with("/operator")).then(|| path.to_owned())
    });
    posted.filter(|path| !NO_CHANGE.contains(&path.as_str())).collect()
}

/// Whether an address is one of a route.
fn is_of(route: &str, address: &str) -> bool {
    let (route, address): (Vec<_>, Vec<_>) =
        (route.split('/').collect(), address.split('/').collect());
    route.len() == address.len()
        && route.iter().zip(&address).all(|(known, part)| known.starts_with('{') || known == part)
}

/// An operator who counts what the log has of her.
struct Opal {
    browser: Browser,
    left: BTreeSet<String>,
}

impl Opal {
    async fn rows(&mut self) -> usize {
        let log = self.browser.get("/operator/log").await;
        assert!(!log.has("?before="), "not all of it is counted");
        log.body.matches("<td>Opal &#60;the operator&#62; (op_1)</td>").count()
    }

    /// Fills in the form of a page, posts it, and looks for the row that it left.
    async fn does(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> String {
        let form = self.browser.form(page, action).await;
        let form = fields.iter().fold(form, |form, (name, value)| form.with(name, value));
        self.posts(form).await
    }

    async fn posts(&mut self, form: Form) -> String {
        let before = self.rows().await;
        let answer = self.browser.post(&form).await;
        let is_done = [StatusCode::OK, StatusCode::SEE_OTHER].contains(&answer.status);
        assert!(is_done, "{}: {} {}", form.action, answer.status, answer.body);
        assert!(before < self.rows().await, "{} left no row in the log", form.action);
        // Where a part of one route is a word of another, the one with the word is meant.
        let of = self.left.iter().filter(|route| is_of(route, &form.action));
        if let Some(route) = of.min_by_key(|route| route.matches('{').count()).cloned() {
            self.left.remove(&route);
        }
        answer.body
    }
}

async fn sale(opal: &mut Opal, house: &House) {
    let bought = house.buy(&[1, 2]).await;
    let tickets = codes(house, bought).await;
    let here = format!("/operator/reservations/{bought}");
    opal.does(&here, &format!("{here}/resend"), &[]).await;
    let reseat = format!("{here}/reseat");
    opal.does(&reseat, &reseat, &[("seat", "seat_8")]).await;
    opal.does("/operator/door", "/operator/door", &[("code", &tickets[0])]).await;
    let typed = opal.browser.form("/operator/door", "/operator/door").await;
    let scan = Form { action: "/operator/door/scan".into(), ..typed };
    opal.posts(scan.with("code", &tickets[1])).await;
    let other = house.buy(&[3]).await;
    let cancel = format!("/operator/reservations/{other}/cancel");
    opal.does(&cancel, &cancel, &[]).await;
    let wallet = format!("/operator/wallets/{}", house.ann);
    let cash = [("amount", "5"), ("why", "cash")];
    opal.does(&wallet, &format!("{wallet}/charge"), &cash).await;
    let back = [("amount", "2"), ("why", "too much")];
    opal.does(&wallet, &format!("{wallet}/withdraw"), &back).await;
    let held = house.hold(&[4]).await;
    let payment = house.begin_to_pay(held).await;
    let inbox = "/operator/payments";
    opal.does(inbox, &format!("{inbox}/{payment}/requery"), &[]).await;
}

async fn line(opal: &mut Opal) {
    let here = "/operator";
    opal.does(here, "/operator/rooms/room_1/dial", &[("users", "7")]).await;
    opal.does(here, "/operator/rooms/room_1/pause", &[]).await;
    opal.does(here, "/operator/rooms", &[("name", "Side door")]).await;
}

async fn programme(opal: &mut Opal) {
    let concerts = "/operator/concerts";
    let jazz = [("title", "Jazz"), ("category", "jazz"), ("venue", "Club")];
    opal.does(concerts, concerts, &jazz).await;
    let concert = "/operator/concerts/concert_2";
    opal.does(concert, concert, &[("venue", "Hall")]).await;
    let times = [
        ("opens_at", "2027-03-01T19:30"),
        ("closes_at", "2027-03-01T22:00"),
        ("booking_opens_at", "2027-01-01T10:00"),
        ("booking_closes_at", "2027-03-01T19:00"),
        ("time_zone", "Asia/Seoul"),
    ];
    opal.does(concert, &format!("{concert}/shows"), &times).await;
    let show = "/operator/shows/show_1";
    opal.does(show, show, &[("hold_seconds", "120")]).await;
    let block = [("block", "0"), ("from", "9"), ("to", "9"), ("change", "block")];
    opal.does(show, &format!("{show}/seats/change"), &block).await;
    let row = [("section", "C"), ("row", "1"), ("count", "4"), ("price", "250")];
    opal.does(show, &format!("{show}/seats"), &row).await;
    let balcony = [("name", "Balcony"), ("price", "200"), ("capacity", "5")];
    opal.does(show, &format!("{show}/types"), &balcony).await;
    opal.does(show, "/operator/types/type_1", &[("price", "450")]).await;
    let document = r#"{ "concerts": [{ "name": "Imported", "category": "jazz", "shows": [] }] }"#;
    opal.does("/operator/import", "/operator/import", &[("document", document)]).await;
}

async fn house_and_outside(opal: &mut Opal) {
    let hooks = "/operator/webhooks";
    let made = opal.does(hooks, hooks, &[("url", "https://a.example/hooks")]).await;
    let id = made.split_once("action=\"/operator/webhooks/").unwrap().1;
    let here = format!("{hooks}/{}", id.split('"').next().unwrap());
    let why = "moved & <b>mended</b>";
    opal.does(&here, &here, &[("types", "wallet.*"), ("why", why)]).await;
    let log = opal.browser.get("/operator/log").await;
    assert!(log.has("moved &#38; &#60;b&#62;mended&#60;/b&#62;"), "{}", log.body);
    opal.does(&here, &format!("{here}/test"), &[]).await;
    // What cannot be done is told of as well, and that it was not done.
    let before = opal.rows().await;
    let form = opal.browser.form(&here, &format!("{here}/test")).await;
    let unknown = Form { action: format!("{here}/messages/99"), ..form };
    assert_eq!(opal.browser.post(&unknown).await.status, StatusCode::NOT_FOUND);
    assert!(before < opal.rows().await);
    assert!(opal.browser.get("/operator/log").await.has("not done"));
    opal.left.remove("/operator/webhooks/{id}/messages/{event}");

    let staff = "/operator/staff";
    opal.does(staff, staff, &[("name", "Dora"), ("role", "door")]).await;
    opal.does(staff, &format!("{staff}/op_2/refuse"), &[]).await;
    let drill = "/operator/drill";
    opal.does(drill, drill, &[("buyers", "5"), ("seconds", "1")]).await;
    let page = opal.browser.get(drill).await.body;
    let id = page.split_once("action=\"/operator/drill/").unwrap().1;
    let stop = format!("{drill}/{}", id.split('"').next().unwrap());
    opal.does(drill, &stop, &[]).await;
    opal.does("/operator/queues", "/operator/queues", &[("action", "pause")]).await;
}

#[tokio::test]
async fn whatever_an_operator_changes_on_a_page_leaves_a_row_in_the_log() {
    let house = House::open().await;
    let mut opal = Opal { browser: house.staff().await, left: posted() };
    assert!(opal.left.len() > 20, "only {:?}", opal.left);
    sale(&mut opal, &house).await;
    line(&mut opal).await;
    programme(&mut opal).await;
    house_and_outside(&mut opal).await;
    assert_eq!(opal.left, BTreeSet::new(), "nobody looks whether these leave a row");
}

#[test]
fn a_route_is_found_however_its_line_is_broken() {
    let all = posted();
    for known in ["/operator/rooms/{id}/{action}", "/operator/import", "/operator/types/{id}"] {
        assert!(all.contains(known), "{known}: {all:?}");
    }
    assert!(!all.contains("/operator/log") && !all.contains("/operator/reservations.csv"));
    assert!(is_of("/operator/rooms/{id}/{action}", "/operator/rooms/room_1/pause"));
    assert!(!is_of("/operator/rooms", "/operator/rooms/room_1"));
}
