//! What exactly failed, beside the code of a refusal.

use admitone_domain::Refusal;

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
