//! Commands: everything that changes what is for sale or who owes what.
//!
//! Each has a file of its own with the same three parts: what it says, which rows it names,
//! what it decides.

mod cancel;
mod charge;
mod charge_for;
mod confirm;
mod expire;
mod extend;
mod gate;
pub mod gateway;
mod hold;
mod items;
pub mod operate;
pub mod part;
mod pay;
mod refund;
mod release;
mod spend;
mod withdraw;

pub use cancel::Cancel;
pub use charge::Charge;
pub use charge_for::ChargeFor;
pub use confirm::Confirm;
pub use expire::Expire;
pub use extend::Extend;
pub use gateway::Gateway;
pub use hold::{Choice, Hold, ITEMS_MAX};
pub use operate::Operate;
pub use part::Part;
pub use pay::Pay;
pub use refund::Refund;
pub use release::Release;
pub use spend::Spend;
pub use withdraw::Withdraw;

use crate::decide::Workbench;
use crate::id::{BuyerId, EntryId, OperatorId, PaymentId, ReservationId, ShowId};
use crate::pass::Admission;
use crate::{Answer, CommandId, Deed, Fingerprint, Happening, Key, Moment, Refusal, Rows};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One wish, with all that is needed to decide it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Its name for ever.
    pub id: CommandId,
    /// What was asked, to tell a repetition from another wish under the same name.
    pub fingerprint: Fingerprint,
    /// A number nobody else has: the id of what this command may make.
    pub fresh: u64,
    /// Who wants it.
    pub actor: Actor,
    /// By what right it comes through the room.
    pub admission: Admission,
    /// After this moment it is refused; none means never.
    pub deadline: Option<Moment>,
    /// What is wanted.
    pub action: Action,
}

/// Who wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Actor {
    /// A buyer, for himself only.
    Buyer(BuyerId),
    /// An operator, for anybody.
    Operator(OperatorId),
    /// The house: sweeping, importing.
    House,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// See [`Hold`].
    Hold(Hold),
    /// See [`Extend`].
    Extend(Extend),
    /// See [`Release`].
    Release(Release),
    /// See [`Expire`].
    Expire(Expire),
    /// See [`Pay`].
    Pay(Pay),
    /// See [`Confirm`].
    Confirm(Confirm),
    /// See [`Cancel`].
    Cancel(Cancel),
    /// See [`Charge`].
    Charge(Charge),
    /// See [`Spend`].
    Spend(Spend),
    /// See [`Refund`].
    Refund(Refund),
    /// See [`Operate`].
    Operate(Operate),
    /// See [`ChargeFor`].
    ChargeFor(ChargeFor),
    /// See [`Gateway`].
    Gateway(Gateway),
    /// See [`Part`].
    Part(Part),
    /// See [`Withdraw`].
    Withdraw(Withdraw),
}

/// What every command can do.
pub(crate) trait Rule {
    /// The rows it names. Called again once they are loaded, until it names nothing new: a
    /// payment names its reservation first and the seats in it next.
    fn keys(&self, command: &Command, rows: &Rows, want: &mut Vec<Key>);

    /// Decides it. Whatever it staged is thrown away when it refuses.
    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer;
}

impl Action {
    pub(crate) fn rule(&self) -> &dyn Rule {
        match self {
            Self::Hold(hold) => hold,
            Self::Extend(extend) => extend,
            Self::Release(release) => release,
            Self::Expire(expire) => expire,
            Self::Pay(pay) => pay,
            Self::Confirm(confirm) => confirm,
            Self::Cancel(cancel) => cancel,
            Self::Charge(charge) => charge,
            Self::Spend(spend) => spend,
            Self::Refund(refund) => refund,
            Self::Operate(operate) => operate,
            Self::ChargeFor(charge) => charge,
            Self::Gateway(step) => step,
            Self::Part(part) => part,
            Self::Withdraw(withdraw) => withdraw,
        }
    }

    /// Whether its answer is about money and is kept longer.
    pub fn moves_money(&self) -> bool {
        match self {
            Self::Pay(_)
            | Self::Confirm(_)
            | Self::Cancel(_)
            | Self::Charge(_)
            | Self::ChargeFor(_)
            | Self::Spend(_)
            | Self::Refund(_)
            | Self::Gateway(_)
            | Self::Part(_)
            | Self::Withdraw(_) => true,
            Self::Hold(_)
            | Self::Extend(_)
            | Self::Release(_)
            | Self::Expire(_)
            | Self::Operate(_) => false,
        }
    }

    /// Whether it makes something that is there for ever. Its answer is kept as long, so that a
    /// document that is imported next year too is there once.
    pub fn makes_for_ever(&self) -> bool {
        matches!(self, Self::Operate(operate) if operate.makes_for_ever())
    }

    /// The show whose due holds must be swept before this is decided, if it takes stock.
    pub fn takes_from(&self) -> Option<ShowId> {
        match self {
            Self::Hold(hold) => Some(hold.show),
            Self::Confirm(confirm) => Some(confirm.show),
            Self::Gateway(step) => step.takes_from(),
            _ => None,
        }
    }
}

impl fmt::Display for Actor {
    /// As the audit trail says it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Buyer(buyer) => buyer.fmt(f),
            Self::Operator(operator) => operator.fmt(f),
            Self::House => f.write_str("house"),
        }
    }
}

/// Tells that staff did something to a buyer's things. What a buyer does himself is no deed.
pub(crate) fn tell_staff(bench: &mut Workbench<'_>, command: &Command, key: Key, deed: Deed) {
    match command.actor {
        Actor::Buyer(_) => {}
        Actor::Operator(_) | Actor::House => {
            bench.tell(key, Happening::Acted { by: command.actor.to_string(), deed });
        }
    }
}

impl Command {
    /// Adds the rows that this command names and that are not loaded yet.
    pub fn keys(&self, rows: &Rows, want: &mut Vec<Key>) {
        self.action.rule().keys(self, rows, want);
    }

    /// Whether it makes the row of this key. Before it is there nobody else can want anything of it.
    pub fn makes(&self, key: Key) -> bool {
        key == Key::Reservation(self.reservation_id()) || key == Key::Payment(self.payment_id())
    }

    pub(crate) fn reservation_id(&self) -> ReservationId {
        ReservationId(self.fresh)
    }

    pub(crate) fn payment_id(&self) -> PaymentId {
        PaymentId(self.fresh)
    }

    pub(crate) fn entry_id(&self) -> EntryId {
        EntryId(self.fresh)
    }

    /// The buyer who acts; the others have no wallet and hold nothing.
    pub(crate) fn buyer(&self) -> Result<BuyerId, Refusal> {
        match self.actor {
            Actor::Buyer(buyer) => Ok(buyer),
            Actor::Operator(_) | Actor::House => Err(Refusal::UnknownReservation),
        }
    }

    /// Whether the actor may touch what belongs to this buyer.
    pub(crate) fn may_touch(&self, buyer: BuyerId) -> bool {
        match self.actor {
            Actor::Buyer(actor) => actor == buyer,
            Actor::Operator(_) | Actor::House => true,
        }
    }
}
