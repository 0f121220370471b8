//! The inbox of payments: those of which nobody knows what became of them, and money that should
//! go back and does not. What can be done with each.

use super::Unfit;
use crate::box_office::BoxOffice;
use crate::payments::{Kept, MISMATCHED, Payments};
use crate::{Trouble, TroubleKind};
use admitone_domain::command::Refund;
use admitone_domain::command::gateway::{Gateway, GiveUp, Reacquire};
use admitone_domain::id::PaymentId;
use admitone_domain::payment::{Attempt, Payment, Standing};
use admitone_domain::{Action, Key, Loaded, Refusal, Row};

/// Why a payment is in the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InboxKind {
    /// The gateway is being asked for the first time.
    Requested,
    /// Nobody knows what became of it.
    Unknown,
    /// The gateway took another amount, or for another order.
    Mismatched,
    /// Money without a ticket, which goes back.
    Late,
    /// Money that is to go back.
    RefundOwed,
    /// Money that the gateway will not give back.
    RefundRefused,
}

impl InboxKind {
    /// Of a payment through a gateway, if it belongs there.
    pub fn of(attempt: &Attempt) -> Option<Self> {
        match &attempt.standing {
            Standing::Unknown if attempt.said.as_deref() == Some(MISMATCHED) => {
                Some(Self::Mismatched)
            }
            Standing::Unknown => Some(Self::Unknown),
            Standing::Requested => Some(Self::Requested),
            Standing::Approved | Standing::Late if attempt.is_stuck() => Some(Self::RefundRefused),
            Standing::Late if attempt.owed().is_some() => Some(Self::Late),
            Standing::Approved if attempt.owed().is_some() => Some(Self::RefundOwed),
            Standing::Approved | Standing::Late | Standing::Declined { .. } => None,
        }
    }

    /// Its name outside.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Unknown => "unknown",
            Self::Mismatched => "mismatched",
            Self::Late => "late",
            Self::RefundOwed => "refund_owed",
            Self::RefundRefused => "refund_refused",
        }
    }
}

/// Gives the seats of a payment that came too late, if they are free. Whoever has the money is asked
/// before, and must say that it has all of it: it may have gone back since.
///
/// # Errors
/// It is not all there any more, or nobody says so: then nothing is changed.
pub async fn reacquire(
    office: &BoxOffice,
    payments: Option<&Payments>,
    payment: PaymentId,
) -> Result<Action, Unfit> {
    let found = find(office, payment).await?;
    if found.attempt().is_some_and(waits_for_seats) {
        let payments = payments.ok_or_else(nobody_asks)?;
        match payments.kept(&found).await? {
            Kept::All => {}
            Kept::Less => return Err(Refusal::AlreadyRefunded.into()),
            Kept::Nothing => return Err(Refusal::InvalidState.into()),
        }
    }
    let reservation = found.reservation.ok_or(Refusal::UnknownPayment)?;
    let row = office.row(Key::Reservation(reservation)).await?.map(Loaded::into_row);
    let Some(Row::Reservation(reservation)) = row else {
        return Err(Refusal::UnknownReservation.into());
    };
    let reacquire = Reacquire { payment, show: reservation.show };
    Ok(Action::Gateway(Gateway::Reacquire(reacquire)))
}

/// Whether tickets could be given for it now: of everything else the rule says why not, and of what was
/// done before the answer is repeated, whoever has the money says what it likes.
fn waits_for_seats(attempt: &Attempt) -> bool {
    attempt.standing == Standing::Late && attempt.is_stuck() && attempt.owed().is_none()
}

fn nobody_asks() -> Trouble {
    let detail = "nobody here asks gateways or wallets";
    Trouble::new(TroubleKind::Unavailable, "ask whether the money is there", detail)
}

/// Gives the money of a payment back: of one with tickets they end, of any other its seats are free
/// again and whatever was taken goes back.
pub async fn refund(office: &BoxOffice, payment: PaymentId) -> Result<Action, Unfit> {
    let found = find(office, payment).await?;
    let has_tickets = found
        .attempt()
        .is_none_or(|attempt| attempt.standing == Standing::Approved && !attempt.is_stuck());
    Ok(if has_tickets {
        Action::Refund(Refund { payment, amount: None })
    } else {
        Action::Gateway(Gateway::GiveUp(GiveUp { payment }))
    })
}

async fn find(office: &BoxOffice, id: PaymentId) -> Result<Payment, Unfit> {
    match office.row(Key::Payment(id)).await?.map(Loaded::into_row) {
        Some(Row::Payment(payment)) => Ok(payment),
        _ => Err(Refusal::UnknownPayment.into()),
    }
}
