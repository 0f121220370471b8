//! The signature of Standard Webhooks: HMAC-SHA256 over id, timestamp and body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// What stands before the bytes of a secret.
pub const SECRET_PREFIX: &str = "whsec_";

/// A secret from random bytes.
pub(super) fn secret(bytes: &[u8]) -> String {
    format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes))
}

/// The value of `webhook-signature`: one signature for each secret. A secret that is none signs
/// nothing.
pub fn sign(secrets: &[&str], id: &str, timestamp: i64, body: &[u8]) -> String {
    let one = |secret: &&str| {
        let key = STANDARD.decode(secret.strip_prefix(SECRET_PREFIX)?).ok()?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let mut signed = format!("{id}.{timestamp}.").into_bytes();
        signed.extend_from_slice(body);
        Some(format!("v1,{}", STANDARD.encode(hmac::sign(&key, &signed))))
    };
    secrets.iter().filter_map(one).collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked out apart from this code, with Python's `hmac` and `base64`.
    #[test]
    fn it_is_the_signature_that_others_compute() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = br#"{"test": 2432232314}"#;
        let signed = sign(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_signs_and_what_is_none_does_not() {
        let (one, two) = (secret(&[1; 24]), secret(&[2; 24]));
        let both = sign(&[&one, &two], "evt_1", 1, b"{}");
        let alone = |secret: &str| sign(&[secret], "evt_1", 1, b"{}");
        assert_eq!(both, format!("{} {}", alone(&one), alone(&two)));
        assert_eq!(alone("swordfish"), "");
    }
}
