//! What happened, as it is told outside: a type, and the few facts that no row has.

use super::Malformed;
use super::subject::{parsed, pass, pass_text};
use admitone_domain::id::ReservationId;
use admitone_domain::{Deed, Happening, Moment};
use serde_json::{Map, Value, json};

/// The second half of an event's type, and its data.
pub(super) fn told(what: &Happening) -> (&'static str, Value) {
    match what {
        Happening::Held { show, buyer, until } => (
            "held",
            json!({
                "show": show.to_string(),
                "buyer": buyer.to_string(),
                "until": until.to_string(),
            }),
        ),
        Happening::Extended { until } => ("extended", json!({ "until": until.to_string() })),
        Happening::Released => ("released", json!({})),
        Happening::Expired => ("expired", json!({})),
        Happening::Sold { payment } => ("sold", json!({ "payment": payment.to_string() })),
        Happening::Cancelled { items } => ("cancelled", json!({ "items": items })),
        Happening::Moved { entry } => ("moved", json!({ "entry": entry.to_string() })),
        Happening::Refunded { reservation } => {
            let reservation = reservation.map(|id| id.to_string());
            ("refunded", json!({ "reservation": reservation }))
        }
        Happening::PassEnded(pass) => ("ended", json!({ "pass": pass_text(*pass) })),
        Happening::PassExtended { pass, until } => {
            ("prolonged", json!({ "pass": pass_text(*pass), "until": until.to_string() }))
        }
        Happening::Changed { by } => ("changed", json!({ "by": by })),
        Happening::PaymentRequested { payment } => {
            ("requested", json!({ "payment": payment.to_string() }))
        }
        Happening::PaymentUnknown => ("unknown", json!({})),
        Happening::PaymentDeclined { payment } => {
            ("declined", json!({ "payment": payment.to_string() }))
        }
        Happening::RefundOwed { reservation } => {
            let reservation = reservation.map(|id| id.to_string());
            ("owed", json!({ "reservation": reservation }))
        }
        Happening::Admitted { item } => ("admitted", json!({ "item": item })),
        Happening::Reseated { item, from, to } => {
            ("reseated", json!({ "item": item, "from": from.to_string(), "to": to.to_string() }))
        }
        Happening::Acted { by, deed } => ("acted", json!({ "by": by, "deed": deed_name(*deed) })),
    }
}

/// The same, read again; nothing when it is none of ours.
pub(super) fn happening(what: &str, data: &Map<String, Value>) -> Option<Happening> {
    let text = |name: &str| data.get(name).and_then(Value::as_str);
    let until = || moment(text("until")?);
    Some(match what {
        "held" => {
            let (show, buyer) = (parsed(text("show")?)?, parsed(text("buyer")?)?);
            Happening::Held { show, buyer, until: until()? }
        }
        "extended" => Happening::Extended { until: until()? },
        "released" => Happening::Released,
        "expired" => Happening::Expired,
        "sold" => Happening::Sold { payment: parsed(text("payment")?)? },
        "cancelled" => {
            let items = data.get("items")?.as_array()?;
            let place = |item: &Value| u32::try_from(item.as_u64()?).ok();
            Happening::Cancelled { items: items.iter().map(place).collect::<Option<_>>()? }
        }
        "moved" => Happening::Moved { entry: parsed(text("entry")?)? },
        "refunded" => Happening::Refunded { reservation: reservation(data).ok()? },
        "requested" => Happening::PaymentRequested { payment: parsed(text("payment")?)? },
        "unknown" => Happening::PaymentUnknown,
        "declined" => Happening::PaymentDeclined { payment: parsed(text("payment")?)? },
        "owed" => Happening::RefundOwed { reservation: reservation(data).ok()? },
        "ended" => Happening::PassEnded(pass(text("pass")?)?),
        "prolonged" => Happening::PassExtended { pass: pass(text("pass")?)?, until: until()? },
        "changed" => Happening::Changed { by: text("by")?.to_owned() },
        "admitted" => {
            Happening::Admitted { item: u32::try_from(data.get("item")?.as_u64()?).ok()? }
        }
        "reseated" => Happening::Reseated {
            item: u32::try_from(data.get("item")?.as_u64()?).ok()?,
            from: parsed(text("from")?)?,
            to: parsed(text("to")?)?,
        },
        "acted" => Happening::Acted { by: text("by")?.to_owned(), deed: deed(text("deed")?)? },
        _ => return None,
    })
}

/// The reservation that is named, if one is.
fn reservation(data: &Map<String, Value>) -> Result<Option<ReservationId>, Malformed> {
    match data.get("reservation").ok_or(Malformed)? {
        Value::Null => Ok(None),
        other => other.as_str().and_then(parsed).map(Some).ok_or(Malformed),
    }
}

/// A moment as people write it.
pub(super) fn moment(text: &str) -> Option<Moment> {
    text.parse::<jiff::Timestamp>().ok().map(Moment::from)
}

fn deed_name(deed: Deed) -> &'static str {
    match deed {
        Deed::Released => "released",
        Deed::Cancelled => "cancelled",
        Deed::Refunded => "refunded",
        Deed::Charged => "charged",
        Deed::Reacquired => "reacquired",
        Deed::Admitted => "admitted",
        Deed::Rehearsed => "rehearsed",
        Deed::Reseated => "reseated",
        Deed::Withdrew => "withdrew",
    }
}

fn deed(name: &str) -> Option<Deed> {
    let all = [
        Deed::Released,
        Deed::Cancelled,
        Deed::Refunded,
        Deed::Charged,
        Deed::Reacquired,
        Deed::Admitted,
        Deed::Rehearsed,
        Deed::Reseated,
        Deed::Withdrew,
    ];
    all.into_iter().find(|deed| deed_name(*deed) == name)
}
