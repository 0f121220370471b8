//! Tokens of somebody else's identity provider: JSON Web Tokens, verified with one configured
//! key. The algorithm is the key's, never the token's, so none can be talked down.

use admitone_domain::Moment;
use admitone_domain::id::BuyerId;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{hmac, signature};
use serde::Deserialize;

/// Whose tokens are taken, and the key that verifies them.
#[derive(Clone)]
pub struct Issuer {
    name: String,
    audience: Option<String>,
    key: Key,
}

#[derive(Clone)]
enum Key {
    Secret(hmac::Key),
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Point(&'static dyn signature::VerificationAlgorithm, Vec<u8>),
}

/// A JSON Web Key, as identity providers publish it.
#[derive(Deserialize)]
struct WebKey {
    kty: String,
    #[serde(default)]
    crv: String,
    k: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    exp: i64,
    #[serde(default)]
    nbf: i64,
    #[serde(default)]
    aud: serde_json::Value,
}

/// A key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the identity provider's key cannot be used: {0}")]
pub struct IssuerTrouble(String);

impl Issuer {
    /// Takes the tokens of `issuer` for `audience`, verified with a key in JWK form: RSA (RS256),
    /// EC P-256 (ES256), OKP Ed25519 (`EdDSA`) or oct (HS256).
    pub fn new(issuer: &str, audience: Option<&str>, jwk: &str) -> Result<Self, IssuerTrouble> {
        let web_key: WebKey =
            serde_json::from_str(jwk).map_err(|error| IssuerTrouble(error.to_string()))?;
        let key = key(&web_key)?;
        Ok(Self { name: issuer.to_owned(), audience: audience.map(str::to_owned), key })
    }

    /// Whose token this is, if it is good now. The buyer's id comes from issuer and subject, in a
    /// name space of its own.
    pub fn buyer_of(&self, token: &str, now: Moment) -> Option<BuyerId> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
        if header.alg != self.key.algorithm() {
            return None;
        }
        self.key.verify(signed.as_bytes(), &decode(signature)?)?;
        let claims: Claims = serde_json::from_slice(&decode(claims)?).ok()?;
        let now_s = now.0.div_euclid(1_000_000);
        let good = claims.iss == self.name
            && now_s < claims.exp
            && claims.nbf <= now_s
            && self.is_for_us(&claims.aud);
        good.then(|| buyer_named("issuer", &[&claims.iss, &claims.sub]))
    }

    fn is_for_us(&self, audience: &serde_json::Value) -> bool {
        let Some(ours) = &self.audience else { return true };
        match audience {
            serde_json::Value::String(one) => one == ours,
            serde_json::Value::Array(many) => many.iter().any(|one| one == ours.as_str()),
            _ => false,
        }
    }
}

/// A buyer's id from a name in a name space.
pub(crate) fn buyer_named(space: &str, names: &[&str]) -> BuyerId {
    let mut hasher = blake3::Hasher::new_derive_key("admitone 2026 buyer ids");
    for part in [space].iter().chain(names) {
        // The length first: otherwise two names could be one in another cut.
        hasher.update(&part.len().to_le_bytes()).update(part.as_bytes());
    }
    let mut id = [0; 16];
    hasher.finalize_xof().fill(&mut id);
    BuyerId(u128::from_be_bytes(id))
}

impl Key {
    fn algorithm(&self) -> &'static str {
        match self {
            Self::Secret(_) => "HS256",
            Self::Rsa { .. } => "RS256",
            Self::Point(_, point) if point.len() == 32 => "EdDSA",
            Self::Point(..) => "ES256",
        }
    }

    fn verify(&self, signed: &[u8], tag: &[u8]) -> Option<()> {
        match self {
            Self::Secret(key) => hmac::verify(key, signed, tag).ok(),
            Self::Rsa { modulus, exponent } => {
                let key = signature::RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(&signature::RSA_PKCS1_2048_8192_SHA256, signed, tag).ok()
            }
            Self::Point(algorithm, point) => {
                signature::UnparsedPublicKey::new(*algorithm, point).verify(signed, tag).ok()
            }
        }
    }
}

fn key(web_key: &WebKey) -> Result<Key, IssuerTrouble> {
    let part = |name: &str, value: &Option<String>| {
        let decoded = value.as_deref().and_then(decode);
        decoded.ok_or_else(|| IssuerTrouble(format!("`{name}` is missing or not base64url")))
    };
    match (web_key.kty.as_str(), web_key.crv.as_str()) {
        ("oct", _) => {
            let secret = part("k", &web_key.k)?;
            Ok(Key::Secret(hmac::Key::new(hmac::HMAC_SHA256, &secret)))
        }
        ("RSA", _) => {
            Ok(Key::Rsa { modulus: part("n", &web_key.n)?, exponent: part("e", &web_key.e)? })
        }
        ("EC", "P-256") => {
            let point = [vec![4], part("x", &web_key.x)?, part("y", &web_key.y)?].concat();
            Ok(Key::Point(&signature::ECDSA_P256_SHA256_FIXED, point))
        }
        ("OKP", "Ed25519") => Ok(Key::Point(&signature::ED25519, part("x", &web_key.x)?)),
        (kty, crv) => Err(IssuerTrouble(format!("kty `{kty}` with crv `{crv}` is not known"))),
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_000_000_000);

    fn issuer() -> Issuer {
        Issuer::new("them", Some("us"), r#"{"kty":"oct","k":"c2VjcmV0"}"#).unwrap()
    }

    fn token(header: &str, claims: &str) -> String {
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        let tag = hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    const GOOD: &str = r#"{"iss":"them","sub":"ann","aud":"us","exp":2000}"#;

    #[test]
    fn a_good_token_names_the_same_buyer_every_time() {
        let good = token(r#"{"alg":"HS256"}"#, GOOD);
        let buyer = issuer().buyer_of(&good, NOW);
        assert!(buyer.is_some());
        assert_eq!(buyer, issuer().buyer_of(&good, NOW));
    }

    #[test]
    fn a_token_cannot_choose_its_algorithm() {
        assert_eq!(issuer().buyer_of(&token(r#"{"alg":"none"}"#, GOOD), NOW), None);
        let unsigned = token(r#"{"alg":"HS256"}"#, GOOD);
        let unsigned = unsigned.rsplit_once('.').unwrap().0;
        assert_eq!(issuer().buyer_of(&format!("{unsigned}."), NOW), None);
    }

    #[test]
    fn a_token_of_another_time_issuer_or_audience_is_refused() {
        for claims in [
            r#"{"iss":"them","sub":"ann","aud":"us","exp":1000}"#,
            r#"{"iss":"them","sub":"ann","aud":"us","exp":2000,"nbf":1500}"#,
            r#"{"iss":"others","sub":"ann","aud":"us","exp":2000}"#,
            r#"{"iss":"them","sub":"ann","aud":["them"],"exp":2000}"#,
            r#"{"iss":"them","sub":"ann","exp":2000}"#,
        ] {
            assert_eq!(
                issuer().buyer_of(&token(r#"{"alg":"HS256"}"#, claims), NOW),
                None,
                "{claims}"
            );
        }
    }

    #[test]
    fn two_names_are_never_one_in_another_cut() {
        assert_ne!(buyer_named("a", &["bc", "d"]), buyer_named("a", &["b", "cd"]));
    }
}
