//! What the error codes mean: data, so that each can be read, and is tested by its name.
//!
//! A code that is not listed means that nothing is known. That is the safe side: the seats stay
//! pinned and the gateway is asked again, while a wrong "declined" would sell a paid seat twice.

/// What a code says of the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing was taken, and will not be; or nothing goes back, and will not.
    Definite,
    /// Nothing is known: ask what became of it.
    Unknown,
    /// Our credentials are wrong: a person must look, and nothing is known of the payment.
    Misconfigured,
}

use Meaning::{Definite, Misconfigured, Unknown};

/// Codes of a confirmation. One that ends with `*` stands for all that begin so.
pub(crate) const CONFIRM: [(&str, Meaning); 20] = [
    ("REJECT_CARD_PAYMENT", Definite),
    ("REJECT_CARD_COMPANY", Definite),
    ("REJECT_ACCOUNT_PAYMENT", Definite),
    ("INVALID_STOPPED_CARD", Definite),
    ("INVALID_CARD_*", Definite),
    ("EXCEED_MAX_*", Definite),
    ("BELOW_MINIMUM_AMOUNT", Definite),
    // The buyer's session is over, and with it what could have been confirmed.
    ("NOT_FOUND_PAYMENT_SESSION", Definite),
    // Asked for what does not exist: there is nothing that could be charged.
    ("NOT_FOUND_PAYMENT", Definite),
    ("PROVIDER_ERROR", Unknown),
    ("FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING", Unknown),
    ("FAILED_INTERNAL_SYSTEM_PROCESSING", Unknown),
    ("UNKNOWN_PAYMENT_ERROR", Unknown),
    ("ALREADY_PROCESSED_PAYMENT", Unknown),
    ("IDEMPOTENT_REQUEST_PROCESSING", Unknown),
    ("DUPLICATED_ORDER_ID", Unknown),
    ("TOO_MANY_REQUESTS", Unknown),
    ("UNAUTHORIZED_KEY", Misconfigured),
    ("INVALID_API_KEY", Misconfigured),
    ("INCORRECT_BASIC_AUTH_FORMAT", Misconfigured),
];

/// Codes of a cancellation. That it was cancelled already is found out by asking.
pub(crate) const CANCEL: [(&str, Meaning); 14] = [
    ("NOT_CANCELABLE_AMOUNT", Definite),
    ("NOT_CANCELABLE_PAYMENT", Definite),
    ("EXCEED_MAX_REFUND_DUE", Definite),
    ("NOT_ALLOWED_PARTIAL_REFUND*", Definite),
    ("NOT_FOUND_PAYMENT", Definite),
    ("ALREADY_CANCELED_PAYMENT", Unknown),
    ("FAILED_REFUND_PROCESS", Unknown),
    ("FAILED_METHOD_HANDLING_CANCEL", Unknown),
    ("FAILED_PARTIAL_REFUND", Unknown),
    ("IDEMPOTENT_REQUEST_PROCESSING", Unknown),
    ("FAILED_INTERNAL_SYSTEM_PROCESSING", Unknown),
    ("UNAUTHORIZED_KEY", Misconfigured),
    ("INVALID_API_KEY", Misconfigured),
    ("INCORRECT_BASIC_AUTH_FORMAT", Misconfigured),
];

/// What a code means that answers a confirmation or a query. A status of 429 or 5xx says that
/// nothing is known, whatever the code.
pub fn of_confirm(status: u16, code: &str) -> Meaning {
    of(&CONFIRM, status, code)
}

/// What a code means that answers a cancellation.
pub fn of_cancel(status: u16, code: &str) -> Meaning {
    of(&CANCEL, status, code)
}

fn of(table: &[(&str, Meaning)], status: u16, code: &str) -> Meaning {
    let fits = |known: &str| match known.strip_suffix('*') {
        Some(beginning) => code.starts_with(beginning),
        None => code == known,
    };
    let meaning = table.iter().find(|(known, _)| fits(known)).map_or(Unknown, |(_, said)| *said);
    if meaning == Definite && (status == 429 || status >= 500) { Unknown } else { meaning }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the documentation, under what each must come to.
    const DECLINED: [&str; 12] = [
        "REJECT_CARD_PAYMENT",
        "REJECT_CARD_COMPANY",
        "REJECT_ACCOUNT_PAYMENT",
        "INVALID_STOPPED_CARD",
        "INVALID_CARD_EXPIRATION",
        "INVALID_CARD_NUMBER",
        "INVALID_CARD_LOST_OR_STOLEN",
        "EXCEED_MAX_AMOUNT",
        "EXCEED_MAX_DAILY_PAYMENT_COUNT",
        "EXCEED_MAX_CARD_INSTALLMENT_PLAN",
        "BELOW_MINIMUM_AMOUNT",
        "NOT_FOUND_PAYMENT_SESSION",
    ];
    const NOT_KNOWN: [&str; 9] = [
        "PROVIDER_ERROR",
        "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING",
        "FAILED_INTERNAL_SYSTEM_PROCESSING",
        "UNKNOWN_PAYMENT_ERROR",
        "ALREADY_PROCESSED_PAYMENT",
        "IDEMPOTENT_REQUEST_PROCESSING",
        "DUPLICATED_ORDER_ID",
        "A_CODE_OF_TOMORROW",
        "",
    ];
    const KEYS: [&str; 3] = ["UNAUTHORIZED_KEY", "INVALID_API_KEY", "INCORRECT_BASIC_AUTH_FORMAT"];

    #[test]
    fn what_a_confirmation_is_told_is_definite_only_where_nothing_can_have_been_taken() {
        for (codes, meaning) in
            [(&DECLINED[..], Definite), (&NOT_KNOWN[..], Unknown), (&KEYS[..], Misconfigured)]
        {
            for code in codes {
                assert_eq!(of_confirm(400, code), meaning, "{code}");
            }
        }
    }

    #[test]
    fn a_gateway_in_trouble_has_said_nothing_definite() {
        for code in DECLINED {
            for status in [429, 500, 502, 503] {
                assert_eq!(of_confirm(status, code), Unknown, "{status} {code}");
            }
        }
    }

    #[test]
    fn what_a_cancellation_is_told() {
        for code in [
            "NOT_CANCELABLE_AMOUNT",
            "NOT_CANCELABLE_PAYMENT",
            "EXCEED_MAX_REFUND_DUE",
            "NOT_ALLOWED_PARTIAL_REFUND",
            "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT",
        ] {
            assert_eq!(of_cancel(403, code), Definite, "{code}");
        }
        for code in [
            "ALREADY_CANCELED_PAYMENT",
            "FAILED_REFUND_PROCESS",
            "FAILED_METHOD_HANDLING_CANCEL",
            "FAILED_PARTIAL_REFUND",
            "A_CODE_OF_TOMORROW",
        ] {
            assert_eq!(of_cancel(500, code), Unknown, "{code}");
            assert_eq!(of_cancel(403, code), Unknown, "{code}");
        }
        for code in KEYS {
            assert_eq!(of_cancel(401, code), Misconfigured, "{code}");
        }
    }

    #[test]
    fn every_code_is_listed_once() {
        for table in [&CONFIRM[..], &CANCEL[..]] {
            let names: std::collections::BTreeSet<&str> =
                table.iter().map(|(name, _)| *name).collect();
            assert_eq!(names.len(), table.len());
        }
    }
}
