//! Tokens of somebody else's identity provider, over HTTP.

use crate::process::House;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use serde_json::{Value, json};

/// An identity provider: whoever has its key.
enum Provider {
    EdDsa(Ed25519KeyPair),
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

impl Provider {
    /// One with a new key of its own.
    fn eddsa() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::EdDsa(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap())
    }

    /// The same on another curve.
    fn es256() -> Self {
        let (kind, chance) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let key = EcdsaKeyPair::generate_pkcs8(kind, &chance).unwrap();
        Self::Es256(EcdsaKeyPair::from_pkcs8(kind, key.as_ref(), &chance).unwrap())
    }

    /// The one whose key lies beside this file, since such keys take long to make.
    fn rs256() -> Self {
        let key = include_bytes!("identity/rsa-2048-for-tests.pk8");
        Self::Rs256(RsaKeyPair::from_pkcs8(key).unwrap())
    }

    fn all() -> [Self; 3] {
        [Self::eddsa(), Self::es256(), Self::rs256()]
    }

    /// Another one that signs in the same way.
    fn stranger(&self) -> Self {
        match self {
            Self::EdDsa(_) => Self::eddsa(),
            // Of the other kinds a curve is new, and a curve is no RSA.
            Self::Es256(_) | Self::Rs256(_) => Self::es256(),
        }
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::EdDsa(_) => "EdDSA",
            Self::Es256(_) => "ES256",
            Self::Rs256(_) => "RS256",
        }
    }

    /// What it publishes.
    fn jwk(&self) -> Value {
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::EdDsa(key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": part(key.public_key().as_ref()) })
            }
            Self::Es256(key) => {
                let point = key.public_key().as_ref();
                let (x, y) = (part(&point[1..33]), part(&point[33..]));
                json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
            }
            Self::Rs256(key) => {
                let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(key.public());
                json!({ "kty": "RSA", "n": part(&public.n), "e": part(&public.e) })
            }
        }
    }

    fn configuration(&self) -> String {
        format!("[issuer]\nname = \"them\"\naudience = \"us\"\njwk = '{}'\n", self.jwk())
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        let chance = SystemRandom::new();
        match self {
            Self::EdDsa(key) => key.sign(text).as_ref().to_vec(),
            Self::Es256(key) => key.sign(&chance, text).unwrap().as_ref().to_vec(),
            Self::Rs256(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &chance, text, &mut signature).unwrap();
                signature
            }
        }
    }

    fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": self.algorithm(), "typ": "JWT" });
        token_with(&header, claims, |text| self.sign(text))
    }
}

fn token_with(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
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
    Provider::all().iter().for_each(check_buyer);
}

fn check_buyer(provider: &Provider) {
    let (_directory, house) = house_of(provider);
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
    Provider::all().iter().for_each(check_others);
}

fn check_others(provider: &Provider) {
    let (_directory, house) = house_of(provider);
    let good = json!({ "iss": "them", "sub": "ann", "aud": "us", "exp": seconds_from_now(60) });
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        provider.token(&claims)
    };
    let whole = provider.token(&good);
    let (signed, signature) = whole.rsplit_once('.').unwrap();
    let altered = |at: usize| {
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        bytes[at] ^= 1;
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes))
    };
    let sign = |text: &[u8]| provider.sign(text);
    // What everybody knows, taken for a secret.
    let published = hmac::Key::new(hmac::HMAC_SHA256, provider.jwk().to_string().as_bytes());
    let by_published = |text: &[u8]| hmac::sign(&published, text).as_ref().to_vec();
    for (what, token) in [
        ("the key of another provider", provider.stranger().token(&good)),
        ("expired", with("exp", json!(seconds_from_now(-1)))),
        ("not yet", with("nbf", json!(seconds_from_now(60)))),
        ("another audience", with("aud", json!("them"))),
        ("no audience", with("aud", Value::Null)),
        ("another issuer", with("iss", json!("us"))),
        ("an algorithm of its own", token_with(&json!({ "alg": "none" }), &good, sign)),
        ("another algorithm", token_with(&json!({ "alg": "HS256" }), &good, by_published)),
        ("a bit of the signature at its beginning", altered(0)),
        ("a bit of the signature at its end", altered(63)),
        ("no signature", format!("{signed}.")),
        ("no token", "a.b.c".to_owned()),
    ] {
        assert_eq!(whose(&house, &token).0, 401, "{}: {what}", provider.algorithm());
    }
    assert_eq!(whose(&house, &whole).0, 200, "the good one is good");
}

#[test]
fn a_house_without_a_provider_takes_nobody_elses_tokens() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &[]);
    let claims = json!({ "iss": "them", "sub": "ann", "aud": "us", "exp": seconds_from_now(60) });
    assert_eq!(whose(&house, &Provider::eddsa().token(&claims)).0, 401);
}
