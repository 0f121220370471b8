//! Steps that come too late where they are settled: each is refused under the name of its journey, and
//! sent again on another.

use crate::world::{ANN, Fuse, World};
use admitone_app::Trouble;
use admitone_app::delivery::Direct;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::delivery::{Delivery, Reply};
use admitone_app::ports::reads::{Asking, Reads};
use admitone_domain::command::gateway::Gateway;
use admitone_domain::payment::PaymentState;
use admitone_domain::{Action, Actor, Command, CommandId, Moment};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// The first try of every command of the house takes longer than it is good.
struct Lapsing {
    inner: Direct,
    tried: Mutex<BTreeSet<CommandId>>,
    /// Whether each try is the same journey: what was refused once stays refused.
    keeps_journey: bool,
}

#[async_trait]
impl Delivery for Lapsing {
    async fn submit(&self, mut command: Command) -> Result<Reply, Trouble> {
        // Who takes a question has a name of his own for every try.
        let is_step = match &command.action {
            Action::Gateway(step) => !matches!(step, Gateway::Ask(_)),
            action => matches!(action, Action::Part(_)),
        };
        if is_step && command.actor == Actor::House {
            if self.tried.lock().unwrap().insert(command.id) {
                command.deadline = Some(Moment(0));
            }
            if self.keeps_journey {
                command.fresh = 0;
            }
        }
        self.inner.submit(command).await
    }

    async fn hand_over(&self, command: Command) -> Result<Reply, Trouble> {
        self.submit(command).await
    }

    async fn check(&self) -> Result<(), Trouble> {
        Ok(())
    }
}

async fn pay(keeps_journey: bool) -> PaymentState {
    let world = World::open().await;
    let process = world.process_by(&Fuse::of(u32::MAX), |inner| {
        Arc::new(Lapsing { inner, tried: Mutex::default(), keeps_journey })
    });
    process.charge(&world, ANN, 10).await;
    let held = process.hold(&world, ANN, &[1]).await;
    let payment = process.pin(&world, &held).await.unwrap();
    process.deliver(&world).await;
    for _ in 0..20 {
        world.clock.advance_ms(60_000);
        let now = world.clock.now();
        let open = world.store.open_payments(Asking::Anybody, None, 10).await.unwrap();
        for due in open.into_iter().filter(|one| one.ask_at().is_some_and(|at| at <= now)) {
            process.payments.take_up(due).await.unwrap();
        }
    }
    let state = world.state(payment).await;
    if state == PaymentState::Approved {
        assert_eq!((world.balance(ANN).await, world.audit().await), (9, Ok(())));
    }
    state
}

#[tokio::test]
async fn a_step_that_came_too_late_is_sent_again_and_done() {
    assert_eq!(pay(false).await, PaymentState::Approved);
}

#[tokio::test]
async fn on_one_journey_what_came_too_late_once_would_never_be_done() {
    assert_ne!(pay(true).await, PaymentState::Approved);
}
