//! Tokens of somebody else's identity provider, over HTTP.

use crate::process::House;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

/// An identity provider: whoever has its key.
struct Provider(Ed25519KeyPair);

impl Provider {
    fn new() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap())
    }

    fn configuration(&self) -> String {
        let x = URL_SAFE_NO_PAD.encode(self.0.public_key());
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
        format!("[issuer]\nname = \"them\"\naudience = \"us\"\njwk = '{jwk}'\n")
    }

    fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({ "alg": "EdDSA", "typ": "JWT" }), claims)
    }

    fn token_with(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

fn house_of(provider: &Provider) -> (tempfile::TempDir, House) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("admitone.toml");
    std::fs::write(&file, provider.configuration()).unwrap();
    let house = House::start(directory.path(), &["--demo", "--config", file.to_str().unwrap()]);
    (directory, house)
}

/// The status of reading the own account with a token, and the account's id.
fn whose(house: &House, token: &str) -> (u16, Value) {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str())];
    let answer = house.connect().get("/api/v1/users/me", &headers);
    (answer.status, answer.json()["id"].clone())
}

fn seconds_from_now(seconds: i64) -> i64 {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    i64::try_from(now).unwrap() + seconds
}

#[test]
fn a_token_of_the_configured_provider_is_a_buyer() {
    let provider = Provider::new();
    let (_directory, house) = house_of(&provider);
    let claims =
        json!({ "iss": "them", "sub": "ann", "aud": ["else", "us"], "exp": seconds_from_now(60) });
    let (status, ann) = whose(&house, &provider.token(&claims));
    assert_eq!(status, 200);
    let again = json!({ "iss": "them", "sub": "ann", "aud": "us", "exp": seconds_from_now(90) });
    assert_eq!(whose(&house, &provider.token(&again)), (200, ann.clone()), "the same buyer");
    let bob = json!({ "iss": "them", "sub": "bob", "aud": "us", "exp": seconds_from_now(60) });
    assert_ne!(whose(&house, &provider.token(&bob)), (200, ann));

    let authorization = format!("Bearer {}", provider.token(&claims));
    let headers = [
        ("authorization", authorization.as_str()),
        ("idempotency-key", "one"),
        ("content-type", "application/json"),
    ];
    let charge = "POST /api/v1/wallet/charges";
    let charged = house.connect().send(charge, &headers, r#"{"amount":100}"#);
    assert_eq!((charged.status, &charged.json()["balance"]), (201, &json!(100)));
}

#[test]
fn any_other_token_is_refused() {
    let provider = Provider::new();
    let (_directory, house) = house_of(&provider);
    let good = json!({ "iss": "them", "sub": "ann", "aud": "us", "exp": seconds_from_now(60) });
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        provider.token(&claims)
    };
    let whole = provider.token(&good);
    let (signed, _) = whole.rsplit_once('.').unwrap();
    for (what, token) in [
        ("the key of another provider", Provider::new().token(&good)),
        ("expired", with("exp", json!(seconds_from_now(-1)))),
        ("not yet", with("nbf", json!(seconds_from_now(60)))),
        ("another audience", with("aud", json!("them"))),
        ("no audience", with("aud", Value::Null)),
        ("another issuer", with("iss", json!("us"))),
        ("an algorithm of its own", provider.token_with(&json!({ "alg": "none" }), &good)),
        ("another algorithm", provider.token_with(&json!({ "alg": "HS256" }), &good)),
        ("no signature", format!("{signed}.")),
        ("no token", "a.b.c".to_owned()),
    ] {
        assert_eq!(whose(&house, &token).0, 401, "{what}");
    }
    assert_eq!(whose(&house, &whole).0, 200, "the good one is good");
}

#[test]
fn a_house_without_a_provider_takes_nobody_elses_tokens() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &[]);
    let claims = json!({ "iss": "them", "sub": "ann", "aud": "us", "exp": seconds_from_now(60) });
    assert_eq!(whose(&house, &Provider::new().token(&claims)).0, 401);
}
