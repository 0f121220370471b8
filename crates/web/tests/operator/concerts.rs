//! The list of concerts: from which price on, and which cost no more than somebody wants to pay.

use crate::house::House;

/// A concert with a seat for the first price, and others for the second.
fn concert(name: &str, one: u32, others: u32) -> String {
    format!(
        r#"{{ "name": "{name}", "category": "rock", "shows": [{{
        "opens_at": "2026-12-24T19:00:00Z", "closes_at": "2026-12-24T22:00:00Z",
        "booking_opens_at": "2026-11-01T00:00:00Z", "booking_closes_at": "2026-12-24T18:00:00Z",
        "seats": [{{ "section": "A", "row": "1", "numbers": [1, 1], "price": {one} }},
                  {{ "section": "B", "row": "1", "numbers": [1, 3], "price": {others} }}] }}] }}"#
    )
}

async fn house(concerts: &[String]) -> House {
    House::of(&format!(r#"{{ "concerts": [{}] }}"#, concerts.join(","))).await
}

/// What is in the list.
async fn shown(house: &House, query: &str) -> String {
    house.nobody().get(&format!("/?{query}")).await.body
}

#[tokio::test]
async fn the_price_from_is_that_of_what_can_still_be_had() {
    let house = house(&[concert("Cheap", 300, 1_000)]).await;
    assert!(shown(&house, "").await.contains("from ₩300"));
    // Held it may come back; sold it does not.
    house.hold(&[1]).await;
    house.clock.advance_ms(1_001);
    assert!(shown(&house, "").await.contains("from ₩300"));
    house.clock.advance_ms(600_000);
    let all = shown(&house, "").await;
    assert!(all.contains("from ₩300"), "{all}");
}

#[tokio::test]
async fn the_cheapest_ticket_is_sold_and_the_price_rises() {
    let house = house(&[concert("Cheap", 300, 1_000)]).await;
    house.buy(&[1]).await;
    house.clock.advance_ms(1_001);
    let all = shown(&house, "").await;
    assert!(all.contains("from ₩1,000") && !all.contains("from ₩300"), "{all}");
    assert!(!shown(&house, "price=300").await.contains("Cheap"), "nothing can be had for it");
    assert!(shown(&house, "price=1000").await.contains("Cheap"));
}

#[tokio::test]
async fn all_held_is_told_from_sold_out_in_the_list_and_on_the_page_of_the_concert() {
    let house = house(&[concert("Cheap", 300, 1_000)]).await;
    let (held, sold) = ("All held, may come back", "Sold out");
    for (seats, bought, expected, other) in
        [(&[1, 2, 3, 4][..], false, held, sold), (&[1, 2, 3, 4], true, sold, held)]
    {
        if bought {
            house.clock.advance_ms(600_000);
            house.buy(seats).await;
        } else {
            house.hold(seats).await;
        }
        house.clock.advance_ms(1_001);
        for path in ["/", "/concerts/concert_1"] {
            let page = house.nobody().get(path).await.body;
            assert!(page.contains(expected) && !page.contains(other), "{path}: {page}");
        }
    }
}

#[tokio::test]
async fn what_costs_more_than_somebody_wants_to_pay_is_left_out() {
    let all = [
        concert("Cheap", 300, 1_000),
        concert("Middling", 900, 900),
        concert("Dear", 5_000, 9_000),
    ];
    let house = house(&all).await;
    for (query, expected) in [
        ("", [true, true, true]),
        ("price=5000", [true, true, true]),
        ("price=5%2C000", [true, true, true]),
        ("price=4999", [true, true, false]),
        ("price=899", [true, false, false]),
        ("price=299", [false, false, false]),
        ("price=900&q=mid", [false, true, false]),
        // What cannot be read is not asked for.
        ("price=", [true, true, true]),
        ("price=-1", [true, true, true]),
        ("price=%3Cb%3E", [true, true, true]),
    ] {
        let page = shown(&house, query).await;
        let found =
            ["Cheap", "Middling", "Dear"].map(|name| page.contains(&format!("{name}</h2>")));
        assert_eq!(found, expected, "{query}: {page}");
        assert!(!page.contains("<b>"), "{page}");
    }
    let none = shown(&house, "price=299").await;
    assert!(none.contains("No concert was found"), "{none}");
}

#[tokio::test]
async fn pages_of_a_price_go_on_behind_what_was_left_out() {
    let mut all: Vec<String> = Vec::new();
    for number in 0..30 {
        let price = if number % 2 == 0 { 300 } else { 5_000 };
        all.push(concert(&format!("Night {number:02}"), price, 9_000));
    }
    let house = house(&all).await;
    let (mut query, mut found) = ("price=300".to_owned(), Vec::new());
    let mut pages = 0;
    loop {
        pages += 1;
        let page = shown(&house, &query).await;
        for number in 0..30 {
            if page.contains(&format!("Night {number:02}</h2>")) {
                found.push(number);
            }
        }
        let Some((_, rest)) = page.split_once("button plain\" href=\"/?") else { break };
        query = rest.split('"').next().unwrap().replace("&#38;", "&");
        assert!(pages < 9, "it never ends");
    }
    let even: Vec<u32> = (0..30).step_by(2).collect();
    assert_eq!((found, pages), (even, 2), "twelve, and the rest");
}
