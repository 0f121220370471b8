//! What each role's key opens, and what it does not; how a key is made and refused.

use crate::browser::Browser;
use crate::house::House;
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
