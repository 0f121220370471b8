//! What buyers and operators do at a process, and what is brought to it.

use super::{ANN, Process, World};
use admitone_app::box_office::Request;
use admitone_app::payments::{WALLET_LEASE_MS, names};
use admitone_app::ports::delivery::Reply;
use admitone_app::settle::sweep;
use admitone_conformance::sale::SHOW;
use admitone_domain::command::gateway::{Begin, Gateway as Step};
use admitone_domain::command::{Cancel, Charge, Choice, Hold, Pay};
use admitone_domain::id::{BuyerId, OperatorId, PaymentId, ReservationId, SeatId};
use admitone_domain::reservation::Reservation;
use admitone_domain::{Action, Actor, Answer, Currency, Money, Outcome, Refusal};

impl Process {
    pub(crate) async fn submit(&self, request: &Request, action: Action) -> Answer {
        match self.office.submit(request, action).await.unwrap() {
            Reply::Answered { answer, .. } => answer.answer.clone(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn hold(&self, world: &World, buyer: BuyerId, seats: &[u64]) -> Reservation {
        let seats = seats.iter().copied().map(SeatId).collect();
        let choice = Choice::Items { seats, tickets: Vec::new() };
        let hold = Action::Hold(Hold { show: SHOW, choice });
        match self.submit(&world.named(buyer), hold).await {
            Ok(Outcome::Reserved(reservation)) => reservation,
            other => panic!("{other:?}"),
        }
    }

    /// Begins the payment of a reservation under a key of the gateway.
    pub(crate) async fn begin(
        &self,
        world: &World,
        held: &Reservation,
        key: &str,
    ) -> Result<PaymentId, Refusal> {
        let order = format!("{}-{key}", held.id);
        let begin = Begin {
            reservation: held.id,
            show: held.show,
            key: key.to_owned(),
            amount: Money::sum(held.items.iter().map(|item| item.price)).unwrap(),
            wait_ms: self.payments.lease_ms(),
            order: order.clone(),
        };
        let named = Request { id: names::begin(held.buyer, &order), ..world.named(held.buyer) };
        match self.submit(&named, Action::Gateway(Step::Begin(begin))).await {
            Ok(Outcome::Gateway { payment, .. }) => Ok(payment.id),
            Err(refusal) => Err(refusal),
            other => panic!("{other:?}"),
        }
    }

    /// Puts money into a wallet.
    pub(crate) async fn charge(&self, world: &World, buyer: BuyerId, amount: i64) {
        let charge = Charge { amount: Money(amount), currency: Currency::KRW };
        self.submit(&world.named(buyer), Action::Charge(charge)).await.unwrap();
    }

    /// Begins the payment of a reservation from the wallet, in parts.
    pub(crate) async fn pin(
        &self,
        world: &World,
        held: &Reservation,
    ) -> Result<PaymentId, Refusal> {
        let pay = Action::Pay(Pay { reservation: held.id, expected: None });
        match self.submit(&world.named(held.buyer), pay.apart(WALLET_LEASE_MS)).await {
            Ok(Outcome::Gateway { payment, .. }) => Ok(payment.id),
            Err(refusal) => Err(refusal),
            other => panic!("{other:?}"),
        }
    }

    /// Pays a reservation from the wallet in one step.
    pub(crate) async fn pay_whole(&self, world: &World, held: &Reservation) {
        let pay = Action::Pay(Pay { reservation: held.id, expected: None });
        self.submit(&world.named(held.buyer), pay).await.unwrap();
    }

    /// Cancels some tickets of a reservation, in parts.
    pub(crate) async fn cancel_apart(
        &self,
        world: &World,
        held: &Reservation,
        items: Option<Vec<u32>>,
    ) -> Answer {
        let cancel = Action::Cancel(Cancel { reservation: held.id, items });
        self.submit(&world.named(held.buyer), cancel.apart(WALLET_LEASE_MS)).await
    }

    /// Has an operator act.
    pub(crate) async fn operate(&self, world: &World, step: Step) -> Answer {
        let actor = Actor::Operator(OperatorId(1));
        self.submit(&Request { actor, ..world.named(ANN) }, Action::Gateway(step)).await
    }

    /// Cancels all tickets of a reservation.
    pub(crate) async fn cancel(&self, world: &World, held: &Reservation) -> Answer {
        let cancel = Cancel { reservation: held.id, items: None };
        self.submit(&world.named(held.buyer), Action::Cancel(cancel)).await
    }

    pub(crate) async fn sweep(&self, reservation: ReservationId) {
        // Refused when there is nothing to sweep.
        let _ = self.office.delivery.submit(sweep(reservation)).await;
    }

    /// Brings all that has happened so far, each once.
    pub(crate) async fn deliver(&self, world: &World) {
        let mut seen = 0;
        loop {
            let events = world.events(seen).await;
            if events.is_empty() {
                return;
            }
            for (number, event) in events {
                seen = number;
                self.payments.on(&event).await.unwrap();
            }
        }
    }

    /// Lives through something, or dies on the way; whether it lived.
    pub(crate) async fn live(&self, through: impl Future<Output = ()>) -> bool {
        tokio::select! {
            biased;
            () = through => true,
            () = self.fuse.blown.notified() => false,
        }
    }
}
