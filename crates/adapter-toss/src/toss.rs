//! The gateway itself: its questions, and what its answers come to.

use crate::codes::{self, Meaning};
use crate::http::{Address, Answer, Line, Question};
use admitone_app::ports::gateway::{BackWord, Charge, Gateway, GiveBack, Word};
use admitone_domain::Money;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use serde::Deserialize;
use serde_json::json;
use std::fmt::Write;
use std::time::Duration;

/// How the gateway is reached.
#[derive(Clone)]
pub struct TossOptions {
    /// Where it is.
    pub address: Address,
    /// The secret key of the merchant.
    pub secret_key: String,
    /// How long an answer may take, in milliseconds; after that nothing is known.
    pub answer_ms: u64,
}

/// A gateway in the form of Toss Payments.
pub struct Toss {
    line: Line,
    credentials: String,
}

/// A payment as the gateway tells it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    status: String,
    order_id: String,
    total_amount: i64,
    /// What is left of it after cancellations.
    balance_amount: Option<i64>,
    currency: Option<String>,
    #[serde(default)]
    cancels: Option<Vec<Cancelled>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cancelled {
    cancel_amount: i64,
    cancel_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Failed {
    code: String,
}

impl Toss {
    /// Reached so. Nothing is asked before it must be.
    pub fn new(options: &TossOptions) -> Self {
        let pair = STANDARD.encode(format!("{}:", options.secret_key));
        let wait = Duration::from_millis(options.answer_ms);
        let line = Line::new(options.address.clone(), wait);
        Self { line, credentials: format!("Basic {pair}") }
    }

    async fn ask(
        &self,
        method: Method,
        path: String,
        key: Option<String>,
        body: Option<serde_json::Value>,
    ) -> Option<Answer> {
        let body = body.map(|body| body.to_string());
        let credentials = &self.credentials;
        let question = Question { method, path, credentials, key, body };
        self.line.ask(question).await
    }

    async fn told(&self, charge: &Charge) -> Option<Answer> {
        self.ask(Method::GET, format!("/v1/payments/{}", escaped(&charge.key)), None, None).await
    }

    /// It was cancelled before, it seems: whether by this very question is told by its reason.
    async fn was_given_back(&self, charge: &Charge, back: &GiveBack) -> bool {
        let Some(answer) = self.told(charge).await.filter(|answer| answer.status == 200) else {
            return false;
        };
        let Ok(told) = serde_json::from_slice::<Told>(&answer.body) else { return false };
        let is_this = |cancelled: &Cancelled| {
            cancelled.cancel_amount == back.amount.0
                && cancelled.cancel_reason.as_deref() == Some(&reason(back))
        };
        told.status == "CANCELED" || told.cancels.unwrap_or_default().iter().any(is_this)
    }
}

#[async_trait]
impl Gateway for Toss {
    async fn confirm(&self, charge: &Charge) -> Word {
        let body = json!({
            "paymentKey": charge.key,
            "orderId": charge.order,
            "amount": charge.amount,
        });
        let path = "/v1/payments/confirm".to_owned();
        let answer = self.ask(Method::POST, path, Some(key(charge, "confirm")), Some(body)).await;
        answer.map_or(Word::Unknown { code: None }, |answer| word(charge, &answer))
    }

    async fn find(&self, charge: &Charge) -> Word {
        let answer = self.told(charge).await;
        answer.map_or(Word::Unknown { code: None }, |answer| word(charge, &answer))
    }

    async fn give_back(&self, charge: &Charge, back: &GiveBack) -> BackWord {
        let mut body = json!({ "cancelReason": reason(back) });
        if !back.is_all {
            body["cancelAmount"] = json!(back.amount);
        }
        let path = format!("/v1/payments/{}/cancel", escaped(&charge.key));
        let key = key(charge, &format!("cancel-{}", back.number));
        let Some(answer) = self.ask(Method::POST, path, Some(key), Some(body)).await else {
            return BackWord::Unknown { code: None };
        };
        if answer.status == 200 {
            return BackWord::Done;
        }
        let Ok(Failed { code }) = serde_json::from_slice::<Failed>(&answer.body) else {
            return BackWord::Unknown { code: None };
        };
        match codes::of_cancel(answer.status, &code) {
            Meaning::Definite => BackWord::Refused { code },
            Meaning::Unknown if code == "ALREADY_CANCELED_PAYMENT" => {
                let is_back = self.was_given_back(charge, back).await;
                if is_back { BackWord::Done } else { BackWord::Unknown { code: Some(code) } }
            }
            Meaning::Unknown | Meaning::Misconfigured => BackWord::Unknown { code: Some(code) },
        }
    }
}

/// What an answer about a payment comes to.
fn word(charge: &Charge, answer: &Answer) -> Word {
    if answer.status != 200 {
        return failed(answer);
    }
    let Ok(told) = serde_json::from_slice::<Told>(&answer.body) else {
        return Word::Unknown { code: None };
    };
    let is_ours = told.order_id == charge.order
        && told.total_amount == charge.amount.0
        && told.currency.as_deref().is_none_or(|code| code == charge.currency.code());
    let is_live = !matches!(told.status.as_str(), "ABORTED" | "EXPIRED");
    if is_live && !is_ours {
        return Word::Mismatched;
    }
    match told.status.as_str() {
        "DONE" => Word::Taken,
        "CANCELED" => Word::GivenBack(charge.amount),
        "PARTIAL_CANCELED" => {
            let left = told.balance_amount.unwrap_or(0);
            Word::GivenBack(Money(told.total_amount.saturating_sub(left)))
        }
        "READY" | "IN_PROGRESS" => Word::Open,
        "ABORTED" | "EXPIRED" => Word::Declined { code: told.status },
        _ => Word::Unknown { code: Some(told.status) },
    }
}

fn failed(answer: &Answer) -> Word {
    let Ok(Failed { code }) = serde_json::from_slice::<Failed>(&answer.body) else {
        return Word::Unknown { code: None };
    };
    match codes::of_confirm(answer.status, &code) {
        Meaning::Definite => Word::Declined { code },
        Meaning::Unknown => Word::Unknown { code: Some(code) },
        Meaning::Misconfigured => Word::Misconfigured { code },
    }
}

/// Asked again for the same, it is the same key; for anything else another one. The gateway's own
/// name of the payment is in it, because our numbers begin anew with an empty store.
fn key(charge: &Charge, what: &str) -> String {
    let print = blake3::hash(format!("{} {} {what}", charge.key, charge.order).as_bytes());
    format!("admitone-{what}-{}", print.to_hex())
}

fn reason(back: &GiveBack) -> String {
    format!("refund {} of the house", back.number)
}

/// As a part of a path.
fn escaped(key: &str) -> String {
    let mut escaped = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            escaped.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_domain::Currency;

    fn charge() -> Charge {
        Charge {
            key: "key".into(),
            order: "res_7-1".into(),
            amount: Money(1_000),
            currency: Currency::KRW,
        }
    }

    fn told(status: &str, order: &str, amount: i64) -> Word {
        let body = json!({
            "status": status, "orderId": order, "totalAmount": amount, "balanceAmount": 400,
            "currency": "KRW",
        });
        word(&charge(), &Answer { status: 200, body: body.to_string().into() })
    }

    #[test]
    fn every_status_comes_to_a_word() {
        for (status, word) in [
            ("DONE", Word::Taken),
            ("READY", Word::Open),
            ("IN_PROGRESS", Word::Open),
            ("WAITING_FOR_DEPOSIT", Word::Unknown { code: Some("WAITING_FOR_DEPOSIT".into()) }),
            ("CANCELED", Word::GivenBack(Money(1_000))),
            ("PARTIAL_CANCELED", Word::GivenBack(Money(600))),
            ("ABORTED", Word::Declined { code: "ABORTED".into() }),
            ("EXPIRED", Word::Declined { code: "EXPIRED".into() }),
            ("TOMORROW", Word::Unknown { code: Some("TOMORROW".into()) }),
        ] {
            assert_eq!(told(status, "res_7-1", 1_000), word, "{status}");
        }
    }

    #[test]
    fn what_is_not_ours_is_no_approval() {
        assert_eq!(told("DONE", "res_8-1", 1_000), Word::Mismatched);
        assert_eq!(told("DONE", "res_7-1", 999), Word::Mismatched);
        assert_eq!(told("IN_PROGRESS", "res_8-1", 1_000), Word::Mismatched);
    }

    #[test]
    fn an_answer_that_cannot_be_read_says_nothing() {
        for (status, body) in [(200, "{}"), (200, "<html>"), (502, "<html>"), (400, "[]")] {
            let answer = Answer { status, body: body.into() };
            assert_eq!(word(&charge(), &answer), Word::Unknown { code: None }, "{status} {body}");
        }
    }

    #[test]
    fn a_question_has_one_key_and_every_other_question_another() {
        let (one, other) = (charge(), Charge { key: "other".into(), ..charge() });
        assert_eq!(key(&one, "confirm"), key(&charge(), "confirm"));
        assert_ne!(key(&one, "confirm"), key(&other, "confirm"));
        assert_ne!(key(&one, "cancel-0"), key(&one, "cancel-1"));
        assert!(key(&one, "cancel-4294967295").len() <= 300);
    }
}
