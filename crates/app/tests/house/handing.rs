//! Handing over: who does not want to wait does not, whoever stands between.

use crate::house::{ANN, House};
use admitone_app::box_office::Request;
use admitone_app::cached_lists::DropsLists;
use admitone_app::memory::MemoryCache;
use admitone_app::ports::delivery::{Delivery, Receipt, Reply};
use admitone_app::pulse::{Measured, Pulse};
use admitone_app::{BoxOffice, Trouble};
use admitone_domain::command::Charge;
use admitone_domain::{Action, Actor, Command, Currency, Moment, Money};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// Keeps every command, and nobody ever settles one.
struct NobodySettles;

#[async_trait]
impl Delivery for NobodySettles {
    async fn submit(&self, _command: Command) -> Result<Reply, Trouble> {
        std::future::pending().await
    }

    async fn hand_over(&self, command: Command) -> Result<Reply, Trouble> {
        let Command { id, fresh, .. } = command;
        Ok(Reply::Accepted(Receipt { id, fresh, until: Moment::MAX }))
    }

    async fn check(&self) -> Result<(), Trouble> {
        Ok(())
    }
}

/// So long whoever is to have an answer is waited for, however busy the machine is.
const PATIENCE: Duration = Duration::from_mins(1);
/// So long whoever is to have none.
const IN_VAIN: Duration = Duration::from_secs(1);

/// Whether a buyer is answered within a time.
async fn is_answered(
    house: &House,
    delivery: Arc<dyn Delivery>,
    (waits, within): (bool, Duration),
) -> bool {
    let office = BoxOffice { delivery, ..house.office.clone() };
    let charge = Action::Charge(Charge { amount: Money(1), currency: Currency::KRW });
    let request = Request { waits, ..house.named(Actor::Buyer(ANN)) };
    let asked = office.submit(&request, charge);
    match tokio::time::timeout(within, asked).await {
        Ok(reply) => matches!(reply, Ok(Reply::Accepted(_))),
        Err(_) => false,
    }
}

#[tokio::test]
async fn who_does_not_wait_is_answered_behind_a_cache_and_a_pulse() {
    let house = House::open().await;
    let cache = Arc::new(MemoryCache::new(house.clock.clone(), 60_000));
    let drops: Arc<dyn Delivery> =
        Arc::new(DropsLists { delivery: Arc::new(NobodySettles), cache, turn: Arc::default() });
    let pulse = Arc::new(Pulse::new(house.clock.clone()));
    let measured: Arc<dyn Delivery> = Arc::new(Measured { delivery: Arc::clone(&drops), pulse });
    for delivery in [drops, measured] {
        assert!(is_answered(&house, Arc::clone(&delivery), (false, PATIENCE)).await);
        let waiting = is_answered(&house, delivery, (true, IN_VAIN)).await;
        assert!(!waiting, "the twin: who waits has no answer");
    }
}
