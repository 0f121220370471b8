//! What exactly failed, beside the code of a refusal.

use crate::ask::QUEUE_TOKEN;
use admitone_domain::Refusal;

/// What to do, as the rules say it, and where a pass is sent: they know no headers.
pub(super) fn detail_of(refusal: &Refusal) -> String {
    match refusal {
        Refusal::AdmissionRequired => {
            format!("{refusal}, and send the token of the place in the header {QUEUE_TOKEN}")
        }
        _ => refusal.to_string(),
    }
}

pub(super) fn context_of(refusal: &Refusal) -> serde_json::Value {
    use serde_json::json;
    match refusal {
        Refusal::SeatTaken(seats) | Refusal::UnknownSeat(seats) | Refusal::RepeatedSeat(seats) => {
            json!({ "seats": seats.iter().map(ToString::to_string).collect::<Vec<_>>() })
        }
        Refusal::SoldOut { left } | Refusal::AllHeld { left } => json!({ "left": left }),
        Refusal::LimitPerReservation { max } | Refusal::ExtensionLimit { max } => {
            json!({ "max": max })
        }
        Refusal::LimitPerBuyer { max, taken } => json!({ "max": max, "taken": taken }),
        Refusal::SeatPrice { price, paid } => json!({ "price": price, "paid": paid }),
        Refusal::AmountMismatch { price } => json!({ "price": price }),
        Refusal::InsufficientFunds { balance, needed } => {
            json!({ "balance": balance, "needed": needed })
        }
        Refusal::WalletNotEmpty { balance } => json!({ "balance": balance }),
        Refusal::NotRefundable { refundable } => json!({ "refundable": refundable }),
        Refusal::VersionConflict { version } => json!({ "version": version }),
        Refusal::CapacityInUse { used } => json!({ "used": used }),
        Refusal::TicketUsed { at } => json!({ "at": at.to_string() }),
        _ => serde_json::Value::Null,
    }
}
