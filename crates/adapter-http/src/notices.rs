//! Notices to buyers, handed to whoever sends them as mail or otherwise: each a signed request in the
//! form of Standard Webhooks, whose id is that of the event. Whoever takes them knows by it what was
//! sent.

use crate::courier::HttpCourier;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::notices::{Fate, Notice, Notices};
use admitone_app::ports::webhooks::{Courier, Letter};
use admitone_app::webhooks::sign;
use admitone_app::{Trouble, TroubleKind};
use async_trait::async_trait;
use serde_json::json;
use std::sync::Arc;

/// Hands notices over.
pub struct HttpNotices {
    courier: HttpCourier,
    url: String,
    secret: String,
    clock: Arc<dyn Clock>,
}

/// Why notices cannot be handed over so.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The address.
    #[error("url: {0}")]
    Address(String),
    /// What signs nothing.
    #[error("secret: it must be `whsec_` and base64")]
    Malformed,
}

/// What was answered to a notice.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Taken,
    /// It will never be taken: tried again and again it would keep those behind it.
    Refused(u16),
    Later,
}

impl HttpNotices {
    /// To this address, signed with this secret.
    pub fn new(
        courier: HttpCourier,
        url: &str,
        secret: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Unusable> {
        courier.check(url).map_err(Unusable::Address)?;
        if sign(&[secret], "", 0, b"").is_empty() {
            return Err(Unusable::Malformed);
        }
        Ok(Self { courier, url: url.to_owned(), secret: secret.to_owned(), clock })
    }

    async fn hand(&self, notice: &Notice) -> Result<Fate, Trouble> {
        let answered = self.courier.send(&self.letter(notice)).await;
        let answered = answered.map(|answered| answered.status);
        let said = said(&answered);
        let outcome = match said {
            Said::Taken => "taken",
            Said::Refused(_) => "refused",
            Said::Later => "failed",
        };
        metrics::counter!("admitone_notices_total", "outcome" => outcome).increment(1);
        let why = || answered.map_or_else(|why| why, |status| format!("it answered {status}"));
        match said {
            Said::Taken => Ok(Fate::Taken),
            Said::Refused(status) => {
                tracing::warn!(notice = notice.id, why = why(), "a notice is not taken");
                Ok(Fate::Refused(status))
            }
            Said::Later => Err(Trouble::new(TroubleKind::Unavailable, "send a notice", why())),
        }
    }

    fn letter(&self, notice: &Notice) -> Letter {
        let timestamp = self.clock.now().0.div_euclid(1_000_000);
        let data = notice.to_json();
        let kind = format!("notice.{}", data["what"].as_str().unwrap_or_default());
        let body = json!({ "type": kind, "timestamp": data["at"], "data": data });
        let body = body.to_string().into_bytes();
        let signature = sign(&[&self.secret], &notice.id, timestamp, &body);
        let headers = vec![
            ("webhook-id", notice.id.clone()),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signature),
        ];
        Letter { url: self.url.clone(), headers, body }
    }
}

#[async_trait]
impl Notices for HttpNotices {
    async fn send(&self, notices: &[Notice]) -> Result<Vec<Fate>, Trouble> {
        let mut fates = Vec::new();
        for notice in notices {
            fates.push(self.hand(notice).await?);
        }
        Ok(fates)
    }

    /// Nothing is asked: whoever takes notices might take a question for one.
    async fn check(&self) -> Result<(), Trouble> {
        Ok(())
    }
}

fn said(answered: &Result<u16, String>) -> Said {
    match answered {
        Ok(200..=299) => Said::Taken,
        // There is something about this one. Of anything else, a wrong key among it, there is
        // something about all of them, and it can be put right.
        Ok(status @ (400 | 413 | 422)) => Said::Refused(*status),
        Ok(_) | Err(_) => Said::Later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::courier::CourierOptions;
    use crate::tls::Trust;
    use admitone_app::clock::SystemClock;

    fn to(url: &str, secret: &str) -> Result<HttpNotices, Unusable> {
        let options =
            CourierOptions { private_addresses: false, answer_ms: 1, trust: Trust::System };
        HttpNotices::new(HttpCourier::new(options), url, secret, Arc::new(SystemClock::default()))
    }

    #[test]
    fn without_an_address_or_a_secret_that_signs_nothing_is_sent() {
        assert!(to("https://post.example/", "whsec_c2VjcmV0").is_ok());
        assert!(matches!(to("post.example", "whsec_c2VjcmV0"), Err(Unusable::Address(_))));
        for secret in ["", "swordfish", "whsec_!"] {
            assert!(matches!(to("https://post.example/", secret), Err(Unusable::Malformed)));
        }
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_will_not_is_passed_over() {
        for (status, meaning) in [
            (200, Said::Taken),
            (204, Said::Taken),
            (302, Said::Later),
            (400, Said::Refused(400)),
            (401, Said::Later),
            (408, Said::Later),
            (404, Said::Later),
            (413, Said::Refused(413)),
            (422, Said::Refused(422)),
            (429, Said::Later),
            (500, Said::Later),
            (503, Said::Later),
        ] {
            assert_eq!(said(&Ok(status)), meaning, "{status}");
        }
        assert_eq!(said(&Err("no answer".to_owned())), Said::Later);
    }
}
