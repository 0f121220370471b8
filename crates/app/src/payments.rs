//! Payments in steps, from the hold to the ticket: through a gateway, or from a wallet that is settled
//! apart from the stock.
//!
//! There is no conductor. Each step is a function of what happened and of the rows as they are
//! now: [`Payments::on`] is given an event, asks the gateway what is to be asked, and submits the
//! command that its answer comes to. Each such command travels as any other, by a broker or not, and
//! so does each question to a wallet ([`purse`]). Whoever brings events may bring them twice, late, or to
//! several instances at once: a step that was done is not done again. No lock and no transaction is
//! held while the gateway is asked.
//!
//! What was begun stands in the store with the moment at which somebody asks again. [`Clerk`] looks
//! for what is due; so what a crash interrupted is taken up by any instance.

mod clerk;
mod closing;
mod keeping;
pub mod names;
mod purse;
mod step;
mod till;
mod waiting;
mod whole;

pub use clerk::{Clerk, Errands};
pub use closing::close_account;
pub use keeping::Kept;
pub use step::{MISMATCHED, Todo, todo};
pub use whole::{Whole, as_it_stands};

use crate::Trouble;
use crate::box_office::{BoxOffice, Request};
use crate::ports::delivery::Reply;
use crate::ports::gateway::{BackWord, Gateway, Word};
use admitone_domain::command::gateway::{
    Ask, Begin, Gateway as Step, Repaid, Repay, Said, Settle, Unanswered,
};
use admitone_domain::id::PaymentId;
use admitone_domain::payment::{Attempt, Payment, RefundState};
use admitone_domain::{Action, CommandId, Event, Key, Loaded, Outcome, Row};
use purse::Purse;
use std::sync::Arc;
use step::NOTHING_TAKEN;
use till::Till;

/// How payments are waited for and asked about.
#[derive(Debug, Clone, Copy)]
pub struct PaymentLimits {
    /// How long nobody else asks the gateway, in milliseconds: longer than a question may take.
    pub lease_ms: u64,
    /// How long a buyer waits for an outcome before being told to come back, in milliseconds.
    pub answer_ms: u64,
    /// Most questions to the gateway at once.
    pub at_once_max: usize,
}

impl Default for PaymentLimits {
    /// Fifteen seconds, eight seconds, 64.
    fn default() -> Self {
        Self { lease_ms: 15_000, answer_ms: 8_000, at_once_max: 64 }
    }
}

/// The shortest and the longest pause before the gateway is asked again.
const PAUSE_MIN_MS: u64 = 1_000;
const PAUSE_MAX_MS: u64 = 60_000;
/// A waiting buyer looks at the row this often: another instance may have brought it further.
const LOOK_MS: u64 = 250;

/// Nobody else asks the wallet for so long after a payment was taken apart: longer than its answer is
/// waited for where commands travel.
pub const WALLET_LEASE_MS: u64 = 10_000;

/// Carries payments in steps.
pub struct Payments {
    office: BoxOffice,
    gateway: Option<Arc<dyn Gateway>>,
    purse: Purse,
    limits: PaymentLimits,
    errands: Arc<Errands>,
}

impl Payments {
    /// Of a box office, through a gateway if there is one. The errands are the tap of whoever
    /// settles.
    pub fn new(
        office: BoxOffice,
        gateway: Option<Arc<dyn Gateway>>,
        limits: PaymentLimits,
        errands: Arc<Errands>,
    ) -> Self {
        let purse = Purse { office: office.clone() };
        Self { office, gateway, purse, limits, errands }
    }

    /// Whether the house has a gateway.
    pub fn has_gateway(&self) -> bool {
        self.gateway.is_some()
    }

    fn till<'a>(&'a self, payment: &'a Payment) -> Option<Till<'a>> {
        Till::of(payment, self.gateway.as_deref(), &self.purse)
    }

    /// Whether a payment calls for a step that somebody here can take.
    fn can_take_up(&self, payment: &Payment) -> bool {
        todo(payment) != Todo::Nothing && self.till(payment).is_some()
    }

    /// Somebody says that there is news of a payment: the gateway is asked, soon.
    pub fn heard_of(&self, payment: PaymentId) {
        self.errands.ask_again(payment);
    }

    /// How long nobody else asks after a payment was begun, in milliseconds.
    pub fn lease_ms(&self) -> u64 {
        self.limits.lease_ms
    }

    /// Begins a payment and waits, as long as a buyer waits, for what becomes of it. The reply is
    /// that of the beginning; the payment is as it stands now, if it was begun. Without a gateway
    /// nothing is begun: nobody would ever be asked, and the seats would stay pinned.
    pub async fn pay(
        &self,
        request: &Request,
        begin: Begin,
    ) -> Result<(Reply, Option<Payment>), Trouble> {
        if !self.has_gateway() {
            return Err(no_gateway("begin a payment"));
        }
        let reply = self.office.submit(request, Action::Gateway(Step::Begin(begin))).await?;
        // Accepted, it begins when it is settled.
        let Some(payment) = reply.begun().map(|begun| begun.id) else { return Ok((reply, None)) };
        let payment = self.wait(payment).await?;
        Ok((reply, Some(payment)))
    }

    /// A payment as it stands, once it is settled or a buyer would have waited too long.
    pub async fn wait(&self, id: PaymentId) -> Result<Payment, Trouble> {
        let ends = self.office.clock.now().plus_ms(self.limits.answer_ms);
        loop {
            let ticket = self.errands.waiting.ticket(id);
            let payment = self.payment(id).await?.ok_or_else(|| gone(id))?;
            if !is_pending(&payment) || self.office.clock.now() >= ends {
                return Ok(payment);
            }
            tokio::select! {
                () = ticket.settled() => {}
                () = self.office.clock.sleep_ms(LOOK_MS) => {}
            }
        }
    }

    /// A payment as it stands now.
    pub async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, Trouble> {
        let found = self.office.row(Key::Payment(id)).await?.map(Loaded::into_row);
        Ok(match found {
            Some(Row::Payment(payment)) => Some(payment),
            _ => None,
        })
    }

    /// The step that an event calls for.
    pub async fn on(&self, event: &Event) -> Result<(), Trouble> {
        let Some(id) = step::concerns(event) else { return Ok(()) };
        let Some(payment) = self.payment(id).await? else { return Ok(()) };
        match step::on(event, &payment) {
            Todo::Nothing => Ok(()),
            todo @ Todo::Confirm => self.carry_out(payment, todo).await,
            // Another may be about to do the same.
            todo @ (Todo::Find | Todo::GiveBack(_)) => self.claim_and(payment, todo).await,
        }
    }

    /// Takes up a payment that is due; nothing when somebody else has.
    pub async fn take_up(&self, payment: Payment) -> Result<(), Trouble> {
        match todo(&payment) {
            Todo::Nothing => Ok(()),
            todo => self.claim_and(payment, todo).await,
        }
    }

    /// Asks the gateway about a payment whatever is known of it: somebody said that there is news. A wallet
    /// that took nothing is asked in its time: what had begun to take it has not ended before.
    pub async fn ask_again(&self, id: PaymentId) -> Result<Option<Payment>, Trouble> {
        let Some(payment) = self.payment(id).await? else { return Ok(None) };
        if payment.attempt().is_none() {
            return Ok(None);
        }
        let now = self.office.clock.now();
        if step::has_said_nothing_taken(&payment) && payment.ask_at().is_some_and(|at| at > now) {
            return Ok(Some(payment));
        }
        self.carry_out(payment, Todo::Find).await?;
        self.payment(id).await
    }

    /// Does what is to be done, unless somebody else was quicker to say that he does.
    async fn claim_and(&self, payment: Payment, todo: Todo) -> Result<(), Trouble> {
        let can_ask = self.till(&payment).is_some();
        let Some(attempt) = payment.attempt().filter(|_| can_ask) else { return Ok(()) };
        let (asked, wait_ms) = (attempt.asked, self.limits.lease_ms);
        let ask = Ask { payment: payment.id, asked, wait_ms, unanswered: None };
        match self.submit_once(Step::Ask(ask)).await? {
            Some(Outcome::Gateway { payment, .. }) => self.carry_out(payment, todo).await,
            _ => Ok(()),
        }
    }

    /// Asks the gateway or the wallet, and submits what it said. Nothing is held meanwhile.
    async fn carry_out(&self, payment: Payment, todo: Todo) -> Result<(), Trouble> {
        let Some(till) = self.till(&payment) else { return Ok(()) };
        match todo {
            Todo::Nothing => Ok(()),
            Todo::Confirm => {
                let word = till.confirm().await;
                self.settle(&payment, word).await
            }
            Todo::Find => {
                let mut word = till.find().await;
                if word == Word::Open && is_pending(&payment) {
                    word = till.confirm().await;
                }
                self.settle(&payment, word).await
            }
            Todo::GiveBack(back) => {
                let word = till.give_back(&back).await;
                self.repay(&payment, back.number, word).await
            }
        }
    }

    async fn settle(&self, payment: &Payment, word: Word) -> Result<(), Trouble> {
        let said = match word {
            Word::Taken => Said::Approved,
            // It is believed the second time: what had begun to take it, perhaps for a process that is
            // dead by now, has ended by then.
            Word::Declined { code }
                if code == NOTHING_TAKEN && !step::has_said_nothing_taken(payment) =>
            {
                return self.unanswered(payment, Some(code)).await;
            }
            Word::Declined { code } => Said::Declined { code },
            // Somebody gave it back over there: nothing is charged any more.
            Word::GivenBack(back) if back == payment.amount && is_pending(payment) => {
                Said::Declined { code: "CANCELED".into() }
            }
            Word::GivenBack(back) if back == payment.amount => {
                return self.all_is_back(payment).await;
            }
            Word::GivenBack(_) | Word::Open => return self.unanswered(payment, None).await,
            Word::Mismatched => {
                tracing::error!(payment = %payment.id, "the gateway took something else");
                return self.unanswered(payment, Some(step::MISMATCHED.into())).await;
            }
            Word::Unknown { code } => return self.unanswered(payment, code).await,
            Word::Misconfigured { code } => {
                tracing::error!(code, "the payment gateway does not take our credentials");
                return self.unanswered(payment, Some(code)).await;
            }
        };
        let show = self.show_of(payment).await?;
        let settle = Settle { payment: payment.id, show, said };
        self.submit(Step::Settle(settle)).await
    }

    async fn repay(&self, payment: &Payment, number: u32, word: BackWord) -> Result<(), Trouble> {
        let repaid = match word {
            BackWord::Done => Repaid::Done,
            BackWord::Refused { code } => {
                return self.refused_back(payment, number, code).await;
            }
            BackWord::Unknown { code } => return self.unanswered(payment, code).await,
        };
        self.submit(Step::Repay(Repay { payment: payment.id, number, repaid })).await
    }

    /// The gateway says that it gave all of it back: so what is owed, or was refused, is done.
    async fn all_is_back(&self, payment: &Payment) -> Result<(), Trouble> {
        let refunds = payment.attempt().map_or(&[][..], |attempt| &attempt.refunds);
        let is_open =
            |state: &RefundState| matches!(state, RefundState::Owed | RefundState::Refused { .. });
        let open = (0..).zip(refunds).filter(|(_, refund)| is_open(&refund.state));
        for (number, _) in open {
            let repaid = Repaid::Done;
            self.submit(Step::Repay(Repay { payment: payment.id, number, repaid })).await?;
        }
        if payment.refundable().is_positive() {
            tracing::error!(payment = %payment.id, "given back over there, and there are tickets");
        }
        Ok(())
    }

    /// A gateway that gives nothing back may never have taken anything: it is asked before a
    /// person is.
    async fn refused_back(
        &self,
        payment: &Payment,
        number: u32,
        code: String,
    ) -> Result<(), Trouble> {
        if let Some(till) = self.till(payment).filter(|_| step::may_owe_nothing(payment)) {
            match till.find().await {
                // A wallet gives back what it took: it took it meanwhile.
                Word::Taken if code == NOTHING_TAKEN => {
                    return self.unanswered(payment, None).await;
                }
                // Somebody else had it given back.
                Word::GivenBack(back) if back == payment.amount => {
                    return self.all_is_back(payment).await;
                }
                Word::Taken | Word::GivenBack(_) | Word::Mismatched => {}
                word @ Word::Declined { .. } => return self.settle(payment, word).await,
                Word::Open | Word::Unknown { .. } | Word::Misconfigured { .. } => {
                    return self.unanswered(payment, Some(code)).await;
                }
            }
        }
        tracing::error!(payment = %payment.id, code, "the gateway refused to give money back");
        let repaid = Repaid::Refused { code };
        self.submit(Step::Repay(Repay { payment: payment.id, number, repaid })).await
    }

    /// Nothing definite was said: somebody asks again, the longer it takes the later.
    async fn unanswered(&self, payment: &Payment, code: Option<String>) -> Result<(), Trouble> {
        let Some(attempt) = payment.attempt().filter(|_| payment.ask_at().is_some()) else {
            return Ok(());
        };
        let age_ms = self.office.clock.now().ms_since(payment.created_at);
        let mut wait_ms = (age_ms / 2).clamp(PAUSE_MIN_MS, PAUSE_MAX_MS);
        if code.as_deref() == Some(NOTHING_TAKEN) {
            // Whoever was about to take it is done by then, or never is.
            wait_ms = wait_ms.max(WALLET_LEASE_MS);
        }
        let (payment, asked) = (payment.id, attempt.asked);
        let unanswered = Some(Unanswered { code });
        self.submit(Step::Ask(Ask { payment, asked, wait_ms, unanswered })).await
    }

    async fn show_of(
        &self,
        payment: &Payment,
    ) -> Result<Option<admitone_domain::id::ShowId>, Trouble> {
        let Some(id) = payment.reservation else { return Ok(None) };
        let found = self.office.row(Key::Reservation(id)).await?.map(Loaded::into_row);
        Ok(match found {
            Some(Row::Reservation(reservation)) => Some(reservation.show),
            _ => None,
        })
    }

    /// Submits what must be done, under a name of what it says: delivered twice, it is done once.
    async fn submit(&self, step: Step) -> Result<(), Trouble> {
        let fresh = self.office.ids.record().await?;
        self.send(names::step(&step, None), fresh, step).await.map(|_| ())
    }

    /// Submits what only one may do, under a name of its own; the outcome, if it was accepted.
    async fn submit_once(&self, step: Step) -> Result<Option<Outcome>, Trouble> {
        let fresh = self.office.ids.record().await?;
        Ok(match self.send(names::step(&step, Some(fresh)), fresh, step).await? {
            Reply::Answered { answer, .. } => answer.answer.clone().ok(),
            // What is not answered yet is not ours yet: it is due again.
            Reply::KeyReused | Reply::Accepted(_) => None,
        })
    }

    /// Every try is a journey of its own: one that came too late decides nothing for the next.
    async fn send(&self, id: CommandId, fresh: u64, step: Step) -> Result<Reply, Trouble> {
        let command = names::house(id, fresh, Action::Gateway(step));
        self.office.delivery.submit(command).await
    }
}

fn is_pending(payment: &Payment) -> bool {
    payment.attempt().is_some_and(Attempt::is_pending)
}

fn no_gateway(operation: &'static str) -> Trouble {
    let kind = crate::TroubleKind::Unavailable;
    Trouble::new(kind, operation, "this house has no gateway to ask")
}

fn gone(id: PaymentId) -> Trouble {
    Trouble::new(crate::TroubleKind::Inconsistent, "wait for a payment", format_args!("{id}: gone"))
}
