//! The live page shows what is, and its dial turns the room.

use crate::house::House;
use admitone_domain::id::RoomId;
use admitone_domain::{Key, Row};
use axum::http::StatusCode;

const ROOM: Key = Key::Room(RoomId(1));

async fn settings(house: &House) -> serde_json::Value {
    match house.row(ROOM).await {
        Row::Room { settings, .. } => serde_json::from_str(&settings).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_numbers_are_those_of_the_sale_without_scripts() {
    let house = House::open().await;
    house.buy(&[1, 2, 3]).await;
    house.hold(&[4, 11]).await;
    let mut opal = house.staff().await;
    let page = opal.get("/operator").await;
    assert_eq!(page.status, StatusCode::OK);
    for shown in [
        "data-value=\"sold\">3<",
        "data-value=\"held\">2<",
        "Nothing is oversold",
        "The order is kept",
        "none/none/optimistic",
        "data-value=\"room_1.waiting\">0<",
        "Main door",
        "Standing",
        // Of ten seats three are sold and one is held.
        "h4\">6<",
    ] {
        assert!(page.has(shown), "{shown}: {}", page.body);
    }
    let part = opal.get("/operator/live/part").await;
    assert!(part.has("data-value=\"sold\">3<") && !part.has("<html"), "{}", part.body);
}

#[tokio::test]
async fn what_was_typed_is_shown_and_is_no_markup() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    let page = opal.get("/operator").await;
    assert!(page.has("Winter &#60;Lights&#62;") && !page.has("<Lights>"), "{}", page.body);
    let form = page.form("/operator/rooms/room_1/dial");
    let typed = "\"><script>alert(1)</script>";
    let after = opal.post_and_follow(&form.with("message", typed)).await;
    assert!(!after.has("<script>alert"), "{}", after.body);
    assert_eq!(settings(&house).await["message"], typed);
}

#[tokio::test]
async fn the_dial_turns_rate_and_limit_and_says_what_it_cannot_take() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    let form = opal.form("/operator", "/operator/rooms/room_1/dial").await;
    let turned = form.clone().with("users", "100").with("active_max", "").with("message", "soon");
    opal.post_and_follow(&turned).await;
    let now = settings(&house).await;
    assert_eq!(now["rate"]["users"], 100);
    assert_eq!(now["rate"]["shape"]["smooth"]["burst"], 50, "half a second of it");
    assert!(now["active_max"].is_null());
    assert_eq!(now["message"], "soon");

    // The page is older than what was just set: nothing is written over it unseen.
    let late = opal.post(&form.with("users", "7")).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.has("Somebody changed this meanwhile"), "{}", late.body);

    let form = opal.form("/operator", "/operator/rooms/room_1/dial").await;
    let refused = opal.post(&form.with("active_max", "0")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.has("At most inside: 1 to 1,000,000"), "{}", refused.body);
}

#[tokio::test]
async fn a_room_is_paused_drained_closed_and_opened_again() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    for (action, mode, words) in [
        ("pause", "paused", "<td>paused</td>"),
        ("drain", "draining", "<td>draining</td>"),
        ("close", "closed", "<td>closed</td>"),
        ("resume", "open", "<td>open</td>"),
    ] {
        let path = format!("/operator/rooms/room_1/{action}");
        let form = opal.form("/operator", &path).await;
        let after = opal.post_and_follow(&form).await;
        assert_eq!(settings(&house).await["mode"], mode);
        assert!(after.has(words), "{action}: {}", after.body);
        assert!(after.try_form(&path).is_none(), "it is so already");
    }
    let form = opal.form("/operator", "/operator/rooms/room_1/pause").await;
    let nonsense = crate::browser::Form { action: "/operator/rooms/room_1/explode".into(), ..form };
    assert_eq!(opal.post(&nonsense).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_same_form_posted_twice_is_done_once() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    let form = opal.form("/operator", "/operator/rooms/room_1/pause").await;
    opal.post_and_follow(&form).await;
    let version = house.office.row(ROOM).await.unwrap().unwrap().version;
    opal.post_and_follow(&form).await;
    assert_eq!(house.office.row(ROOM).await.unwrap().unwrap().version, version);
}

#[tokio::test]
async fn how_long_holds_and_payments_take_is_shown_and_how_many_instances_there_are() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    let before = opal.get("/operator").await;
    assert!(before.has("<dt>instances</dt><dd>3</dd>"), "{}", before.body);
    assert_eq!(times(&before.body), [["–", "–"], ["–", "–"]], "nothing happened yet");
    for (seat, took_ms) in (1..=5).zip([10, 10, 10, 10, 80]) {
        house.takes(took_ms);
        house.hold(&[seat]).await;
    }
    house.takes(30);
    house.buy(&[6]).await;
    house.takes(0);
    // The page is a second old at most.
    house.clock.advance_ms(1_000);
    let after = opal.get("/operator").await;
    let [hold, pay] = times(&after.body).map(|row| row.map(|ms| ms.parse::<f64>().unwrap()));
    // A hundredth of what was measured is as near as it is kept.
    let near = |shown: f64, took: f64| (took..took * 1.02).contains(&shown);
    assert!(near(hold[0], 10.0) && near(hold[1], 80.0), "{hold:?}");
    assert!(near(pay[0], 30.0) && near(pay[1], 30.0), "{pay:?}");
    house.clock.advance_ms(60_000);
    let later = opal.get("/operator").await;
    assert_eq!(times(&later.body), [["–", "–"], ["–", "–"]], "a minute later it is forgotten");
}

/// Of holds and of payments: half of them, and all but one in a hundred, as the page shows it.
fn times(page: &str) -> [[&str; 2]; 2] {
    let rows = page.split_once("p99, ms").unwrap().1;
    let cells: Vec<&str> = rows
        .split("<td class=\"number\"")
        .skip(1)
        .map(|cell| cell.split_once('>').unwrap().1.split('<').next().unwrap())
        .collect();
    [[cells[3], cells[4]], [cells[8], cells[9]]]
}
