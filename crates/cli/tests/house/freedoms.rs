//! What an operator may forbid: accounts for anybody, money from nowhere.

use crate::buyer::{Buyer, text};
use crate::process::{House, serve};
use serde_json::json;

#[test]
fn where_buyers_may_not_charge_a_wallet_an_operator_does() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = serve(directory.path(), &["--demo"]);
    command.env("ADMITONE_WALLET_SELF_CHARGE", "false");
    let house = House::run(command, directory.path());
    let mut ann = Buyer::new(&house);
    let refused = ann.post("/api/v1/wallet/charges", r#"{"amount":5}"#);
    assert_eq!((refused.status, text(&refused.json(), "code").as_str()), (403, "SELF_CHARGE_OFF"));
    let id = text(&ann.get("/api/v1/users/me").json(), "id");
    let operator = format!("Bearer {}", house.operator_key.as_ref().unwrap());
    let mut connection = house.connect();
    let mut charge = |authorization: &str| {
        let headers = [
            ("authorization", authorization),
            ("idempotency-key", "cash"),
            ("content-type", "application/json"),
        ];
        let path = format!("POST /api/v1/operator/wallets/{id}/charges");
        connection.send(&path, &headers, r#"{"amount":5}"#)
    };
    assert_eq!(charge(&ann.token).status, 403);
    assert_eq!(charge(&operator).status, 201);
    assert!(charge(&operator).has_header("idempotent-replayed: true"));
    assert_eq!(ann.get("/api/v1/wallet").json()["balance"], json!(5), "once");
}

#[test]
fn where_accounts_are_opened_elsewhere_nobody_opens_one() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = serve(directory.path(), &[]);
    command.env("ADMITONE_ACCOUNTS_OPEN", "false");
    let house = House::run(command, directory.path());
    let json = [("content-type", "application/json")];
    let refused = house.connect().send("POST /api/v1/users", &json, r#"{"name":"ann"}"#);
    assert_eq!((refused.status, text(&refused.json(), "code").as_str()), (403, "ACCOUNTS_CLOSED"));
}
