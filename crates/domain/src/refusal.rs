//! Why a command was refused. A refusal is an answer, not an error: it is decided on rows,
//! kept, and given again when it is asked for again, unless it invites to ask again.

use crate::id::{SeatId, ShowId, TicketTypeId};
use crate::{Moment, Money};
use serde::{Deserialize, Serialize};

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// A show stands behind a waiting room and no pass was shown.
    #[error("this sale stands behind a waiting room: join it first")]
    AdmissionRequired,
    /// The pass is over, was used up by a payment, or belongs to another room.
    #[error("the pass of the waiting room is over or not for this sale")]
    AdmissionExpired,
    /// No such show.
    #[error("there is no {0}")]
    UnknownShow(ShowId),
    /// Seats that do not exist or belong to another show; none is named where so many together were
    /// asked for as no row has.
    #[error("{}", if .0.is_empty() { "no row that was asked for has so many seats together" } else {
        "some of the seats are not seats of this show"
    })]
    UnknownSeat(Vec<SeatId>),
    /// A ticket type that does not exist or belongs to another show.
    #[error("{0} is not a ticket type of this show")]
    UnknownTicketType(TicketTypeId),
    /// The same seat twice in one reservation.
    #[error("a seat is named twice")]
    RepeatedSeat(Vec<SeatId>),
    /// Nothing was asked for.
    #[error("a reservation needs at least one seat or ticket")]
    Empty,
    /// The sale has not begun.
    #[error("the sale has not opened yet")]
    SaleNotOpen,
    /// The sale is over.
    #[error("the sale is closed")]
    SaleClosed,
    /// More items than one reservation may have.
    #[error("a reservation may have at most {max} items")]
    LimitPerReservation {
        /// The limit.
        max: u32,
    },
    /// More items than one buyer may have.
    #[error("a buyer may have at most {max} items of this show and has {taken}")]
    LimitPerBuyer {
        /// The limit.
        max: u32,
        /// What the buyer holds and owns.
        taken: u32,
    },
    /// Somebody else has these seats.
    #[error("some of the seats are taken")]
    SeatTaken(Vec<SeatId>),
    /// None of the offered groups of seats is free any more: choose again.
    #[error("none of the chosen groups of seats is free any more")]
    GroupsTaken,
    /// Not so many are left, and nothing can come back from holds.
    #[error("sold out: {left} left")]
    SoldOut {
        /// How many can be held now.
        left: u32,
    },
    /// Not so many are left, but holds may end and give some back.
    #[error("all are held at the moment, some may come back: {left} left")]
    AllHeld {
        /// How many can be held now.
        left: u32,
    },
    /// No such reservation, or not of this buyer.
    #[error("there is no such reservation of this buyer")]
    UnknownReservation,
    /// An item that the reservation does not have.
    #[error("the reservation has no such item")]
    UnknownItem,
    /// The hold is over.
    #[error("the hold is over")]
    HoldExpired,
    /// The reservation is not in a state in which this can be done.
    #[error("the reservation is not in a state in which this can be done")]
    InvalidState,
    /// The hold was extended as often as it may be.
    #[error("a hold may be extended {max} times")]
    ExtensionLimit {
        /// The limit.
        max: u32,
    },
    /// It is paid already.
    #[error("the reservation is paid already")]
    AlreadyPaid,
    /// The amount is zero or negative.
    #[error("an amount must be positive")]
    InvalidAmount,
    /// The amount does not fit.
    #[error("the amount is too large")]
    AmountOverflow,
    /// The caller's amount is not the price.
    #[error("the amount is not the price, which is {price}")]
    AmountMismatch {
        /// What it costs.
        price: Money,
    },
    /// The wallet has another currency.
    #[error("the wallet has another currency")]
    CurrencyMismatch,
    /// Too little in the wallet.
    #[error("the wallet has {balance}, needed are {needed}")]
    InsufficientFunds {
        /// What is there.
        balance: Money,
        /// What is needed.
        needed: Money,
    },
    /// No such payment, or not of this buyer.
    #[error("there is no such payment of this buyer")]
    UnknownPayment,
    /// More than what may still go back.
    #[error("at most {refundable} can be refunded")]
    NotRefundable {
        /// What may still go back.
        refundable: Money,
    },
    /// The money came from elsewhere and goes back from there.
    #[error("this payment was taken elsewhere and is refunded there")]
    RefundedElsewhere,
    /// The row was changed since the caller read it.
    #[error("it was changed since you read it: version {version} now")]
    VersionConflict {
        /// Its version now.
        version: u64,
    },
    /// An operator names something that does not exist.
    #[error("what this belongs to does not exist")]
    UnknownParent,
    /// A window that ends before it begins.
    #[error("a window must end after it begins")]
    InvalidWindow,
    /// A capacity below what is sold and held.
    #[error("{used} are sold or held: the capacity cannot fall below")]
    CapacityInUse {
        /// Sold and held.
        used: u32,
    },
    /// A seat of this name exists in the show.
    #[error("a seat of this name exists")]
    SeatExists,
    /// The account exists.
    #[error("the account exists")]
    AccountExists,
    /// The command came after the time until which its sender wanted it.
    #[error("the command came too late")]
    DeadlinePassed,
    /// An account with money in its wallet is not closed: the money would be lost.
    #[error("there are {balance} in the wallet: use them first")]
    WalletNotEmpty {
        /// What is there.
        balance: Money,
    },
    /// A gateway is being asked for the money of this reservation.
    #[error("it is being paid at this moment: wait for the outcome")]
    PaymentInProgress,
    /// The ticket was used at the door.
    #[error("the ticket was used at the door: {at}")]
    TicketUsed {
        /// When.
        at: Moment,
    },
    /// Money of this payment, or of this buyer, is on its way back.
    #[error("money is on its way back: wait until it is there")]
    RefundOwed,
    /// The money went back: there is nothing left to give tickets for.
    #[error("the money went back: there are no tickets for it")]
    AlreadyRefunded,
    /// Only an owner changes keys, and nobody takes that from himself.
    #[error("only an owner whose key is good changes keys, and not the own one into less")]
    OwnerNeeded,
    /// The account is closed: nobody could get at what came into its wallet.
    #[error("the account of this wallet is closed")]
    WalletClosed,
    /// An operator took the seat out of the sale.
    #[error("the seat is out of the sale")]
    SeatBlocked,
    /// An item for another seat than one of its price.
    #[error("the seat costs {price} and not {paid}: an item gets another seat of its price")]
    SeatPrice {
        /// What the seat costs.
        price: Money,
        /// The price of the item.
        paid: Money,
    },
    /// The item is a ticket of a type, which has no seat.
    #[error("this item has no seat")]
    NoSeat,
}

impl Refusal {
    /// Its stable name: what programs go by. It is never translated and never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AdmissionRequired => "ADMISSION_REQUIRED",
            Self::AdmissionExpired => "ADMISSION_EXPIRED",
            Self::UnknownShow(_) => "SHOW_NOT_FOUND",
            Self::UnknownSeat(_) => "SEAT_NOT_FOUND",
            Self::UnknownTicketType(_) => "TICKET_TYPE_NOT_FOUND",
            Self::RepeatedSeat(_) => "SEAT_REPEATED",
            Self::Empty => "RESERVATION_EMPTY",
            Self::SaleNotOpen => "SALE_NOT_OPEN",
            Self::SaleClosed => "SALE_CLOSED",
            Self::LimitPerReservation { .. } => "LIMIT_PER_RESERVATION",
            Self::LimitPerBuyer { .. } => "LIMIT_PER_BUYER",
            Self::SeatTaken(_) => "SEAT_TAKEN",
            Self::GroupsTaken => "GROUPS_TAKEN",
            Self::SoldOut { .. } => "SOLD_OUT",
            Self::AllHeld { .. } => "ALL_HELD",
            Self::UnknownReservation => "RESERVATION_NOT_FOUND",
            Self::UnknownItem => "ITEM_NOT_FOUND",
            Self::HoldExpired => "HOLD_EXPIRED",
            Self::InvalidState => "INVALID_STATE",
            Self::ExtensionLimit { .. } => "EXTENSION_LIMIT",
            Self::AlreadyPaid => "ALREADY_PAID",
            Self::InvalidAmount => "INVALID_AMOUNT",
            Self::AmountOverflow => "AMOUNT_OVERFLOW",
            Self::AmountMismatch { .. } => "AMOUNT_MISMATCH",
            Self::CurrencyMismatch => "CURRENCY_MISMATCH",
            Self::InsufficientFunds { .. } => "INSUFFICIENT_FUNDS",
            Self::UnknownPayment => "PAYMENT_NOT_FOUND",
            Self::NotRefundable { .. } => "NOT_REFUNDABLE",
            Self::RefundedElsewhere => "REFUNDED_ELSEWHERE",
            Self::VersionConflict { .. } => "VERSION_CONFLICT",
            Self::UnknownParent => "PARENT_NOT_FOUND",
            Self::InvalidWindow => "INVALID_WINDOW",
            Self::CapacityInUse { .. } => "CAPACITY_IN_USE",
            Self::SeatExists => "SEAT_EXISTS",
            Self::AccountExists => "ACCOUNT_EXISTS",
            Self::WalletNotEmpty { .. } => "WALLET_NOT_EMPTY",
            Self::DeadlinePassed => "DEADLINE_PASSED",
            Self::PaymentInProgress => "PAYMENT_IN_PROGRESS",
            Self::TicketUsed { .. } => "TICKET_USED",
            Self::RefundOwed => "REFUND_OWED",
            Self::AlreadyRefunded => "ALREADY_REFUNDED",
            Self::OwnerNeeded => "OWNER_NEEDED",
            Self::WalletClosed => "WALLET_CLOSED",
            Self::SeatBlocked => "SEAT_BLOCKED",
            Self::SeatPrice { .. } => "SEAT_PRICE_DIFFERS",
            Self::NoSeat => "ITEM_WITHOUT_SEAT",
        }
    }

    /// Whether the same command may go well later: when holds end, when a pass is there, when the
    /// sale opens. Who is refused so may ask again under the same name.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::AdmissionRequired
                | Self::AdmissionExpired
                | Self::SaleNotOpen
                | Self::GroupsTaken
                | Self::AllHeld { .. }
                | Self::DeadlinePassed
                | Self::PaymentInProgress
                | Self::RefundOwed
        )
    }

    /// Whether the answer is kept. One that may be another tomorrow is not: kept, it would stand
    /// in the way of the repetition that it invites.
    pub fn is_kept(&self) -> bool {
        !self.may_pass()
    }
}
