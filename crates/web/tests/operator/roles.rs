//! What each role's key opens, and what it does not; how a key is made and refused.

use crate::browser::Browser;
use crate::house::{House, SHOW};
use admitone_domain::command::Refund;
use admitone_domain::command::operate::{Operate, SaveSeats, SeatChange};
use admitone_domain::id::{PaymentId, ReservationId, SeatId};
use admitone_domain::party::Role;
use admitone_domain::{Action, Actor, Key, Money, Row};
use axum::http::StatusCode;

const STAFF: &str = "/operator/staff";
const NEW: &str = "name=\"role\"";

/// Makes a key on the page of the owner; the key.
async fn make(owner: &mut Browser, role: &str) -> String {
    let form = owner.form(STAFF, STAFF).await;
    let made = owner.post(&form.with("name", role).with("role", role)).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    let rest = made.body.split_once("id=\"made\">").unwrap().1;
    rest.split('<').next().unwrap().to_owned()
}

/// Somebody who signs in with a key, and where that leads.
async fn sign_in(house: &House, key: &str) -> (Browser, String) {
    let mut browser = house.nobody();
    let form = browser.form("/operator/sign-in", "/operator/sign-in").await;
    let location = browser.post(&form.with("key", key)).await.location;
    (browser, location)
}

#[tokio::test]
async fn each_key_opens_what_its_role_allows_and_nothing_else() {
    let house = House::open().await;
    house.hold(&[4]).await;
    let mut owner = house.staff().await;
    let pages = ["/operator", "/operator/reservations", "/operator/log", "/operator/door", STAFF];
    let roles = [
        ("owner", [200, 200, 200, 200, 200]),
        ("operator", [200, 200, 200, 200, 403]),
        ("door", [403, 403, 403, 200, 403]),
        ("read-only", [200, 200, 200, 403, 403]),
    ];
    for (role, statuses) in roles {
        let key = make(&mut owner, role).await;
        let (mut browser, first) = sign_in(&house, &key).await;
        assert_eq!(first, if role == "door" { "/operator/door" } else { "/operator" }, "{role}");
        for (page, status) in pages.iter().zip(statuses) {
            assert_eq!(browser.get(page).await.status.as_u16(), status, "{role} at {page}");
        }
    }
}

#[tokio::test]
async fn who_only_looks_changes_nothing_and_who_makes_keys_is_the_owner() {
    let house = House::open().await;
    let mut owner = house.staff().await;
    let key = make(&mut owner, "read-only").await;
    let (mut reader, _) = sign_in(&house, &key).await;
    let form = reader.form("/operator", "/operator/rooms/room_1/pause").await;
    let refused = reader.post(&form).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    assert!(refused.has("This key does not allow it"), "{}", refused.body);
    // The same form is taken from whoever may: it was the role that was refused.
    let form = owner.form("/operator", "/operator/rooms/room_1/pause").await;
    assert_eq!(owner.post(&form).await.status, StatusCode::SEE_OTHER);

    let key = make(&mut owner, "operator").await;
    let (mut operator, _) = sign_in(&house, &key).await;
    let mut form = operator.form("/operator", "/operator/rooms").await;
    form.action = STAFF.to_owned();
    let refused = operator.post(&form.with("name", "Eve").with("role", "owner")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    assert!(!owner.get(STAFF).await.has("<td>Eve</td>"));
}

#[tokio::test]
async fn a_key_is_shown_once_and_refused_at_once() {
    let house = House::open().await;
    let mut owner = house.staff().await;
    let form = owner.form(STAFF, STAFF).await.with("name", "Dora").with("role", "door");
    let made = owner.post(&form).await;
    assert!(made.has("id=\"made\">amo_") && made.has(NEW), "{}", made.body);
    let again = owner.post(&form).await;
    assert!(again.has("was made before") && !again.has("amo_"), "{}", again.body);
    assert_eq!(again.body.matches("<td>Dora</td>").count(), 1, "posted twice, made once");

    let key = made.body.split_once("id=\"made\">").unwrap().1.split('<').next().unwrap();
    let (mut dora, _) = sign_in(&house, key).await;
    assert_eq!(dora.get("/operator/door").await.status, StatusCode::OK);
    let refuse = owner.get(STAFF).await;
    let action = refuse.body.split("action=\"").find(|rest| rest.contains("/refuse\""));
    let action = action.unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(owner.post(&refuse.form(&action)).await.location, STAFF);
    assert_eq!(dora.get("/operator/door").await.status, StatusCode::UNAUTHORIZED);
    let ours = "/operator/staff/op_1/refuse";
    assert!(refuse.try_form(ours).is_none(), "nobody is offered to refuse the own key");
}

/// The seats' price is what a key of the door must not touch.
async fn price(house: &House) -> Money {
    match house.row(Key::Seat(SeatId(1))).await {
        Row::Seat(seat) => seat.price,
        other => panic!("{other:?}"),
    }
}

async fn balance(house: &House) -> Money {
    match house.row(Key::Wallet(house.ann)).await {
        Row::Wallet(wallet) => wallet.balance,
        other => panic!("{other:?}"),
    }
}

async fn payment(house: &House, id: ReservationId) -> PaymentId {
    match house.row(Key::Reservation(id)).await {
        Row::Reservation(sold) => sold.payment.unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Whoever has a key of a role, as commands name him.
async fn of_role(house: &House, role: Role) -> Actor {
    let operators = house.office.reads.operators().await.unwrap();
    Actor::Operator(operators.into_iter().find(|one| one.role == role).unwrap().id)
}

/// What a key may do is asked where it is shown, and nowhere behind that: without that question a
/// price changes for whoever stands at the door.
#[tokio::test]
async fn a_key_of_the_door_changes_no_price_and_would_without_the_guard() {
    let house = House::open().await;
    let mut owner = house.staff().await;
    let key = make(&mut owner, "door").await;
    let (mut dora, _) = sign_in(&house, &key).await;
    let mut form = dora.form("/operator/door", "/operator/door").await;
    form.action = "/operator/shows/show_1/seats/change".to_owned();
    let fields = [("block", "0"), ("from", "1"), ("to", "1"), ("change", "price"), ("price", "1")];
    let form = fields.iter().fold(form, |form, (name, value)| form.with(name, value));
    let refused = dora.post(&form).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    assert_eq!(price(&house).await, Money(1_000));

    let (seats, change) = (vec![SeatId(1)], SeatChange::Price(Money(1)));
    let change = Operate::SaveSeats(SaveSeats { show: SHOW, seats, change });
    house.submit(of_role(&house, Role::Door).await, Action::Operate(change)).await;
    assert_eq!(price(&house).await, Money(1), "behind the guard nobody asks");
}

#[tokio::test]
async fn a_key_that_only_looks_refunds_nothing_and_would_without_the_guard() {
    let house = House::open().await;
    let sold = house.buy(&[1]).await;
    let (had, mut owner) = (balance(&house).await, house.staff().await);
    let key = make(&mut owner, "read-only").await;
    let (mut rita, _) = sign_in(&house, &key).await;
    let path = format!("/operator/reservations/{sold}/refund");
    let form = rita.form(&path, &path).await;
    let refused = rita.post(&form).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    assert_eq!(balance(&house).await, had);

    let refund = Refund { payment: payment(&house, sold).await, amount: None };
    house.submit(of_role(&house, Role::ReadOnly).await, Action::Refund(refund)).await;
    assert_eq!(balance(&house).await, Money(had.0 + 1_000), "behind the guard nobody asks");
}
