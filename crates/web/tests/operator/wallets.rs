//! A buyer's wallet at the operators' desk: what moved it, and money that came in another way.

use crate::house::House;
use axum::http::StatusCode;

#[tokio::test]
async fn a_wallet_is_charged_for_a_reason_that_stays() {
    let house = House::open().await;
    house.buy(&[1]).await;
    let mut opal = house.staff().await;
    let page = format!("/operator/wallets/{}", house.ann);
    let charge = format!("{page}/charge");
    let shown = opal.get(&page).await;
    assert!(shown.has("₩99,000") && shown.has("−₩1,000") && shown.has("pay_"), "{}", shown.body);
    let form = shown.form(&charge).with("amount", "₩1,500");
    let silent = opal.post(&form).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", silent.body);
    assert!(silent.has("Say why"), "{}", silent.body);
    let form = form.with("why", "<cash> at the office");
    let after = opal.post_and_follow(&form).await;
    assert!(after.has("₩100,500") && after.has("+₩1,500"), "{}", after.body);
    assert!(after.has("&#60;cash&#62; at the office") && !after.has("<cash>"), "{}", after.body);
    let again = opal.post_and_follow(&form).await;
    assert!(again.has("₩100,500"), "posted twice it is charged once: {}", again.body);
    for wrong in ["0", "-5", "1.5", "money"] {
        let refused = opal.post(&form.clone().with("amount", wrong)).await;
        assert!(refused.status.is_client_error(), "{wrong}: {}", refused.body);
    }
    let log = opal.get("/operator/log").await;
    assert!(log.has("charged") && log.has("gave the reason"), "{}", log.body);
    assert!(log.has("&#60;cash&#62; at the office"), "{}", log.body);
    // What was not charged is not told as if it were.
    let reasons = opal.get(&page).await.body.matches("at the office").count();
    assert_eq!(reasons, 1);
    assert_eq!(opal.get("/operator/wallets/nobody").await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.as_ann().get(&page).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_reason_of_a_cancellation_stands_in_the_timeline() {
    let house = House::open().await;
    let id = house.buy(&[1]).await;
    let mut opal = house.staff().await;
    let cancel = format!("/operator/reservations/{id}/cancel");
    let form = opal.form(&cancel, &cancel).await.with("why", "the singer is <ill>");
    let told = opal.post_and_follow(&form).await;
    assert!(told.has("the reason given: the singer is &#60;ill&#62;"), "{}", told.body);
    assert!(told.has("item 1 was cancelled") || told.has("cancelled"), "{}", told.body);
}

#[tokio::test]
async fn money_is_taken_out_for_a_reason_and_never_more_than_there_is() {
    let house = House::open().await;
    house.buy(&[1]).await;
    let mut opal = house.staff().await;
    let page = format!("/operator/wallets/{}", house.ann);
    let withdraw = format!("{page}/withdraw");
    let form = opal.form(&page, &withdraw).await.with("amount", "₩1,500");
    let silent = opal.post(&form).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", silent.body);
    let form = form.with("why", "charged twice");
    let after = opal.post_and_follow(&form).await;
    assert!(after.has("₩97,500") && after.has("−₩1,500"), "{}", after.body);
    assert!(after.has("Taken out by the house") && after.has("charged twice"), "{}", after.body);
    assert!(opal.post_and_follow(&form).await.has("₩97,500"), "posted twice it is taken once");
    let more = opal.post(&form.with("amount", "97501").with("key", "more")).await;
    assert_eq!(more.status, StatusCode::CONFLICT, "{}", more.body);
    assert!(more.has("₩97,500"), "it says what is there: {}", more.body);
    let log = opal.get("/operator/log").await;
    assert!(log.has("took money out") && log.has("charged twice"), "{}", log.body);
    let hers = house.as_ann().get("/wallet").await;
    assert!(hers.has("Taken out by the house") && !hers.has("charged twice"), "{}", hers.body);
}
