//! Endpoints on the pages: made, told, sent again, switched off, removed.

use crate::house::House;
use axum::http::StatusCode;

const HERE: &str = "/operator/webhooks";

#[tokio::test]
async fn an_endpoint_is_made_tested_switched_off_and_removed() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    let form = opal.form(HERE, HERE).await.with("url", "https://a.example/<hooks>");
    let form = form.with("types", "reservation.*, wallet.moved");
    let made = opal.post(&form).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    assert!(made.has("id=\"made\">whsec_") && !made.has("<hooks>"), "{}", made.body);
    let again = opal.post(&form).await;
    assert!(!again.has("whsec_"), "a secret is shown once: {}", again.body);
    let list = opal.get(HERE).await;
    assert_eq!(list.body.matches("https://a.example/").count(), 2, "{}", list.body);

    let rest = list.body.split_once("href=\"/operator/webhooks/").unwrap().1;
    let page = format!("{HERE}/{}", rest.split('"').next().unwrap());
    let test = opal.form(&page, &format!("{page}/test")).await;
    let tested = opal.post_and_follow(&test).await;
    assert!(tested.has("endpoint.tested") && tested.has("arrived"), "{}", tested.body);
    let form = tested.form(&page).with("url", "https://a.example/broken");
    assert!(opal.post_and_follow(&form).await.has("https://a.example/broken"));
    let test = opal.form(&page, &format!("{page}/test")).await;
    assert!(opal.post_and_follow(&test).await.has("nobody is there"));

    let off = opal.form(&page, &format!("{page}/disable")).await;
    let off = opal.post_and_follow(&off).await;
    assert!(off.has("switched off") && off.try_form(&format!("{page}/enable")).is_some());
    let remove = off.form(&format!("{page}/remove"));
    assert!(opal.post_and_follow(&remove).await.has("Nobody is told anything."));
    assert_eq!(opal.get(&page).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_cannot_be_an_endpoint_is_said() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    for (url, types, why) in [
        ("http://a.example/", "", "must begin with https://"),
        ("https://a.example/", "weather.changed", "Nothing has the type"),
    ] {
        let form = opal.form(HERE, HERE).await.with("url", url).with("types", types);
        let refused = opal.post(&form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{url}");
        assert!(refused.has(why), "{why}: {}", refused.body);
    }
    let stale = opal.form(HERE, HERE).await.with("url", "https://a.example/");
    let made = opal.post(&stale).await;
    let rest = made.body.split_once("action=\"/operator/webhooks/").unwrap().1;
    let page = format!("{HERE}/{}", rest.split('"').next().unwrap());
    let form = made.form(&page).with("types", "wallet.*");
    opal.post(&form).await;
    let late = opal.post(&form.with("types", "show.*")).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.body);
}
