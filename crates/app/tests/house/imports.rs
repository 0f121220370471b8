//! Imports: what a document may not say is refused before anything is made of it.

use crate::house::House;
use admitone_app::board::Snapshot;
use admitone_app::box_office::Request;
use admitone_app::import::{Count, Document, Import, Imported};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::reads::ConcertFilter;
use admitone_app::programme_copy::copy_programme;
use admitone_domain::command::operate::{Operate, SaveConcert};
use admitone_domain::concert::Concert;
use admitone_domain::id::ConcertId;
use admitone_domain::pass::Admission;
use admitone_domain::show::Attribute;
use admitone_domain::{Action, Actor, CommandId, Currency, Fingerprint, Key, Moment, Row};
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

/// Imports a document as somebody who works here would.
async fn bring(house: &House, document: &Value) -> Imported {
    tried(house, document).await.unwrap()
}

async fn tried(house: &House, document: &Value) -> Result<Imported, String> {
    let text = document.to_string();
    let document: Document = serde_json::from_str(&text).unwrap();
    let import = Import::new(&house.office, Actor::House, text.as_bytes());
    import.run(&document, |_| {}).await.map_err(|trouble| trouble.to_string())
}

async fn concerts(house: &House) -> usize {
    let all = ConcertFilter { limit: 99, ..ConcertFilter::default() };
    house.office.reads.concerts(&all).await.unwrap().len()
}

/// A room, and a concert with a show.
fn programme() -> Value {
    json!({
        "rooms": [{ "name": "Door", "settings": { "active_max": 100 } }],
        "concerts": [{ "name": "Winter Lights", "category": "rock", "venue": "Hall", "shows": [{
            "room": "Door",
            "opens_at": "2126-01-02T00:00:00Z", "closes_at": "2126-01-03T00:00:00Z",
            "booking_opens_at": "2126-01-01T00:00:00Z", "booking_closes_at": "2126-01-02T00:00:00Z",
            "seats": [{ "section": "A", "row": "1", "numbers": [1, 50], "price": 1_000 }],
            "ticket_types": [{ "name": "Standing", "price": 500, "quantity": 10 }],
        }]}],
    })
}

#[tokio::test]
async fn a_corrected_document_adds_what_is_missing_and_changes_nothing_that_is_there() {
    let house = House::open().await;
    let before = concerts(&house).await;
    let first = bring(&house, &programme()).await;
    let one = Count { rooms: 1, concerts: 1, shows: 1, seats: 50, ticket_types: 1 };
    assert_eq!((first.added, first.found), (one, Count::default()));

    let mut corrected = programme();
    let show = corrected.pointer_mut("/concerts/0/shows/0").unwrap();
    show["hold_seconds"] = json!(60);
    show["seats"] = json!([
        { "section": "A", "row": "1", "numbers": [1, 60], "price": 2_000 },
        { "section": "B", "row": "1", "numbers": [1, 5], "price": 1_000 },
    ]);
    show["ticket_types"] = json!([
        { "name": "Standing", "price": 500, "quantity": 20 },
        { "name": "Child", "price": 100, "quantity": 5 },
    ]);
    let mut later = show.clone();
    later["opens_at"] = json!("2126-01-02T12:00:00Z");
    corrected.pointer_mut("/concerts/0/shows").unwrap().as_array_mut().unwrap().push(later);
    corrected["concerts"][0]["venue"] = json!("Arena");
    corrected["rooms"][0]["settings"]["active_max"] = json!(7);
    let second = bring(&house, &corrected).await;

    assert_eq!(concerts(&house).await, before + 1, "the concert is there once");
    assert_eq!(second.rooms, first.rooms);
    let (old, new) = (&first.concerts[0], &second.concerts[0]);
    assert_eq!((&new.id, &new.shows[0].id), (&old.id, &old.shows[0].id));
    assert_eq!(new.shows[0].ticket_types[0], old.shows[0].ticket_types[0]);
    assert_eq!(new.shows[0].seats[0], old.shows[0].seats[0]);
    assert_eq!(new.shows[0].seats.len(), 3, "ten more in the row, and the other row");
    let found = Count { rooms: 1, concerts: 1, shows: 1, seats: 50, ticket_types: 1 };
    let added = Count { rooms: 0, concerts: 0, shows: 1, seats: 15 + 65, ticket_types: 3 };
    assert_eq!((second.found, second.added), (found, added));
    let differences = [
        format!("rooms[0]: {} is there with another settings", first.rooms[0]),
        format!("concerts[0]: {} is there with another venue", old.id),
        format!("shows[0]: {} is there with another hold_seconds", old.shows[0].id),
        format!(
            "seats[0]: each of {} is there with another price",
            old.shows[0].seats[0].join(" to ")
        ),
        format!("types[0]: {} is there with another quantity", old.shows[0].ticket_types[0]),
    ];
    assert_eq!(second.differences.len(), differences.len(), "{:#?}", second.differences);
    for difference in differences {
        let said = second.differences.iter().any(|said| said.contains(&difference));
        assert!(said, "{difference} is not among {:#?}", second.differences);
    }
    let concert = Key::Concert(old.id.parse().unwrap());
    let row = house.office.row(concert).await.unwrap().unwrap().into_row();
    assert!(matches!(row, Row::Concert(concert) if concert.venue == "Hall"));

    let third = bring(&house, &corrected).await;
    assert_eq!(third.added, Count::default(), "and once more nothing");
    assert_eq!(third.found.seats, 130);
}

#[tokio::test]
async fn seats_come_with_what_is_said_of_them_and_what_is_said_of_those_there_stays() {
    let house = House::open().await;
    let mut document = programme();
    let row = |numbers: [u32; 2], attribute: Option<&str>| {
        let mut row = json!({ "section": "A", "row": "1", "numbers": numbers, "price": 1_000 });
        if let Some(attribute) = attribute {
            row["attribute"] = json!(attribute);
        }
        row
    };
    let show = document.pointer_mut("/concerts/0/shows/0").unwrap();
    show["seats"] = json!([
        row([1, 8], None),
        row([9, 9], Some("companion")),
        row([10, 10], Some("wheelchair"))
    ]);
    show["kept_until"] = json!("2126-01-01T12:00:00Z");
    let first = bring(&house, &document).await;
    let id = first.concerts[0].shows[0].id.clone();
    let board = house.office.boards.board(id.parse().unwrap()).await.unwrap();
    let said = |snapshot: &Snapshot| -> Vec<Option<Attribute>> {
        snapshot.seats.iter().map(|seat| snapshot.plan.attribute(seat.id)).collect()
    };
    let snapshot = board.snapshot();
    let mut wished = vec![None; 8];
    wished.extend([Some(Attribute::Companion), Some(Attribute::Wheelchair)]);
    assert_eq!(said(&snapshot), wished);
    let until = snapshot.plan.kept_until.unwrap();
    assert_eq!(until.to_string(), "2126-01-01T12:00:00Z");

    // Somebody changes their mind in the document: it is told, and one row more comes as it says.
    let show = document.pointer_mut("/concerts/0/shows/0").unwrap();
    show["kept_until"] = json!("2126-01-01T13:00:00Z");
    show["seats"][2]["attribute"] = json!("restricted_view");
    show["seats"].as_array_mut().unwrap().push(row([11, 12], Some("wheelchair")));
    let second = bring(&house, &document).await;
    assert_eq!((second.added.seats, second.found.seats), (2, 10));
    let told = second.differences.join("\n");
    assert!(told.contains("another attribute") && told.contains("another kept_until"), "{told}");
    assert_eq!(second.differences.len(), 2, "{told}");
    let snapshot = board.snapshot();
    wished.extend([Some(Attribute::Wheelchair); 2]);
    assert_eq!((said(&snapshot), snapshot.plan.kept_until), (wished, Some(until)));

    // A copy says the same, and nonsense is refused before anything is made.
    let copy = copy_programme(&house.office, Some(id.parse().unwrap())).await.unwrap();
    let copied = &copy.concerts[0].shows[0];
    assert_eq!(copied.kept_until.as_deref(), Some("2126-01-01T12:00:00Z"));
    let spaces = copied.seats.iter().filter(|row| row.attribute == Some(Attribute::Wheelchair));
    assert_eq!(spaces.map(|row| row.numbers).collect::<Vec<_>>(), [[10, 10], [11, 12]]);
    document.pointer_mut("/concerts/0/shows/0").unwrap()["kept_until"] = json!("soon");
    assert!(tried(&house, &document).await.unwrap_err().contains("kept_until"));
}

#[tokio::test]
async fn a_document_that_came_half_goes_on_where_it_was() {
    let house = House::open().await;
    let mut whole = programme();
    let mut other = whole["concerts"][0].clone();
    other["name"] = json!("Spring");
    whole["concerts"].as_array_mut().unwrap().push(other);
    let half = bring(&house, &programme()).await;
    let made = bring(&house, &whole).await;
    assert_eq!(made.concerts[0].id, half.concerts[0].id);
    assert_eq!((made.found.concerts, made.added.concerts), (1, 1));
    assert_eq!(made.differences, Vec::<String>::new());
}

#[tokio::test]
async fn a_show_of_another_moment_is_another_show_and_it_is_said() {
    let house = House::open().await;
    let first = bring(&house, &programme()).await;
    let mut moved = programme();
    moved["concerts"][0]["shows"][0]["opens_at"] = json!("2126-01-02T01:00:00Z");
    let second = bring(&house, &moved).await;
    let old = &first.concerts[0].shows[0].id;
    assert_ne!(&second.concerts[0].shows[0].id, old);
    assert_eq!(second.differences.len(), 1);
    let said = &second.differences[0];
    assert!(said.contains(old.as_str()) && said.contains("not in the document"), "{said}");
}

#[tokio::test]
async fn two_of_one_name_in_a_document_are_refused_before_anything_is_made() {
    let house = House::open().await;
    let before = concerts(&house).await;
    for (list, place) in [
        ("/concerts", "concerts[1].name: another concert"),
        ("/concerts/0/shows", "concerts[0].shows[1].opens_at: another show"),
        ("/concerts/0/shows/0/ticket_types", "shows[0].ticket_types[1].name: another ticket type"),
    ] {
        let mut document = programme();
        let list = document.pointer_mut(list).unwrap().as_array_mut().unwrap();
        let mut twin = list[0].clone();
        if twin.get("opens_at").is_some() {
            // The same moment, said in another way.
            twin["opens_at"] = json!("2126-01-02T09:00:00+09:00");
        }
        list.push(twin);
        let refused = tried(&house, &document).await.unwrap_err();
        assert!(refused.contains(place), "{refused}");
        assert_eq!(concerts(&house).await, before);
    }
}

#[tokio::test]
async fn a_copy_of_shows_that_all_begin_soon_can_be_imported() {
    let house = House::open().await;
    let mut document = programme();
    let soon = |hours: u64| json!(house.clock.now().plus_ms(hours * 3_600_000).to_string());
    let shows = document.pointer_mut("/concerts/0/shows").unwrap().as_array_mut().unwrap();
    let show = shows[0].clone();
    shows.extend([2, 5].map(|hours| {
        let mut show = show.clone();
        show["opens_at"] = soon(hours);
        show["booking_opens_at"] = soon(0);
        show
    }));
    bring(&house, &document).await;
    // Those that would have begun are put off by a day, to one moment.
    let copy = copy_programme(&house.office, None).await.unwrap();
    let copy = serde_json::to_value(&copy).unwrap();
    let made = bring(&House::open().await, &copy).await;
    let moments = copy["concerts"].as_array().unwrap().iter().map(|concert| {
        let shows = concert["shows"].as_array().unwrap().iter();
        shows.map(|show| show["opens_at"].to_string()).collect::<Vec<_>>()
    });
    let moments: Vec<_> = moments.filter(|moments| moments.len() == 3).collect();
    let [moments] = &moments[..] else { panic!("not once: {moments:?}") };
    assert_eq!(made.added.shows, 4, "{moments:?}: the house had one");
}

#[tokio::test]
async fn what_an_older_house_named_after_the_text_is_found() {
    let house = House::open().await;
    let document = json!({ "concerts": [{ "name": "Old", "category": "rock" }] });
    let mut id = [0; 16];
    let mut hasher = blake3::Hasher::new();
    hasher.update(blake3::hash(document.to_string().as_bytes()).as_bytes());
    hasher.update(&1_u64.to_le_bytes()).finalize_xof().fill(&mut id);
    let concert = Concert {
        id: ConcertId(900),
        title: "Old".into(),
        category: "rock".into(),
        venue: String::new(),
        currency: Currency::KRW,
        first_at: Moment::MAX,
        last_at: Moment::MIN,
    };
    let request = Request {
        id: CommandId(u128::from_le_bytes(id)),
        fingerprint: Fingerprint(1),
        actor: Actor::House,
        admission: Admission::Staff,
        deadline: None,
        waits: true,
    };
    let save = Operate::SaveConcert(SaveConcert { concert, expected: Some(0) });
    house.office.submit(&request, Action::Operate(save)).await.unwrap();
    assert_eq!(bring(&house, &document).await.concerts[0].id, "concert_900");
}
