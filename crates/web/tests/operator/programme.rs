//! The programme: made, changed, imported; seats and ticket types with their guards.

use crate::browser::{Answer, Browser, Form};
use crate::house::{House, SHOW};
use admitone_domain::id::{SeatId, TicketTypeId};
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::show::Show;
use admitone_domain::ticket_type::TicketType;
use admitone_domain::{Key, Money, Row};
use axum::http::StatusCode;

async fn show(house: &House) -> Show {
    match house.row(Key::Show(SHOW)).await {
        Row::Show(show) => show,
        other => panic!("{other:?}"),
    }
}

async fn seat(house: &House, id: u64) -> Seat {
    match house.row(Key::Seat(SeatId(id))).await {
        Row::Seat(seat) => seat,
        other => panic!("{other:?}"),
    }
}

async fn standing(house: &House) -> TicketType {
    match house.row(Key::TicketType(TicketTypeId(1))).await {
        Row::TicketType(known) => known,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_concert_and_its_show_are_made_and_changed() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    let form = opal.form("/operator/concerts", "/operator/concerts").await;
    let form = form.with("title", "<i>Jazz</i>").with("category", "jazz").with("venue", "Club");
    let made = opal.post_and_follow(&form).await;
    assert!(made.has("&#60;i&#62;Jazz&#60;/i&#62;") && !made.has("<i>Jazz"), "{}", made.body);
    let again = opal.post(&form).await;
    assert_eq!(again.location, "/operator/concerts/concert_2", "posted twice, made once");

    let new = made.form("/operator/concerts/concert_2/shows");
    let new = new
        .with("opens_at", "2027-03-01T19:30")
        .with("closes_at", "2027-03-01T22:00")
        .with("booking_opens_at", "2027-01-01T10:00")
        .with("booking_closes_at", "2027-03-01T19:00")
        .with("time_zone", "Asia/Seoul");
    let shown = opal.post_and_follow(&new).await;
    assert!(shown.has("value=\"2027-03-01T19:30\""), "{}", shown.body);
    let change = shown.form("/operator/shows/show_2").with("hold_seconds", "120");
    let changed = opal.post_and_follow(&change).await;
    assert!(changed.has(
        "name=\"hold_seconds\" inputmode=\"numeric\" pattern=\"[0-9]+\" required value=\"120\""
    ));
    let late = opal.post(&change.with("hold_seconds", "60")).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "it was changed since: {}", late.body);
}

#[tokio::test]
async fn times_are_those_of_the_hall_and_nonsense_is_said() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    let page = opal.get("/operator/shows/show_1").await;
    // 19:00 in London is four in the morning in Seoul.
    assert!(page.has("value=\"2026-12-25T04:00\""), "{}", page.body);
    assert!(page.has("<a href=\"/operator/concerts\" aria-current=\"page\">"), "{}", page.body);
    let form = page.form("/operator/shows/show_1");
    let before = show(&house).await;
    opal.post_and_follow(&form).await;
    assert_eq!(show(&house).await, before, "read as they were written");

    let form = opal.form("/operator/shows/show_1", "/operator/shows/show_1").await;
    for (name, value, status) in [
        ("time_zone", "Nowhere/<b>", StatusCode::UNPROCESSABLE_ENTITY),
        ("opens_at", "soon", StatusCode::UNPROCESSABLE_ENTITY),
        ("hold_seconds", "0", StatusCode::UNPROCESSABLE_ENTITY),
        ("hold_seconds", "many", StatusCode::BAD_REQUEST),
        ("closes_at", "2020-01-01T00:00", StatusCode::CONFLICT),
        ("room", "room_9", StatusCode::CONFLICT),
    ] {
        let refused = opal.post(&form.clone().with(name, value)).await;
        assert_eq!(refused.status, status, "{name} {value}: {}", refused.body);
        assert!(!refused.has("<b>"), "{}", refused.body);
    }
    assert_eq!(show(&house).await, before);
}

#[tokio::test]
async fn a_ticket_type_never_goes_below_what_is_sold_and_held() {
    let house = House::open().await;
    house.take(3).await;
    let mut opal = house.staff().await;
    let page = opal.get("/operator/shows/show_1").await;
    assert!(page.has("not below 3, which are sold or held"), "{}", page.body);
    assert!(page.has("type=\"number\" min=\"3\""), "{}", page.body);
    let form = page.form("/operator/types/type_1");
    let refused = opal.post(&form.clone().with("capacity", "2")).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.has("More than that are sold or held"), "{}", refused.body);
    opal.post_and_follow(&form.with("capacity", "3").with("price", "450")).await;
    let now = standing(&house).await;
    assert_eq!((now.capacity, now.price), (3, Money(450)));

    let new = opal.form("/operator/shows/show_1", "/operator/shows/show_1/types").await;
    let new = new.with("name", "Balcony").with("price", "200").with("capacity", "5");
    assert!(opal.post_and_follow(&new).await.has("value=\"Balcony\""));
}

async fn change_seats(opal: &mut Browser, fields: &[(&str, &str)]) -> Answer {
    let action = "/operator/shows/show_1/seats/change";
    let form = opal.form("/operator/shows/show_1", action).await;
    let form = fields.iter().fold(form, |form: Form, (name, value)| form.with(name, value));
    opal.post(&form).await
}

#[tokio::test]
async fn seats_are_added_blocked_put_back_and_priced() {
    let house = House::open().await;
    house.hold(&[5]).await;
    let mut opal = house.staff().await;
    let block =
        [("block", "0"), ("from", "1"), ("to", "2"), ("change", "block"), ("why", "<sponsors>")];
    assert_eq!(change_seats(&mut opal, &block).await.status, StatusCode::SEE_OTHER);
    assert_eq!(seat(&house, 1).await.state, SeatState::Blocked);
    assert_eq!(seat(&house, 3).await.state, SeatState::Free);
    let shown = opal.get("/operator/shows/show_1").await;
    assert!(shown.has("A 1, 1–2: &#60;sponsors&#62;"), "for whom: {}", shown.body);
    assert!(shown.has("<td>1–2: &#60;sponsors&#62;<br></td>"), "in the row: {}", shown.body);

    let long = "w".repeat(61);
    let long = [("block", "0"), ("from", "7"), ("to", "7"), ("change", "block"), ("why", &long)];
    let refused = change_seats(&mut opal, &long).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    assert!(refused.has("has at most 60 letters"), "{}", refused.body);
    assert_eq!(seat(&house, 7).await.state, SeatState::Free);

    let held = [("block", "0"), ("from", "5"), ("to", "5"), ("change", "block")];
    let refused = change_seats(&mut opal, &held).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "somebody has it: {}", refused.body);

    let back = [("block", "0"), ("from", "2"), ("to", "2"), ("change", "unblock")];
    change_seats(&mut opal, &back).await;
    assert_eq!(seat(&house, 2).await.state, SeatState::Free);
    let shown = opal.get("/operator/shows/show_1").await;
    assert!(shown.has("<td>1: &#60;sponsors&#62;<br></td>"), "one is left: {}", shown.body);
    let price = [("block", "0"), ("from", "9"), ("to", ""), ("change", "price"), ("price", "777")];
    change_seats(&mut opal, &price).await;
    assert_eq!(seat(&house, 10).await.price, Money(777));
    assert_eq!(seat(&house, 8).await.price, Money(1_000));

    let add = opal.form("/operator/shows/show_1", "/operator/shows/show_1/seats").await;
    let add = add.with("section", "C").with("row", "1").with("count", "4").with("price", "250");
    opal.post_and_follow(&add).await;
    opal.post_and_follow(&add).await;
    assert_eq!(seat(&house, 24).await.price, Money(250));
    let twice = opal.post(&add.with("key", "another")).await;
    assert_eq!(twice.status, StatusCode::CONFLICT, "they are there already: {}", twice.body);
}

#[tokio::test]
async fn what_seats_are_is_said_shown_and_taken_back() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    let spaces = [("block", "0"), ("from", "9"), ("to", "10"), ("change", "wheelchair")];
    assert_eq!(change_seats(&mut opal, &spaces).await.status, StatusCode::SEE_OTHER);
    let shown = opal.get("/operator/shows/show_1").await;
    assert!(shown.has("9–10: wheelchair space"), "{}", shown.body);
    assert!(shown.has("handed out only to those who ask for them.</p>"), "{}", shown.body);
    let until =
        [("change", "kept"), ("block", "0"), ("kept_until", "2026-12-20T04:00"), ("why", "agreed")];
    assert_eq!(change_seats(&mut opal, &until).await.status, StatusCode::SEE_OTHER);
    let shown = opal.get("/operator/shows/show_1").await;
    assert!(shown.has(", until Sun 20 Dec 2026, 04:00. Asia/Seoul"), "{}", shown.body);
    assert!(shown.has("agreed") && !shown.has(": agreed"), "it is of no row: {}", shown.body);
    assert!(shown.has("name=\"kept_until\" type=\"datetime-local\" value=\"2026-12-20T04:00\""));
    let nonsense = [("change", "kept"), ("block", "0"), ("kept_until", "soon")];
    assert_eq!(change_seats(&mut opal, &nonsense).await.status, StatusCode::BAD_REQUEST);
    let back = [("block", "0"), ("from", "9"), ("to", "9"), ("change", "plain")];
    change_seats(&mut opal, &back).await;
    let shown = opal.get("/operator/shows/show_1").await;
    assert!(shown.has("<span class=\"soft\">10: wheelchair space</span>"), "{}", shown.body);
}

#[tokio::test]
async fn a_document_is_imported_once_and_what_is_wrong_in_it_is_said() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    let form = opal.form("/operator/import", "/operator/import").await;
    let wrong = opal.post(&form.clone().with("document", "{\"concerts\": \"<b>none</b>\"}")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.has("It stopped") && !wrong.has("<b>none"), "{}", wrong.body);
    assert!(wrong.has("&#60;b&#62;none"), "what was typed is still there: {}", wrong.body);

    let document = r#"{ "concerts": [{ "name": "Imported", "category": "jazz", "shows": [{
        "opens_at": "2027-01-01T19:00:00Z", "closes_at": "2027-01-01T22:00:00Z",
        "booking_opens_at": "2026-01-01T00:00:00Z", "booking_closes_at": "2027-01-01T00:00:00Z",
        "seats": [{ "section": "A", "row": "1", "numbers": [1, 3], "price": 10 }] }] }] }"#;
    let form = form.with("document", document);
    for _ in 0..2 {
        let there = opal.post(&form).await;
        assert!(there.has("/operator/concerts/concert_2"), "{}", there.body);
    }
    let list = opal.get("/operator/concerts?q=imported").await;
    assert_eq!(list.body.matches(">Imported<").count(), 1, "{}", list.body);
}
