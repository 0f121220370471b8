//! The wallet: charge, use, refund a use in parts, entries by pages.

use super::tour::Tour;
use crate::buyer::text;
use serde_json::json;

pub(super) fn charge_use_and_refund(tour: &mut Tour<'_>) {
    let ann = tour.buyer();
    assert_eq!(tour.read(&ann, "/api/v1/wallet")["balance"], 0, "never charged is empty");
    let (charge, spend) = ("POST /api/v1/wallet/charges", "POST /api/v1/wallet/uses");
    for amount in [json!(0), json!(-1)] {
        let body = json!({ "amount": amount }).to_string();
        tour.refused(&ann, charge, &body, (422, "INVALID_AMOUNT"));
        tour.refused(&ann, spend, &body, (422, "INVALID_AMOUNT"));
    }
    for body in
        [r#"{"amount":1.5}"#, r#"{"amount":"1"}"#, r#"{"amount":9223372036854775808}"#, "{}"]
    {
        tour.refused(&ann, charge, body, (400, "INVALID_REQUEST"));
    }
    let [wallet, entries] = ["/api/v1/wallet", "/api/v1/wallet/entries"];
    let empty = [wallet, entries].map(|path| (path, tour.read_unchanged(&ann, path)));
    assert_eq!(tour.done(&ann, charge, &json!({ "amount": 500 }))["balance"], 500);
    for (path, etag) in empty {
        tour.read_changed(&ann, path, &etag);
        tour.read_unchanged(&ann, path);
    }
    let all = json!({ "amount": i64::MAX }).to_string();
    tour.refused(&ann, charge, &all, (422, "AMOUNT_OVERFLOW"));
    tour.refused(&ann, spend, &json!({ "amount": 501 }).to_string(), (409, "INSUFFICIENT_FUNDS"));
    let used = tour.done(&ann, spend, &json!({ "amount": 300 }));
    assert_eq!((&used["balance"], &used["entry"]["kind"]), (&200.into(), &"use".into()));
    let refund =
        format!("POST /api/v1/payments/{}/actions/refund", text(&used["entry"], "payment"));
    assert_eq!(tour.done(&ann, &refund, &json!({ "amount": 100 }))["balance"], 300);
    tour.refused(&ann, &refund, r#"{"amount":201}"#, (409, "NOT_REFUNDABLE"));
    assert_eq!(tour.done(&ann, &refund, &json!({}))["balance"], 500);
    tour.refused(&ann, &refund, "{}", (409, "NOT_REFUNDABLE"));
    by_an_operator(tour);

    let mut kinds = Vec::new();
    let mut path = "/api/v1/wallet/entries?limit=1".to_owned();
    loop {
        let page = tour.read(&ann, &path);
        kinds.push(text(&page["data"][0], "kind"));
        if page["has_more"] == false {
            break;
        }
        path = format!("/api/v1/wallet/entries?limit=1&after={}", text(&page, "next_cursor"));
    }
    assert_eq!(kinds, ["refund", "refund", "use", "charge"], "newest first, none twice");
    tour.refused(&ann, "GET /api/v1/wallet/entries?after=x", "", (400, "INVALID_REQUEST"));
}

fn by_an_operator(tour: &mut Tour<'_>) {
    let (staff, bob) = (tour.operator(), tour.buyer());
    let id = text(&tour.read(&bob, "/api/v1/users/me"), "id");
    let charge = format!("POST /api/v1/operator/wallets/{id}/charges");
    assert_eq!(tour.done(&staff, &charge, &json!({ "amount": 7 }))["balance"], 7);
    assert_eq!(tour.read(&bob, "/api/v1/wallet")["balance"], 7);
    let log = tour.read(&staff, "/api/v1/operator/log?limit=1");
    let who = [&log["data"][0]["by"], &log["data"][0]["what"], &log["data"][0]["kind"]];
    assert_eq!(who, ["op_1", "charged", "wallet"]);
    tour.refused(&bob, &charge, r#"{"amount":7}"#, (403, "FORBIDDEN"));
    let withdraw = format!("POST /api/v1/operator/wallets/{id}/withdrawals");
    let taken = tour.done(&staff, &withdraw, &json!({ "amount": 5, "why": "charged twice" }));
    assert_eq!((&taken["balance"], &taken["entry"]["kind"]), (&2.into(), &"withdrawal".into()));
    let log = tour.read(&staff, "/api/v1/operator/log?limit=2").to_string();
    assert!(log.contains("charged twice") && log.contains("withdrew"), "{log}");
    let body = |amount: i64, why: &str| json!({ "amount": amount, "why": why }).to_string();
    tour.refused(&staff, &withdraw, &body(3, "more"), (409, "INSUFFICIENT_FUNDS"));
    tour.refused(&staff, &withdraw, &body(0, "none"), (422, "INVALID_AMOUNT"));
    tour.refused(&staff, &withdraw, &body(1, "  "), (400, "INVALID_REQUEST"));
    tour.refused(&staff, &withdraw, r#"{"amount":1}"#, (400, "INVALID_REQUEST"));
    tour.refused(&bob, &withdraw, &body(1, "mine"), (403, "FORBIDDEN"));
    assert_eq!(tour.read(&bob, "/api/v1/wallet")["balance"], 2);
    let nobody = "POST /api/v1/operator/wallets/bob/charges";
    tour.refused(&staff, nobody, r#"{"amount":7}"#, (404, "NOT_FOUND"));
}
