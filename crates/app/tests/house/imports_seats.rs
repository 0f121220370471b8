//! What a document says of seats beside those that are there: each seat that differs is told of.

use crate::house::House;
use admitone_app::import::{Document, Import, Imported};
use admitone_domain::command::operate::{
    AddSeats, DescribeSeats, Kept, Operate, SaveSeats, SeatChange,
};
use admitone_domain::id::{SeatId, ShowId};
use admitone_domain::show::Attribute;
use admitone_domain::{Actor, Key, Moment, Money, Row};
use serde_json::{Value, json};

fn programme(more: &Value) -> Value {
    let mut show = json!({
        "opens_at": "2126-01-02T00:00:00Z", "closes_at": "2126-01-03T00:00:00Z",
        "booking_opens_at": "2126-01-01T00:00:00Z", "booking_closes_at": "2126-01-02T00:00:00Z",
    });
    show.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "concerts": [{ "name": "For all", "category": "folk", "shows": [show] }] })
}

fn row() -> Value {
    json!({ "seats": [{ "section": "A", "row": "1", "numbers": [1, 50], "price": 1_000 }] })
}

async fn bring(house: &House, more: &Value) -> Imported {
    let text = programme(more).to_string();
    let document: Document = serde_json::from_str(&text).unwrap();
    let import = Import::new(&house.office, Actor::House, text.as_bytes());
    import.run(&document, |_| {}).await.unwrap()
}

fn show(imported: &Imported) -> ShowId {
    imported.concerts[0].shows[0].id.parse().unwrap()
}

/// An operator changes seats.
async fn changed(house: &House, operate: Operate) {
    house.operate(operate).await.unwrap();
}

/// Until when seats are kept.
async fn kept(house: &House, show: ShowId) -> Option<Moment> {
    match house.office.row(Key::Plan(show)).await.unwrap()?.into_row() {
        Row::Plan(_, plan) => plan.kept_until,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_seat_in_the_middle_that_is_something_else_is_told_of() {
    let house = House::open().await;
    let imported = bring(&house, &row()).await;
    let show = show(&imported);
    let first: SeatId = imported.concerts[0].shows[0].seats[0][0].parse().unwrap();
    let seat = |number: u64| SeatId(first.0 + number - 1);
    let space = vec![(seat(49), Some(Attribute::Wheelchair))];
    let add = AddSeats { show, blocks: Vec::new() };
    let describe = DescribeSeats { add, seats: space, kept: Kept::AsBefore };
    changed(&house, Operate::DescribeSeats(describe)).await;
    let seats = [20, 21, 30].map(seat).to_vec();
    let dearer = SaveSeats { show, seats, change: SeatChange::Price(Money(5)) };
    changed(&house, Operate::SaveSeats(dearer)).await;

    let again = bring(&house, &row()).await;
    let told = |of: String| {
        let end = format!("seats[0]: {of} and stays as it is");
        assert!(
            again.differences.iter().any(|said| said.ends_with(&end)),
            "{:#?}",
            again.differences
        );
    };
    let (from, to, alone, space) = (seat(20), seat(21), seat(30), seat(49));
    told(format!("each of {from} to {to} is there with another price"));
    told(format!("{alone} is there with another price"));
    told(format!("{space} is there with another attribute"));
    assert_eq!(again.differences.len(), 3, "{:#?}", again.differences);
}

#[tokio::test]
async fn of_very_many_seats_that_are_something_else_some_are_told_of_and_how_many_more() {
    let house = House::open().await;
    let imported = bring(&house, &row()).await;
    let show = show(&imported);
    let first: SeatId = imported.concerts[0].shows[0].seats[0][0].parse().unwrap();
    let dearer = async |seats: Vec<SeatId>| {
        let dearer = SaveSeats { show, seats, change: SeatChange::Price(Money(5)) };
        changed(&house, Operate::SaveSeats(dearer)).await;
        bring(&house, &row()).await.differences
    };
    let every_other = |until: u64| (0..until).map(|number| SeatId(first.0 + 2 * number)).collect();
    let said = dearer(every_other(20)).await;
    assert_eq!(said.len(), 20, "{said:#?}");
    assert!(said.iter().all(|one| one.ends_with("another price and stays as it is")), "{said:#?}");
    let said = dearer(every_other(24)).await;
    assert_eq!(said.len(), 21, "{said:#?}");
    assert!(said[20].ends_with("seats[0]: and 4 more of its seats, or neighbours among them"));
}

#[tokio::test]
async fn until_when_seats_are_kept_is_taken_and_compared_where_no_seats_are_named() {
    let house = House::open().await;
    let until = |hour: u32| json!({ "kept_until": format!("2126-01-01T{hour}:00:00Z") });
    let first = bring(&house, &until(12)).await;
    let show = show(&first);
    assert_eq!(kept(&house, show).await.unwrap().to_string(), "2126-01-01T12:00:00Z");
    let same = bring(&house, &until(12)).await;
    assert!(same.differences.is_empty(), "{:?}", same.differences);
    let other = bring(&house, &until(13)).await;
    assert!(other.differences[0].contains("another kept_until"), "{:?}", other.differences);
    assert_eq!(other.differences.len(), 1, "{:?}", other.differences);
    assert_eq!(kept(&house, show).await.unwrap().to_string(), "2126-01-01T12:00:00Z");

    // Seats that come later are kept so, and one who says nothing of it contradicts nobody.
    let mut seats = row();
    seats.as_object_mut().unwrap().extend(until(12).as_object().unwrap().clone());
    assert!(bring(&house, &seats).await.differences.is_empty());
    assert_eq!(kept(&house, show).await.unwrap().to_string(), "2126-01-01T12:00:00Z");
    assert!(bring(&house, &json!({})).await.differences.is_empty());
    assert_eq!(bring(&house, &until(14)).await.differences.len(), 1);

    // Somebody has them kept always since: what was made once is not made again unseen.
    let add = AddSeats { show, blocks: Vec::new() };
    let always = DescribeSeats { add, seats: Vec::new(), kept: Kept::Always };
    changed(&house, Operate::DescribeSeats(always)).await;
    let after = bring(&house, &until(12)).await;
    assert_eq!((after.differences.len(), kept(&house, show).await), (1, None));
}
