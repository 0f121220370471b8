//! Imports: what a document may not say is refused before anything is made of it.

use crate::house::House;
use admitone_app::import::{Document, Import};
use admitone_app::ports::reads::ConcertFilter;
use admitone_domain::Actor;
use serde_json::{Value, json};

/// The document with one show, and what came of it.
async fn import(house: &House, change: impl FnOnce(&mut Value)) -> Result<String, String> {
    let mut show = json!({
        "opens_at": "2126-01-02T00:00:00Z",
        "closes_at": "2126-01-03T00:00:00Z",
        "booking_opens_at": "2126-01-01T00:00:00Z",
        "booking_closes_at": "2126-01-02T00:00:00Z",
        "seats": [{ "section": "A", "row": "1", "numbers": [1, 5], "price": 1 }],
    });
    change(&mut show);
    let document = json!({
        "concerts": [{ "name": "Spring", "category": "rock", "shows": [show] }],
    });
    let text = document.to_string();
    let document: Document = serde_json::from_str(&text).unwrap();
    let import = Import::new(&house.office, Actor::House, text.as_bytes());
    let imported = import.run(&document, |_| {}).await.map_err(|trouble| trouble.to_string())?;
    Ok(imported.concerts[0].shows[0].id.clone())
}

#[tokio::test]
async fn a_hold_lasts_a_second_at_least_and_a_day_at_most() {
    let house = House::open().await;
    for seconds in [0, 86_401, u64::MAX] {
        let refused = import(&house, |show| show["hold_seconds"] = json!(seconds)).await;
        assert!(refused.unwrap_err().contains("hold_seconds"), "{seconds}");
    }
    for seconds in [1, 86_400] {
        import(&house, |show| show["hold_seconds"] = json!(seconds)).await.unwrap();
    }
}

#[tokio::test]
async fn a_document_has_a_million_seats_at_most_and_makes_nothing_beyond() {
    let house = House::open().await;
    let before = house.office.reads.shows(None).await.unwrap().len();
    let refused = import(&house, |show| {
        let block = |row: u32| json!({ "section": "A", "row": row.to_string(), "numbers": [1, 100_000], "price": 1 });
        show["seats"] = (0..11).map(block).collect();
    });
    assert!(refused.await.unwrap_err().contains("1,000,000"));
    assert_eq!(house.office.reads.shows(None).await.unwrap().len(), before);
}

#[tokio::test]
async fn a_document_that_is_imported_a_year_later_too_is_there_once() {
    let house = House::open().await;
    let first = import(&house, |_| {}).await.unwrap();
    house.clock.advance_ms(365 * 24 * 3_600_000);
    assert_eq!(import(&house, |_| {}).await.unwrap(), first);
}

#[tokio::test]
async fn a_document_with_a_mistake_at_its_end_makes_nothing() {
    let house = House::open().await;
    let good = json!({
        "opens_at": "2126-01-02T00:00:00Z", "closes_at": "2126-01-03T00:00:00Z",
        "booking_opens_at": "2126-01-01T00:00:00Z", "booking_closes_at": "2126-01-02T00:00:00Z",
        "seats": [{ "section": "A", "row": "1", "numbers": [1, 5], "price": 1 }],
        "ticket_types": [{ "name": "Standing", "price": 1, "quantity": 1 }],
    });
    let all = ConcertFilter { limit: 99, ..ConcertFilter::default() };
    let before = house.office.reads.concerts(&all).await.unwrap().len();
    for (place, value) in [
        ("/concerts/1/name", json!(" ")),
        ("/concerts/1/currency", json!("won")),
        ("/concerts/1/shows/0/opens_at", json!("soon")),
        ("/concerts/1/shows/0/closes_at", json!("2126-01-01T00:00:00Z")),
        ("/concerts/1/shows/0/booking_closes_at", json!("2126-01-01T00:00:00Z")),
        ("/concerts/1/shows/0/per_reservation_max", json!(0)),
        ("/concerts/1/shows/0/room", json!("Nowhere")),
        ("/concerts/1/shows/0/room", json!("room_999")),
        ("/concerts/1/shows/0/seats/0/numbers", json!([5, 1])),
        ("/concerts/1/shows/0/seats/0/price", json!(-1)),
        (
            "/concerts/1/shows/0/seats/1",
            json!({ "section": "A", "row": "1", "numbers": [5, 9], "price": 1 }),
        ),
        ("/concerts/1/shows/0/ticket_types/0/name", json!("")),
        ("/concerts/1/shows/0/ticket_types/0/price", json!(-1)),
        ("/rooms/1/name", json!("Door")),
        ("/rooms/1/name", json!("")),
        ("/rooms/1/settings", json!({ "nonsense": 1 })),
    ] {
        let mut show = good.clone();
        show["per_reservation_max"] = json!(4);
        show["room"] = json!("Door");
        show["seats"].as_array_mut().unwrap().push(json!(
            { "section": "A", "row": "2", "numbers": [1, 5], "price": 1 }));
        let concert = |name: &str| json!({ "name": name, "category": "rock", "currency": "KRW", "shows": [show] });
        let mut document = json!({
            "rooms": [{ "name": "Door" }, { "name": "Back", "settings": {} }],
            "concerts": [concert("One"), concert("Two")],
        });
        *document.pointer_mut(place).unwrap() = value.clone();
        let text = document.to_string();
        let document: Document = serde_json::from_str(&text).unwrap();
        let import = Import::new(&house.office, Actor::House, text.as_bytes());
        let refused = import.run(&document, |_| {}).await.unwrap_err().to_string();
        assert!(!refused.is_empty(), "{place} {value}");
        let made = house.office.reads.concerts(&all).await.unwrap();
        assert_eq!(made.len(), before, "{place} {value}: {refused}");
    }
}
